"""Editions, read-only. Texts and rules are not shown here: some rules are restricted, and pages are for reading."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from escalations.admin.base import DeskAdmin
from playbook.models import Edition

STATES = {
    Edition.State.DRAFT: "info",
    Edition.State.COMPILED: "warning",
    Edition.State.PUBLISHED: "success",
    Edition.State.WITHDRAWN: "danger",
}


@admin.register(Edition)
class EditionAdmin(DeskAdmin):
    """What was written when, what it compiled to, and what became of it."""

    changed_by = _(
        "An edition is written in files and installed by a command: python manage.py install_playbook. "
        "Once published it stays as it is; the next one replaces it."
    )
    list_display = ("title", "shown_state", "short_digest", "origin", "effective_at", "created_at")
    list_filter = ("state",)
    search_fields = ("title", "edition_digest", "policy_digest")
    fieldsets = (
        (None, {"fields": ("title", "shown_state", "origin", "base_version", "created_at", "created_by")}),
        (_("In force"), {"fields": ("effective_at", "effective_zone")}),
        (
            _("What it compiled to"),
            {"fields": ("compiled_at", "edition_digest", "policy_digest", "page_count", "warning_count", "made_with")},
        ),
    )

    @display(description=_("state"), label=STATES, ordering="state")
    def shown_state(self, edition: Edition) -> tuple[str, str]:
        return edition.state, edition.get_state_display()

    @display(description=_("digest"))
    def short_digest(self, edition: Edition) -> str:
        return edition.edition_digest[:12]

    @display(description=_("pages"))
    def page_count(self, edition: Edition) -> int:
        return len(edition.pages)

    @display(description=_("warnings"))
    def warning_count(self, edition: Edition) -> int:
        return len(edition.warnings)

    @display(description=_("compiled with"))
    def made_with(self, edition: Edition) -> str:
        horizon = edition.notes.get("horizon")
        years = (
            _("public holidays %(first)s to %(last)s") % {"first": horizon[0], "last": horizon[1]} if horizon else ""
        )
        libraries = [f"{name} {edition.notes[name]}" for name in ("holidays", "tzdata") if name in edition.notes]
        return ", ".join([*libraries, *([str(years)] if years else [])])
