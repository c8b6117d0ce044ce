"""Accounts and groups: who signs in, what their roles are, and the table of who may do what."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from escalations.admin.base import DeskAdmin, person_of
from escalations.admin.people import StateAdmin
from escalations.admin.signin import SaysHowOneSignsIn
from escalations.core import privileges
from escalations.core.roles import ROLES, in_order
from escalations.forms.accounts import AccountForm, GroupForm, OwnAccountForm
from escalations.models import User
from escalations.services import accounts, channels, roles


class RoleFilter(admin.SimpleListFilter):
    """Accounts by their role."""

    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((role.key, role.label) for role in ROLES.values()), ("none", str(_("No role")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        asked = self.value()
        if asked == "none":
            return queryset.exclude(groups__name__startswith=roles.PREFIX)
        return queryset.filter(groups__name=f"{roles.PREFIX}{asked}") if asked in ROLES else queryset


@admin.register(User)
class AccountAdmin(SaysHowOneSignsIn, UserAdmin, DeskAdmin):
    """Accounts. Administrators set them up; everybody may change their own name, zone and language. An account gives no
    right to any case: that comes from channels, and being an administrator is no exception."""

    form = AccountForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "email", "shows_roles", "is_active", "is_superuser")
    list_filter = ("is_active", "is_superuser", RoleFilter)
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "timezone", "language")}),
        (_("What they may do"), {"fields": ("roles", "is_active", "is_superuser", "groups", "channels")}),
        (_("Dates"), {"fields": ("last_login", "date_joined", "signing_in")}),
    )
    own_fieldsets = (
        (_("Person"), {"fields": ("username", "first_name", "last_name", "timezone", "language")}),
        (_("What you may do"), {"fields": ("shows_roles", "channels")}),
        (_("Dates"), {"fields": ("signing_in",)}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2")}),
    )
    readonly_fields = ("shows_roles", "channels", "signing_in", "last_login", "date_joined")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return bool(person_of(request).is_superuser)
        return bool(person_of(request).is_superuser or obj.pk == request.user.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(person_of(request).is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if obj is not None and not person_of(request).is_superuser:
            return self.own_fieldsets
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        mine = () if person_of(request).is_superuser else ("username",)
        return (*self.readonly_fields, *mine)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        if obj is None:
            kwargs["form"] = self.add_form
            return DeskAdmin.get_form(self, request, obj, change=change, **kwargs)
        if not person_of(request).is_superuser:
            kwargs["form"] = OwnAccountForm
        form = DeskAdmin.get_form(self, request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"actor": person_of(request), "now": timezone.now()})

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """A new account has no rights; those of another are written by the form's door."""
        if not change:
            obj.save()

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.privileges_view)
        return [path("privileges/", page, name="escalations_user_privileges"), *super().get_urls()]

    def privileges_view(self, request: HttpRequest) -> HttpResponse:
        """Who may do what: the table to which the tests hold the desk, the reader's own columns marked. `?role=` is
        the one that a phone shows."""
        person = person_of(request)
        mine = {*roles.held_by(person)} | ({"administrator"} if person.is_superuser else set())
        wanted = request.GET.get("role", "")
        own = next((key for key in privileges.COLUMNS if key in mine), "agent")
        shown = wanted if wanted in privileges.COLUMNS else own
        sections = [
            (
                title,
                [
                    (
                        row.label,
                        [{"says": says, "mine": key in mine, "shown": key == shown} for key, says in row.cells.items()],
                    )
                    for row in rows
                ],
            )
            for title, rows in privileges.sections()
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Who may do what"),
            "opts": self.opts,
            "columns": [
                {"key": key, "label": label, "standing": standing, "mine": key in mine}
                for key, (label, standing) in privileges.COLUMNS.items()
            ],
            "sections": sections,
            "words": list(privileges.WORDS.items()),
            "shown": shown,
            "own_heading": True,
            "is_fullwidth": "1",
        }
        return TemplateResponse(request, "admin/desk/privileges.html", context)

    @display(description=_("roles"))
    def shows_roles(self, row: User) -> str:
        """The roles of this person."""
        keys = {group.name.removeprefix(roles.PREFIX) for group in row.groups.all()}
        return ", ".join(ROLES[key].label for key in in_order(keys)) or "–"

    @display(description=_("channels"))
    def channels(self, row: User) -> str:
        """The channels whose cases this person sees, and by which groups."""
        groups = row.groups.filter(name__startswith=channels.PREFIX).order_by("name")
        return ", ".join(group.name.removeprefix(channels.PREFIX).replace(":", ": ") for group in groups) or "–"


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(StateAdmin):
    """Groups of accounts. Those of roles and channels are shown, and not changed here."""

    form = GroupForm
    list_display = ("name", "size", "about")
    search_fields = ("name",)
    fields = ("name", "permissions", "people_in_it")
    readonly_fields = ("people_in_it",)
    filter_horizontal = ("permissions",)
    changed_by = _(
        "What a role permits is declared in code; who has it is decided on each account. Who belongs to a channel's "
        "group is decided under channel memberships, by two people."
    )

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(person_of(request).is_superuser)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request) and not (obj is not None and accounts.is_reserved(str(obj)))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).prefetch_related("user_set")

    @display(description=_("people"))
    def size(self, row: Group) -> int:
        return len(row.user_set.all())

    @display(description=_("what it is"))
    def about(self, row: Group) -> str:
        if row.name.startswith(roles.PREFIX):
            return str(_("a role, declared in code"))
        return str(_("a part of a channel")) if row.name.startswith(channels.PREFIX) else str(_("made here"))

    @display(description=_("who belongs to it"))
    def people_in_it(self, row: Group) -> str:
        return ", ".join(sorted(str(person) for person in row.user_set.all())) or "–"
