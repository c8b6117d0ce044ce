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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import BigIntegerField, DateTimeField, OuterRef, Q, Subquery, Value, When
from django.db.models import Case as Choose
from django.utils import timezone

from escalations import mapping
from escalations.core.ladder import Earlier
from escalations.models import CHAIN_FIELDS, Case, Clock, Event, Level, Ownership, Team, Timer
from escalations.selectors import law, registry
from escalations.services.identity import fresh_ids
from escalations.services.record import TRACKED
from escalations.services.sweep.decide import CLIMBED, REMINDED, DueCase, DueTimer

CASE_COLUMNS = (*TRACKED, *CHAIN_FIELDS)
_TIMER = ("id", "moment_key")
_CLOCK = ("id", "name", "calendar_id", *mapping.CLOCK_COLUMNS)
# A row that is read: columns of the case, what a rung needs, the timer and its clock.
_CASE_END = len(CASE_COLUMNS)
_RUNG_END = _CASE_END + 2
_NEXT_ID_AT = _RUNG_END + 2
_CLOCK_AT = _RUNG_END + len(DueTimer._fields) - 1

_TEAM, _LEVEL, _VERSION, _LADDER, _CASE_CALENDAR = map(
    CASE_COLUMNS.index, ("team_id", "level_id", "policy_version_id", "ladder", "calendar_digest")
)

_SAID = _CASE_END + 1

_EMPTY = Earlier()


Row = Sequence[Any]
Version = tuple[int, str]
"""A policy version by its id and policy digest."""


class Needs(NamedTuple):
    """What deciding some cases takes: versions (id, policy digest), calendars by digest, and for rungs the owning teams
    by key and the ladders that are climbed, each with its version."""

    versions: set[Version]
    calendars: set[str]
    teams: set[str]
    climbing: set[tuple[Version, str]]


@dataclass(slots=True)
class Claimed:
    """Cases held by this transaction, and the moment for which they were taken.

    `held` has the rows of each case, one for each due timer, as the database gave them; `read` makes values of a row.
    A case is made of its rows when its turn comes: deciding the first need not wait for the last, and one that cannot
    be read hurts no other.
    """

    now: dt.datetime
    held: list[list[Row]]
    read: Callable[[Row], Row]
    teams: dict[int, str] = field(default_factory=dict)
    levels: dict[int, str] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, now: dt.datetime, rows: Sequence[Row], read: Callable[[Row], Row]) -> Claimed:
        """From rows in which those of a case are together. Keys of what they point to are looked up, if this process
        has not met them yet."""
        return cls(
            now,
            [list(group) for _, group in groupby(rows, key=itemgetter(0))],
            read,
            {pk: registry.key_of(Team, pk) for pk in {row[_TEAM] for row in rows}},
            {pk: registry.key_of(Level, pk) for pk in {row[_LEVEL] for row in rows}},
            {pk: law.digest_of(pk) for pk in {row[_VERSION] for row in rows}},
        )

    @property
    def ids(self) -> list[int]:
        """The ids of the cases."""
        return [rows[0][0] for rows in self.held]

    def case(self, rows: list[Row]) -> DueCase:
        """The case of some rows."""
        values = [self.read(row) for row in rows]
        first = values[0]
        held = first if len(values) == 1 else next((row for row in values if row[_CASE_END] is not None), first)
        said = held[_SAID]
        return DueCase(
            columns=dict(zip(CASE_COLUMNS, first, strict=False)),
            team=self.teams[first[_TEAM]],
            level=self.levels[first[_LEVEL]],
            policy_digest=self.digests[first[_VERSION]],
            timers=[DueTimer._make((*row[_RUNG_END:_CLOCK_AT], mapping.clock_of(row[_CLOCK_AT:]))) for row in values],
            owned_since=held[_CASE_END],
            # What the rungs before have done, as their last event keeps it.
            earlier=Earlier(frozenset(said["asked"]), frozenset(said["told"])) if said else _EMPTY,
        )

    def needs(self) -> Needs:
        """What deciding the cases takes, read off before the first of them is made."""
        needs = Needs(set(), set(), set(), set())
        for row in chain.from_iterable(self.held):
            version = (row[_VERSION], self.digests[row[_VERSION]])
            needs.versions.add(version)
            needs.calendars.add(row[_CLOCK_AT - 1])
            if row[_CLOCK_AT] == "tier":
                needs.calendars.add(row[_CASE_CALENDAR])
                needs.teams.add(self.teams[row[_TEAM]])
                needs.climbing.add((version, row[_LADDER]))
        return needs


