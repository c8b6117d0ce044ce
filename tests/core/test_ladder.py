"""Ladders: the cases from the field, and what holds for every ladder, staffing and downtime."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core import clock as clocks
from escalations.core import ladder as ladders
from escalations.core.calendar import WEEKDAYS, Calendar
from escalations.core.clock import ClockFinishedError, ClockRefusedError
from escalations.core.ladder import CATCH_UP_GRACE, Earlier, LadderError, PassedOver, Staffing
from escalations.core.policy import Ladder, Policy
from tests.core.policies import base_document

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
ZONE = ZoneInfo("Europe/Berlin")
OFFICE = Calendar("Europe/Berlin", {day: [("09:00", "17:00")] for day in WEEKDAYS[:5]})
OPEN = Calendar.always()
LEVELS = ("L1", "L2", "L3", "L4")

ANNA, BEN, CEM, DORA, EVA = 1, 2, 3, 4, 5
STAFF = Staffing(
    receivers={("t1", "L2"): (BEN, CEM, DORA), ("t1", "L3"): (CEM, DORA), ("t1", "L4"): (DORA,), ("t2", "L3"): (EVA,)},
    leads={"t1": (BEN,), "t2": (EVA,)},
    roles={},
)


@cache
def policy(on_call: str | None = None) -> Policy:
    document = base_document()
    document["central"]["roles"] |= {"duty": {"name": "Duty lead"}, "night": {"name": "Night watch"}}
    if on_call:
        document["central"]["teams"]["t1"]["on_call"] = on_call
    return Policy.model_validate(document)


def ladder(*rungs: dict, **more) -> Ladder:
    return Ladder.model_validate({"name": "Main", "rungs": list(rungs)} | more)


def rung(key: str, hours: int, level: str | None = None, basis: str = "elapsed", **more) -> dict:
    return {"key": key, "after": {basis: f"PT{hours}H"}, "level": level} | more


MAIN = ladder(rung("to-l2", 24, "L2"), rung("to-l3", 48, "L3"), rung("to-l4", 72, "L4"))


def berlin(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """A moment of June 2026 in Berlin; the 1st is a Monday, the 6th a Saturday."""
    return dt.datetime(2026, 6, day, hour, minute, tzinfo=ZONE)


def first(on: Ladder, receipt: dt.datetime, calendar: Calendar = OPEN, level: str = "L1", **more):
    return ladders.first_tier(on, policy=policy(), level=level, receipt=receipt, calendar=calendar, **more)


def fire(on: Ladder, clock, now: dt.datetime, receipt: dt.datetime, **more):
    given_ = {
        "policy": policy(),
        "calendar": OPEN,
        "staffing": STAFF,
        "team": "t1",
        "level": "L1",
        "assignee": ANNA,
    } | more
    return ladders.fire(on, clock, now=now, receipt=receipt, **given_)


# ----------------------------------------------------------------------------------------------------- the usual way


def test_the_default_ladder_climbs_after_24_48_and_72_hours():
    receipt = berlin(1, 10)
    clock, level, earlier = first(MAIN, receipt), "L1", Earlier()
    seen = []
    for hours in (24, 48, 72):
        assert clock.due_at == receipt + hours * HOUR
        fired = fire(MAIN, clock, clock.due_at + MINUTE, receipt, level=level, earlier=earlier)
        assert fired.outcome == "climbed"
        seen.append((fired.rungs, fired.level, fired.asked, fired.tell))
        assert (fired.clock.state, fired.clock.breached_at) == ("breached", clock.due_at)
        assert not fired.clock.is_open
        clock, level, earlier = fired.next, fired.level, fired.earlier
    assert seen == [
        (("to-l2",), "L2", (BEN, CEM, DORA), (ANNA, BEN)),
        (("to-l3",), "L3", (CEM, DORA), (ANNA, BEN)),
        (("to-l4",), "L4", (DORA,), (ANNA, BEN)),
    ]
    assert clock is None


def test_a_sweep_that_is_a_little_late_does_not_shift_the_ladder():
    receipt = berlin(1, 10)
    clock = first(MAIN, receipt)
    on_time = fire(MAIN, clock, clock.due_at + CATCH_UP_GRACE, receipt)
    assert on_time.next.due_at == receipt + 48 * HOUR
    late = fire(MAIN, clock, clock.due_at + CATCH_UP_GRACE + MINUTE, receipt)
    assert late.next.due_at == clock.due_at + CATCH_UP_GRACE + MINUTE + 24 * HOUR


def test_a_rung_in_business_time_that_ends_with_the_day_fires_then():
    on = ladder(rung("to-l2", 8, "L2", "business"), rung("to-l3", 16, "L3", "business"))
    receipt = berlin(1, 9)
    clock = first(on, receipt, OFFICE)
    assert clock.due_at == berlin(1, 17)
    fired = fire(on, clock, berlin(1, 17, 1), receipt, calendar=OFFICE)
    assert fired.outcome == "climbed"
    assert fired.next.due_at == berlin(2, 17)


def test_rungs_of_two_bases_are_counted_between_their_moments():
    on = ladder(rung("to-l2", 4, "L2", "business"), rung("to-l3", 48, "L3"), rung("to-l4", 24, "L4", "business"))
    receipt = berlin(1, 9)
    fired = fire(on, first(on, receipt, OFFICE), berlin(1, 13), receipt, calendar=OFFICE)
    assert fired.next.due_at == berlin(3, 9)
    last = fire(on, fired.next, berlin(3, 9), receipt, calendar=OFFICE, level="L2")
    assert last.next.due_at == berlin(3, 17)


def test_a_rung_that_is_written_later_but_comes_sooner_follows_a_second_later():
    on = ladder(rung("to-l2", 40, "L2", "business"), rung("to-l3", 48, "L3"))
    receipt = berlin(1, 9)
    fired = fire(on, first(on, receipt, OFFICE), berlin(5, 17), receipt, calendar=OFFICE)
    assert fired.next.target_s == 1
    assert fired.next.due_at == berlin(5, 17) + dt.timedelta(seconds=1)


def test_who_is_told_leads_of_both_teams_the_receiver_and_roles():
    on = ladder(rung("over", 1, "L3", team="t2", tell=["assignee", "team_lead", "receiver", "role:duty"]))
    receipt = berlin(1, 10)
    staff = STAFF._replace(roles={"duty": (9,)})
    fired = fire(on, first(on, receipt), receipt + HOUR, receipt, staffing=staff)
    assert (fired.team, fired.level, fired.asked) == ("t2", "L3", (EVA,))
    assert fired.tell == (ANNA, BEN, EVA, 9)


def test_a_rung_that_would_tell_nobody_tells_whom_it_asks():
    on = ladder(rung("to-l2", 1, "L2", tell=["assignee"]))
    receipt = berlin(1, 10)
    fired = fire(on, first(on, receipt), receipt + HOUR, receipt, assignee=None)
    assert fired.tell == (BEN, CEM, DORA)


def test_a_rung_may_only_tell():
    on = ladder(rung("remind", 1), rung("to-l2", 2, "L2"))
    receipt = berlin(1, 10)
    fired = fire(on, first(on, receipt), receipt + HOUR, receipt)
    assert (fired.outcome, fired.level, fired.team, fired.asked) == ("climbed", None, None, ())
    assert fired.tell == (ANNA, BEN)
    assert fired.next.tier == "to-l2"


# ---------------------------------------------------------------------------------------------- off hours, unstaffed


def test_an_empty_step_does_not_wait_its_full_delay():
    """Goalert #4548: nobody holds the level, so the next rung fires at once; recorded."""
    receipt = berlin(1, 10)
    staff = STAFF._replace(receivers={("t1", "L3"): (CEM,), ("t1", "L4"): (DORA,)})
    fired = fire(MAIN, first(MAIN, receipt), receipt + 24 * HOUR, receipt, staffing=staff)
    assert (fired.outcome, fired.rungs, fired.level) == ("climbed", ("to-l3",), "L3")
    assert fired.passed_over == (PassedOver("to-l2", "nobody"),)
    assert (fired.next.tier, fired.next.due_at) == ("to-l4", receipt + 48 * HOUR)


