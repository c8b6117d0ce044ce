"""Erasures: the ledger with its certificates, and the page on which a person's request about their data is answered."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from unfold.views import ChangeList

from escalations.admin.base import DeskAdmin, person_of, works_here
from escalations.admin.keyset import KeysetAdmin, KeysetChangeList
from escalations.core.roles import READ_ACCESS_LOG
from escalations.errors import DeskError
from escalations.forms.base import refuse
from escalations.forms.requests import Erase, Export, WhoseData
from escalations.models import Case, Erasure, ErasureRequest, Party, User
from escalations.selectors import erasures
from escalations.services import noting
from escalations.services.privacy import erasing, ledger, requests

NAMED = 8
"""Cases that a certificate or a preview names before it says how many more."""


class ErasureList(KeysetChangeList):
    """Entries of the ledger, with who asked for them by name."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        names = erasures.who(row.asked_by for row in rows)
        self.lines = [(row, names[row.asked_by]) for row in rows]


@admin.register(Erasure)
class ErasureAdmin(KeysetAdmin, DeskAdmin):
    """The ledger, read by auditors, administrators and those who answer requests. Nothing in it names anybody."""

    change_list_template = "admin/desk/erasure_list.html"
    list_display = ("kind",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Erasure]:
        return erasures.entries(person_of(request))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        user = request.user
        if not works_here(user):
            return False
        reads = user.is_superuser or user.has_perm(READ_ACCESS_LOG) or _in_charge(request)
        return reads and (obj is None or self.get_queryset(request).filter(pk=obj.pk).exists())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ErasureList

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("person/", page(self.person_view), name="escalations_erasure_person"),
            path("<int:pk>/certificate/", page(self.certificate_view), name="escalations_erasure_certificate"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = erasures.under_way(person_of(request), timezone.now())
        context = {
            "title": _("Erasures"),
            "in_charge": _in_charge(request),
            "requests": found,
            "moving": any(row.state in ErasureRequest.UNDER_WAY for row in found),
            "is_fullwidth": "1",
        }
        return super().changelist_view(request, context | (extra_context or {}))

    # -------------------------------------------------------------------------------------------------- certificates

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A certificate, to be read and printed."""
        row = cast("Erasure | None", self.get_object(request, object_id))
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        cases = row.certificate.get("cases", [])
        context = {
            **self.admin_site.each_context(request),
            "title": __("Certificate of erasure %(n)d") % {"n": row.pk},
            "opts": self.opts,
            "original": row,
            "row": row,
            "who": erasures.who([row.asked_by])[row.asked_by],
            "erased": erasures.by_table(row.certificate.get("erased", {})),
            "cases": cases[:NAMED],
            "more": max(0, len(cases) - NAMED),
            "genuine": ledger.is_genuine(row),
            "own_heading": True,
        }
        return TemplateResponse(request, "admin/desk/certificate.html", context)

    def certificate_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """A certificate as a file."""
        row = self.get_queryset(request).filter(pk=pk).first() if self.has_view_permission(request) else None
        if row is None:
            raise PermissionDenied
        answer = JsonResponse(erasures.document(row), json_dumps_params={"indent": 2, "ensure_ascii": False})
        answer["Content-Disposition"] = f'attachment; filename="erasure-{row.pk}.json"'
        return answer

    # -------------------------------------------------------------------------------------------- a person's request

    def person_view(self, request: HttpRequest) -> HttpResponseBase:
        """Whom it is about; then what there is, and what to do with it."""
        if not works_here(request.user) or not _in_charge(request):
            raise PermissionDenied
        user, now = person_of(request), timezone.now()
        asked = request.POST if request.method == "POST" else request.GET
        whose = WhoseData(asked if "reference" in asked else None)
        party = self._party(whose, user) if whose.is_valid() else None
        doing = request.POST.get("do", "") if party is not None else ""
        export = Export(request.POST if doing == "export" else None, auto_id="export_%s")
        erase = Erase(request.POST if doing == "erase" else None, auto_id="erase_%s")
        if party is not None and doing == "export" and export.is_valid():
            try:
                handed = requests.export(reference=party.pseudonym, actor=user, now=now, **export.cleaned_data)
                return FileResponse(handed.content, as_attachment=True, filename=handed.name, content_type=handed.mime)
            except DeskError as error:
                refuse(export, error)
        if party is not None and doing == "erase" and erase.is_valid():
            try:
                requests.ask_to_erase(reference=party.pseudonym, actor=user, now=now, **erase.cleaned_data)
            except DeskError as error:
                refuse(erase, error)
            else:
                said = __("%(person)s is erased by a worker, within a minute. This page shows how far it is.")
                messages.success(request, said % {"person": party.pseudonym})
                return redirect("admin:escalations_erasure_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("A person's data"),
            "opts": self.opts,
            "whose": whose,
            "party": party,
            "export": export,
            "erase": erase,
            "own_heading": True,
            **(self._preview(party, user, request) if party is not None else {}),
        }
        return TemplateResponse(request, "admin/desk/person_data.html", context)

    def _party(self, form: WhoseData, user: User) -> Party | None:
        try:
            return requests.find(reference=form.cleaned_data["reference"], actor=user)
        except DeskError as error:
            form.add_error("reference", str(error))
            return None

    def _preview(self, party: Party, user: User, request: HttpRequest) -> dict[str, Any]:
        found = erasing.preview(party=party)
        cases = Case.objects.filter(party=party)
        # The page names cases without loading them, so it says itself what it shows.
        noting.note_shown(
            person=user, shown=dict(cases.values_list("pk", "channel_id")), surface="admin:escalations_erasure_person",
            now=timezone.now(),
        )  # fmt: skip
        return {
            "cases": found["cases"][:NAMED],
            "more": max(0, len(found["cases"]) - NAMED),
            "counts": erasures.by_table(found["counts"]),
            "against": found["against"],
        }


def _in_charge(request: HttpRequest) -> bool:
    """Whether the person answers requests about data. Asked once per request."""
    known: bool | None = getattr(request, "_answers_requests", None)
    if known is None:
        known = requests.has_charge(person_of(request))
        request._answers_requests = known  # type: ignore[attr-defined]
    return known