def claim(*, now: dt.datetime | None, limit: int, only: Sequence[int] | None = None, lock: bool = True) -> Claimed:
    """Take the cases of up to `limit` due timers, with all that is due in them; of `only` these ids, when given.

    Call inside a transaction, unless `lock` is off (to look only). `now` defaults to the database's clock. One
    statement on PostgreSQL, one more when nothing is due; three on SQLite.
    """
    take = _on_postgres if connection.vendor == "postgresql" else _on_sqlite
    return take(now, limit, only, lock)


def database_now() -> dt.datetime:
    """The time by the database's clock, which all hosts share."""
    if connection.vendor != "postgresql":
        return timezone.now()  # the database is a file of this machine
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        at: dt.datetime = cursor.fetchone()[0]
    return at


# --------------------------------------------------------------------------------------------------------- PostgreSQL


def _read(alias: str, model: type[Any], names: Iterable[str]) -> list[tuple[str, bool]]:
    """Columns of a model in the SELECT, and whether each is an instant. Instants travel as text, which reads faster."""
    instants = {field.attname for field in model._meta.concrete_fields if isinstance(field, DateTimeField)}
    return [(f"{alias}.{name}::text" if name in instants else f"{alias}.{name}", name in instants) for name in names]


_READ = [
    *_read("c", Case, CASE_COLUMNS),
    ("owned.starts_at::text", True),
    ("rung.data", False),
    *_read("t", Timer, _TIMER),
    ("{next_id}", False),
    *_read("k", Clock, _CLOCK),
]
_INSTANTS = [place for place, (_, instant) in enumerate(_READ) if instant]

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
# The timer too: where another sweep has just moved it, PostgreSQL looks at it anew and passes it over. With the case
# alone, a batch would fill with cases that are done.
_LOCK = "FOR NO KEY UPDATE OF c, t SKIP LOCKED"
_NEXT_ID = """
    CASE WHEN k.kind = 'tier' THEN nextval((SELECT pg_get_serial_sequence('escalations_clock', 'id')::regclass)) END
"""

NOT_GIVEN_OUT = 0
"""Stands for the id of a clock that would follow, where somebody only looks: nothing is written under it."""

_instant: Callable[[str], dt.datetime] = dt.datetime.fromisoformat


def _on_postgres(now: dt.datetime | None, limit: int, only: Sequence[int] | None, lock: bool) -> Claimed:
    sql = _POSTGRES.format(
        now="statement_timestamp()" if now is None else "%(now)s::timestamptz",
        only="" if only is None else "AND c.id = ANY(%(only)s)",
        lock=_LOCK if lock else "",
        next_id=_NEXT_ID if lock else str(NOT_GIVEN_OUT),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {"now": now, "limit": limit, "only": None if only is None else list(only)})
        rows = cursor.fetchall()
    at = _instant(rows[0][-1]) if rows else now or database_now()
    return Claimed.of(at, rows, _values)


def _values(row: Row) -> Row:
    values = list(row[:-1])
    for place in _INSTANTS:
        written = values[place]
        if written is not None:
            values[place] = _instant(written)
    if values[_SAID] is not None:
        values[_SAID] = json.loads(values[_SAID])
    return values


# ------------------------------------------------------------------------------------------------------------- SQLite


def _on_sqlite(now: dt.datetime | None, limit: int, only: Sequence[int] | None, lock: bool) -> Claimed:
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
            *("owned_since", "earlier"),
            *_TIMER,
            Value(NOT_GIVEN_OUT, output_field=BigIntegerField()),
            *(f"clock__{name}" for name in _CLOCK),
        )
    )
    found = [list(row) for row in rows] if ids else []
    climbing = [row for row in found if row[_CLOCK_AT] == "tier"] if lock else []
    for row, pk in zip(climbing, fresh_ids(Clock, len(climbing)) if climbing else (), strict=True):
        row[_NEXT_ID_AT] = pk
    return Claimed.of(at, found, _as_it_is)


def _as_it_is(row: Row) -> Row:
    return row
