"""What the sweep is measured against: the same rows written by SQL alone, with as little in between as there can be.

The floor claims due cases as the sweep does, as many at a time, and writes to the same tables what it writes: case,
history row, event, intent, clock, timer; for a rung also the escalation, both intervals of ownership and the next tier
clock. It knows what this market's cases come to and computes nothing else: the next moment of a clock that warned is
its breach (true of these cases), digests and MACs are SHA-256 of a row number instead of HMACs over all that happened,
business seconds are elapsed ones. So it is a floor: nobody who does the work can be faster.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import time

import psycopg

from escalations.services.record import TRACKED
from escalations.services.sweep import LIMIT

HISTORY = ", ".join(TRACKED)
KEPT = ", ".join(f"c.{name}" for name in TRACKED)

POSTGRES = f"""
WITH due AS MATERIALIZED (
    SELECT t.id AS timer_id, t.case_id, t.clock_id, t.moment_key, t.cycle, t.occurrence_key,
        c.team_id, c.assignee_id, c.level_id, c.status, c.chain_seq, c.chain_mac, c.calendar_digest
    FROM escalations_timer t JOIN escalations_case c ON c.id = t.case_id
    WHERE t.due_at <= %(now)s ORDER BY t.due_at, t.id LIMIT {LIMIT}
    FOR NO KEY UPDATE OF c SKIP LOCKED
), fired AS MATERIALIZED (
    SELECT due.*, k.due_at, k.kind, k.started_at, k.warn,
        k.kind = 'tier' AS rung,
        k.kind = 'tier' AND NOT EXISTS (
            SELECT FROM escalations_membership m JOIN escalations_level l ON l.id = m.level_id
            WHERE m.person_id = due.assignee_id AND m.team_id = due.team_id AND l.rank >= 2) AS loses,
        CASE WHEN k.kind = 'tier' THEN nextval((SELECT pg_get_serial_sequence('escalations_clock', 'id')::regclass)) END
            AS next_id,
        encode(sha256(due.case_id::text::bytea), 'hex') AS one,
        encode(sha256(due.clock_id::text::bytea), 'hex') AS two,
        encode(sha256(due.occurrence_key::bytea), 'hex') AS three
    FROM due JOIN escalations_clock k ON k.id = due.clock_id
), changed AS (
    UPDATE escalations_case c SET
        level_id = CASE WHEN f.rung THEN %(level)s ELSE c.level_id END,
        assignee_id = CASE WHEN f.loses THEN NULL ELSE c.assignee_id END,
        status = CASE WHEN f.loses THEN 'triaged' ELSE c.status END,
        version = c.version + 1, chain_seq = c.chain_seq + 1, chain_mac = f.one, head_mac = f.two, key_id = 'floor'
    FROM fired f WHERE c.id = f.case_id
    RETURNING {KEPT}, f.rung
), history AS (
    INSERT INTO escalations_historicalcase
        ({HISTORY}, history_date, history_type, history_change_reason, history_user_id)
    SELECT {HISTORY}, %(now)s, '~', 'worker:sweep: fire', NULL FROM changed
), said AS (
    INSERT INTO escalations_event
        (case_id, seq, kind, actor_kind, actor_id, at, data, history_digest, commitment, prev, mac, key_id)
    SELECT case_id, chain_seq + 1,
        CASE WHEN rung THEN 'rung.fired' WHEN moment_key = 'breach' THEN 'clock.breached' ELSE 'clock.warned' END,
        'worker', 'sweep', %(now)s,
        CASE WHEN rung
        THEN jsonb_build_object('rung', 'second', 'from', 'L1', 'to', 'L2', 'due', due_at,
            'asked', array[1, 2, 3, 4, 5, 6], 'told', array[assignee_id, 13])
        ELSE jsonb_build_object('clock', kind, 'due', due_at, 'share', 75) END,
        three, '', chain_mac, one, 'floor'
    FROM fired
), climbed AS (
    INSERT INTO escalations_escalation
        (case_id, type, cause, from_level_id, to_level_id, from_team_id, to_team_id, rung_key, reason, state, outcome,
         actor_kind, actor_id, at)
    SELECT case_id, 'time', 'time', level_id, %(level)s, team_id, team_id, 'second', '', 'standing', '', 'worker',
        'sweep', %(now)s
    FROM fired WHERE rung
), meant AS (
    INSERT INTO escalations_outbox (occurrence_key, kind, case_id, data, at)
    SELECT occurrence_key, CASE WHEN rung THEN 'notice.rung' ELSE 'notice.breach' END, case_id,
        jsonb_build_object('clock', clock_id, 'kind', kind, 'moment', moment_key, 'due', due_at,
            'to', array['user:' || coalesce(assignee_id, 0), 'leads:' || team_id]),
        %(now)s
    FROM fired
), ticked AS (
    UPDATE escalations_clock k SET
        state = CASE WHEN f.rung OR f.moment_key = 'breach' THEN 'breached' ELSE k.state END,
        breached_at = CASE WHEN f.rung OR f.moment_key = 'breach' THEN k.due_at END,
        ended_at = CASE WHEN f.rung THEN %(now)s::timestamptz END,
        cursor = k.cursor + 1
    FROM fired f WHERE k.id = f.clock_id
    RETURNING k.id
), begun AS (
    INSERT INTO escalations_clock
        (id, case_id, kind, tier, name, business, target_s, warn, calendar_id, state, started_at, due_at, cycle, cursor)
    SELECT next_id, case_id, 'tier', 'head', '', false, 86400, '', calendar_digest, 'running', due_at,
        due_at + interval '24 hours', 1, 0
    FROM fired JOIN ticked ON ticked.id = fired.clock_id WHERE rung
), moved AS (
    UPDATE escalations_timer t SET
        clock_id = coalesce(f.next_id, f.clock_id),
        moment_key = CASE WHEN f.rung THEN 'rung:head' ELSE 'breach' END,
        due_at = CASE WHEN f.rung THEN f.due_at + interval '24 hours' ELSE f.due_at END,
        occurrence_key = coalesce(f.next_id, f.clock_id) || CASE WHEN f.rung THEN ':rung:head:1' ELSE ':breach:1' END
    FROM fired f WHERE t.id = f.timer_id AND f.moment_key <> 'breach'
), gone AS (
    DELETE FROM escalations_timer t USING fired f WHERE t.id = f.timer_id AND f.moment_key = 'breach'
), closed AS (
    UPDATE escalations_ownership w SET
        ends_at = %(now)s, business_s = extract(epoch FROM %(now)s::timestamptz - w.starts_at)
    FROM fired f WHERE f.rung AND w.case_id = f.case_id AND w.ends_at IS NULL
    RETURNING w.case_id
), taken AS (
    INSERT INTO escalations_ownership (case_id, team_id, assignee_id, level_id, starts_at, cause)
    SELECT f.case_id, f.team_id, CASE WHEN f.loses THEN NULL ELSE f.assignee_id END, %(level)s, %(now)s, 'escalated'
    FROM fired f JOIN closed ON closed.case_id = f.case_id
)
SELECT count(*) FROM changed
"""


def on_postgres(url: str, now: dt.datetime) -> tuple[int, float]:
    """Fire everything due with the one statement, a batch and a commit at a time: cases, and seconds."""
    done = 0
    with psycopg.connect(url) as connection:
        level = connection.execute("SELECT id FROM escalations_level WHERE key = 'L2'").fetchone()
        assert level is not None
        began = time.perf_counter()
        while True:
            row = connection.execute(POSTGRES, {"now": now, "level": level[0]}).fetchone()  # type: ignore[arg-type]
            connection.commit()
            assert row is not None
            if not row[0]:
                return done, time.perf_counter() - began
            done += row[0]


_TEMP = """
CREATE TEMP TABLE fired (case_id INTEGER PRIMARY KEY, timer_id INTEGER, clock_id INTEGER, moment_key TEXT, rung INTEGER,
    loses INTEGER, due_at TEXT, kind TEXT, team_id INTEGER, assignee_id INTEGER, level_id INTEGER, chain_seq INTEGER,
    chain_mac TEXT, calendar TEXT, occurrence_key TEXT)
