"""What is said and shown: messages to and from the party, internal notes, evidence."""

from __future__ import annotations

from collections.abc import Collection

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.case import Case


class MessageQuerySet(models.QuerySet["Message"]):
    """Reads of messages."""

    def of_party(
        self, party_id: int, *, own: Collection[int], shared: Collection[int], others: Collection[int]
    ) -> MessageQuerySet:
        """What was said between the desk and one party. Cases by id:

        own      theirs alone: everything that was said there
        shared   theirs, with a case of somebody else merged into it: what was written to them, and what they wrote
        others   somebody else's, into which theirs was merged: what they wrote, and nothing else
        """
        theirs = models.Q(actor_kind="party", actor_id=str(party_id))
        foreign = models.Q(actor_kind="party") & ~theirs
        out = models.Q(direction=Message.Direction.OUT)
        return self.filter(
            (models.Q(case__in=own) & ~foreign)
            | (models.Q(case__in=shared) & (theirs | out))
            | (models.Q(case__in=others) & theirs)
        )


class Message(models.Model):
    """A message between desk and party."""

    class Direction(models.TextChoices):
        IN = "in", _("from the party")
        OUT = "out", _("to the party")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="messages")
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices)
    means = models.CharField(_("by"), max_length=8, choices=Case.Source.choices, default=Case.Source.MAIL)
    language = models.CharField(_("language"), max_length=8, default="en")
    message_id = models.CharField(max_length=200, unique=True)
    in_reply_to = models.CharField(max_length=200, blank=True, default="")
    subject = models.CharField(_("subject"), max_length=300, blank=True, default="")
    body = models.TextField(_("body"))
    automatic = models.BooleanField(_("automatic"), default=False)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    at = models.DateTimeField(_("at"))

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("message")

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.at:%Y-%m-%d %H:%M}"


class Note(models.Model):
    """A note among colleagues; the party never sees it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    body = models.TextField(_("note"))
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("note")

    def __str__(self) -> str:
        return f"note {self.at:%Y-%m-%d %H:%M}"


class Evidence(models.Model):
    """An item that the category requires: open, received or waived."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        RECEIVED = "received", _("received")
        WAIVED = "waived", _("waived")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="evidence")
    key = models.CharField(_("item"), max_length=64)
    name = models.CharField(_("name"), max_length=120)
    needed_from = models.CharField(_("needed from"), max_length=8, default="party")
    required = models.BooleanField(_("required"), default=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    note = models.TextField(_("where it is, or why not needed"), blank=True, default="")
    at = models.DateTimeField(_("since"))

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        constraints = [models.UniqueConstraint(fields=["case", "key"], name="one_row_per_evidence")]

    def __str__(self) -> str:
        return self.name
