"""Drills: what is right comes from the engine, the same every time, and nothing restricted can be learnt from one."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from escalations.core.authority import NeedsLevel, Yes, may_grant
from escalations.core.facts import Money
from escalations.core.matrix import case_facts, evaluate, rules_tried
from escalations.core.policy import Policy
from escalations.core.scenario import Scenario, calendar_of, due
from playbook import presets
from playbook.core.compiling import compile_source, with_horizon
from playbook.core.drills import NOBODY, YES, Drill, Topic, drill, marked, topics
from playbook.core.reading import read
from tests.playbook.editions import central, small

EVERY = ("general", "counterfeit", "fraud", "legal", "safety", "privacy")
SINCE = dt.date(2026, 11, 23)
ROOT = Path(__file__).resolve().parents[2]


@cache
def preset(name: str) -> tuple[Policy, tuple[Scenario, ...]]:
    source = with_horizon(read(presets.folder(name)), range(2025, 2030))
    scenarios = tuple(Scenario.model_validate(one) for one in source.document["scenarios"])
    return compile_source(source).policy, scenarios


def classes(policy: Policy) -> tuple[str, ...]:
    return tuple(policy.central.channels)


def every(name: str) -> tuple[Policy, tuple[Topic, ...]]:
    policy, scenarios = preset(name)
    return policy, topics(policy, scenarios, classes(policy))


@pytest.mark.parametrize("name", presets.names())
def test_every_scenario_of_every_preset_can_be_practised(name: str) -> None:
    policy, found = every(name)
    assert len(found) == len(preset(name)[1]) == len({topic.key for topic in found})
    for topic in found:
        for variant in range(2):
            for level in sorted(policy.central.levels, key=policy.level_rank)[:: len(policy.central.levels) - 1]:
                made = drill(policy, topic, level=level, variant=variant, since=SINCE, classes=classes(policy))
                _is_sound(policy, made, level)
                assert made == drill(policy, topic, level=level, variant=variant, since=SINCE, classes=classes(policy))


def _is_sound(policy: Policy, made: Drill, level: str) -> None:
    """What is right is what the engine says, and can be chosen once among several."""
    decision = evaluate(policy, case_facts(policy, made.topic.case))
    by_kind = {question.asked: question for question in made.questions}
    for question in made.questions:
        keys = [choice.key for choice in question.choices]
        assert len(keys) == len(set(keys)) >= 2, made.topic.name
        assert question.right in keys
        assert question.why
    assert by_kind["owner"].right == decision.owner
    assert by_kind["level"].right == decision.level
    if "due" in by_kind:
        calendar = calendar_of(policy.central.calendars[decision.calendar])
        right = due(decision.targets["first_response"], made.received, calendar)
        assert by_kind["due"].answer.at == right
        assert [choice.at for choice in by_kind["due"].choices] == sorted(c.at for c in by_kind["due"].choices if c.at)
    if "grant" in by_kind:
        about = by_kind["grant"].about
        currency, amount = about["amount"].split()
        key = next(key for key, row in policy.central.remedies.items() if row.name == about["remedy"])
        verdict = may_grant(policy, level, key, Money(Decimal(amount.replace(",", "")), currency))
        expected = YES if isinstance(verdict, Yes) else verdict.level if isinstance(verdict, NeedsLevel) else NOBODY
        assert by_kind["grant"].right == expected
    assert all(marked(made, {question.asked: question.right for question in made.questions}).values())
    assert not any(marked(made, {}).values())


def test_the_first_time_a_case_comes_in_when_its_scenario_says_and_later_at_other_times() -> None:
    policy, found = every("team")
    battery = next(topic for topic in found if topic.name == "A leaking battery")
    made = [drill(policy, battery, level="L1", variant=number, since=SINCE) for number in range(6)]
    assert made[0].received == battery.received
    assert len({one.received for one in made}) > 3
    assert all(SINCE <= one.received.date() <= SINCE + dt.timedelta(days=15) for one in made[1:])


def test_a_drill_reads_so() -> None:
    policy, found = every("team")
    battery = next(topic for topic in found if topic.name == "A leaking battery")
    made = drill(policy, battery, level="L1", variant=0, since=SINCE)
    assert (made.category, made.symptom, made.region) == ("Arrived damaged", "Something leaks or smells", "Germany")
    assert made.facts == (("kind of goods", "batteries"), ("order value", "EUR 89"))
    owner, level, answer, grant = made.questions
    assert owner.answer.text == "Trust and safety"
    assert owner.why == "Rule 'Damaged goods that can do harm' says so"
    assert [choice.text for choice in level.choices] == [
        "L1 Specialist", "L2 Senior specialist", "L3 Head of area", "L4 Escalation council",
    ]  # fmt: skip
    assert level.right == "L1"
    # Friday at four in Berlin: four hours of work end on Monday at noon, four hours of the clock on Friday at eight.
    assert answer.right == "2026-11-23T11:00:00+00:00"
    assert "2026-11-20T19:00:00+00:00" in [choice.key for choice in answer.choices]
    assert grant.about["level"] == "L1 Specialist"
    assert grant.about["amount"].startswith("EUR ")
    assert made.trace[0].startswith("Rule damaged-dangerous-goods (priority 40): category is Arrived damaged")


def test_what_hangs_on_something_restricted_is_left_out_for_who_lacks_its_class() -> None:
    def restrict(how: str) -> tuple[Policy, tuple[Scenario, ...]]:
        def change(document: dict) -> None:  # type: ignore[type-arg]
            rule = central(document)["rules"][0]
            if how == "rule":
                rule["visibility"] = "legal"
            elif how == "condition":
                rule["when"]["visibility"] = "legal"
            else:
                central(document)["facts"]["value"]["visibility"] = "legal"

        source = with_horizon(small(change), range(2025, 2030))
        scenarios = tuple(Scenario.model_validate(one) for one in source.document["scenarios"])
        return compile_source(source).policy, scenarios

    for how in ("rule", "condition", "fact"):
        policy, scenarios = restrict(how)
        assert topics(policy, scenarios, ()) == (), how
        assert topics(policy, scenarios, ("general",)) == (), how
        assert len(topics(policy, scenarios, ("legal",))) == 1, how


@pytest.mark.parametrize("name", presets.names())
def test_no_drill_tells_what_its_reader_may_not_know(name: str) -> None:
    """Without any class: neither a restricted rule's name nor its reason, nor that of a restricted trigger."""
    policy, scenarios = preset(name)
    rules = [rule for region in policy.central.regions for rule in rules_tried(policy, region)]
    secret = {text for row in (*rules, *policy.central.triggers) if row.visibility for text in (row.name, row.because)}
    for topic in topics(policy, scenarios, ()):
        made = drill(policy, topic, level="L1", variant=0, since=SINCE)
        said = " ".join((*made.trace, *(question.why for question in made.questions), *map(str, made.facts)))
        assert not [text for text in secret if text in said]


def test_another_process_makes_the_same_drill() -> None:
    code = (
        "from tests.playbook.test_drills import *; p, f = every('founder'); "
        "print([repr(drill(p, t, level='L1', variant=2, since=SINCE)) for t in f[:9]])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin"},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1
