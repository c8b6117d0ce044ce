"""Who and where: teams, roles, levels, skills, channels, regions, calendars, facts."""

from __future__ import annotations

import re
from typing import Any

from escalations.core.words.phrases import listing
from playbook.core.diff.comparing import Edit
from playbook.core.diff.saying.fields import FIELDS, field_said, renamed, value
from playbook.core.diff.value import ABSENT, mapping
from playbook.core.diff.words import Telling, plainly, spoken, texts

THINGS = {
    "teams": "Team",
    "roles": "Role",
    "levels": "Level",
    "specialisms": "Specialism",
    "channels": "Channel",
    "regions": "Region",
    "facts": "Fact",
    "calendars": "Calendar",
}
_DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MOST_DATES = 4


def thing(telling: Telling, edit: Edit) -> str | None:
    """What changed of a team, role, level, specialism, channel, region or fact."""
    section, path = edit.address.section, edit.address.path
    word = THINGS[section]
    subject = f"{word} '{telling.name(section, str(edit.address.key))}'"
    if not path:
        gone = edit.after is ABSENT
        row = mapping(edit.before if gone else edit.after)
        told = listing(
            [
                f"{FIELDS[field].label if field in FIELDS else spoken(field)} {value(telling, field, written)}"
                for field, written in sorted(row.items())
                if field not in ("name", "purpose")
            ]
        )
        start = f"{subject} is gone" if gone else f"New {subject[0].lower()}{subject[1:]}"
        return f"{start}: {told}" if told else start
    if path == ("name",):
        return renamed(edit, f"{word} {edit.address.key}" if section == "levels" else word)
    return field_said(telling, edit, subject) if len(path) == 1 else None


def calendar(telling: Telling, edit: Edit) -> str | None:
    """What changed of opening hours."""
    path = edit.address.path
    subject = f"Calendar '{edit.address.key}'"
    if not path:
        gone = edit.after is ABSENT
        row = mapping(edit.before if gone else edit.after)
        week = mapping(row.get("weekly_hours"))
        in_order = [*(day for day in _DAYS if day in week), *sorted(week.keys() - _DAYS.keys())]
        days = [f"{_DAYS.get(day, day)} {_hours(week[day])}" for day in in_order]
        start = f"{subject} is gone" if gone else f"New calendar '{edit.address.key}'"
        return f"{start}: {listing(days) or 'never open'} ({plainly(row.get('timezone', 'no time zone'))})"
    if path[0] == "weekly_hours" and len(path) == 2:
        day = _DAYS.get(path[1], path[1])
        return f"{subject}: {day} {_hours(edit.before)} -> {_hours(edit.after)}"
    if path[0] == "date_overrides" and len(path) == 2:
        one, other = ("as usual" if side is ABSENT else _hours(side) for side in (edit.before, edit.after))
        return f"{subject}: on {path[1]} {one} -> {other}"
    if path == ("holidays",):
        return _holidays(edit, subject)
    if path == ("public_holidays",):
        one, other = (_country(side) for side in (edit.before, edit.after))
        return f"{subject} keeps the public holidays of {one} -> of {other}"
    if path == ("expanded_until",):
        one, other = (plainly(side) for side in (edit.before, edit.after))
        return f"{subject}: public holidays are worked out until {one} -> until {other}"
    return field_said(telling, edit, subject) if len(path) == 1 else None


def _hours(written: Any) -> str:
    if written is ABSENT or written == []:
        return "closed"
    if isinstance(written, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in written):
        return listing([f"{plainly(begin)} to {plainly(end)}" for begin, end in written])
    return plainly(written)


def _holidays(edit: Edit, subject: str) -> str:
    before, after = texts(edit.before), texts(edit.after)
    more = sorted(set(after) - set(before))
    fewer = sorted(set(before) - set(after))
    told = [f"closed on {_dates(more)}"] if more else []
    told += [f"no longer closed on {_dates(fewer)}"] if fewer else []
    return f"{subject}: now {' and '.join(told)}" if told else f"{subject}: the same holidays in another order"


def _dates(dates: list[str]) -> str:
    named = [_date(date) for date in dates]
    if len(named) <= _MOST_DATES:
        return listing(named)
    return f"{len(named)} days ({named[0]} to {named[-1]})"


def _date(date: str) -> str:
    """`2026-12-24`, and `25 December of every year` of `--12-25`."""
    every_year = re.fullmatch(r"--(\d\d)-(\d\d)", date)
    if not every_year or not 1 <= int(every_year[1]) <= len(_MONTHS):
        return date
    return f"{int(every_year[2])} {_MONTHS[int(every_year[1]) - 1]} of every year"


def _country(written: Any) -> str:
    row = mapping(written)
    return "-".join(plainly(row[part]) for part in ("country", "subdivision") if part in row) or "no country"
