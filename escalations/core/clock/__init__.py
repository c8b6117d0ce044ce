"""Clocks: one target of one case as a small value, and what may happen to it.

A clock runs on its basis: `business` time of the case's calendar, or time `elapsed`. All lengths are whole seconds of
that basis; all instants are UTC. Due moments are rounded up to the whole second, and so is what is left when a clock
pauses: rounding never shortens a target, and a pause adds less than two seconds.

    running   due_at is set
    paused    due_at is None, remaining_s is what is left of its own basis (negative when it was late already)
    breached  late; still open, and running on, while ended_at is None
    met, cancelled, breached with ended_at: finished. A finished clock never changes.

What the party was *told* is a promise (`promised_at`), apart from the target: a target may move with the facts, a
promise moves only with a message, and later only with a reason too. A pause does not move it: one that passes
meanwhile is noticed when the clock runs again.

Moments are what a clock fires: its warnings, in shares of its own time, then the breach; and the moment of a promise
that is not the due moment, when it passes unkept. `cursor` counts the warnings and the breach that are done with, so
only the next moment needs a timer. After downtime the gravest due moment fires and the others are passed over, on the
record. A tier clock has a single moment, its rung, which `core.ladder` fires.

No function takes the time by itself, and none changes a value: each returns a new one.
"""

from escalations.core.clock.changes import (
    STATUTORY_WARN,
    Counts,
    cancel,
    meet,
    merged,
    pause,
    promise,
    reopen,
    resume,
    retarget,
    start,
)
from escalations.core.clock.moments import fire, moments, next_moment
from escalations.core.clock.value import (
    Clock,
    ClockError,
    ClockFinishedError,
    ClockRefusedError,
    Firing,
    Moment,
    State,
    due_after,
    remaining,
    used,
    whole,
)

__all__ = [
    "STATUTORY_WARN",
    "Clock",
    "ClockError",
    "ClockFinishedError",
    "ClockRefusedError",
    "Counts",
    "Firing",
    "Moment",
    "State",
    "cancel",
    "due_after",
    "fire",
    "meet",
    "merged",
    "moments",
    "next_moment",
    "pause",
    "promise",
    "remaining",
    "reopen",
    "resume",
    "retarget",
    "start",
    "used",
    "whole",
]