def test_a_ladder_on_which_nobody_stands_ends_on_record():
    receipt = berlin(1, 10)
    fired = fire(MAIN, first(MAIN, receipt), receipt + 24 * HOUR, receipt, staffing=Staffing({}, {}, {}))
    assert (fired.outcome, fired.rungs, fired.level, fired.next) == ("exhausted", (), None, None)
    assert fired.passed_over == tuple(PassedOver(key, "nobody") for key in ("to-l2", "to-l3", "to-l4"))
    assert not fired.clock.is_open


NIGHT = berlin(7, 2)  # Sunday, two in the morning
RECEIPT = berlin(6, 2)


def test_on_sunday_at_two_the_ladder_does_not_climb_to_the_director():
    """Off hours and nobody on call: the step waits for the calendar, and the later ones follow from there."""
    fired = fire(MAIN, first(MAIN, RECEIPT, OFFICE), NIGHT, RECEIPT, calendar=OFFICE)
    assert (fired.outcome, fired.rungs, fired.level, fired.tell) == ("waits", (), None, ())
    assert fired.next is None
    assert fired.clock.is_open
    assert fired.clock.due_at == berlin(8, 9)
    assert clocks.next_moment(fired.clock, OFFICE) == ("rung:to-l2", berlin(8, 9))
    morning = fire(MAIN, fired.clock, berlin(8, 9, 1), RECEIPT, calendar=OFFICE)
    assert morning.outcome == "climbed"
    assert morning.next.due_at == berlin(9, 9)


