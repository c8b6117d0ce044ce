"""Onboarding: who learns for which team, what they have read and practised, and which version they have taken in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models import PolicyVersion


class Enrolment(models.Model):
    """Somebody's track: the team that they join and the region that they serve, by their keys."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    team = models.CharField(_("team"), max_length=64)
    region = models.CharField(_("region"), max_length=64)
    began_at = models.DateTimeField(_("began at"))

    class Meta:
        verbose_name = _("track of a person")
        verbose_name_plural = _("tracks of people")

    def __str__(self) -> str:
        return f"{self.person_id}: {self.team}, {self.region}"


class Studied(models.Model):
    """That somebody says they have read a page, and in which version. It counts until the page reads otherwise."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(_("page"), max_length=120)
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("version"))
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("page studied")
        verbose_name_plural = _("pages studied")
        constraints = [models.UniqueConstraint(fields=["person", "page"], name="one_study_a_page")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.page}"


class DrillCard(models.Model):
    """How somebody stands with one topic: how often they met it, its box, and when it comes back."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    topic = models.CharField(_("topic"), max_length=12)
    box = models.PositiveSmallIntegerField(_("box"), default=0)
    seen = models.PositiveIntegerField(_("how often"), default=0)
    due_at = models.DateTimeField(_("comes back at"))
    passed_at = models.DateTimeField(_("first passed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("practice of a person")
        verbose_name_plural = _("practice of people")
        constraints = [models.UniqueConstraint(fields=["person", "topic"], name="one_card_a_topic")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.topic}"


class DrillAnswer(models.Model):
    """One answered drill: what was asked can be made again from it, what was said and what of it was right."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    topic = models.CharField(_("topic"), max_length=12)
    variant = models.PositiveIntegerField(_("variant"))
    level = models.CharField(_("level"), max_length=64)
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("version"))
    answers = models.JSONField(_("answers"))
    right = models.JSONField(_("what was right"))
    passed = models.BooleanField(_("passed"))
    at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("answered drill")
        verbose_name_plural = _("answered drills")
        constraints = [models.UniqueConstraint(fields=["person", "topic", "variant"], name="one_answer_a_variant")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.topic}/{self.variant}"


class Acknowledgement(models.Model):
    """That somebody says they know what a version changes for their work."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("version"))
    at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("acknowledgement")
        constraints = [models.UniqueConstraint(fields=["person", "version"], name="one_acknowledgement_a_version")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.version_id}"
