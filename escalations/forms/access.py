"""Forms of the acts on who may see a case."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations.core.typed import id_of
from escalations.forms.base import ActForm, Moment, text
from escalations.models import CaseGrant, Channel, User
from escalations.selectors.wording import moment
from escalations.services import grants


class CallIn(ActForm):
    """One person, for a while."""

    names = {"person": "person_id"}
    person_id = forms.TypedChoiceField(label=_("Who"), coerce=int, error_messages={"required": _("Choose a person.")})
    expires_at = Moment(label=_("Until"), required=False)
    works = forms.BooleanField(
        label=_("May also work on it"),
        required=False,
        help_text=_("Otherwise they read it. Either way they do not see restricted findings or personal data."),
    )
    reason = text(_("Reason"), rows=2, help_text=_("What they know that helps. It stays on the case's record."))

    def build(self) -> None:
        people = User.objects.filter(is_active=True, is_staff=True).exclude(pk=self.user.pk)
        self.fields["person_id"].choices = [("", "")] + [  # type: ignore[attr-defined]
            (person.pk, str(person)) for person in people.order_by("first_name", "last_name", "username")
        ]
        self.fields["expires_at"].help_text = __(
            "At most %(longest)d days. Left empty it is %(days)d days; it ends by itself."
        ) % {"longest": grants.LONGEST.days, "days": grants.DEFAULT.days}


class EndGrant(ActForm):
    """Whose access ends now."""

    names = {"grant": "grant_id"}
    grant_id = forms.TypedChoiceField(label=_("Whose"), coerce=int)

    def build(self) -> None:
        field: Any = self.fields["grant_id"]
        rows = self.top.grants if self.top.guards & {"specialist", "channel_owner"} else self.top.mine
        field.choices = [(row.pk, said(row)) for row in rows]
        if id_of(str(self.params.get("grant", ""))) is not None:
            field.initial = int(self.params["grant"])


class ToChannel(ActForm):
    """A change of channel."""

    names = {"channel": "channel_id"}
    channel_id = forms.TypedChoiceField(
        label=_("Channel"), coerce=int, error_messages={"required": _("Choose the channel.")}
    )
    reason = text(_("Reason"), rows=2)

    def build(self) -> None:
        rows = Channel.objects.filter(retired_at__isnull=True).exclude(pk=self.top.case.channel_id)
        field: Any = self.fields["channel_id"]
        field.choices = [(row.pk, row.name) for row in self.offered(rows)]

    def offered(self, rows: Any) -> Any:
        """Which of the other channels may be chosen."""
        return rows.filter(rank__lte=self.top.case.channel.rank)


class Restrict(ToChannel):
    """Into a stricter channel, with the people to whom the case stays open."""

    keep = forms.TypedMultipleChoiceField(
        label=_("Stays open to"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Whoever is not ticked loses the case with the move."),
    )
    field_order = ("channel_id", "keep", "reason")

    def build(self) -> None:
        super().build()
        rows = [row for row in self.top.grants if not row.break_glass]
        field: Any = self.fields["keep"]
        field.choices = [(row.pk, said(row)) for row in rows]
        if not rows:
            del self.fields["keep"]

    def offered(self, rows: Any) -> Any:
        return rows.filter(rank__gt=self.top.case.channel.rank)


class DecideRelease(ActForm):
    """Yes or no."""

    answer = forms.ChoiceField(
        label=_("Decision"),
        choices=[("move", _("Move it")), ("stay", _("It stays"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )

    def arguments(self) -> dict[str, Any]:
        return {"approve": self.cleaned_data["answer"] == "move"}


class BreakGlass(forms.Form):
    """A case's reference and what makes it urgent; the same form whether or not there is such a case."""

    use_required_attribute = False
    reference = forms.CharField(
        label=_("Reference of the case"),
        max_length=24,
        widget=forms.TextInput(attrs={"placeholder": "TL-2026-000123", "autocomplete": "off"}),
        error_messages={"required": _("Write the reference.")},
    )
    reason = text(_("What makes it urgent"), rows=3, help_text=_("The owners of its channel read this at once."))
    works = forms.BooleanField(
        label=_("I must also work on it"), required=False, help_text=_("Otherwise you read it only.")
    )


class Review(forms.Form):
    """The judgement of a broken glass."""

    use_required_attribute = False
    words = text(_("Why"), rows=3, help_text=_("They read it, and it stays on the case's record."))


def said(row: CaseGrant) -> str:
    """A grant in a line: who, until when."""
    return __("%(person)s, until %(at)s") % {"person": row.user, "at": moment(row.expires_at)}