@pytest.mark.parametrize("on_rung", [True, False])
def test_off_hours_the_on_call_role_is_asked_and_told(on_rung):
    on = ladder(rung("to-l2", 24, "L2", **({"on_call": "duty"} if on_rung else {})), rung("to-l3", 48, "L3"))
    law = policy(None if on_rung else "duty")
    staff = STAFF._replace(roles={"duty": (9,)})
    fired = fire(on, first(on, RECEIPT, OFFICE), NIGHT, RECEIPT, calendar=OFFICE, staffing=staff, policy=law)
    assert (fired.outcome, fired.level, fired.asked, fired.on_call) == ("climbed", "L2", (9,), "duty")
    assert fired.tell == (9, ANNA, BEN)
    by_day = fire(
        on, first(on, berlin(1, 10), OFFICE), berlin(2, 10), berlin(1, 10), calendar=OFFICE, staffing=staff, policy=law
    )
    assert (by_day.asked, by_day.on_call) == ((BEN, CEM, DORA), None)


def test_the_rungs_own_role_comes_before_the_teams():
    on = ladder(rung("to-l2", 24, "L2", on_call="night"))
    staff = STAFF._replace(roles={"duty": (9,), "night": (8,)})
    fired = fire(on, first(on, RECEIPT, OFFICE), NIGHT, RECEIPT, calendar=OFFICE, staffing=staff, policy=policy("duty"))
    assert fired.asked == (8,)


def test_an_on_call_role_that_nobody_holds_is_merely_off_hours():
    on = ladder(rung("to-l2", 24, "L2", on_call="duty"), rung("to-l3", 48, "L3"))
    fired = fire(on, first(on, RECEIPT, OFFICE), NIGHT, RECEIPT, calendar=OFFICE)
    assert fired.outcome == "waits"


def test_a_level_that_nobody_holds_by_day_goes_to_the_role_on_call():
    on = ladder(rung("to-l2", 1, "L2", on_call="duty"))
    receipt = berlin(1, 10)
    staff = Staffing({}, {}, {"duty": (9,)})
    fired = fire(on, first(on, receipt), receipt + HOUR, receipt, staffing=staff, calendar=OFFICE)
    assert (fired.asked, fired.on_call) == ((9,), "duty")


def test_safety_does_not_wait_for_the_morning():
    fired = fire(MAIN, first(MAIN, RECEIPT, OFFICE), NIGHT, RECEIPT, calendar=OFFICE, urgent=True)
    assert (fired.outcome, fired.level, fired.asked) == ("climbed", "L2", (BEN, CEM, DORA))
    assert fired.next.due_at == RECEIPT + 48 * HOUR


