"""Forms of the live state of people. Each saves through its service, and shows the service's refusal on the form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from escalations.errors import DeskError
from escalations.forms.base import refuse
from escalations.models import Absence, ChannelRequest, Cover, Membership, OnCallShift, Team, User
from escalations.models.reach import Reach
from escalations.selectors import people as selectors
from escalations.services import channels, people


class ByService:
    """For a model's form whose saving is one service; stands before the form class. The service runs when everything
    typed is in order; its refusal comes back to the form, with nothing written and nothing typed lost."""

    names: ClassVar[Mapping[str, str]] = {}
    instance: Any
    errors: Any
    cleaned_data: dict[str, Any]
    actor: User
    now: dt.datetime

    def perform(self, data: dict[str, Any]) -> Any:
        """Call the service; return the row."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.instance = self.perform(self.cleaned_data)
        except DeskError as error:
            refuse(cast("forms.BaseForm", self), error, self.names)

    def save(self, commit: bool = True) -> Any:
        """The row is written already."""
        self.save_m2m = lambda: None
        return self.instance


class ServiceForm(ByService, forms.ModelForm):
    """A model's form whose saving is one service."""


def led_people(actor: User, now: dt.datetime) -> Any:
    """The people whose absences and cover this person may enter: themselves, and those of the teams they lead."""
    if actor.is_superuser:
        return User.objects.filter(is_active=True).order_by("first_name", "username")
    teams = selectors.led_by(actor, now).values("team_id")
    theirs = selectors.members(now).filter(team_id__in=teams).values("person_id")
    return (User.objects.filter(pk__in=theirs) | User.objects.filter(pk=actor.pk)).distinct().order_by("first_name")


def led_teams(actor: User, now: dt.datetime) -> Any:
    """The teams whose members this person decides on."""
    teams = Team.objects.filter(retired_at__isnull=True)
    if actor.is_superuser:
        return teams
    return teams.filter(pk__in=selectors.led_by(actor, now).values("team_id"))


class AbsenceForm(ServiceForm):
    """A time in which somebody takes no work, and who stands in."""

    names = {"by": "covered_by"}
    covered_by = forms.ModelChoiceField(
        queryset=User.objects.filter(is_active=True),
        required=False,
        widget=UnfoldAdminSelectWidget,
        label=_("Covered by"),
        help_text=_("Who answers for them meanwhile. If that person is away too, their own cover is asked."),
    )

    class Meta:
        model = Absence
        fields = ["person", "starts_at", "ends_at", "note"]

    def perform(self, data: dict[str, Any]) -> Absence:
        cover = data.get("covered_by")
        return people.set_absence(
            person_id=(data.get("person") or self.instance.person).pk,
            starts_at=data["starts_at"],
            ends_at=data["ends_at"],
            note=data["note"],
            covered_by_id=cover.pk if cover else None,
            absence_id=self.instance.pk,
            actor=self.actor,
            now=self.now,
        )


class CoverForm(ServiceForm):
    """Who stands in for whom."""

    class Meta:
        model = Cover
        fields = ["person", "by", "starts_at", "ends_at"]

    def perform(self, data: dict[str, Any]) -> Cover:
        return people.set_cover(
            person_id=(data.get("person") or self.instance.person).pk,
            by_id=data["by"].pk,
            starts_at=data["starts_at"],
            ends_at=data["ends_at"],
            cover_id=self.instance.pk,
            actor=self.actor,
            now=self.now,
        )


class MembershipForm(ServiceForm):
    """How a person belongs to a team."""

    languages = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        label=_("Languages"),
        help_text=_("Codes separated by commas, for example: en, de. Empty: any."),
    )

    class Meta:
        model = Membership
        fields = ["person", "team", "level", "leads", "capacity", "specialisms"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["languages"] = ", ".join(self.instance.languages)

    def clean_languages(self) -> list[str]:
        """The codes as a list."""
        codes = [code.strip() for code in self.cleaned_data["languages"].split(",") if code.strip()]
        if any(len(code) not in (2, 5) for code in codes):
            raise forms.ValidationError(_("Write codes such as en, de or pt-BR, separated by commas."))
        return codes

    def perform(self, data: dict[str, Any]) -> Membership:
        return people.set_membership(
            person_id=(data.get("person") or self.instance.person).pk,
            team_id=(data.get("team") or self.instance.team).pk,
            level_id=data["level"].pk,
            leads=data["leads"],
            capacity=data["capacity"],
            specialism_ids=[row.pk for row in data["specialisms"]],
            languages=data["languages"],
            actor=self.actor,
            now=self.now,
        )


class OnCallForm(ServiceForm):
    """Who holds an on-call role, from when to when."""

    class Meta:
        model = OnCallShift
        fields = ["role", "person", "starts_at", "ends_at"]

    def perform(self, data: dict[str, Any]) -> OnCallShift:
        return people.set_on_call(
            role_id=data["role"].pk,
            person_id=data["person"].pk,
            starts_at=data["starts_at"],
            ends_at=data["ends_at"],
            shift_id=self.instance.pk,
            actor=self.actor,
            now=self.now,
        )


class ChannelRequestForm(ServiceForm):
    """Asking for somebody to enter a channel."""

    class Meta:
        model = ChannelRequest
        fields = ["channel", "person", "part", "reason"]

    def perform(self, data: dict[str, Any]) -> ChannelRequest:
        return channels.ask(
            channel_id=data["channel"].pk,
            person_id=data["person"].pk,
            part=data["part"],
            reason=data["reason"],
            actor=self.actor,
            now=self.now,
        )


def owned_channels(actor: User, queryset: Any) -> Any:
    """The channels for which this person may ask: those they own; administrators see all, and are told where not."""
    return queryset if actor.is_superuser else queryset.filter(pk__in=Reach.of(actor).channels("manage_members"))
