"""Writing a batch on SQLite: a statement per table and step, whatever its size.

Rows are found by their key or by `id IN (SELECT ...)`: a join with a given list would make SQLite walk the whole table.
"""

# ruff: noqa: S608  (what is put into the SQL are names of columns; all values are parameters)

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

from escalations.services.record import TRACKED
from escalations.services.sweep.rows import REASON, SWEEP, Batch

_HISTORY = ", ".join(TRACKED)
_LISTED = "(SELECT value FROM json_each(%s))"

_CASE = """
UPDATE escalations_case SET team_id = %s, assignee_id = %s, level_id = %s, status = %s, version = version + 1,
    chain_seq = %s, chain_mac = %s, head_mac = %s, key_id = %s
WHERE id = %s
"""
_HISTORY_ROW = f"""
INSERT INTO escalations_historicalcase
    ({_HISTORY}, history_date, history_type, history_change_reason, history_user_id)
SELECT {_HISTORY}, %s, '~', %s, NULL FROM escalations_case WHERE id IN {_LISTED}
"""
_EVENT = """
INSERT INTO escalations_event
    (case_id, seq, kind, data, history_digest, prev, mac, actor_kind, actor_id, at, commitment, key_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '', %s)
"""
_ESCALATION = """
INSERT INTO escalations_escalation
    (case_id, from_level_id, to_level_id, from_team_id, to_team_id, rung_key, type, cause, reason, state, outcome,
     actor_kind, actor_id, at)
VALUES (%s, %s, %s, %s, %s, %s, 'time', 'time', '', 'standing', '', %s, %s, %s)
"""
_INTENT = "INSERT INTO escalations_outbox (occurrence_key, kind, case_id, data, at) VALUES (%s, %s, %s, %s, %s)"
_CLOCK = """
UPDATE escalations_clock SET state = %s, due_at = %s, promise_broken_at = %s, breached_at = %s, ended_at = %s,
    cursor = %s
WHERE id = %s
"""
_BEGUN = """
INSERT INTO escalations_clock
    (id, case_id, kind, tier, name, business, target_s, warn, calendar_id, state, started_at, due_at, cycle, cursor)
VALUES (%s, %s, 'tier', %s, '', %s, %s, '', %s, 'running', %s, %s, %s, 0)
"""
_MOVED = """
UPDATE escalations_timer SET clock_id = %s, moment_key = %s, cycle = %s, due_at = %s, occurrence_key = %s WHERE id = %s
"""
_GONE = f"DELETE FROM escalations_timer WHERE id IN {_LISTED}"
_CLOSED = "UPDATE escalations_ownership SET ends_at = %s, business_s = %s WHERE case_id = %s AND ends_at IS NULL"
_TAKEN = """
INSERT INTO escalations_ownership (case_id, team_id, assignee_id, level_id, starts_at, cause)
VALUES (%s, %s, %s, %s, %s, 'escalated')
"""


@contextmanager
def sending() -> Iterator[None]:
    """Each statement is done when it is given."""
    yield


def write_record(batch: Batch, _sent: None) -> None:
    """The cases, their history rows, events, escalations and intents. Five statements."""
    now = _at(batch.now)
    by = (SWEEP.kind, SWEEP.id, now)
    _many(_CASE, ((*row[1:], batch.key_id, row[0]) for row in batch.cases))
    _one(_HISTORY_ROW, now, f"{SWEEP}: {REASON}", json.dumps([row[0] for row in batch.cases]))
    _many(_EVENT, ((*row, *by, batch.key_id) for row in batch.events))
    _many(_ESCALATION, ((*row, *by) for row in batch.escalations))
    _many(_INTENT, ((*row, now) for row in batch.intents))


def write_state(batch: Batch, _sent: None) -> None:
    """The clocks, those that follow, timers and intervals of ownership. Six statements."""
    now = _at(batch.now)
    _many(
        _CLOCK,
        ((state, *map(_at, moments), cursor, pk) for pk, state, *moments, cursor in batch.clocks),
    )
    _many(
        _BEGUN,
        (
            (pk, case_id, *columns, _at(started), _at(due), cycle)
            for pk, case_id, _after, *columns, started, due, cycle in batch.begun
        ),
    )
    _many(
        _MOVED,
        (
            (clock_id, key, cycle, _at(due), occurrence, pk)
            for pk, clock_id, key, cycle, due, occurrence in batch.timers
        ),
    )
    _one(_GONE, json.dumps(batch.gone))
    _many(_CLOSED, ((now, seconds, case_id) for case_id, seconds, *_ in batch.owners))
    _many(_TAKEN, ((case_id, *where, now) for case_id, _, *where in batch.owners))


def _at(value: dt.datetime | None) -> Any:
    return None if value is None else connection.ops.adapt_datetimefield_value(value)


def _many(sql: str, rows: Iterable[Sequence[Any]]) -> None:
    given = list(rows)
    if given:
        with connection.cursor() as cursor:
            cursor.executemany(sql, given)


def _one(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
