"""What a clock fires, and when: its warnings, then the breach."""

from __future__ import annotations

import datetime as dt

from escalations.core.calendar import Calendar
from escalations.core.clock.value import Clock, ClockRefusedError, Firing, Moment, before


def moments(clock: Clock, calendar: Calendar) -> tuple[Moment, ...]:
    """All moments of a running clock in order, done with or not. A paused or finished clock has none."""
    if clock.due_at is None or clock.ended_at is not None:
        return ()
    if clock.kind == "tier":
        return (Moment(f"rung:{clock.tier}", clock.due_at),)
    due = clock.due_at
    warnings = (Moment(f"warn:{share}", _warns_at(clock, calendar, share, due)) for share in clock.warn)
    return (*warnings, Moment("breach", due))


def next_moment(clock: Clock, calendar: Calendar) -> Moment | None:
    """The first moment not done with: the one that has a timer row. None when paused, finished or all are done."""
    if clock.due_at is None or clock.ended_at is not None:
        return None
    if clock.kind == "tier":
        return Moment(f"rung:{clock.tier}", clock.due_at) if clock.cursor == 0 else None
    if clock.cursor < len(clock.warn):
        share = clock.warn[clock.cursor]
        return Moment(f"warn:{share}", _warns_at(clock, calendar, share, clock.due_at))
    return Moment("breach", clock.due_at) if clock.cursor == len(clock.warn) else None


def fire(clock: Clock, calendar: Calendar, *, now: dt.datetime) -> Firing | None:
    """Fire the latest moment that is due and not done with; None when there is none.

    A breach dates from the due moment, however late it is noticed. Not for tier clocks: `ladder.fire`.
    """
    due = clock.due_at
    if due is None or clock.ended_at is not None:
        return None
    if clock.kind == "tier":
        raise ClockRefusedError("a tier clock's moment is a rung of the ladder: fire it there")
    last = len(clock.warn)
    if due <= now and clock.cursor <= last:
        passed = tuple(f"warn:{share}" for share in clock.warn[clock.cursor :])
        late = clock._replace(state="breached", breached_at=clock.breached_at or due, cursor=last + 1)
        return Firing("breach", due, passed, late)
    for number in range(last - 1, clock.cursor - 1, -1):
        at = _warns_at(clock, calendar, clock.warn[number], due)
        if at <= now:
            passed = tuple(f"warn:{share}" for share in clock.warn[clock.cursor : number])
            return Firing(f"warn:{clock.warn[number]}", at, passed, clock._replace(cursor=number + 1))
    return None


def left_at(clock: Clock, share: int) -> int:
    """Seconds left when a share of the target is used."""
    return clock.target_s * (100 - share) // 100


def _warns_at(clock: Clock, calendar: Calendar, share: int, due: dt.datetime) -> dt.datetime:
    return before(clock, calendar, due, left_at(clock, share))
