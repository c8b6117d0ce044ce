"""Installing a policy version: the one door by which law reaches the engine.

`install` takes a compiled document, its pages and an approval, checks all three against one another, and writes the
immutable version with its texts and calendars. It never takes an approval's word for it: whoever keeps the approvals
registers a way to look them up (`approvals_kept_by`), because this app cannot import the apps above it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from escalations.core.calendar import Calendar, CalendarError
from escalations.core.canonical import canonical
from escalations.core.edition import Successors, edition_digest, manifest_text, text_digest
from escalations.core.policy import SCHEMA_VERSION, Policy
from escalations.errors import Refused
from escalations.models import CalendarSnapshot, Case, PolicyText, PolicyVersion
from escalations.services import registry

BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, slots=True)
class Approval:
    """What was approved (a digest, from when on), by whom, when and why. `reference` names the record of it."""

    kind: str
    reference: str
    edition_digest: str
    effective_at: dt.datetime
    by: str
    at: dt.datetime
    reason: str


_records: dict[str, Callable[[Approval], bool]] = {}


def approvals_kept_by(kind: str, is_recorded: Callable[[Approval], bool]) -> None:
    """Register who can tell whether an approval of this kind is on record. Called once, when the apps are ready."""
    _records[kind] = is_recorded


@transaction.atomic
def install(
    *,
    document: Mapping[str, Any],
    pages: Mapping[str, str],
    approval: Approval,
    now: dt.datetime,
    successors: Successors | None = None,
    base: PolicyVersion | None = None,
) -> PolicyVersion:
    """Install a compiled policy document as the next version, in force from `approval.effective_at` (UTC) on.

    `pages` maps page names to texts; `successors` names, by section, the key that takes the place of one that the
    document no longer has. One transaction: version, texts, calendars, registry rows. Installing the same approval
    again changes nothing and returns the version that it made.

    Raises Refused, in words: an approval that is not on record or speaks of another digest, a bootstrap on a desk
    that is not empty, a time in the past, a retired key without successor. Raises pydantic's ValidationError for a
    document that cannot run and CalendarError for a calendar that cannot. About 40 queries, and one for each
    registry row that differs.
    """
    one_at_a_time()
    policy = Policy.model_validate(document)
    calendars = _calendars(policy)
    page_digests = {name: text_digest(text) for name, text in pages.items()}
    digest = edition_digest(policy.digest, page_digests, successors)
    existing = PolicyVersion.objects.filter(reference=approval.reference).first()
    if existing is not None:
        if existing.edition_digest != digest:
            raise Refused(
                f"Approval {approval.reference} has installed another edition, version {existing.number}. "
                "Every edition needs an approval of its own."
            )
        return existing
    _check_approval(approval, digest, now)
    registry.check_successors(policy, successors or {}, now=now)

    whole = manifest_text(policy.digest, page_digests, successors)
    _keep_texts([*pages.values(), whole])
    CalendarSnapshot.objects.bulk_create(
        [CalendarSnapshot(digest=calendar.digest, body=calendar.to_document()) for calendar in calendars.values()],
        ignore_conflicts=True,
    )
    version = PolicyVersion.objects.create(
        number=(PolicyVersion.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        title=policy.title,
        policy_digest=policy.digest,
        edition_digest=digest,
        part_digests=policy.part_digests,
        pages=page_digests,
        base=base,
        schema_version=SCHEMA_VERSION,
        effective_at=approval.effective_at,
        installed_at=now,
        document=canonical(policy.document()).decode(),
        reason=approval.reason,
        reference=approval.reference,
        approval_kind=approval.kind,
        approved_by=approval.by,
    )
    registry.bring_into_force(now=now)
    return version


def _check_approval(approval: Approval, digest: str, now: dt.datetime) -> None:
    is_recorded = _records.get(approval.kind)
    if is_recorded is None:
        kinds = ", ".join(sorted(_records)) or "none yet"
        raise Refused(f"No approvals of the kind {approval.kind!r} are kept here (there are {kinds}).")
    if approval.edition_digest != digest:
        raise Refused(
            f"Approval {approval.reference} is for the edition {approval.edition_digest[:12]}, and this one is "
            f"{digest[:12]}. Something was changed after it was approved: have this edition approved."
        )
    if not is_recorded(approval):
        raise Refused(
            f"There is no record of the approval {approval.reference!r} of the edition {digest[:12]}. "
            "A playbook is installed by publishing it, never by hand."
        )
    if approval.kind == BOOTSTRAP and (PolicyVersion.objects.exists() or Case.objects.exists()):
        raise Refused("This desk has a playbook or cases already. A bootstrap is for an empty desk: propose a change.")
    if approval.effective_at < now:
        raise Refused(
            f"A playbook cannot come into force in the past ({approval.effective_at:%Y-%m-%d %H:%M} UTC). "
            "Choose a moment from now on."
        )


def _calendars(policy: Policy) -> dict[str, Calendar]:
    """Every calendar of the document, built: one that cannot work is found here and not by a case."""
    built: dict[str, Calendar] = {}
    for key, spec in policy.central.calendars.items():
        try:
            built[key] = Calendar(spec.timezone, spec.weekly_hours, spec.holidays, spec.date_overrides)
        except CalendarError as error:
            raise CalendarError(error.reason, "central", "calendars", key, *error.place) from None
    return built


def _keep_texts(texts: Iterable[str]) -> None:
    PolicyText.objects.bulk_create(
        [PolicyText(digest=digest, body=text) for digest, text in {text_digest(text): text for text in texts}.items()],
        ignore_conflicts=True,
    )


def one_at_a_time() -> None:
    """Until the transaction ends nobody else installs: what is asked about the newest version afterwards stays true,
    numbers are given and keys retired once. SQLite's transactions do so anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE escalations_policyversion IN SHARE ROW EXCLUSIVE MODE")
