"""Past cases: what the rows of another desk's log tell, and nothing that they do not."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core.past import Implausible, Reading, Row, Story, Term, tell

START = dt.datetime(2016, 2, 29, 8, tzinfo=dt.UTC)
END = START + dt.timedelta(days=30)
TEAMS = {name: Term(f"imported:{name}", name.title(), here=False) for name in ("red", "blue", "green")}
READING = Reading(
    reopened_from=frozenset({"resolved", "closed"}), reopened_to=frozenset({"new", "in_progress", "waiting"})
)
STATUSES = (None, "new", "in_progress", "waiting", "resolved", "closed")


def at(hours: float) -> dt.datetime:
    return START + dt.timedelta(hours=hours)


def rows(*told: tuple[str | None, str | None] | tuple[str | None, str | None, float]) -> list[Row]:
    """Rows from (status, team[, hours]), an hour apart unless told."""
    return [
        Row(line, at(item[2] if len(item) == 3 else place), item[0], TEAMS[item[1]] if item[1] else None)  # type: ignore[arg-type,misc]
        for place, (line, item) in enumerate(enumerate(told, 2))
    ]


def story(*told: tuple[str | None, str | None] | tuple[str | None, str | None, float], **more: object) -> Story:
    values = {"reading": READING, "opened_at": START, "resolved_at": None, "closed_at": None} | more
    return tell(rows(*told), **values)  # type: ignore[arg-type]


def names(found: Story) -> list[tuple[str, str]]:
    return [(change.frm.name, change.to.name) for change in found.changes]


def test_a_change_of_the_named_team_is_a_handoff() -> None:
    found = story(("new", "red"), ("in_progress", "blue"), ("closed", "blue"))
    assert names(found) == [("Red", "Blue")]
    assert found.changes[0].line == 3
    assert [step.kind for step in found.steps] == ["import.opened", "import.handed_off", "import.closed"]


def test_a_blank_team_says_nothing() -> None:
    found = story(("new", None), (None, "red"), (None, None), (None, "red"), ("closed", "blue"))
    assert names(found) == [("Red", "Blue")]
    assert [(stay.team.name, stay.since, stay.until) for stay in found.stays] == [("Red", at(1), at(4))]


def test_a_gap_interrupts_only_when_the_mapping_says_so() -> None:
    told = (("new", "red"), (None, None), (None, "blue"), ("closed", "blue"))
    assert names(story(*told)) == [("Red", "Blue")]
    strict = Reading(reopened_from=frozenset(), reopened_to=frozenset(), across_gaps=False)
    found = story(*told, reading=strict)
    assert names(found) == []
    assert [stay.team.name for stay in found.stays] == ["Red", "Blue"]


def test_a_case_without_any_team_has_no_owner() -> None:
    found = story(("new", None), ("closed", None))
    assert found.team is None
    assert found.stays == ()


def test_a_move_back_from_a_finish_is_a_reopening() -> None:
    found = story(
        ("new", "red"), ("resolved", "red"), ("in_progress", "red"), ("resolved", "red"), ("closed", "red"),
        ("waiting", "red"), ("closed", "red"),
    )  # fmt: skip
    assert found.reopened == 2
    assert [step.kind for step in found.steps].count("import.reopened") == 2
    # Nobody has a closed case: the owner's time stops at each closing.
    assert [(stay.since, stay.until) for stay in found.stays] == [(at(0), at(4)), (at(5), at(6))]


def test_from_resolved_to_closed_is_no_reopening() -> None:
    assert story(("resolved", "red"), ("closed", "red"), ("closed", "red")).reopened == 0


def test_times_that_run_backwards_are_kept_on_steps_and_not_on_stays() -> None:
    found = story(("new", "red", 2), ("new", "blue", -2), ("closed", "red", 5))
    assert found.backwards == 1
    assert [step.at for step in found.steps] == [at(2), at(-2), at(5)]
    assert [(stay.team.name, stay.since, stay.until) for stay in found.stays] == [
        ("Red", at(2), at(2)),
        ("Blue", at(2), at(5)),
    ]


def test_a_blank_moment_stays_unknown_unless_the_steps_date_it() -> None:
    told = (("new", "red"), ("resolved", "red"), ("closed", "red"))
    assert story(*told).resolved_at is None
    by_steps = Reading(
        reopened_from=frozenset(), reopened_to=frozenset(), dated_by_steps=frozenset({"resolved", "closed"})
    )
    found = story(*told, reading=by_steps)
    assert (found.resolved_at, found.closed_at) == (at(1), at(2))


def test_a_resolved_case_has_no_moment_of_closing_and_keeps_its_owner() -> None:
    found = story(("new", "red"), ("resolved", "red"), resolved_at=at(1), closed_at=at(3))
    assert (found.status, found.closed_at) == ("resolved", None)
    assert found.stays[-1].until is None


def test_a_state_that_is_not_said_says_nothing() -> None:
    found = story(("new", "red"), (None, "red"), ("closed", "red"))
    assert [step.data.get("status") for step in found.steps] == ["new", None, "closed"]


@pytest.mark.parametrize("status", ["new", "in_progress", "waiting"])
def test_a_case_that_is_not_finished_is_no_past_case(status: str) -> None:
    with pytest.raises(Implausible, match="not finished there") as raised:
        story(("new", "red"), (status, "red"))
    assert raised.value.line == 3


def test_a_case_whose_state_is_never_said_is_refused() -> None:
    with pytest.raises(Implausible, match="which state"):
        story((None, "red"), (None, "red"))


@pytest.mark.parametrize(
    ("moments", "words"),
    [
        ({"closed_at": at(-1)}, "closed at .* before it was opened"),
        ({"resolved_at": at(-1)}, "resolved at .* before it was opened"),
        ({"resolved_at": at(3), "closed_at": at(2)}, "before it was resolved"),
    ],
)
def test_dates_that_contradict_are_refused(moments: dict[str, dt.datetime], words: str) -> None:
    with pytest.raises(Implausible, match=words):
        story(("new", "red"), ("closed", "red"), **moments)


@given(
    told=st.lists(
        st.tuples(st.sampled_from(STATUSES), st.sampled_from([None, *TEAMS]), st.integers(-3, 200)),
        min_size=1,
        max_size=12,
    ),
    last=st.sampled_from(["resolved", "closed"]),
)
def test_what_is_told_is_what_the_rows_show(told: list[tuple[str | None, str | None, float]], last: str) -> None:
    """Against a count by hand: as many steps as rows, as many handoffs as changes among the named teams, as many
    reopenings as moves back among the said states; stays follow one another and never go backwards."""
    told = [*told, (last, None, 201)]
    found = story(*told)
    said = [team for _, team, _ in told if team]
    states = [status for status, _, _ in told if status]
    assert [step.line for step in found.steps] == list(range(2, 2 + len(told)))
    assert len(found.changes) == sum(one != two for one, two in pairwise(said))
    assert found.reopened == sum(
        one in ("resolved", "closed") and two not in ("resolved", "closed") for one, two in pairwise(states)
    )
    assert found.status == last
    for one, two in pairwise(found.stays):
        assert one.until is not None
        assert one.since <= one.until <= two.since
    assert all(stay.since >= START for stay in found.stays)
    if last == "closed":
        assert all(stay.until is not None for stay in found.stays)
    elif said and "closed" not in states:
        assert (found.stays[-1].team, found.stays[-1].until) == (TEAMS[said[-1]], None)
