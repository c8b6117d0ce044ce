"""What will come in, and who will be there: past arrivals by hour of the week against the hours that are staffed.

The forecast is the plainest one that keeps nights, weekends and Mondays apart: the mean of the same hour of the week
over the span looked back on. It is a picture for planning shifts, and decides nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

HOUR = dt.timedelta(hours=1)
WEEK = dt.timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour to come: where it starts (UTC), cases expected in it (None where the span holds no such hour of the
    week), and people there (1.5: one all the time and one for half of it)."""

    at: dt.datetime
    expected: float | None
    people: float


@dataclass(frozen=True, slots=True)
class Span:
    """Several hours in a row, as one bar or one day: cases expected, person-hours staffed, and the cases of the hours
    in which nobody is there."""

    at: dt.datetime
    expected: float
    people: float
    alone: float


def hour_of_week(at: dt.datetime) -> int:
    """The number of an hour of the week, in UTC: 0 is Monday from midnight to one."""
    at = at.astimezone(dt.UTC)
    return at.weekday() * 24 + at.hour


def forecast(
    arrivals: Mapping[dt.datetime, int], since: dt.datetime, until: dt.datetime, hours: Sequence[dt.datetime]
) -> list[float | None]:
    """Cases expected in each of `hours` (their starts): the mean of the same hour of the week between the two moments.

    arrivals   cases by the start of the hour in which they came

    Hours that the span holds in part count in part. None for an hour of the week of which the span holds nothing.
    """
    came: Counter[int] = Counter()
    for at, count in arrivals.items():
        came[hour_of_week(at)] += count
    held = _held(since, until)
    return [came[place] / held[place] if held[place] else None for place in map(hour_of_week, hours)]


def _held(since: dt.datetime, until: dt.datetime) -> list[float]:
    """How often each hour of the week lies between two moments."""
    whole, rest = divmod(max(until - since, dt.timedelta()), WEEK)
    held = [float(whole)] * 168
    at, end = since, since + rest
    while at < end:
        edge = min(end, at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0) + HOUR)
        held[hour_of_week(at)] += (edge - at) / HOUR
        at = edge
    return held


def gathered(hours: Iterable[Hour], key: Callable[[dt.datetime], object]) -> list[Span]:
    """Hours in a row that share a key (of their starts) as one span each. Hours without a forecast count as none."""
    return [_span(list(held)) for _, held in groupby(hours, key=lambda hour: key(hour.at))]


def _span(hours: Sequence[Hour]) -> Span:
    def total(values: Iterable[float | None]) -> float:
        return sum(value or 0.0 for value in values)

    return Span(
        hours[0].at,
        total(hour.expected for hour in hours),
        total(hour.people for hour in hours),
        total(hour.expected for hour in hours if not hour.people),
    )
