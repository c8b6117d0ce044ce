"""The form of a case that is tried: what it is about, where, and what is known of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations.core.policy import FactDefinition, Policy
from escalations.forms.facts import CURRENCY, STATE, VALUE, YES_NO

STATES = [("claimed", _("claimed")), ("verified", _("verified"))]


class TryCase(forms.Form):
    """A case as the contract writes it, from controls. Facts that the reader may not see are not asked for."""

    use_required_attribute = False

    def __init__(self, data: Any, policy: Policy, seen: frozenset[str]) -> None:
        super().__init__(data, auto_id="try_%s")
        self.policy = policy
        central = policy.central
        categories = sorted(((key, f"{row.name} ({key})") for key, row in central.categories.items()), key=_by_name)
        regions = sorted(((key, row.name) for key, row in central.regions.items()), key=_by_name)
        self.fields["category"] = forms.ChoiceField(label=__("Category"), choices=categories)
        chosen = central.categories.get(self.data.get("category", "")) if data else None
        self.fields["symptom"] = forms.ChoiceField(
            label=__("Symptom"),
            required=False,
            choices=[("", __("not known")), *(chosen.symptoms.items() if chosen else ())],
            help_text="" if chosen else __("To choose from once the category was tried."),
        )
        self.fields["region"] = forms.ChoiceField(label=__("Region"), choices=regions)
        self.fields["party"] = forms.ChoiceField(
            label=__("Party"),
            required=False,
            choices=[("", __("not known")), ("buyer", __("buyer")), ("seller", __("seller"))],
        )
        self.known = {
            key: row for key, row in central.facts.items() if row.visibility is None or row.visibility in seen
        }
        for key, row in sorted(self.known.items(), key=lambda item: (not item[1].signal, item[1].name.lower())):
            self._add(key, row)

    def _add(self, key: str, row: FactDefinition) -> None:
        field: forms.Field
        if row.type == "flag":
            field = forms.ChoiceField(choices=YES_NO, required=False)
        elif row.type == "text" and row.values:
            words = [(value, value.replace("_", " ")) for value in row.values]
            field = forms.ChoiceField(choices=[("", __("not known")), *words], required=False)
        elif row.type == "number":
            field = forms.IntegerField(required=False, widget=forms.TextInput(attrs={"inputmode": "numeric"}))
        elif row.type == "money":
            field = forms.DecimalField(
                required=False,
                min_value=0,
                max_digits=14,
                decimal_places=2,
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )
        else:
            help_text = __("Separated by commas.") if row.type == "list" else ""
            field = forms.CharField(required=False, max_length=400, help_text=help_text)
        field.label = row.name
        self.fields[VALUE + key] = field
        if row.type == "money":
            self.fields[CURRENCY + key] = forms.RegexField(
                r"^[A-Z]{3}$", label=__("Currency"), required=False, max_length=3, initial="EUR"
            )
        if row.signal:
            self.fields[STATE + key] = forms.ChoiceField(label=__("It is"), choices=STATES, required=False)

    def place(self) -> list[forms.BoundField]:
        """What it is about, and where."""
        return [self[name] for name in ("category", "symptom", "region", "party")]

    def groups(self) -> list[dict[str, Any]]:
        """The facts, signals first; each with what belongs to it."""
        return [
            {
                "fields": [self[prefix + key] for prefix in (VALUE, CURRENCY, STATE) if prefix + key in self.fields],
                "given": bool(self.data.get(VALUE + key)),
            }
            for key in sorted(self.known, key=lambda key: (not self.known[key].signal, self.known[key].name.lower()))
        ]

    def case(self) -> dict[str, Any]:
        """The case, as the contract writes it."""
        data = self.cleaned_data
        found: dict[str, Any] = {"category": data["category"], "region": data["region"], "signals": {}, "facts": {}}
        if data["symptom"]:
            found["symptom"] = data["symptom"]
        if data["party"]:
            found["party"] = {"kind": data["party"]}
        for key, row in self.known.items():
            raw = data.get(VALUE + key)
            if raw in (None, ""):
                continue
            value: Any = raw
            if row.type == "flag":
                value = raw == "yes"
            elif row.type == "money":
                value = {"amount": str(raw), "currency": data.get(CURRENCY + key) or "EUR"}
            elif row.type == "list":
                value = [word.strip() for word in str(raw).split(",") if word.strip()]
            if row.signal:
                found["signals"][key] = {"value": value, "state": data.get(STATE + key) or "claimed"}
            else:
                found["facts"][key] = value
        return found


def _by_name(option: tuple[str, str]) -> tuple[str, str]:
    return option[1].lower(), option[0]
