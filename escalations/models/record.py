"""What happened: append-only events, chained by HMAC, with the erasable payloads beside them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.case import Case


class Event(models.Model):
    """One thing that happened to a case. `data` holds no personal data. The database refuses UPDATE and DELETE."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events", db_index=False)
    seq = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=40)
    actor_kind = models.CharField(_("by"), max_length=12)
    actor_id = models.CharField(max_length=64)
    at = models.DateTimeField(_("at"))
    data = models.JSONField(_("data"), default=dict)
    history_digest = models.CharField(max_length=64, blank=True, default="")
    commitment = models.CharField(max_length=64, blank=True, default="")
    prev = models.CharField(max_length=64, blank=True, default="")
    mac = models.CharField(max_length=64)
    key_id = models.CharField(max_length=32)

    class Meta:
        ordering = ["case", "seq"]
        verbose_name = _("event")
        constraints = [models.UniqueConstraint(fields=["case", "seq"], name="event_seq_once")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class EventPayload(models.Model):
    """The words of an event. The event commits to them (HMAC under the salt), so that erasing them leaves it valid."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, primary_key=True, related_name="payload")
    salt = models.CharField(max_length=64)
    body = models.JSONField(_("words"), default=dict)

    class Meta:
        verbose_name = _("words of an event")
        verbose_name_plural = _("words of events")

    def __str__(self) -> str:
        return str(self.event_id)
