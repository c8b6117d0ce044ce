"""Business calendars: cases from the field, odd days of odd zones, what is refused, and calendars as values."""

from __future__ import annotations

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import product
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from escalations.core.calendar import FIRST_YEAR, LAST_YEAR, WEEKDAYS, Calendar, CalendarError, HorizonError

HOUR = 3600
OFFICE = {day: [("09:00", "12:30"), ("13:30", "18:00")] for day in WEEKDAYS[:5]}
ALL_DAY = (("00:00", "24:00"),)
EVERY_DAY = dict.fromkeys(WEEKDAYS, ALL_DAY)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def berlin(**changes: Any) -> Calendar:
    return Calendar(**{"timezone": "Europe/Berlin", "weekly_hours": OFFICE, **changes})


# Cases from the field


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles"])
def test_deadline_is_the_same_utc_moment_in_whatever_zone_the_start_is_told(zone: str) -> None:
    start = utc("2026-03-02T08:00").astimezone(ZoneInfo(zone))
    due = berlin().due(start, 4 * HOUR)
    assert due == utc("2026-03-02T13:00")
    assert due.tzinfo is UTC


def test_naive_deadlines_are_refused() -> None:
    naive, aware = datetime(2026, 3, 2, 9), utc("2026-03-02T09:00")
    for calendar in (berlin(), Calendar.always()):
        for ask in (
            lambda c: c.due(naive, HOUR),
            lambda c: c.elapsed(naive, aware),
            lambda c: c.elapsed(aware, naive),
            lambda c: c.is_open(naive),
            lambda c: c.next_opening(naive),
        ):
            with pytest.raises(CalendarError, match="knows its time zone"):
                ask(calendar)


def test_off_hours_inside_a_pause_do_not_count_twice() -> None:
    """Paused Friday 17:00 to Monday 10:00 with an hour left: due an hour after the pause, not a weekend later."""
    calendar, target = berlin(), 8 * HOUR
    start, paused, resumed = utc("2026-03-06T08:00"), utc("2026-03-06T16:00"), utc("2026-03-09T09:00")
    left = target - calendar.elapsed(start, paused)
    assert left == HOUR
    assert calendar.due(resumed, left) == utc("2026-03-09T10:00")


def test_split_shifts_keep_their_lunch_break() -> None:
    calendar = berlin()
    assert calendar.due(utc("2026-03-02T11:00"), HOUR) == utc("2026-03-02T13:00")
    assert calendar.elapsed(utc("2026-03-02T00:00"), utc("2026-03-03T00:00")) == 8 * HOUR
    assert not calendar.is_open(utc("2026-03-02T12:00"))


def test_special_hours_of_one_date_replace_its_hours_and_beat_a_holiday() -> None:
    calendar = berlin(
        holidays=["2026-12-24", "2026-12-25", "--12-24", "--12-26"],
        date_overrides={"2026-12-24": [("09:00", "12:00")], "2026-12-26": [("10:00", "11:00")], "2026-12-28": []},
    )
    day = timedelta(days=1)
    hours = [calendar.elapsed(at, at + day) / HOUR for at in (utc("2026-12-22T23:00") + n * day for n in range(8))]
    #               Wed Thu  Fri  Sat  Sun  Mon  Tue  Wed
    assert hours == [8, 3, 0, 1, 0, 0, 8, 8]
    assert calendar.due(utc("2027-12-23T16:00"), 2 * HOUR) == utc("2027-12-27T09:00")


def test_days_of_24_hours_are_one_stretch() -> None:
    calendar = Calendar("UTC", {"fri": ALL_DAY, "sat": ALL_DAY})
    assert calendar.due(utc("2026-03-06T12:00"), 24 * HOUR) == utc("2026-03-07T12:00")
    assert calendar.due(utc("2026-03-06T00:00"), 48 * HOUR) == utc("2026-03-08T00:00")
    assert calendar.is_open(utc("2026-03-07T00:00"))
    assert not calendar.is_open(utc("2026-03-08T00:00"))


