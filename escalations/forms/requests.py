"""Forms of the page on which a person's request about their data is answered."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from escalations.forms.base import text


def _typed(label: str = "") -> forms.CharField:
    return forms.CharField(
        label=label or _("Type the pseudonym to confirm"),
        max_length=24,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={"required": _("Type the pseudonym.")},
    )


class WhoseData(forms.Form):
    """Whom it is about."""

    use_required_attribute = False
    reference = forms.CharField(
        label=_("Person"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "P-..."}),
        help_text=_("A pseudonym (P-...), or the reference of one of their cases."),
        error_messages={"required": _("Write a pseudonym or a reference.")},
    )


class Export(forms.Form):
    """The person's own data, as a file for them."""

    use_required_attribute = False
    confirmed = _typed()


class Erase(forms.Form):
    """Why, and the pseudonym typed again: it cannot be undone."""

    use_required_attribute = False
    reason = text(
        _("Why"),
        rows=2,
        help_text=_("The person's request and its date, without their name: it stays in the ledger."),
    )
    confirmed = _typed()
