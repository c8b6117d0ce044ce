"""Clocks of a case, their pauses, and the one timer row that each open clock has: its next moment."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.case import Case
from escalations.models.policy import CalendarSnapshot


class Clock(models.Model):
    """One target of one case; `core.clock.Clock` is its meaning, `mapping` translates."""

    class Kind(models.TextChoices):
        ASSIGN = "assign", _("assignment")
        FIRST_RESPONSE = "first_response", _("first answer")
        NEXT_UPDATE = "next_update", _("next update")
        RESOLUTION = "resolution", _("resolution")
        TIER = "tier", _("next rung")
        STATUTORY = "statutory", _("statutory deadline")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        MET = "met", _("met")
        BREACHED = "breached", _("breached")
        CANCELLED = "cancelled", _("cancelled")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="clocks")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    tier = models.CharField(_("tier"), max_length=64, blank=True, default="")
    name = models.CharField(_("key in the policy"), max_length=64, blank=True, default="")
    business = models.BooleanField(_("business time"), default=True)
    target_s = models.PositiveIntegerField(_("target in seconds"))
    warn = models.CharField(_("warnings in percent"), max_length=40, blank=True, default="")
    calendar = models.ForeignKey(
        CalendarSnapshot, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField(_("started"))
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    remaining_s = models.IntegerField(_("seconds left while paused"), null=True, blank=True)
    promised_at = models.DateTimeField(_("promised for"), null=True, blank=True)
    promise_broken_at = models.DateTimeField(_("promise not kept since"), null=True, blank=True)
    breached_at = models.DateTimeField(_("breached"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    cycle = models.PositiveSmallIntegerField(_("cycle"), default=1)
    cursor = models.PositiveSmallIntegerField(_("moments fired"), default=0)

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("clock")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="paused") | models.Q(due_at__isnull=True), name="a_paused_clock_has_no_due"
            ),
            models.UniqueConstraint(
                fields=["case", "kind", "name"],
                condition=models.Q(ended_at__isnull=True),
                name="one_open_clock_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.case_id}"

    @property
    def steers_to(self) -> dt.datetime | None:
        """The moment by which people steer: when it is due, or what the party was told if that is earlier.

        None while it stands still or has ended, and for the tier clock: the next rung is no promise to anybody.
        """
        if self.due_at is None or self.ended_at is not None or self.kind == Clock.Kind.TIER:
            return None
        return min(filter(None, (self.due_at, self.promised_at)))


class Pause(models.Model):
    """A time in which a clock stood still: why, on what evidence, and until when at the longest."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="pauses")
    reason = models.CharField(_("reason"), max_length=64)
    starts_at = models.DateTimeField(_("from"))
    resume_at = models.DateTimeField(_("resumes by itself"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    evidence = models.CharField(_("evidence"), max_length=300)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    approved_by = models.CharField(_("approved by"), max_length=64, blank=True, default="")

    class Meta:
        ordering = ["clock", "id"]
        verbose_name = _("pause")
        constraints = [
            models.UniqueConstraint(fields=["clock"], condition=models.Q(ends_at__isnull=True), name="one_open_pause")
        ]

    def __str__(self) -> str:
        return self.reason


class Timer(models.Model):
    """The next moment of a clock. The sweep fires it exactly once, and moves or removes the row in the same breath."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="timers", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="timers")
    moment_key = models.CharField(_("moment"), max_length=80)
    cycle = models.PositiveSmallIntegerField(_("cycle"), default=1)
    due_at = models.DateTimeField(_("due"))
    occurrence_key = models.CharField(_("occurrence"), max_length=120)

    class Meta:
        ordering = ["due_at", "id"]
        verbose_name = _("timer")
        indexes = [models.Index(fields=["due_at", "id"], name="timer_due")]
        constraints = [models.UniqueConstraint(fields=["clock", "moment_key", "cycle"], name="a_moment_fires_once")]

    def __str__(self) -> str:
        return f"{self.moment_key} at {self.due_at:%Y-%m-%d %H:%M}"
