"""Public holidays as dates: what a calendar asks for by country becomes a list that no library can change later."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import holidays

from playbook.core.source import Place, Problem, Source

LONGEST_HORIZON = 15


def expanded(source: Source, spec: Mapping[str, Any], path: Place, years: range) -> dict[str, Any] | Problem:
    """A calendar as written, with the public holidays that it asks for added to its own, as dates of `years`.

    A calendar that asks for none comes back as it is. Days on which the place is closed anyway stay in the list:
    weekly hours may change in a variant of the calendar, the holiday does not.
    """
    wanted = spec.get("public_holidays")
    if not isinstance(wanted, Mapping) or not isinstance(wanted.get("country"), str):
        return dict(spec)  # the policy document says what is wrong with it, if anything is
    try:
        found = holidays.country_holidays(wanted["country"], subdiv=wanted.get("subdivision"), years=years)
    except NotImplementedError:
        place = " ".join(str(part) for part in (wanted["country"], wanted.get("subdivision")) if part)
        return source.problem(
            (*path, "public_holidays"),
            f"the public holidays of {place} are not known; check the codes (ISO 3166), or list the dates under "
            "`holidays` instead",
        )
    own = [str(day) for day in spec.get("holidays", ())]
    dates = {day.isoformat() for day in found} | set(own)
    return {**spec, "holidays": sorted(dates), "expanded_until": f"{years[-1]:04}-12-31"}


def libraries() -> dict[str, str]:
    """Versions of what the dates and zones came from; noted beside an edition, never part of its digest."""
    return {"holidays": version("holidays"), "tzdata": _zones()}


def _zones() -> str:
    for folder in zoneinfo.TZPATH:
        try:
            with (Path(folder) / "tzdata.zi").open(encoding="utf-8") as file:
                return file.readline().removeprefix("# version").strip()
        except OSError:
            continue
    return version("tzdata")


def default_years(today: dt.date) -> range:
    """The horizon of an edition that names none: from last year, for cases already under way, to three years ahead."""
    return range(today.year - 1, today.year + 4)