def test_an_empty_step_off_hours_hands_the_waiting_to_the_next_rung():
    staff = STAFF._replace(receivers={("t1", "L3"): (CEM,)})
    fired = fire(MAIN, first(MAIN, RECEIPT, OFFICE), NIGHT, RECEIPT, calendar=OFFICE, staffing=staff)
    assert (fired.outcome, fired.passed_over) == ("waits", (PassedOver("to-l2", "nobody"),))
    assert not fired.clock.is_open
    assert (fired.next.tier, fired.next.due_at) == ("to-l3", berlin(8, 9))


def test_a_step_that_came_due_just_before_opening_does_not_wait_a_minute_after_it():
    receipt = berlin(1, 8, 55)
    fired = fire(MAIN, first(MAIN, receipt, OFFICE), berlin(2, 9, 2), receipt, calendar=OFFICE)
    assert fired.outcome == "climbed"


def test_a_step_due_in_hours_is_fired_by_a_sweep_just_after_closing():
    receipt = berlin(1, 16, 58)
    fired = fire(MAIN, first(MAIN, receipt, OFFICE), berlin(2, 17, 1), receipt, calendar=OFFICE)
    assert fired.outcome == "climbed"


# ----------------------------------------------------------------------------------------------------------- storms


def test_after_an_outage_a_case_climbs_one_rung_and_the_others_keep_their_distances():
    """Every late case landed on the top level after an outage."""
    receipt = berlin(1, 10)
    back = receipt + 100 * HOUR
    fired = fire(MAIN, first(MAIN, receipt), back, receipt)
    assert (fired.rungs, fired.level) == (("to-l2",), "L2")
    assert fired.delayed == ("to-l3", "to-l4")
    assert fired.next.due_at == back + 24 * HOUR
    again = fire(MAIN, fired.next, back + 24 * HOUR, receipt, level="L2")
    assert (again.level, again.next.due_at, again.delayed) == ("L3", back + 48 * HOUR, ())


def test_safety_makes_up_for_an_outage_at_once():
    receipt = berlin(1, 10)
    fired = fire(MAIN, first(MAIN, receipt), receipt + 50 * HOUR, receipt, urgent=True)
    assert (fired.rungs, fired.level, fired.asked) == (("to-l2", "to-l3"), "L3", (CEM, DORA))
    assert fired.tell == (ANNA, BEN)
    assert fired.delayed == ()
    assert fired.next.due_at == receipt + 72 * HOUR


def test_an_outage_that_ends_at_night_waits_for_the_morning():
    receipt = berlin(1, 10)
    fired = fire(MAIN, first(MAIN, receipt, OFFICE), berlin(3, 2), receipt, calendar=OFFICE)
    assert (fired.outcome, fired.clock.due_at) == ("waits", berlin(3, 9))


def test_a_rung_in_business_time_that_an_outage_carried_into_the_night_waits_too():
    on = ladder(rung("to-l2", 4, "L2", "business"))
    receipt = berlin(1, 9)
    fired = fire(on, first(on, receipt, OFFICE), berlin(2, 2), receipt, calendar=OFFICE)
    assert (fired.outcome, fired.clock.due_at) == ("waits", berlin(2, 9))


def test_a_reminder_in_between_does_not_make_the_founder_new():
    on = ladder(rung("to-l2", 1, "L2"), rung("remind", 2), rung("to-l3", 3, "L3"))
    alone = Staffing({("t1", level): (7,) for level in LEVELS}, {"t1": (7,)}, {})
    receipt = berlin(1, 10)
    one = fire(on, first(on, receipt), receipt + HOUR, receipt, assignee=7, staffing=alone)
    two = fire(on, one.next, receipt + 2 * HOUR, receipt, level="L2", assignee=7, staffing=alone, earlier=one.earlier)
    three = fire(on, two.next, receipt + 3 * HOUR, receipt, level="L2", assignee=7, staffing=alone, earlier=two.earlier)
    assert [item.tell for item in (one, two, three)] == [(7,), (7,), ()]


