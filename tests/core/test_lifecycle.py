"""The lifecycle: the table as people read it, and what no sequence of acts can reach."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core import lifecycle
from escalations.core.lifecycle import ACTS, ON_ACCESS, OPEN, STATUSES, WORKED_ON, Allowed, Refused, allowed

GOLDEN = Path(__file__).parents[1] / "data" / "lifecycle.md"

statuses = st.sampled_from(STATUSES)
acts = st.sampled_from(ACTS)
holders = st.sampled_from([None, "same", "team", "person"])


def golden() -> dict[str, dict[str, str]]:
    """The table of `tests/data/lifecycle.md`: act -> column -> cell."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in GOLDEN.read_text().splitlines()
        if line.startswith("|") and not line.startswith("|--")
    ]
    head, body = rows[0], rows[1:]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in body}


def cell(status: str, act: str) -> str:
    """One cell as the golden table writes it."""
    usual = allowed(status, act)
    if isinstance(usual, Refused):
        return "-"
    leads = "stays" if usual.to == status else usual.to
    others = {allowed(status, act, holder=holder).to for holder in ("same", "team", "person")}
    return leads if others == {usual.to} else f"{leads} *"


def test_the_table_is_the_one_that_people_read():
    expected = golden()
    assert list(expected) == list(ACTS)
    found = {
        act: {status: cell(status, act) for status in STATUSES}
        | {
            "who may": ", ".join(dict.fromkeys(r for m in lifecycle.MOVES if m.act == act for r in m.who)),
            "given with it": ", ".join(dict.fromkeys(n for m in lifecycle.MOVES if m.act == act for n in m.needs)),
            "must hold": ", ".join(dict.fromkeys(n for m in lifecycle.MOVES if m.act == act for n in m.when)),
        }
        for act in ACTS
    }  # fmt: skip
    assert found == expected


def test_every_row_speaks_of_things_that_exist_and_none_overlap():
    seen = set()
    for move in lifecycle.MOVES:
        assert set(move.needs) <= lifecycle.NEEDS.keys()
        assert set(move.when) <= lifecycle.CONDITIONS.keys()
        assert set(move.who) <= lifecycle.ROLES.keys()
        assert move.who, f"nobody may {move.act}"
        for status in move.frm:
            assert (status, move.act) not in seen
            seen.add((status, move.act))
    assert {move.act for move in lifecycle.MOVES} == set(ACTS)
    used = {word for move in lifecycle.MOVES for word in (*move.needs, *move.when)}
    assert used == lifecycle.NEEDS.keys() | lifecycle.CONDITIONS.keys()


@given(statuses, acts, holders)
def test_a_refusal_says_how_the_case_stands_and_what_to_do(status, act, holder):
    answer = allowed(status, act, holder=holder)
    if isinstance(answer, Refused):
        assert answer.reason.endswith(".")
        assert answer.instead.endswith(".")
        assert str(answer) == f"{answer.reason} {answer.instead}"
    else:
        assert answer.to in STATUSES
        assert answer.who


@given(st.lists(st.tuples(acts, holders), max_size=40))
def test_no_sequence_of_acts_escapes_the_rules(steps):
    status = lifecycle.FIRST
    for act, holder in steps:
        answer = allowed(status, act, holder=holder)
        if isinstance(answer, Refused):
            continue
        if answer.to == "closed" and status != "closed":
            assert status == "resolved"  # so it has a root cause
        if answer.to == "resolved" and status != "resolved":
            assert {"root_cause", "message"} <= set(answer.needs)
        if status in ("resolved", "closed") and answer.to in WORKED_ON:
            assert act == "reopen"
            assert "within_window" in answer.when
        if answer.to == "waiting" and status != "waiting":
            assert set(answer.needs) == {"pause_reason", "evidence"}
        if status == "waiting" and answer.to != "waiting":
            assert act in ("resume", "resolve", "merge")  # nothing else lets the clocks run on unseen
        assert status != "merged" or (act in ON_ACCESS | {"remove_file"} and answer.to == "merged")
        status = answer.to


