"""Forms of accounts and groups. Rights are written by `services.accounts`, and nothing is written past it."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.models import Group
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.forms import UserChangeForm
from unfold.widgets import UnfoldAdminSelectWidget

from escalations.core.roles import ROLES
from escalations.forms.people import ByService, ServiceForm
from escalations.models import User
from escalations.services import accounts
from escalations.services.roles import held_by


class RoleChoices(forms.CheckboxSelectMultiple):
    """Checkboxes below each other, in the desk's look."""

    template_name = "admin/desk/role_choices.html"

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """An option with the sentence of its role."""
        return {**super().create_option(name, value, *args, **kwargs), "purpose": ROLES[str(value)].purpose}

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> SafeString:
        # Forms are rendered by Django's own engine, which does not know the project's templates.
        return render_to_string(template_name, context)


class RoleField(forms.MultipleChoiceField):
    """The roles of an account, each with the sentence that says what it is for."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [(role.key, role.label) for role in ROLES.values()]
        super().__init__(choices=choices, required=False, widget=RoleChoices, label=_("Roles"), **kwargs)


ZONES = [(name, name) for name in sorted(available_timezones()) if "/" in name or name == "UTC"]
RIGHTS = ("is_active", "is_superuser", "roles", "groups")
"""Fields of an account that its door writes."""


class AccountForm(ByService, UserChangeForm):
    """An account: its person, and what it may do. Rights are written by their door (`services.accounts`), whose refusal
    comes back to the form with nothing written. Groups of channels are left alone: two people decide, elsewhere."""

    instance: User
    timezone = forms.ChoiceField(choices=ZONES, label=_("Time zone"), widget=UnfoldAdminSelectWidget)
    language = forms.ChoiceField(choices=settings.LANGUAGES, label=_("Language"), widget=UnfoldAdminSelectWidget)
    roles = RoleField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "roles" in self.fields and self.instance.pk:
            self.initial["roles"] = list(held_by(self.instance))
        if "groups" in self.fields:
            self.fields["groups"].queryset = accounts.free_groups()  # type: ignore[attr-defined]

    class Meta(UserChangeForm.Meta):
        model = User
        fields = ["password", "username", "first_name", "last_name", "email", "timezone", "language",
                  "is_active", "is_superuser", "groups"]  # fmt: skip

    def perform(self, data: dict[str, Any]) -> User:
        """Save the person, and by their door the rights."""
        person = [name for name in self.Meta.fields if name in data and name not in (*RIGHTS, "password")]
        self.instance.save(update_fields=person)
        if "roles" not in self.fields:
            return self.instance
        return accounts.set_rights(
            person_id=self.instance.pk,
            is_active=data["is_active"],
            is_superuser=data["is_superuser"],
            role_keys=data["roles"],
            group_ids=[group.pk for group in data["groups"]],
            actor=self.actor,
            now=self.now,
        )


class OwnAccountForm(AccountForm):
    """One's own account, for somebody who is no administrator: the person alone, no right."""

    roles = None  # type: ignore[assignment]


class GroupForm(ServiceForm):
    """A group of accounts beside those of roles and channels."""

    class Meta:
        model = Group
        fields = ["name", "permissions"]

    def perform(self, data: dict[str, Any]) -> Group:
        return accounts.set_group(
            group_id=self.instance.pk,
            name=data["name"],
            permission_ids=[row.pk for row in data["permissions"]],
            actor=self.actor,
            now=self.now,
        )
