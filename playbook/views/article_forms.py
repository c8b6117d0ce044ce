"""Forms of the knowledge base: each of one act."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from escalations.core.policy import Policy
from escalations.core.roles import READ_PLAYBOOK
from escalations.forms.base import text
from escalations.models import Category, Channel, User
from escalations.selectors.why import classes
from playbook.models import Article
from playbook.services.articles import REVIEW_AFTER


def languages(policy: Policy) -> list[tuple[str, str]]:
    """The languages that the regions of the playbook speak, with their names, by name."""
    codes = {"en"} | {code for region in policy.central.regions.values() for code in region.languages}
    return sorted(((code, language_name(code)) for code in codes), key=lambda item: str(item[1]))


def language_name(code: str) -> str:
    """A language in words, or its code where nobody has a name for it."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


class _Form(forms.Form):
    use_required_attribute = False


class Words(_Form):
    """A title, a text, and why."""

    title = forms.CharField(label=_("Title"), max_length=160, help_text=_("What somebody would ask, in a few words."))
    body = text(_("Text"), rows=18, help_text=_(
        "Markdown. Times, limits and teams of the playbook are written as references, for example "
        "{target:order.damaged first_response}, {limit:refund L1 EUR}, {owner:order.damaged} or {team:payments}; "
        "a number that is nobody's promise here as {fact:3 to 5 days}."
    ))  # fmt: skip
    reason = text(
        _("What changes, and why"), rows=2, required=False, help_text=_("Whoever reviews it reads this first.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class About(_Form):
    """Whom an article is for, what it is about, who looks after it."""

    audience = forms.ChoiceField(label=_("About the questions of"), choices=Article.Audience.choices)
    categories = forms.MultipleChoiceField(
        label=_("Categories"),
        required=False,
        help_text=_("Beside cases of these it is suggested."),
        widget=forms.CheckboxSelectMultiple,
    )
    device = forms.ChoiceField(label=_("Device"), required=False, choices=[("", _("any")), *Article.Device.choices])
    visibility = forms.ChoiceField(label=_("Who may read it"), required=False)
    owner = forms.TypedChoiceField(label=_("Looked after by"), coerce=int)
    review_by = forms.DateField(label=_("Review by"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, data: Any = None, *, user: User, now: dt.datetime, initial: Any = None) -> None:
        start = {"owner": user.pk, "review_by": (now + REVIEW_AFTER).date(), **(initial or {})}
        super().__init__(data, initial=start)
        kept = set(start.get("categories", ()))
        rows = Category.objects.filter(Q(retired_at=None) | Q(key__in=kept)).order_by("side", "name")
        self.fields["categories"].choices = [(row.key, row.name) for row in rows]  # type: ignore[attr-defined]
        channels = Channel.objects.filter(key__in=classes(user), retired_at=None)
        self.fields["visibility"].choices = [  # type: ignore[attr-defined]
            ("", _("everybody who reads the playbook")),
            *(
                (row.key, _("those who see what is restricted in %(channel)s") % {"channel": row.name})
                for row in channels
            ),
        ]
        codename = READ_PLAYBOOK.partition(".")[2]
        reads = Q(groups__permissions__codename=codename) | Q(user_permissions__codename=codename)
        people = User.objects.filter(reads, is_active=True).distinct()
        chosen = sorted({(row.pk, str(row)) for row in people} | self._kept(start["owner"]), key=lambda item: item[1])
        self.fields["owner"].choices = chosen  # type: ignore[attr-defined]

    @staticmethod
    def _kept(owner_id: int) -> set[tuple[int, str]]:
        """Whoever looks after it now stays among the choices."""
        return {(row.pk, str(row)) for row in User.objects.filter(pk=owner_id)}

    def said(self) -> dict[str, Any]:
        """What the service takes."""
        data = dict(self.cleaned_data)
        data["owner_id"] = data.pop("owner")
        return data


class Begin(About, Words):
    """A new article: its text, and what it is about."""

    key = forms.SlugField(label=_("Key"), max_length=80, help_text=_(
        "Stays for ever, in links: small letters and digits with hyphens. The same key in another language is the "
        "same article in that language."
    ))  # fmt: skip
    language = forms.ChoiceField(label=_("Language"))

    field_order = (
        "title",
        "body",
        "audience",
        "categories",
        "language",
        "device",
        "visibility",
        "owner",
        "review_by",
        "key",
    )

    def __init__(self, data: Any = None, *, user: User, now: dt.datetime, policy: Policy, initial: Any = None) -> None:
        super().__init__(data, user=user, now=now, initial=initial)
        self.fields["language"].choices = languages(policy)  # type: ignore[attr-defined]
        for name in ("reason", "version"):
            del self.fields[name]


class Decide(_Form):
    """A reviewer's word on a text, bound to the text that they read."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    review = text(_("A word on it"), rows=3, required=False, help_text=_("Needed to reject it: its author reads this."))


class Clear(_Form):
    """Was this clear?"""

    helpful = forms.TypedChoiceField(
        label=_("Was this clear?"), choices=[("yes", _("Yes")), ("no", _("No"))], widget=forms.RadioSelect,
        coerce=lambda value: value == "yes", error_messages={"required": _("Choose yes or no.")},
    )  # fmt: skip
    words = forms.CharField(
        label=_("In a few words"), max_length=500, required=False, help_text=_("What was missing, or what helped."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
