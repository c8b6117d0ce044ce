"""What is dangerous at this desk: acts before which somebody shows once more who they are.

One table, by the names of the pages; `config.sessions.AskedAgain` asks it before each view. Whoever showed who they are
within THROUGHLINE_REAUTHENTICATE_MINUTES goes on unasked. A form is asked for when it is opened. When one is sent too
late, a page between holds everything that was typed, takes the password or a code, and sends it on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from allauth.account.forms import ReauthenticateForm as PasswordForm
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.core import ratelimit
from allauth.mfa.base.forms import ReauthenticateForm as CodeForm
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations.inbound.signin import session
from escalations.inbound.signin.account import AccountAdapter, again_address
from escalations.models import User

Who = Callable[[User, Mapping[str, Any]], bool]

CASE_ACTS: Mapping[str, Any] = {
    "call-in": _("open a case to an expert"),
    "restrict": _("move a case into another channel"),
    "ask-release": _("move a case into another channel"),
    "decide-release": _("decide whether a case leaves its channel"),
}
"""Acts of a case's page that are dangerous, and what they do."""


@dataclass(frozen=True, slots=True)
class Danger:
    """One page. `does` is what somebody does there; `opened` whether it is asked for when the form is opened, too (a
    page that is mostly read is not); `when` narrows it to some people or arguments; `factor` asks for a second one."""

    does: Any
    opened: bool = False
    when: Who = lambda user, arguments: True
    factor: bool = False


def _administrator(user: User, arguments: Mapping[str, Any]) -> bool:
    return user.is_superuser


def _case_act(user: User, arguments: Mapping[str, Any]) -> bool:
    return arguments.get("name") in CASE_ACTS


DANGEROUS: dict[str, Danger] = {
    "admin:escalations_casegrant_break_glass": Danger(_("break the glass"), opened=True, factor=True),
    "admin:escalations_casegrant_review": Danger(_("judge an access")),
    "admin:escalations_case_unmask": Danger(_("uncover personal data")),
    "admin:escalations_case_export": Danger(_("export cases"), opened=True),
    "admin:escalations_case_act": Danger(_("change who sees a case"), opened=True, when=_case_act),
    "admin:escalations_channelrequest_add": Danger(_("let somebody into a channel"), opened=True),
    "admin:escalations_channelrequest_answer": Danger(_("decide who belongs to a channel")),
    "admin:escalations_legalhold_add": Danger(_("ask for a legal hold"), opened=True),
    "admin:escalations_legalhold_answer": Danger(_("decide on a legal hold")),
    "admin:escalations_erasure_person": Danger(_("hand out or erase personal data"), opened=True),
    "admin:escalations_membership_add": Danger(_("put somebody into a team")),
    "admin:escalations_membership_change": Danger(_("change what somebody may decide")),
    "admin:escalations_user_add": Danger(_("make an account"), opened=True),
    "admin:escalations_user_change": Danger(_("change an account"), when=_administrator),
    "admin:auth_user_password_change": Danger(_("give somebody a password"), opened=True),
    "admin:auth_group_add": Danger(_("change what a group may do"), opened=True),
    "admin:auth_group_change": Danger(_("change what a group may do")),
}
"""The table: name of the page, and what is dangerous about it. The apps above add their pages when they are ready."""

PASSWORD, CODE = "confirm-password", "confirm-code"


def ask_first(request: HttpRequest, name: str, arguments: Mapping[str, Any]) -> HttpResponse | None:
    """What is answered instead of a dangerous page; None for one that goes on. No query for any other page."""
    danger = DANGEROUS.get(name)
    user = request.user
    if danger is None or not isinstance(user, User) or not danger.when(user, arguments):
        return None
    if request.method != "POST" and not (danger.opened and request.method == "GET"):
        return None
    if danger.factor and settings.THROUGHLINE_SECOND_FACTOR != "off" and not session.with_second_factor(request):
        return _page(request, danger, factor=True)
    if session.is_recent(request, timezone.now()):
        return None
    if request.method == "GET":
        return _led(request)
    return _confirmed(request, user, danger)


def _led(request: HttpRequest) -> HttpResponse:
    """To the page where one shows who one is, and back to the form. A part of a page leads the whole page there."""
    target = again_address(request, request.get_full_path())
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


def _confirmed(request: HttpRequest, user: User, danger: Danger) -> HttpResponse | None:
    """The page between: what was typed stays in it, and goes on with the right password or code."""
    typed: forms.Form | None = None
    tried = PASSWORD in request.POST or CODE in request.POST
    if tried and (limited := ratelimit.consume_or_429(request, action="reauthenticate", user=user)):
        return limited
    if PASSWORD in request.POST:
        typed = PasswordForm({"password": request.POST[PASSWORD]}, user=user)
        if typed.is_valid():
            reauthenticate_by_password(request)
            return None
    elif CODE in request.POST:
        coded = typed = CodeForm({"code": request.POST[CODE]}, user=user)
        if coded.is_valid():
            coded.save()
            return None
    said = typed.errors.values() if typed is not None else []
    return _page(request, danger, errors=[str(error) for errors in said for error in errors])


def _page(
    request: HttpRequest, danger: Danger, *, errors: list[str] | None = None, factor: bool = False
) -> HttpResponse:
    user = request.user
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", PASSWORD, CODE)
        for value in values
    ]
    ways = AccountAdapter(request).get_reauthentication_methods(user)
    held = {row.type for row in Authenticator.objects.filter(user_id=user.pk)}
    by_password = any(way["id"] == "reauthenticate" for way in ways)
    by_code = not by_password and any(way["id"] == "mfa_reauthenticate" for way in ways)
    context = {
        **admin.site.each_context(request),
        "title": __("A second factor first") if factor else __("Confirm that it is you"),
        "does": danger.does,
        "minutes": settings.THROUGHLINE_REAUTHENTICATE_MINUTES,
        "kept": kept,
        "errors": errors or [],
        "ways": [
            way
            for way in ways
            if way["id"] not in ("reauthenticate", "reauthenticate_by_code")
            and not (by_code and way["id"] == "mfa_reauthenticate")
        ],
        "field": PASSWORD if by_password else CODE if by_code else "",
        "factor": factor,
        "has_factor": bool(held & {"totp", "webauthn"}),
        "own_heading": True,
    }
    inside = request.path.startswith(reverse("admin:index"))
    return TemplateResponse(request, "admin/desk/confirm.html" if inside else "pages/confirm.html", context)
