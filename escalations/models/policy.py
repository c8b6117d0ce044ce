"""The law in force: immutable policy versions, the texts and calendars that they refer to by digest."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class PolicyVersionManager(models.Manager["PolicyVersion"]):
    """Defers the document: it is large, and only the engine's loader needs it."""

    def get_queryset(self) -> models.QuerySet[PolicyVersion]:
        return super().get_queryset().defer("document")


class PolicyVersion(models.Model):
    """A compiled, approved policy document. Written once by `services.policy.install`, never changed."""

    number = models.PositiveIntegerField(_("number"), unique=True)
    title = models.CharField(_("title"), max_length=120)
    # Not unique: a corrected page keeps the policy digest, a rollback brings an old edition back as a new version.
    policy_digest = models.CharField(_("policy digest"), max_length=64, db_index=True)
    edition_digest = models.CharField(_("edition digest"), max_length=64, db_index=True)
    part_digests = models.JSONField(_("digests of the parts"), default=dict)
    pages = models.JSONField(_("text digests of the pages"), default=dict)
    base = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    schema_version = models.PositiveSmallIntegerField(_("schema version"))
    effective_at = models.DateTimeField(_("in force from"), db_index=True)
    installed_at = models.DateTimeField(_("installed at"))
    document = models.TextField(_("document"), help_text=_("Canonical JSON; its SHA-256 is the policy digest."))
    reason = models.TextField(_("reason"))
    reference = models.CharField(_("approval reference"), max_length=120, unique=True)
    approval_kind = models.CharField(_("kind of approval"), max_length=32)
    approved_by = models.CharField(_("approved by"), max_length=150)

    objects = PolicyVersionManager()

    class Meta:
        ordering = ["-number"]
        verbose_name = _("policy version")
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"v{self.number}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("a policy version is never deleted: install a newer one")


class PolicyText(models.Model):
    """A text of a page, by its hash; many versions share one row."""

    digest = models.CharField(_("digest"), max_length=64, primary_key=True)
    body = models.TextField(_("body"))

    class Meta:
        verbose_name = _("policy text")

    def __str__(self) -> str:
        return self.digest[:12]


class CalendarSnapshot(models.Model):
    """A calendar as a clock uses it, by its hash: later editions of the calendar do not move running clocks."""

    digest = models.CharField(_("digest"), max_length=64, primary_key=True)
    body = models.JSONField(_("body"))

    class Meta:
        verbose_name = _("calendar snapshot")

    def __str__(self) -> str:
        return self.digest[:12]
