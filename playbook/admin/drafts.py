"""A draft's pages: its rows with what was found in them, what it changes, and the acts on it as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as __
from django.utils.translation import ngettext

from escalations.admin.base import DeskAdmin, person_of, works_here
from escalations.errors import DeskError
from escalations.forms.base import refuse
from escalations.selectors.why import classes
from playbook.core.diff import Change, diff, with_reasons
from playbook.core.source import SourceError
from playbook.forms.drafts import Because
from playbook.models import Edition
from playbook.selectors import contents, drafting
from playbook.services import drafts


def writes(request: HttpRequest) -> bool:
    """Whether the person writes drafts."""
    return works_here(request.user) and request.user.has_perm(drafts.MAY_WRITE)


class DraftBase(DeskAdmin):
    """What the pages of a draft share."""

    def edition_of(self, request: HttpRequest, pk: int, *, writable: bool = False) -> Edition:
        """The edition of a page, for who writes drafts; `writable` for one that may still be written."""
        if not writes(request):
            raise PermissionDenied
        edition = Edition.objects.select_related("base_version", "created_by").filter(pk=pk).first()
        if edition is None:
            raise Http404
        if writable and edition.state not in drafts.OPEN:
            raise PermissionDenied(f"this edition is {edition.get_state_display()}")
        return edition

    def draft_page(
        self, request: HttpRequest, template: str, edition: Edition, title: str, *, status: int = 200, **context: Any
    ) -> HttpResponse:
        """A page of a draft, under its heading."""
        shared = {
            **self.admin_site.each_context(request),
            "title": f"{edition.title}: {title}" if title else edition.title,
            "opts": self.opts,
            "original": edition,
            "edition": edition,
            "now": timezone.now(),
            "own_heading": True,
            "is_fullwidth": "1",
        }
        return TemplateResponse(request, f"admin/playbook/{template}.html", shared | context, status=status)


class DraftPages(DraftBase):
    """The draft as a whole."""

    def draft_urls(self, page: Callable[[Any], Any]) -> list[URLPattern]:
        """The addresses of a draft's pages."""
        return [
            path("<int:pk>/compile/", page(self.compile_view), name="playbook_edition_compile"),
            path("<int:pk>/give-up/", page(self.give_up_view), name="playbook_edition_give_up"),
            path("<int:pk>/changes/", page(self.changes_view), name="playbook_edition_changes"),
            path("<int:pk>/file/", page(self.file_view), name="playbook_edition_file"),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A draft's rows, for who writes; every other edition as a record of what it was."""
        row = self.get_object(request, object_id) if writes(request) else None
        if row is None or row.state not in drafts.OPEN:
            return super().change_view(request, object_id, form_url, extra_context)
        edition = self.edition_of(request, row.pk)
        draft = drafting.Draft(edition, drafts.entries_of(edition), person_of(request))
        only = request.GET.get("only", "all")
        found = drafts.findings(edition, draft.entries)
        page = drafting.overview(draft, found, only=only if only in drafting.FILTERS else "all")
        return self.draft_page(request, "draft", edition, "", draft=draft, page=page, only=only, tab="rows")

    def compile_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Compile the draft; what stops it stands beside its rows."""
        self.edition_of(request, pk)
        if request.method == "POST":
            try:
                done = drafts.compile_draft(edition_id=pk, actor=person_of(request), now=timezone.now())
            except SourceError as error:
                count = len(error.problems)
                messages.error(
                    request,
                    ngettext(
                        "Not compiled: %(n)d thing stops it. It stands beside its row.",
                        "Not compiled: %(n)d things stop it. They stand beside their rows.",
                        count,
                    )
                    % {"n": count},
                )
                return redirect(f"{self.address(pk)}?only=found")
            except DeskError as error:
                messages.error(request, str(error))
            else:
                said = __("Compiled as %(digest)s. It may be proposed now.")
                messages.success(request, said % {"digest": done.edition_digest[:12]})
        return redirect(self.address(pk))

    def give_up_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give the draft up: asks once, and why."""
        edition = self.edition_of(request, pk, writable=True)
        form = Because(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                drafts.withdraw(
                    edition_id=pk, actor=person_of(request), now=timezone.now(), reason=form.cleaned_data["reason"]
                )
            except DeskError as error:
                refuse(form, error)
            else:
                messages.success(request, __("Given up. It stays to be read, with your reason."))
                return redirect("admin:playbook_edition_changelist")
        asks: dict[str, Any] = {
            "heading": __("Give this draft up?"),
            "lead": __("Nobody writes it any more, and it cannot be proposed. It stays to be read, with the reason."),
            "act": __("Give it up"),
            "back": self.address(pk),
        }
        return self.draft_page(request, "ask", edition, __("give up"), form=form, **asks)

    def changes_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the draft changes, in words, as this person may read them."""
        edition = self.edition_of(request, pk)
        base = edition.base_version
        told: tuple[tuple[Change, str], ...] = ()
        if base is not None:
            draft = drafting.Draft(edition, drafts.entries_of(edition), person_of(request))
            changes = diff(contents.as_written(drafts.source_of(base).document), contents.as_written(draft.document))
            reasons = contents.rationales(pk)
            told = with_reasons(changes, reasons, classes(person_of(request)))
        return self.draft_page(request, "changes", edition, __("what changes"), told=told, tab="changes")

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The edition as one YAML file, for whoever may read every row of it."""
        edition = self.edition_of(request, pk)
        if not drafting.Draft(edition, drafts.entries_of(edition), person_of(request)).whole:
            messages.error(
                request, __("Some rows are restricted and not for you to read, so the whole file is not either.")
            )
            return redirect(self.address(pk))
        answer = HttpResponse(drafts.as_file(edition), content_type="application/yaml; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{slugify(edition.title) or "edition"}-{pk}.yaml"'
        return answer

    @staticmethod
    def address(pk: int) -> str:
        """The address of a draft's rows."""
        return reverse("admin:playbook_edition_change", args=[pk])