def test_somebody_new_is_told_even_when_the_same_people_are_asked():
    asked = {("t1", level): (7,) for level in LEVELS}
    receipt = berlin(1, 10)
    one = fire(MAIN, first(MAIN, receipt), receipt + 24 * HOUR, receipt, staffing=Staffing(asked, {"t1": (7,)}, {}))
    two = fire(
        MAIN,
        one.next,
        receipt + 48 * HOUR,
        receipt,
        level="L2",
        staffing=Staffing(asked, {"t1": (7, EVA)}, {}),
        earlier=one.earlier,
    )
    assert (one.tell, two.tell) == ((ANNA, 7), (EVA,))
    assert two.earlier.told == {ANNA, 7, EVA}


def test_a_founder_alone_is_told_once():
    """The same person on several rungs hears of the case once, not at each."""
    alone = Staffing({("t1", level): (7,) for level in LEVELS}, {"t1": (7,)}, {})
    receipt = berlin(1, 10)
    clock, level, earlier, told = first(MAIN, receipt), "L1", Earlier(), []
    while clock is not None:
        fired = fire(MAIN, clock, clock.due_at, receipt, level=level, earlier=earlier, assignee=7, staffing=alone)
        told.append(fired.tell)
        clock, level, earlier = fired.next, fired.level, fired.earlier
    assert told == [(7,), (), ()]
    assert level == "L4"


def test_the_same_person_named_twice_by_one_rung_is_told_once():
    on = ladder(rung("to-l2", 1, "L2", tell=["assignee", "team_lead", "receiver"]))
    receipt = berlin(1, 10)
    fired = fire(on, first(on, receipt), receipt + HOUR, receipt, assignee=BEN)
    assert fired.tell == (BEN, CEM, DORA)


def test_a_large_team_is_asked_without_being_remembered():
    many = tuple(range(100, 100 + ladders.FEW + 1))
    staff = STAFF._replace(receivers={("t1", level): many for level in LEVELS})
    receipt = berlin(1, 10)
    fired = fire(MAIN, first(MAIN, receipt), receipt + 24 * HOUR, receipt, staffing=staff)
    assert fired.asked == many
    assert fired.earlier == Earlier(frozenset(), frozenset({ANNA, BEN}))


# ------------------------------------------------------------------------------------- where the case is already


def test_a_case_that_begins_high_begins_with_the_rung_above():
    receipt = berlin(1, 10)
    clock = first(MAIN, receipt, level="L3")
    assert (clock.tier, clock.due_at) == ("to-l4", receipt + 72 * HOUR)
    assert first(MAIN, receipt, level="L4") is None


def test_a_rung_that_leads_where_the_case_is_already_is_passed_over_and_the_next_keeps_its_time():
    receipt = berlin(1, 10)
    fired = fire(MAIN, first(MAIN, receipt), receipt + 24 * HOUR, receipt, level="L2")
    assert (fired.outcome, fired.level, fired.tell) == ("passed", None, ())
    assert fired.passed_over == (PassedOver("to-l2", "there_already"),)
    assert (fired.next.tier, fired.next.due_at) == ("to-l3", receipt + 48 * HOUR)
    late = fire(MAIN, first(MAIN, receipt), receipt + 50 * HOUR, receipt, level="L2")
    assert (late.outcome, late.rungs, late.level) == ("climbed", ("to-l3",), "L3")


def test_a_rung_to_the_team_and_level_that_has_the_case_is_there_already():
    on = ladder(rung("stay", 1, "L2", team="t1"))
    receipt = berlin(1, 10)
    clock = first(on, receipt, level="L1")
    assert fire(on, clock, receipt + HOUR, receipt, level="L2").outcome == "exhausted"
    moved = fire(on, clock, receipt + HOUR, receipt, level="L2", team="t2")
    assert (moved.outcome, moved.team, moved.level) == ("climbed", "t1", None)


