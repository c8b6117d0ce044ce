"""Forms of the acts that name another case: merging, linking. Only cases that the person may see are found."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations.forms.base import ActForm, text
from escalations.models import Case, CaseLink


class OtherCase(forms.CharField):
    """Another case, by its reference; only cases that the person may see are found."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=24,
            widget=forms.TextInput(attrs={"placeholder": "TL-2026-000123", "autocomplete": "off"}),
            **kwargs,
        )


def find_other(form: ActForm, reference: str) -> Case | None:
    """The case of a reference among those that the person may see; puts an error on the form when there is none."""
    found = Case.objects.visible_to(form.user).filter(reference=reference.strip().upper()).first()
    if found is None:
        form.add_error("other", __("There is no such case among those that you can see."))
    return found


class NamesAnother(ActForm):
    """An act that names another case, by its reference in the field `other`."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("other"):
            self.found = find_other(self, data["other"])
        return data

    @property
    def other_id(self) -> int:
        """Id of the case that was named."""
        return self.found.pk if self.found else 0


class Merge(NamesAnother):
    """Making this case part of another one."""

    names = {"open_case": "other"}
    other = OtherCase(label=_("The case that lives on"))
    reason = text(_("Reason"), rows=2, help_text=_("This case ends; its messages and deadlines go to the other one."))

    def arguments(self) -> dict[str, Any]:
        return {"into_id": self.other_id, "reason": self.cleaned_data["reason"]}


class Link(NamesAnother):
    """Tying two cases together."""

    names = {"other_case": "other"}
    other = OtherCase(label=_("The other case"))
    kind = forms.ChoiceField(
        label=_("How they belong together"), choices=CaseLink.Kind.choices, initial=CaseLink.Kind.RELATED
    )

    def arguments(self) -> dict[str, Any]:
        return {"other_id": self.other_id, "kind": self.cleaned_data["kind"]}
