"""The calendar agrees with every business-hours fact that public libraries state about themselves."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from escalations.core.calendar import WEEKDAYS, Calendar

TABLE = Path(__file__).parents[1] / "data" / "calendar_facts.yaml"
LINE = re.compile(
    r"(?P<name>\S+): (?P<start>\S+)"
    r"(?: \+ (?P<length>\S+)(?: paused (?P<paused>\S+) to (?P<resumed>\S+))?| to (?P<end>\S+)) = (?P<answer>\S+)"
)
SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@dataclass(frozen=True)
class Fact:
    name: str
    calendar: Calendar
    start: datetime
    length: float | None
    pause: tuple[datetime, datetime] | None
    end: datetime | None
    answer: str


def hours(text: str) -> list[tuple[str, str]]:
    return [(opens, closes) for opens, closes in (interval.split("-") for interval in text.split())]


def week(table: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    days: dict[str, list[tuple[str, str]]] = {}
    for span, text in table.items():
        first, _, last = span.partition("-")
        for day in WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last or first) + 1]:
            days[day] = hours(text)
    return days


def seconds(text: str) -> int:
    match = SPAN.fullmatch(text)
    assert match, text
    h, m, s = (int(part or 0) for part in match.groups())
    return h * 3600 + m * 60 + s


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def read(group: dict[str, Any], line: str) -> Fact:
    match = LINE.fullmatch(line)
    assert match, line
    calendar = Calendar(
        group["zone"],
        week(group["hours"]),
        group.get("holidays", ()),
        {date: hours(text) for date, text in group.get("overrides", {}).items()},
    )
    return Fact(
        match["name"],
        calendar,
        instant(match["start"]),
        seconds(match["length"]) if match["length"] else None,
        (instant(match["paused"]), instant(match["resumed"])) if match["paused"] else None,
        instant(match["end"]) if match["end"] else None,
        match["answer"],
    )


FACTS = [read(group, line) for group in yaml.safe_load(TABLE.read_text()) for line in group["facts"].splitlines()]


@pytest.mark.parametrize("fact", FACTS, ids=[fact.name for fact in FACTS])
def test_fact(fact: Fact) -> None:
    calendar, start = fact.calendar, fact.start
    if fact.end is not None:
        assert calendar.elapsed(start, fact.end) == seconds(fact.answer)
        assert calendar.elapsed(fact.end, start) == -seconds(fact.answer)
        return
    assert fact.length is not None
    length = fact.length
    if fact.pause is not None:
        length -= calendar.elapsed(start, fact.pause[0])
        start = fact.pause[1]
    due = calendar.due(start, length)
    assert due == instant(fact.answer)
    assert due.utcoffset() == timedelta(0)
    assert calendar.elapsed(start, due) == length


def test_table_is_whole() -> None:
    names = [fact.name for fact in FACTS]
    assert len(set(names)) == len(names)
    assert sum(fact.pause is None for fact in FACTS) == 113


@pytest.mark.data
def test_facts_as_their_source_has_them(shared_data: Path) -> None:
    """Each vector of the real file holds, and the table here tells the same: same calendar, question and answer."""
    vectors = json.loads((shared_data / "calendar_vectors.json").read_text())["vectors"]
    told = {
        (fact.calendar, fact.start, fact.end if fact.end is not None else fact.length): fact.answer for fact in FACTS
    }
    for vector in vectors:
        calendar = Calendar(
            vector["timezone"], vector["weekly_hours"], vector["holidays"], vector.get("date_overrides", {})
        )
        start, length = instant(vector["start"]), vector["business_minutes"] * 60
        if vector["op"] == "add":
            expected = instant(vector["expected_due_utc"])
            assert calendar.due(start, length) == expected, vector["id"]
            assert instant(told[calendar, start, round(length, 3)]) == expected, vector["id"]
        else:
            end = instant(vector["end"])
            assert calendar.elapsed(start, end) == length, vector["id"]
            assert seconds(told[calendar, start, end]) == length, vector["id"]
    assert len(vectors) == 113