def test_night_shift_runs_through_midnight() -> None:
    calendar = Calendar("Asia/Tokyo", {"fri": [("22:00", "24:00")], "sat": [("00:00", "06:00")]})
    assert calendar.due(utc("2026-03-06T13:00"), 8 * HOUR) == utc("2026-03-06T21:00")


def test_clock_change_moves_no_deadline_by_an_hour() -> None:
    """Four hours from Friday 16:00 end on Monday at 11:00 on the wall, before, at and after the change of clocks."""
    calendar, zone = berlin(), ZoneInfo("Europe/Berlin")
    for friday in (20, 27):
        start = datetime(2026, 3, friday, 16, tzinfo=zone)
        assert calendar.due(start, 4 * HOUR).astimezone(zone) == datetime(2026, 3, friday + 3, 11, tzinfo=zone)
        assert calendar.elapsed(start, datetime(2026, 3, friday + 3, 11, tzinfo=zone)) == 4 * HOUR


def test_due_at_closing_time_is_not_due_at_the_next_opening() -> None:
    calendar = berlin()
    assert calendar.due(utc("2026-03-06T16:00"), HOUR) == utc("2026-03-06T17:00")
    assert calendar.due(utc("2026-03-06T11:00"), HOUR / 2) == utc("2026-03-06T11:30")
    assert calendar.due(utc("2026-03-06T16:59:59.7"), 0.3) == utc("2026-03-06T17:00")


def test_start_in_closed_time_counts_from_the_next_opening() -> None:
    calendar = berlin()
    assert calendar.due(utc("2026-03-07T10:00"), HOUR) == utc("2026-03-09T09:00")
    assert calendar.due(utc("2026-03-06T17:00"), HOUR) == utc("2026-03-09T09:00")


def test_no_time_at_all_is_due_now_or_when_the_doors_open() -> None:
    calendar = berlin()
    for start, expected in [
        ("2026-03-06T10:00:00.5", "2026-03-06T10:00:00.5"),
        ("2026-03-06T17:00", "2026-03-09T08:00"),
        ("2026-03-07T10:00", "2026-03-09T08:00"),
    ]:
        assert calendar.due(utc(start), 0) == calendar.next_opening(utc(start)) == utc(expected)


# Days that are not 24 hours long, and one that never was


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("America/Sao_Paulo", "2019-02-16", 25),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Asia/Kathmandu", "1986-01-01", 23.75),
        ("Antarctica/Troll", "2026-03-29", 22),
    ],
)
def test_hours_of_a_day_are_real_elapsed_time(zone: str, day: str, hours: float) -> None:
    calendar = Calendar(zone, {}, date_overrides={day: ALL_DAY})
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone))
    assert calendar.elapsed(noon - timedelta(days=2), noon + timedelta(days=2)) == hours * HOUR


def test_hour_that_the_clock_skips_is_never_open_and_one_that_it_repeats_is_open_twice() -> None:
    calendar = Calendar("Europe/Berlin", {"sun": [("02:00", "02:30")]})
    sundays = [utc(f"2026-{day}T00:00") for day in ("03-22", "03-29", "10-25")]
    open_seconds = [calendar.elapsed(day - timedelta(hours=2), day + timedelta(hours=6)) for day in sundays]
    assert open_seconds == [HOUR / 2, 0, HOUR]
    assert calendar.due(utc("2026-10-25T00:15"), HOUR / 2) == utc("2026-10-25T01:15")


def test_date_that_a_zone_never_had_has_no_hours() -> None:
    """Apia went from Thursday 29 to Saturday 31 December 2011."""
    calendar = Calendar("Pacific/Apia", dict.fromkeys(("thu", "fri", "sat"), ALL_DAY))
    assert calendar.elapsed(utc("2011-12-28T00:00"), utc("2012-01-03T00:00")) == 48 * HOUR
    with pytest.raises(CalendarError, match="never opens"):
        Calendar("Pacific/Apia", {}, date_overrides={"2011-12-30": ALL_DAY})


