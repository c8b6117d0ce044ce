"""Applying a decision to a case that is already open: what it raises, or its whole route."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from escalations import mapping
from escalations.core import clock as clocks
from escalations.core import ladder
from escalations.core.decision import Decision
from escalations.core.policy import Target
from escalations.models import Category, Channel, Clock, Escalation, Evidence, Level, Pause, Team
from escalations.selectors import law, registry
from escalations.services.compartments import change_channel
from escalations.services.escalation import raise_level
from escalations.services.work import Work

# What an offered route may change, in the order in which the difference is shown.
ROUTE = ("owner", "level", "channel", "severity", "ladder", "protocol", "backups", "specialisms", "targets")


def difference(current: Mapping[str, Any], offered: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What an offered outcome changes: field -> [now, then]. Empty when the route stays as it is."""
    return {
        field: [current.get(field), offered.get(field)] for field in ROUTE if current.get(field) != offered.get(field)
    }


def apply_raises(work: Work, decision: Decision) -> dict[str, Any]:
    """Apply what the decision raises (severity, strictness of the channel, level, shorter targets) and nothing else.

    Returns the outcome that holds for the case from now on.
    """
    case, outcome = work.case, dict(work.outcome)
    released = outcome.get("channel") == decision.channel
    band = mapping.band_number(decision.severity)
    if band > case.severity_band:
        work.say("severity.raised", {"from": mapping.band_key(case.severity_band), "to": decision.severity})
        work.change(severity_band=band)
        outcome["severity"] = decision.severity
    # What the same outcome asked for before and two people took back is not raised again.
    if not released:
        _stricter_channel(work, decision.channel, outcome)
    if work.policy.level_rank(decision.level) > case.level.rank:
        raise_level(
            work,
            registry.row(Level, decision.level),
            type=Escalation.Type.SEVERITY,
            cause=Escalation.Cause.SEVERITY,
            reason=f"Facts changed: {', '.join(decision.triggers) or 'the rule that applies'}.",
        )
    if work.policy.level_rank(decision.level) > work.policy.level_rank(str(outcome.get("level"))):
        outcome["level"] = decision.level
    targets = dict(outcome.get("targets", {}))
    for kind, target in decision.targets.items():
        row = work.clock(kind)
        if row is not None and _sooner(work, row, target):
            retarget(work, row, target)
            targets[kind] = target.model_dump(mode="json")
    outcome["targets"] = targets
    _start_statutory(work, decision)
    return outcome


def apply_route(work: Work, decision: Decision) -> None:
    """Apply a whole decision: owner, level, channel, severity, targets, ladder, evidence, deadlines.

    A level that a standing escalation keeps up stays up, a channel only becomes stricter (leaving one takes a second
    person), and a changed target counts what was used so far.
    """
    case = work.case
    category = registry.row(Category, decision.category)
    team = registry.row(Team, decision.owner)
    held = Escalation.objects.filter(case=case, state=Escalation.State.STANDING).values_list(
        "to_level__rank", flat=True
    )
    level = registry.row(Level, decision.level)
    if level.rank < max(held, default=0):
        level = case.level
    work.change(category=category, severity_band=mapping.band_number(decision.severity))
    if team.pk != case.team_id:
        work.own(team=team, level=level, assignee=None, cause="rerouted")
        work.move("team")
        work.tell("notice.queue", [f"leads:{team.pk}"])
    elif level.pk != case.level_id:
        work.own(level=level, cause="rerouted")
    _stricter_channel(work, decision.channel, {})
    for kind, target in decision.targets.items():
        row = work.clock(kind)
        if row is not None:
            retarget(work, row, target)
    if decision.ladder != case.ladder:
        _new_ladder(work, decision)
    _start_statutory(work, decision)
    wanted = work.policy.central.categories[decision.category].evidence
    have = set(Evidence.objects.filter(case=case).values_list("key", flat=True))
    work.evidence += [
        Evidence(
            case=case, key=item.key, name=item.name, needed_from=item.needed_from, required=item.required, at=work.now
        )
        for item in wanted
        if item.key not in have
    ]


def retarget(work: Work, row: Clock, target: Target) -> None:
    """Give an open clock another target; the time used so far counts against it (field cases C3, G4)."""
    value = mapping.clock_value(row)
    if (value.basis, value.target_s, value.warn) == (target.basis, target.seconds, target.warn):
        return
    pauses = Pause.objects.filter(clock=row).values_list("starts_at", "ends_at")
    calendar = work.calendar(row)
    left = clocks.remaining(value, calendar, at=work.now)
    moved = clocks.retarget(
        value, calendar, target, at=work.now, warn=target.warn, counts="receipt", pauses=list(pauses)
    )
    work.put(row, moved)
    work.say(
        "clock.retargeted",
        {
            "clock": row.kind,
            "from_s": value.target_s,
            "to_s": target.seconds,
            "basis": target.basis,
            "left_s": left,
            "counts": "receipt",
        },
    )


def _sooner(work: Work, row: Clock, target: Target) -> bool:
    value = mapping.clock_value(row)
    if value.basis == target.basis:
        return target.seconds < value.target_s
    calendar = work.calendar(row)
    due = clocks.due_after(target.basis, target.seconds, at=row.started_at, calendar=calendar)
    return row.due_at is not None and due < row.due_at


def _stricter_channel(work: Work, key: str, outcome: dict[str, Any]) -> None:
    channel = registry.row(Channel, key)
    if channel.rank > work.case.channel.rank:
        change_channel(work, channel)
        outcome["channel"] = key


def _new_ladder(work: Work, decision: Decision) -> None:
    work.change(ladder=decision.ladder)
    old = work.clock("tier")
    if old is not None:
        work.put(old, clocks.cancel(mapping.clock_value(old), at=work.now))
    tier = ladder.first_tier(
        work.policy.central.ladders[decision.ladder],
        policy=work.policy,
        level=work.case.level.key,
        receipt=work.case.opened_at,
        at=work.now,
        calendar=law.calendar_of(work.case.calendar_digest),
    )
    if tier is not None:
        work.take_up(tier)
    work.say("ladder.changed", {"to": decision.ladder})


def _start_statutory(work: Work, decision: Decision) -> None:
    start_statutory(work, decision.statutory, starts="receipt", at=work.case.opened_at)


def start_statutory(work: Work, names: tuple[str, ...], *, starts: str, at: dt.datetime) -> None:
    """Start those of the statutory deadlines that run from this moment on and that the case has not had yet."""
    had = (
        set()
        if work.created
        else set(Clock.objects.filter(case=work.case, kind="statutory").values_list("name", flat=True))
    )
    for name in names:
        deadline = work.policy.central.statutory[name]
        if deadline.starts != starts or name in had:
            continue
        digest = (
            law.policy_calendar(work.policy, deadline.calendar).digest
            if deadline.calendar
            else work.case.calendar_digest
        )
        target = Target(basis=deadline.after.basis, seconds=deadline.after.seconds, warn=clocks.STATUTORY_WARN)
        work.start("statutory", target, at=at, name=name, calendar_digest=digest)
        work.say("statutory.started", {"deadline": name, "basis": deadline.basis})
