"""The golden table of decisions, and how its reasons read (tests/data/decisions.yaml)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from escalations.core.decision import Decision
from escalations.core.matrix import case_facts, evaluate, rules_tried
from escalations.core.policy import Policy, Target
from escalations.core.words import Record, everyone, explain
from tests.core.policies import DATA, market

TABLE = yaml.safe_load((DATA / "decisions.yaml").read_text(encoding="utf-8"))
FIRED = {1: "in full", 2: "on a claim", 3: "no amount for this currency", 4: "on a claim, no amount"}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return market()


@pytest.fixture(params=TABLE, ids=[row["name"] for row in TABLE])
def row(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


@pytest.fixture
def decision(policy: Policy, row: dict[str, Any]) -> Decision:
    return evaluate(policy, case_facts(policy, row["case"]))


def test_the_case_goes_where_the_table_says(decision: Decision, row: dict[str, Any]) -> None:
    outcome = {**decision.outcome(), "region": decision.region}
    expected = dict(row["decision"])
    for kind, target in expected.pop("targets", {}).items():
        assert decision.targets[kind] == Target.model_validate(target), kind
    assert {field: outcome[field] for field in expected} == expected


def test_the_trace_says_how_each_rule_fared(policy: Policy, decision: Decision, row: dict[str, Any]) -> None:
    fared = {}
    for rule, code in zip(rules_tried(policy, decision.region), decision.trace, strict=True):
        if code not in (254, 255):
            fared[rule.key] = "matched" if code == 0 else f"condition {code} failed"
    assert fared == row["rules"]
    assert list(fared) == list(row["rules"]), "in the order tried"
    triggers = zip(policy.central.triggers, decision.trigger_trace, strict=True)
    assert {trigger.key: FIRED[code] for trigger, code in triggers if code} == row["triggers"]


def test_the_reasons_read_so(policy: Policy, decision: Decision, row: dict[str, Any]) -> None:
    why = explain(policy, Record.of(decision), everyone, version=14).sentences()
    assert list(why[: len(row["why"])]) == row["why"]


def test_who_may_not_see_is_told_less(policy: Policy, decision: Decision, row: dict[str, Any]) -> None:
    why = explain(policy, Record.of(decision), lambda channel: False, version=14)
    expected = row.get("restricted", [])
    assert list(why.sentences()[: len(expected)]) == expected
    said = " ".join(why.sentences())
    assert "linked" not in said.lower()
    assert "known ring" not in said
