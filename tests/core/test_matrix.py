"""The matrix at its edges: errors, what a decision keeps, one compiled form for all threads."""

from __future__ import annotations

import gc
import json
import weakref
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core.facts import Fact, FactError, Facts, Money
from escalations.core.matrix import UnknownCategory, UnknownRegion, case_facts, evaluate, matrix_of, standing
from escalations.core.matrix.layers import shortest, surely_no_later
from escalations.core.policy import Policy, Target
from tests.core import oracle, policies
from tests.core.policies import market, market_document


def case(**values: Any) -> Facts:
    given_facts = {"category": "order.damaged", "region": "us", **values}
    return Facts({key: value if isinstance(value, Fact) else Fact(value) for key, value in given_facts.items()})


def test_a_category_that_the_policy_lacks_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(UnknownCategory, match=r"no category 'toys' \(there are counterfeit, .*move the case"):
        evaluate(market(), case(category="toys"))
    with pytest.raises(UnknownCategory, match="names no category"):
        evaluate(market(), Facts({}))
    with pytest.raises(UnknownCategory):
        standing(market(), "toys", "us")


def test_a_region_that_the_policy_lacks_is_an_error_that_says_whose() -> None:
    with pytest.raises(UnknownRegion, match=r"no region 'mars' \(the buyer's region counts here"):
        evaluate(market(), case(region="mars"))
    with pytest.raises(UnknownRegion, match="goes by the seller's"):
        evaluate(market(), Facts({"category": Fact("seller")}, {"buyer": "us"}))
    with pytest.raises(UnknownRegion):
        standing(market(), "order", "mars")


@pytest.mark.parametrize("value", ["yes", 1, Money(Decimal(1), "EUR"), ("x",)])
def test_a_value_of_another_type_is_refused_not_guessed(value: Any) -> None:
    with pytest.raises(FactError, match="safety: the policy declares a flag here"):
        evaluate(market(), case(safety=value))


def test_a_list_of_another_type_is_refused_too() -> None:
    with pytest.raises(FactError, match="hazards: the policy declares a list here"):
        evaluate(market(), case(hazards="fire"))


def test_a_fact_that_the_policy_does_not_declare_is_ignored() -> None:
    assert evaluate(market(), case(colour="red")) == evaluate(market(), case())


def test_a_decision_keeps_the_facts_that_conditions_read_and_no_text() -> None:
    """A party's own words never get into a decision: of texts and lists only what the policy itself names."""
    document = market_document()
    document["central"]["rules"].append(
        {
            "key": "note",
            "name": "Note",
            "priority": 70,
            "when": {"fact": "seller_note", "eq": "urgent"},
            "then": {},
            "because": "Test.",
        }
    )
    policy = Policy.model_validate(document)
    facts = case(
        seller_note="Call me on 0123",
        hazards=("poison", "my neighbour Ada"),
        payment_method="wallet",
        previous_appeals=3,
        money_at_risk=Fact(Money(Decimal("12.50"), "EUR"), "claimed"),
        legal=Fact(True, "dismissed"),
    )
    decision = evaluate(policy, facts)
    assert decision.facts == {
        "hazards": {"value": ["poison"], "state": "given"},
        "money_at_risk": {"value": {"amount": "12.50", "currency": "EUR"}, "state": "claimed"},
        "payment_method": {"value": "wallet", "state": "given"},
        "seller_note": {"value": None, "state": "given"},
    }
    assert json.loads(json.dumps(decision.facts)) == decision.facts
    assert json.loads(json.dumps(decision.outcome()))["owner"] == "trust"


def test_amounts_are_recorded_without_exponents() -> None:
    decision = evaluate(market(), case(money_at_risk=Money(Decimal("1E+3"), "EUR")))
    assert decision.facts["money_at_risk"]["value"] == {"amount": "1000", "currency": "EUR"}


@pytest.mark.parametrize(
    ("amount", "rule"),
    [("9.99", "small"), ("10", "small"), ("10.00", "small"), ("10.000000000000000001", None), ("10.01", None)],
)
def test_an_amount_at_its_bound(amount: str, rule: str | None) -> None:
    assert evaluate(market(), case(money_at_risk=Money(Decimal(amount), "EUR"))).rule == rule


def test_a_decision_does_not_share_what_it_hands_out() -> None:
    policy = market()
    first = evaluate(policy, case())
    first.targets.clear()  # type: ignore[attr-defined]
    first.origins.clear()  # type: ignore[attr-defined]
    first.facts.clear()  # type: ignore[attr-defined]
    again = evaluate(policy, case())
    assert again.targets
    assert again.origins["owner"] == "category"


def test_threads_share_one_compiled_policy_and_agree() -> None:
    policy, sound = market(), market()
    cases = [
        case(category=category, region=region, money_at_risk=Money(Decimal(amount), "EUR"))
        for category in policy.central.categories
        for region in policy.central.regions
        for amount in (5, 2000, 200_000)
    ]
    with ThreadPoolExecutor(8) as threads:
        decisions = list(threads.map(lambda facts: evaluate(policy, facts), cases * 5))
    assert decisions == [evaluate(sound, facts) for facts in cases] * 5
    assert matrix_of(policy) is matrix_of(policy)


