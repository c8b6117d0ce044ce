"""The table of cases and one case's page. Rules and queries are elsewhere; here they meet the templates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from unfold.views import ChangeList

from escalations import panels
from escalations.admin import acts
from escalations.admin.base import DeskAdmin, case_url, person_of, sees_cases
from escalations.admin.exporting import asked_of, export_view
from escalations.admin.files import CaseFilePages
from escalations.admin.keyset import AFTER, BEFORE, KeysetAdmin, KeysetChangeList
from escalations.admin.leaving import LeavingPage
from escalations.admin.tabs import tab_context, tabs_of
from escalations.core.actor import Actor
from escalations.core.typed import id_of, ids_of
from escalations.errors import DeskError, Stale
from escalations.forms.base import ActForm, refuse
from escalations.forms.findings import FindingForm, SettleForm
from escalations.models import Case, Membership, User
from escalations.selectors import caselist, casepage, exporting, keyset, people, radar, timeline
from escalations.services import assignment, grants
from escalations.services.privacy import findings, unmasking

BULK = 200
"""Cases that one bulk reassignment takes at most."""


class CaseList(KeysetChangeList):
    """The table of cases: our filters, our search, the lines of the radar."""

    asked: caselist.Filters
    rows: list[radar.Row]

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.now = timezone.now()
        self.asked = caselist.Filters.read({name: str(value) for name, value in request.GET.items()})
        super().__init__(request, *args, **kwargs)

    def get_filters(self, request: HttpRequest) -> tuple[list[Any], bool, dict[str, bool | str], bool, bool]:
        return [], False, {}, False, False

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Case]:
        return caselist.cases(self.asked, person_of(request), self.now).select_related(*radar.LINE)

    def get_page(self, request: HttpRequest) -> keyset.Page[Case]:
        return caselist.page(
            self.asked,
            person_of(request),
            self.now,
            self.sort,
            after=self.cursor_params[AFTER],
            before=self.cursor_params[BEFORE],
            size=self.list_per_page,
        )

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.rows = radar.rows(self.result_list, self.now)


@admin.register(Case)
class CaseAdmin(CaseFilePages, LeavingPage, KeysetAdmin, DeskAdmin):
    """Cases: read through the verb, changed through acts."""

    orderings = caselist.ORDERINGS
    change_list_template = "admin/desk/case_list.html"
    list_display = ("reference",)

    # ------------------------------------------------------------------------------------------------- who may see

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return sees_cases(request.user)
        return Case.objects.visible_to(person_of(request)).filter(pk=obj.pk).exists()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        return Case.objects.visible_to(person_of(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CaseList

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("reassign/", page(self.reassign_view), name="escalations_case_reassign"),
            path("export/", page(partial(export_view, self)), name="escalations_case_export"),
            path("leaving/", page(self.leaving_view), name="escalations_case_leaving"),
            path("<int:pk>/act/<slug:name>/", page(self.act_view), name="escalations_case_act"),
            path("<int:pk>/unmask/", page(self.unmask_view), name="escalations_case_unmask"),
            path("<int:pk>/findings/", page(self.findings_view), name="escalations_case_findings"),
            *self.file_urls(page),
            *super().get_urls(),
        ]

    # ------------------------------------------------------------------------------------------------------ the table

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        user = person_of(request)
        if not sees_cases(user):
            return self._nothing(request)
        asked = caselist.Filters.read({name: str(value) for name, value in request.GET.items()})
        if asked.q:
            found = list(caselist.cases(asked, user, timezone.now()).values_list("pk", flat=True)[:2])
            if len(found) == 1:
                return redirect("admin:escalations_case_change", found[0])
        context = {
            "title": _("Cases"),
            "choices": caselist.choices(user),
            "statuses": Case.Status.choices,
            "bands": list(reversed(Case.Band.choices)),
            "sorts": [("due", _("Due first")), ("severity", _("Most severe first")), ("newest", _("Newest first"))],
            "may_reassign": people.led_by(user, timezone.now()).exists(),
            "may_export": exporting.may_export(user),
            "export_query": urlencode(asked_of(request)),
            "is_fullwidth": "1",
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def _nothing(self, request: HttpRequest) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "title": _("Cases"), "opts": self.opts}
        return TemplateResponse(request, "admin/desk/no_cases.html", context)

    # ---------------------------------------------------------------------------------------------------- one case

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        user, now = person_of(request), timezone.now()
        case = casepage.find(user, object_id)
        if case is None:
            return self._not_here(request)
        return self._case_page(request, case, user, now)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        case = casepage.find(person_of(request), object_id)
        if case is None:
            return self._not_here(request)
        return HttpResponseRedirect(f"{case_url(case.pk)}?tab=record")

    def act_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """An act's form; and, when it is sent, the act."""
        user, now = person_of(request), timezone.now()
        case = casepage.find(user, pk)
        act = acts.ACTS.get(name)
        if case is None or act is None:
            return self._not_here(request)
        top = casepage.top(case, user, now)
        if request.method != "POST":
            form = act.form(top=top, user=user, now=now, params=request.GET)
            return self._case_page(request, case, user, now, top=top, act=act, form=form)
        form = act.form(request.POST, top=top, user=user, now=now, params=request.GET)
        changed: Sequence[timeline.Told] = ()
        stale = False
        if form.is_valid():
            try:
                result = acts.perform(act, form, case=case, user=user, now=now)
            except DeskError as error:
                form.errors_from(error)
                if isinstance(error, Stale):
                    stale = True
                    changed = timeline.tell(case, error.events)
                case = casepage.find(user, pk)
                if case is None:
                    return self._not_here(request)
                if stale:
                    form.renew(case.version)
            else:
                messages.success(request, f"{case.reference}: {acts.outcome(act, result)}")
                return self._after(request, user, case, act)
        elif "version" in form.errors:
            form.renew(case.version)
        if act.quick:
            for error_text in form.non_field_errors():
                messages.error(request, f"{case.reference}: {error_text}")
            return self._back(request, case)
        top = casepage.top(case, user, now)
        form.top = top
        answer = self._case_page(request, case, user, now, top=top, act=act, form=form, changed=changed)
        answer.status_code = HTTPStatus.CONFLICT if stale else HTTPStatus.OK
        return answer

    def unmask_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the party's data to this person for a few minutes, with the reason on record."""
        user, now = person_of(request), timezone.now()
        case = casepage.find(user, pk)
        if case is None:
            return self._not_here(request)
        if request.method == "POST":
            try:
                unmasking.unmask(case_id=pk, actor=user, now=now, reason=request.POST.get("reason", ""))
            except DeskError as error:
                messages.error(request, f"{case.reference}: {error}")
        return redirect(case_url(pk))

    def findings_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add a risk finding, or settle one. Whoever may not see findings learns nothing of them here."""
        user, now = person_of(request), timezone.now()
        case = casepage.find(user, pk)
        if case is None or "findings" not in tabs_of(case, user):
            return self._not_here(request)
        back = f"{case_url(pk)}?tab=findings"
        if request.method != "POST":
            return HttpResponseRedirect(back)
        settled = id_of(request.POST.get("settle"))
        form = SettleForm(request.POST) if settled is not None else FindingForm(request.POST, auto_id="finding_%s")
        if form.is_valid():
            try:
                if isinstance(form, SettleForm):
                    findings.settle_indicator(indicator_id=settled or 0, actor=user, now=now, **form.cleaned_data)
                else:
                    findings.add_indicator(case_id=pk, actor=user, now=now, **form.cleaned_data)
            except DeskError as error:
                refuse(form, error)
            else:
                messages.success(request, f"{case.reference}: {_('Saved, for those alone who may see findings.')}")
                return HttpResponseRedirect(back)
        kept = {"finding_form": form} if settled is None else {"settle_form": form, "settling": settled}
        return self._case_page(request, case, user, now, tab="findings", extra=kept)

    def _after(self, request: HttpRequest, user: User, case: Case, act: acts.Act) -> HttpResponse:
        if request.POST.get("back") == "home":
            return redirect("admin:index")
        if casepage.find(user, case.pk) is None:
            return redirect("admin:index")
        if act.name == "merge":
            messages.info(request, _("It goes on here."))
            case.refresh_from_db(fields=["merged_into"])
            return redirect("admin:escalations_case_change", case.merged_into_id or case.pk)
        return HttpResponseRedirect(f"{case_url(case.pk)}?{urlencode({'done': f'{case.pk}/{act.name}'})}")

    def _back(self, request: HttpRequest, case: Case) -> HttpResponse:
        return redirect("admin:index") if request.POST.get("back") == "home" else redirect(case_url(case.pk))

    def _case_page(
        self,
        request: HttpRequest,
        case: Case,
        user: User,
        now: dt.datetime,
        *,
        top: casepage.Top | None = None,
        act: acts.Act | None = None,
        form: ActForm | None = None,
        changed: Sequence[timeline.Told] = (),
        tab: str = "",
        extra: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page, or the part of it that a partial request asks for."""
        target = request.headers.get("HX-Target", "") if request.headers.get("HX-Request") else ""
        top = top or casepage.top(case, user, now)
        context: dict[str, Any] = {
            "case": case,
            "top": top,
            "now": now,
            "page_url": case_url(case.pk),
            "act": act,
            "act_offer": acts.offer(act, top) if act else None,
            "form": form,
            "changed": changed,
        }
        if target == "act":
            return TemplateResponse(request, "admin/desk/case/act.html", context)
        if target == "case-top":
            return TemplateResponse(
                request, "admin/desk/case/top.html", context | {"offers": acts.offers(top), "polled": True}
            )
        tab, tabs = tab or request.GET.get("tab", ""), tabs_of(case, user)
        tab = tab if tab in tabs else "brief"
        context |= {"tab": tab, "tabs": tabs, **tab_context(tab, request, top, user, now), **(extra or {})}
        if target == "evidence-list":
            return TemplateResponse(request, "admin/desk/case/tab/evidence_list.html", context | {"polled": True})
        if target == "tab":
            return TemplateResponse(request, "admin/desk/case/tab.html", context)
        context |= {
            **self.admin_site.each_context(request),
            "title": f"{case.reference} {case.text.summary}",
            "opts": self.opts,
            "original": case,
            "offers": acts.offers(top),
            "panels": panels.shown(request, case, now),
            "own_heading": True,
            "is_fullwidth": "1",
        }
        return TemplateResponse(request, "admin/desk/case.html", context)

    def _not_here(self, request: HttpRequest) -> HttpResponse:
        """The same answer for a case that does not exist and for one that is not this person's to see."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("No such case"),
            "opts": self.opts,
            "may_break_glass": grants.may_break_glass(person_of(request), timezone.now()),
        }
        return TemplateResponse(request, "admin/desk/not_here.html", context, status=404)

    # ------------------------------------------------------------------------------------------------- several at once

    def reassign_view(self, request: HttpRequest) -> HttpResponse:
        """Give several cases to one person, in two steps: see what would happen, then do it."""
        user, now = person_of(request), timezone.now()
        data = request.POST if request.method == "POST" else request.GET
        ids = ids_of(data.getlist("case"))[:BULK]
        cases = list(Case.objects.visible_to(user).filter(pk__in=ids).select_related(*radar.LINE).order_by("radar_at"))
        if not cases:
            messages.warning(request, _("Choose at least one case first."))
            return redirect("admin:escalations_case_changelist")
        person = User.objects.filter(pk=id_of(data.get("person")) or 0).first()
        preview = (
            assignment.preview_reassign(
                case_ids=[case.pk for case in cases], person_id=person.pk, actor=Actor.user(user), now=now
            )
            if person
            else []
        )
        if request.method == "POST" and data.get("confirm") and person:
            wanted = [item.case.pk for item in preview if not item.obstacles]
            done, failed = assignment.reassign(case_ids=wanted, person_id=person.pk, actor=Actor.user(user), now=now)
            if done:
                messages.success(
                    request,
                    _("%(count)d given to %(person)s, with one notice.") % {"count": len(done), "person": person},
                )
            for reference, why in failed:
                messages.error(request, f"{reference}: {why}")
            return redirect("admin:escalations_case_changelist")
        rows = radar.rows(cases, now)
        lines = {row.case.pk: row for row in rows}
        context = {
            **self.admin_site.each_context(request),
            "title": _("Reassign"),
            "opts": self.opts,
            "now": now,
            "rows": rows,
            "person": person,
            "preview": preview,
            "previewed": [(item, lines[item.case.pk]) for item in preview],
            "possible": sum(not item.obstacles for item in preview),
            "members": _members(cases, now),
            "own_heading": True,
        }
        return TemplateResponse(request, "admin/desk/reassign.html", context)


def _members(cases: Sequence[Case], now: dt.datetime) -> list[tuple[Membership, int]]:
    """Who could take these cases: the members of their teams with their load, those with most room first."""
    rows = list(people.members(now, team_ids={case.team_id for case in cases}))
    load = people.open_load({row.person_id for row in rows})
    return sorted(
        ((row, load[row.person_id]) for row in rows), key=lambda item: (item[1] - item[0].capacity, str(item[0].person))
    )
