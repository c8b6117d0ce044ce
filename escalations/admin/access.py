"""Access to single cases: who has one opened to them, breaking the glass, and its review."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from escalations import panels
from escalations.admin.base import DeskAdmin, person_of, works_here
from escalations.admin.keyset import KeysetAdmin
from escalations.core.actor import Actor
from escalations.errors import DeskError
from escalations.forms.access import BreakGlass, Review
from escalations.forms.base import refuse
from escalations.models import Case, CaseGrant
from escalations.panels import Panel
from escalations.selectors import access
from escalations.selectors.wording import moment
from escalations.services import grants


@admin.register(CaseGrant)
class CaseGrantAdmin(KeysetAdmin, DeskAdmin):
    """Grants of single cases, newest first: those of one's channels, and one's own."""

    list_display = ("user", "shows_case", "channel", "how", "until", "shows_review")
    fields = (
        "user", "shows_case", "channel", "how", "reason", "works", "given_by", "given", "until", "shows_review",
        "reviewed_by", "review_words",
    )  # fmt: skip
    readonly_fields = fields
    change_form_template = "admin/desk/case_grant.html"
    changed_by = _("An expert is called in on the case's page. Everything here is on the case's record too.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CaseGrant]:
        return access.grants(person_of(request))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None or not works_here(request.user):
            return works_here(request.user)
        return self.get_queryset(request).filter(pk=obj.pk).exists()

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("break-glass/", page(self.break_glass_view), name="escalations_casegrant_break_glass"),
            path("<int:pk>/review/", page(require_POST(self.review_view)), name="escalations_casegrant_review"),
            path("<int:pk>/end/", page(require_POST(self.end_view)), name="escalations_casegrant_end"),
            *super().get_urls(),
        ]

    # ---------------------------------------------------------------------------------------------- breaking the glass

    def break_glass_view(self, request: HttpRequest) -> HttpResponse:
        """The form, and the act. What it answers does not depend on whether there is such a case, unless it opens."""
        user, now = person_of(request), timezone.now()
        form = BreakGlass(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                row = grants.break_glass(actor=Actor.user(user), now=now, **form.cleaned_data)
            except DeskError as error:
                refuse(form, error)
            else:
                said = __("%(case)s is open to you until %(at)s. The owners of its channel have been told.")
                messages.warning(request, said % {"case": row.case.reference, "at": moment(row.expires_at)})
                return redirect("admin:escalations_case_change", row.case_id)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Break the glass"),
            "opts": self.opts,
            "form": form,
            "may": grants.may_break_glass(user, now),
            "hours": int(grants.GLASS / dt.timedelta(hours=1)),
            "most": grants.MOST_UNREVIEWED,
            "own_heading": True,
        }
        return TemplateResponse(request, "admin/desk/break_glass.html", context)

    # ----------------------------------------------------------------------------------------------------- one of them

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        user, now = person_of(request), timezone.now()
        row = cast("CaseGrant | None", self.get_object(request, object_id) if object_id else None)
        context = {
            "row": row,
            "in_force": row is not None and row.ended_at is None and row.expires_at > now,
            "may_review": row is not None and access.to_review(user).filter(pk=row.pk).exists(),
            "review": getattr(request, "_review", None) or Review(auto_id="review_%s"),
        }
        return super().changeform_view(request, object_id, form_url, context | (extra_context or {}))

    def review_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Justified or not, in words; the service decides whether this person may say so."""
        if not self.get_queryset(request).filter(pk=pk).exists():
            return redirect("admin:escalations_casegrant_changelist")
        form = Review(request.POST, auto_id="review_%s")
        if form.is_valid():
            try:
                grants.review_glass(
                    grant_id=pk,
                    actor=Actor.user(person_of(request)),
                    now=timezone.now(),
                    justified=request.POST.get("answer") == "justified",
                    words=form.cleaned_data["words"],
                )
            except DeskError as error:
                messages.error(request, str(error))
            else:
                messages.success(request, __("Reviewed. They are told, and it is on the case's record."))
        else:
            messages.error(request, __("Say in a sentence why it was justified, or why not."))
        return redirect("admin:escalations_casegrant_change", pk)

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End an access before its time."""
        if self.get_queryset(request).filter(pk=pk).exists():
            try:
                grants.end_grant(grant_id=pk, actor=Actor.user(person_of(request)), now=timezone.now())
            except DeskError as error:
                messages.error(request, str(error))
            else:
                messages.success(request, __("Ended: they no longer see the case."))
            if self.get_queryset(request).filter(pk=pk).exists():
                return redirect("admin:escalations_casegrant_change", pk)
        return redirect("admin:escalations_casegrant_changelist")

    @display(description=_("case"))
    def shows_case(self, row: CaseGrant) -> Any:
        return format_html('<a href="{}">{}</a>', row.case.get_absolute_url(), row.case)

    @display(description=_("how"))
    def how(self, row: CaseGrant) -> str:
        return __("glass broken") if row.break_glass else __("called in")

    @display(description=_("given"))
    def given(self, row: CaseGrant) -> str:
        return moment(row.given_at)

    @display(description=_("until"))
    def until(self, row: CaseGrant) -> str:
        return __("ended %(at)s") % {"at": moment(row.ended_at)} if row.ended_at else moment(row.expires_at)

    @display(
        description=_("review"),
        label={
            CaseGrant.Review.WAITING: "warning",
            CaseGrant.Review.JUSTIFIED: "success",
            CaseGrant.Review.UNJUSTIFIED: "danger",
        },
    )
    def shows_review(self, row: CaseGrant) -> Any:
        return row.review, row.get_review_display()


def beside(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """To whom this case is opened singly, beside it."""
    rows = access.of_case(case, now) if case is not None else []
    if not rows:
        return None
    return Panel(__("Open to single people"), "admin/desk/panels/grants.html", {"rows": rows, "case": case})


def at_home(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """What waits for this person's judgement, and what is open to them for a while."""
    found = access.guarding(person_of(request), now)
    return Panel(__("Access to cases"), "admin/desk/panels/guarding.html", {"found": found}) if found else None


panels.register("desk-grants", beside, order=45)
panels.register("desk-access", at_home, place="home", order=5)
