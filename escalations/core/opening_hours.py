"""Opening hours as people write them: read, checked, and written back in one canonical form.

Every error is a CalendarError that names its place in the document and says what to write instead. The arithmetic is
in `core.calendar`.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import isleap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

TICK = dt.timedelta(microseconds=1)
"""The unit of all arithmetic: whole microseconds, written `ticks`."""
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

Written = Sequence[Sequence[str]]
"""One day's hours as written: pairs of "HH:MM" in local time, the second one up to "24:00"."""

Hours = tuple[tuple[int, int], ...]
"""One day's hours as computed with: ticks after local midnight, in order, none touching another."""

NOTHING: Mapping[Any, Any] = MappingProxyType({})

_ALL_DAY: Hours = ((0, DAY),)
_EPOCH = dt.date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = 3  # a Thursday
_DAYS_OF_THE_YEAR = 366
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# What some systems keep beside the IANA zones: clocks with leap seconds, and this machine's own zone.
_NOT_IANA = frozenset({"right", "posix", "posixrules", "localtime", "Factory"})


class CalendarError(ValueError):
    """Something about a calendar is wrong. `place` is the path in its document; `reason` says what to do."""

    def __init__(self, reason: str, *place: str | int) -> None:
        self.reason = reason
        self.place = place
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
        super().__init__(f"{where}: {reason}" if where else reason)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A week's hours in a zone and the days that differ. Days are numbered from 1970-01-01, which is 0."""

    zone: ZoneInfo
    weekly: tuple[Hours, ...]
    yearly: frozenset[tuple[int, int]]
    holidays: frozenset[int]
    overrides: Mapping[int, Hours]

    @classmethod
    def read(
        cls,
        timezone: str,
        weekly_hours: Mapping[str, Written],
        holidays: Iterable[str | dt.date],
        date_overrides: Mapping[str, Written] | Mapping[dt.date, Written],
    ) -> Self:
        """Check and take in hours as written; `core.calendar.Calendar` says how. Raises CalendarError."""
        return cls(_zone(timezone), _week(weekly_hours), *_holidays(holidays), _overrides(date_overrides))

    def document(self) -> dict[str, Any]:
        """Plain JSON values: the days that open in the order of the week, dates sorted, each once."""
        yearly = [f"--{month:02}-{day:02}" for month, day in sorted(self.yearly)]
        return {
            "timezone": self.zone.key,
            "weekly_hours": {day: _text(hours) for day, hours in zip(WEEKDAYS, self.weekly, strict=True) if hours},
            "holidays": yearly + [date_of(day).isoformat() for day in sorted(self.holidays)],
            "date_overrides": {date_of(day).isoformat(): _text(self.overrides[day]) for day in sorted(self.overrides)},
        }

    def of(self, day: int, special: Mapping[int, Hours]) -> Hours:
        """The hours of one day, `special` being the `special_days` of its year."""
        return special.get(day, self.weekly[(day + _EPOCH_WEEKDAY) % 7])

    def special_days(self, first_year: int, last_year: int) -> dict[int, Hours]:
        """The hours of those days that are not as their weekday says. An override beats a holiday."""
        special: dict[int, Hours] = {
            day_of(dt.date(year, month, day)): ()
            for year in range(first_year, last_year + 1)
            for month, day in self.yearly
            if (month, day) != (2, 29) or isleap(year)
        }
        special.update(dict.fromkeys(self.holidays, ()))
        special.update(self.overrides)
        return special

    @property
    def always(self) -> bool:
        """Whether every moment is open."""
        days = (*self.weekly, *self.overrides.values())
        return all(hours == _ALL_DAY for hours in days) and not self.yearly and not self.holidays

    @property
    def weekly_opens(self) -> bool:
        """Whether the week's hours are enough to open: a date that is no yearly holiday meets every weekday in time."""
        return any(self.weekly) and len(self.yearly) < _DAYS_OF_THE_YEAR

    @property
    def override_years(self) -> list[int]:
        """The years in which an override gives a date hours."""
        return sorted({date_of(day).year for day, hours in self.overrides.items() if hours})


def day_of(date: dt.date) -> int:
    """The number of a date: days since 1970-01-01."""
    return date.toordinal() - _EPOCH


