"""The schedules of the desk, declared here and nowhere else. `manage.py sync_schedules` makes the database say so.

A schedule that is not declared is removed, one that was changed by hand is put right: a schedule names a function that
workers call, so whoever could write one freely could run anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django_q.models import Schedule
from django_q.tasks import async_task

BEGUN_S = 30
_LOCK = 7462


@dataclass(frozen=True, slots=True)
class Declared:
    """One schedule: a task without arguments of an app's `tasks`, every so many minutes or by a cron line (UTC)."""

    name: str
    task: str
    why: str
    minutes: int | None = None
    cron: str = ""
    app: str = "escalations"

    @property
    def columns(self) -> dict[str, Any]:
        """The row's columns, all of them, so that what was changed by hand is seen."""
        return {
            "func": f"{self.app}.tasks.{self.task}",
            "schedule_type": Schedule.CRON if self.cron else Schedule.MINUTES,
            "minutes": self.minutes,
            "cron": self.cron or None,
            "hook": None,
            "args": None,
            "kwargs": None,
            "repeats": -1,
            "cluster": None,
            "intended_date_kwarg": None,
        }

    def first_run(self, now: dt.datetime) -> dt.datetime:
        """When it runs for the first time: at once, or at the next moment of its cron line."""
        if not self.cron:
            return now
        from croniter import croniter

        moment: dt.datetime = croniter(self.cron, now).get_next(dt.datetime)
        return moment

    def latest_run(self, now: dt.datetime) -> dt.datetime:
        """The latest moment at which it can be due next when all is well."""
        return self.first_run(now) if self.cron else now + dt.timedelta(minutes=self.minutes or 1)


_OWN: tuple[Declared, ...] = (
    Declared("heartbeat", "heartbeat", "a worker that takes no tasks is noticed within minutes", minutes=1),
    Declared("sweep", "sweep", "due timers fire: warnings, breaches, rungs, pauses that end", minutes=1),
    Declared("deliver", "deliver", "messages leave, also those that were not asked to hurry", minutes=1),
    Declared("assign-waiting", "assign_waiting", "people who have become free get what waits", minutes=1),
    Declared("close-settled", "close_settled", "resolved cases close when the party is content", minutes=15),
    Declared("take-effect", "take_effect", "names follow a playbook version that has come into force", minutes=5),
    Declared("anchor", "anchor", "once a day the ends of all chains that have moved are signed", minutes=60),
    Declared("audit-timers", "audit_timers", "what should have fired and did not is found", minutes=5),
    Declared("check-files", "check_files", "files that wait are looked through", minutes=1),
    Declared("sweep-files", "sweep_files", "bytes of files that nothing names any more go", minutes=60),
    Declared("judge-looks", "judge_looks", "what is unusual in the access log waits for an auditor", minutes=5),
    Declared("erasures", "erase_requested", "erasures asked for at a page are done, also after a crash", minutes=1),
    Declared("retention", "apply_retention", "what was kept long enough is erased", minutes=24 * 60),
)

_others: dict[str, Declared] = {}


def declare(*items: Declared) -> None:
    """Add the schedules of an app above this one, when it is ready; the same name again replaces it."""
    _others.update({item.name: item for item in items})


def declared() -> tuple[Declared, ...]:
    """Every schedule of the desk: this app's, then those of the apps above it by name."""
    return (*_OWN, *(_others[name] for name in sorted(_others)))


def begin_at_once(**_signal: Any) -> None:
    """A worker has started: run now what runs every minute.

    django-q2 looks at the schedules for the first time half a minute after its start; until then a desk that was just
    started, or started again after an outage, would look dead. Once for all workers that start together.
    """
    if cache.add("schedules.begun", True, timeout=BEGUN_S):
        for item in declared():
            if item.minutes == 1:
                async_task(item.columns["func"], group=item.name)


@dataclass(slots=True)
class Changes:
    """What differs between declaration and database."""

    added: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def sync(*, now: dt.datetime, dry_run: bool = False, wanted: Sequence[Declared] | None = None) -> Changes:
    """Make the database's schedules those that are declared (or `wanted`). Running it again changes nothing.

    A changed rhythm starts anew (django-q2 would wait for the moment of the old one first), and so does a schedule
    whose next run lies further ahead than its rhythm. Several at once do it one after the other.
    """
    changes = Changes()
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        rows = list(Schedule.objects.order_by("id"))
        items = {item.name: item for item in (declared() if wanted is None else wanted)}
        kept: dict[str, Schedule] = {}
        for row in rows:
            if row.name in items and row.name not in kept:
                kept[row.name] = row
                continue
            changes.removed.append(row.name or f"{row.func} (without a name)")
            if not dry_run:
                row.delete()
        for name, item in items.items():
            if name not in kept:
                changes.added.append(name)
                if not dry_run:
                    made = Schedule.objects.create(name=name, next_run=item.first_run(now), **item.columns)
                    # django-q2 computes the next run of a new cron row by itself, from its own clock.
                    Schedule.objects.filter(pk=made.pk).update(next_run=item.first_run(now))
                continue
            differs = _differences(kept[name], item, now)
            if not differs:
                changes.unchanged.append(name)
                continue
            changes.changed[name] = differs
            if not dry_run:
                Schedule.objects.filter(pk=kept[name].pk).update(**item.columns, **_moved(differs, item, now))
    return changes


def _differences(row: Schedule, item: Declared, now: dt.datetime) -> list[str]:
    found = [column for column, value in item.columns.items() if (getattr(row, column) or None) != (value or None)]
    if row.next_run is None or row.next_run > item.latest_run(now):
        found.append("next_run")
    return found


def _moved(differs: Iterable[str], item: Declared, now: dt.datetime) -> dict[str, Any]:
    rhythm = {"schedule_type", "minutes", "cron", "next_run"}
    return {"next_run": item.first_run(now)} if rhythm & set(differs) else {}
