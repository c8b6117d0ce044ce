"""`route`: a decision with its reasons, for one case or many; nothing is written."""

from __future__ import annotations

import io
import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError

pytestmark = pytest.mark.django_db

PARCEL = {"category": "order.not-received", "symptom": "late", "region": "us"}
APPEAL = {
    "category": "seller.suspension-appeal",
    "symptom": "suspended-performance",
    "region": "eu-de",
    "party": {"kind": "seller"},
    "facts": {"previous_appeals": 0},
    "signals": {"money_at_risk": {"amount": "4100.00", "currency": "EUR"}},
}
RING = {"category": "seller.payout-hold", "region": "us", "facts": {"ring_indicator": True}}


@pytest.fixture(autouse=True)
def _playbook() -> None:
    call_command("install_playbook", "--preset", "team", stdout=StringIO())


def run(*arguments: str) -> str:
    out, err = StringIO(), StringIO()
    call_command("route", *arguments, stdout=out, stderr=err)
    return out.getvalue()


def lines(path: Path, *cases: Any) -> str:
    file = path / "cases.jsonl"
    file.write_text("\n".join(case if isinstance(case, str) else json.dumps(case) for case in cases), encoding="utf-8")
    return str(file)


def answers(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("--json", *arguments).splitlines()]


def test_one_case_with_its_reasons(tmp_path: Path) -> None:
    told = run(lines(tmp_path, json.dumps(APPEAL, indent=2)))
    assert "Line 1: seller.suspension-appeal in eu-de" in told
    assert "goes to seller-finance, L2, channel general, high" in told
    assert "Version 1, rule appeal-with-funds-held (priority 410)" in told
    assert "money at risk (EUR 4,100, claimed) is at least EUR 1,000" in told
    assert "appeal-repeat because earlier appeals on the same matter is 0, not at least 1" in told


def test_many_cases_as_json(tmp_path: Path) -> None:
    one, two = answers(lines(tmp_path, PARCEL, "", APPEAL))
    assert (one["line"], one["owner"], one["rule"], one["policy_version"]) == (1, "delivery", None, 1)
    assert (two["line"], two["owner"], two["rule"]) == (3, "seller-finance", "appeal-with-funds-held")
    assert two["because"].startswith("A seller's income is at stake")
    assert {"rule": "appeal-repeat", "reason": "earlier appeals on the same matter is 0, not at least 1"} in two[
        "passed_over"
    ]
    assert one["targets"]["first_response"] == {"business": "PT4H", "warn": [75]}


def test_restricted_rules_are_named_only_when_asked_for(tmp_path: Path) -> None:
    file = lines(tmp_path, RING)
    hidden = run("--json", file)
    assert json.loads(hidden)["rule"] == "restricted"
    for word in ("hold-linked-to-ring", "linked-to-a-ring", "ring_indicator", "Linked to a known ring"):
        assert word not in hidden
        assert word not in run(file)
    assert answers("--restricted", file)[0]["rule"] == "hold-linked-to-ring"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(PARCEL)))
    assert "goes to delivery" in run("-")


@pytest.mark.parametrize(
    ("case", "field", "words"),
    [
        ({**PARCEL, "category": "order.lost"}, "category", "the policy has no 'order.lost'"),
        ({**PARCEL, "symptom": "sad"}, "symptom", "has no 'sad'; choose one of"),
        ({**PARCEL, "region": "mars"}, "region", "the policy has no 'mars'"),
        ({**PARCEL, "facts": {"order_value": 5}}, "facts.order_value", "expected an amount"),
        ({**PARCEL, "colour": "red"}, "colour", "no such field"),
        ("{'category': 1}", "document", "not JSON"),
        ("[1, 2]", "document", "write one JSON object"),
    ],
)
def test_a_bad_case_is_told_by_line_and_field_and_the_rest_goes_on(
    tmp_path: Path, case: Any, field: str, words: str
) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 3 could not be routed") as caught:
        call_command("route", lines(tmp_path, PARCEL, case, APPEAL), "--json", stdout=out)
    assert caught.value.returncode == 1
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [answer.get("owner") for answer in told] == ["delivery", None, "seller-finance"]
    assert told[1]["line"] == 2
    assert told[1]["error"]["field"] == field
    assert words in told[1]["error"]["message"]


def test_a_broken_first_line_does_not_hide_the_others(tmp_path: Path) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 2"):
        call_command("route", lines(tmp_path, '{"category": ', PARCEL), "--json", stdout=out)
    assert [json.loads(line)["line"] for line in out.getvalue().splitlines()] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("/none/such.json",), 2), (("--policy-version", "9", "FILE"), 2), (("EMPTY",), 2)],
)
def test_wrong_arguments(tmp_path: Path, arguments: tuple[str, ...], status: int) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n\n", encoding="utf-8")
    given = [lines(tmp_path, PARCEL) if a == "FILE" else str(empty) if a == "EMPTY" else a for a in arguments]
    with pytest.raises(CommandError) as caught:
        run(*given)
    assert caught.value.returncode == status


def test_nothing_is_written(tmp_path: Path) -> None:
    def count() -> dict[str, int]:
        return {model._meta.label: model._default_manager.count() for model in apps.get_models()}

    before = count()
    run(lines(tmp_path, PARCEL, APPEAL, RING))
    assert count() == before