def test_leap_day_is_a_yearly_holiday_in_leap_years_only() -> None:
    calendar = Calendar("UTC", EVERY_DAY, ["--02-29"])
    for year, open_days in ((2027, 365), (2028, 365), (2100, 365)):
        assert calendar.elapsed(utc(f"{year}-01-01T00:00"), utc(f"{year + 1}-01-01T00:00")) == open_days * 24 * HOUR


def test_yearly_holiday_is_kept_where_local_and_utc_years_differ() -> None:
    """On New Year's Eve in New York it is the next year in UTC, on New Year's Day in Apia still the last one."""
    eve = Calendar("America/New_York", EVERY_DAY, ["--12-31"])
    assert eve.elapsed(utc("2026-01-01T00:00"), utc("2026-01-01T06:00")) == HOUR
    new_year = Calendar("Pacific/Apia", EVERY_DAY, ["--01-01"])
    assert new_year.is_open(utc("2026-06-01T00:00"))  # builds until the end of 2027, in UTC
    assert new_year.elapsed(utc("2027-12-31T10:00"), utc("2027-12-31T12:00")) == HOUR


# Refused


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ({"timezone": "Europe/Atlantis"}, "timezone", "no IANA time zone"),
        ({"timezone": "localtime"}, "timezone", "no IANA time zone"),
        ({"timezone": "../etc/passwd"}, "timezone", "no IANA time zone"),
        ({"timezone": ""}, "timezone", "no IANA time zone"),
        ({"timezone": None}, "timezone", "no IANA time zone"),
        ({"weekly_hours": [["09:00", "17:00"]]}, "weekly_hours", "each day its hours"),
        ({"weekly_hours": {"monday": ALL_DAY}}, "weekly_hours.monday", "mon, tue"),
        ({"weekly_hours": {"mon": "09:00-17:00"}}, "weekly_hours.mon", "list the hours"),
        ({"weekly_hours": {"mon": ["09:00", "17:00"]}}, "weekly_hours.mon[0]", "two times"),
        ({"weekly_hours": {"mon": [["09:00"]]}}, "weekly_hours.mon[0]", "two times"),
        ({"weekly_hours": {"mon": [["9:00", "17:00"]]}}, "weekly_hours.mon[0]", "no time of day"),
        ({"weekly_hours": {"mon": [[540, 1020]]}}, "weekly_hours.mon[0]", "in quotes"),
        ({"weekly_hours": {"mon": [["09:00", "24:01"]]}}, "weekly_hours.mon[0]", "no time of day"),
        ({"weekly_hours": {"mon": [["09:00", "09:00"]]}}, "weekly_hours.mon[0]", "not after 09:00"),
        ({"weekly_hours": {"tue": [["22:00", "06:00"]]}}, "weekly_hours.tue[0]", "night shift is two intervals"),
        ({"weekly_hours": {"mon": [["13:00", "17:00"], ["09:00", "13:01"]]}}, "weekly_hours.mon[0]", "overlaps"),
        ({"weekly_hours": {"mon": [["09:00", "12:00"], ["11:59", "17:00"]]}}, "weekly_hours.mon[1]", "overlaps"),
        ({"holidays": "2026-12-25"}, "holidays", "list the dates"),
        ({"holidays": ["2026-12-25", "2026-02-30"]}, "holidays[1]", "'2026-02-30' is no date"),
        ({"holidays": ["--13-01"]}, "holidays[0]", "'--13-01' is no date"),
        ({"holidays": ["20261225"]}, "holidays[0]", "YYYY-MM-DD"),
        ({"holidays": [datetime(2026, 12, 25)]}, "holidays[0]", "no date"),
        ({"date_overrides": ["2026-12-24"]}, "date_overrides", "each date its hours"),
        ({"date_overrides": {"--12-24": []}}, "date_overrides.--12-24", "no date"),
        ({"date_overrides": {"2026-12-24": [["12:00", "09:00"]]}}, "date_overrides.2026-12-24[0]", "not after"),
    ],
)
def test_malformed_hours_are_refused_with_their_place(changes: dict[str, Any], place: str, message: str) -> None:
    with pytest.raises(CalendarError) as refused:
        berlin(**changes)
    told = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in refused.value.place)
    assert told == f".{place}"
    assert str(refused.value) == f"{place}: {refused.value.reason}"
    assert message in refused.value.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"weekly_hours": {}},
        {"weekly_hours": {"mon": []}, "date_overrides": {"2026-12-24": []}},
        {"holidays": [f"--{date.fromordinal(day).isoformat()[5:]}" for day in range(730120, 730486)]},
        # Berlin's clocks jumped over that half hour, and the week has no hours.
        {"weekly_hours": {}, "date_overrides": {"2026-03-29": [("02:00", "02:30")]}},
        {"weekly_hours": {}, "date_overrides": {"2500-01-01": ALL_DAY}},
    ],
    ids=["no hours", "closed days only", "a holiday every day", "in a skipped hour only", "beyond the horizon only"],
)
def test_calendar_that_never_opens_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CalendarError, match="never opens"):
        berlin(**changes)


