"""Decisions in words: true to the record, silent about what the reader may not know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from escalations.core.facts import Facts
from escalations.core.matrix import case_facts, evaluate
from escalations.core.policy import Policy, Span
from escalations.core.policy import tests_of as comparisons_of
from escalations.core.words import Phrases, Record, explain, span
from tests.core import policies

GUARDED = "secret"


@settings(deadline=None, max_examples=150)
@given(policies.documents(), policies.facts())
def test_every_decision_can_be_told(document: dict[str, Any], facts: Facts) -> None:
    policy = Policy.model_validate(document)
    decision = evaluate(policy, facts)
    why = explain(policy, Record.of(decision))
    tried = [code for code in decision.trace if 1 <= code <= 8]
    assert len(why.passed_over) == len(tried)
    assert why.restricted == 0
    assert why.out_of_scope == list(decision.trace).count(254)
    assert why.not_reached == list(decision.trace).count(255)
    assert why.rule == decision.rule
    assert len(why.raised) == len(decision.triggers)
    assert len(why.held_back) == len(decision.held_back)
    assert all(sentence.endswith(".") for sentence in why.sentences())


@settings(deadline=None, max_examples=150)
@given(policies.documents(), policies.facts())
def test_nothing_guarded_is_named_to_who_may_not_see_it(document: dict[str, Any], facts: Facts) -> None:
    """Rules, triggers, conditions and facts that a channel guards leave no key, name, value or reason behind."""
    central = document["central"]
    for part in (central, *document["variants"].values()):
        for entry in (*part["rules"], *part.get("triggers", ())):
            entry.update(name=f"NAME-{entry['key']}", because="BECAUSE", visibility=GUARDED)
    for key, fact in central["facts"].items():
        fact.update(name=f"FACT-{key}", visibility=GUARDED)
    policy = Policy.model_validate(document)
    decision = evaluate(policy, facts)
    told = " ".join(explain(policy, Record.of(decision), lambda channel: channel != GUARDED).sentences())
    for secret in (
        "NAME-",
        "BECAUSE",
        "FACT-",
        "green",
        "blue",
        "EUR",
        *(f"{rule['key']} " for rule in central["rules"]),
    ):
        assert secret not in told
    open_eyes = explain(policy, Record.of(decision), lambda channel: True)
    assert open_eyes == explain(policy, Record.of(decision))


def test_a_record_of_another_version_is_refused() -> None:
    policy, document = policies.market(), policies.market_document()
    document["central"]["rules"].pop()
    decision = evaluate(policy, case_facts(policy, {"category": "order", "region": "us"}))
    with pytest.raises(ValueError, match="another version"):
        explain(Policy.model_validate(document), Record.of(decision))


def test_a_guarded_comparison_of_an_open_fact_is_not_told() -> None:
    """A threshold can be a secret where the fact is none: fraud detection works by numbers."""
    document = policies.market_document()
    repeat = next(rule for rule in document["central"]["rules"] if rule["key"] == "appeal-repeat")
    repeat["when"]["all"][1]["visibility"] = "fraud"
    policy = Policy.model_validate(document)
    facts = case_facts(policy, {"category": "seller.appeal", "region": "us", "facts": {"previous_appeals": 1}})
    why = explain(policy, Record.of(evaluate(policy, facts)), lambda channel: False)
    reasons = {passed.key: passed.reason for passed in why.passed_over}
    assert reasons["appeal-repeat"] == "a restricted condition"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("poison", "poison is among hazards"),
        ("linked-appeal", "a link to a known ring: yes"),
        ("appeal-repeat", "category is Seller appeals suspension and previous appeals is at least 2"),
        (
            "appeal-with-funds-held",
            "category is Seller appeals suspension and money at risk is at least EUR 1,000 or USD 1,100",
        ),
        (
            "wallet",
            "not so: payment method is card and (a danger to somebody: no or a danger to somebody is not known)",
        ),
        ("small", "money at risk is at most EUR 10"),
    ],
)
def test_what_a_rule_asks_in_words(key: str, words: str) -> None:
    policy = policies.market()
    rule = next(rule for rule in policy.central.rules if rule.key == key)
    assert rule.when is not None
    assert Phrases(policy).asks(rule.when) == words
    assert Phrases(policy, lambda channel: False).asks(rule.when) == (
        "a restricted condition" if any(test.visibility for test in comparisons_of(rule.when)) else words
    )


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"business": "PT4H"}, "4 business hours"),
        ({"business": "PT30M"}, "30 business minutes"),
        ({"business": "PT90M"}, "90 business minutes"),
        ({"elapsed": "PT1H"}, "1 hour"),
        ({"elapsed": "PT72H"}, "72 hours"),
        ({"elapsed": "P30D"}, "30 days"),
        ({"elapsed": "PT90S"}, "90 seconds"),
    ],
)
def test_spans_in_words(written: dict[str, str], words: str) -> None:
    assert span(Span.model_validate(written)) == words
