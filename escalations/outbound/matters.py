"""Occasions of the apps above: what a letter says of something that is not a case, such as an article.

This app does not know what it is. The app whose it is declares the occasion when it is ready, with a function that is
asked while the letter is written: what of it is still so, and may be known to its reader. An intent holds ids alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from escalations.models import Outbox, User
from escalations.outbound.letter import Entry
from escalations.outbound.occasions import Occasion, declared


@dataclass(frozen=True, slots=True)
class Matter:
    """What an intent is about: headings with their lines, where its reader goes on, and what is asked of them, where
    the occasion's own words do not fit. Addresses are whole."""

    groups: tuple[tuple[str, tuple[Entry, ...]], ...]
    url: str
    action: str
    asked: str = ""

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(len(entries) for _heading, entries in self.groups)


Say = Callable[[Outbox, User, dt.datetime], Matter | None]
"""What an intent is about for a reader at a moment, in the language that is active; None when it is not to be told."""

_says: dict[str, Say] = {}


def declare(occasion: Occasion, say: Say) -> None:
    """Add an occasion of an app above this one. The same key again replaces it."""
    declared(occasion)
    _says[occasion.key] = say


def knows(kind: str) -> bool:
    """Whether an app above has declared an occasion of this key."""
    return kind in _says


def still_to_tell(intent: Outbox, person: User, at: dt.datetime) -> bool:
    """Whether an intent has anything to say to somebody; true of every occasion of this app."""
    return not knows(intent.kind) or matter(intent, person, at) is not None


def matter(intent: Outbox, person: User, at: dt.datetime) -> Matter | None:
    """What an intent of an app above is about for somebody; None of any other, and when there is nothing to tell.
    The queries of who declared it."""
    say = _says.get(intent.kind)
    return say(intent, person, at) if say is not None else None