def test_calendar_that_opens_on_one_date_only_is_a_calendar() -> None:
    calendar = berlin(weekly_hours={}, date_overrides={date(2026, 3, 28): [("09:00", "10:00")]})
    assert calendar.due(utc("2020-01-01T00:00"), HOUR) == utc("2026-03-28T09:00")
    with pytest.raises(HorizonError, match="not open for 3601 seconds"):
        calendar.due(utc("2020-01-01T00:00"), HOUR + 1)
    with pytest.raises(HorizonError, match="not open for 1 seconds"):
        calendar.due(utc("2026-03-28T09:00"), 1)


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan"), float("inf"), None, "3600"])
def test_length_that_is_none_is_refused(seconds: Any) -> None:
    for calendar in (berlin(), Calendar.always()):
        with pytest.raises(CalendarError, match="no length of time"):
            calendar.due(utc("2026-03-02T09:00"), seconds)


def test_questions_beyond_the_horizon_are_refused() -> None:
    calendar, now = berlin(), utc("2026-03-02T09:00")
    before, after = datetime(FIRST_YEAR - 1, 12, 31, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
    for at in (before, after, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        with pytest.raises(HorizonError, match=f"{FIRST_YEAR} to {LAST_YEAR}"):
            calendar.is_open(at)
        with pytest.raises(HorizonError, match=f"{FIRST_YEAR} to {LAST_YEAR}"):
            calendar.elapsed(now, at)
    with pytest.raises(HorizonError, match=f"the end of {LAST_YEAR}"):
        calendar.due(now, 10**12)
    with pytest.raises(HorizonError):
        Calendar.always().due(now, 10**12)


# Always open


def test_always_open_is_elapsed_time() -> None:
    calendar, start = Calendar.always(), utc("2026-03-29T00:30:00.000001")
    assert calendar.due(start, 72 * HOUR) == start + timedelta(hours=72)
    assert calendar.elapsed(start, start + timedelta(days=4000)) == 4000 * 24 * HOUR
    assert calendar.elapsed(start, start - timedelta(seconds=1)) == -1
    assert calendar.is_open(start)
    assert calendar.next_opening(start) == start
    assert calendar.due(datetime(3000, 1, 1, tzinfo=UTC), 1).year == 3000


def test_one_closed_day_is_not_always() -> None:
    for changes in (
        {"holidays": ["2026-03-29"]},
        {"holidays": ["--03-29"]},
        {"date_overrides": {"2026-03-29": []}},
    ):
        calendar = Calendar(**{"timezone": "UTC", "weekly_hours": EVERY_DAY, **changes})
        assert calendar.due(utc("2026-03-28T23:00"), 2 * HOUR) == utc("2026-03-30T01:00")


# As a value


def test_document_is_canonical_json() -> None:
    calendar = Calendar(
        "Europe/Berlin",
        {"sun": [], "tue": (("13:00", "24:00"), ("09:00", "12:00")), "mon": [["10:00", "11:00"], ["11:00", "12:00"]]},
        ["2026-12-26", "--05-01", date(2026, 12, 26), "--01-01"],
        {date(2027, 1, 2): [], "2026-12-24": [["09:00", "12:00"]]},
    )
    document = calendar.to_document()
    assert json.dumps(document) == json.dumps(
        {
            "timezone": "Europe/Berlin",
            "weekly_hours": {"mon": [["10:00", "12:00"]], "tue": [["09:00", "12:00"], ["13:00", "24:00"]]},
            "holidays": ["--01-01", "--05-01", "2026-12-26"],
            "date_overrides": {"2026-12-24": [["09:00", "12:00"]], "2027-01-02": []},
        }
    )
    again = Calendar.from_document(json.loads(json.dumps(document)))
    assert again == calendar
    assert again.to_document() == document
    # Rows refer to this value: it must not move between releases.
    assert calendar.digest == "941c072f2de2a5f5ff5dc44bad20ec0b3081fc86b4d083b8b97ec39a41ca09dd"


def test_equal_by_what_they_say() -> None:
    one, same = berlin(), berlin(weekly_hours={**OFFICE, "sun": ()})
    assert one == same
    assert len({one, same, berlin(holidays=["--12-25"])}) == 2
    assert one != one.to_document()
    assert Calendar("UTC", EVERY_DAY) == Calendar.always()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda calendar: pickle.loads(pickle.dumps(calendar))])
