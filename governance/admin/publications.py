"""Publications, read-only: what was approved, by whom, and the steps that brought it into force."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from escalations.admin.base import DeskAdmin
from governance.models import Publication


@admin.register(Publication)
class PublicationAdmin(DeskAdmin):
    """The record of approvals."""

    for_everybody = False
    changed_by = _(
        "A publication is the record of an approval. It is written when a playbook is published, never after."
    )
    list_display = ("reference", "kind", "version", "effective_at", "approved_by", "approved_at")
    list_filter = ("kind",)
    list_select_related = ("version",)
    search_fields = ("reference", "edition_digest", "approved_by")
    fieldsets = (
        (None, {"fields": ("reference", "kind", "approved_by", "approved_at", "reason")}),
        (_("What was approved"), {"fields": ("edition", "edition_digest", "effective_at")}),
        (_("What became of it"), {"fields": ("version", "steps_done")}),
    )

    @display(description=_("steps done"))
    def steps_done(self, publication: Publication) -> str:
        return ", ".join(f"{step} {at[:16].replace('T', ' ')} UTC" for step, at in publication.steps.items())
