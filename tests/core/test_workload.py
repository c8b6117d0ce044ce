"""What will come in and who will be there."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core.workload import HOUR, WEEK, Hour, forecast, gathered, hour_of_week

MONDAY = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
HOURS_OF_A_WEEK = [MONDAY + number * HOUR for number in range(168)]


def test_the_same_hour_of_the_week_is_the_mean_of_the_weeks() -> None:
    nine = MONDAY + 9 * HOUR
    arrivals = {nine - WEEK: 6, nine - 2 * WEEK: 2, nine - 2 * WEEK + HOUR: 1}
    assert forecast(arrivals, MONDAY - 2 * WEEK, MONDAY, [nine, nine + HOUR, nine + 2 * HOUR]) == [4, 0.5, 0]


def test_a_young_desk_knows_only_the_hours_that_it_has_seen() -> None:
    since = MONDAY + 9 * HOUR + HOUR / 2
    arrivals = {MONDAY + 9 * HOUR: 2, MONDAY + 10 * HOUR: 3}
    found = forecast(arrivals, since, MONDAY + 11 * HOUR, [MONDAY + n * HOUR + WEEK for n in (8, 9, 10, 11)])
    assert found == [None, pytest.approx(4), pytest.approx(3), None], (
        "half an hour was seen: two in it are four an hour"
    )


@given(
    st.integers(1, 5),
    st.integers(0, 400),
    st.lists(st.integers(0, 2000), max_size=50),
)
def test_over_whole_weeks_a_week_of_forecasts_is_what_a_week_brought(weeks: int, late: int, came: list[int]) -> None:
    since = MONDAY + late * HOUR
    until = since + weeks * WEEK
    arrivals = Counter(since + number % (weeks * 168) * HOUR for number in came)
    found = forecast(arrivals, since, until, HOURS_OF_A_WEEK)
    assert sum(value or 0 for value in found) * weeks == pytest.approx(len(came))


@given(st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)))
def test_the_hour_of_the_week(at: dt.datetime) -> None:
    start = at.replace(minute=0, second=0, microsecond=0)
    assert hour_of_week(at) == hour_of_week(start) == (start - MONDAY) // HOUR % 168


def test_spans_add_up_and_tell_what_comes_while_nobody_is_there() -> None:
    hours = [
        Hour(MONDAY, 1.0, 0), Hour(MONDAY + HOUR, 2.0, 1.5), Hour(MONDAY + 2 * HOUR, None, 0),
        Hour(MONDAY + 3 * HOUR, 0.5, 0),
    ]  # fmt: skip
    first, second = gathered(hours, lambda at: at.hour // 2)
    assert (first.at, first.expected, first.people, first.alone) == (MONDAY, 3.0, 1.5, 1.0)
    assert (second.at, second.expected, second.people, second.alone) == (MONDAY + 2 * HOUR, 0.5, 0, 0.5)
