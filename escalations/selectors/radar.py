"""The radar: which case first. Severity band, then time left; late cases in a lane of their own; age raises the band.

Everything here takes cases that were already narrowed by `Case.objects.visible_to(user)`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from django.db.models import Case as When_
from django.db.models import F, IntegerField, QuerySet, Value, When

from escalations.models import NEVER, Case, Clock

SOON = dt.timedelta(hours=2)
"""From here on a due moment is `soon`."""

AGEING = dt.timedelta(days=5)
"""After each such span a case counts one band higher, up to `high`: the oldest small cases are not left for ever
(field case G6). `critical` is not reached by age."""


class Lane(Enum):
    """How near the next due moment of a case is."""

    LATE = "late"
    SOON = "soon"
    CALM = "calm"
    STILL = "still"


def lane_of(due: dt.datetime | None, now: dt.datetime) -> Lane:
    """The lane of a due moment; `STILL` when nothing runs (None, or the sentinel of a case without a running clock)."""
    if due is None or due >= NEVER:
        return Lane.STILL
    if due <= now:
        return Lane.LATE
    return Lane.SOON if due - now <= SOON else Lane.CALM


def aged_band(band: int, opened_at: dt.datetime, now: dt.datetime) -> int:
    """The band that a case counts with at `now`."""
    if band >= Case.Band.HIGH:
        return band
    return min(Case.Band.HIGH, band + int((now - opened_at) / AGEING))


def by_severity(cases: QuerySet[Case], now: dt.datetime) -> QuerySet[Case]:
    """The cases in the radar's order: aged band, then next due moment, then the older one first.

    Adds the column `aged`, which equals `aged_band` of the row.
    """
    steps = [(now - AGEING * (n + 1), n + 1) for n in range(Case.Band.HIGH)]
    rules = [When(severity_band__gte=Case.Band.HIGH, then=F("severity_band"))]
    for since, raised in reversed(steps):
        for band in range(Case.Band.HIGH):
            rules.append(When(opened_at__lte=since, severity_band=band, then=Value(min(Case.Band.HIGH, band + raised))))
    aged = When_(*rules, default=F("severity_band"), output_field=IntegerField())
    return cases.annotate(aged=aged).order_by("-aged", "radar_at", "id")


@dataclass(slots=True)
class Row:
    """A case as a line of a list: what it is, how near it is, and which clock says so. `offered`: handed over, and
    nobody has answered yet."""

    case: Case
    lane: Lane
    band: int
    clock: Clock | None = None
    waits_for: str = ""
    why: list[str] = field(default_factory=list)
    offered: bool = False

    @property
    def due(self) -> dt.datetime | None:
        """The next due moment, None when nothing runs."""
        return None if self.case.radar_at >= NEVER else self.case.radar_at

    @property
    def aged(self) -> bool:
        """Whether age alone raised the band."""
        return self.band > self.case.severity_band


LINE = ("text", "category", "team", "channel", "assignee", "party", "level")
"""What a line shows of a case: follow these, and a list costs one query."""


def rows(cases: Iterable[Case], now: dt.datetime) -> list[Row]:
    """Cases as lines, in the given order, each with the clock that is due next. One query beside the cases' own."""
    found = [
        Row(case, lane_of(case.radar_at, now), aged_band(case.severity_band, case.opened_at, now)) for case in cases
    ]
    soonest: dict[int, Clock] = {}
    open_ones = Clock.objects.filter(case_id__in=[row.case.pk for row in found], ended_at__isnull=True).order_by("pk")
    for clock in open_ones:
        other = soonest.get(clock.case_id)
        if clock.steers_to and (other is None or clock.steers_to < (other.steers_to or NEVER)):
            soonest[clock.case_id] = clock
    for row in found:
        row.clock = soonest.get(row.case.pk)
    return found


def in_order(found: list[Row]) -> list[Row]:
    """Lines in the order in which one person should do them: what is late, what is due soon, the rest; within each by
    band and then by due moment. What stands still comes last."""
    lanes = list(Lane)
    return sorted(found, key=lambda row: (lanes.index(row.lane), -row.band, row.case.radar_at, row.case.pk))
