"""`Calendar.due` against minute stepping: 1, 4, 8, 24 and 72 hours on ten calendars, started at any minute of a year.

Minute stepping walks the minutes of UTC and asks of each whether the wall clock shows an opening hour. It is given
what can be had without becoming interval arithmetic: whole numbers throughout, the hours of a week as 10,080 flags,
dates that differ in a dictionary, and the zone asked only once a quarter of an hour (zones change at no other time).
Two forms of it are measured. `one question a minute` asks of each minute by itself; the promise of 700 is against it.
`a row a quarter` also fetches the flags only once a quarter of an hour, so that a step is one turn of a loop over
bytes; it is no longer quite stepping, and shown so that nobody has to wonder.

Building is measured apart: a new calendar's first answer, which computes two years, against one stepped answer.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from functools import partial
from zoneinfo import ZoneInfo

from escalations.core.calendar import WEEKDAYS, Calendar
from tests.bench.harness import median_of_five, per_second, report, seconds, side_by_side

HOUR = 3600
LENGTHS = (1, 4, 8, 24, 72)  # hours
STARTS = 4  # for each calendar and length
REPEAT = 1000  # the product is asked every question so often, so that both sides are timed for about as long
YEAR = 2026

Interval = tuple[str, str]
Due = Callable[[dt.datetime, int], dt.datetime]
Question = tuple[Due, dt.datetime, int]


def every(days: str, *hours: Interval) -> dict[str, list[Interval]]:
    return {day: list(hours) for day in days.split()}


WEEK = "mon tue wed thu fri"
CALENDARS = [
    Calendar(
        "Europe/Berlin",
        every(WEEK, ("09:00", "12:30"), ("13:30", "18:00")),
        ["--01-01", "2026-04-03", "2026-04-06", "--05-01", "--10-03", "--12-25", "--12-26"],
        {"2026-12-24": [("09:00", "12:00")], "2026-12-31": [("09:00", "12:00")]},
    ),
    Calendar("America/New_York", every(WEEK, ("09:00", "17:00")), ["--01-01", "--07-04", "2026-11-26", "--12-25"]),
    Calendar("America/Sao_Paulo", every(WEEK, ("09:00", "12:00"), ("13:00", "18:00")), ["--09-07"]),
    Calendar("Asia/Kolkata", every(WEEK + " sat", ("09:30", "18:30")), ["--01-26", "--08-15", "--10-02"]),
    Calendar("Asia/Tehran", every("sat sun mon tue wed", ("08:00", "16:00"))),
    Calendar("Pacific/Apia", every(WEEK, ("08:00", "16:30")), ["--06-01"]),
    Calendar("Australia/Lord_Howe", every(WEEK, ("09:00", "15:00"))),
    Calendar("Africa/Casablanca", every(WEEK, ("08:30", "12:30"), ("14:00", "18:00"))),
    Calendar("Europe/London", every("tue thu", ("10:00", "16:00")), ["--12-25", "--12-26"]),
    Calendar("Asia/Tokyo", every("fri sat", ("22:00", "24:00")) | every("sun", ("00:00", "06:00"))),
]


class Wall:
    """A calendar as minute stepping wants it: a zone, and for each day 1,440 flags."""

    def __init__(self, calendar: Calendar) -> None:
        document = calendar.to_document()
        self.zone = ZoneInfo(document["timezone"])
        self.week = [flags(document["weekly_hours"].get(day, [])) for day in WEEKDAYS]
        self.flat_week = b"".join([self.week[-1], *self.week[:-1]])  # day 0 of dt.date.toordinal is a Sunday
        self.special: dict[int, bytes] = {}
        for holiday in document["holidays"]:
            for year in (YEAR, YEAR + 1):
                date = f"{year}{holiday[1:]}" if holiday.startswith("--") else holiday
                self.special[dt.date.fromisoformat(date).toordinal()] = flags([])
        for date, hours in document["date_overrides"].items():
            self.special[dt.date.fromisoformat(date).toordinal()] = flags(hours)


def flags(hours: list[list[str]]) -> bytes:
    row = bytearray(1440)
    for opens, closes in hours:
        first, last = (int(time[:2]) * 60 + int(time[3:]) for time in (opens, closes))
        row[first:last] = b"\1" * (last - first)
    return bytes(row)


EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
FIRST_DAY = dt.date(1970, 1, 1).toordinal()


def one_question_a_minute(wall: Wall, start: dt.datetime, length: int) -> dt.datetime:
    """Ask of each minute by itself; the offset is remembered for a quarter of an hour."""
    zone, week, special = wall.zone, wall.flat_week, wall.special
    left = length // 60
    minute = ask = (start - EPOCH) // MINUTE
    offset = 0
    while True:
        if minute == ask:
            now = dt.datetime.fromtimestamp(minute * 60, zone)
            offset = (now.toordinal() * 1440 + now.hour * 60 + now.minute) - minute
            ask += 15 - minute % 15
        local = minute + offset
        day = local // 1440
        if special[day][local % 1440] if day in special else week[local % 10080]:
            left -= 1
            if not left:
                return EPOCH + (minute + 1) * MINUTE
        minute += 1


def a_row_a_quarter(wall: Wall, start: dt.datetime, length: int) -> dt.datetime:
    """Fetch the flags of a quarter of an hour, then look at each of its minutes."""
    zone, week, special = wall.zone, wall.week, wall.special
    left = length // 60
    minute = (start - EPOCH) // MINUTE
    while True:
        local = dt.datetime.fromtimestamp(minute * 60, zone)
        day = local.toordinal()
        of_day = local.hour * 60 + local.minute
        row = special[day] if day in special else week[(day + 6) % 7]
        for is_open in row[of_day : of_day + 15 - of_day % 15]:
            minute += 1
            if is_open:
                left -= 1
                if not left:
                    return EPOCH + minute * MINUTE


def ask(questions: list[Question], repeat: int = 1) -> None:
    for _ in range(repeat):
        for due, start, length in questions:
            due(start, length)


def first_answers(start: dt.datetime) -> None:
    for calendar in CALENDARS:
        Calendar.from_document(calendar.to_document()).due(start, HOUR)


def main() -> None:
    """Measure and report."""
    draw = random.Random(YEAR)
    new_year = dt.datetime(YEAR, 1, 1, tzinfo=dt.UTC)
    cases = [
        (calendar, new_year + draw.randrange(365 * 1440) * MINUTE, hours * HOUR)
        for calendar in CALENDARS
        for hours in LENGTHS
        for _ in range(STARTS)
    ]
    walls = {calendar: Wall(calendar) for calendar in CALENDARS}
    product: list[Question] = [(calendar.due, start, length) for calendar, start, length in cases]
    rivals: dict[str, list[Question]] = {
        step.__name__.replace("_", " "): [
            (partial(step, walls[calendar]), start, length) for calendar, start, length in cases
        ]
        for step in (one_question_a_minute, a_row_a_quarter)
    }
    for name, questions in rivals.items():
        for (due, start, length), (rival, _, _) in zip(product, questions, strict=True):
            assert due(start, length) == rival(start, length), (name, start, length)

    def rate(questions: list[Question], repeat: int = 1) -> float:
        return per_second(lambda: ask(questions, repeat), repeat * len(questions))

    ours, plain, best = side_by_side(
        lambda: rate(product, REPEAT), *(partial(rate, questions) for questions in rivals.values())
    )
    report("calendar", ours, "due/s", "minute stepping, one question a minute", plain, ">= 700")
    report("calendar, best stepping", ours, "due/s", "minute stepping, a row a quarter", best, ">= 250")

    short, long = ([question for question in product if question[2] == hours * HOUR] for hours in (1, 72))
    one, many = side_by_side(*(partial(rate, questions, REPEAT) for questions in (short, long)))
    report("calendar, 72 h", 1e6 / many, "us/due", "1 h", 1e6 / one, "<= 2")

    cold = median_of_five(lambda: seconds(lambda: first_answers(new_year))) / len(CALENDARS)
    report("calendar, cold build", cold * 1e3, "ms", "one answer of minute stepping", 1e3 / plain, "<= 5")
