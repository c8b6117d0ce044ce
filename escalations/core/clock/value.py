"""A clock as a value, what is left of it, and the arithmetic of its own basis."""

from __future__ import annotations

import datetime as dt
import math
from typing import Literal, NamedTuple

from escalations.core.calendar import Calendar
from escalations.core.policy import ClockKind
from escalations.core.policy.values import Basis

State = Literal["running", "paused", "met", "breached", "cancelled"]

_SECOND = dt.timedelta(seconds=1)


class Clock(NamedTuple):
    """One clock. `tier` is the key of the rung that a tier clock leads to, empty for the others; `cycle` counts how
    often its moments were set anew. `promise_broken_at` is the promised moment once it has passed unkept, and that was
    noticed."""

    kind: ClockKind
    tier: str
    basis: Basis
    target_s: int
    warn: tuple[int, ...]
    state: State
    started_at: dt.datetime
    due_at: dt.datetime | None
    remaining_s: int | None = None
    promised_at: dt.datetime | None = None
    promise_broken_at: dt.datetime | None = None
    breached_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    cycle: int = 1
    cursor: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it still counts: running, paused, or late and not ended."""
        return self.ended_at is None


class Moment(NamedTuple):
    """A moment of a clock: `warn:75`, `breach`, `promise:20261124T120000Z` or `rung:KEY`, and when."""

    key: str
    due_at: dt.datetime


class Firing(NamedTuple):
    """A moment that fired, those before it that were passed over, and the clock afterwards."""

    key: str
    due_at: dt.datetime
    passed_over: tuple[str, ...]
    clock: Clock


class ClockError(ValueError):
    """Something that cannot be done to a clock; the text is for people and says what to do."""


class ClockFinishedError(ClockError):
    """The clock has ended, and what has ended never changes."""


class ClockRefusedError(ClockError):
    """This clock, in this state, does not allow it."""


def remaining(clock: Clock, calendar: Calendar, *, at: dt.datetime) -> int:
    """Seconds of the clock's own basis left at `at`, rounded up; negative when it is late. For a finished clock: what
    was left when it ended."""
    if clock.due_at is None:
        return clock.remaining_s or 0
    return math.ceil(between(clock.basis, calendar, clock.ended_at or at, clock.due_at))


def used(clock: Clock, calendar: Calendar, *, at: dt.datetime) -> int:
    """Seconds of the clock's own basis spent by `at`, pauses not counted: target less what is left."""
    return clock.target_s - remaining(clock, calendar, at=at)


def whole(at: dt.datetime) -> dt.datetime:
    """The instant in UTC, rounded up to the whole second."""
    at = at.astimezone(dt.UTC)
    return at if at.microsecond == 0 else at.replace(microsecond=0) + _SECOND


def due_after(basis: Basis, seconds: int, *, at: dt.datetime, calendar: Calendar) -> dt.datetime:
    """When `seconds` above zero of a basis will have passed since `at`, in UTC, rounded up to the whole second."""
    return whole(at + dt.timedelta(seconds=seconds) if basis == "elapsed" else calendar.due(at, seconds))


def before(clock: Clock, calendar: Calendar, end: dt.datetime, seconds: int) -> dt.datetime:
    """The instant at which `seconds` of the clock's basis were left until `end`; in business time, not before it
    started (hours of another calendar may count there)."""
    if clock.basis == "elapsed":
        return whole(end - dt.timedelta(seconds=seconds))
    until = calendar.elapsed(clock.started_at, end) - seconds
    return whole(calendar.due(clock.started_at, until) if until > 0 else clock.started_at)


def between(basis: Basis, calendar: Calendar, since: dt.datetime, until: dt.datetime) -> float:
    """Seconds of a basis between two instants."""
    return (until - since).total_seconds() if basis == "elapsed" else calendar.elapsed(since, until)


def late_since(clock: Clock, at: dt.datetime) -> dt.datetime | None:
    """Since when the clock is late, or None when it is not."""
    if clock.breached_at is None and clock.due_at is not None and at > clock.due_at:
        return clock.due_at
    return clock.breached_at


def broken_since(clock: Clock, at: dt.datetime) -> dt.datetime | None:
    """The moment for which something was promised and not done by then, or None."""
    if clock.promise_broken_at is None and clock.promised_at is not None and at > clock.promised_at:
        return clock.promised_at
    return clock.promise_broken_at


def still_open(clock: Clock) -> None:
    """Raises ClockFinishedError for a clock that has ended."""
    if clock.ended_at is not None:
        raise ClockFinishedError("the clock has ended, and what has ended never changes; start or reopen another one")