def test_a_rung_to_another_team_never_leads_down():
    on = ladder(rung("over", 1, "L2", team="t2"))
    receipt = berlin(1, 10)
    staff = STAFF._replace(receivers={("t2", "L3"): (EVA,)})
    fired = fire(on, first(on, receipt, level="L3"), receipt + HOUR, receipt, level="L3", staffing=staff)
    assert (fired.outcome, fired.team, fired.level, fired.asked) == ("climbed", "t2", None, (EVA,))


def test_a_ladder_that_begins_to_count_later_owes_what_is_past_now():
    receipt = berlin(1, 10)
    clock = first(MAIN, receipt, at=receipt + 30 * HOUR)
    assert (clock.tier, clock.due_at) == ("to-l2", receipt + 30 * HOUR)
    assert first(MAIN, receipt, at=receipt + HOUR).due_at == receipt + 24 * HOUR


def test_only_a_due_and_open_tier_clock_of_this_ladder_fires():
    receipt = berlin(1, 10)
    clock = first(MAIN, receipt)
    with pytest.raises(ClockRefusedError, match="due"):
        fire(MAIN, clock, clock.due_at - MINUTE, receipt)
    with pytest.raises(ClockRefusedError, match="due"):
        fire(MAIN, clocks.pause(clock, OPEN, at=receipt), clock.due_at, receipt)
    with pytest.raises(ClockRefusedError, match="tier clock"):
        fire(MAIN, clock._replace(kind="resolution"), clock.due_at, receipt)
    with pytest.raises(ClockFinishedError):
        fire(MAIN, clocks.cancel(clock, at=receipt), clock.due_at, receipt)
    with pytest.raises(LadderError, match="no rung 'to-l2'"):
        fire(ladder(rung("other", 1, "L2")), clock, clock.due_at, receipt)


# ----------------------------------------------------------------------------------------------------------- merging


def merged(mine, theirs, at, **more):
    return ladders.merged_tier(MAIN, mine, theirs, at=at, receipt=berlin(1, 10), calendar=OPEN, **more)


def test_a_merge_keeps_the_rungs_that_either_has_climbed():
    old, young = berlin(1, 10), berlin(2, 9)
    theirs = fire(MAIN, first(MAIN, old), old + 24 * HOUR, old).next
    mine = first(MAIN, young)
    assert merged(mine, theirs, berlin(2, 11)) == theirs
    assert merged(theirs, mine, berlin(2, 11)) == theirs
    assert merged(mine, theirs, berlin(2, 11), fired=["to-l3"]).tier == "to-l4"
    assert merged(mine, None, berlin(2, 11), fired=["to-l4"]) is None
    assert merged(None, mine, berlin(2, 11), fired=["to-l4"]) is None
    assert merged(None, None, berlin(2, 11)) is None


def test_a_tier_clock_that_has_ended_counts_no_more():
    mine = first(MAIN, berlin(1, 10))
    gone = clocks.cancel(mine._replace(tier="to-l4"), at=berlin(1, 11))
    assert merged(mine, gone, berlin(1, 12)) == mine


def test_of_two_clocks_to_the_same_rung_the_earlier_due_counts():
    mine, theirs = first(MAIN, berlin(1, 15)), first(MAIN, berlin(1, 10))
    both = merged(mine, theirs, berlin(1, 16))
    assert (both.tier, both.due_at, both.started_at) == ("to-l2", theirs.due_at, theirs.started_at)


def test_the_case_that_lives_on_says_whether_the_ladder_stands_still():
    mine, theirs = first(MAIN, berlin(1, 10)), fire(MAIN, first(MAIN, berlin(1, 9)), berlin(2, 9), berlin(1, 9)).next
    at = berlin(2, 9, 30)
    assert merged(clocks.pause(mine, OPEN, at=at), theirs, at).state == "paused"
    assert merged(mine, clocks.pause(theirs, OPEN, at=at), at).state == "running"


def test_a_rung_of_another_ladder_is_left_out():
    mine = first(MAIN, berlin(1, 10))
    theirs = first(ladder(rung("elsewhere", 1, "L4")), berlin(1, 10))
    assert merged(mine, theirs, berlin(1, 11)) == mine


# -------------------------------------------------------------------------------------------------------- properties

