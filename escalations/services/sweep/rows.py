"""The rows of a batch, as plain tuples: what the writers of both databases put down."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any

from escalations import keys, mapping
from escalations.core import chain
from escalations.core.actor import Actor
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
    #: id, state, due_at, promise_broken_at, breached_at, ended_at, cursor
    clocks: list[Row] = field(default_factory=list)
    #: id, case, clock that it follows, tier, business, target_s, calendar, started_at, due_at, cycle
    begun: list[Row] = field(default_factory=list)
    #: id, clock, moment_key, cycle, due_at, occurrence_key
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
    about = {name: record.plain(value) for name, value in _about(now).items()}
    for out in outcomes:
        _timers(made, out)
        if out.events:
            _case(made, out, key, about)
    return made


def _case(made: Batch, out: Outcome, key: bytes, about: Mapping[str, Any]) -> None:
    columns = out.case.columns | out.changes
    case_id = columns["id"]
    columns["version"] += 1
    head = record.Head(columns["chain_seq"], columns["chain_mac"] or chain.GENESIS)
    for one in record.links(
        case_id=case_id, head=head, entries=out.events, actor=SWEEP, now=made.now, history=_digest(columns, about)
    ):
        made.events.append((case_id, one.seq, one.kind, one.data, one.history_digest, one.prev, one.mac))
    where = (columns["team_id"], columns["assignee_id"], columns["level_id"])
    sealed = chain.head(key, case_id=case_id, seq=head.seq, mac=head.mac)
    made.cases.append((case_id, *where, columns["status"], head.seq, head.mac, sealed))
    for intent in out.intents:
        data = _WRITTEN({**intent.data, "to": intent.to})
        made.intents.append((intent.occurrence, intent.kind, case_id, data))
    for clock_id, clock in out.clocks:
        ends = (clock.promise_broken_at, clock.breached_at, clock.ended_at)
        made.clocks.append((clock_id, clock.state, clock.due_at, *ends, clock.cursor))
    if out.begun is not None:
        made.begun.append(_begun(case_id, out.begun, columns["calendar_digest"]))
    if out.climb is not None:
        made.escalations.append((case_id, *out.climb))
        made.owners.append((case_id, out.owned_s, *where))


def _about(now: dt.datetime) -> dict[str, Any]:
    """What the history rows of a batch say beside the case's columns."""
    nothing = dict.fromkeys(record.TRACKED)
    values = record.history_values(nothing, now=now, actor=SWEEP, reason=REASON)
    return {name: values[name] for name in record.ABOUT}


_WRITTEN = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False).encode

# Canonical JSON with its names in order, and places for the values: half of what `json` takes for as many columns.
_SORTED = sorted((*record.TRACKED, *record.ABOUT))
_JSON = "{" + ",".join(f'"{name}":%s' for name in _SORTED) + "}"
_PLAIN: Mapping[Any, str] = {None: "null", True: "true", False: "false"}


def _digest(columns: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    """As `record.history_digest` of the history row, for instants in UTC."""
    values = {**columns, **about}
    return hashlib.sha256((_JSON % tuple([_json(values[name]) for name in _SORTED])).encode()).hexdigest()


def _json(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return str(value)
    return f'"{value.isoformat()}"' if kind is dt.datetime else _PLAIN[value]


def _begun(case_id: int, begun: Begun, calendar: str) -> Row:
    clock = begun.clock
    return (
        begun.id,
        case_id,
        begun.after_id,
        clock.tier,
        clock.basis == "business",
        clock.target_s,
        calendar,
        clock.started_at,
        clock.due_at,
        clock.cycle,
    )


def _timers(made: Batch, out: Outcome) -> None:
    made.gone += out.gone
    for timer_id, clock_id, moment, cycle in out.moved:
        occurrence = mapping.occurrence_key(clock_id, moment.key, cycle)
        made.timers.append((timer_id, clock_id, moment.key, cycle, moment.due_at, occurrence))
