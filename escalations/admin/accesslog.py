"""The access log for auditors: what is unusual first, marked as reviewed by somebody else than who did it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.views import ChangeList

from escalations.admin.base import DeskAdmin, person_of
from escalations.admin.keyset import AFTER, BEFORE, KeysetAdmin, KeysetChangeList
from escalations.core.typed import id_of, ids_of
from escalations.errors import DeskError
from escalations.models import AccessEntry, User
from escalations.selectors import accesslog, keyset
from escalations.selectors.accesslog import EVERY, OPEN, UNUSUAL
from escalations.selectors.wording import moment
from escalations.services import noting

SHOWN = {
    UNUSUAL: gettext_lazy("What is unusual, not reviewed"),
    OPEN: gettext_lazy("Everything not reviewed"),
    EVERY: gettext_lazy("Everything"),
}
LISTED = 50
"""Entries of a page."""


class AccessLogList(KeysetChangeList):
    """Entries of the access log, as lines in words."""

    lines: list[accesslog.Line]

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        wanted, person = request.GET.get("show", ""), request.GET.get("person", "")
        self.shown = wanted if wanted in SHOWN else UNUSUAL
        self.of = id_of(person)
        self.reader = person_of(request)
        super().__init__(request, *args, **kwargs)

    def get_filters(self, request: HttpRequest) -> tuple[list[Any], bool, dict[str, bool | str], bool, bool]:
        return [], False, {}, False, False

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[AccessEntry]:
        return accesslog.entries(show=self.shown, person=self.of)

    def get_page(self, request: HttpRequest) -> keyset.Page[Any]:
        self.list_per_page = LISTED
        if self.shown != UNUSUAL:
            return super().get_page(request)
        found = keyset.page(
            accesslog.marks(reader=self.reader, person=self.of),
            ["-entry_id"],
            after=self.cursor_params[AFTER],
            before=self.cursor_params[BEFORE],
            size=LISTED,
        )
        return keyset.Page([row.entry for row in found.rows], next=found.next, previous=found.previous)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.lines = accesslog.lines(list(self.result_list), self.reader)
        self.judged = accesslog.judged()
        self.any_reviewable = any(line.reviewable for line in self.lines)
        self.of_name = str(User.objects.filter(pk=self.of).first() or self.of) if self.of is not None else ""


@admin.register(AccessEntry)
class AccessEntryAdmin(KeysetAdmin, DeskAdmin):
    """The access log. Nothing in it can be changed; an auditor says that they have looked."""

    change_list_template = "admin/desk/access_log.html"
    list_display = ("kind",)
    fields = ("shows_who", "shows_what", "shows_cases", "shows_at", "shows_why", "shows_review", "seq", "mac")
    readonly_fields = fields
    for_everybody = False
    changed_by = gettext_lazy("Written when it happened, and never changed. Reviews are made in the list.")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AccessLogList

    def get_urls(self) -> list[URLPattern]:
        review = self.admin_site.admin_view(require_POST(self.review_view))
        return [path("review/", review, name="escalations_accessentry_review"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"title": _("Access log"), "choices": list(SHOWN.items()), "is_fullwidth": "1"}
        return super().changelist_view(request, context | (extra_context or {}))

    def review_view(self, request: HttpRequest) -> HttpResponse:
        """Mark chosen entries as reviewed."""
        user = person_of(request)
        ids = ids_of(request.POST.getlist("entry"))
        try:
            count = noting.review(entry_ids=ids, actor=user, now=timezone.now(), note_text=request.POST.get("note", ""))
        except DeskError as error:
            messages.error(request, str(error))
        else:
            said = ngettext("%(n)d entry is marked as reviewed.", "%(n)d entries are marked as reviewed.", count)
            messages.success(request, said % {"n": count})
        show = request.POST.get("show", "")
        query = f"?{urlencode({'show': show})}" if show in SHOWN else ""
        return redirect(reverse("admin:escalations_accessentry_changelist") + query)

    def _line(self, row: AccessEntry) -> accesslog.Line:
        (line,) = accesslog.lines([row], User())
        return line

    def shows_who(self, row: AccessEntry) -> str:
        return self._line(row).who

    def shows_what(self, row: AccessEntry) -> str:
        line = self._line(row)
        return f"{line.said} ({line.where})" if line.where else line.said

    def shows_cases(self, row: AccessEntry) -> str:
        line = self._line(row)
        more = _(" and %(n)d more") % {"n": line.more} if line.more else ""
        return ", ".join(line.cases) + more or "–"

    def shows_at(self, row: AccessEntry) -> str:
        return moment(row.at)

    def shows_why(self, row: AccessEntry) -> str:
        return "; ".join(self._line(row).reasons) or _("nothing")

    def shows_review(self, row: AccessEntry) -> str:
        review = self._line(row).reviewed
        if review is None:
            return _("not yet")
        return f"{review.by}, {moment(review.at)}{': ' if review.note else ''}{review.note}"

    shows_who.short_description = gettext_lazy("who")  # type: ignore[attr-defined]
    shows_what.short_description = gettext_lazy("what")  # type: ignore[attr-defined]
    shows_cases.short_description = gettext_lazy("cases")  # type: ignore[attr-defined]
    shows_at.short_description = gettext_lazy("when")  # type: ignore[attr-defined]
    shows_why.short_description = gettext_lazy("what is unusual")  # type: ignore[attr-defined]
    shows_review.short_description = gettext_lazy("reviewed")  # type: ignore[attr-defined]