def test_every_open_case_can_be_brought_to_its_end():
    for status in WORKED_ON:
        here = allowed(status, "take", holder="person")
        assert isinstance(here, Allowed)
        there = allowed(here.to, "resolve")
        assert isinstance(there, Allowed)
        assert there.to == "resolved"
        end = allowed(there.to, "close")
        assert isinstance(end, Allowed)
        assert end.to == "closed"


def test_a_merged_case_is_dead_and_points_to_the_live_one():
    """But for who may see it, and what should not be there: it can still be read, so that is still decided."""
    for act in set(ACTS) - ON_ACCESS - {"remove_file"}:
        answer = allowed("merged", act)
        assert isinstance(answer, Refused)
        assert "merged into" in answer.instead


def test_a_handoff_moves_ownership_and_nothing_else():
    """Glpi escalade #458: a waiting case that is handed off goes on waiting."""
    for act in ("hand_off", "accept", "return_misrouted", "escalate", "de_escalate", "assign"):
        for holder in ("team", "person"):
            answer = allowed("waiting", act, holder=holder)
            assert isinstance(answer, Allowed)
            assert answer.to == "waiting"


def test_escalated_is_a_record_not_a_status():
    assert "escalated" not in STATUSES
    for status in WORKED_ON:
        answer = allowed(status, "escalate")
        assert isinstance(answer, Allowed)
        assert answer.to == status


def test_a_handoff_needs_a_note_and_a_return_needs_the_reason():
    answer = allowed("in_progress", "hand_off", holder="team")
    assert isinstance(answer, Allowed)
    assert answer.to == "triaged"
    assert allowed("in_progress", "hand_off") == answer  # what a handoff usually means
    assert allowed("in_progress", "hand_off", holder="person").to == "assigned"
    assert answer.lacking({"team"}) == ("Write a note: what was done, and what is asked.",)
    assert answer.lacking({"team", "note"}) == ()
    answer = allowed("triaged", "return_misrouted", holder="team")
    assert isinstance(answer, Allowed)
    assert answer.lacking(()) == ("Say why, in a sentence that a colleague will understand later.",)
    assert answer.unmet(()) == ("No handoff is waiting for an answer here; take the case instead, or hand it off.",)
    assert answer.unmet({"pending_handoff"}) == ()


def test_who_may_is_said_in_words():
    answer = allowed("in_progress", "resolve")
    assert isinstance(answer, Allowed)
    assert answer.refusal_for({"team_member"}) == "Only the person who has the case or the team's lead may do this."
    assert answer.refusal_for({"team_member", "assignee"}) == ""
    answer = allowed("resolved", "reopen")
    assert isinstance(answer, Allowed)
    assert answer.refusal_for(set()) == (
        "Only the person who has the case, a member of its team, the team's lead or the buyer or seller may do this."
    )


def test_somebody_who_has_the_case_is_asked_first():
    answer = allowed("in_progress", "take")
    assert isinstance(answer, Allowed)
    assert answer.unmet(()) == ("Somebody has the case already: ask them, or let the team's lead assign it to you.",)
    assert answer.unmet({"unheld"}) == ()


def test_the_engine_may_fire_rungs_and_never_resolves():
    by_engine = {move.act for move in lifecycle.MOVES if "engine" in move.who}
    assert "escalate" in by_engine
    assert by_engine.isdisjoint({"resolve", "merge", "respond", "remedy", "decide_remedy", "waive_evidence"})


def test_a_misspelt_act_or_status_is_an_error_not_a_refusal():
    with pytest.raises(ValueError, match="no act 'escalade'"):
        allowed("new", "escalade")
    with pytest.raises(ValueError, match="in a status 'open'"):
        allowed("open", "note")


def test_open_and_worked_on():
    assert set(STATUSES) - OPEN == {"closed", "merged"}
    assert {"resolved"} == OPEN - WORKED_ON
