"""Asking for a legal hold."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from escalations.errors import Invalid
from escalations.forms.people import ServiceForm
from escalations.models import Case, LegalHold
from escalations.services.privacy import erasing, holds


class LegalHoldForm(ServiceForm):
    """Whom or which case it is about, by pseudonym or reference; on what basis, and when it is looked at again."""

    about = forms.CharField(
        label=_("Person or case"),
        widget=UnfoldAdminTextInputWidget,
        help_text=_("A pseudonym (P-...) or the reference of a case."),
    )
    whole = forms.BooleanField(
        label=_("All that is about the person"),
        required=False,
        help_text=_("Otherwise, when a case is named, that case alone."),
    )

    class Meta:
        model = LegalHold
        fields = ["basis", "review_at"]

    def clean_about(self) -> str:
        """A reference of this desk."""
        try:
            self.party = erasing.find(self.cleaned_data["about"])
        except Invalid as error:
            raise forms.ValidationError(str(error)) from None
        return str(self.cleaned_data["about"]).strip().upper()

    def perform(self, data: dict[str, Any]) -> LegalHold:
        case = None if data["whole"] else Case.objects.filter(reference=data["about"]).first()
        return holds.ask(
            party_id=self.party.pk,
            case_id=case.pk if case else None,
            basis=data["basis"],
            review_at=data["review_at"],
            actor=self.actor,
            now=self.now,
        )
