"""How the timers stand, cheaply enough for a page: what is overdue now, and what the last audit found."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from escalations.models import Heartbeat, Timer

GRACE = dt.timedelta(minutes=3)
"""A timer that is due for longer than this should have fired: sweeps run every minute."""

CAP = 1000
"""Counting stops here."""


@dataclass(frozen=True, slots=True)
class Timers:
    """How the timers stand at one moment. `audited_at` and `found` are of the last audit; None when there was none."""

    overdue: int
    oldest_s: int
    audited_at: dt.datetime | None
    found: int | None

    @property
    def fine(self) -> bool:
        """Whether nothing is overdue and the last audit found nothing."""
        return not self.overdue and not self.found


def timers(now: dt.datetime) -> Timers:
    """How the timers stand. Two queries, each on an index; the count is capped."""
    due = list(Timer.objects.filter(due_at__lt=now - GRACE).order_by("due_at").values_list("due_at", flat=True)[:CAP])
    audit = Heartbeat.objects.filter(pk="audit").first()
    found = audit.detail.get("found") if audit else None
    return Timers(
        overdue=len(due),
        oldest_s=int((now - due[0]).total_seconds()) if due else 0,
        audited_at=audit.at if audit else None,
        found=found if isinstance(found, int) else None,
    )
