"""Who asked for whom to enter a channel, and who confirmed it: two people, on record."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.people import User
from escalations.models.registry import Channel


class ChannelRequest(models.Model):
    """A request to let a person into a channel in one role, confirmed by a second person; or to take them out."""

    class Part(models.TextChoices):
        READERS = "readers", _("reads cases")
        WORKERS = "workers", _("works on cases")
        SPECIALISTS = "specialists", _("works on cases, sees restricted findings and personal data")
        EXPORTERS = "exporters", _("reads cases and exports them")
        OWNERS = "owners", _("decides who belongs to the channel")

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for a second person")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")
        ENDED = "ended", _("ended")

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="requests")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="channel_requests")
    part = models.CharField(_("as"), max_length=12, choices=Part.choices, default=Part.WORKERS)
    reason = models.CharField(_("reason"), max_length=300)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"))
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        verbose_name = _("channel membership")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "person", "part"],
                condition=models.Q(state__in=["waiting", "granted"]),
                name="one_standing_channel_request",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True)
                | ~models.Q(state="granted")
                | ~models.Q(decided_by=models.F("asked_by")),
                name="channel_grants_take_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.channel}"
