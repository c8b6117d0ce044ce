"""Is the engine running? What the home page says about workers, sweeps, timers and deliveries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from escalations.models import Delivery, Heartbeat, Timer

FRESH = dt.timedelta(minutes=3)
"""Workers beat and sweeps run every minute; three missed ones are no hiccup."""

WATCHED = ("worker", "sweep")
GRACE = dt.timedelta(minutes=3)
"""A timer that is due for longer than this should have fired."""

CAP = 1000
"""Nobody needs to know whether it is 1,000 or 40,000; counting stops here."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What is known of the engine at one moment. Ages in seconds; None where it has never reported."""

    worker_s: int | None
    sweep_s: int | None
    overdue: int
    oldest_overdue_s: int
    dead: int

    @property
    def stale(self) -> tuple[str, ...]:
        """The parts that have not reported for too long, or never."""
        ages = {"worker": self.worker_s, "sweep": self.sweep_s}
        return tuple(name for name in WATCHED if (age := ages[name]) is None or age > FRESH.total_seconds())

    @property
    def fine(self) -> bool:
        """Whether everything that should have happened has."""
        return not self.stale and not self.overdue and not self.dead


def engine(now: dt.datetime) -> Engine:
    """The state of the engine. Three queries, each on an index and capped."""
    beats = dict(Heartbeat.objects.filter(pk__in=WATCHED).values_list("pk", "at"))
    overdue = list(
        Timer.objects.filter(due_at__lt=now - GRACE).order_by("due_at").values_list("due_at", flat=True)[:CAP]
    )
    return Engine(
        worker_s=_age(beats.get("worker"), now),
        sweep_s=_age(beats.get("sweep"), now),
        overdue=len(overdue),
        oldest_overdue_s=_age(overdue[0], now) or 0 if overdue else 0,
        dead=Delivery.objects.filter(state=Delivery.State.DEAD)[:CAP].count(),
    )


def _age(at: dt.datetime | None, now: dt.datetime) -> int | None:
    return None if at is None else max(0, int((now - at).total_seconds()))
