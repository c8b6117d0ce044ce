"""Taking due cases: locked first, read second.

The claim locks cases, in the order in which their timers are due, and leaves those that somebody else holds. What
belongs to them is read by a second statement: only what is read after the lock is certain to be what the last holder
left. So of two sweeps that see the same due timer one fires it and the other finds it moved.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Case as Choose
from django.db.models import OuterRef, Q, Subquery, When
from django.utils import timezone

from escalations import mapping
from escalations.core.ladder import Earlier
from escalations.models import CHAIN_FIELDS, Event, Ownership, Timer
from escalations.services.record import TRACKED
from escalations.services.sweep.decide import CLIMBED, REMINDED, DueCase, DueTimer

CASE_COLUMNS = (*TRACKED, *CHAIN_FIELDS)
_CASE = [f"case__{name}" for name in CASE_COLUMNS]
_KEYS = ["case__team__key", "case__level__key", "case__policy_version__policy_digest"]
_CLOCK = [f"clock__{name}" for name in mapping.CLOCK_COLUMNS]
_REST = ["owned_since", "earlier"]
_TIMER = ["id", "moment_key", "clock_id", "clock__name", "clock__calendar_id"]
_A, _B, _C = len(_CASE), len(_CASE) + len(_KEYS), len(_CASE) + len(_KEYS) + len(_REST)
_D = _C + len(_TIMER)

_CLAIM = """
SELECT c.id, {now}
FROM escalations_timer t JOIN escalations_case c ON c.id = t.case_id
WHERE t.due_at <= {now} {only}
ORDER BY t.due_at, t.id LIMIT %(limit)s
"""
_LOCK = "FOR NO KEY UPDATE OF c SKIP LOCKED"


@dataclass(slots=True)
class Claimed:
    """Cases held by this transaction, with their due timers, and the moment for which they were taken."""

    now: dt.datetime
    cases: list[DueCase]


def claim(*, now: dt.datetime | None, limit: int, only: Sequence[int] | None = None, lock: bool = True) -> Claimed:
    """Take up to `limit` cases with due timers; of `only` these ids, when given.

    Call inside a transaction, unless `lock` is off (to look only). `now` defaults to the database's clock. Two
    statements, three when nothing is due.
    """
    ids, at = _due(now, limit, only, lock)
    if not ids:
        return Claimed(at or now or database_now(), [])
    at = at or now or database_now()
    return Claimed(at, list(_load(ids, at)))


def database_now() -> dt.datetime:
    """The time by the database's clock, which all hosts share."""
    if connection.vendor != "postgresql":
        return timezone.now()  # the database is a file of this machine
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        at: dt.datetime = cursor.fetchone()[0]
    return at


def _due(
    now: dt.datetime | None, limit: int, only: Sequence[int] | None, lock: bool
) -> tuple[list[int], dt.datetime | None]:
    if connection.vendor == "postgresql":
        sql = _CLAIM.format(
            now="statement_timestamp()" if now is None else "%(now)s::timestamptz",
            only="" if only is None else "AND c.id = ANY(%(only)s)",
        )
        with connection.cursor() as cursor:
            cursor.execute(
                sql + (_LOCK if lock else ""),
                {"now": now, "limit": limit, "only": None if only is None else list(only)},
            )
            rows = cursor.fetchall()
        return list(dict.fromkeys(row[0] for row in rows)), rows[0][1] if rows else None
    at = now or database_now()
    due = Timer.objects.filter(due_at__lte=at).order_by("due_at", "id")
    if only is not None:
        due = due.filter(case_id__in=only)
    return list(dict.fromkeys(due.values_list("case_id", flat=True)[:limit])), at


def _load(ids: Sequence[int], now: dt.datetime) -> Iterator[DueCase]:
    """The due timers of some cases, with their clocks and cases. One statement."""
    tier = Q(clock__kind="tier")
    open_interval = Ownership.objects.filter(case_id=OuterRef("case_id"), ends_at__isnull=True).order_by()
    last_rung = Event.objects.filter(case_id=OuterRef("case_id"), kind__in=(CLIMBED, REMINDED)).order_by("-seq")
    rows = (
        Timer.objects.filter(case_id__in=ids, due_at__lte=now)
        .order_by("case_id", "due_at", "id")
        .annotate(
            owned_since=Choose(When(tier, then=Subquery(open_interval.values("starts_at")[:1]))),
            earlier=Choose(When(tier, then=Subquery(last_rung.values("data")[:1]))),
        )
        .values_list(*_CASE, *_KEYS, *_REST, *_TIMER, *_CLOCK)
    )
    for _, group in groupby(rows, key=lambda row: row[0]):
        timers = list(group)
        yield _case(timers)


def _case(rows: list[tuple[Any, ...]]) -> DueCase:
    first = rows[0]
    team, level, digest = first[_A:_B]
    held = next((row for row in rows if row[_B] is not None or row[_B + 1] is not None), first)
    owned_since, said = held[_B:_C]
    return DueCase(
        columns=dict(zip(CASE_COLUMNS, first[:_A], strict=True)),
        team=team,
        level=level,
        policy_digest=digest,
        timers=[DueTimer._make((*row[_C:_D], mapping.clock_of(row[_D:]))) for row in rows],
        owned_since=owned_since,
        earlier=_earlier(said),
    )


def _earlier(said: dict[str, Any] | None) -> Earlier:
    """What the rungs before have done, as their last event keeps it."""
    if not said:
        return Earlier()
    return Earlier(frozenset(said.get("asked", ())), frozenset(said.get("told", ())))
