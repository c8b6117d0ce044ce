"""Clocks: what holds for every clock, whatever is done to it and whenever."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from escalations.core import clock as clocks
from escalations.core.calendar import WEEKDAYS, Calendar
from escalations.core.clock import Clock, ClockError, ClockFinishedError, ClockRefusedError
from escalations.core.policy import Span

UTC = dt.UTC
SPLIT = [("09:00", "12:30"), ("13:30", "18:00")]
BERLIN = Calendar("Europe/Berlin", dict.fromkeys(WEEKDAYS[:5], SPLIT), holidays=["--05-01"])
CALENDARS = (
    BERLIN,
    Calendar("Asia/Kolkata", {day: [("10:00", "19:00")] for day in WEEKDAYS[:6]}),
    Calendar("Australia/Lord_Howe", {day: [("00:00", "24:00")] for day in WEEKDAYS}),
    Calendar("America/Sao_Paulo", {"mon": [("22:00", "24:00")], "tue": [("00:00", "03:00")]}),
    Calendar.always(),
)
BEGIN = dt.datetime(2026, 3, 20, tzinfo=UTC)  # over clock changes in March, April and October

calendars = st.sampled_from(CALENDARS)
bases = st.sampled_from(["business", "elapsed"])
instants = st.integers(0, 260 * 86_400).map(lambda s: BEGIN + dt.timedelta(seconds=s))
fractions = st.integers(0, 999_999).map(lambda us: dt.timedelta(microseconds=us))
lengths = st.integers(1, 80 * 3600)
gaps = st.integers(0, 6 * 86_400)
warns = st.lists(st.integers(1, 99), unique=True, max_size=4).map(lambda shares: tuple(sorted(shares)))
kinds = st.sampled_from(["assign", "first_response", "next_update", "resolution"])


@st.composite
def running(draw, basis=bases, calendar=calendars):
    """A clock that has just started, with its calendar."""
    found = draw(calendar)
    clock = clocks.start(
        kind=draw(kinds), basis=draw(basis), target_s=draw(lengths), warn=draw(warns), at=draw(instants), calendar=found
    )
    return clock, found


def later(at: dt.datetime, seconds: int) -> dt.datetime:
    return at + dt.timedelta(seconds=seconds)


def between(clock: Clock, calendar: Calendar, since: dt.datetime, until: dt.datetime) -> float:
    return (until - since).total_seconds() if clock.basis == "elapsed" else calendar.elapsed(since, until)


# ------------------------------------------------------------------------------------------------------------ start


@given(running())
def test_a_clock_is_due_when_its_target_has_passed_on_its_own_basis(made):
    clock, calendar = made
    assert between(clock, calendar, clock.started_at, clock.due_at) == clock.target_s
    assert clocks.used(clock, calendar, at=clock.started_at) == 0
    assert clocks.remaining(clock, calendar, at=clock.due_at) == 0


@given(running(), fractions)
def test_due_moments_are_whole_seconds_of_utc_and_never_early(made, fraction):
    clock, calendar = made
    at = (clock.started_at + fraction).astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30)))
    odd = clocks.start(kind="resolution", basis=clock.basis, target_s=clock.target_s, at=at, calendar=calendar)
    assert odd.started_at.tzinfo is odd.due_at.tzinfo is UTC
    assert odd.due_at.microsecond == 0
    assert clock.target_s <= between(odd, calendar, at, odd.due_at) < clock.target_s + 1


def test_a_target_is_longer_than_zero():
    with pytest.raises(ClockError, match="longer than zero"):
        clocks.start(kind="assign", basis="elapsed", target_s=0, at=BEGIN, calendar=BERLIN)


# ------------------------------------------------------------------------------------------------- pause and resume


@given(running(), st.lists(st.tuples(gaps, gaps), max_size=4))
def test_pauses_cost_nothing_and_give_nothing(made, pairs):
    """However often it pauses, the time that it ran adds up to the target: on its own basis, to the second."""
    clock, calendar = made
    at, stood = clock.started_at, 0.0
    for run, rest in pairs:
        at = later(at, run)
        before = clocks.used(clock, calendar, at=at)
        paused = clocks.pause(clock, calendar, at=at)
        assert paused.due_at is None
        assert clocks.used(paused, calendar, at=later(at, rest)) == before
        stood += between(clock, calendar, at, later(at, rest))
        at = later(at, rest)
        clock = clocks.resume(paused, calendar, at=at)
        assert clocks.used(clock, calendar, at=at) == before
        assert clock.remaining_s is None
    if clock.due_at > at:
        assert between(clock, calendar, clock.started_at, clock.due_at) - stood == clock.target_s


@given(running(), gaps, gaps, fractions, fractions)
def test_rounding_never_shortens_a_target_and_adds_less_than_two_seconds(made, run, rest, one, other):
    clock, calendar = made
    stop = later(clock.started_at, run) + one
    go = later(stop, rest) + other
    assume(stop < clock.due_at)
    left = between(clock, calendar, stop, clock.due_at)
    again = clocks.resume(clocks.pause(clock, calendar, at=stop), calendar, at=go)
    assert 0 <= between(clock, calendar, go, again.due_at) - left < 2


@given(running(), gaps, gaps)
def test_a_pause_hides_no_breach(made, run, rest):
    clock, calendar = made
    at = later(clock.due_at, run + 1)
    paused = clocks.pause(clock, calendar, at=at)
    assert paused.state == "paused"
    assert paused.breached_at == clock.due_at
    assert clocks.fire(paused, calendar, now=later(at, rest)) is None
    again = clocks.resume(paused, calendar, at=later(at, rest))
    assert again.state == "breached"
    fired = clocks.fire(again, calendar, now=later(at, rest))
    assert fired.key == "breach"
    assert fired.clock.breached_at == clock.due_at
    assert clocks.meet(paused, at=at).state == "breached"


def test_a_clock_pauses_once_and_resumes_once():
    clock = clocks.start(kind="resolution", basis="elapsed", target_s=60, at=BEGIN, calendar=BERLIN)
    paused = clocks.pause(clock, BERLIN, at=BEGIN)
    with pytest.raises(ClockRefusedError, match="paused already"):
        clocks.pause(paused, BERLIN, at=BEGIN)
    with pytest.raises(ClockRefusedError, match="not paused"):
        clocks.resume(clock, BERLIN, at=BEGIN)


# ---------------------------------------------------------------------------------------------------------- moments


@given(running())
def test_moments_come_in_order_at_their_share_of_the_clocks_own_time(made):
    clock, calendar = made
    found = clocks.moments(clock, calendar)
    assert [moment.key for moment in found] == [*(f"warn:{share}" for share in clock.warn), "breach"]
    assert [moment.due_at for moment in found] == sorted(moment.due_at for moment in found)
    for share, moment in zip(clock.warn, found, strict=False):
        assert clocks.used(clock, calendar, at=moment.due_at) == -(-clock.target_s * share // 100)
    assert found[-1].due_at == clock.due_at


@given(running(), st.lists(gaps, min_size=1, max_size=6))
def test_every_moment_is_fired_or_passed_over_exactly_once(made, steps):
    clock, calendar = made
    names = [moment.key for moment in clocks.moments(clock, calendar)]
    seen: list[str] = []
    at = clock.started_at
    for step in (*steps, 400 * 86_400):
        at = later(at, step)
        coming = clocks.next_moment(clock, calendar)
        fired = clocks.fire(clock, calendar, now=at)
        if fired is None:
            assert coming is None or coming.due_at > at
            continue
        assert coming.key == (*fired.passed_over, fired.key)[0]
        assert fired.due_at <= at
        seen += [*fired.passed_over, fired.key]
        clock = fired.clock
        assert clocks.fire(clock, calendar, now=at) is None
    assert seen == names
    assert clock.state == "breached"
    assert clock.is_open
    assert clocks.next_moment(clock, calendar) is None


@given(running(), gaps, gaps)
def test_what_was_fired_before_a_pause_is_not_fired_after_it(made, run, rest):
    clock, calendar = made
    stop = later(clock.started_at, run)
    first = clocks.fire(clock, calendar, now=stop)
    clock = first.clock if first else clock
    go = later(stop, rest)
    again = clocks.resume(clocks.pause(clock, calendar, at=stop), calendar, at=go)
    second = clocks.fire(again, calendar, now=go)
    assert second is None


@given(running(), gaps)
def test_a_breach_dates_from_the_due_moment_however_late_the_worker(made, delay):
    clock, calendar = made
    fired = clocks.fire(clock, calendar, now=later(clock.due_at, delay))
    assert fired.key == "breach"
    assert fired.clock.breached_at == clock.due_at
    assert fired.passed_over == tuple(f"warn:{share}" for share in clock.warn)


def test_a_tier_clock_has_one_moment_and_the_ladder_fires_it():
    clock = clocks.start(kind="tier", basis="elapsed", target_s=60, warn=(50,), at=BEGIN, calendar=BERLIN, tier="to-l2")
    assert clock.warn == ()
    assert clocks.moments(clock, BERLIN) == (("rung:to-l2", later(BEGIN, 60)),)
    assert clocks.next_moment(clock, BERLIN) == ("rung:to-l2", later(BEGIN, 60))
    with pytest.raises(ClockRefusedError, match="ladder"):
        clocks.fire(clock, BERLIN, now=later(BEGIN, 61))


# ------------------------------------------------------------------------------------------------------------- ends


@given(running(), st.integers(-86_400, 86_400))
def test_reaching_the_due_moment_exactly_is_in_time(made, offset):
    clock, _ = made
    ended = clocks.meet(clock, at=later(clock.due_at, offset))
    assert ended.state == ("met" if offset <= 0 else "breached")
    assert ended.breached_at == (None if offset <= 0 else clock.due_at)


@given(running(), st.booleans(), st.booleans(), gaps)
def test_a_finished_clock_never_changes(made, met, standing, later_s):
    clock, calendar = made
    if standing:
        clock = clocks.pause(clock, calendar, at=clock.started_at)
    at = later(clock.started_at, later_s)
    ended = clocks.meet(clock, at=at) if met else clocks.cancel(clock, at=at)
    left = clocks.remaining(ended, calendar, at=at)
    for act in (
        lambda: clocks.pause(ended, calendar, at=at),
        lambda: clocks.resume(ended, calendar, at=at),
        lambda: clocks.meet(ended, at=at),
        lambda: clocks.cancel(ended, at=at),
        lambda: clocks.promise(ended, at=at, due=later(at, 60)),
        lambda: clocks.retarget(ended, calendar, Span(basis="elapsed", seconds=60), at=at),
    ):
        with pytest.raises(ClockFinishedError, match="never changes"):
            act()
    assert clocks.fire(ended, calendar, now=later(at, 10**7)) is None
    assert clocks.next_moment(ended, calendar) is None
    assert clocks.moments(ended, calendar) == ()
    assert clocks.remaining(ended, calendar, at=later(at, 10**6)) == left


# ------------------------------------------------------------------------------------------------------- retargeting

spans = st.builds(lambda basis, seconds: Span(basis=basis, seconds=seconds), bases, lengths)


@given(running(), spans, gaps, warns)
def test_a_moved_target_carries_the_time_used(made, target, run, warn):
    clock, calendar = made
    at = later(clock.started_at, run)
    moved = clocks.retarget(clock, calendar, target, at=at, warn=warn)
    assert clocks.used(moved, calendar, at=at) == pytest.approx(
        (at - clock.started_at).total_seconds()
        if target.basis == "elapsed"
        else calendar.elapsed(clock.started_at, at),
        abs=1,
    )
    assert (moved.basis, moved.target_s, moved.warn) == (target.basis, target.seconds, warn)
    assert moved.started_at == clock.started_at
    assert moved.cycle == clock.cycle + 1


@given(running(), spans, gaps, gaps, gaps)
def test_pauses_so_far_are_left_out_on_either_basis(made, target, run, rest, more):
    clock, calendar = made
    stop = later(clock.started_at, run)
    go = later(stop, rest)
    at = later(go, more)
    again = clocks.resume(clocks.pause(clock, calendar, at=stop), calendar, at=go)
    moved = clocks.retarget(again, calendar, target, at=at, pauses=[(stop, go)])
    ran = clock._replace(basis=target.basis)
    assert clocks.used(moved, calendar, at=at) == (
        between(ran, calendar, clock.started_at, stop) + between(ran, calendar, go, at)
    )


@given(running(), spans, gaps, gaps)
def test_a_paused_clock_stays_paused_when_its_target_moves(made, target, run, rest):
    clock, calendar = made
    stop = later(clock.started_at, run)
    at = later(stop, rest)
    moved = clocks.retarget(clocks.pause(clock, calendar, at=stop), calendar, target, at=at, pauses=[(stop, None)])
    assert moved.state == "paused"
    assert moved.due_at is None
    ran = clock._replace(basis=target.basis)
    assert moved.remaining_s == target.seconds - between(ran, calendar, clock.started_at, stop)


@given(running(), spans, gaps)
def test_counting_from_the_change_begins_anew(made, target, run):
    clock, calendar = made
    at = later(clock.started_at, run)
    moved = clocks.retarget(clock, calendar, target, at=at, counts="change")
    fresh = clocks.start(kind=clock.kind, basis=target.basis, target_s=target.seconds, at=at, calendar=calendar)
    assert (moved.started_at, moved.due_at) == (fresh.started_at, fresh.due_at)


@given(running(), spans, gaps, gaps)
def test_after_a_move_moments_ahead_fire_and_those_fired_before_do_not_again(made, target, run, more):
    clock, calendar = made
    at = later(clock.started_at, run)
    first = clocks.fire(clock, calendar, now=at)
    clock = first.clock if first else clock
    moved = clocks.retarget(clock, calendar, target, at=at)
    done = {f"warn:{share}" for share in clock.warn[: clock.cursor]}
    done |= {"breach"} if clock.cursor > len(clock.warn) else set()
    ahead = [moment.key for moment in clocks.moments(moved, calendar) if moment.due_at > at]
    overdue = [moment.key for moment in clocks.moments(moved, calendar) if moment.due_at <= at]
    seen: list[str] = []
    for now in (at, later(at, more), later(at, 400 * 86_400)):
        fired = clocks.fire(moved, calendar, now=now)
        if fired:
            seen += [*fired.passed_over, fired.key]
            moved = fired.clock
    assert [key for key in seen if key in ahead] == ahead
    assert [key for key in seen if key in overdue] == [key for key in overdue if key not in done]


@given(running(), spans, gaps)
def test_late_once_is_late_on_record(made, target, run):
    clock, calendar = made
    at = later(clock.due_at, run + 1)
    moved = clocks.retarget(clock, calendar, target, at=at)
    assert moved.breached_at == clock.due_at
    assert moved.state == "breached"


def test_a_basis_changed_between_two_seconds_rounds_in_favour_of_the_target():
    at = dt.datetime(2026, 6, 1, 8, 0, 0, 400_000, tzinfo=UTC)  # a Monday, 10:00 in Berlin
    clock = clocks.start(kind="resolution", basis="business", target_s=3600, at=at, calendar=BERLIN)
    now = dt.datetime(2026, 6, 1, 8, 10, tzinfo=UTC)
    moved = clocks.pause(clocks.retarget(clock, BERLIN, Span(basis="elapsed", seconds=3600), at=now), BERLIN, at=now)
    assert moved.remaining_s == 3001  # 3000.4 are left


def test_a_new_calendar_counts_from_the_change_and_the_old_one_until_then():
    monday = dt.datetime(2026, 6, 1, 7, tzinfo=UTC)  # 09:00 in Berlin
    clock = clocks.start(kind="resolution", basis="business", target_s=8 * 3600, at=monday, calendar=BERLIN)
    noon = dt.datetime(2026, 6, 1, 10, tzinfo=UTC)
    moved = clocks.retarget(
        clock, Calendar.always(), Span(basis="business", seconds=8 * 3600), at=noon, previous=BERLIN
    )
    assert moved.due_at == noon + dt.timedelta(hours=5)


# ---------------------------------------------------------------------------------------------------------- reopening


@given(running(), gaps, gaps, st.booleans())
def test_reopening_goes_on_with_what_was_left(made, run, closed_for, standing):
    clock, calendar = made
    end = later(clock.started_at, run)
    if standing:
        clock = clocks.pause(clock, calendar, at=end)
    ended = clocks.meet(clock, at=end)
    at = later(end, closed_for)
    again = clocks.reopen(ended, calendar, at=at)
    assert clocks.remaining(again, calendar, at=at) == clocks.remaining(ended, calendar, at=at)
    assert again.is_open
    assert again.cycle == clock.cycle + 1
    assert again.started_at == clock.started_at
    assert again.state == ("breached" if ended.state == "breached" else "running")


def test_a_promise_that_was_kept_is_done_with_and_a_broken_one_still_stands():
    clock = clocks.start(kind="resolution", basis="elapsed", target_s=60, at=BEGIN, calendar=BERLIN)
    told = clocks.promise(clock, at=BEGIN, due=later(BEGIN, 50))
    kept = clocks.reopen(clocks.meet(told, at=later(BEGIN, 40)), BERLIN, at=later(BEGIN, 99))
    assert kept.promised_at is None
    broken = clocks.reopen(clocks.meet(told, at=later(BEGIN, 70)), BERLIN, at=later(BEGIN, 99))
    assert broken.promised_at == later(BEGIN, 50)


def test_only_a_finished_clock_is_reopened():
    clock = clocks.start(kind="resolution", basis="elapsed", target_s=60, at=BEGIN, calendar=BERLIN)
    with pytest.raises(ClockError, match="not ended"):
        clocks.reopen(clock, BERLIN, at=BEGIN)


# ------------------------------------------------------------------------------------------------------------ merging


@st.composite
def pairs(draw):
    """Two clocks of one kind after a while, some paused, some warned; their calendar; the moment of merging."""
    calendar = draw(calendars)
    kind = draw(kinds)
    made = []
    begin = draw(instants)
    at = later(begin, 30 * 86_400)
    for _ in range(2):
        clock = clocks.start(
            kind=kind,
            basis=draw(bases),
            target_s=draw(lengths),
            warn=draw(warns),
            at=later(begin, draw(gaps)),
            calendar=calendar,
        )
        stop = later(clock.started_at, draw(gaps))
        if draw(st.booleans()):
            fired = clocks.fire(clock, calendar, now=stop)
            clock = fired.clock if fired else clock
        if draw(st.booleans()):
            clock = clocks.pause(clock, calendar, at=stop)
            if draw(st.booleans()):
                clock = clocks.resume(clock, calendar, at=later(stop, draw(gaps)))
        made.append(clock)
    return (*made, calendar, at - dt.timedelta(seconds=draw(st.integers(0, 15 * 86_400))))


def as_if_running(clock: Clock, calendar: Calendar, at: dt.datetime) -> dt.datetime:
    return clock.due_at or clocks.resume(clock, calendar, at=at).due_at


@given(pairs())
def test_a_merge_never_gives_time(made):
    mine, theirs, calendar, at = made
    both = clocks.merged(mine, theirs, calendar, at=at)
    due = as_if_running(both, calendar, at)
    assert due <= as_if_running(mine, calendar, at)
    assert due <= as_if_running(theirs, calendar, at)
    assert both.started_at == min(mine.started_at, theirs.started_at)
    if mine.basis == theirs.basis:
        assert both.target_s == min(mine.target_s, theirs.target_s)
    assert (both.state == "paused") == (mine.state == "paused")
    assert both.cycle > max(mine.cycle, theirs.cycle)


@given(pairs())
def test_a_merge_fires_nothing_twice(made):
    mine, theirs, calendar, at = made
    both = clocks.merged(mine, theirs, calendar, at=at)
    if both.state == "paused":
        both = clocks.resume(both, calendar, at=at)
    told = max((share for clock in (mine, theirs) for share in (*clock.warn, 100)[: clock.cursor]), default=0)
    fired = clocks.fire(both, calendar, now=at)
    if fired is not None:
        share = 100 if fired.key == "breach" else int(fired.key.removeprefix("warn:"))
        assert share > told


@given(pairs())
def test_merging_is_the_same_from_either_side(made):
    mine, theirs, calendar, at = made
    assume(mine.state != "paused" and theirs.state != "paused")
    one = clocks.merged(mine, theirs, calendar, at=at)
    other = clocks.merged(theirs, mine, calendar, at=at)
    assert one.due_at == other.due_at
    assert (one.started_at, one.breached_at, one.cycle) == (other.started_at, other.breached_at, other.cycle)


@given(pairs(), st.booleans())
def test_of_an_open_and_a_finished_clock_the_open_one_counts(made, mine_ended):
    mine, theirs, calendar, at = made
    if mine_ended:
        both = clocks.merged(clocks.meet(mine, at=at), theirs, calendar, at=at)
        assert both == theirs._replace(cycle=both.cycle)
        assert both.cycle > mine.cycle
    else:
        assert clocks.merged(mine, clocks.meet(theirs, at=at), calendar, at=at) == mine


def test_clocks_of_two_kinds_are_not_merged():
    one = clocks.start(kind="assign", basis="elapsed", target_s=60, at=BEGIN, calendar=BERLIN)
    with pytest.raises(ClockError, match="cannot be merged"):
        clocks.merged(one, one._replace(kind="resolution"), BERLIN, at=BEGIN)


# ------------------------------------------------------------------------------------------------------------ promises


def test_a_promise_is_apart_from_the_target_and_moves_only_with_a_message_and_a_reason():
    clock = clocks.start(kind="resolution", basis="elapsed", target_s=3600, at=BEGIN, calendar=BERLIN)
    told = clocks.promise(clock, at=BEGIN, due=later(BEGIN, 1800))
    assert (told.promised_at, told.due_at) == (later(BEGIN, 1800), clock.due_at)
    with pytest.raises(ClockRefusedError, match="say why"):
        clocks.promise(told, at=BEGIN, due=later(BEGIN, 1801), message="m1", reason=" ")
    with pytest.raises(ClockRefusedError, match="send the party a message"):
        clocks.promise(told, at=BEGIN, due=later(BEGIN, 1801), reason="the courier is late")
    assert clocks.promise(told, at=BEGIN, due=later(BEGIN, 1800)) == told  # said again
    put_off = clocks.promise(told, at=BEGIN, due=later(BEGIN, 7200), message="m1", reason="the courier is late")
    assert put_off.promised_at == later(BEGIN, 7200)
    assert clocks.promise(put_off, at=BEGIN, due=later(BEGIN, 60)).promised_at == later(BEGIN, 60)
    with pytest.raises(ClockRefusedError, match="still to come"):
        clocks.promise(told, at=BEGIN, due=BEGIN)


def gravity(key: str) -> tuple[int, int]:
    """The gravest moment first: the breach, a broken promise, the later warnings before the earlier ones."""
    kind, _, share = key.partition(":")
    return ("breach", "promise", "warn").index(kind), -int(share) if kind == "warn" else 0


@given(running(), gaps, st.integers(-3, 3), st.lists(gaps, min_size=1, max_size=6))
def test_a_promise_that_passes_unkept_is_noticed_once_and_a_breach_is_never_lost_to_it(made, run, near, steps):
    clock, calendar = made
    due = later(clock.due_at, near) if run % 2 else later(clock.started_at, run + 1)
    assume(due > clock.started_at)
    clock = clocks.promise(clock, at=clock.started_at, due=due)
    expected = {moment.key: moment.due_at for moment in clocks.moments(clock, calendar)}
    assert (f"promise:{due:%Y%m%dT%H%M%SZ}" in expected) == (due != clock.due_at)
    seen: list[str] = []
    at = clock.started_at
    for step in (*steps, 400 * 86_400):
        at = later(at, step)
        coming = clocks.next_moment(clock, calendar)
        fired = clocks.fire(clock, calendar, now=at)
        if fired is None:
            assert coming is None or coming.due_at > at
            continue
        told = {*fired.passed_over, fired.key}
        assert coming.key in told
        assert told == {key for key, when in expected.items() if when <= at} - set(seen)
        assert fired.key == min(told, key=gravity)
        seen += told
        clock = fired.clock
        assert clocks.fire(clock, calendar, now=at) is None
    assert sorted(seen) == sorted(expected)
    assert (clock.breached_at, clock.promise_broken_at) == (clock.due_at, due)
    assert clocks.next_moment(clock, calendar) is None


def test_a_promise_that_was_broken_is_made_anew_and_watched_anew():
    clock = clocks.start(kind="resolution", basis="elapsed", target_s=7200, at=BEGIN, calendar=BERLIN)
    told = clocks.promise(clock, at=BEGIN, due=later(BEGIN, 60))
    broken = clocks.fire(told, BERLIN, now=later(BEGIN, 61)).clock
    assert (broken.promise_broken_at, broken.state) == (later(BEGIN, 60), "running")
    anew = clocks.promise(broken, at=later(BEGIN, 70), due=later(BEGIN, 600), message="m1", reason="the lab is late")
    assert clocks.next_moment(anew, BERLIN) == ("promise:20260320T001000Z", later(BEGIN, 600))


@pytest.mark.parametrize(("end", "broken"), [(60, None), (61, 60)])
def test_ending_a_clock_says_whether_the_promise_was_kept(end, broken):
    clock = clocks.start(kind="resolution", basis="elapsed", target_s=7200, at=BEGIN, calendar=BERLIN)
    told = clocks.promise(clock, at=BEGIN, due=later(BEGIN, 60))
    expected = broken and later(BEGIN, broken)
    assert clocks.meet(told, at=later(BEGIN, end)).promise_broken_at == expected
    assert clocks.cancel(told, at=later(BEGIN, end)).promise_broken_at == expected


def test_a_promise_that_passes_during_a_pause_is_noticed_when_the_clock_runs_again():
    clock = clocks.start(kind="resolution", basis="elapsed", target_s=7200, at=BEGIN, calendar=BERLIN)
    paused = clocks.pause(clocks.promise(clock, at=BEGIN, due=later(BEGIN, 60)), BERLIN, at=later(BEGIN, 10))
    assert clocks.fire(paused, BERLIN, now=later(BEGIN, 99)) is None
    again = clocks.resume(paused, BERLIN, at=later(BEGIN, 100))
    assert clocks.fire(again, BERLIN, now=later(BEGIN, 100)).clock.promise_broken_at == later(BEGIN, 60)


def test_of_two_promises_the_earlier_one_stands_after_a_merge():
    clock = clocks.start(kind="resolution", basis="elapsed", target_s=7200, at=BEGIN, calendar=BERLIN)
    soon = clocks.promise(clock, at=BEGIN, due=later(BEGIN, 60))
    broken = clocks.fire(soon, BERLIN, now=later(BEGIN, 61)).clock
    late = clocks.promise(clock, at=BEGIN, due=later(BEGIN, 600))
    for mine, theirs in ((broken, late), (late, broken), (broken, clock), (clock, broken)):
        both = clocks.merged(mine, theirs, BERLIN, at=later(BEGIN, 100))
        assert (both.promised_at, both.promise_broken_at) == (later(BEGIN, 60), later(BEGIN, 60))


@given(running(), spans, gaps)
def test_no_move_of_a_target_moves_a_promise(made, target, run):
    clock, calendar = made
    at = later(clock.started_at, run)
    told = clocks.promise(clock, at=at, due=later(at, 3600))
    for moved in (
        clocks.retarget(told, calendar, target, at=at),
        clocks.pause(told, calendar, at=at),
        clocks.resume(clocks.pause(told, calendar, at=at), calendar, at=later(at, 60)),
        clocks.merged(told, clock, calendar, at=at),
        clocks.merged(clock, told, calendar, at=at),
    ):
        assert moved.promised_at == later(at, 3600)


# ------------------------------------------------------------------------------------------------ whatever is done


@given(running(), st.lists(st.tuples(st.sampled_from(["pause", "resume", "fire", "move"]), gaps, spans), max_size=8))
def test_whatever_is_done_a_clock_stays_sound(made, steps):
    clock, calendar = made
    at = clock.started_at
    late: dt.datetime | None = None
    pauses: list[list[dt.datetime | None]] = []
    for act, wait, span in steps:
        at = later(at, wait)
        if act == "pause" and clock.state != "paused":
            clock = clocks.pause(clock, calendar, at=at)
            pauses.append([at, None])
        elif act == "resume" and clock.state == "paused":
            clock = clocks.resume(clock, calendar, at=at)
            pauses[-1][1] = at
        elif act == "move":
            clock = clocks.retarget(clock, calendar, span, at=at, pauses=[(a, b) for a, b in pauses])
        elif act == "fire":
            fired = clocks.fire(clock, calendar, now=at)
            clock = fired.clock if fired else clock
        assert (clock.state == "paused") == (clock.due_at is None) == (clock.remaining_s is not None)
        assert clock.due_at is None or (clock.due_at.microsecond == 0 and clock.due_at.tzinfo is UTC)
        assert 0 <= clock.cursor <= len(clock.warn) + 1
        assert late is None or clock.breached_at == late
        late = clock.breached_at
        ran = between(clock, calendar, clock.started_at, at) - sum(
            between(clock, calendar, a, b or at) for a, b in pauses
        )
        assert clocks.used(clock, calendar, at=at) == ran