"""
_RUNG = "SELECT case_id FROM fired WHERE rung"

# Rows are looked up by their key: `WHERE id IN (SELECT ...)` and CROSS JOIN keep SQLite from walking whole tables.
SQLITE = (
    f"""
INSERT INTO fired SELECT c.id, t.id, k.id, t.moment_key, k.kind = 'tier',
    k.kind = 'tier' AND NOT EXISTS (
        SELECT 1 FROM escalations_membership m JOIN escalations_level l ON l.id = m.level_id
        WHERE m.person_id = c.assignee_id AND m.team_id = c.team_id AND l.rank >= 2),
    k.due_at, k.kind, c.team_id, c.assignee_id, c.level_id, c.chain_seq, c.chain_mac, c.calendar_digest,
    t.occurrence_key
FROM (SELECT id, case_id, clock_id, moment_key, occurrence_key FROM escalations_timer WHERE due_at <= :now
      ORDER BY due_at, id LIMIT {LIMIT}) t
CROSS JOIN escalations_case c ON c.id = t.case_id CROSS JOIN escalations_clock k ON k.id = t.clock_id
""",
    """
UPDATE escalations_case SET version = version + 1, chain_seq = chain_seq + 1, chain_mac = lower(hex(randomblob(32))),
    head_mac = lower(hex(randomblob(32))), key_id = 'floor'
WHERE id IN (SELECT case_id FROM fired)
""",
    f"UPDATE escalations_case SET level_id = :level WHERE id IN ({_RUNG})",
    f"UPDATE escalations_case SET assignee_id = NULL, status = 'triaged' WHERE id IN ({_RUNG} AND loses)",
    f"""
INSERT INTO escalations_historicalcase ({HISTORY}, history_date, history_type, history_change_reason)
SELECT {HISTORY}, :now, '~', 'worker:sweep: fire' FROM escalations_case WHERE id IN (SELECT case_id FROM fired)
""",
    """
