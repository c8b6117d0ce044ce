"""Business calendars: when a place is open, and exact arithmetic over its open time.

    calendar = Calendar("Europe/Berlin", {"mon": [("09:00", "12:30"), ("13:30", "18:00")]}, holidays=["--12-25"])
    calendar.due(start, 4 * 3600)      when four business hours will have passed
    calendar.elapsed(start, end)       business seconds between two instants

What "open" means. An instant is open when the clock on the wall there shows an opening hour of the day that the
calendar on the wall shows. Opening time counts, closing time does not. So a day's hours are real elapsed time: a local
day of 25 hours that is open all day counts 25 hours, an hour that the wall clock skips is never open, one that it
repeats is open twice, and a date that a zone never had (Apia, 30 December 2011) has no hours.

How it is computed. Local time is touched only while building. For whole years at a time the UTC axis is cut where the
zone's offset changes; within a piece the offset is constant, so the local hours, shifted by it and clipped to the
piece, are the open intervals in UTC. They become two lists of whole microseconds:

    opens[i]    the instant at which interval i opens
    before[i]   open time from the table's beginning until then; one entry more at the end holds the total

An interval is before[i + 1] - before[i] long. Every question is then a change between two coordinates, an instant and
the open time before it, by bisection:

    instant -> open time   i = last interval that opened by then; before[i] + what has passed of it, at most its length
    open time -> instant   i = interval in which that much is reached; opens[i] + what is missing since before[i]

An amount that is reached exactly at closing time belongs to two instants, that closing and the next opening (one and
the same where days of 24 hours meet). For a clock that ran, `due` answers the earlier one (bisect_left): due at
closing. For a length of zero it answers the later one (bisect_right), the first open instant at or after the start:
`due(start, 0)` is `next_opening(start)`.

The table is built on the first question about a year, grows when a question reaches outside it, and is replaced as a
whole, never changed: readers take no lock. A calendar never changes either; another set of hours is another calendar.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

from escalations.core.canonical import digest_of
from escalations.core.opening_hours import (
    DAY,
    NOTHING,
    SECOND,
    TICK,
    WEEKDAYS,
    CalendarError,
    OpeningHours,
    Written,
    day_of,
)

__all__ = ["FIRST_YEAR", "LAST_YEAR", "WEEKDAYS", "Calendar", "CalendarError", "HorizonError"]

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""The horizon: the years (UTC) that a calendar can be asked about."""

_UTC = dt.UTC
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_KEYS = ("timezone", "weekly_hours", "holidays", "date_overrides")
# No zone has changed its offset twice within six days since 1900; a test holds this against the zone data.
_PROBE = 3 * DAY


class HorizonError(CalendarError):
    """A question about years outside FIRST_YEAR to LAST_YEAR, or a calendar that is not open for so long by then."""


class _Table(NamedTuple):
    """The open intervals of whole UTC years, from `since` (included) to `until` (not included), in ticks."""

    since: int
    until: int
    opens: list[int]
    before: list[int]


_NOT_BUILT = _Table(0, 0, [], [])