def test_copies_are_equal_and_answer_alike(copied: Any) -> None:
    calendar = berlin(holidays=["--12-25"])
    calendar.is_open(utc("2026-03-02T09:00"))
    other = copied(calendar)
    assert other == calendar
    assert other.due(utc("2026-12-24T12:00"), 40 * HOUR) == calendar.due(utc("2026-12-24T12:00"), 40 * HOUR)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"weekly_hours": OFFICE}, "timezone: missing"),
        ({"timezone": "UTC"}, "weekly_hours: missing"),
        ({"timezone": "UTC", "weekly_hours": OFFICE, "holiday": []}, "holiday: unknown key"),
        (["UTC"], "a calendar is a mapping"),
    ],
)
def test_document_that_is_no_calendar_is_refused(document: Any, message: str) -> None:
    with pytest.raises(CalendarError, match=message):
        Calendar.from_document(document)


def test_answers_do_not_depend_on_what_was_asked_before() -> None:
    starts = [utc(f"{year}-0{month}-05T10:00") for year in (1990, 2026, 2011, 2050) for month in (1, 6)]
    questions = list(product(starts, (1, 9000)))
    one, other = berlin(holidays=["--12-25"]), berlin(holidays=["--12-25"])
    forth = [one.due(start, hours * HOUR) for start, hours in questions]
    back = [other.due(start, hours * HOUR) for start, hours in reversed(questions)]
    fresh = [berlin(holidays=["--12-25"]).due(start, hours * HOUR) for start, hours in questions]
    assert forth == back[::-1] == fresh
    first, last = questions[0][0], questions[-1][0]
    assert berlin().elapsed(first, last) == berlin().elapsed(first, utc("2026-01-01T00:00")) + berlin().elapsed(
        utc("2026-01-01T00:00"), last
    )


def test_threads_may_share_a_calendar_while_it_grows() -> None:
    years = [2026, 2040, 2000, 2060, 1999, 2027]
    expected = [berlin().due(utc(f"{year}-03-05T10:00"), 4000 * HOUR) for year in years]
    for _ in range(5):
        shared, together = berlin(), Barrier(len(years))

        def ask(year: int, shared: Calendar = shared, together: Barrier = together) -> datetime:
            together.wait()
            return shared.due(utc(f"{year}-03-05T10:00"), 4000 * HOUR)

        with ThreadPoolExecutor(len(years)) as pool:
            assert list(pool.map(ask, years)) == expected
