"""Scenarios: what is not as an edition says is told in words, with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from escalations.core.policy import Policy, problems
from escalations.core.scenario import Scenario, run, run_all
from tests.core.policies import market, market_document

APPEAL = {
    "category": "seller.appeal",
    "region": "eu-de",
    "signals": {"money_at_risk": {"amount": "4100", "currency": "EUR"}},
}


def scenario(case: dict[str, Any], received: str | None = None, **expect: Any) -> Scenario:
    return Scenario.model_validate({"name": "A case", "case": case, "received": received, "expect": expect})


def test_what_is_as_expected_says_nothing() -> None:
    everything = scenario(
        APPEAL,
        "2026-11-20T16:30:00+01:00",
        rule="appeal-with-funds-held",
        owner="payments",
        backups=["trust"],
        specialisms=["appeals"],
        level="L2",
        channel="general",
        severity="high",
        ladder="fast",
        protocol=None,
        calendar="office",
        triggers=[],
        statutory=["eu-notice"],
        held_back={"level": "L3"},
        # Friday 16:30, an hour of business time: half an hour is left before the weekend.
        due={"first_response": "2026-11-23T09:30:00+01:00", "assign": "2026-11-23T09:30:00+01:00"},
    )
    assert run(market(), everything) == []


@pytest.mark.parametrize(
    ("case", "expect", "words"),
    [
        (APPEAL, {"owner": "trust"}, "owner: expected trust, got payments (from rule:appeal-with-funds-held)"),
        (APPEAL, {"level": "L3"}, "level: expected L3, got L2 (from category)"),
        (APPEAL, {"protocol": "x"}, "protocol: expected x, got none (from category)"),
        (APPEAL, {"held_back": {}}, "held_back: expected nothing, got level L3"),
        (APPEAL, {"triggers": ["ring"]}, "triggers: expected ring, got none"),
        (APPEAL, {"rule": None}, "rule: expected none, but rule appeal-with-funds-held matched"),
        (
            APPEAL,
            {"rule": "appeal-repeat"},
            (
                "rule: expected appeal-repeat, but rule appeal-with-funds-held matched; "
                "appeal-repeat was passed over because previous appeals is not known"
            ),
        ),
        (
            {"category": "order", "region": "us"},
            {"rule": "de-transfer"},
            "rule: expected de-transfer, but no such rule is tried in us",
        ),
        (
            {"category": "order", "region": "us"},
            {"rule": "small"},
            "rule: expected small, but no rule matched; small is for other categories or regions",
        ),
        (
            {"category": "order.damaged", "region": "eu-de", "facts": {"payment_method": "transfer"}},
            {"rule": "wallet"},
            "rule: expected wallet, but rule de-transfer matched before it was tried",
        ),
        (
            {"category": "order", "region": "mars"},
            {"owner": "orders"},
            "case.region: the policy has no 'mars'; choose one of eu, eu-de, us, world",
        ),
        (
            {"category": "seller", "region": "us", "regions": {"seller": "us"}, "signals": {"ring": "yes"}},
            {"owner": "payments"},
            "case.signals.ring: expected true or false, got 'yes'",
        ),
    ],
)
def test_a_mismatch_says_what_came_and_why(case: dict[str, Any], expect: dict[str, Any], words: str) -> None:
    assert run(market(), scenario(case, **expect)) == [words]


def test_a_due_time_is_told_in_the_zone_in_which_it_was_expected() -> None:
    late = scenario(APPEAL, "2026-11-20T16:30:00+01:00", due={"first_response": "2026-11-20T17:30:00+01:00"})
    (words,) = run(market(), late)
    assert words == (
        "due.first_response: expected 2026-11-20 17:30:00+01:00, got 2026-11-23 09:30:00+01:00 "
        "(from rule:appeal-with-funds-held, calendar office)"
    )


def test_elapsed_targets_run_off_hours_too() -> None:
    threat = {"category": "order", "region": "us", "signals": {"legal": {"value": True, "state": "verified"}}}
    night = scenario(threat, "2026-11-22T03:00:00Z", due={"first_response": "2026-11-22T05:00:00Z"})
    assert run(market(), night) == []


def test_a_target_that_there_is_not() -> None:
    document = market_document()
    del document["central"]["defaults"]["targets"]["next_update"]
    document["variants"] = {}
    promised = scenario(
        {"category": "order", "region": "us"}, "2026-11-20T12:00Z", due={"next_update": "2026-11-21T12:00Z"}
    )
    (words,) = run(Policy.model_validate(document), promised)
    assert words.endswith("but there is no such target")


def test_a_calendar_that_never_opens_is_a_mismatch() -> None:
    document = market_document()
    document["central"]["calendars"]["new-york"]["weekly_hours"] = {}
    promised = scenario({"category": "order", "region": "us"}, "2026-11-20T12:00Z", due={"assign": "2026-11-21T12:00Z"})
    (words,) = run(Policy.model_validate(document), promised)
    assert words.startswith("due.assign: the calendar new-york cannot say when")


def test_all_that_fail_are_told_together() -> None:
    good, bad = scenario(APPEAL, owner="payments"), scenario(APPEAL, owner="trust", level="L1")
    assert [(failed, len(words)) for failed, words in run_all(market(), [good, bad, good])] == [(bad, 2)]


@pytest.mark.parametrize(
    ("written", "place", "words"),
    [
        ({"name": "x", "case": APPEAL, "expect": {}}, "expect", "say what must come of the case"),
        ({"name": "x", "case": APPEAL, "expect": {"ownr": "a"}}, "expect.ownr", "Extra inputs are not permitted"),
        ({"name": "x", "case": {}, "expect": {"owner": "a"}}, "case", "at least 1 item"),
        (
            {"name": "x", "case": APPEAL, "expect": {"due": {"assign": "2026-11-23T09:30Z"}}},
            "document",
            "say when the case is received",
        ),
        (
            {"name": "x", "case": APPEAL, "received": "2026-11-23T09:30", "expect": {"owner": "a"}},
            "received",
            "should have timezone info",
        ),
        ({"name": "x", "case": APPEAL, "expect": {"severity": "huge"}}, "expect.severity", "'critical'"),
    ],
)
def test_a_scenario_that_cannot_be_run_is_refused(written: dict[str, Any], place: str, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Scenario.model_validate(written)
    ((path, message),) = problems(refused.value)
    assert path == place
    assert words in message
