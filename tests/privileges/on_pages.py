"""Every page of the admin, opened and sent as each person."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin
from django.db.models import Model
from django.urls import reverse

from escalations.errors import NotAllowed
from tests.privileges.office import Office, Tried, Way

PAGES = "Pages: look"
WRITTEN = "Pages: add, change, end"
RIGHTS = {"add": "add", "change": "change", "delete": "delete or end"}

#: What a right opens where that is something else: nothing of a case changes by its page, which only shows it.
OTHERWISE = {"change escalations.case": "Cases: open one"}

#: Pages beside those of models, by name.
OTHERS = {
    "admin:index": "Home",
    "admin:escalations_user_privileges": "Who may do what",
    "admin:escalations_case_leaving": "Before one leaves",
    "admin:escalations_case_export": "Export cases",
    "admin:escalations_casegrant_break_glass": "Break the glass",
    "admin:escalations_erasure_person": "What the desk knows of a person",
    "admin:search": "Search of the bar",
    "governance:index": "The council's pages",
    "playbook:home": "The playbook: its pages, versions, changes and search",
    "mfa_index": "How oneself signs in: second factors and passkeys",
    "account_change_password": "Change one's own password",
    "playbook:articles": "Articles",
    "playbook:precedents": "Precedents",
    "playbook:learners": "How far one's people are with onboarding",
    "welcome": "The page of those who do not enter",
}


def registered() -> list[tuple[type[Model], Any]]:
    """Every model with a page, by label."""
    return sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label_lower)


def rows(office: Office) -> list[Tried]:
    """The rows of pages: looking at every model, and each right that a page gives to anybody."""
    found = [
        Tried(f"page {name}", PAGES, label, (Way("", _opens(office, reverse(name))),)) for name, label in OTHERS.items()
    ]
    for model, _page in registered():
        meta = model._meta
        words = str(meta.verbose_name_plural).capitalize()
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        found.append(Tried(f"see {meta.label_lower}", PAGES, words, (Way("", _opens(office, address)),)))
    for model, _page in registered():
        words = str(model._meta.verbose_name_plural).capitalize()
        for right in RIGHTS:
            found.append(
                Tried(
                    f"{right} {model._meta.label_lower}",
                    WRITTEN,
                    OTHERWISE.get(f"{right} {model._meta.label_lower}", f"{words}: {RIGHTS[right]}"),
                    _ways(office, model, right),
                )
            )
    return found


def _ways(office: Office, model: type[Model], right: str) -> tuple[Way, ...]:
    if right == "add":
        return (Way("", _sends(office, model, right, None)),)
    if model._meta.label == "escalations.User":
        theirs = _sends(office, model, right, office.user("jon").pk)
        return Way("own", lambda who: _sends(office, model, right, office.user(who).pk)(who)), Way("others'", theirs)
    named = {
        "escalations.Membership": office.user("jon").memberships.get(),
        "escalations.Absence": office.absence,
        "escalations.Cover": office.cover,
        "escalations.ChannelRequest": office.request,
        "escalations.CaseGrant": office.grant,
        "escalations.Case": office.held,
    }
    row = named.get(model._meta.label) or model._default_manager.order_by("pk").first()
    return (Way("", _sends(office, model, right, row.pk if row else 0)),)


def _opens(office: Office, address: str) -> Any:
    def go(who: str) -> None:
        answer = office.clients[who].get(address)
        if answer.status_code != 200:
            raise NotAllowed(f"{address}: {answer.status_code}")

    return go


def _sends(office: Office, model: type[Model], right: str, pk: Any) -> Any:
    """An empty form sent: whoever may do it is told what is missing, or it is done; the others are not let in."""
    args = [] if pk is None else [pk]
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{right}", args=args)

    def go(who: str) -> None:
        answer = office.clients[who].post(address, {"post": "yes"} if right == "delete" else {})
        to = urlsplit(answer.headers.get("Location", "")).path
        if answer.status_code not in (200, 302) or to in (reverse("admin:index"), reverse("admin:login")):
            raise NotAllowed(f"{address}: {answer.status_code} {to}")

    return go
