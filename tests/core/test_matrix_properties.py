"""What holds of every policy and every case, tried on random ones."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from escalations.core.decision import Decision
from escalations.core.facts import Fact, Facts
from escalations.core.matrix import evaluate, matrix_of, recorded_facts
from escalations.core.matrix.layers import surely_no_later
from escalations.core.policy import BANDS, Policy
from tests.core import oracle, policies

unhurried = settings(deadline=None, max_examples=250)


@unhurried
@given(policies.documents(), st.lists(policies.facts(), min_size=5, max_size=10))
def test_the_compiled_matrix_agrees_with_the_plain_one(document: dict[str, Any], cases: list[Facts]) -> None:
    policy = Policy.model_validate(document)
    for facts in cases:
        decision, told = evaluate(policy, facts), oracle.decide(policy, facts)
        assert decision.rule == told.rule
        assert list(decision.trace) == told.trace
        assert list(decision.triggers) == [key for key, _ in told.triggers]
        codes = dict(told.triggers)
        assert list(decision.trigger_trace) == [codes.get(trigger.key, 0) for trigger in policy.central.triggers]
        assert dict(decision.held_back) == told.held_back
        assert list(decision.statutory) == told.statutory
        assert dict(decision.targets) == told.values["targets"]
        for field in ("owner", "backups", "channel", "level", "severity", "protocol", "ladder"):
            assert getattr(decision, field) == told.values[field], field


@unhurried
@given(policies.documents(), policies.facts(states=("given", "verified")))
def test_the_quick_match_is_the_rule_that_evaluate_finds(document: dict[str, Any], facts: Facts) -> None:
    policy = Policy.model_validate(document)
    decision = evaluate(policy, facts)
    regional = matrix_of(policy).of_region(decision.region)
    index = regional.first_match({key: fact.value for key, fact in facts.values.items()})
    assert (None if index is None else regional.rules[index].key) == decision.rule


@unhurried
@given(policies.documents(), policies.facts())
def test_triggers_only_raise(document: dict[str, Any], facts: Facts) -> None:
    policy = Policy.model_validate(document)
    calm = evaluate(_without(document, "triggers"), facts)
    raised = evaluate(policy, facts)
    central = policy.central
    assert central.levels[raised.level].rank >= central.levels[calm.level].rank
    assert central.channels[raised.channel].rank >= central.channels[calm.channel].rank
    assert BANDS.index(raised.severity) >= BANDS.index(calm.severity)
    assert raised.targets.keys() >= calm.targets.keys()
    assert all(surely_no_later(raised.targets[kind], target) for kind, target in calm.targets.items())
    assert (raised.owner, raised.ladder, raised.rule) == (calm.owner, calm.ladder, calm.rule)


@unhurried
@given(policies.documents(), policies.facts(), policies.SEEDS)
def test_the_order_of_triggers_and_of_keys_changes_nothing(document: dict[str, Any], facts: Facts, seed: int) -> None:
    policy, chance = Policy.model_validate(document), random.Random(seed)
    shuffled = _shuffled(document, chance)
    chance.shuffle(shuffled["central"]["triggers"])
    for part in (shuffled["central"], *shuffled["variants"].values()):
        chance.shuffle(part["rules"])
    others = list(facts.values.items())
    chance.shuffle(others)
    one = evaluate(policy, facts)
    other = evaluate(Policy.model_validate(shuffled), Facts(dict(others), facts.regions))
    for field in ("rule", "trace", "owner", "level", "channel", "severity", "ladder", "facts"):
        assert getattr(one, field) == getattr(other, field), field
    assert {kind: (target.basis, target.seconds) for kind, target in one.targets.items()} == {
        kind: (target.basis, target.seconds) for kind, target in other.targets.items()
    }
    assert set(one.triggers) == set(other.triggers)
    assert set(one.held_back) == set(other.held_back)


@unhurried
@given(policies.documents(), policies.facts())
def test_a_decision_is_the_same_every_time_and_from_its_own_record(document: dict[str, Any], facts: Facts) -> None:
    policy, again = Policy.model_validate(document), Policy.model_validate(document)
    decision = evaluate(policy, facts)
    assert evaluate(policy, facts) == decision == evaluate(again, facts)
    record = recorded_facts(policy, decision.facts, decision.category, decision.region)
    assert evaluate(policy, record) == decision


@unhurried
@given(policies.documents(), policies.facts())
def test_a_claim_changes_neither_level_nor_channel_by_itself(document: dict[str, Any], facts: Facts) -> None:
    """Once verified, a claim does exactly what was held back; until then it does not (G5)."""
    for part in (document["central"], *document["variants"].values()):
        for entry in (*part["rules"], *part.get("triggers", ())):
            entry["claims"] = "verified"
    policy = Policy.model_validate(document)
    decision = evaluate(policy, facts)
    verified = evaluate(policy, _restate(facts, "verified"))
    held = dict(decision.held_back)
    for field in ("level", "channel"):
        assert getattr(verified, field) == held.get(field, getattr(decision, field))
    for field in ("rule", "owner", "severity", "ladder", "targets", "statutory", "trace", "triggers"):
        assert getattr(verified, field) == getattr(decision, field), field
    assert verified.held_back == ()


@unhurried
@given(policies.documents(), policies.facts())
def test_where_every_claim_is_enough_nothing_is_held_back(document: dict[str, Any], facts: Facts) -> None:
    for part in (document["central"], *document["variants"].values()):
        for entry in (*part["rules"], *part.get("triggers", ())):
            entry["claims"] = "enough"
    policy = Policy.model_validate(document)
    decision, verified = evaluate(policy, facts), evaluate(policy, _restate(facts, "verified"))
    assert decision.held_back == ()
    assert _stateless(decision) == _stateless(verified)


@unhurried
@given(policies.conditions(), policies.facts())
def test_what_is_unknown_never_matches(condition: dict[str, Any], facts: Facts) -> None:
    """Where no fact is known, a rule that tests values does not match, however its condition is negated."""
    if '"present"' in str(condition).replace("'", '"') or _reads(condition) & {"category", "region"}:
        return
    document = policies.base_document()
    document["central"]["rules"] = [
        {"key": "r", "name": "R", "priority": 1, "when": condition, "then": {}, "because": "Test."},
        {"key": "n", "name": "N", "priority": 2, "when": {"not": condition}, "then": {}, "because": "Test."},
    ]
    unknown = Facts({key: facts.values[key] for key in ("category", "region")}, facts.regions)
    decision = evaluate(Policy.model_validate(document), unknown)
    assert decision.rule is None
    assert 0 not in decision.trace
    assert decision.facts == {}


@unhurried
@given(policies.documents(), policies.facts())
def test_a_dismissed_fact_is_as_if_it_had_never_been_given(document: dict[str, Any], facts: Facts) -> None:
    policy = Policy.model_validate(document)
    without = {key: fact for key, fact in facts.values.items() if fact.state != "dismissed"}
    assert evaluate(policy, facts) == evaluate(policy, Facts(without, facts.regions))


def _without(document: dict[str, Any], section: str) -> Policy:
    return Policy.model_validate({**document, "central": {**document["central"], section: []}})


def _restate(facts: Facts, state: Any) -> Facts:
    values = {key: Fact(fact.value, state) if fact.state == "claimed" else fact for key, fact in facts.values.items()}
    return Facts(values, facts.regions)


def _stateless(decision: Decision) -> Decision:
    values = {key: {"value": entry["value"]} for key, entry in decision.facts.items()}
    return decision._replace(facts=values)


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        items = [(key, _shuffled(item, chance)) for key, item in value.items()]
        chance.shuffle(items)
        return dict(items)
    return [_shuffled(item, chance) for item in value] if isinstance(value, list) else value


def _reads(condition: Any) -> set[str]:
    if isinstance(condition, dict):
        if "fact" in condition:
            return {condition["fact"]}
        return set().union(*(_reads(part) for part in condition.values()))
    return set().union(*(_reads(part) for part in condition))
