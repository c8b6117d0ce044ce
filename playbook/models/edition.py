"""An edition: the playbook as written, and what it compiled to."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models import PolicyVersion


class EditionManager(models.Manager["Edition"]):
    """Defers the two large columns; compiling and publishing ask for them."""

    def get_queryset(self) -> models.QuerySet[Edition]:
        return super().get_queryset().defer("source", "document")

    def published_as(self, edition_digest: str) -> models.QuerySet[Edition]:
        """The edition that versions with this digest were made of, where this desk keeps it."""
        return self.get_queryset().filter(edition_digest=edition_digest, state=Edition.State.PUBLISHED)


class Edition(models.Model):
    """One writing of the playbook. A draft may change; once compiled it is named by its digest; once published it
    never changes."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        COMPILED = "compiled", _("compiled")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    title = models.CharField(_("title"), max_length=120)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.DRAFT)
    base_version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("written from")
    )
    origin = models.CharField(
        _("origin"), max_length=200, blank=True, default="", help_text=_("The preset or file that it was read from.")
    )
    source = models.TextField(
        _("as written"), help_text=_("Canonical JSON of the edition, pages and scenarios inside.")
    )
    source_digest = models.CharField(_("digest of the source"), max_length=64, db_index=True)

    document = models.TextField(_("policy document"), blank=True, default="", help_text=_("What it compiled to."))
    policy_digest = models.CharField(_("policy digest"), max_length=64, blank=True, default="", db_index=True)
    edition_digest = models.CharField(_("edition digest"), max_length=64, blank=True, default="", db_index=True)
    part_digests = models.JSONField(_("digests of the parts"), default=dict, blank=True)
    pages = models.JSONField(_("text digests of the pages"), default=dict, blank=True)
    successors = models.JSONField(_("successors of retired keys"), default=dict, blank=True)
    warnings = models.JSONField(_("warnings"), default=list, blank=True)
    notes = models.JSONField(
        _("compiled with"), default=dict, blank=True, help_text=_("Horizon of public holidays, versions of libraries.")
    )

    effective_at = models.DateTimeField(_("in force from"), null=True, blank=True)
    effective_zone = models.CharField(_("zone of that time"), max_length=64, default="UTC")
    created_at = models.DateTimeField(_("begun at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    compiled_at = models.DateTimeField(_("compiled at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_reason = models.TextField(_("why it was withdrawn"), blank=True, default="")

    objects = EditionManager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("edition")
        base_manager_name = "objects"
        permissions = [("write_edition", "Can write drafts of the playbook")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "withdrawn"]) | ~models.Q(edition_digest=""),
                name="compiled_edition_has_digest",
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.edition_digest[:12] or self.get_state_display()})"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if self.state == self.State.PUBLISHED:
            raise TypeError("a published edition is never deleted")
        return super().delete(*args, **kwargs)
