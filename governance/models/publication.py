"""A publication: the record that an edition was approved, and the steps that brought it into force."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models import PolicyVersion
from playbook.models import Edition


class Publication(models.Model):
    """An approval of one digest, and what was done with it. Written by `services.publication`; never deleted."""

    class Kind(models.TextChoices):
        BOOTSTRAP = "bootstrap", _("first playbook of an empty desk")
        PROPOSAL = "proposal", _("approved proposal")

    kind = models.CharField(_("kind"), max_length=32, choices=Kind.choices)
    reference = models.CharField(_("reference"), max_length=120, unique=True)
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+", verbose_name=_("edition"))
    edition_digest = models.CharField(_("approved digest"), max_length=64, db_index=True)
    effective_at = models.DateTimeField(_("in force from"))
    approved_at = models.DateTimeField(_("approved at"))
    approved_by = models.CharField(_("approved by"), max_length=150)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(_("reason"))
    version = models.OneToOneField(
        PolicyVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("version")
    )
    steps = models.JSONField(_("steps done"), default=dict, help_text=_("Step -> when it was done."))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("publication")
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=models.Q(kind="bootstrap"), name="one_bootstrap")
        ]

    def __str__(self) -> str:
        return self.reference

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("an approval is never deleted: publish a newer edition")
