"""When clocks may stand still: which ones a reason stops, for how long, how often, and when a lead must agree."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from escalations.core import clock as clocks
from escalations.core.calendar import Calendar
from escalations.core.clock import Clock
from escalations.core.policy import PauseReason, format_duration


class Granted(NamedTuple):
    """The pause may begin; it ends by itself at `resume_at` (UTC, whole seconds) at the latest."""

    resume_at: dt.datetime


class NeedsLead(NamedTuple):
    """The pause is longer or one more than the policy allows: a lead may approve it, and until when it would last."""

    why: str
    resume_at: dt.datetime


def stops(reason: PauseReason, clock: Clock) -> bool:
    """Whether a pause for this reason stops this clock: exactly the open, running clocks of the kinds that the policy
    names, and never a statutory one."""
    return (
        clock.ended_at is None and clock.state != "paused" and clock.kind != "statutory" and clock.kind in reason.stops
    )


def pause_allowed(
    reason: PauseReason,
    taken: int,
    *,
    at: dt.datetime,
    calendar: Calendar,
    until: dt.datetime | None = None,
    approved: bool = False,
) -> Granted | NeedsLead:
    """Whether a case may wait for a reason once more, and until when.

    taken      how often it has waited for this reason already
    until      when the person wants it to end; None means the longest that the reason allows
    approved   a lead of the owning team has agreed to this very pause

    A pause always ends by itself: without `until`, after the reason's longest time even when approved. Raises
    ClockRefusedError when `until` is not ahead.
    """
    bound = clocks.due_after(reason.longest.basis, reason.longest.seconds, at=at, calendar=calendar)
    resume_at = bound if until is None else clocks.whole(until)
    if resume_at <= at:
        raise clocks.ClockRefusedError("a pause ends at a moment that lies ahead")
    if approved:
        return Granted(resume_at)
    if taken >= reason.most:
        times = "once" if reason.most == 1 else f"{reason.most} times"
        return NeedsLead(
            f"A case may wait {times} because of “{reason.name}”, and this one has. A lead may allow it once more.",
            resume_at,
        )
    if resume_at > bound:
        longest = f"{format_duration(reason.longest.seconds)} of {reason.longest.basis} time"
        return NeedsLead(
            f"“{reason.name}” may last {longest} at the longest. A lead may allow more.",
            resume_at,
        )
    return Granted(resume_at)
