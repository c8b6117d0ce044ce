"""What goes past a channel's membership: one case opened to one person for a while, and a case leaving its channel."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.case import Case
from escalations.models.people import User
from escalations.models.registry import Channel


class CaseGrantQuerySet(models.QuerySet["CaseGrant"]):
    """Reads of grants."""

    def in_force(self, at: dt.datetime) -> CaseGrantQuerySet:
        """Those that open their case at `at`: not ended early, and their time not over."""
        return self.filter(ended_at__isnull=True, expires_at__gt=at)

    def unreviewed(self) -> CaseGrantQuerySet:
        """Accesses by breaking the glass that no owner of the channel has judged yet, over or not."""
        return self.filter(review=CaseGrant.Review.WAITING)


class CaseGrant(models.Model):
    """One case opened to one person until a moment: an expert called in, or somebody who broke the glass.

    `channel` is the case's channel at that moment: its owners answer for the access, wherever the case goes later.
    """

    class Review(models.TextChoices):
        NONE = "none", _("not needed")
        WAITING = "waiting", _("waits for an owner of the channel")
        JUSTIFIED = "justified", _("justified")
        UNJUSTIFIED = "unjustified", _("not justified")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="grants")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("person"), db_index=False)
    works = models.BooleanField(_("may work on it"), default=False)
    reason = models.CharField(_("reason"), max_length=300)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    given_at = models.DateTimeField(_("given"))
    expires_at = models.DateTimeField(_("until"))
    ended_at = models.DateTimeField(_("ended early"), null=True, blank=True)
    ended_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    break_glass = models.BooleanField(_("glass broken"), default=False)
    review = models.CharField(_("review"), max_length=12, choices=Review.choices, default=Review.NONE)
    reviewed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    review_words = models.CharField(_("words of the review"), max_length=300, blank=True, default="")

    objects = CaseGrantQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("access to a single case")
        verbose_name_plural = _("access to single cases")
        indexes = [
            models.Index("user", "expires_at", name="grant_in_force", condition=models.Q(ended_at__isnull=True)),
            models.Index("channel", "id", name="grant_unreviewed", condition=models.Q(review="waiting")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(break_glass=True, given_by=models.F("user"))
                | (models.Q(break_glass=False) & ~models.Q(given_by=models.F("user"))),
                name="a_grant_is_given_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(reviewed_by__isnull=True) | ~models.Q(reviewed_by=models.F("user")),
                name="nobody_reviews_their_own_access",
            ),
            models.CheckConstraint(
                condition=models.Q(break_glass=False, review="none")
                | (models.Q(break_glass=True) & ~models.Q(review="none")),
                name="a_broken_glass_is_reviewed",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("given_at")), name="a_grant_ends_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.case}"


class ChannelMove(models.Model):
    """A request to move a case out of its channel into one that more people see: asked by one, decided by another."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for a second person")
        MOVED = "moved", _("moved")
        REFUSED = "refused", _("refused")
        OVERTAKEN = "overtaken", _("overtaken: the case went to another channel")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="channel_moves")
    from_channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    to_channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(_("reason"), max_length=300)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField(_("asked"))
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("move out of a channel")
        verbose_name_plural = _("moves out of channels")
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(state="waiting"), name="one_waiting_move_of_a_case"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "overtaken"])
                | (models.Q(decided_by__isnull=False) & ~models.Q(decided_by=models.F("asked_by"))),
                name="leaving_a_channel_takes_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case}: {self.from_channel} > {self.to_channel}"
