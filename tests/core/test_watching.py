"""What in the access log deserves a second look, in words."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from escalations.core import watching
from escalations.core.calendar import Calendar
from escalations.core.watching import Known, Look

T0 = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)  # Monday, 10:00 in Berlin
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
OFFICE = Calendar("Europe/Berlin", {day: [("09:00", "17:00")] for day in ("mon", "tue", "wed", "thu", "fri")})
MIA = Known(teams=frozenset({1}), works=OFFICE.is_open)


def read(number: int, *, at: dt.datetime = T0, case: int = 1, person: int = 7, kind: str = "read") -> Look:
    return Look(number, person, kind, at, frozenset({case}))


def reasons(looks: list[Look], *, before: tuple[Look, ...] = (), teams: dict[int, set[int]] | None = None) -> dict:
    known = {case: {1} for look in (*looks, *before) for case in look.cases} if teams is None else teams
    return watching.unusual(looks, before, people={7: MIA}, teams=known)


def test_a_quiet_day_has_nothing_unusual():
    assert reasons([read(n, at=T0 + n * 5 * MINUTE, case=n) for n in range(1, 20)]) == {}


def test_many_cases_within_an_hour():
    looks = [read(n, at=T0 + n * MINUTE, case=n) for n in range(1, watching.MANY + 3)]
    found = reasons(looks)
    assert sorted(found) == [watching.MANY + 1, watching.MANY + 2]
    assert found[watching.MANY + 1] == [f"opened {watching.MANY + 1} sensitive cases within an hour"]


def test_the_same_case_again_and_again_is_one_case():
    assert reasons([read(n, at=T0 + n * MINUTE) for n in range(1, 59)]) == {}


def test_an_hour_is_an_hour():
    slow = [read(n, at=T0 + n * 3 * MINUTE, case=n) for n in range(1, watching.MANY + 5)]
    assert reasons(slow) == {}


def test_what_was_read_before_the_page_counts():
    before = tuple(read(n, at=T0 - n * MINUTE, case=n) for n in range(1, watching.MANY + 1))
    assert list(reasons([read(99, case=99)], before=before)) == [99]
    assert reasons([read(99, case=99, person=8)], before=before) == {99: ["a case that their teams never had"]}


def test_looking_at_night_and_at_the_weekend():
    night = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)
    saturday = dt.datetime(2026, 11, 28, 10, tzinfo=dt.UTC)
    for at in (night, saturday):
        assert reasons([read(1, at=at)]) == {1: ["outside the hours of their team"]}
        assert reasons([read(1, at=at, kind="sign_in")]) == {1: ["outside the hours of their team"]}
        assert reasons([read(1, at=at, kind="sign_out")]) == {}


def test_an_hour_before_opening_and_after_closing_is_nothing_unusual():
    assert reasons([read(1, at=dt.datetime(2026, 11, 23, 7, 10, tzinfo=dt.UTC))]) == {}
    assert reasons([read(1, at=dt.datetime(2026, 11, 23, 16, 50, tzinfo=dt.UTC))]) == {}
    assert reasons([read(1, at=dt.datetime(2026, 11, 23, 17, 10, tzinfo=dt.UTC))]) != {}


def test_whoever_is_on_call_may_look_at_night():
    night = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)
    on_call = Known(frozenset({1}), OFFICE.is_open, ((night - HOUR, night + HOUR),))
    look = [read(1, at=night)]
    assert watching.unusual(look, (), people={7: on_call}, teams={1: {1}}) == {}
    ended = Known(frozenset({1}), OFFICE.is_open, ((night - HOUR, night),))
    assert watching.unusual(look, (), people={7: ended}, teams={1: {1}}) != {}


def test_cases_that_their_teams_never_had():
    look = Look(1, 7, "read", T0, frozenset({1, 2, 3}))
    assert reasons([look], teams={1: {1, 2}, 2: {2}, 3: set()}) == {1: ["2 cases that their teams never had"]}
    assert reasons([read(1, kind="list")], teams={}) == {}, "a list shows what a channel holds"
    assert reasons([read(1, kind="export")], teams={}) == {1: ["a case that their teams never had"]}


def test_failed_sign_ins():
    looks = [Look(n, 0, "sign_in_failed", T0 + n * MINUTE) for n in range(1, watching.FAILURES + 1)]
    assert reasons(looks) == {watching.FAILURES: [f"{watching.FAILURES} failed sign-ins within an hour"]}


def test_rights_changed_by_nobody():
    assert list(reasons([Look(1, 0, "membership", T0)])) == [1]
    assert reasons([Look(1, 7, "membership", T0)]) == {}


entries = st.lists(
    st.builds(
        Look,
        id=st.integers(1, 500),
        person=st.integers(0, 3),
        kind=st.sampled_from(sorted(watching.KINDS)),
        at=st.integers(0, 300).map(lambda minutes: T0 + minutes * MINUTE),
        cases=st.frozensets(st.integers(1, 60), max_size=20),
    ),
    max_size=40,
    unique_by=lambda look: look.id,
)


@given(entries, st.integers(0, 40))
def test_the_reasons_do_not_depend_on_where_a_page_ends(looks, cut):
    """An entry on the second page has the reasons that it would have on one long page."""
    looks.sort(key=lambda look: (look.at, look.id))
    teams = {case: {1} for case in range(1, 61)}
    whole = watching.unusual(looks, (), people={1: MIA}, teams=teams)
    older, newer = looks[:cut], looks[cut:]
    parts = watching.unusual(newer, older, people={1: MIA}, teams=teams)
    assert parts == {pk: said for pk, said in whole.items() if pk in {look.id for look in newer}}
