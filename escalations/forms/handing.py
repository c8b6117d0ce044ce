"""Forms of the acts that give a case to somebody else: over to a team or person, up to a higher level, and back.

Who may take it comes from the live state.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations.forms.base import ActForm, explained, text
from escalations.models import Escalation, Membership, Team
from escalations.selectors import people
from escalations.selectors.wording import moment


class HandOff(ActForm):
    """A change of owner: to a team's queue or to one of its people, in one choice."""

    names = {"team": "to", "person": "to"}
    to = forms.ChoiceField(label=_("To"), error_messages={"required": _("Choose who takes it over.")})
    note = text(_("Note"), help_text=_("What was done, and what is asked. The brief goes along by itself."))

    def build(self) -> None:
        case = self.top.case
        able = people.holders(case.channel_id, "work_cases") - {case.party.staff_user_id}
        rows = (
            people.members(self.now).filter(team__retired_at__isnull=True).order_by("team__name", "person__first_name")
        )
        by_team: dict[int, list[Membership]] = {}
        for row in rows:
            by_team.setdefault(row.team_id, []).append(row)
        first = self._suggested()
        choices: list[Any] = [("", __("Choose a team or a person"))]
        teams = Team.objects.filter(retired_at__isnull=True).order_by("name")
        for team in sorted(teams, key=lambda team: (team.key not in first, team.name)):
            members = [
                (f"person:{team.pk}:{row.person_id}", f"{row.person} ({row.level.key})")
                for row in by_team.get(team.pk, ())
                if row.person_id in able and row.person_id != case.assignee_id
            ]
            queue = (
                []
                if team.pk == case.team_id
                else [(f"team:{team.pk}", __("%(team)s: whoever is free") % {"team": team})]
            )
            label = __("%(team)s (backup)") % {"team": team} if team.key in first else str(team)
            if queue or members:
                choices.append((label, [*queue, *members]))
        self.fields["to"].choices = choices  # type: ignore[attr-defined]

    def _suggested(self) -> frozenset[str]:
        return frozenset(self.top.category.backups) if self.top.category else frozenset()

    def arguments(self) -> dict[str, Any]:
        kind, team, *person = self.cleaned_data["to"].split(":")
        return {
            "to_team_id": int(team),
            "to_person_id": int(person[0]) if kind == "person" else None,
            "note": self.cleaned_data["note"],
        }


class Assign(ActForm):
    """Giving a case to somebody of its team."""

    names = {"person": "person"}
    person = forms.ChoiceField(label=_("Who"), widget=forms.RadioSelect, required=False)

    def build(self) -> None:
        case = self.top.case
        found = people.candidates(
            team_id=case.team_id,
            level_rank=case.level.rank,
            channel_id=case.channel_id,
            at=self.now,
            specialisms=self.top.category.specialisms if self.top.category else (),
            language=case.language,
            party_staff_id=case.party.staff_user_id,
        )
        choices = [("", __("The best free person"))]
        for item in found:
            load = __("%(load)d of %(capacity)d cases") % {"load": item.load, "capacity": item.membership.capacity}
            remarks = list(item.obstacles) if item.obstacles else [load]
            if item.missing_specialisms:
                remarks.append(__("lacks a specialism"))
            if not item.speaks:
                remarks.append(__("does not speak %(language)s") % {"language": case.language})
            name = f"{item.person}, {item.membership.level.key}"
            choices.append((str(item.person.pk), explained(name, ", ".join(remarks))))
        self.fields["person"].choices = choices  # type: ignore[attr-defined]

    def arguments(self) -> dict[str, Any]:
        chosen = self.cleaned_data["person"]
        return {"person_id": int(chosen) if chosen else None}


class Escalate(ActForm):
    """Raising a case to a higher authority."""

    names = {"escalation_type": "type"}
    type = forms.ChoiceField(
        label=_("Kind"),
        choices=[(key, label) for key, label in Escalation.Type.choices if key != Escalation.Type.TIME],
        initial=Escalation.Type.MANUAL,
    )
    cause = forms.ChoiceField(
        label=_("Cause"),
        choices=[("", _("What led to it?"))]
        + [(key, label) for key, label in Escalation.Cause.choices if key != Escalation.Cause.TIME],
        help_text=_("So that the same escalation can be avoided next time."),
        error_messages={"required": _("Choose the cause.")},
    )
    to_level = forms.ChoiceField(label=_("To"), required=False)
    reason = text(_("Reason"), rows=3, help_text=_("What is asked of the higher level."))

    def build(self) -> None:
        above, levels = self.top.levels_above, self.top.policy.central.levels
        self.fields["to_level"].choices = [  # type: ignore[attr-defined]
            ("" if place == 0 else key, f"{levels[key].name} ({key})") for place, key in enumerate(above)
        ]


class DeEscalate(ActForm):
    """Taking an escalation back."""

    escalation_id = forms.TypedChoiceField(label=_("Which"), coerce=int, widget=forms.RadioSelect)
    reason = text(_("Reason"), rows=3)

    def build(self) -> None:
        rows = self.top.escalations
        self.fields["escalation_id"].choices = [  # type: ignore[attr-defined]
            (row.pk, f"{row.get_type_display()}: {row.from_level} → {row.to_level}, {moment(row.at)}") for row in rows
        ]
        if rows:
            self.fields["escalation_id"].initial = rows[-1].pk
