"""The person outside. All personal data of a case hangs here (and in texts), so that it can be erased in one place."""

from __future__ import annotations

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from escalations.models.fields import EncryptedTextField
from escalations.models.people import User


def new_pseudonym() -> str:
    """A name that says nothing, for logs and lists: `P-` and eight letters or digits without look-alikes."""
    return "P-" + "".join(secrets.choice("23456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(8))


class Party(models.Model):
    """A buyer, seller or other person outside. Personal fields are encrypted; look-ups go through blind indexes."""

    class Kind(models.TextChoices):
        BUYER = "buyer", _("buyer")
        SELLER = "seller", _("seller")
        OTHER = "other", _("other")

    pseudonym = models.CharField(_("pseudonym"), max_length=16, unique=True, default=new_pseudonym, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    name = EncryptedTextField(_("name"), blank=True, default="")
    email = EncryptedTextField(_("e-mail"), blank=True, default="")
    phone = EncryptedTextField(_("phone"), blank=True, default="")
    email_index = models.CharField(max_length=64, blank=True, default="", db_index=True, editable=False)
    phone_index = models.CharField(max_length=64, blank=True, default="", db_index=True, editable=False)
    key_id = models.CharField(max_length=32, blank=True, default="", editable=False)
    staff_user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    language = models.CharField(_("language"), max_length=8, default="en")
    external_id = models.CharField(_("id in the marketplace"), max_length=64, blank=True, default="", db_index=True)
    created_at = models.DateTimeField(_("known since"))
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True)
    legal_hold = models.BooleanField(_("legal hold"), default=False)

    # Who changed it and when; never the values, or erasing a person would have to rewrite history.
    history = HistoricalRecords(
        excluded_fields=["name", "email", "phone", "email_index", "phone_index"], user_db_constraint=False
    )

    class Meta:
        verbose_name = _("party")
        verbose_name_plural = _("parties")

    def __str__(self) -> str:
        return self.pseudonym
