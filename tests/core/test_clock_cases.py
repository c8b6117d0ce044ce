"""Cases from the field: what other desks' clocks did wrong, and that these do not."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from escalations.core import clock as clocks
from escalations.core import pausing
from escalations.core.calendar import WEEKDAYS, Calendar
from escalations.core.clock import ClockRefusedError
from escalations.core.pausing import Granted, NeedsLead
from escalations.core.policy import PauseReason, Span, Target

HOUR = 3600
ZONE = ZoneInfo("Europe/Berlin")
OFFICE = Calendar("Europe/Berlin", {key: [("09:00", "17:00")] for key in WEEKDAYS[:5]})


def berlin(day: int, hour: int, minute: int = 0, month: int = 6) -> dt.datetime:
    """A moment of 2026 on Berlin's wall clock; 1 June is a Monday."""
    return dt.datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def resolution(hours: float, at: dt.datetime, **more):
    return clocks.start(kind="resolution", basis="business", target_s=int(hours * HOUR), at=at, calendar=OFFICE, **more)


def waiting(**more) -> PauseReason:
    return PauseReason.model_validate(
        {
            "name": "Waiting for the party",
            "stops": ["resolution"],
            "longest": {"elapsed": "P7D"},
            "most": 2,
            "evidence": "the question that was sent",
        }
        | more
    )


def test_a_new_case_is_not_late_in_any_zone():
    """Frappe helpdesk #3776: naive deadlines read "failed" in the agent's zone."""
    at = dt.datetime(2026, 6, 1, 23, 30, tzinfo=ZoneInfo("Pacific/Kiritimati"))
    clock = clocks.start(kind="first_response", basis="elapsed", target_s=HOUR, at=at, calendar=OFFICE)
    assert clock.started_at.tzinfo is clock.due_at.tzinfo is dt.UTC
    for zone in ("Pacific/Kiritimati", "Pacific/Niue", "Asia/Kathmandu"):
        now = at.astimezone(ZoneInfo(zone))
        assert clocks.remaining(clock, OFFICE, at=now) == HOUR
        assert clocks.fire(clock, OFFICE, now=now) is None


def test_a_pause_over_the_weekend_does_not_count_closed_hours_twice():
    """Frappe erpnext #49414: the pause was added as wall-clock time."""
    clock = resolution(8, berlin(5, 13))  # Friday 13:00: 4 h today, 4 h on Monday
    assert clock.due_at == berlin(8, 13)
    paused = clocks.pause(clock, OFFICE, at=berlin(5, 16))
    assert paused.remaining_s == 5 * HOUR
    again = clocks.resume(paused, OFFICE, at=berlin(8, 10))
    assert again.due_at == berlin(8, 15)
    # Paused and resumed while the office was closed: nothing has changed.
    night = clocks.resume(clocks.pause(clock, OFFICE, at=berlin(5, 22)), OFFICE, at=berlin(7, 3))
    assert night.due_at == clock.due_at


def test_a_changed_target_remembers_the_pauses_so_far():
    """Glpi #6902, #15605: a new priority forgot the time that the case had stood still."""
    clock = resolution(8, berlin(1, 9))
    paused = clocks.pause(clock, OFFICE, at=berlin(1, 11))
    again = clocks.resume(paused, OFFICE, at=berlin(2, 9))
    moved = clocks.retarget(again, OFFICE, Span(basis="business", seconds=16 * HOUR), at=berlin(2, 10))
    assert clocks.used(moved, OFFICE, at=berlin(2, 10)) == 3 * HOUR
    assert moved.due_at == berlin(3, 15)
    anew = clocks.retarget(again, OFFICE, Span(basis="business", seconds=16 * HOUR), at=berlin(2, 10), counts="change")
    assert anew.due_at == berlin(4, 10)


def test_a_warning_falls_in_working_hours_when_the_target_spans_days():
    """Glpi #22678: "an hour before the deadline" fired at midnight."""
    clock = resolution(8, berlin(4, 16), warn=(50, 75))  # Thursday 16:00 to Friday 16:00
    assert clock.due_at == berlin(5, 16)
    assert [moment.due_at for moment in clocks.moments(clock, OFFICE)] == [berlin(5, 12), berlin(5, 14), berlin(5, 16)]
    weekend = resolution(8, berlin(5, 16), warn=(25,))
    assert clocks.next_moment(weekend, OFFICE).due_at == berlin(8, 10)


