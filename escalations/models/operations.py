"""What the desk knows of its own running: heartbeats of workers, rows of imports."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.case import Case


class Heartbeat(models.Model):
    """The last sign of life of one kind of work (`worker`, `sweep`, `audit`, `delivery`, ...)."""

    name = models.CharField(_("name"), max_length=64, primary_key=True)
    at = models.DateTimeField(_("at"))
    detail = models.JSONField(_("detail"), default=dict)

    class Meta:
        verbose_name = _("heartbeat")

    def __str__(self) -> str:
        return self.name


class ImportRow(models.Model):
    """One past case of another desk: what it was there, and what became of it here. Makes an import restartable."""

    class State(models.TextChoices):
        DONE = "done", _("imported")
        REFUSED = "refused", _("refused")

    source = models.CharField(_("source"), max_length=64)
    external_id = models.CharField(_("id there"), max_length=64)
    line = models.PositiveIntegerField(_("line"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    data = models.JSONField(_("kept beside"), default=dict)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["source", "line"]
        verbose_name = _("imported row")
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="an_import_row_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"
