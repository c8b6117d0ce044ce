"""Facts from outside: read whole, or refused with the field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core.facts import Fact, FactError, Facts, Money, parse_value, plain
from escalations.core.matrix import case_facts, recorded_facts
from escalations.core.policy import Policy
from tests.core.policies import market, market_document


@pytest.fixture(scope="module")
def policy() -> Policy:
    return market()


CONTRACT = {
    "category": "order.damaged",
    "symptom": "broken",
    "summary": "The cup is broken",
    "description": "Into a thousand pieces.",
    "region": "eu-de",
    "language": "de",
    "source": "api",
    "external_ref": "shop-881",
    "party": {"kind": "buyer", "name": "Ada", "email": "ada@example.org", "phone": "1", "external_id": "b-1"},
    "signals": {"money_at_risk": {"amount": "250.00", "currency": "EUR"}, "legal": False, "safety": None},
    "facts": {"hazards": ["fire"], "previous_appeals": 2, "payment_method": "card"},
}


def test_a_case_as_the_contract_writes_it(policy: Policy) -> None:
    facts = case_facts(policy, CONTRACT)
    assert facts.values == {
        "category": Fact("order.damaged"),
        "symptom": Fact("broken"),
        "region": Fact("eu-de"),
        "language": Fact("de"),
        "source": Fact("api"),
        "party_kind": Fact("buyer"),
        "money_at_risk": Fact(Money(Decimal("250.00"), "EUR"), "claimed"),
        "legal": Fact(False, "claimed"),
        "hazards": Fact(("fire",)),
        "previous_appeals": Fact(2),
        "payment_method": Fact("card"),
    }


def test_no_text_becomes_a_fact(policy: Policy) -> None:
    told = str(case_facts(policy, CONTRACT))
    for text in ("cup", "pieces", "Ada", "ada@example.org", "shop-881", "b-1"):
        assert text not in told


def test_a_signal_says_its_state_and_source(policy: Policy) -> None:
    written = {"value": True, "state": "verified", "source": "call of 12 Nov"}
    facts = case_facts(policy, {"category": "order", "region": "us", "signals": {"legal": written}})
    assert facts.values["legal"] == Fact(True, "verified", "call of 12 Nov")


def test_regions_of_buyer_and_seller_are_told_apart(policy: Policy) -> None:
    regions = {"buyer": "us", "seller": "eu-de"}
    facts = case_facts(policy, {"category": "seller.appeal", "regions": regions})
    assert facts.regions == regions
    assert facts.text("region") == "eu-de", "the region of whom the category goes by"


def test_where_there_is_one_region_it_need_not_be_said() -> None:
    document = market_document()
    document["central"]["regions"] = {"world": document["central"]["regions"]["world"]}
    document["central"]["statutory"], document["variants"] = {}, {}
    facts = case_facts(Policy.model_validate(document), {"category": "order"})
    assert facts.text("region") == "world"


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"category": None}, "category", "say what the case is about, one of counterfeit, order"),
        ({"category": "toys"}, "category", "the policy has no 'toys'; choose one of"),
        ({"category": 7}, "category", "expected a text, got 7"),
        ({"region": None}, "region", "say where, one of eu, eu-de, us, world"),
        ({"region": "mars"}, "region", "the policy has no 'mars'"),
        ({"regions": {"seller": "mars"}}, "regions.seller", "the policy has no 'mars'"),
        ({"regions": {"friend": "us"}}, "regions.friend", "a region is the buyer, seller, storefront's"),
        ({"regions": "us"}, "regions", "expected an object"),
        ({"symptom": "leaks"}, "symptom", "order.damaged has no 'leaks'; choose one of broken, leaking"),
        ({"language": "german"}, "language", 'write a language such as "en" or "de-AT"'),
        ({"source": "a web form"}, "source", "expected a code of letters"),
        ({"party": "Ada"}, "party", "expected an object"),
        ({"party": {"kind": "a buyer"}}, "party.kind", "expected a code"),
        ({"signal": {}}, "signal", "no such field; a case has category, symptom"),
        ({"signals": []}, "signals", "expected an object"),
        ({"signals": {"danger": True}}, "signals.danger", "the policy declares no such signal (there are legal"),
        ({"signals": {"hazards": ["fire"]}}, "signals.hazards", "stands under facts"),
        ({"facts": {"legal": True}}, "facts.legal", "stands under signals"),
        ({"signals": {"legal": "yes"}}, "signals.legal", "expected true or false, got 'yes'"),
        ({"signals": {"legal": {"value": True, "state": "sure"}}}, "signals.legal.state", "is one of claimed"),
        ({"signals": {"legal": {"value": True, "note": "x"}}}, "signals.legal.note", "value, state and source"),
        ({"facts": {"previous_appeals": {"value": 1, "state": "claimed"}}}, "facts.previous_appeals.state", "given"),
        ({"facts": {"previous_appeals": 1.5}}, "facts.previous_appeals", "expected a whole number"),
        ({"facts": {"previous_appeals": True}}, "facts.previous_appeals", "expected a whole number"),
        ({"facts": {"payment_method": "gold"}}, "facts.payment_method", "is one of card, wallet, transfer"),
        ({"facts": {"hazards": ["noise"]}}, "facts.hazards", "is one of fire, injury, poison"),
        ({"facts": {"hazards": "fire"}}, "facts.hazards", "expected a list of texts"),
        ({"signals": {"money_at_risk": 250}}, "signals.money_at_risk", "expected an amount such as"),
        ({"signals": {"money_at_risk": {"amount": "x", "currency": "EUR"}}}, "signals.money_at_risk", "give money as"),
        ({"signals": {"money_at_risk": {"amount": "1.005", "currency": "EUR"}}}, "signals.money_at_risk", "decimals"),
        ({"signals": {"money_at_risk": {"amount": "-1", "currency": "EUR"}}}, "signals.money_at_risk", "zero or more"),
        ({"signals": {"money_at_risk": {"amount": "NaN", "currency": "EUR"}}}, "signals.money_at_risk", "zero or more"),
        ({"signals": {"money_at_risk": {"amount": "1", "currency": "eur"}}}, "signals.money_at_risk", "three capital"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_field(
    policy: Policy, change: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(FactError) as refused:
        case_facts(policy, {**CONTRACT, **change})
    assert refused.value.field == field
    assert words in str(refused.value)


def test_a_case_is_an_object(policy: Policy) -> None:
    with pytest.raises(FactError, match="expected an object"):
        case_facts(policy, ["order"])  # type: ignore[arg-type]


VALUES = {
    "flag": st.booleans(),
    "number": st.integers(),
    "text": st.text(min_size=1),
    "list": st.lists(st.text()).map(tuple),
    "money": st.builds(
        Money,
        st.decimals(0, 10**11, places=2, allow_nan=False, allow_infinity=False),
        st.sampled_from(["EUR", "USD"]),
    ),
}


@given(st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind])))
def test_a_value_survives_the_way_through_json(pair: tuple[str, Any]) -> None:
    kind, value = pair
    assert parse_value("fact", kind, plain(value)) == value


def test_a_dismissed_fact_reads_as_unknown() -> None:
    facts = Facts({"legal": Fact(True, "dismissed"), "region": Fact("us")})
    assert facts.get("legal") is None
    assert facts.text("region") == "us"
    assert facts.text("legal") == facts.text("source") == ""


def test_a_record_of_other_facts_is_refused(policy: Policy) -> None:
    with pytest.raises(FactError, match="declares no such fact"):
        recorded_facts(policy, {"colour": {"value": "red", "state": "given"}}, "order", "us")
