"""The golden table of differences (tests/data/diff.yaml), and what is made of them: groups, lanes, history."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from escalations.core.matrix import case_facts, evaluate
from escalations.core.policy import Policy, document
from playbook.core.diff import Address, Content, apply, changelog, diff, for_reader, grouped, history_of, said
from playbook.core.diff.comparing import SECTIONS
from playbook.core.diff.lanes import NORMATIVE, TABLE
from playbook.core.diff.saying import SAYERS
from playbook.core.diff.words import DEFAULTS
from playbook.core.entries import ALONE
from tests.playbook.differences import CLASSES, checked, content_of, edited, make, team, tree_of

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
ROWS = yaml.safe_load((DATA / "diff.yaml").read_text(encoding="utf-8"))
LANES = {True: "N", False: "E"}


@pytest.fixture(params=ROWS, ids=[row["name"] for row in ROWS])
def row(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


@cache
def with_edits(name: str) -> Content:
    """The starter playbook with the edits of a row."""
    return edited(next(row["edits"] for row in ROWS if row["name"] == name))


def test_a_small_edit_reads_so(row: dict[str, Any]) -> None:
    new = with_edits(row["name"])
    changes = diff(team(), new)
    assert [f"{c.kind}, {LANES[c.normative]}: {c.sentence}." for c in changes] == row["says"]
    assert [who.name for who in grouped(changes, CLASSES)] == row["groups"]
    full = [f"{change.sentence}." for change in changes]
    assert [f"{change.sentence}." for change in for_reader(changes)] == row.get("restricted", full)
    assert apply(team(), changes).tree == new.tree


def test_the_table_speaks_of_every_section() -> None:
    spoken = {change.section for row in ROWS for change in diff(team(), with_edits(row["name"]))}
    # A skill and a role are told like a team.
    assert set(SAYERS) - spoken == {"specialisms", "roles"}


# ------------------------------------------------------------------------------------------- true to the document


def test_every_section_of_the_document_has_a_sayer_and_a_place() -> None:
    sections = {*document.Central.model_fields, *document.Variant.model_fields}
    assert sections - set(SAYERS) == set()
    assert sections - set(SECTIONS) == set()
    kinds = {name: field.annotation for name, field in document.Central.model_fields.items()}
    single = {
        name
        for name, kind in kinds.items()
        if any(map(is_model, get_args(kind) if isinstance(kind, UnionType) else [kind]))
    }
    assert single == ALONE


def is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def test_what_is_left_out_has_the_value_that_the_document_gives_it() -> None:
    found: dict[str, list[Any]] = {}
    for model in vars(document).values():
        if is_model(model):
            for name, field in model.model_fields.items():
                if (
                    name != "years"  # written in the duration itself
                    and not field.is_required()
                    and field.default not in (None, (), {})
                    and not is_model(type(field.default))
                ):
                    plain = list(field.default) if isinstance(field.default, tuple) else field.default
                    found.setdefault(name, []).append(plain)
    assert {name: values[0] for name, values in found.items()} == dict(DEFAULTS)
    assert all(value == values[0] for values in found.values() for value in values)


# --------------------------------------------------------------------------------------------- normative or editorial


def test_every_lane_has_its_reason() -> None:
    assert all(line.reason and line.reason != NORMATIVE for line in TABLE)


def test_what_is_editorial_changes_no_decision_and_no_promise() -> None:
    """All words that the table calls editorial, changed at once: every scenario is decided as before."""
    tree = tree_of(team())
    central = tree["policy"]["central"]
    tree["policy"]["title"] += " x"
    for section in ("levels", "channels", "teams", "roles", "specialisms", "regions", "facts", "ladders", "statutory"):
        for thing in central[section].values():
            thing["name"] += " x"
    for section in ("pause_reasons", "remedies"):
        for thing in central[section].values():
            thing["name"] += " x"
    for thing in (*central["rules"], *central["triggers"]):
        thing["name"] += " x"
    for thing in central["teams"].values():
        thing["purpose"] = "Another purpose."
    for category in central["categories"].values():
        category["name"] += " x"
        category["summary"] = "Another summary."
        category["decision_points"] = [{"question": "Another?", "choices": ["Yes", "No"]}]
        for field in ("symptoms", "root_causes"):
            category[field] = {key: f"{name} x" for key, name in category[field].items()}
        for thing in (*category["evidence"], *category["path"]):
            thing["name"] += " x"
    for by_language in central["messages"].values():
        for template in by_language.values():
            template["subject"] += " x"
            template["body"] += " Goodbye."
    tree["pages"]["en/protocol.parcel-trace"] += "\nMore.\n"
    tree["pages"]["en/guide.start"] += "\nMore.\n"
    new = checked(tree)
    changes = diff(team(), new)
    assert len(changes) > 800
    assert [str(change.address) for change in changes if change.normative] == []
    old_policy, new_policy = Policy.model_validate(team().policy), Policy.model_validate(new.policy)
    for scenario in team().scenarios:
        one = evaluate(old_policy, case_facts(old_policy, scenario["case"]))
        other = evaluate(new_policy, case_facts(new_policy, scenario["case"]))
        assert (one.outcome(), one.trace, one.trigger_trace) == (other.outcome(), other.trace, other.trigger_trace)


@pytest.mark.parametrize(
    ("at", "to"),
    [
        (["central", "messages", "remedy", "en", "body"], "Hello {party}\n"),
        (["central", "rules", "refund-wallet", "because"], "Another reason."),
        (["central", "statutory", "br-data-request", "basis"], "Another law."),
        (["central", "categories", "promo.voucher", "symptoms", "new"], "New"),
        (["pages", "en/category.order.damaged"], "# Damage\n"),
        (["central", "something_new"], {"a": 1}),
    ],
)
def test_what_no_line_of_the_table_names_is_normative(at: list[str], to: Any) -> None:
    tree = tree_of(team())
    make(tree, {"at": at, "to": to})
    assert [change.normative for change in diff(team(), content_of(tree))] == [True]


# --------------------------------------------------------------------------------------------------- who may see what


def test_a_restricted_rule_is_told_the_same_whatever_became_of_it() -> None:
    for edit in (
        {"at": ["central", "rules", "ring-large"], "remove": True},
        {"at": ["central", "rules", "ring-large", "priority"], "to": 111},
        {"at": ["central", "rules", "ring-large", "visibility"], "remove": True},
    ):
        changes = diff(team(), edited([edit]))
        assert {said(change, ()) for change in changes} == {"A restricted rule was changed"}
        assert all("ring" in said(change, ("fraud",)).lower() for change in changes)
        (shown,) = for_reader(changes, ("legal",))
        assert shown.address == Address("", "rules")
        assert shown.affected == ()


def test_a_page_that_only_restricted_rules_lead_to_is_restricted() -> None:
    tree = tree_of(team())
    central = tree["policy"]["central"]
    central["categories"]["integrity.fraud-ring"]["protocol"] = "parcel-trace"
    old = checked(tree)
    tree["pages"]["en/protocol.ring-review"] = "# Linked accounts\n\nFifty is the number.\n"
    (change,) = diff(old, checked(tree))
    assert said(change, ()) == "A restricted page was changed"
    assert "Linked accounts" in said(change, ("fraud",))


def test_what_stands_after_something_restricted_does_not_name_it() -> None:
    rule = {"key": "new", "name": "New", "priority": 115, "then": {"level": "L2"}, "because": "Because."}
    changes = diff(team(), edited([{"at": ["central", "rules"], "follows": "ring-large", "add": rule}]))
    assert changes[0].follows == "ring-large"
    (shown,) = for_reader(changes)
    assert shown.follows is None
    assert shown.sentence == changes[0].sentence


# ------------------------------------------------------------------------------------------------ changelog, history


def test_a_changelog_has_each_change_once_with_its_reason() -> None:
    edits = [
        {"at": ["central", "remedies", "voucher", "limits", "L1", "EUR"], "to": "50"},
        {"at": ["central", "categories", "seller.payout-hold", "owner"], "to": "payments"},
        {"at": ["central", "categories", "seller.payout-hold", "summary"], "to": "A *payout* waits."},
        {"at": ["central", "rules", "ring-large", "then", "level"], "to": "L4"},
        {"at": ["central", "teams", "payments", "on_call"], "to": "duty-lead"},
    ]
    rationales = {
        Address("central", "remedies", "voucher", ("limits", "L1", "EUR")): "Never used: the address is deeper.",
        Address("central", "remedies", "voucher", ("limits", "L1")): "Thirty euros settle nothing.\n\nAsked by Care.",
        Address("central", "categories", "seller.payout-hold"): "Payments holds the money.",
        Address("central", "rules", "ring-large"): "Rings grow.",
    }
    changes = diff(team(), edited(edits))
    told = changelog(changes, rationales, CLASSES)
    assert told == (DATA / "changelog.md").read_text(encoding="utf-8")
    for_everybody = changelog(changes, rationales)
    assert "- A restricted rule was changed.\n" in for_everybody
    assert "Rings grow" not in for_everybody
    assert changelog((), {}) == "Nothing was changed.\n"


def test_a_name_cannot_write_markdown() -> None:
    name = "Money\n\n## For buyers <b>[x](y)"
    told = changelog(diff(team(), edited([{"at": ["central", "teams", "payments", "name"], "to": name}])), {})
    assert [line[:30] for line in told.splitlines() if line] == [
        "## For the desk itself",
        "- Team 'Payments' is called 'M",
    ]
    assert r"\#\# For buyers \<b>\[x\](y)" in told


def test_the_reason_of_a_rule_is_kept_with_what_is_kept_of_it() -> None:
    """A rationale may tell what a guarded condition says, so it goes where any of its rule is withheld."""
    guarded = {"all": [{"fact": "items_affected", "gte": 20}, {"fact": "ring_indicator", "eq": True}]}
    at = ["central", "rules", "reviews-organised"]
    changes = diff(team(), edited([{"at": [*at, "when"], "to": guarded}, {"at": [*at, "then", "level"], "to": "L3"}]))
    why = {Address("central", "rules", "reviews-organised"): "Rings review each other."}
    assert changelog(changes, why, CLASSES).count("Rings review each other.") == 2
    assert "Rings review" not in changelog(changes, why)


def test_how_a_category_has_evolved() -> None:
    tree = tree_of(team())
    versions = [(1, Policy.model_validate(tree["policy"]))]
    germany = ["variants", "eu-de", "categories", "integrity.counterfeit"]
    for at, to in (
        (["central", "teams", "payments", "name"], "Money"),
        ([*germany, "targets", "resolution"], {"business": "PT5H", "warn": [50, 80]}),
        (["central", "rules", "fake-many-reports", "when", "gte"], 4),
        (["central", "ladders", "second-line", "rungs", "head", "after"], {"elapsed": "PT36H"}),
        (["central", "rules", "refund-wallet", "priority"], 215),
        (["central", "triggers", "extra-care", "raises", "severity"], "critical"),
    ):
        make(tree, {"at": at, "to": to})
        versions.append((len(versions) + 1, Policy.model_validate(tree["policy"])))
    chapters = history_of("integrity.counterfeit", versions)
    assert [(chapter.version, *(change.sentence for change in chapter.changes)) for chapter in chapters] == [
        (
            3,
            (
                "Germany, Counterfeit report: resolved within 9 business hours -> 5 business hours "
                "(the centre: 18 business hours)"
            ),
        ),
        (
            4,
            (
                "Rule 'Many reports of one seller' applies when independent reports is at least 5 -> "
                "when independent reports is at least 4"
            ),
        ),
        (5, "Ladder 'Second line, 24, 48 and 72 hours': L3 Head of area after 48 hours -> after 36 hours"),
        (7, "Trigger 'A person who needs extra care': severity high -> critical"),
    ]


def test_the_words_are_the_same_in_every_process() -> None:
    code = (
        "from tests.playbook.differences import edited, make, team, tree_of, content_of, CLASSES\n"
        "from playbook.core.diff import changelog, diff, for_reader\n"
        "import yaml, hashlib\n"
        "rows = yaml.safe_load(open('tests/data/diff.yaml', encoding='utf-8'))\n"
        "found = [diff(team(), edited(row['edits'])) for row in rows[::12]]\n"
        "told = [[c.sentence, c.affected, c.categories, len(c.sentences)] for one in found for c in one]\n"
        "print(hashlib.sha256(repr([told, [changelog(one, {}, CLASSES) for one in found]]).encode()).hexdigest())\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
