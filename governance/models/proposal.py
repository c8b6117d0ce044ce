"""A proposal: a change of the playbook that waits to be approved, and the record of what became of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from escalations.models import PolicyVersion
from governance.models.publication import Publication
from playbook.models import Edition


class ProposalManager(models.Manager["Proposal"]):
    """Defers the one large column."""

    def get_queryset(self) -> models.QuerySet[Proposal]:
        return super().get_queryset().defer("content")


class Proposal(models.Model):
    """One compiled edition, named by its digest, put to those who decide. Written by `services.proposals` alone.

    `content` is what was proposed, whole: the draft may go on, and what was decided on can be read for ever.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        APPROVED = "approved", _("approved, waits for objections")
        PUBLISHED = "published", _("published")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Lane(models.TextChoices):
        RULES = "rules", _("changes what the desk decides or promises")
        WORDS = "words", _("changes words alone")

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+", verbose_name=_("edition"))
    edition_digest = models.CharField(_("digest"), max_length=64, db_index=True)
    source_digest = models.CharField(_("digest of the source"), max_length=64)
    base = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("written from"))
    title = models.CharField(_("title"), max_length=120)
    reason = models.TextField(_("why"))
    warnings = models.JSONField(_("warnings"), default=list, blank=True)
    warnings_reason = models.TextField(_("why the warnings are meant"), blank=True, default="")
    content = models.TextField(_("what was proposed"), help_text=_("Canonical JSON."))
    lane = models.CharField(_("lane"), max_length=12, choices=Lane.choices)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.OPEN)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(_("proposed at"))
    effective_at = models.DateTimeField(_("in force from"))
    effective_zone = models.CharField(_("zone of that time"), max_length=64, default="UTC")
    publish_at = models.DateTimeField(
        _("published from"), null=True, blank=True, help_text=_("When the time to object is over.")
    )
    publication = models.OneToOneField(
        Publication, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("publication")
    )

    objects = ProposalManager()

    class Meta:
        ordering = ["-id"]
        base_manager_name = "objects"
        verbose_name = _("proposal")
        permissions = [("decide_proposal", "Can decide on changes of the playbook")]
        constraints = [
            models.UniqueConstraint(
                fields=["edition"], condition=models.Q(state__in=["open", "approved"]), name="one_open_an_edition"
            ),
            models.CheckConstraint(
                condition=models.Q(state="published") ^ models.Q(publication__isnull=True),
                name="published_proposal_has_its_publication",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("governance:proposal", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether anything may still become of it."""
        return self.state in (self.State.OPEN, self.State.APPROVED)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("a proposal is never deleted: withdraw or reject it")


class Step(models.Model):
    """One thing that was done about a proposal: by whom, when, why, and about which digest. Never changed."""

    class Kind(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        APPROVED = "approved", _("approved")
        OBJECTED = "objected", _("objected to")
        RETURNED = "returned", _("put back")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        PUBLISHED = "published", _("published")

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(_("what"), max_length=12, choices=Kind.choices)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(_("why"), blank=True, default="")
    edition_digest = models.CharField(_("digest"), max_length=64)

    class Meta:
        ordering = ["id"]
        verbose_name = _("step of a proposal")
        verbose_name_plural = _("steps of proposals")

    def __str__(self) -> str:
        return f"{self.proposal_id} {self.get_kind_display()}"
