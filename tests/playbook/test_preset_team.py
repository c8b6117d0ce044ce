"""The starter playbook is whole: a real desk could start with it tomorrow."""

from __future__ import annotations

import itertools
import re

import pytest

from escalations.core import policy as policies
from escalations.core.matrix import case_facts, evaluate, matrix_of
from escalations.core.policy import CategoryPolicy, Policy
from escalations.outbound.occasions import OCCASIONS
from playbook import presets
from playbook.core.compiling import Compiled, compile_source, with_horizon
from playbook.core.reading import read
from playbook.core.source import Source

CURRENCIES = {"EUR", "USD", "GBP", "BRL", "INR", "JPY"}


@pytest.fixture(scope="module")
def source() -> Source:
    return with_horizon(read(presets.folder("team")), range(2025, 2030))


@pytest.fixture(scope="module")
def compiled(source: Source) -> Compiled:
    return compile_source(source)


@pytest.fixture(scope="module")
def policy(compiled: Compiled) -> Policy:
    return compiled.policy


def test_it_compiles_without_a_warning(compiled: Compiled) -> None:
    assert [str(problem) for problem in compiled.warnings] == []


def test_it_is_large_enough_for_a_real_desk(policy: Policy) -> None:
    central = policy.central
    assert len(central.categories) >= 25
    assert all(
        sum(category.side == side for category in central.categories.values()) >= 8
        for side in ("buyer", "seller", "platform")
    )
    assert 8 <= len(central.teams) <= 12
    assert len(central.rules) >= 20
    assert set(central.levels) == {"L1", "L2", "L3", "L4"}
    assert {"general", "fraud", "counterfeit", "legal"} == set(central.channels)
    assert {"global", "eu", "eu-de", "eu-es", "us", "br", "in", "jp"} <= set(central.regions)
    assert {"money_at_risk", "legal", "safety", "policy_conflict", "vulnerable_user", "press"} <= {
        key for key, fact in central.facts.items() if fact.signal
    }


def test_every_category_is_its_own(policy: Policy) -> None:
    def whole(category: CategoryPolicy) -> bool:
        return all(
            (
                category.backups,
                category.specialisms,
                len(category.symptoms) >= 3,
                len(category.root_causes) >= 3,
                category.evidence,
                len(category.path) >= 2,
                category.decision_points,
                category.protocol,
                category.remedies,
            )
        )

    categories = policy.central.categories
    assert [code for code, category in categories.items() if not whole(category)] == []
    for one, other in itertools.combinations(categories.values(), 2):
        assert one.summary != other.summary
        assert one.root_causes != other.root_causes
        assert one.path != other.path
        assert one.decision_points != other.decision_points


def test_the_usual_ladder_is_24_48_and_72_hours_elapsed(policy: Policy) -> None:
    central = policy.central
    assert central.defaults.ladder == "standard"
    assert [
        (rung.after.basis, rung.after.seconds / 3600, rung.level) for rung in central.ladders["standard"].rungs
    ] == [
        ("elapsed", 24, "L2"),
        ("elapsed", 48, "L3"),
        ("elapsed", 72, "L4"),
    ]
    for faster, hours in (("safety", 12), ("fraud", 24), ("account", 24), ("incident", 12)):
        climbed = [rung.after.seconds / 3600 for rung in central.ladders[faster].rungs if rung.level is not None]
        assert max(climbed) <= hours


def test_every_rung_in_elapsed_time_has_somebody_on_call(policy: Policy) -> None:
    for ladder in policy.central.ladders.values():
        for rung in ladder.rungs:
            assert rung.on_call is not None or rung.after.basis == "business"


def test_sensitive_channels_hold_what_belongs_there(policy: Policy) -> None:
    central = policy.central
    assert [key for key, channel in central.channels.items() if channel.sensitive] == ["counterfeit", "fraud", "legal"]
    for code, channel in (
        ("integrity.fraud-ring", "fraud"),
        ("integrity.counterfeit", "counterfeit"),
        ("privacy.request", "legal"),
        ("legal.threat", "legal"),
    ):
        assert central.categories[code].channel == channel


