"""Writing on PostgreSQL: two statements, whatever their size.

Columns travel as one text each: numbers and instants as an array, texts cut apart by the server, since quoting each
would cost more than the server's work. Rows of one statement that depend on each other (a case and its history row, an
ended clock and the one that follows it) are fed from RETURNING, which also fixes their order.

Statements are sent without waiting for what they come to (libpq's pipeline): the server writes one part of a batch
while the next is decided.
"""

# ruff: noqa: S608  (what is put into the SQL are names of columns; all values are parameters)

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor

from escalations.services.record import TRACKED
from escalations.services.sweep.rows import REASON, SWEEP, Batch

_CUT, _NULL = "\x1f", "\x1e"  # below the characters that JSON text and keys may hold


class _Given:
    """A table of given rows inside a statement: its name there, and its columns with their types."""

    def __init__(self, name: str, columns: str) -> None:
        self.name = name
        self.columns = [tuple(column.split()) for column in columns.split(",")]

    def __str__(self) -> str:
        arrays = (
            f"string_to_array(%({self.name}_{column})s, E'\\x1f', E'\\x1e')::{kind}[]"
            if kind in _TEXTS
            else f"%({self.name}_{column})s::{kind}[]"
            for column, kind in self.columns
        )
        return f"unnest({', '.join(arrays)}) AS {self.name} ({', '.join(column for column, _ in self.columns)})"

    def parameters(self, rows: Sequence[tuple[Any, ...]]) -> dict[str, str]:
        """The rows as parameters of the statement: one text for each column."""
        turned = zip(*rows, strict=True) if rows else ((),) * len(self.columns)
        return {
            f"{self.name}_{column}": _CUT.join(_texts(values)) if kind in _TEXTS else _array(kind, values)
            for (column, kind), values in zip(self.columns, turned, strict=True)
        }


_TEXTS = frozenset({"text", "jsonb"})


# An empty text is NULL on the way: an array of one empty text could not be told from an empty array.
def _texts(values: Iterable[str | None]) -> list[str]:
    return [value or _NULL for value in values]


def _array(kind: str, values: Iterable[Any]) -> str:
    """Numbers and instants as the server writes an array: nothing in them needs quotes."""
    write = dt.datetime.isoformat if kind == "timestamptz" else str
    return "{" + ",".join(["NULL" if value is None else write(value) for value in values]) + "}"


_CASES = _Given(
    "g",
    "id bigint, team_id bigint, assignee_id bigint, level_id bigint, status text, chain_seq integer, chain_mac text, "
    "head_mac text",
)
_EVENTS = _Given("e", "case_id bigint, seq integer, kind text, data jsonb, history_digest text, prev text, mac text")
_CLIMBS = _Given(
    "u",
    "case_id bigint, from_level_id bigint, to_level_id bigint, from_team_id bigint, to_team_id bigint, rung_key text",
)
_INTENTS = _Given("m", "occurrence_key text, kind text, case_id bigint, data jsonb")
_CLOCKS = _Given(
    "g",
    "id bigint, state text, due_at timestamptz, promise_broken_at timestamptz, breached_at timestamptz, "
    "ended_at timestamptz, cursor smallint",
)
_BEGUN = _Given(
    "b",
    "id bigint, case_id bigint, after_id bigint, tier text, business boolean, target_s integer, calendar_id text, "
    "started_at timestamptz, due_at timestamptz, cycle smallint",
)
_TIMERS = _Given(
    "n", "id bigint, clock_id bigint, moment_key text, cycle smallint, due_at timestamptz, occurrence_key text"
)
_GONE = _Given("d", "id bigint")
_OWNERS = _Given("o", "case_id bigint, business_s integer, team_id bigint, assignee_id bigint, level_id bigint")

_HISTORY = ", ".join(TRACKED)

_RECORD = f"""
WITH changed AS (
    UPDATE escalations_case c SET
        team_id = g.team_id, assignee_id = g.assignee_id, level_id = g.level_id, status = g.status,
        version = c.version + 1,
        chain_seq = g.chain_seq, chain_mac = g.chain_mac, head_mac = g.head_mac, key_id = %(key_id)s::text
    FROM {_CASES}
    WHERE c.id = g.id
    RETURNING {", ".join(f"c.{name}" for name in TRACKED)}
), history AS (
    INSERT INTO escalations_historicalcase
        ({_HISTORY}, history_date, history_type, history_change_reason, history_user_id)
    SELECT {_HISTORY}, %(now)s::timestamptz, '~', %(reason)s::text, NULL FROM changed
), said AS (
    INSERT INTO escalations_event
        (case_id, seq, kind, actor_kind, actor_id, at, data, history_digest, commitment, prev, mac, key_id)
    SELECT e.case_id, e.seq, e.kind, %(actor_kind)s::text, %(actor_id)s::text, %(now)s::timestamptz, e.data,
        coalesce(e.history_digest, ''), '', coalesce(e.prev, ''), e.mac, %(key_id)s::text
    FROM {_EVENTS}
), climbed AS (
    INSERT INTO escalations_escalation
        (case_id, type, cause, from_level_id, to_level_id, from_team_id, to_team_id, rung_key, reason, state, outcome,
         actor_kind, actor_id, at)
    SELECT u.case_id, 'time', 'time', u.from_level_id, u.to_level_id, u.from_team_id, u.to_team_id, u.rung_key, '',
        'standing', '', %(actor_kind)s::text, %(actor_id)s::text, %(now)s::timestamptz
    FROM {_CLIMBS}
), meant AS (
    INSERT INTO escalations_outbox (occurrence_key, kind, case_id, data, at)
    SELECT m.occurrence_key, m.kind, m.case_id, m.data, %(now)s::timestamptz
    FROM {_INTENTS}
)
SELECT count(*) FROM changed
"""

