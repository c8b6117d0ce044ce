"""Where the parts of a picture stand, in units of its own size: templates draw them, style sheets colour them.

Every picture has a table beside it that says the same, so none needs to be seen.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from playbook.core.contents import Owned, Owner


class Words(NamedTuple):
    """A line of text."""

    x: int
    y: int
    text: str
    strong: bool


class Mark(NamedTuple):
    """A step on a line."""

    x: int
    y: int
    words: tuple[Words, ...]


class Line(NamedTuple):
    """A line with steps: its size, where it runs, and the steps."""

    width: int
    height: int
    x1: int
    y1: int
    x2: int
    y2: int
    marks: tuple[Mark, ...]


class Dot(NamedTuple):
    """A category on the map: its place, its side (which gives the shape) and whether the team owns or covers it."""

    x: int
    y: int
    side: str
    owned: bool
    name: str


class Row(NamedTuple):
    """A team on the map."""

    y: int
    name: str
    owns: int
    dots: tuple[Dot, ...]


class Map(NamedTuple):
    """The map of who owns what."""

    width: int
    height: int
    rows: tuple[Row, ...]


_LINE, _ACROSS, _ROOM, _TALL, _STEP = 17, 168, 672, 340, 24
_LETTER = 8
_PER_ROW, _SPACE = 18, 19


def lying(steps: Sequence[Sequence[str]]) -> Line:
    """A ladder as a line from left to right, for wide pages. Each step is lines of words, the first in bold; where
    there are few, each has more room."""
    across = max(_ACROSS, min(_ROOM // 3, _ROOM // len(steps)))
    told = [_wrapped(step, across // _LETTER) for step in steps]
    marks = tuple(
        Mark(8 + number * across, 12, _below(words, 8 + number * across - 6, 40)) for number, words in enumerate(told)
    )
    deepest = max(len(words) for words in told)
    return Line(across * len(told), 40 + _LINE * deepest, 8, 12, 8 + across * (len(told) - 1), 12, marks)


def standing(steps: Sequence[Sequence[str]]) -> Line:
    """The same from top to bottom, for phones."""
    marks, y = [], 14
    last = y
    for step in steps:
        words = _wrapped(step, 42)
        marks.append(Mark(10, y, _below(words, 32, y + 5)))
        last = y
        y += _LINE * len(words) + _STEP - 10
    return Line(_TALL, y, 10, 14, 10, last, tuple(marks))


def ownership(owners: Sequence[Owner]) -> Map:
    """The map of who owns what: a row for each team, a mark for each category, filled where the team owns it."""
    rows, y = [], 16
    for owner in owners:
        things = [*((thing, True) for thing in owner.owns), *((thing, False) for thing in owner.covers)]
        dots = tuple(_dot(number, thing, owned, y + 18) for number, (thing, owned) in enumerate(things))
        rows.append(Row(y, owner.name, len(owner.owns), dots))
        y += 18 + _SPACE * max(1, -(-len(things) // _PER_ROW)) + 22
    return Map(_TALL + 8, y - 14, tuple(rows))


def _dot(number: int, thing: Owned, owned: bool, top: int) -> Dot:
    row, column = divmod(number, _PER_ROW)
    return Dot(8 + column * _SPACE, top + row * _SPACE, thing.side, owned, thing.name)


def _wrapped(lines: Sequence[str], width: int) -> list[tuple[str, bool]]:
    """Lines of a step, none longer than the width."""
    return [(part, number == 0) for number, line in enumerate(lines) for part in textwrap.wrap(line, width) or [""]]


def _below(lines: Sequence[tuple[str, bool]], x: int, y: int) -> tuple[Words, ...]:
    return tuple(Words(x, y + number * _LINE, text, strong) for number, (text, strong) in enumerate(lines))