def test_a_pause_stops_exactly_the_clocks_that_the_policy_names():
    """Glpi #24481: an internal clock breached while the case waited for the user."""
    reason = waiting(stops=["resolution", "tier", "next_update"])
    kinds = ("assign", "first_response", "next_update", "resolution", "tier", "statutory")
    made = [clocks.start(kind=kind, basis="elapsed", target_s=60, at=berlin(1, 9), calendar=OFFICE) for kind in kinds]
    assert [clock.kind for clock in made if pausing.stops(reason, clock)] == ["next_update", "resolution", "tier"]
    assert not pausing.stops(waiting(stops=["statutory"]), made[5])
    assert not pausing.stops(reason, clocks.meet(made[3], at=berlin(1, 9)))
    assert not pausing.stops(reason, clocks.pause(made[3], OFFICE, at=berlin(1, 9)))


def test_an_answered_clock_has_nothing_left_to_fire():
    """Zammad #3140 escalated although the agent had answered; chatwoot #10178 ran on after the resolution."""
    clock = resolution(1, berlin(1, 9))
    for ended in (clocks.meet(clock, at=berlin(1, 9, 59)), clocks.cancel(clock, at=berlin(1, 9, 59))):
        assert clocks.next_moment(ended, OFFICE) is None
        assert clocks.fire(ended, OFFICE, now=berlin(3, 9)) is None


def test_a_merged_case_has_no_clock_that_could_escalate():
    """Zammad #904."""
    theirs = resolution(1, berlin(1, 9))
    dead = clocks.cancel(theirs, at=berlin(1, 10, 30))
    assert dead.state == "cancelled"
    assert dead.breached_at == theirs.due_at  # what was late stays on record
    assert clocks.fire(dead, OFFICE, now=berlin(9, 9)) is None


def test_a_clock_change_moves_no_deadline_by_an_hour():
    """Grafana oncall #3261. In Berlin the clocks go forward on 29 March and back on 25 October 2026."""
    spring = resolution(8, berlin(27, 13, month=3))
    assert spring.due_at == berlin(30, 13, month=3)
    autumn = resolution(8, berlin(23, 13, month=10))
    assert autumn.due_at == berlin(26, 13, month=10)
    elapsed = clocks.start(
        kind="tier", basis="elapsed", target_s=24 * HOUR, at=berlin(28, 12, month=3), calendar=OFFICE
    )
    assert elapsed.due_at == berlin(29, 13, month=3)  # a day of 23 hours: 24 hours elapsed end an hour later


def test_time_that_ends_at_closing_is_due_at_closing():
    clock = resolution(8, berlin(1, 9))
    assert clock.due_at == berlin(1, 17)


def test_a_tier_has_its_own_clock_beside_the_promise():
    """Frappe helpdesk #1895: L1 burnt the time and L2 got the blame."""
    promise = resolution(16, berlin(1, 9))
    l1 = clocks.start(kind="tier", tier="to-l2", basis="business", target_s=4 * HOUR, at=berlin(1, 9), calendar=OFFICE)
    taken_over = clocks.meet(l1, at=l1.due_at)
    l2 = clocks.start(kind="tier", tier="to-l3", basis="business", target_s=4 * HOUR, at=l1.due_at, calendar=OFFICE)
    assert clocks.used(taken_over, OFFICE, at=berlin(2, 12)) == 4 * HOUR
    assert clocks.used(l2, OFFICE, at=berlin(1, 15)) == 2 * HOUR
    assert clocks.used(promise, OFFICE, at=berlin(1, 15)) == 6 * HOUR


def test_a_second_real_event_is_not_swallowed():
    """Zammad #4348, #5655 de-duplicated by day. The cycle makes each occurrence its own."""
    clock = resolution(4, berlin(1, 9), warn=(75,))
    first = clocks.fire(clock, OFFICE, now=berlin(1, 12))
    assert (first.key, first.clock.cycle) == ("warn:75", 1)
    moved = clocks.retarget(first.clock, OFFICE, Span(basis="business", seconds=8 * HOUR), at=berlin(1, 12, 30))
    second = clocks.fire(moved, OFFICE, now=berlin(1, 15))
    assert (second.key, second.clock.cycle) == ("warn:75", 2)


# ------------------------------------------------------------------------------------------------------------- gaming


