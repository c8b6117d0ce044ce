"""Scenarios: named cases that must go where an edition says. They are run when it is compiled; one that fails stops it.

{name: A leaking battery, case: {category: order.damaged, region: eu-de, facts: {goods_kind: batteries}},
 expect: {owner: trust-safety, severity: high},
 received: 2026-11-20T16:00+01:00, ...expect: {due: {first_response: 2026-11-23T10:00+01:00}}}
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import AwareDatetime, Field, model_validator

from escalations.core.calendar import Calendar, CalendarError
from escalations.core.decision import Decision
from escalations.core.facts import FactError
from escalations.core.matrix import case_facts, evaluate, rules_tried
from escalations.core.policy import CalendarSpec, Policy, Target, TargetKind
from escalations.core.policy.values import Band, Frozen, Key, Name
from escalations.core.words import Record, explain


class Expected(Frozen):
    """What must come of a case. Only what is named is compared; `rule: null` says that no rule may match."""

    rule: Key | None = None
    owner: Key | None = None
    backups: tuple[Key, ...] | None = None
    specialisms: tuple[Key, ...] | None = None
    level: Key | None = None
    channel: Key | None = None
    severity: Band | None = None
    ladder: Key | None = None
    protocol: Key | None = None
    calendar: Key | None = None
    triggers: tuple[Key, ...] | None = None
    statutory: tuple[Key, ...] | None = None
    held_back: dict[Key, Key] | None = None
    due: dict[TargetKind, AwareDatetime] = {}

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what must come of the case, for example {owner: payments, level: L2}")
        return self


class Scenario(Frozen):
    """A case as the contract writes it, and what must come of it. `received` is needed where due times are expected."""

    name: Name
    case: dict[str, Any] = Field(min_length=1)
    received: AwareDatetime | None = None
    expect: Expected

    @model_validator(mode="after")
    def _received_for_due(self) -> Self:
        if self.expect.due and self.received is None:
            raise ValueError("say when the case is received: due times count from there")
        return self


def run(policy: Policy, scenario: Scenario) -> list[str]:
    """Run one scenario. Returns each mismatch in words; an empty list says that all is as expected.

    A case that the policy cannot read, and a calendar that cannot say when, are mismatches too; nothing is raised.
    """
    return _run(policy, scenario, {})


def run_all(policy: Policy, scenarios: Iterable[Scenario]) -> list[tuple[Scenario, list[str]]]:
    """Run scenarios that share a policy; those with mismatches, in order, each with its mismatches."""
    calendars: dict[str, Calendar] = {}
    told = [(scenario, _run(policy, scenario, calendars)) for scenario in scenarios]
    return [(scenario, mismatches) for scenario, mismatches in told if mismatches]


def calendar_of(spec: CalendarSpec) -> Calendar:
    """The calendar that a policy describes. Raises CalendarError, with the place, for one that cannot work."""
    return Calendar(spec.timezone, spec.weekly_hours, spec.holidays, spec.date_overrides)


def due(target: Target, received: dt.datetime, calendar: Calendar) -> dt.datetime:
    """When a target falls due, in UTC: in open time of the calendar, or in time elapsed."""
    if target.basis == "business":
        return calendar.due(received, target.seconds)
    return received.astimezone(dt.UTC) + dt.timedelta(seconds=target.seconds)


def _run(policy: Policy, scenario: Scenario, calendars: dict[str, Calendar]) -> list[str]:
    try:
        decision = evaluate(policy, case_facts(policy, scenario.case))
    except FactError as error:
        return [f"case.{error}"]
    except ValueError as error:  # a category or region that the policy does not have
        return [f"case: {error}"]
    expect = scenario.expect
    mismatches = []
    if "rule" in expect.model_fields_set and expect.rule != decision.rule:
        mismatches.append(_rule_mismatch(policy, decision, expect.rule))
    for field in ("owner", "level", "channel", "severity", "ladder", "protocol", "calendar"):
        wanted, got = getattr(expect, field), getattr(decision, field)
        if field in expect.model_fields_set and wanted != got:
            origin = decision.origins.get(field, "category")
            mismatches.append(f"{field}: expected {_said(wanted)}, got {_said(got)} (from {origin})")
    held = dict(decision.held_back)
    for field, wanted, got in (
        ("backups", expect.backups, decision.backups),
        ("specialisms", expect.specialisms, decision.specialisms),
        ("triggers", expect.triggers, decision.triggers),
        ("statutory", expect.statutory, decision.statutory),
        ("held_back", expect.held_back, held),
    ):
        if wanted is not None and not _same(wanted, got):
            mismatches.append(f"{field}: expected {_said(wanted)}, got {_said(got)}")
    return mismatches + _due_mismatches(policy, scenario, decision, calendars)


def _due_mismatches(
    policy: Policy, scenario: Scenario, decision: Decision, calendars: dict[str, Calendar]
) -> list[str]:
    mismatches = []
    for kind, wanted in scenario.expect.due.items():
        target = decision.targets.get(kind)
        if target is None or scenario.received is None:
            mismatches.append(f"due.{kind}: expected {_at(wanted, wanted)}, but there is no such target")
            continue
        try:
            if decision.calendar not in calendars:
                calendars[decision.calendar] = calendar_of(policy.central.calendars[decision.calendar])
            got = due(target, scenario.received, calendars[decision.calendar])
        except CalendarError as error:
            mismatches.append(f"due.{kind}: the calendar {decision.calendar} cannot say when: {error}")
            continue
        if got != wanted:
            origin = decision.origins[f"targets.{kind}"]
            mismatches.append(
                f"due.{kind}: expected {_at(wanted, wanted)}, got {_at(got, wanted)} (from {origin}, "
                f"calendar {decision.calendar})"
            )
    return mismatches


def _rule_mismatch(policy: Policy, decision: Decision, wanted: str | None) -> str:
    """Why another rule came first, or why the one that was meant did not match."""
    got = f"rule {decision.rule} matched" if decision.rule else "no rule matched"
    if wanted is None:
        return f"rule: expected none, but {got}"
    why = explain(policy, Record.of(decision))
    reason = next((passed.reason for passed in why.passed_over if passed.key == wanted), None)
    if reason is not None:
        return f"rule: expected {wanted}, but {got}; {wanted} was passed over because {reason}"
    keys = [rule.key for rule in rules_tried(policy, decision.region)]
    if wanted not in keys:
        return f"rule: expected {wanted}, but no such rule is tried in {decision.region}"
    if decision.rule is not None and keys.index(wanted) > keys.index(decision.rule):
        return f"rule: expected {wanted}, but {got} before it was tried"
    return f"rule: expected {wanted}, but {got}; {wanted} is for other categories or regions"


def _same(wanted: Any, got: Any) -> bool:
    return dict(wanted) == got if isinstance(wanted, Mapping) else tuple(wanted) == tuple(got)


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items()) or "nothing"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value) if value is not None else "none"


def _at(instant: dt.datetime, like: dt.datetime) -> str:
    return instant.astimezone(like.tzinfo).isoformat(sep=" ", timespec="seconds")
