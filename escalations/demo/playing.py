"""All cases side by side, in the order of time; in between the engine does every minute what it does on a real desk."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from django.db.models import Min

from escalations.core.actor import Actor
from escalations.demo.acts import Acts, NotYet, Run
from escalations.demo.story import Step
from escalations.errors import DeskError, Refused
from escalations.models import Case, Timer
from escalations.services import assignment, closing
from escalations.services.sweep import sweep

AGAIN = dt.timedelta(minutes=40)
"""Working time after which a step that found nobody is tried again."""

QUEUES_EVERY = dt.timedelta(minutes=30)
HOPELESS_FOR = dt.timedelta(hours=2)
CLOSES_EVERY = dt.timedelta(hours=6)


class Playing:
    """Plays runs up to a moment. Can be called again with further runs and a later moment."""

    def __init__(self, acts: Acts, *, told: Callable[[int], None] | None = None) -> None:
        self.acts = acts
        self.runs: list[Run] = []
        self.opened: set[int] = set()
        self._here: set[int] = set()
        self._hopeless: dict[tuple[int, ...], dt.datetime] = {}
        self._told = told or (lambda number: None)
        self._queues_at = self._closes_at = dt.datetime.min.replace(tzinfo=dt.UTC)

    def play(self, runs: Iterable[Run], *, until: dt.datetime) -> None:
        """Open the runs and take each as far as it comes by `until`, strictly in the order of time.

        What the engine does on the way concerns these runs alone: those of an earlier call are at a later moment.
        """
        todo: list[tuple[dt.datetime, int, Run]] = []
        for run in runs:
            heapq.heappush(todo, (run.opens_at, len(self.runs), run))
            self.runs.append(run)
        self._here, self._hopeless = set(), {}
        if todo:
            self._queues_at = self._closes_at = todo[0][0]
        while todo and todo[0][0] <= until:
            now, number, run = heapq.heappop(todo)
            self._engine(now)
            following = self._step(run, now)
            if following is not None:
                heapq.heappush(todo, (following, number, run))
        self._engine(until)

    def _step(self, run: Run, now: dt.datetime) -> dt.datetime | None:
        """Do what is next in a run; when the step after it comes, None at the end."""
        if not run.case_id:
            self.acts.open(run)
            self._knows(run.case_id)
        else:
            step = run.steps[run.at]
            try:
                self.acts.do(run, step, now)
            except NotYet:
                return self.acts.calendar_of(run).due(now, AGAIN.total_seconds())
            except DeskError as error:
                run.refused.append((step.act, str(error)))
            if run.twin_id:
                self._knows(run.twin_id)
            run.at += 1
        return self._next(run, now) if run.at < len(run.steps) else None

    def _knows(self, case_id: int) -> None:
        if case_id not in self.opened:
            self.opened.add(case_id)
            self._here.add(case_id)
            self._told(len(self.opened))

    def _next(self, run: Run, now: dt.datetime) -> dt.datetime:
        step = run.steps[run.at]
        minutes = max(1.0, step.after * run.pace * run.rng.uniform(0.7, 1.4))
        seconds = round(minutes * 60)
        if step.outside:
            return awake(run, now + dt.timedelta(seconds=seconds), step)
        at: dt.datetime = self.acts.calendar_of(run).due(now, seconds)
        return at

    # ----------------------------------------------------------------------------------------------------- the engine

    def _engine(self, until: dt.datetime) -> None:
        """What the workers do by themselves up to a moment: timers, queues, closing."""
        while True:
            due = Timer.objects.aggregate(due=Min("due_at"))["due"]
            if due is None:
                break
            tick = _next_minute(due)
            if tick > until or not sweep(now=tick):
                break
            self._queues(tick)
        if until - self._queues_at >= QUEUES_EVERY:
            self._queues(until)
        if until - self._closes_at >= CLOSES_EVERY:
            self._close(until)

    def _queues(self, now: dt.datetime) -> None:
        """Give waiting cases to people who have become free, most severe and oldest first."""
        self._queues_at = now
        rows = (
            Case.objects.open()
            .filter(assignee__isnull=True, status__in=["new", "triaged", "reopened"])
            .order_by("-severity_band", "radar_at", "id")
            .values_list("pk", "team_id", "level_id", "channel_id", "team__key")
        )
        for pk, *queue, team in rows:
            if pk not in self._here or self._hopeless.get(tuple(queue), now) > now:
                continue
            if not self.acts.team_calendar(team).is_open(now):
                continue
            try:
                assignment.assign(case_id=pk, actor=Actor.worker("assignment"), now=now)
            except Refused:
                self._hopeless[tuple(queue)] = now + HOPELESS_FOR

    def _close(self, now: dt.datetime) -> None:
        """Close what was resolved long enough ago without another word of the party."""
        self._closes_at = now
        settled = Case.objects.open().filter(status=Case.Status.RESOLVED, resolved_at__lte=now - closing.CLOSES_AFTER)
        waits = settled.exclude(messages__direction="in", messages__at__gt=now - closing.CLOSES_AFTER)
        for pk in waits.order_by("id").values_list("pk", flat=True):
            if pk in self._here:
                closing.close(case_id=pk, actor=Actor.worker("closing"), now=now)


def awake(run: Run, at: dt.datetime, step: Step) -> dt.datetime:
    """When somebody outside writes: not in the small hours of where they live, unless it cannot wait."""
    if step.after <= 60:
        return at
    zone = ZoneInfo(ZONES.get(run.binding.region, "UTC"))
    local = at.astimezone(zone)
    if local.hour >= 7:
        return at
    morning = local.replace(hour=7, minute=run.rng.randrange(60), second=run.rng.randrange(60))
    return morning.astimezone(dt.UTC)


ZONES = {
    "gb": "Europe/London",
    "us": "America/New_York",
    "eu": "Europe/Brussels",
    "eu-de": "Europe/Berlin",
    "eu-es": "Europe/Madrid",
    "in": "Asia/Kolkata",
    "br": "America/Sao_Paulo",
    "jp": "Asia/Tokyo",
}
"""Where people of a region live, roughly."""


def _next_minute(at: dt.datetime) -> dt.datetime:
    """The full minute at or after a moment: when the schedule would have swept."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + dt.timedelta(minutes=1)