def test_the_compiled_form_lives_as_long_as_its_policy() -> None:
    policy = market()
    compiled = weakref.ref(matrix_of(policy))
    evaluate(policy, case())
    copied = policy.model_copy(update={"title": "Another"})
    assert matrix_of(copied) is not matrix_of(policy)
    del policy
    gc.collect()
    assert compiled() is None


def test_whose_region_counts_is_said_by_the_category() -> None:
    regions = {"buyer": "us", "seller": "eu-de", "storefront": "eu"}
    for category, region in (("order", "us"), ("seller", "eu-de")):
        decision = evaluate(market(), Facts({"category": Fact(category), "region": Fact("world")}, regions))
        assert decision.region == region
    assert decision.region_chain == ("world", "eu", "eu-de")


def test_a_claim_that_outranks_a_rule_does_not_take_away_its_level() -> None:
    """Who claims to fit an earlier rule keeps the level that holds without the claim: a claim never lowers it."""
    document = market_document()
    document["central"]["rules"] = [
        {
            "key": "claimed",
            "name": "Claimed",
            "priority": 1,
            "when": {"fact": "money_at_risk", "lte": {"EUR": "10"}},
            "then": {"owner": "payments", "backups": ["trust"]},
            "because": "Test.",
        },
        {"key": "all", "name": "All", "priority": 2, "then": {"level": "L3", "owner": "trust"}, "because": "Test."},
    ]
    policy = Policy.model_validate(document)
    tiny = Money(Decimal(1), "EUR")
    claimed = evaluate(policy, case(money_at_risk=Fact(tiny, "claimed")))
    assert (claimed.rule, claimed.owner, claimed.level) == ("claimed", "payments", "L3")
    assert claimed.origins["level"] == "rule:all"
    assert claimed.held_back == (("level", "L1"),)
    verified = evaluate(policy, case(money_at_risk=Fact(tiny, "verified")))
    assert (verified.rule, verified.level, verified.held_back) == ("claimed", "L1", ())


def test_a_channel_as_strict_as_the_case_has_already_is_no_raise() -> None:
    document = market_document()
    document["central"]["channels"]["other"] = {"name": "Other", "rank": 20, "sensitive": True}
    document["central"]["triggers"][1]["raises"] = {"channel": "other"}
    threat = {"legal": Fact(True, "verified"), "category": "counterfeit"}
    assert evaluate(Policy.model_validate(document), case(**threat)).channel == "brand"
    claim = {"legal": Fact(True, "claimed"), "category": "counterfeit"}
    assert evaluate(Policy.model_validate(document), case(**claim)).held_back == ()


def target(basis: str, hours: int) -> Target:
    return Target.model_validate({basis: f"PT{hours}H"})


@pytest.mark.parametrize(
    ("standing_target", "raised", "left"),
    [
        (("business", 8), [("business", 4)], ("business", 4)),
        (("business", 8), [("business", 9)], None),
        (("business", 8), [("business", 8)], None),
        (("business", 8), [("elapsed", 8)], ("elapsed", 8)),
        (("business", 8), [("elapsed", 9)], None),
        (("elapsed", 8), [("business", 1)], None),
        (("elapsed", 8), [("elapsed", 7), ("elapsed", 6)], ("elapsed", 6)),
        (("business", 8), [("elapsed", 6), ("business", 6)], ("elapsed", 6)),
        (("business", 8), [("elapsed", 7), ("business", 6)], ("business", 6)),
        (None, [("business", 6)], ("business", 6)),
    ],
)
def test_which_target_is_the_shortest(
    standing_target: tuple[str, int] | None, raised: list[tuple[str, int]], left: tuple[str, int] | None
) -> None:
    """Business time stands still off hours, so it is never relied on to beat time elapsed."""
    base = target(*standing_target) if standing_target else None
    for order in (raised, raised[::-1]):
        found = shortest(base, [(target(*pair), "trigger:x") for pair in order])
        assert (found[0] if found else None) == (target(*left) if left else None)


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from(["business", "elapsed"]),
    st.sampled_from(["business", "elapsed"]),
)
def test_surely_no_later_is_an_order(one_hours: int, other_hours: int, one_basis: str, other_basis: str) -> None:
    one, other = target(one_basis, one_hours), target(other_basis, other_hours)
    assert surely_no_later(one, one)
    if surely_no_later(one, other) and surely_no_later(other, one):
        assert (one.basis, one.seconds) == (other.basis, other.seconds)
    assert surely_no_later(one, None)


def test_the_oracle_agrees_on_the_small_marketplace() -> None:
    policy = market()
    for category in policy.central.categories:
        for region in policy.central.regions:
            facts = case_facts(policy, {"category": category, "region": region, "signals": {"ring": True}})
            told, decision = oracle.decide(policy, facts), evaluate(policy, facts)
            assert (decision.rule, list(decision.trace)) == (told.rule, told.trace)


def test_a_place_without_rules_is_decided_by_its_category() -> None:
    policy = Policy.model_validate(policies.base_document())
    decision = evaluate(policy, Facts({"category": Fact("a"), "region": Fact("us")}))
    assert (decision.rule, decision.trace, decision.trigger_trace) == (None, b"", b"")
    assert set(decision.origins.values()) == {"category", "default", "region:us"}
