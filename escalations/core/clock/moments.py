"""What a clock fires, and when: its warnings, the breach, and a promise that was not kept."""

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
    own = [Moment(f"warn:{share}", _warns_at(clock, calendar, share, due)) for share in clock.warn]
    told = _promise(clock)
    return tuple(sorted((*own, Moment("breach", due), *filter(None, (told,))), key=lambda moment: moment.due_at))


def next_moment(clock: Clock, calendar: Calendar) -> Moment | None:
    """The first moment not done with: the one that has a timer row. None when paused, finished or all are done."""
    if clock.due_at is None or clock.ended_at is not None:
        return None
    if clock.kind == "tier":
        return Moment(f"rung:{clock.tier}", clock.due_at) if clock.cursor == 0 else None
    own: Moment | None
    if clock.cursor < len(clock.warn):
        share = clock.warn[clock.cursor]
        own = Moment(f"warn:{share}", _warns_at(clock, calendar, share, clock.due_at))
    else:
        own = Moment("breach", clock.due_at) if clock.cursor == len(clock.warn) else None
    told = None if clock.promised_at is None else _promise(clock)
    if told is None or (own is not None and own.due_at <= told.due_at):
        return own
    return told


def fire(clock: Clock, calendar: Calendar, *, now: dt.datetime) -> Firing | None:
    """Fire the gravest moment that is due and not done with, the breach, then the broken promise, then the latest
    warning; the others that are due are passed over. None when nothing is due.

    A breach dates from the due moment, however late it is noticed. Not for tier clocks: `ladder.fire`.
    """
    due = clock.due_at
    if due is None or clock.ended_at is not None:
        return None
    if clock.kind == "tier":
        raise ClockRefusedError("a tier clock's moment is a rung of the ladder: fire it there")
    told = None if clock.promised_at is None else _promise(clock)
    if told is not None and told.due_at > now:
        told = None
    last = len(clock.warn)
    if due <= now and clock.cursor <= last:
        passed = _warned(clock, clock.cursor, last)
        late = clock._replace(
            state="breached",
            breached_at=clock.breached_at or due,
            promise_broken_at=_broken_by(clock, now),
            cursor=last + 1,
        )
        return Firing("breach", due, (*passed, told.key) if told else passed, late)
    done = clock.cursor
    for number in range(last - 1, clock.cursor - 1, -1):
        if (at := _warns_at(clock, calendar, clock.warn[number], due)) <= now:
            done = number + 1
            break
    if told is not None:
        broken = clock._replace(promise_broken_at=told.due_at, cursor=done)
        return Firing(told.key, told.due_at, _warned(clock, clock.cursor, done), broken)
    if done == clock.cursor:
        return None
    passed = _warned(clock, clock.cursor, done - 1)
    return Firing(f"warn:{clock.warn[done - 1]}", at, passed, clock._replace(cursor=done))


def left_at(clock: Clock, share: int) -> int:
    """Seconds left when a share of the target is used."""
    return clock.target_s * (100 - share) // 100


def _warns_at(clock: Clock, calendar: Calendar, share: int, due: dt.datetime) -> dt.datetime:
    return before(clock, calendar, due, left_at(clock, share))


def _warned(clock: Clock, since: int, until: int) -> tuple[str, ...]:
    return tuple(f"warn:{share}" for share in clock.warn[since:until])


def _promise(clock: Clock) -> Moment | None:
    """The moment at which a promise turns out not kept; a promise for the due moment itself is the breach's to tell."""
    told = clock.promised_at
    if told is None or told == clock.due_at or clock.promise_broken_at is not None:
        return None
    return Moment(f"promise:{told:%Y%m%dT%H%M%SZ}", told)


def _broken_by(clock: Clock, now: dt.datetime) -> dt.datetime | None:
    if clock.promise_broken_at is None and clock.promised_at is not None and clock.promised_at <= now:
        return clock.promised_at
    return clock.promise_broken_at
