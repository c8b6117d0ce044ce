"""What a person hands on before leaving: which cases, and the note that goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from escalations.core.typed import ids_of
from escalations.forms.base import text
from escalations.models import Case
from escalations.selectors.duty import Duty


class LeavingForm(forms.Form):
    """The cases that a team on duty can take, all chosen to begin with, and one note for them."""

    case = forms.TypedMultipleChoiceField(
        label=_("Cases"),
        coerce=int,
        error_messages={"required": _("Choose at least one case."), "invalid_choice": _("One of them has moved on.")},
    )
    note = text(
        _("Note"), help_text=_("What was done, and what is asked of them. It goes with each case, beside its brief.")
    )
    use_required_attribute = False

    def __init__(self, data: Any = None, *, offers: Sequence[Duty]) -> None:
        self.offers = {offer.case.pk: offer for offer in offers if offer.team is not None}
        super().__init__(data, initial={"case": list(self.offers)}, auto_id="leaving_%s")
        self.fields["case"].choices = [(pk, str(offer.case)) for pk, offer in self.offers.items()]  # type: ignore[attr-defined]

    @property
    def ticked(self) -> set[int]:
        """Ids of the cases that are ticked when the page is shown."""
        said = self["case"].value() or []
        return set(ids_of(map(str, said)))

    @property
    def chosen(self) -> list[tuple[Case, int]]:
        """The cases to hand on, each with the id of its team."""
        found = [self.offers[pk] for pk in self.cleaned_data["case"]]
        return [(offer.case, offer.team.pk) for offer in found if offer.team is not None]
