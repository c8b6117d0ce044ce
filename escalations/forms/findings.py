"""Forms about risk findings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from escalations.core.indicators import TYPES
from escalations.forms.base import text
from escalations.models import Indicator


class FindingForm(forms.Form):
    """A new finding."""

    use_required_attribute = False

    kind = forms.ChoiceField(label=_("What it is"), choices=[(key, name.capitalize()) for key, name in TYPES.items()])
    confidence = forms.TypedChoiceField(
        label=_("How sure"), choices=Indicator.Confidence.choices, coerce=int, initial=Indicator.Confidence.MEDIUM
    )
    source = forms.CharField(
        label=_("Where it comes from"),
        max_length=200,
        error_messages={"required": _("Say where it comes from.")},
    )
    body = text(_("What was found"))


class SettleForm(forms.Form):
    """Confirming or dismissing a finding."""

    answer = forms.ChoiceField(choices=[("confirm", ""), ("dismiss", "")])
    reason = forms.CharField(required=False, max_length=1000)

    def clean(self) -> dict[str, Any]:
        """What the service takes."""
        data = super().clean() or {}
        return {"confirm": data.get("answer") == "confirm", "reason": data.get("reason", "")}