INSERT INTO escalations_event
    (case_id, seq, kind, actor_kind, actor_id, at, data, history_digest, commitment, prev, mac, key_id)
SELECT case_id, chain_seq + 1,
    CASE WHEN rung THEN 'rung.fired' WHEN moment_key = 'breach' THEN 'clock.breached' ELSE 'clock.warned' END,
    'worker', 'sweep', :now,
    CASE WHEN rung
    THEN '{"asked":[1,2,3,4,5,6],"due":"' || due_at || '","from":"L1","rung":"second","to":"L2","told":[1,13]}'
    ELSE '{"clock":"' || kind || '","due":"' || due_at || '","share":75}' END,
    lower(hex(randomblob(32))), '', chain_mac, lower(hex(randomblob(32))), 'floor'
FROM fired
""",
    """
INSERT INTO escalations_escalation
    (case_id, type, cause, from_level_id, to_level_id, from_team_id, to_team_id, rung_key, reason, state, outcome,
     actor_kind, actor_id, at)
SELECT case_id, 'time', 'time', level_id, :level, team_id, team_id, 'second', '', 'standing', '', 'worker', 'sweep',
    :now
FROM fired WHERE rung
""",
    """
INSERT INTO escalations_outbox (occurrence_key, kind, case_id, data, at)
SELECT occurrence_key, CASE WHEN rung THEN 'notice.rung' ELSE 'notice.breach' END, case_id,
    '{"clock":' || clock_id || ',"due":"' || due_at || '","kind":"' || kind || '","moment":"' || moment_key
    || '","to":["user:' || coalesce(assignee_id, 0) || '","leads:' || team_id || '"]}', :now
FROM fired
""",
    """
UPDATE escalations_clock SET cursor = cursor + 1, state = 'breached', breached_at = due_at
WHERE id IN (SELECT clock_id FROM fired WHERE rung OR moment_key = 'breach')
""",
    """
UPDATE escalations_clock SET cursor = cursor + 1
WHERE id IN (SELECT clock_id FROM fired WHERE NOT rung AND moment_key <> 'breach')
""",
    "UPDATE escalations_clock SET ended_at = :now WHERE id IN (SELECT clock_id FROM fired WHERE rung)",
    """
INSERT INTO escalations_clock
    (case_id, kind, tier, name, business, target_s, warn, calendar_id, state, started_at, due_at, cycle, cursor)
SELECT case_id, 'tier', 'head', '', 0, 86400, '', calendar, 'running', due_at, datetime(due_at, '1 day'), 1, 0
FROM fired WHERE rung
""",
    """
UPDATE escalations_timer SET (clock_id, moment_key, due_at, occurrence_key) = (
    SELECT k.id, 'rung:head', k.due_at, k.id || ':rung:head:1' FROM escalations_clock k
    WHERE k.case_id = escalations_timer.case_id AND k.kind = 'tier' AND k.name = '' AND k.ended_at IS NULL)
WHERE id IN (SELECT timer_id FROM fired WHERE rung)
""",
    """
UPDATE escalations_timer SET moment_key = 'breach', occurrence_key = clock_id || ':breach:1',
    due_at = (SELECT k.due_at FROM escalations_clock k WHERE k.id = escalations_timer.clock_id)
WHERE id IN (SELECT timer_id FROM fired WHERE NOT rung AND moment_key <> 'breach')
""",
    "DELETE FROM escalations_timer WHERE id IN (SELECT timer_id FROM fired WHERE moment_key = 'breach')",
    f"""
UPDATE escalations_ownership SET ends_at = :now,
    business_s = CAST((julianday(:now) - julianday(starts_at)) * 86400 AS INTEGER)
WHERE case_id IN ({_RUNG}) AND ends_at IS NULL
""",
    """
INSERT INTO escalations_ownership (case_id, team_id, assignee_id, level_id, starts_at, cause)
SELECT case_id, team_id, CASE WHEN loses THEN NULL ELSE assignee_id END, :level, :now, 'escalated' FROM fired WHERE rung
""",
)


def on_sqlite(path: str, now: dt.datetime) -> tuple[int, float]:
    """Fire everything due with one statement per table, a batch and a commit at a time: cases, and seconds."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;" + _TEMP
    )
    level = connection.execute("SELECT id FROM escalations_level WHERE key = 'L2'").fetchone()[0]
    given = {"now": f"{now:%Y-%m-%d %H:%M:%S}", "level": level}
    done = 0
    began = time.perf_counter()
    while True:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM fired")
        for statement in SQLITE:
            connection.execute(statement, {name: value for name, value in given.items() if f":{name}" in statement})
            if statement is SQLITE[0]:
                count = connection.execute("SELECT count(*) FROM fired").fetchone()[0]
                if not count:
                    connection.execute("COMMIT")
                    connection.close()
                    return done, time.perf_counter() - began
        connection.execute("COMMIT")
        done += count