_STATE = f"""
WITH ticked AS (
    UPDATE escalations_clock k SET
        state = g.state, due_at = g.due_at, promise_broken_at = g.promise_broken_at, breached_at = g.breached_at,
        ended_at = g.ended_at, cursor = g.cursor
    FROM {_CLOCKS}
    WHERE k.id = g.id
    RETURNING k.id
), begun AS (
    INSERT INTO escalations_clock
        (id, case_id, kind, tier, name, business, target_s, warn, calendar_id, state, started_at, due_at, cycle, cursor)
    SELECT b.id, b.case_id, 'tier', b.tier, '', b.business, b.target_s, '', b.calendar_id, 'running', b.started_at,
        b.due_at, b.cycle, 0
    FROM {_BEGUN} JOIN ticked ON ticked.id = b.after_id
), moved AS (
    UPDATE escalations_timer t SET
        clock_id = n.clock_id, moment_key = n.moment_key, cycle = n.cycle, due_at = n.due_at,
        occurrence_key = n.occurrence_key
    FROM {_TIMERS}
    WHERE t.id = n.id
), gone AS (
    DELETE FROM escalations_timer t USING {_GONE} WHERE t.id = d.id
), owners AS (
    SELECT * FROM {_OWNERS}
), closed AS (
    UPDATE escalations_ownership w SET ends_at = %(now)s::timestamptz, business_s = owners.business_s
    FROM owners
    WHERE w.case_id = owners.case_id AND w.ends_at IS NULL
    RETURNING w.case_id
), taken AS (
    INSERT INTO escalations_ownership (case_id, team_id, assignee_id, level_id, starts_at, cause)
    SELECT owners.case_id, owners.team_id, owners.assignee_id, owners.level_id, %(now)s::timestamptz, 'escalated'
    FROM owners LEFT JOIN closed ON closed.case_id = owners.case_id
)
SELECT count(*) FROM ticked
"""


class Sent:
    """Statements that were sent, and how many rows each is to find."""

    def __init__(self) -> None:
        self.cursors: list[tuple[Any, int]] = []

    def execute(self, sql: str, parameters: dict[str, Any], expected: int) -> None:
        """Send a statement."""
        # Parameters apart from the text: only so can statements be sent ahead.
        raw: Any = ServerBindingCursor(connection.connection)  # type: ignore[call-arg]
        cursor = connection.make_debug_cursor(raw) if connection.queries_logged else connection.make_cursor(raw)
        cursor.execute(sql, parameters)
        self.cursors.append((cursor, expected))

    def check(self) -> None:
        """Wait for all, and hold them to what they were to find. Raises what the database raises."""
        for cursor, expected in self.cursors:
            (written,) = cursor.fetchone()
            if written != expected:
                raise RuntimeError(f"{written} rows were there to be written, not {expected}: somebody removed some")


@contextmanager
def sending() -> Iterator[Sent]:
    """Statements of the block are sent one after the other; at its end all have been done. Nothing else may be asked
    of the connection inside."""
    sent = Sent()
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield sent
        sent.check()


def write_record(batch: Batch, sent: Sent) -> None:
    """The cases, their history rows, events, escalations and intents. One statement."""
    parameters = {
        "now": batch.now,
        "key_id": batch.key_id,
        "reason": f"{SWEEP}: {REASON}",
        "actor_kind": SWEEP.kind,
        "actor_id": SWEEP.id,
        **_CASES.parameters(batch.cases),
        **_EVENTS.parameters(batch.events),
        **_CLIMBS.parameters(batch.escalations),
        **_INTENTS.parameters(batch.intents),
    }
    sent.execute(_RECORD, parameters, len(batch.cases))


def write_state(batch: Batch, sent: Sent) -> None:
    """The clocks, those that follow, timers and intervals of ownership. One statement."""
    parameters = {
        "now": batch.now,
        **_CLOCKS.parameters(batch.clocks),
        **_BEGUN.parameters(batch.begun),
        **_TIMERS.parameters(batch.timers),
        **_GONE.parameters([(timer,) for timer in batch.gone]),
        **_OWNERS.parameters(batch.owners),
    }
    sent.execute(_STATE, parameters, len(batch.clocks))
