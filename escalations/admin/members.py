"""Who belongs to which channel: asked for by an owner, confirmed by a second person, ended by one."""

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
from escalations.forms.people import ChannelRequestForm, owned_channels
from escalations.models import ChannelRequest, User
from escalations.models.reach import Reach
from escalations.selectors.wording import moment
from escalations.services import channels


@admin.register(ChannelRequest)
class ChannelRequestAdmin(StateAdmin):
    """Requests to enter channels, with their answers. Owners of a channel see all of it, others their own."""

    form = ChannelRequestForm
    list_display = ("person", "channel", "part", "shows_state", "asked_by", "asked")
    list_select_related = ("person", "channel", "asked_by", "decided_by")
    list_filter = ("state", "channel")
    search_fields = ("person__first_name", "person__last_name", "person__username")
    fields = ("channel", "person", "part", "reason", "state", "asked_by", "asked_at", "decided_by", "decided_at")
    change_form_template = "admin/desk/channel_request.html"
    changed_by = _("An owner of the channel asks, and somebody else confirms. To leave, one owner suffices.")

    def _owner(self, request: HttpRequest) -> bool:
        user = person_of(request)
        return bool(user.is_superuser or Reach.of(user).channels("manage_members"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChannelRequest]:
        rows, user = super().get_queryset(request), person_of(request)
        if user.is_superuser:
            return rows
        return rows.filter(channel_id__in=Reach.of(user).channels("manage_members")) | rows.filter(person=user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return works_here(request.user)
        return self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._owner(request)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.fields if obj else ("channel", "person", "part", "reason")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "channel":
            kwargs["queryset"] = owned_channels(
                person_of(request), db_field.related_model.objects.filter(retired_at=None)
            )
        elif db_field.name == "person":
            kwargs["queryset"] = User.objects.filter(is_active=True).order_by("first_name", "username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        answer = self.admin_site.admin_view(require_POST(self.answer_view))
        return [
            path("<int:pk>/answer/", answer, name="escalations_channelrequest_answer"),
            *super().get_urls(),
        ]

    def answer_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Confirm, refuse or end; the service decides whether this person may."""
        user, now, answer = person_of(request), timezone.now(), request.POST.get("answer")
        if not self.get_queryset(request).filter(pk=pk).exists():
            return redirect("admin:escalations_channelrequest_changelist")
        try:
            if answer == "end":
                channels.end(request_id=pk, actor=user, now=now)
                messages.success(request, __("They no longer belong to the channel."))
            else:
                channels.decide(request_id=pk, approve=answer == "confirm", actor=user, now=now)
                said = __("Confirmed: they are in from now on.") if answer == "confirm" else __("Refused.")
                messages.success(request, said)
        except DeskError as error:
            messages.error(request, str(error))
        return redirect("admin:escalations_channelrequest_change", pk)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        found = cast("ChannelRequest | None", row)
        user = person_of(request)
        context = {
            "row": found,
            "may_decide": found is not None
            and found.state == ChannelRequest.State.WAITING
            and user.pk not in (found.asked_by_id, found.person_id),
            "may_end": found is not None and found.state == ChannelRequest.State.GRANTED and self._owner(request),
        }
        return super().changeform_view(request, object_id, form_url, context | (extra_context or {}))

    @display(
        description=_("state"),
        label={ChannelRequest.State.WAITING: "warning", ChannelRequest.State.GRANTED: "success"},
    )
    def shows_state(self, row: ChannelRequest) -> Any:
        return row.state, row.get_state_display()

    @display(description=_("asked"), ordering="asked_at")
    def asked(self, row: ChannelRequest) -> str:
        return moment(row.asked_at)
