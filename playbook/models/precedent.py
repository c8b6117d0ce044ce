"""Past decisions, in words that later cases can use."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from escalations.models import Case, PolicyVersion
from playbook.models.article import person


class Precedent(models.Model):
    """The decision of one case, told without anybody's data. Written by `services.precedents` alone.

    It is read by more people than its case, and longer: the words were checked against what the case held. `visibility`
    is the key of the channel that guarded the case when it was archived, or empty. A decision that no longer holds
    stays to be read, marked; one that should never have been told is taken out, and only that there was one remains.
    """

    class State(models.TextChoices):
        STANDING = "standing", _("stands")
        OVERTURNED = "overturned", _("overturned")
        TAKEN_OUT = "taken_out", _("taken out")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    visibility = models.CharField(_("only for"), max_length=64, blank=True, default="")
    category = models.CharField(_("category"), max_length=64)
    region = models.CharField(_("region"), max_length=64)
    level = models.CharField(_("decided at"), max_length=64)
    root_cause = models.CharField(_("root cause"), max_length=64)
    remedies = models.JSONField(_("remedies"), default=list)
    facts = models.JSONField(_("facts with a choice of values"), default=dict)
    language = models.CharField(_("language"), max_length=8)
    title = models.CharField(_("title"), max_length=160)
    situation = models.TextField(_("what it was about"))
    decision = models.TextField(_("what was decided"))
    reasoning = models.TextField(_("why"))
    outcome = models.TextField(_("what came of it"))
    archived_by = person(verbose_name=_("archived by"))
    archived_at = models.DateTimeField(_("archived at"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.STANDING)
    ended_by = person(null=True, blank=True)
    ended_at = models.DateTimeField(_("no longer since"), null=True, blank=True)
    ended_because = models.TextField(_("why no longer"), blank=True, default="")
    overturned_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="overturns", db_index=False
    )

    class Meta:
        ordering = ["-archived_at", "-id"]
        verbose_name = _("precedent")
        indexes = [models.Index(fields=["category", "-archived_at"], name="precedent_category")]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(state="standing"), name="one_standing_precedent_a_case"
            ),
            models.CheckConstraint(
                condition=models.Q(state="standing", ended_at__isnull=True, ended_by__isnull=True)
                | (~models.Q(state="standing") & models.Q(ended_at__isnull=False, ended_by__isnull=False)),
                name="a_precedent_ends_by_somebody",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="taken_out")
                | models.Q(title="", situation="", decision="", reasoning="", outcome=""),
                name="nothing_is_left_of_what_was_taken_out",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"precedent {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("playbook:precedent", args=[self.pk])
