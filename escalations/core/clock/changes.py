"""What may happen to a clock: it starts, ends, pauses, gets another target, is merged, stands for a promise."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from typing import Literal

from escalations.core.calendar import Calendar
from escalations.core.clock.moments import left_at
from escalations.core.clock.value import (
    Clock,
    ClockError,
    ClockRefusedError,
    before,
    between,
    broken_since,
    due_after,
    late_since,
    remaining,
    still_open,
    used,
)
from escalations.core.policy import ClockKind, Span
from escalations.core.policy.values import Basis

Counts = Literal["receipt", "change"]

STATUTORY_WARN = (50, 80)
"""The shares at which a statutory clock alerts its legal owner, whatever the playbook says elsewhere."""


def start(
    *,
    kind: ClockKind,
    basis: Basis,
    target_s: int,
    at: dt.datetime,
    calendar: Calendar,
    warn: tuple[int, ...] = (),
    tier: str = "",
    cycle: int = 1,
) -> Clock:
    """A clock that runs from `at` (for a case: its receipt).

    target_s   seconds of the basis, above zero
    calendar   of the case's region, or the one that a statutory deadline names; unused when the basis is elapsed
    warn       shares in percent, ascending; a statutory clock always has STATUTORY_WARN, a tier clock none
    cycle      1 more than that of the clock before it, where one follows another, as updates to the party do

    Raises ClockError for a target that is not above zero, CalendarError for a naive `at`, and HorizonError when the
    calendar does not open for so long. Two bisections.
    """
    if target_s <= 0:
        raise ClockError(f"a target is longer than zero seconds, not {target_s}")
    if kind == "statutory":
        warn = STATUTORY_WARN
    elif kind == "tier":
        warn = ()
    at = at.astimezone(dt.UTC)
    due = due_after(basis, target_s, at=at, calendar=calendar)
    return Clock(kind, tier, basis, target_s, warn, "running", at, due, cycle=cycle)


# ------------------------------------------------------------------------------------------------------------- ends


def meet(clock: Clock, *, at: dt.datetime) -> Clock:
    """The clock ended by what it waited for: `met`, or `breached` when that came after the due moment (reaching it
    exactly is in time). Raises ClockFinishedError."""
    still_open(clock)
    since = late_since(clock, at)
    return clock._replace(
        state="breached" if since else "met",
        breached_at=since,
        promise_broken_at=broken_since(clock, at),
        ended_at=at,
    )


def cancel(clock: Clock, *, at: dt.datetime, carried_by: Clock | None = None) -> Clock:
    """The clock ended because nothing waits for it any more.

    A statutory clock is cancelled only when another one carries its deadline: `carried_by`, open and due no later.
    Raises ClockRefusedError otherwise, ClockFinishedError when it has ended.
    """
    still_open(clock)
    if clock.kind == "statutory" and not (
        carried_by is not None
        and carried_by.kind == "statutory"
        and carried_by.ended_at is None
        and carried_by.due_at is not None
        and clock.due_at is not None
        and carried_by.due_at <= clock.due_at
    ):
        raise ClockRefusedError(
            "a statutory deadline is not cancelled: meet it, or carry it over to the case that lives on"
        )
    return clock._replace(
        state="cancelled", breached_at=late_since(clock, at), promise_broken_at=broken_since(clock, at), ended_at=at
    )


# ----------------------------------------------------------------------------------------------------------- pauses


def pause(clock: Clock, calendar: Calendar, *, at: dt.datetime) -> Clock:
    """The clock stopped: no due moment, what is left kept in its own basis. Whether it may: `core.pausing`.

    Lateness is kept too: a pause hides no breach, its moment fires when the clock runs again. Raises
    ClockRefusedError for a statutory clock and for one that is paused already, ClockFinishedError.
    """
    still_open(clock)
    if clock.kind == "statutory":
        raise ClockRefusedError("a statutory clock is never paused")
    if clock.state == "paused":
        raise ClockRefusedError("the clock is paused already")
    left = remaining(clock, calendar, at=at)
    return clock._replace(state="paused", due_at=None, remaining_s=left, breached_at=late_since(clock, at))


def resume(clock: Clock, calendar: Calendar, *, at: dt.datetime) -> Clock:
    """The clock running again from `at` with what was left. Raises ClockRefusedError when it is not paused."""
    still_open(clock)
    if clock.state != "paused":
        raise ClockRefusedError("the clock is not paused")
    return _running(clock._replace(state="running"), clock.remaining_s or 0, at, calendar)


# ---------------------------------------------------------------------------------------------------- moved targets


def retarget(
    clock: Clock,
    calendar: Calendar,
    target: Span,
    *,
    at: dt.datetime,
    warn: tuple[int, ...] | None = None,
    counts: Counts = "receipt",
    previous: Calendar | None = None,
    pauses: Iterable[tuple[dt.datetime, dt.datetime | None]] = (),
) -> Clock:
    """The clock with another target, because the case's facts, category or region changed.

    counts     `receipt`: what was used so far counts against the new target, pauses left out; `change`: it counts
               from now. Declared by whoever moves the target, and said on the case.
    warn       the new target's warnings; None keeps the present ones
    previous   the calendar that it ran on until now, when that changes too
    pauses     its pauses so far as (from, until or None): read only when the basis changes, because business seconds
               used are not elapsed seconds

    Its moments are set anew (`cycle` + 1): one that lies ahead again fires again, one that was fired and is past does
    not. Being late once stays on record. The promise does not move. Raises ClockRefusedError for statutory and tier
    clocks, ClockFinishedError.
    """
    still_open(clock)
    if clock.kind == "statutory":
        raise ClockRefusedError("a statutory deadline is the law's, not the playbook's: it is never moved")
    if clock.kind == "tier":
        raise ClockRefusedError("a rung's distance is the ladder's: start the ladder anew instead")
    if counts == "change":
        left, started = target.seconds, at.astimezone(dt.UTC)
    else:
        started = clock.started_at
        if target.basis == clock.basis:
            spent: float = used(clock, previous or calendar, at=at)
        else:
            spent = between(target.basis, calendar, started, at) - sum(
                between(target.basis, calendar, since, until or at) for since, until in pauses
            )
        left = math.ceil(target.seconds - spent)
    moved = clock._replace(
        basis=target.basis,
        target_s=target.seconds,
        warn=clock.warn if warn is None else warn,
        started_at=started,
        breached_at=late_since(clock, at),
        cycle=clock.cycle + 1,
    )
    return _settled(moved, left, at, calendar, fired=_fired(clock))


def reopen(clock: Clock, calendar: Calendar, *, at: dt.datetime) -> Clock:
    """A new clock that goes on where a finished one ended, with what was left then: late if that was late.

    A statutory clock keeps its due moment: the law's time went on meanwhile. The finished clock stays as it is; the
    new one has the next cycle. A promise that was kept is done with. Raises ClockError when the clock has not ended.
    """
    if clock.ended_at is None:
        raise ClockError("the clock has not ended")
    kept = clock.state != "cancelled" and clock.promise_broken_at is None
    again = clock._replace(
        state="running",
        ended_at=None,
        promised_at=None if kept else clock.promised_at,
        cycle=clock.cycle + 1,
    )
    if clock.kind == "statutory":
        return again._replace(state="breached" if clock.breached_at else "running")
    return _running(again, remaining(clock, calendar, at=at), at, calendar)


def merged(mine: Clock, theirs: Clock, calendar: Calendar, *, at: dt.datetime) -> Clock:
    """What the clock of the case that lives on becomes when another case with a clock of its kind is merged into it.

    Earliest start, strictest target, most time used, earliest promise; late if one was late; no moment twice: so a
    merge never gives time. Whether it stands still is for the case that lives on, whose pause it is. Of one open and
    one finished clock the open one counts (a new cycle); of two finished ones, mine stays. Tier clocks of different
    rungs: `ladder.merged_tier`. Raises ClockError when the kinds differ.
    """
    if (mine.kind, mine.tier) != (theirs.kind, theirs.tier):
        raise ClockError(f"a {theirs.kind} clock cannot be merged into a {mine.kind} clock")
    if theirs.ended_at is not None:
        return mine
    cycle = max(mine.cycle, theirs.cycle) + 1
    if mine.ended_at is not None:
        return theirs._replace(cycle=cycle)
    strict, left = _strictest(mine, theirs, at, calendar)
    told = theirs if _promised_before(theirs, mine) else mine
    both = mine._replace(
        basis=strict.basis,
        target_s=strict.target_s,
        warn=strict.warn,
        started_at=min(mine.started_at, theirs.started_at),
        promised_at=told.promised_at,
        promise_broken_at=told.promise_broken_at,
        breached_at=min(filter(None, (late_since(mine, at), late_since(theirs, at))), default=None),
        cycle=cycle,
    )
    if mine.kind == "statutory":
        return both._replace(
            state="breached" if both.breached_at else "running",
            due_at=strict.due_at,
            cursor=max(mine.cursor, theirs.cursor),
        )
    return _settled(both, left, at, calendar, fired=max(_fired(mine), _fired(theirs)))


def promise(clock: Clock, *, at: dt.datetime, due: dt.datetime, message: str = "", reason: str = "") -> Clock:
    """Record what the party was told: this will be done by `due`. The target stays where it is.

    Moving a promise to a later moment takes a `reason` and the `message` that told the party (its id). Parts of a
    second are cut off. Raises ClockRefusedError without them, or for a moment that is not ahead; ClockFinishedError.
    """
    still_open(clock)
    due = due.astimezone(dt.UTC).replace(microsecond=0)
    if due <= at:
        raise ClockRefusedError("promise a moment that is still to come")
    if clock.promised_at is not None and due > clock.promised_at:
        if not reason.strip():
            raise ClockRefusedError("an earlier promise is being put off: say why, the party is told")
        if not message:
            raise ClockRefusedError("an earlier promise is being put off: send the party a message that says so")
    return clock._replace(promised_at=due, promise_broken_at=None)


def _running(clock: Clock, left: int, at: dt.datetime, calendar: Calendar) -> Clock:
    """The clock running from `at` with `left` seconds; one that is late is due in the past by as much."""
    due = due_after(clock.basis, left, at=at, calendar=calendar) if left > 0 else before(clock, calendar, at, -left)
    return clock._replace(state="breached" if clock.breached_at else "running", due_at=due, remaining_s=None)


def _settled(clock: Clock, left: int, at: dt.datetime, calendar: Calendar, *, fired: int) -> Clock:
    """The clock with another time left: paused if it was, its cursor after the moments that are past and were fired.

    `fired` is the share up to which moments were fired, 100 for the breach.
    """
    done = [share for share in clock.warn if share <= fired and left <= left_at(clock, share)]
    cursor = len(done) + (fired >= 100 and left <= 0 and len(done) == len(clock.warn))
    clock = clock._replace(cursor=cursor)
    if clock.state == "paused":
        return clock._replace(remaining_s=left)
    return _running(clock, left, at, calendar)


def _fired(clock: Clock) -> int:
    """The share of its time up to which a clock's moments are done with; 100 when the breach is."""
    shares = (0, *clock.warn, 100)
    return shares[min(clock.cursor, len(shares) - 1)]


def _promised_before(one: Clock, other: Clock) -> bool:
    if one.promised_at is None:
        return False
    return other.promised_at is None or one.promised_at < other.promised_at


def _strictest(mine: Clock, theirs: Clock, at: dt.datetime, calendar: Calendar) -> tuple[Clock, int]:
    """Which of two open clocks has the stricter target, and the seconds of it that are left when merged."""
    lefts = [remaining(clock, calendar, at=at) for clock in (mine, theirs)]
    if mine.kind != "statutory" and mine.basis == theirs.basis:
        strict = min(mine, theirs, key=lambda clock: clock.target_s)
        spent = max(clock.target_s - left for clock, left in zip((mine, theirs), lefts, strict=True))
        return strict, strict.target_s - spent
    # Business and elapsed seconds do not compare: the one that comes due first is the stricter.
    ends = [
        clock.due_at or _running(clock, left, at, calendar).due_at
        for clock, left in zip((mine, theirs), lefts, strict=True)
    ]
    first = 0 if ends[1] is None or (ends[0] is not None and ends[0] <= ends[1]) else 1
    return (mine, theirs)[first], lefts[first]
