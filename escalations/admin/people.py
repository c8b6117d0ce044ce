"""People: memberships, absences, cover, on call. Forms for those who may; others see what concerns them."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from escalations.admin.base import DeskAdmin, person_of, works_here
from escalations.forms.people import (
    AbsenceForm,
    CoverForm,
    MembershipForm,
    OnCallForm,
    ServiceForm,
    led_people,
    led_teams,
)
from escalations.models import Absence, Cover, Membership, OnCallShift, User
from escalations.selectors import people as selectors
from escalations.selectors.wording import moment
from escalations.services import people

ENDED = _("ended")


class StateAdmin(DeskAdmin):
    """Live state that changes through a service. The form does the writing; nothing is written past it."""

    form: type[ServiceForm]

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        bound = {"actor": person_of(request), "now": timezone.now()}
        return type(form.__name__, (form,), bound)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Written by the form's service."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Written by the form's service."""

    def leads(self, request: HttpRequest) -> bool:
        """Whether the person leads a team, or sets the desk up. Asked once per request."""
        known: bool | None = getattr(request, "_leads", None)
        if known is None:
            user = person_of(request)
            known = user.is_superuser or selectors.led_by(user, timezone.now()).exists()
            request._leads = known  # type: ignore[attr-defined]
        return known


@admin.register(Membership)
class MembershipAdmin(StateAdmin):
    """Who belongs to which team. The team's lead decides."""

    form = MembershipForm
    list_display = ("person", "team", "level", "shows_lead", "capacity", "skills", "tongues", "until")
    list_select_related = ("person", "team", "level")
    list_filter = ("team", "level")
    search_fields = ("person__first_name", "person__last_name", "person__username", "team__name")
    fields = ("person", "team", "level", "leads", "capacity", "specialisms", "languages")
    changed_by = _("The lead of a team decides who belongs to it. Ended memberships stay on record.")
    delete_confirmation_template = "admin/desk/end.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).prefetch_related("specialisms").order_by("ends_at", "team__name", "-leads")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.leads(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return self.leads(request)
        row = cast(Membership, obj)
        return row.ends_at is None and led_teams(person_of(request), timezone.now()).filter(pk=row.team_id).exists()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return obj is not None and self.has_change_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        people.end_membership(membership_id=obj.pk, actor=person_of(request), now=timezone.now())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return [], {}, set(), []

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("person", "team") if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "team":
            kwargs["queryset"] = led_teams(person_of(request), timezone.now())
        elif db_field.name == "level":
            kwargs["queryset"] = db_field.related_model.objects.filter(retired_at__isnull=True)
        elif db_field.name == "person":
            kwargs["queryset"] = User.objects.filter(is_active=True).order_by("first_name", "username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @display(description=_("leads"))
    def shows_lead(self, row: Membership) -> str:
        return str(_("leads")) if row.leads else "–"

    @display(description=_("specialisms"))
    def skills(self, row: Membership) -> str:
        return ", ".join(str(item) for item in row.specialisms.all()) or "–"

    @display(description=_("languages"))
    def tongues(self, row: Membership) -> str:
        return ", ".join(row.languages) or str(_("any"))

    @display(description=_("until"))
    def until(self, row: Membership) -> str:
        return moment(row.ends_at) or "–"


class SpanAdmin(StateAdmin):
    """Something that holds for a person from when to when; themselves or a lead of theirs enters it."""

    list_select_related: Any = ("person",)
    search_fields = ("person__first_name", "person__last_name", "person__username")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return works_here(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return works_here(request.user)
        row = cast("Absence | Cover", obj)
        now = timezone.now()
        return row.ends_at > now and led_people(person_of(request), now).filter(pk=row.person_id).exists()

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("person",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "person":
            kwargs["queryset"] = led_people(person_of(request), timezone.now())
            kwargs.setdefault("initial", request.user.pk)
        elif db_field.name == "by":
            kwargs["queryset"] = User.objects.filter(is_active=True).order_by("first_name", "username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @display(description=_("from"), ordering="starts_at")
    def since(self, row: Absence | Cover) -> str:
        return moment(row.starts_at)

    @display(description=_("until"), ordering="ends_at")
    def until(self, row: Absence | Cover) -> str:
        return moment(row.ends_at)

    @display(description=_("now"), label={_("now"): "info", _("ahead"): "warning"})
    def state(self, row: Absence | Cover) -> Any:
        now = timezone.now()
        return ENDED if row.ends_at <= now else _("ahead") if row.starts_at > now else _("now")


@admin.register(Absence)
class AbsenceAdmin(SpanAdmin):
    """When somebody takes no work."""

    form = AbsenceForm
    list_display = ("person", "since", "until", "state", "note")
    fields = ("person", "starts_at", "ends_at", "note", "covered_by")
    delete_confirmation_template = "admin/desk/end.html"

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return obj is not None and self.has_change_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        people.end_absence(absence_id=obj.pk, actor=person_of(request), now=timezone.now())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return [], {}, set(), []


@admin.register(Cover)
class CoverAdmin(SpanAdmin):
    """Who stands in for whom."""

    form = CoverForm
    list_select_related = ("person", "by")
    list_display = ("person", "by", "since", "until", "state")
    fields = ("person", "by", "starts_at", "ends_at")


@admin.register(OnCallShift)
class OnCallShiftAdmin(StateAdmin):
    """Who is asked off hours."""

    form = OnCallForm
    list_select_related = ("role", "person")
    list_display = ("role", "person", "since", "until")
    list_filter = ("role",)
    fields = ("role", "person", "starts_at", "ends_at")
    changed_by = _("Leads decide who is on call.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.leads(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.leads(request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "person":
            kwargs["queryset"] = User.objects.filter(is_active=True).order_by("first_name", "username")
        elif db_field.name == "role":
            kwargs["queryset"] = db_field.related_model.objects.filter(retired_at__isnull=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @display(description=_("from"), ordering="starts_at")
    def since(self, row: OnCallShift) -> str:
        return moment(row.starts_at)

    @display(description=_("until"), ordering="ends_at")
    def until(self, row: OnCallShift) -> str:
        return moment(row.ends_at) or str(_("open"))
