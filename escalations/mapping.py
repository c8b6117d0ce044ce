"""The only place that knows both rows and core values: clocks, timers, facts, decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, cast

from escalations.core import clock as clocks
from escalations.core.calendar import Calendar
from escalations.core.decision import Decision
from escalations.core.facts import Fact, Facts, FactState, parse_value
from escalations.core.policy import BANDS, Band, Policy
from escalations.models import Case, CaseDecision, CaseFact, Clock, Timer

CLOCK_COLUMNS = (
    "kind",
    "tier",
    "business",
    "target_s",
    "warn",
    "state",
    "started_at",
    "due_at",
    "remaining_s",
    "promised_at",
    "promise_broken_at",
    "breached_at",
    "ended_at",
    "cycle",
    "cursor",
)
"""The columns of a clock's value, in the order of the value's fields."""

CLOCK_FIELDS = tuple(name for name in CLOCK_COLUMNS if name not in ("kind", "tier"))
"""Those of them that change while a clock lives."""


@cache
def _shares(written: str) -> tuple[int, ...]:
    return tuple(int(share) for share in written.split(",")) if written else ()


def clock_of(values: Sequence[Any]) -> clocks.Clock:
    """The CLOCK_COLUMNS of a clock row as the core's value."""
    kind, tier, business, target_s, warn, *rest = values
    return clocks.Clock(kind, tier, "business" if business else "elapsed", target_s, _shares(warn), *rest)


def clock_value(row: Clock) -> clocks.Clock:
    """A clock row as the core's value."""
    return clock_of([getattr(row, name) for name in CLOCK_COLUMNS])


def put_clock(row: Clock, value: clocks.Clock) -> Clock:
    """Write the core's value into a clock row (in memory)."""
    row.business = value.basis == "business"
    row.warn = ",".join(str(share) for share in value.warn)
    for name in CLOCK_COLUMNS:
        if name not in ("business", "warn"):
            setattr(row, name, getattr(value, name))
    return row


def next_timer(row: Clock, calendar: Calendar) -> Timer | None:
    """The timer row (unsaved) of a clock's next moment, or None when it has none."""
    moment = clocks.next_moment(clock_value(row), calendar)
    if moment is None:
        return None
    return Timer(
        clock=row,
        case_id=row.case_id,
        moment_key=moment.key,
        cycle=row.cycle,
        due_at=moment.due_at,
        occurrence_key=occurrence_key(row.pk, moment.key, row.cycle),
    )


def resume_timer(row: Clock, at: dt.datetime) -> Timer:
    """The timer row (unsaved) that ends a pause by itself."""
    return Timer(
        clock=row,
        case_id=row.case_id,
        moment_key="resume",
        cycle=row.cycle,
        due_at=at,
        occurrence_key=occurrence_key(row.pk, f"resume@{at:%Y%m%dT%H%M%S}", row.cycle),
    )


def occurrence_key(clock_id: int, moment_key: str, cycle: int) -> str:
    """The name of one firing, for ever: what makes it happen, and be told, once."""
    return f"{clock_id}:{moment_key}:{cycle}"


def facts_of(policy: Policy, case: Case, rows: Iterable[CaseFact]) -> Facts:
    """The facts of a case at this moment. `case` needs its category, region and party loaded.

    Facts that the policy no longer declares are left out: its conditions cannot read them.
    """
    values: dict[str, Fact] = {
        "category": Fact(case.category.key),
        "symptom": Fact(case.symptom),
        "region": Fact(case.region.key),
        "language": Fact(case.language),
        "source": Fact(case.source),
        "party_kind": Fact(case.party.kind),
    }
    for row in rows:
        definition = policy.central.facts.get(row.key)
        if definition is not None:
            value = parse_value(row.key, definition.type, row.value)
            values[row.key] = Fact(value, state=cast(FactState, row.state), source=row.source)
    return Facts(values=values, regions={})


def decision_row(
    decision: Decision, *, case: Case, version_id: int, at: dt.datetime, cause: str, applied: bool = True
) -> CaseDecision:
    """A decision as the row (unsaved) that keeps it for ever."""
    return CaseDecision(
        case=case,
        at=at,
        cause=cause,
        policy_version_id=version_id,
        engine_version=decision.engine_version,
        facts=dict(decision.facts),
        rule_key=decision.rule or "",
        outcome=decision.outcome(),
        trace=decision.trace,
        trigger_trace=decision.trigger_trace,
        applied=applied,
    )


def band_number(band: Band) -> int:
    """A severity band as the number that sorts: 0 low to 3 critical."""
    return BANDS.index(band)


def band_key(number: int) -> Band:
    """The inverse of `band_number`."""
    return BANDS[number]


def columns(case: Case) -> Mapping[str, Any]:
    """A case's column values by attribute name."""
    return {item.attname: getattr(case, item.attname) for item in case._meta.concrete_fields}
