"""The law as the engine runs it: policy versions and calendars as core values, loaded once per process."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from escalations.core.calendar import Calendar
from escalations.core.policy import Policy
from escalations.errors import NoPolicy
from escalations.models import CalendarSnapshot, PolicyVersion


@lru_cache(maxsize=32)
def _policy(digest: str, version_id: int) -> Policy:
    document = PolicyVersion.objects.filter(pk=version_id).values_list("document", flat=True).get()
    return Policy.model_validate(json.loads(document))


def policy_of(version: PolicyVersion | int) -> Policy:
    """The compiled policy of a version. Versions are immutable, so a process loads each once.

    The cache is keyed by digest and id: a test database that reuses an id does not get an older document.
    """
    if isinstance(version, PolicyVersion):
        return _policy(version.policy_digest, version.pk)
    return _policy(digest_of(version), version)


@lru_cache(maxsize=1024)
def digest_of(version_id: int) -> str:
    """The policy digest of a version. Versions are immutable: at most one query per version and process."""
    return PolicyVersion.objects.filter(pk=version_id).values_list("policy_digest", flat=True).get()


def in_force(at: dt.datetime) -> PolicyVersion:
    """The version in force at an instant: the greatest `effective_at` not after it, the later number on a tie.

    Raises NoPolicy when there is none. One query.
    """
    version = PolicyVersion.objects.filter(effective_at__lte=at).order_by("-effective_at", "-number").first()
    version = version or _before_the_first.get()
    if version is None:
        raise NoPolicy
    return version


_before_the_first: ContextVar[PolicyVersion | None] = ContextVar("before_the_first", default=None)


@contextmanager
def before_the_first(version: PolicyVersion) -> Iterator[None]:
    """Within the block `version` counts as in force at moments at which none was yet.

    For demonstrations, whose made-up past is older than the desk's first playbook. Where a version was in force, that
    one counts as ever.
    """
    token = _before_the_first.set(version)
    try:
        yield
    finally:
        _before_the_first.reset(token)


_built: dict[tuple[str, str], Calendar] = {}


def policy_calendar(policy: Policy, key: str) -> Calendar:
    """A calendar of a policy by its key, built once per process (a digest names its content)."""
    found = _built.get((policy.digest, key))
    if found is None:
        spec = policy.central.calendars[key]
        found = Calendar(spec.timezone, spec.weekly_hours, spec.holidays, spec.date_overrides)
        _built[policy.digest, key] = found
    return found


def forget() -> None:
    """Forget what was loaded: between tests, whose databases reuse ids."""
    _policy.cache_clear()
    digest_of.cache_clear()
    _calendar.cache_clear()


def calendar_of(digest: str) -> Calendar:
    """The calendar of a snapshot, by digest; loaded once per process (a digest names its content)."""
    return _calendar(digest)


@lru_cache(maxsize=1024)
def _calendar(digest: str) -> Calendar:
    body: dict[str, Any] = CalendarSnapshot.objects.values_list("body", flat=True).get(pk=digest)
    return Calendar.from_document(body)
