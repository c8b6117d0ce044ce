"""The form of a case's facts: made from the facts that its playbook version declares."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations.core.policy import FactDefinition
from escalations.forms.base import ActForm
from escalations.models import CaseFact
from escalations.selectors.why import classes

VALUE, STATE, CURRENCY = "fact-", "state-", "currency-"
STATES = [(key, label) for key, label in CaseFact.State.choices if key != CaseFact.State.GIVEN]
YES_NO = [("", _("not known")), ("yes", _("yes")), ("no", _("no"))]


class Facts(ActForm):
    """Every fact that this person may read, with its value; signals also with their state."""

    def build(self) -> None:
        rows = {row.key: row for row in CaseFact.objects.filter(case=self.top.case)}
        self.before: dict[str, Any] = {}
        self.states: dict[str, str] = {}
        known = self.top.policy.central.facts
        seen = classes(self.user)
        for key in sorted(known, key=lambda key: (key not in rows, not known[key].signal)):
            visibility = known[key].visibility
            if visibility is not None and visibility not in seen:
                continue
            self._add(key, known[key], rows.get(key))
        self.fields["reason"] = forms.CharField(
            label=__("Reason"),
            required=False,
            max_length=1000,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=__("Needed when a fact is dismissed, or no longer holds."),
        )

    def _add(self, key: str, definition: FactDefinition, row: CaseFact | None) -> None:
        value = row.value if row else None
        self.before[key] = value
        initial: Any = value
        field: forms.Field
        if definition.type == "flag":
            field = forms.ChoiceField(choices=YES_NO, required=False)
            initial = "" if value is None else "yes" if value else "no"
        elif definition.type == "money":
            field = forms.CharField(
                required=False, max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"})
            )
            initial = value["amount"] if isinstance(value, dict) else ""
        elif definition.type == "text" and definition.values:
            field = forms.ChoiceField(
                choices=[("", __("not known")), *((item, item.replace("_", " ")) for item in definition.values)],
                required=False,
            )
        elif definition.type == "list":
            field = forms.CharField(required=False, max_length=400, help_text=__("Separated by commas."))
            initial = ", ".join(value) if isinstance(value, list) else ""
        elif definition.type == "number":
            field = forms.IntegerField(required=False)
        else:
            field = forms.CharField(required=False, max_length=200)
        field.label, field.initial = definition.name, "" if initial is None else initial
        self.fields[VALUE + key] = field
        if definition.type == "money":
            region = self.top.policy.central.regions.get(self.top.case.region.key)
            self.fields[CURRENCY + key] = forms.CharField(
                label=__("Currency"),
                required=False,
                max_length=3,
                initial=value["currency"] if isinstance(value, dict) else region.currency if region else "EUR",
            )
        if definition.signal and row is not None:
            self.states[key] = row.state
            self.fields[STATE + key] = forms.ChoiceField(
                label=__("State"), choices=STATES, initial=row.state, required=False
            )

    def groups(self) -> list[dict[str, Any]]:
        """The facts as the page shows them: value, currency and state of one fact in a row; what is known first."""
        found = []
        for key, before in self.before.items():
            fields = [self[prefix + key] for prefix in (VALUE, CURRENCY, STATE) if prefix + key in self.fields]
            found.append({"fields": fields, "known": before is not None})
        return found

    @property
    def any_known(self) -> bool:
        """Whether the case has a fact at all."""
        return any(value is not None for value in self.before.values())

    def arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        known = self.top.policy.central.facts
        changes: dict[str, Any] = {}
        for key, before in self.before.items():
            raw = data.get(VALUE + key)
            if raw in (None, ""):
                continue
            kind = known[key].type
            value: Any = raw
            if kind == "flag":
                value = raw == "yes"
            elif kind == "money":
                value = {"amount": str(raw).replace(",", "."), "currency": data.get(CURRENCY + key, "").upper()}
            elif kind == "list":
                value = [item.strip() for item in str(raw).split(",") if item.strip()]
            if value != before:
                changes[key] = value
        states = {
            key: data[STATE + key]
            for key, before in self.states.items()
            if data.get(STATE + key) and data[STATE + key] != before
        }
        return {"changes": changes, "states": states, "reason": data["reason"]}

    def errors_from(self, error: Any) -> None:
        field = getattr(error, "field", "")
        if VALUE + field in self.fields:
            self.add_error(VALUE + field, str(error).removeprefix(f"{field}: "))
        else:
            super().errors_from(error)
