"""Is the engine running? What the home page says about workers, sweeps, timers and deliveries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from escalations.models import Delivery, Heartbeat
from escalations.selectors.timers import CAP, GRACE, Timers, timers

__all__ = ["CAP", "FRESH", "GRACE", "WATCHED", "Engine", "engine"]

FRESH = dt.timedelta(minutes=3)
"""Workers beat and sweeps run every minute; three missed ones are no hiccup."""

WATCHED = ("worker", "sweep")


@dataclass(frozen=True, slots=True)
class Engine:
    """What is known of the engine at one moment. Ages in seconds; None where it has never reported."""

    worker_s: int | None
    sweep_s: int | None
    timers: Timers
    dead: int

    @property
    def stale(self) -> tuple[str, ...]:
        """The parts that have not reported for too long, or never."""
        ages = {"worker": self.worker_s, "sweep": self.sweep_s}
        return tuple(name for name in WATCHED if (age := ages[name]) is None or age > FRESH.total_seconds())

    @property
    def overdue(self) -> int:
        """Timers that should have fired; counting stops at CAP."""
        return self.timers.overdue

    @property
    def oldest_overdue_s(self) -> int:
        """For how long the oldest of them is due."""
        return self.timers.oldest_s

    @property
    def fine(self) -> bool:
        """Whether everything that should have happened has."""
        return not self.stale and self.timers.fine and not self.dead


def engine(now: dt.datetime) -> Engine:
    """The state of the engine. Four queries, each on an index and capped."""
    beats = dict(Heartbeat.objects.filter(pk__in=WATCHED).values_list("pk", "at"))
    return Engine(
        worker_s=_age(beats.get("worker"), now),
        sweep_s=_age(beats.get("sweep"), now),
        timers=timers(now),
        dead=Delivery.objects.filter(state=Delivery.State.DEAD)[:CAP].count(),
    )


def _age(at: dt.datetime | None, now: dt.datetime) -> int | None:
    return None if at is None else max(0, int((now - at).total_seconds()))
