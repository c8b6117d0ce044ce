"""Legal holds, for those alone who have charge of them: asked for by one person, answered by another."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from escalations.admin.base import person_of, works_here
from escalations.admin.people import StateAdmin
from escalations.errors import DeskError
from escalations.forms.holds import LegalHoldForm
from escalations.models import LegalHold
from escalations.models.reach import Reach
from escalations.services.privacy import holds


@admin.register(LegalHold)
class LegalHoldAdmin(StateAdmin):
    """Holds with their answers. Nobody else learns that there are any, administrators included."""

    form = LegalHoldForm
    list_display = ("party", "case", "shows_state", "review_at", "asked_by")
    list_select_related = ("party", "case", "asked_by")
    list_filter = ("state",)
    search_fields = ("party__pseudonym", "case__reference")
    readonly_fields = ("party", "case", "state", "asked_by", "asked_at", "confirmed_by", "confirmed_at", "lift_reason")
    change_form_template = "admin/desk/legal_hold.html"
    changed_by = _(
        "One person asks for a hold, or for its lifting, and somebody else answers. Nothing is erased meanwhile."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[LegalHold]:
        return super().get_queryset(request).exclude(party__in=Reach.of(person_of(request)).own_parties)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if not works_here(request.user) or not holds.has_charge(person_of(request)):
            return False
        return obj is None or self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if obj is None:
            return ("about", "whole", "basis", "review_at")
        return ("party", "case", "basis", "review_at", "state", "asked_by", "asked_at", "confirmed_by", "lift_reason")

    def get_urls(self) -> list[URLPattern]:
        answer = self.admin_site.admin_view(require_POST(self.answer_view))
        return [path("<int:pk>/answer/", answer, name="escalations_legalhold_answer"), *super().get_urls()]

    def answer_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Agree, refuse, or ask for lifting; the service decides whether this person may."""
        if not self.has_view_permission(request) or not self.get_queryset(request).filter(pk=pk).exists():
            return redirect("admin:index")
        user, now, answer = person_of(request), timezone.now(), request.POST.get("answer")
        try:
            if answer == "lift":
                holds.ask_to_lift(hold_id=pk, reason=request.POST.get("reason", ""), actor=user, now=now)
                messages.success(request, __("Asked for: it stands until somebody else agrees."))
            else:
                row = holds.answer(hold_id=pk, agree=answer == "agree", actor=user, now=now)
                messages.success(request, __("The hold: %(state)s.") % {"state": row.get_state_display()})
        except DeskError as error:
            messages.error(request, str(error))
        return redirect("admin:escalations_legalhold_change", pk)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        row = cast("LegalHold | None", self.get_object(request, object_id) if object_id else None)
        first = None
        if row is not None:
            first = row.asked_by_id if row.state == LegalHold.State.ASKED else row.lift_asked_by_id
        waits = row is not None and row.state in (LegalHold.State.ASKED, LegalHold.State.LIFT_ASKED)
        context = {
            "row": row,
            "waits": waits,
            "may_answer": waits and first != person_of(request).pk,
            "may_lift": row is not None and row.state == LegalHold.State.STANDING,
        }
        return super().changeform_view(request, object_id, form_url, context | (extra_context or {}))

    @display(description=_("state"), label={LegalHold.State.ASKED: "warning", LegalHold.State.LIFT_ASKED: "warning"})
    def shows_state(self, row: LegalHold) -> Any:
        return row.state, row.get_state_display()