def test_thresholds_of_fraud_detection_are_restricted(policy: Policy) -> None:
    for rule in (*policy.central.rules, *policy.central.triggers):
        if rule.when is not None and any(test.fact == "ring_indicator" for test in policies.tests_of(rule.when)):
            assert rule.visibility == "fraud", rule.key


def test_every_rule_trigger_and_category_has_a_scenario(source: Source, policy: Policy) -> None:
    decisions = [evaluate(policy, case_facts(policy, scenario["case"])) for scenario in source.document["scenarios"]]
    rules = {rule.key for part in (policy.central, *policy.variants.values()) for rule in part.rules}
    assert rules - {decision.rule for decision in decisions} == set()
    fired = {key for decision in decisions for key in decision.triggers}
    assert {trigger.key for trigger in policy.central.triggers} - fired == set()
    assert set(policy.central.categories) - {decision.category for decision in decisions} == set()


def test_every_category_can_be_routed_in_every_region(policy: Policy) -> None:
    matrix_of(policy)
    for code, region in itertools.product(policy.central.categories, policy.central.regions):
        decision = evaluate(policy, case_facts(policy, {"category": code, "region": region}))
        assert set(decision.targets) == {"assign", "first_response", "next_update", "resolution"}


def test_money_limits_name_every_currency_of_a_region(policy: Policy) -> None:
    central = policy.central
    assert {region.currency for region in central.regions.values()} <= CURRENCIES
    for key, remedy in central.remedies.items():
        for level, amounts in remedy.limits.items():
            assert set(amounts.by_currency) == CURRENCIES, (key, level)
        by_rank = [remedy.limits[level] for level in policy.levels_by_rank() if level in remedy.limits]
        for lower, higher in itertools.pairwise(by_rank):
            assert all(lower.by_currency[c] < higher.by_currency[c] for c in CURRENCIES), key


def test_every_remedy_that_is_declared_is_used(policy: Policy) -> None:
    used = {remedy for category in policy.central.categories.values() for remedy in category.remedies}
    assert used == set(policy.central.remedies)


def test_every_specialism_and_team_is_used(policy: Policy) -> None:
    central = policy.central
    holders = (*central.categories.values(), *(rule.then for rule in central.rules))
    assert {key for holder in holders for key in holder.specialisms or ()} == set(central.specialisms)
    assert {holder.owner for holder in holders} >= set(central.teams)


def test_there_are_words_for_every_occasion(policy: Policy) -> None:
    messages = policy.central.messages
    assert {occasion.template_key for occasion in OCCASIONS.values()} <= set(messages)
    assert all("en" in by_language for by_language in messages.values())
    for key, by_language in messages.items():
        template = by_language["en"]
        assert key.startswith("notice.") == ("{url}" in template.body), key
        assert ("{party}" in template.body) != key.startswith("notice."), "a notice names no party"


def test_statutory_examples_wait_for_counsel(policy: Policy) -> None:
    assert policy.central.statutory
    for deadline in policy.central.statutory.values():
        assert deadline.confirmed_by_counsel is False
        assert deadline.basis.endswith("To be confirmed by counsel.")


def test_public_holidays_are_dates_up_to_the_horizon(policy: Policy) -> None:
    calendars = policy.central.calendars
    assert "2026-10-03" in calendars["office-berlin"].holidays
    assert "2026-05-02" in calendars["office-madrid"].holidays
    assert "2029-07-04" in calendars["office-new-york"].holidays
    for spec in calendars.values():
        assert (spec.expanded_until is not None) == (spec.public_holidays is not None)


def test_pages_are_short_and_plain(compiled: Compiled) -> None:
    assert {"en/guide.start", "en/guide.handoff", "en/guide.escalate", "en/guide.words"} <= set(compiled.texts)
    for name, text in compiled.texts.items():
        assert len(text) < 2000, name
        assert not re.search(r"\b(TODO|TBD|lorem)\b", text), name