class Calendar:
    """Open hours in a time zone. Immutable, hashable, safe to share between threads; compared by `digest`.

    timezone         IANA name, such as "Europe/Berlin".
    weekly_hours     {"mon": [("09:00", "12:30"), ("13:30", "18:00")], ...}: any number of intervals a day, in local
                     time, "24:00" for the end of the day. A day that is not named is closed.
    holidays         dates that are closed: "2026-12-25", a date, or "--12-25" for every year.
    date_overrides   {"2026-12-24": [("09:00", "12:00")]}: the hours of one date, instead of its weekday's and in spite
                     of a holiday; an empty list closes it.

    Raises CalendarError, naming the place, for an unknown zone or day, a time or date that is none, an interval that
    does not end after it begins or overlaps another, and for a calendar that never opens.
    """

    __slots__ = ("_always", "_building", "_hours", "_table", "digest")

    digest: str
    """SHA-256 of the canonical JSON of `to_document()`: the key of a calendar snapshot."""

    def __init__(
        self,
        timezone: str,
        weekly_hours: Mapping[str, Written],
        holidays: Iterable[str | dt.date] = (),
        date_overrides: Mapping[str, Written] | Mapping[dt.date, Written] = NOTHING,
    ) -> None:
        self._hours = OpeningHours.read(timezone, weekly_hours, holidays, date_overrides)
        self._always = self._hours.always
        self._table = _NOT_BUILT
        self._building = Lock()
        self.digest = digest_of(self.to_document())
        self._refuse_if_never_open()

    @classmethod
    def always(cls) -> Self:
        """The calendar that is open at every moment: its business time is elapsed time. It needs no table."""
        return cls("UTC", {day: [("00:00", "24:00")] for day in WEEKDAYS})

    @property
    def timezone(self) -> str:
        """The IANA name of the zone in which the hours are meant."""
        return self._hours.zone.key

    def due(self, start: dt.datetime, seconds: float) -> dt.datetime:
        """The earliest instant, in UTC, at which `seconds` of open time have passed since `start`.

        `start` is aware, of any zone; in closed time the counting begins at the next opening. Time that ends exactly
        at closing is due at closing. Zero seconds give the first open instant at or after `start`. Exact to the
        microsecond, and inverse to `elapsed`: elapsed(start, due(start, s)) == s.

        Raises CalendarError for a naive `start` and for negative or endless seconds, HorizonError when the calendar
        is not open for so long before the end of LAST_YEAR. Two bisections, about a microsecond, once the years are
        built.
        """
        # `_ticks` and `_instant` are written out here: two calls are a tenth of the whole.
        try:
            at = (start - _EPOCH) // TICK
        except TypeError:
            raise _no_instant(start) from None
        try:
            length = round(seconds * SECOND)
        except (TypeError, ValueError, OverflowError):
            raise _no_length(seconds) from None
        if length < 0:
            raise _no_length(seconds)
        if self._always:
            return _instant(at + length)
        while True:
            since, until, opens, before = self._table
            if not since <= at < until:
                since, until, opens, before = self._built(at, at)
            i = bisect_right(opens, at)
            target = before[i - 1] + at - opens[i - 1]
            if target > before[i]:
                target = before[i]
            target += length
            i = (bisect_left(before, target, i) if length else bisect_right(before, target, i)) - 1
            if i < len(opens):
                return _EPOCH + (opens[i] + target - before[i]) * TICK
            self._build_ahead(start, seconds)

    def elapsed(self, start: dt.datetime, end: dt.datetime) -> float:
        """Open seconds between two aware instants; negative when `end` is before `start`.

        Adds up: elapsed(a, b) + elapsed(b, c) == elapsed(a, c), in whatever order the three are. Raises CalendarError
        for a naive instant, HorizonError outside the horizon. Costs as much as `due`.
        """
        first, last = _ticks(start), _ticks(end)
        if self._always:
            return (last - first) / SECOND
        table = self._table
        if not (table.since <= first < table.until and table.since <= last < table.until):
            table = self._built(min(first, last), max(first, last))
        return (_open_before(table, last) - _open_before(table, first)) / SECOND

    def is_open(self, at: dt.datetime) -> bool:
        """Whether the calendar is open at this aware instant: at opening time yes, at closing time no."""
        tick = _ticks(at)
        if self._always:
            return True
        table = self._table
        if not table.since <= tick < table.until:
            table = self._built(tick, tick)
        i = bisect_right(table.opens, tick) - 1
        return tick - table.opens[i] < table.before[i + 1] - table.before[i]

    def next_opening(self, at: dt.datetime) -> dt.datetime:
        """The first open instant at or after this one, in UTC: `at` itself when the calendar is open."""
        return self.due(at, 0)

    def to_document(self) -> dict[str, Any]:
        """The calendar as plain JSON values in one canonical form; `from_document` gives an equal calendar.

        Hours that mean the same (another order, touching intervals, closed days left out) give the same document.
        """
        return self._hours.document()

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The calendar that `to_document` wrote. Raises CalendarError for missing and unknown keys too."""
        if not isinstance(document, Mapping):
            raise CalendarError(f"a calendar is a mapping with timezone and weekly_hours, not {document!r}")
        for key in document:
            if key not in _KEYS:
                raise CalendarError(f"unknown key; a calendar has {', '.join(_KEYS)}", str(key))
        for key in _KEYS[:2]:
            if key not in document:
                raise CalendarError("missing", key)
        return cls(**document)

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Calendar) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"<Calendar {self.timezone} {self.digest[:12]}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_document, (self.to_document(),)

    def _built(self, first: int, last: int) -> _Table:
        """The table, grown so that it holds both instants (in ticks) and a year more."""
        for tick in (first, last):
            if not FIRST_YEAR <= _year(tick) <= LAST_YEAR:
                raise HorizonError(
                    f"{_instant(tick).isoformat()} is outside the years {FIRST_YEAR} to {LAST_YEAR} "
                    "for which calendars are computed"
                )
        return self._grow(_year(first), min(_year(last) + 1, LAST_YEAR))

    def _build_ahead(self, start: dt.datetime, seconds: float) -> None:
        """Double the table; raise HorizonError when it ends at the horizon already."""
        first_year, end_year = _year(self._table.since), _year(self._table.until)
        if end_year > LAST_YEAR:
            raise HorizonError(
                f"the calendar ({self.timezone}) is not open for {seconds:g} seconds "
                f"between {start.isoformat()} and the end of {LAST_YEAR}"
            )
        self._grow(first_year, min(2 * end_year - first_year, LAST_YEAR))

    def _grow(self, first_year: int, last_year: int) -> _Table:
        """Build these years together with those built before. One thread builds; the others wait for it."""
        with self._building:
            table = self._table
            if table is not _NOT_BUILT:
                first_year = min(first_year, _year(table.since))
                last_year = max(last_year, _year(table.until) - 1)
            if (_new_year(first_year), _new_year(last_year + 1)) != (table.since, table.until):
                self._table = _build(self._hours, first_year, last_year)
            return self._table

    def _refuse_if_never_open(self) -> None:
        if self._hours.weekly_opens:
            return
        years = [year for year in self._hours.override_years if FIRST_YEAR <= year <= LAST_YEAR]
        # Even dates with hours may have no open time: a wall clock can skip the hour, a zone the day.
        if not years or _build(self._hours, years[0], years[-1]).before[-1] == 0:
            raise CalendarError("the calendar never opens; give at least one day hours", "weekly_hours")


def _build(hours: OpeningHours, first_year: int, last_year: int) -> _Table:
    """Compute the table of whole years: about half a millisecond each."""
    since, until = _new_year(first_year), _new_year(last_year + 1)
    special = hours.special_days(first_year - 1, last_year + 1)
    # An empty interval at the beginning, so that at every instant one has opened before.
    opens, before = [since], [0, 0]
    for begin, end, offset in _offsets(hours.zone, since, until):
        for day in range((begin + offset) // DAY, (end + offset - 1) // DAY + 1):
            midnight = day * DAY - offset
            for opening, closing in hours.of(day, special):
                opened = max(midnight + opening, begin)
                length = min(midnight + closing, end) - opened
                if length > 0:
                    opens.append(opened)
                    before.append(before[-1] + length)
    return _Table(since, until, opens, before)


def _offsets(zone: ZoneInfo, since: int, until: int) -> Iterator[tuple[int, int, int]]:
    """Cut [since, until) where the zone's UTC offset changes: (begin, end, offset), all in ticks.

    Looks every few days, and bisects to the second where the answer differs from the one before.
    """
    begin, offset = since, _offset(zone, since)
    for low in range(since, until, _PROBE):
        high = min(low + _PROBE, until)
        later = _offset(zone, high)
        if later != offset:
            change = _change(zone, low, high)
            yield begin, change, offset
            begin, offset = change, later
    yield begin, until, offset


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """The first second after `low` at which the zone has the offset that it has at `high`."""
    seconds, offset = range(low, high + 1, SECOND), _offset(zone, high)
    return seconds[bisect_left(seconds, True, key=lambda tick: _offset(zone, tick) == offset)]


def _offset(zone: ZoneInfo, tick: int) -> int:
    """Local minus UTC at an instant, in ticks."""
    instant = _instant(tick)
    return (instant.astimezone(zone).replace(tzinfo=_UTC) - instant) // TICK


def _open_before(table: _Table, tick: int) -> int:
    """Open time from the table's beginning until an instant."""
    i = bisect_right(table.opens, tick) - 1
    return min(table.before[i] + tick - table.opens[i], table.before[i + 1])


def _ticks(at: dt.datetime) -> int:
    """Microseconds from 1970 to an aware instant."""
    try:
        return (at - _EPOCH) // TICK
    except TypeError:
        raise _no_instant(at) from None


def _instant(tick: int) -> dt.datetime:
    try:
        return _EPOCH + tick * TICK
    except OverflowError:
        raise HorizonError("the instant is outside the years that a datetime can hold") from None


def _year(tick: int) -> int:
    return _instant(tick).year


def _new_year(year: int) -> int:
    return day_of(dt.date(year, 1, 1)) * DAY


def _no_instant(at: object) -> CalendarError:
    return CalendarError(f"{at!r} is no instant: give a datetime that knows its time zone, for example UTC")


def _no_length(seconds: object) -> CalendarError:
    return CalendarError(f"{seconds!r} is no length of time: give a finite number of seconds, zero or more")