def test_pauses_end_by_themselves_and_beyond_the_policy_a_lead_decides():
    """Weeks of "waiting for the customer", set minutes before the deadline."""
    at = berlin(1, 9)
    reason = waiting()
    week = at + dt.timedelta(days=7)
    assert pausing.pause_allowed(reason, 0, at=at, calendar=OFFICE) == Granted(week)
    sooner = at + dt.timedelta(days=1)
    assert pausing.pause_allowed(reason, 1, at=at, calendar=OFFICE, until=sooner) == Granted(sooner)

    again = pausing.pause_allowed(reason, 2, at=at, calendar=OFFICE)
    assert isinstance(again, NeedsLead)
    assert "2 times" in again.why
    longer = pausing.pause_allowed(reason, 0, at=at, calendar=OFFICE, until=week + dt.timedelta(seconds=1))
    assert isinstance(longer, NeedsLead)
    assert "PT168H of elapsed time" in longer.why

    approved = pausing.pause_allowed(reason, 5, at=at, calendar=OFFICE, approved=True)
    assert approved == Granted(week)  # even then it ends by itself
    with pytest.raises(ClockRefusedError, match="lies ahead"):
        pausing.pause_allowed(reason, 0, at=at, calendar=OFFICE, until=at)


def test_a_pause_in_business_time_ends_in_business_time():
    granted = pausing.pause_allowed(waiting(longest={"business": "PT8H"}), 0, at=berlin(5, 16), calendar=OFFICE)
    assert granted == Granted(berlin(8, 16))


def test_closing_and_reopening_gives_no_fresh_clock():
    clock = resolution(8, berlin(1, 9))
    ended = clocks.meet(clock, at=berlin(1, 16, 55))
    again = clocks.reopen(ended, OFFICE, at=berlin(3, 9))
    assert again.due_at == berlin(3, 9, 5)
    late = clocks.reopen(clocks.meet(clock, at=berlin(2, 10)), OFFICE, at=berlin(3, 9))
    assert late.state == "breached"
    assert clocks.remaining(late, OFFICE, at=berlin(3, 9)) == -1 * HOUR


def test_merging_gives_no_fresh_clock():
    old = resolution(8, berlin(1, 9))
    fresh = resolution(4, berlin(1, 15))
    both = clocks.merged(fresh, old, OFFICE, at=berlin(1, 16))
    assert both.started_at == berlin(1, 9)
    assert both.target_s == 4 * HOUR
    assert clocks.remaining(both, OFFICE, at=berlin(1, 16)) == -3 * HOUR


def test_a_slower_category_shortly_before_due_gives_only_the_difference():
    clock = resolution(8, berlin(1, 9), warn=(75,))
    moved = clocks.retarget(clock, OFFICE, Target(basis="business", seconds=10 * HOUR), at=berlin(1, 16, 59))
    assert moved.due_at == berlin(2, 11)
    assert moved.started_at == clock.started_at


def test_a_regulators_deadline_is_not_a_clock_like_any_other():
    """Statutory clocks are never paused, moved, cancelled or merged away; they alert at 50 and 80 %."""
    at = berlin(1, 9)
    clock = clocks.start(kind="statutory", basis="elapsed", target_s=100 * HOUR, warn=(99,), at=at, calendar=OFFICE)
    assert [moment.key for moment in clocks.moments(clock, OFFICE)] == ["warn:50", "warn:80", "breach"]
    assert clocks.next_moment(clock, OFFICE).due_at == at + dt.timedelta(hours=50)
    for act in (
        lambda: clocks.pause(clock, OFFICE, at=at),
        lambda: clocks.retarget(clock, OFFICE, Span(basis="elapsed", seconds=HOUR), at=at),
        lambda: clocks.cancel(clock, at=at),
        lambda: clocks.cancel(clock, at=at, carried_by=clock._replace(due_at=clock.due_at + dt.timedelta(seconds=1))),
        lambda: clocks.cancel(clock, at=at, carried_by=clocks.meet(clock, at=at)),
        lambda: clocks.cancel(clock, at=at, carried_by=resolution(1, at)),
    ):
        with pytest.raises(ClockRefusedError):
            act()

    # Merged, the case that lives on carries the earlier deadline; only then does the other clock end.
    later = clocks.start(
        kind="statutory", basis="elapsed", target_s=100 * HOUR, at=at + dt.timedelta(hours=9), calendar=OFFICE
    )
    carried = clocks.merged(later, clock, OFFICE, at=at + dt.timedelta(hours=10))
    assert (carried.started_at, carried.due_at, carried.target_s) == (clock.started_at, clock.due_at, clock.target_s)
    assert clocks.cancel(clock, at=at, carried_by=carried).state == "cancelled"

    # Reopening does not give the law's time back.
    ended = clocks.meet(clock, at=at + dt.timedelta(hours=10))
    again = clocks.reopen(ended, OFFICE, at=at + dt.timedelta(hours=60))
    assert again.due_at == clock.due_at
    assert clocks.fire(again, OFFICE, now=at + dt.timedelta(hours=60)).key == "warn:50"
