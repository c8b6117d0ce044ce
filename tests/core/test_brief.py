"""The brief: short, from what is on record, with what is open and what comes next."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from escalations.core.brief import LONGEST, Promise, Stay, Step, make

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


def step(kind: str, minutes: int = 0, words: str = "", **data: Any) -> Step:
    return Step(NOW + dt.timedelta(minutes=minutes), kind, "Mia", data, words)


def brief(*steps: Step, **changes: Any) -> Any:
    given: dict[str, Any] = {"impact": [], "promised": [], "missing": [], "path": [], "status": "in_progress"}
    return make(steps=steps, **(given | changes))


def test_bookkeeping_is_not_told_and_words_are_kept_short() -> None:
    told = brief(step("case.opened", words="vase  broken\n"), step("clock.met"), step("note.added", words="x" * 500))
    assert [line.text for line in told.done] == ["case opened: vase broken", "noted: " + "x" * 197 + "…"]


def test_a_long_story_keeps_its_beginning_and_its_end_and_counts_the_rest() -> None:
    told = brief(step("case.opened", words="first"), *(step("message.sent", n, f"m{n}") for n in range(1, 40)))
    assert len(told.done) == LONGEST
    assert told.done[0].text == "case opened: first"
    assert told.done[-1].text == "answered the party: m39"
    assert told.untold == 40 - LONGEST


def test_a_question_is_open_until_somebody_says_something() -> None:
    asked = step("note.added", 1, "does the warning of 2024 count?")
    assert [line.text for line in brief(asked).questions] == ["noted: does the warning of 2024 count?"]
    assert brief(asked, step("note.added", 2, "no, it lapsed")).questions == ()
    assert brief(asked, step("clock.met", 2)).questions != ()


def test_promises_come_soonest_first() -> None:
    late, soon = Promise("resolution", NOW + dt.timedelta(days=2)), Promise("first answer", NOW)
    assert brief(promised=[late, soon]).promised == (soon, late)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "assigned", "offered": True}, "accept the handoff"),
        ({"waiting_for_approval": True}, "decide on the remedy"),
        ({"status": "new", "held": False}, "take the case"),
        ({"status": "reopened", "held": True}, "decide, tell the party"),
        ({"status": "waiting"}, "wait"),
        ({"missing": ["trade licence"]}, "get what is missing: trade licence"),
        ({"status": "resolved"}, "close the case"),
        ({"status": "closed"}, "nothing"),
    ],
)
def test_the_next_action_is_what_holds_the_case_up(changes: dict[str, Any], expected: str) -> None:
    assert brief(**changes).next_action.startswith(expected)


def test_a_brief_is_kept_as_plain_json() -> None:
    import json

    whole = brief(
        step("case.opened", words="broken"),
        promised=[Promise("first answer", NOW)],
        path=[Stay("Orders", "L1", NOW), Stay("Brand", "L2", NOW, returned=True)],
    ).document()
    assert json.loads(json.dumps(whole)) == whole
    assert whole["path"][1]["returned"] is True


def test_an_event_without_an_expected_field_does_not_break_the_brief() -> None:
    assert brief(step("case.escalated")).done[0].text == "escalated from ? to ?"
