"""Intake against staffed hours as a picture: bars for the cases expected, a line for the people there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from escalations.core.workload import Span
from escalations.selectors.intake import BAR_HOURS, Outlook

STEP = 10
"""Width that each bar has for itself, in units of the drawing."""

BAR = 7
HEIGHT = 56


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it stands, how high, and whether somebody is there for at least a part of it."""

    x: float
    y: float
    height: float
    alone: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """What the template draws and says. `line` are the points of the people there, `now_x` where the present is."""

    width: int
    height: int
    bars: list[Bar]
    line: str
    now_x: float
    days: list[Span]
    most_people: int


def picture(outlook: Outlook, now: dt.datetime) -> Picture:
    """Draw an outlook. Bars and line have scales of their own: what counts is where one is high and the other low."""
    tall, many = outlook.most_expected, outlook.most_people
    bars, points = [], []
    for number, span in enumerate(outlook.bars):
        height = round(HEIGHT * span.expected / tall, 1)
        bars.append(Bar(number * STEP + (STEP - BAR) / 2, HEIGHT - height, height, not span.people))
        level = round(HEIGHT - HEIGHT * span.people / BAR_HOURS / many, 1)
        points += [f"{number * STEP},{level}", f"{(number + 1) * STEP},{level}"]
    gone = (now - outlook.bars[0].at) / dt.timedelta(hours=BAR_HOURS)
    width = STEP * len(bars)
    return Picture(width, HEIGHT, bars, " ".join(points), round(gone * STEP, 1), outlook.days, round(many))
