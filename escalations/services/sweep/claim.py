"""Taking due cases: locked, in the order in which their timers are due; those that somebody else holds are left.

What is read of a case must be what its last holder left. A statement sees the rows as they were when it began, a lock
is got later: PostgreSQL locks the newest version of a case, while its clocks and timers may still be read as they were.
So the case is read twice, and taken only when the version that was locked is the one that was read; every act on a case
moves the version. SQLite has one writer at a time, and nothing moves under it.
"""

# ruff: noqa: S608  (what is put into the SQL are names of columns; all values are parameters)

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, DateTimeField, OuterRef, Q, Subquery, Value, When
from django.db.models import Case as Choose
from django.utils import timezone

from escalations import mapping
from escalations.core.ladder import Earlier
from escalations.models import CHAIN_FIELDS, Case, Clock, Event, Ownership, Timer
from escalations.services.identity import fresh_ids
from escalations.services.record import TRACKED
from escalations.services.sweep.decide import CLIMBED, REMINDED, DueCase, DueTimer

CASE_COLUMNS = (*TRACKED, *CHAIN_FIELDS)
_TIMER = ("id", "moment_key")
_CLOCK = ("id", "name", "calendar_id", *mapping.CLOCK_COLUMNS)
# A row that is read: columns of the case, keys of team, level and policy, what a rung needs, the timer and its clock.
_CASE_END = len(CASE_COLUMNS)
_KEYS_END = _CASE_END + 3
_RUNG_END = _KEYS_END + 2
_NEXT_ID_AT = _RUNG_END + 2
_CLOCK_AT = _RUNG_END + len(DueTimer._fields) - 1

_EMPTY = Earlier()


@dataclass(slots=True)
class Claimed:
    """Cases held by this transaction, with their due timers, and the moment for which they were taken."""

    now: dt.datetime
    cases: list[DueCase]


def claim(*, now: dt.datetime | None, limit: int, only: Sequence[int] | None = None, lock: bool = True) -> Claimed:
    """Take the cases of up to `limit` due timers, with all that is due in them; of `only` these ids, when given.

    Call inside a transaction, unless `lock` is off (to look only). `now` defaults to the database's clock. One
    statement on PostgreSQL, one more when nothing is due; three on SQLite.
    """
    read = _on_postgres if connection.vendor == "postgresql" else _on_sqlite
    at, found = read(now, limit, only, lock)
    return Claimed(at or now or database_now(), [_case(list(group)) for _, group in groupby(found, key=itemgetter(0))])


def database_now() -> dt.datetime:
    """The time by the database's clock, which all hosts share."""
    if connection.vendor != "postgresql":
        return timezone.now()  # the database is a file of this machine
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        at: dt.datetime = cursor.fetchone()[0]
    return at


def _case(rows: list[Sequence[Any]]) -> DueCase:
    first = rows[0]
    held = first if len(rows) == 1 else next((row for row in rows if row[_KEYS_END] is not None), first)
    team, level, digest = first[_CASE_END:_KEYS_END]
    said = held[_KEYS_END + 1]
    return DueCase(
        columns=dict(zip(CASE_COLUMNS, first, strict=False)),
        team=team,
        level=level,
        policy_digest=digest,
        timers=[DueTimer._make((*row[_RUNG_END:_CLOCK_AT], mapping.clock_of(row[_CLOCK_AT:]))) for row in rows],
        owned_since=held[_KEYS_END],
        # What the rungs before have done, as their last event keeps it.
        earlier=Earlier(frozenset(said["asked"]), frozenset(said["told"])) if said else _EMPTY,
    )


# --------------------------------------------------------------------------------------------------------- PostgreSQL


def _read(alias: str, model: type[Any], names: Iterable[str]) -> list[tuple[str, bool]]:
    """Columns of a model in the SELECT, and whether each is an instant. Instants travel as text, which reads faster."""
    instants = {field.attname for field in model._meta.concrete_fields if isinstance(field, DateTimeField)}
    return [(f"{alias}.{name}::text" if name in instants else f"{alias}.{name}", name in instants) for name in names]


_READ = [
    *_read("c", Case, CASE_COLUMNS),
    ("team.key", False),
    ("level.key", False),
    ("policy.policy_digest", False),
    ("owned.starts_at::text", True),
    ("rung.data", False),
    *_read("t", Timer, _TIMER),
    ("{next_id}", False),
    *_read("k", Clock, _CLOCK),
]
_INSTANTS = [place for place, (_, instant) in enumerate(_READ) if instant]
_SAID = _KEYS_END + 1

