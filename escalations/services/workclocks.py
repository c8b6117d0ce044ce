"""The clocks of a case under an act: looked at when asked, changed as values, written when the work is flushed."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from escalations import mapping
from escalations.core import clock as clocks
from escalations.core.clock import Clock as ClockValue
from escalations.core.policy import Target
from escalations.models import Case, Clock
from escalations.selectors import law


class Clocks(ABC):
    """What `Work` knows of clocks."""

    case: Case
    now: dt.datetime
    created: bool
    _touched: dict[int, Clock]
    _started: list[Clock]

    @abstractmethod
    def say(self, kind: str, data: Mapping[str, Any] | None = None, *, words: Mapping[str, Any] | None = None) -> None:
        """Record an event."""

    @cached_property
    def clocks(self) -> list[Clock]:
        """The case's open clocks, locked. One query."""
        if self.created:
            return []
        rows = Clock.objects.select_for_update().filter(case=self.case, ended_at__isnull=True).order_by("id")
        return list(rows)

    def clock(self, kind: str, name: str = "") -> Clock | None:
        """The open clock of a kind (of a statutory deadline, by its key), if there is one."""
        found = (row for row in self.running if row.kind == kind and (not name or row.name == name))
        return next(found, None)

    @property
    def running(self) -> list[Clock]:
        """The clocks that are open now, those started by this act among them."""
        return [row for row in (*self.clocks, *self._started) if row.ended_at is None]

    def put(self, row: Clock, value: ClockValue) -> None:
        """Take a clock's new value; its timer follows when the work is flushed."""
        mapping.put_clock(row, value)
        if row.pk is not None:
            self._touched[row.pk] = row

    def calendar(self, row: Clock) -> Any:
        """The calendar that a clock runs on."""
        return law.calendar_of(row.calendar_id)

    def start(
        self, kind: str, target: Target, *, at: dt.datetime | None = None, name: str = "", calendar_digest: str = ""
    ) -> Clock:
        """Start a clock at `at` (default: now), on the case's calendar or on the one whose digest is given."""
        digest = calendar_digest or self.case.calendar_digest
        value = clocks.start(
            kind=kind,  # type: ignore[arg-type]
            basis=target.basis,
            target_s=target.seconds,
            warn=target.warn,
            calendar=law.calendar_of(digest),
            at=at or self.now,
            cycle=self._next_cycle(kind, name),
        )
        return self.take_up(value, name=name, calendar_digest=digest)

    def _next_cycle(self, kind: str, name: str) -> int:
        if self.created:
            return 1
        rows = Clock.objects.filter(case=self.case, kind=kind, name=name).order_by("-cycle")
        return (rows.values_list("cycle", flat=True).first() or 0) + 1

    def take_up(self, value: ClockValue, *, name: str = "", calendar_digest: str = "") -> Clock:
        """Add a started clock to the case; written with its first timer when the work is flushed."""
        digest = calendar_digest or self.case.calendar_digest
        row = mapping.put_clock(Clock(case=self.case, name=name, calendar_id=digest), value)
        self._started.append(row)
        return row

    def meet(self, kind: str) -> Clock | None:
        """End a clock as met (or met late), when there is an open one."""
        row = self.clock(kind)
        if row is not None:
            self.put(row, clocks.meet(mapping.clock_value(row), at=self.now))
            self.say("clock.met", {"clock": kind, "late": row.breached_at is not None})
        return row

    def end_clocks(self, *, met: Iterable[str] = (), carried: Mapping[int, ClockValue] | None = None) -> None:
        """End all open clocks: those of the kinds in `met` as met, the others as cancelled.

        `carried` gives, by row id, the clock of another case that carries a statutory deadline on.
        """
        reached = set(met)
        for row in self.running:
            value = mapping.clock_value(row)
            if row.kind in reached:
                self.put(row, clocks.meet(value, at=self.now))
            else:
                self.put(row, clocks.cancel(value, at=self.now, carried_by=(carried or {}).get(row.pk)))
