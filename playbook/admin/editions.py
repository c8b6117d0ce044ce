"""Editions: what was written when. Those who write drafts begin them here and have a page for each; everybody else
reads the list. Nothing comes into force from here: a draft is proposed, and published when it was approved."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from escalations.admin.base import person_of
from escalations.errors import DeskError, NoPolicy
from escalations.forms.base import refuse
from escalations.selectors import law
from escalations.selectors.wording import full_moment
from playbook.admin.drafts import DraftPages, writes
from playbook.admin.rows import RowPages
from playbook.admin.trying import TryPages
from playbook.core.source import SourceError
from playbook.forms.drafts import BeginDraft
from playbook.models import Edition
from playbook.selectors import drafting
from playbook.selectors.reading import Version, versions
from playbook.services import drafts


def _called(version: Version) -> tuple[int, str]:
    """An earlier version as it is chosen."""
    said = __("version %(n)s, in force from %(at)s")
    return version.number, said % {"n": version.number, "at": full_moment(version.row.effective_at)}


STATES = {
    Edition.State.DRAFT: "info",
    Edition.State.COMPILED: "warning",
    Edition.State.PUBLISHED: "success",
    Edition.State.WITHDRAWN: "danger",
}


@admin.register(Edition)
class EditionAdmin(DraftPages, RowPages, TryPages):
    """What was written when, what it compiled to, and what became of it."""

    change_list_template = "admin/playbook/edition_list.html"
    changed_by = _(
        "Drafts are written here by those whose role says so, and proposed to those who decide. "
        "Once published an edition stays as it is; the next one replaces it."
    )
    list_filter = ("state",)
    list_select_related = ("base_version",)
    search_fields = ("title", "edition_digest", "policy_digest")
    fieldsets = (
        (None, {"fields": ("title", "shown_state", "origin", "base_version", "created_at", "created_by")}),
        (_("In force"), {"fields": ("effective_at", "effective_zone")}),
        (_("Given up"), {"fields": ("withdrawn_at", "withdrawn_by", "withdrawn_reason"), "classes": ("collapse",)}),
        (
            _("What it compiled to"),
            {"fields": ("compiled_at", "edition_digest", "policy_digest", "page_count", "warning_count", "made_with")},
        ),
    )

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        if writes(request):
            return ("title", "shown_state", "written_from", "rows", "written", "short_digest", "created_at")
        return ("title", "shown_state", "short_digest", "origin", "effective_at", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        rows: QuerySet[Edition] = super().get_queryset(request)
        return drafting.with_counts(rows) if writes(request) else rows

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("begin/", page(self.begin_view), name="playbook_edition_begin"),
            *self.draft_urls(page),
            *self.row_urls(page),
            *self.try_urls(page),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"writes": writes(request), **(extra_context or {})})

    def begin_view(self, request: HttpRequest) -> HttpResponse:
        """A working title, perhaps a file; and then a draft."""
        if not writes(request):
            raise PermissionDenied
        user, now = person_of(request), timezone.now()
        try:
            base = law.in_force(now)
        except NoPolicy:
            base = None
        found = [one for one in versions(now) if one.standing == "earlier"] if base is not None else []
        form = BeginDraft(request.POST or None, request.FILES or None, earlier=[_called(one) for one in found])
        if request.method == "POST" and form.is_valid():
            title, source, file, again = (form.cleaned_data[name] for name in ("title", "source", "file", "again"))
            try:
                if source is not None:
                    made = drafts.begin_from_file(
                        source=source, origin=file.name, base=base, title=title, actor=user, now=now
                    )
                elif base is not None and again is not None:
                    (earlier,) = (one.row for one in found if one.number == again)
                    made = drafts.begin_again(version=earlier, base=base, title=title, actor=user, now=now)
                elif base is not None:
                    made = drafts.begin_draft(base=base, title=title, actor=user, now=now)
                else:
                    form.add_error("file", str(NoPolicy()))
                    return self._begin_page(request, form, base)
            except SourceError as error:
                form.fail(error)
            except DeskError as error:
                refuse(form, error)
            else:
                messages.success(request, __("Begun. Nothing of it is in force before it was proposed and approved."))
                return redirect("admin:playbook_edition_change", made.pk)
        return self._begin_page(request, form, base)

    def _begin_page(self, request: HttpRequest, form: BeginDraft, base: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": __("Begin a draft"),
            "opts": self.opts,
            "form": form,
            "base": base,
            "own_heading": True,
        }
        return TemplateResponse(request, "admin/playbook/begin.html", context)

    @display(description=_("state"), label=STATES, ordering="state")
    def shown_state(self, edition: Edition) -> tuple[str, str]:
        return edition.state, edition.get_state_display()

    @display(description=_("written from"), ordering="base_version")
    def written_from(self, edition: Edition) -> str:
        if edition.base_version is not None:
            return __("version %(n)d") % {"n": edition.base_version.number}
        return edition.origin

    @display(description=_("rows"))
    def rows(self, edition: Any) -> int:
        return edition.row_count or 0

    @display(description=_("written in"))
    def written(self, edition: Any) -> int:
        return edition.written_count or 0

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