def date_of(day: int) -> dt.date:
    """The date of a number of days since 1970-01-01."""
    return dt.date.fromordinal(day + _EPOCH)


def _zone(name: str) -> ZoneInfo:
    try:
        if name.partition("/")[0] not in _NOT_IANA:
            return ZoneInfo(name)
    except (AttributeError, TypeError, ValueError, OSError, ZoneInfoNotFoundError):
        pass
    raise CalendarError(f"{name!r} is no IANA time zone; write one such as Europe/Berlin", "timezone")


def _week(written: Mapping[str, Written]) -> tuple[Hours, ...]:
    if not isinstance(written, Mapping):
        raise CalendarError('give each day its hours: {"mon": [["09:00", "17:00"]]}', "weekly_hours")
    for day in written:
        if day not in WEEKDAYS:
            raise CalendarError(f"unknown day; days are {', '.join(WEEKDAYS)}", "weekly_hours", str(day))
    return tuple(_hours(written.get(day, ()), "weekly_hours", day) for day in WEEKDAYS)


def _holidays(written: Iterable[str | dt.date]) -> tuple[frozenset[tuple[int, int]], frozenset[int]]:
    """Those of every year as (month, day), single ones as days."""
    if isinstance(written, str) or not isinstance(written, Iterable):
        raise CalendarError('list the dates: ["2026-12-25", "--12-25"]', "holidays")
    yearly: set[tuple[int, int]] = set()
    single: set[int] = set()
    for index, holiday in enumerate(written):
        if isinstance(holiday, str) and holiday.startswith("--"):
            # 2000 is a leap year, so that --02-29 is a date.
            date = date_of(_day(f"2000-{holiday[2:]}", holiday, "holidays", index))
            yearly.add((date.month, date.day))
        else:
            single.add(_day(holiday, holiday, "holidays", index))
    return frozenset(yearly), frozenset(single)


def _overrides(written: Mapping[str, Written] | Mapping[dt.date, Written]) -> dict[int, Hours]:
    if not isinstance(written, Mapping):
        raise CalendarError('give each date its hours: {"2026-12-24": [["09:00", "12:00"]]}', "date_overrides")
    return {
        _day(date, date, "date_overrides", str(date)): _hours(hours, "date_overrides", str(date))
        for date, hours in written.items()
    }


def _day(date: object, shown: object, *place: str | int) -> int:
    if isinstance(date, dt.date) and not isinstance(date, dt.datetime):
        return day_of(date)
    try:
        if isinstance(date, str) and _DATE.fullmatch(date):
            return day_of(dt.date.fromisoformat(date))
    except ValueError:
        pass
    raise CalendarError(f"{shown!r} is no date; write YYYY-MM-DD, or --MM-DD for a holiday of every year", *place)


def _hours(written: Written, *place: str | int) -> Hours:
    """One day's hours, in order, touching ones joined."""
    if isinstance(written, str) or not isinstance(written, Sequence):
        raise CalendarError('list the hours: [["09:00", "12:30"], ["13:30", "18:00"]]', *place)
    intervals: list[tuple[int, int, int]] = []
    for index, pair in enumerate(written):
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise CalendarError('an interval is two times: ["09:00", "17:00"]', *place, index)
        opens, closes = _time(pair[0], *place, index), _time(pair[1], *place, index)
        if closes <= opens:
            raise CalendarError(
                f"closes at {pair[1]}, which is not after {pair[0]}; "
                "a night shift is two intervals, until 24:00 and from 00:00 of the next day",
                *place,
                index,
            )
        intervals.append((opens, closes, index))
    joined: list[tuple[int, int]] = []
    for opens, closes, index in sorted(intervals):
        if joined and opens < joined[-1][1]:
            raise CalendarError("overlaps another interval of the day", *place, index)
        if joined and opens == joined[-1][1]:
            opens, _ = joined.pop()
        joined.append((opens, closes))
    return tuple(joined)


def _time(text: str, *place: str | int) -> int:
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise CalendarError(f'{text!r} is no time of day; write "HH:MM" in quotes, 00:00 to 24:00', *place)
    return (int(text[:2]) * 60 + int(text[3:])) * MINUTE


def _text(hours: Hours) -> list[list[str]]:
    return [["{:02}:{:02}".format(*divmod(time // MINUTE, 60)) for time in interval] for interval in hours]
