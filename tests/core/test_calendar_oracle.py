"""The calendar against an oracle that knows nothing of it: walk the minutes of UTC, look at the wall clock of each.

Drawn around moments at which zones changed their clocks (gaps and folds, at midnight too, by half an hour and by a
whole day), because everything else is easy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from escalations.core.calendar import LAST_YEAR, WEEKDAYS, Calendar, CalendarError, HorizonError

unhurried = settings(deadline=None)  # the first question about a calendar builds its years

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
MINUTE_TICKS = MINUTE // TICK

CHANGES = {
    "Africa/Casablanca": ["2026-02-15T02:00", "2026-03-22T02:00"],
    "America/Caracas": ["2016-05-01T07:00"],
    "America/New_York": ["2026-03-08T07:00", "2026-11-01T06:00"],
    "America/Sao_Paulo": ["2018-11-04T03:00", "2019-02-17T02:00"],
    "Antarctica/Troll": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "Asia/Kathmandu": ["1985-12-31T18:30"],
    "Asia/Tehran": ["2022-03-21T20:30", "2022-09-21T19:30"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],
    "Europe/Berlin": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "Pacific/Apia": ["2011-12-30T10:00", "2012-03-31T14:00"],
    "Pacific/Kiritimati": ["1994-12-31T10:00"],
    "Pacific/Kwajalein": ["1993-08-21T12:00"],
}
MOMENTS = {**CHANGES, "UTC": ["2024-02-29T12:00"], "Asia/Kolkata": ["2026-01-01T00:00"]}
BEFORE, AFTER = 2 * 1440, 4 * 1440  # minutes looked at on either side of the moment


class Oracle:
    """Which minutes of a window are open, found one by one; what follows is counting."""

    def __init__(self, document: dict[str, Any], since: datetime, minutes: int) -> None:
        self.since = since
        self.open = [wall_clock_shows_open(document, since + n * MINUTE) for n in range(minutes)]
        self.before = list(accumulate(self.open, initial=0))

    def elapsed(self, start: datetime, end: datetime) -> int:
        """Open microseconds between two instants of the window."""
        return self._until(end) - self._until(start)

    def _until(self, at: datetime) -> int:
        minute, rest = divmod((at - self.since) // TICK, MINUTE_TICKS)
        return self.before[minute] * MINUTE_TICKS + (rest if self.open[minute] else 0)

    def due(self, start: datetime, length: int) -> datetime | None:
        """Walk on from `start` until `length` open microseconds have passed; None when the window ends first."""
        minute, rest = divmod((start - self.since) // TICK, MINUTE_TICKS)
        while minute < len(self.open):
            if self.open[minute]:
                if length <= MINUTE_TICKS - rest:
                    return self.since + minute * MINUTE + (rest + length) * TICK
                length -= MINUTE_TICKS - rest
            minute, rest = minute + 1, 0
        return None


def wall_clock_shows_open(document: dict[str, Any], at: datetime) -> bool:
    wall = at.astimezone(ZoneInfo(document["timezone"]))
    today, now = wall.date().isoformat(), f"{wall.hour:02}:{wall.minute:02}"
    if today in document["date_overrides"]:
        hours = document["date_overrides"][today]
    elif today in document["holidays"] or f"-{today[4:]}" in document["holidays"]:
        hours = []
    else:
        hours = document["weekly_hours"].get(WEEKDAYS[wall.weekday()], [])
    return any(opens <= now < closes for opens, closes in hours)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def paired(minutes: set[int]) -> list[tuple[str, str]]:
    times = [clock(minute) for minute in sorted(minutes)]
    return list(zip(times[::2], times[1::2], strict=False))


# Clocks change in the small hours: draw there often.
minutes_of_day = st.integers(0, 1440) | st.integers(0, 240)
hours = st.just([("00:00", "24:00")]) | st.sets(minutes_of_day, max_size=6).map(paired)


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], datetime]:
    """A calendar, and a moment worth looking at."""
    zone = draw(st.sampled_from(sorted(MOMENTS)))
    moment = datetime.fromisoformat(draw(st.sampled_from(MOMENTS[zone]))).replace(tzinfo=UTC)
    if draw(st.booleans()):
        moment += timedelta(days=draw(st.integers(-400, 400)))
    near = st.integers(-3, 5).map(lambda days: (moment + timedelta(days=days)).date())
    yearly = near.map(lambda day: f"-{day.isoformat()[4:]}")
    document = {
        "timezone": zone,
        "weekly_hours": draw(st.dictionaries(st.sampled_from(WEEKDAYS), hours)),
        "holidays": draw(st.lists(near.map(date.isoformat) | yearly, max_size=3)),
        "date_overrides": draw(st.dictionaries(near.map(date.isoformat), hours, max_size=3)),
    }
    return document, moment


@settings(unhurried, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.data())
def test_agrees_with_walking_the_minutes(case: tuple[dict[str, Any], datetime], data: st.DataObject) -> None:
    document, moment = case
    oracle = Oracle(document, moment - BEFORE * MINUTE, BEFORE + AFTER)
    try:
        calendar = Calendar(**document)
    except CalendarError:
        assert not any(oracle.open)
        with pytest.raises(CalendarError, match="never opens"):
            Calendar(**document)
        event("never opens")
        return
    ticks = (BEFORE + AFTER) * MINUTE_TICKS - 1
    instants = st.integers(0, BEFORE + AFTER - 1).map(lambda n: n * MINUTE_TICKS) | st.integers(0, ticks)
    for _ in range(6):
        start, end = (oracle.since + data.draw(instants) * TICK for _ in range(2))
        assert calendar.elapsed(start, end) == oracle.elapsed(start, end) / 1e6
        assert calendar.is_open(start) == oracle.open[(start - oracle.since) // MINUTE]
        left = oracle.elapsed(start, oracle.since + ticks * TICK)
        # Whole hours too: they end at closing time more often than a random length does.
        for length in (0, min(left, 3_600_000_000), data.draw(st.integers(0, left))):
            expected = oracle.due(start, length)
            if expected is not None:
                local = start.astimezone(ZoneInfo(document["timezone"]))
                assert calendar.due(start, length / 1e6) == expected
                assert calendar.due(local, length / 1e6) == expected


def every(days: Iterable[str], *hours: tuple[str, str]) -> dict[str, list[tuple[str, str]]]:
    return {day: list(hours) for day in days}


FIVE_DAYS = WEEKDAYS[:5]
REAL = [
    Calendar("Europe/Berlin", every(FIVE_DAYS, ("09:00", "12:30"), ("13:30", "18:00")), ["--12-25"]),
    Calendar("America/New_York", every(WEEKDAYS, ("00:00", "24:00")), ["--07-04", "2026-11-26"]),
    Calendar("America/Sao_Paulo", every(WEEKDAYS, ("00:00", "04:00"), ("20:00", "24:00"))),
    Calendar("Asia/Tehran", every(("sat", "sun", "mon", "tue", "wed"), ("08:00", "16:00"))),
    Calendar("Australia/Lord_Howe", {"sun": [("01:00", "02:30")]}, date_overrides={"2026-10-05": [("01:00", "02:00")]}),
    Calendar("Pacific/Apia", {"fri": [("00:00", "24:00")], "sat": [("10:00", "10:01")]}),
    Calendar("Asia/Kathmandu", {"mon": [("23:59", "24:00")], "tue": [("00:00", "00:01")]}),
    Calendar("Africa/Casablanca", every(FIVE_DAYS, ("02:15", "02:45"))),
    Calendar("Asia/Kolkata", {}, (), {"2038-01-19": [("08:00", "09:00")], "1990-01-01": [("00:00", "24:00")]}),
    Calendar.always(),
]  # fmt: skip

calendars = st.sampled_from(REAL)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
whole_instants = instants.map(lambda at: at.replace(microsecond=0))
lengths = st.integers(0, 30 * 86_400) | st.integers(0, 10 * 86_400_000_000).map(lambda ticks: ticks / 1e6)


THE_END = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC) - TICK


def due(calendar: Calendar, start: datetime, seconds: float) -> datetime | None:
    """None where the calendar is not open for so long before the horizon; then it must be true."""
    try:
        return calendar.due(start, seconds)
    except HorizonError:
        assert calendar.elapsed(start, THE_END) <= seconds
        return None


@unhurried
@given(calendars, instants, lengths)
def test_due_is_inverse_to_elapsed_and_as_early_as_can_be(calendar: Calendar, start: datetime, seconds: float) -> None:
    moment = due(calendar, start, seconds)
    if moment is None:
        return
    assert calendar.elapsed(start, moment) == seconds
    assert moment >= start
    assert moment.tzinfo is UTC
    # What was open a moment ago has just been counted; for no length at all it is what opens now.
    assert calendar.is_open(moment - TICK if seconds else moment)


@unhurried
@given(calendars, whole_instants, whole_instants)
def test_elapsed_is_undone_by_due(calendar: Calendar, start: datetime, end: datetime) -> None:
    start, end = sorted((start, end))
    seconds = calendar.elapsed(start, end)
    if seconds:
        moment = calendar.due(start, seconds)
        assert start < moment <= end
        assert calendar.elapsed(moment, end) == 0


@unhurried
@given(calendars, st.lists(whole_instants, min_size=3, max_size=3))
def test_elapsed_adds_up_in_any_order(calendar: Calendar, three: list[datetime]) -> None:
    a, b, c = three
    assert calendar.elapsed(a, b) + calendar.elapsed(b, c) == calendar.elapsed(a, c)
    assert calendar.elapsed(a, b) == -calendar.elapsed(b, a)
    assert abs(calendar.elapsed(a, b)) <= abs((b - a).total_seconds())


@unhurried
@given(calendars, st.lists(instants, min_size=2, max_size=2), st.lists(lengths, min_size=2, max_size=2))
def test_a_later_start_or_a_longer_time_is_never_due_earlier(
    calendar: Calendar, starts: list[datetime], spans: list[float]
) -> None:
    early, late = sorted(starts)
    short, long = sorted(spans)
    corners: Iterator[datetime | None] = iter(
        [due(calendar, early, short), due(calendar, early, long), due(calendar, late, long)]
    )
    for sooner, later in pairwise(corners):
        assert later is None or (sooner is not None and sooner <= later)


@unhurried
@given(calendars, instants, st.integers(0, 10**6), st.integers(1, 10**6))
def test_two_stretches_are_one(calendar: Calendar, start: datetime, first: int, second: int) -> None:
    middle = due(calendar, start, first)
    if middle is not None:
        assert due(calendar, middle, second) == due(calendar, start, first + second)


@unhurried
@given(calendars, instants)
def test_nothing_is_open_before_the_next_opening(calendar: Calendar, at: datetime) -> None:
    opening = due(calendar, at, 0)
    if opening is None:
        assert not calendar.is_open(at)
        return
    assert calendar.next_opening(at) == opening
    assert calendar.is_open(opening)
    assert calendar.elapsed(at, opening) == 0
    assert (opening == at) == calendar.is_open(at)


@pytest.mark.parametrize(("zone", "change"), [(zone, text) for zone, texts in CHANGES.items() for text in texts])
def test_the_clock_changes_at_the_moments_drawn_around(zone: str, change: str) -> None:
    """Guards the table above: a moment off by an hour would make the draws ordinary and the proof weak."""
    moment = datetime.fromisoformat(change).replace(tzinfo=UTC)
    before, after = (at.astimezone(ZoneInfo(zone)).utcoffset() for at in (moment - MINUTE, moment))
    assert before != after
