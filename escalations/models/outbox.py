"""What is to be told: an intent per firing or act, written with it, and a delivery per recipient and means."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.case import Case


class Outbox(models.Model):
    """One intent to tell. `occurrence_key` makes it once; `data` holds ids and keys, no words and no addresses."""

    occurrence_key = models.CharField(_("occurrence"), max_length=120)
    kind = models.CharField(_("kind"), max_length=40)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(_("at"))
    expanded_at = models.DateTimeField(_("recipients worked out"), null=True, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("intent to tell")
        verbose_name_plural = _("intents to tell")
        constraints = [models.UniqueConstraint(fields=["occurrence_key"], name="told_once")]
        indexes = [
            models.Index("id", name="outbox_waiting", condition=models.Q(expanded_at__isnull=True)),
            models.Index("case", name="outbox_case", condition=models.Q(case__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurrence_key}"


class Delivery(models.Model):
    """One recipient of one intent by one means: at least once, under one Message-ID."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        DEAD = "dead", _("given up")
        DROPPED = "dropped", _("not needed any more")

    outbox = models.ForeignKey(Outbox, on_delete=models.PROTECT, related_name="deliveries")
    recipient = models.CharField(
        _("to"), max_length=64, help_text=_("user:12 or party:7; the address is read when sent.")
    )
    means = models.CharField(_("by"), max_length=16)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"))
    message_id = models.CharField(max_length=200)
    bundle = models.CharField(_("sent together as"), max_length=64, blank=True, default="")
    error = models.CharField(_("last error"), max_length=300, blank=True, default="")
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["outbox", "recipient", "means"], name="one_delivery_each"),
        ]
        indexes = [
            models.Index("next_at", "id", name="delivery_due", condition=models.Q(state__in=["waiting", "sending"])),
            models.Index("state", "id", name="delivery_state"),
            models.Index("recipient", "sent_at", name="delivery_sent", condition=models.Q(sent_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.recipient} by {self.means}"
