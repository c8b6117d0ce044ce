"""Links by which a party follows their case without an account. What a link opens is decided by the case, not here."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.case import Case
from escalations.models.party import Party


class PartyLinkQuerySet(models.QuerySet["PartyLink"]):
    """Reads of links."""

    def in_force(self, now: dt.datetime) -> PartyLinkQuerySet:
        """Links that open something at `now`: neither over nor taken back, of somebody whose data was not erased."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=now, party__erased_at__isnull=True)


class PartyLink(models.Model):
    """One link of one case for its party. The token is made anew from nonce and key when a letter needs it, and
    looked up by its digest; it is stored nowhere."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="party_links")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+", db_index=False)
    nonce = models.CharField(max_length=64)
    key_id = models.CharField(max_length=32)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("good until"))
    revoked_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    objects = PartyLinkQuerySet.as_manager()

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("link of a party")
        verbose_name_plural = _("links of parties")

    def __str__(self) -> str:
        return f"link {self.pk}"