_POSTGRES = f"""
WITH held AS MATERIALIZED (
    SELECT c.id, c.version
    FROM escalations_timer t JOIN escalations_case c ON c.id = t.case_id
    WHERE t.due_at <= {{now}} {{only}}
    ORDER BY t.due_at, t.id LIMIT %(limit)s
    {{lock}}
)
SELECT {", ".join(column for column, _ in _READ)}, {{now}}::text
FROM (SELECT DISTINCT id, version FROM held) h
JOIN escalations_case c ON c.id = h.id AND c.version = h.version
-- The timers of a case by the case: OFFSET 0 keeps the planner from walking all that are due.
JOIN LATERAL (SELECT * FROM escalations_timer x WHERE x.case_id = c.id OFFSET 0) t ON t.due_at <= {{now}}
JOIN escalations_clock k ON k.id = t.clock_id
JOIN escalations_team team ON team.id = c.team_id
JOIN escalations_level level ON level.id = c.level_id
JOIN escalations_policyversion policy ON policy.id = c.policy_version_id
LEFT JOIN LATERAL (
    SELECT o.starts_at FROM escalations_ownership o
    WHERE k.kind = 'tier' AND o.case_id = c.id AND o.ends_at IS NULL LIMIT 1
) owned ON true
LEFT JOIN LATERAL (
    SELECT e.data FROM escalations_event e
    WHERE k.kind = 'tier' AND e.case_id = c.id AND e.kind IN ('{CLIMBED}', '{REMINDED}')
    ORDER BY e.seq DESC LIMIT 1
) rung ON true
ORDER BY c.id, t.due_at, t.id
"""
_LOCK = "FOR NO KEY UPDATE OF c SKIP LOCKED"
_NEXT_ID = """
    CASE WHEN k.kind = 'tier' THEN nextval((SELECT pg_get_serial_sequence('escalations_clock', 'id')::regclass)) END
"""

_instant: Callable[[str], dt.datetime] = dt.datetime.fromisoformat


def _on_postgres(
    now: dt.datetime | None, limit: int, only: Sequence[int] | None, lock: bool
) -> tuple[dt.datetime | None, Iterator[list[Any]]]:
    sql = _POSTGRES.format(
        now="statement_timestamp()" if now is None else "%(now)s::timestamptz",
        only="" if only is None else "AND c.id = ANY(%(only)s)",
        lock=_LOCK if lock else "",
        next_id=_NEXT_ID if lock else "NULL",
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {"now": now, "limit": limit, "only": None if only is None else list(only)})
        rows = cursor.fetchall()
    return (_instant(rows[0][-1]) if rows else None), map(_values, rows)


def _values(row: Sequence[Any]) -> list[Any]:
    values = list(row[:-1])
    for place in _INSTANTS:
        written = values[place]
        if written is not None:
            values[place] = _instant(written)
    if values[_SAID] is not None:
        values[_SAID] = json.loads(values[_SAID])
    return values


# ------------------------------------------------------------------------------------------------------------- SQLite


def _on_sqlite(
    now: dt.datetime | None, limit: int, only: Sequence[int] | None, lock: bool
) -> tuple[dt.datetime, Iterator[list[Any]]]:
    at = now or database_now()
    due = Timer.objects.filter(due_at__lte=at).order_by("due_at", "id")
    if only is not None:
        due = due.filter(case_id__in=only)
    ids = set(due.values_list("case_id", flat=True)[:limit])
    tier = Q(clock__kind="tier")
    owned = Ownership.objects.filter(case_id=OuterRef("case_id"), ends_at__isnull=True).order_by()
    rung = Event.objects.filter(case_id=OuterRef("case_id"), kind__in=(CLIMBED, REMINDED)).order_by("-seq")
    rows = (
        Timer.objects.filter(case_id__in=ids, due_at__lte=at)
        .order_by("case_id", "due_at", "id")
        .annotate(
            owned_since=Choose(When(tier, then=Subquery(owned.values("starts_at")[:1]))),
            earlier=Choose(When(tier, then=Subquery(rung.values("data")[:1]))),
        )
        .values_list(
            *(f"case__{name}" for name in CASE_COLUMNS),
            *("case__team__key", "case__level__key", "case__policy_version__policy_digest", "owned_since", "earlier"),
            *_TIMER,
            Value(None, output_field=BigIntegerField()),
            *(f"clock__{name}" for name in _CLOCK),
        )
    )
    found = [list(row) for row in rows] if ids else []
    climbing = [row for row in found if row[_CLOCK_AT] == "tier"] if lock else []
    for row, pk in zip(climbing, fresh_ids(Clock, len(climbing)) if climbing else (), strict=True):
        row[_NEXT_ID_AT] = pk
    return at, iter(found)
