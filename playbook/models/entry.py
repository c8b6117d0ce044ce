"""A row of an edition: what an author changes one at a time, with the reason why."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from playbook.core.entries import Address
from playbook.models.edition import Edition


class Entry(models.Model):
    """One row of an edition as it is written, beside what it was in the edition that this one was written from.

    Written by `services.drafts` alone, and only while the edition is a draft; the database itself refuses the rest. A
    row that is taken out stays, marked, until the edition is published: so a removal has its reason too.
    """

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="entries")
    part = models.CharField(_("part"), max_length=80, help_text=_("The centre, or the region whose own part it is."))
    section = models.CharField(_("section"), max_length=24)
    key = models.CharField(_("key"), max_length=200, blank=True, default="")
    position = models.PositiveIntegerField(_("position"))
    body = models.TextField(_("what it says"), help_text=_("Canonical JSON."))
    before = models.TextField(
        _("what it said"), blank=True, default="", help_text=_("In the edition that this was written from.")
    )
    removed = models.BooleanField(_("taken out"), default=False)
    rationale = models.TextField(_("why it is changed"), blank=True, default="")
    changed_at = models.DateTimeField(_("changed at"), null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    version = models.PositiveIntegerField(_("version"), default=1)

    history = HistoricalRecords(excluded_fields=["before"], user_db_constraint=False)

    class Meta:
        ordering = ["edition", "part", "section", "position", "id"]
        verbose_name = _("row of an edition")
        verbose_name_plural = _("rows of editions")
        constraints = [
            models.UniqueConstraint(fields=["edition", "part", "section", "key"], name="one_entry_an_address"),
        ]

    def __str__(self) -> str:
        return str(self.address)

    @property
    def address(self) -> Address:
        """What names it."""
        return Address(self.part, self.section, self.key)

    @property
    def says(self) -> Any:
        """What it says, as plain values."""
        return json.loads(self.body)

    @property
    def change(self) -> str:
        """What became of it since the edition that this one was written from: `added`, `removed`, `changed`,
        or the empty string."""
        if self.removed:
            return "removed" if self.before else ""
        if not self.before:
            return "added"
        return "changed" if self.body != self.before else ""