people = st.lists(st.integers(1, 6), unique=True, max_size=3).map(tuple)


@st.composite
def any_ladder(draw):
    count = draw(st.integers(1, 6))
    hours = sorted(draw(st.lists(st.integers(1, 200), min_size=count, max_size=count, unique=True)))
    return ladder(
        *(
            rung(
                f"r{number}",
                after,
                draw(st.sampled_from([None, *LEVELS])),
                draw(st.sampled_from(["business", "elapsed"])),
                team=draw(st.sampled_from([None, None, "t1", "t2"])),
                on_call=draw(st.sampled_from([None, "duty"])),
            )
            for number, after in enumerate(hours)
        )
    )


@st.composite
def any_staffing(draw):
    return Staffing(
        {(team, level): draw(people) for team in ("t1", "t2") for level in LEVELS},
        {team: draw(people) for team in ("t1", "t2")},
        {"duty": draw(people)},
    )


@given(
    any_ladder(),
    st.lists(any_staffing(), min_size=1, max_size=3),
    st.sampled_from([OFFICE, OPEN]),
    st.sampled_from(LEVELS),
    st.booleans(),
    st.lists(st.integers(0, 300 * 3600), max_size=12),
)
def test_every_ladder_ends_and_every_rung_is_climbed_or_passed_over_once(on, staffs, calendar, level, urgent, delays):
    """However late the sweeps are and whoever is there: no rung twice, none forgotten, never down, at most one climb a
    firing unless it is urgent, nobody told twice by one firing."""
    receipt = berlin(5, 15)
    team, earlier = "t1", Earlier()
    clock = first(on, receipt, calendar, level=level)
    keys = [item.key for item in on.rungs]
    came: list[str] = []
    begins = keys.index(clock.tier) if clock else len(keys)
    fired = None
    for turn in range(3 * len(keys) + 1):
        if clock is None:
            break
        now = clock.due_at + dt.timedelta(seconds=delays[turn] if turn < len(delays) else 0)
        fired = fire(
            on,
            clock,
            now,
            receipt,
            calendar=calendar,
            staffing=staffs[turn % len(staffs)],
            team=team,
            level=level,
            urgent=urgent,
            earlier=earlier,
        )
        assert len(fired.rungs) <= 1 or urgent
        assert len(set(fired.tell)) == len(fired.tell)
        assert fired.outcome != "waits" or not urgent
        assert (fired.outcome == "climbed") == bool(fired.rungs)
        assert (fired.outcome == "exhausted") <= (fired.next is None)
        came += [*fired.rungs, *(item.rung for item in fired.passed_over)]
        if fired.level is not None:
            assert policy().level_rank(fired.level) > policy().level_rank(level)
        team, level, earlier = fired.team or team, fired.level or level, fired.earlier
        if fired.outcome == "waits":
            waiting = fired.next or fired.clock
            assert waiting.is_open
            assert waiting.due_at > now
            assert calendar.is_open(waiting.due_at)
            assert fired.clock.is_open == (fired.next is None)
            clock = waiting
        else:
            assert not fired.clock.is_open
            clock = fired.next
        if clock is not None:
            assert clock.due_at.microsecond == 0
    assert clock is None
    assert sorted(came) == keys[begins:]


@given(any_ladder(), any_staffing(), st.integers(0, 500 * 3600))
def test_after_downtime_no_rung_comes_sooner_than_its_distance(on, staff, delay):
    receipt = berlin(1, 10)
    clock = first(on, receipt)
    if clock is None:
        return
    now = clock.due_at + dt.timedelta(seconds=delay)
    fired = fire(on, clock, now, receipt, staffing=staff)
    if fired.outcome != "climbed" or fired.next is None:
        return
    hours = {item.key: item.after.seconds for item in on.rungs}  # always open: both bases are the same
    distance = hours[fired.next.tier] - hours[fired.rungs[-1]]
    assert fired.next.target_s == distance
    late = delay > CATCH_UP_GRACE.total_seconds() and not any(item.why == "there_already" for item in fired.passed_over)
    if late:
        assert fired.next.due_at == now + dt.timedelta(seconds=distance)
