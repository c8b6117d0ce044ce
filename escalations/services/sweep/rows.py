"""The rows of a batch, as plain tuples: what the writers of both databases put down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from escalations import keys, mapping
from escalations.core import chain
from escalations.core.actor import Actor
from escalations.core.canonical import canonical
from escalations.services import record
from escalations.services.sweep.decide import Begun, Outcome

SWEEP = Actor.worker("sweep")
REASON = "fire"

Row = tuple[Any, ...]


@dataclass(slots=True)
class Batch:
    """Rows to be written, a list per table, each row in the order that the comment says."""

    now: dt.datetime
    key_id: str
    #: id, team, assignee, level, status, chain_seq, chain_mac, head_mac
    cases: list[Row] = field(default_factory=list)
    #: case, seq, kind, data (JSON text), history_digest, prev, mac
    events: list[Row] = field(default_factory=list)
    #: case, from level, to level, from team, to team, rung
    escalations: list[Row] = field(default_factory=list)
    #: occurrence key, kind, case, data (JSON text)
    intents: list[Row] = field(default_factory=list)
    #: id, state, due_at, breached_at, ended_at, cursor
    clocks: list[Row] = field(default_factory=list)
    #: case, clock that it follows, timer that it takes over, tier, business, target_s, calendar, started_at, due_at,
    #: moment_key, cycle
    begun: list[Row] = field(default_factory=list)
    #: id, moment_key, cycle, due_at, occurrence_key
    timers: list[Row] = field(default_factory=list)
    #: timer ids
    gone: list[int] = field(default_factory=list)
    #: case, business seconds of the interval that ends (None where none was open), team, assignee, level
    owners: list[Row] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.cases or self.timers or self.gone)


def batch(outcomes: Iterable[Outcome], now: dt.datetime) -> Batch:
    """The rows that some outcomes come to: history digests taken, events chained, heads sealed."""
    ring = keys.chain_keys()
    key = ring.key(ring.current)
    made = Batch(now, ring.current)
    for out in outcomes:
        _timers(made, out)
        if out.events:
            _case(made, out, key)
    return made


def _case(made: Batch, out: Outcome, key: bytes) -> None:
    case_id, columns = out.case.id, out.case.columns | out.changes
    columns["version"] += 1
    digest = record.history_digest(record.history_values(columns, now=made.now, actor=SWEEP, reason=REASON))
    head = record.Head(columns["chain_seq"], columns["chain_mac"] or chain.GENESIS)
    entries = [record.Entry(said.kind, said.data) for said in out.events]
    for one in record.links(case_id=case_id, head=head, entries=entries, actor=SWEEP, now=made.now, history=digest):
        made.events.append((case_id, one.seq, one.kind, one.data, one.history_digest, one.prev, one.mac))
    where = (columns["team_id"], columns["assignee_id"], columns["level_id"])
    sealed = chain.head(key, case_id=case_id, seq=head.seq, mac=head.mac)
    made.cases.append((case_id, *where, columns["status"], head.seq, head.mac, sealed))
    for intent in out.intents:
        data = canonical({**intent.data, "to": intent.to}).decode()
        made.intents.append((intent.occurrence, intent.kind, case_id, data))
    for clock_id, clock in out.clocks:
        made.clocks.append((clock_id, clock.state, clock.due_at, clock.breached_at, clock.ended_at, clock.cursor))
    if out.begun is not None:
        made.begun.append(_begun(case_id, out.begun, columns["calendar_digest"]))
    if out.climb is not None:
        made.escalations.append((case_id, *out.climb))
        made.owners.append((case_id, out.owned_s, *where))


def _begun(case_id: int, begun: Begun, calendar: str) -> Row:
    clock = begun.clock
    return (
        case_id,
        begun.after_id,
        begun.timer_id,
        clock.tier,
        clock.basis == "business",
        clock.target_s,
        calendar,
        clock.started_at,
        clock.due_at,
        f"rung:{clock.tier}",
        clock.cycle,
    )


def _timers(made: Batch, out: Outcome) -> None:
    made.gone += out.gone
    for timer_id, clock_id, moment, cycle in out.moved:
        occurrence = mapping.occurrence_key(clock_id, moment.key, cycle)
        made.timers.append((timer_id, moment.key, cycle, moment.due_at, occurrence))
