"""Single sign-on: the company's OpenID Connect provider says who somebody is and in which groups.

Somebody is known by the provider and their subject. A subject that is new is linked to an account with the same
verified address once, on record; otherwise who is in a mapped group gets an account, and nobody else does. Groups give
roles at every sign-in, through the one door. They never make an administrator, and let nobody into a channel.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import authentication_step_completed
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as __
from django_q.tasks import async_task
from requests import RequestException

from escalations.core import signing, watching
from escalations.errors import DeskError
from escalations.models import User
from escalations.services import noting, roles

log = logging.getLogger(__name__)

AGAIN = "prompt=login&max_age=0"
"""What asks a provider to have somebody sign in anew, and to say when they did."""


def is_configured() -> bool:
    """Whether there is single sign-on here."""
    return bool(settings.SOCIALACCOUNT_PROVIDERS)


def name() -> str:
    """What people call it."""
    return str(settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["name"]) if is_configured() else ""


def address() -> str:
    """Where it begins."""
    return reverse("openid_connect_login", kwargs={"provider_id": signing.PROVIDER})


def is_linked(user: User) -> bool:
    """Whether an account can be entered by it. One query where it is configured."""
    return is_configured() and SocialAccount.objects.filter(user=user, provider=signing.PROVIDER).exists()


class Provider(OpenIDConnectOAuth2Adapter):
    """The provider, whose tokens are verified by its keys whichever way they came."""

    did_fetch_access_token: bool

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        fetched, self.did_fetch_access_token = self.did_fetch_access_token, False
        try:
            return dict(super()._decode_id_token(app, id_token))
        finally:
            self.did_fetch_access_token = fetched


def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider. Of what the address asks for, only where it leads back, and that it is to ask anew."""
    asked = request.GET.copy()
    for name in set(asked) - {"next", "process", "auth_params"}:
        del asked[name]
    if asked.get("auth_params", AGAIN) != AGAIN:
        del asked["auth_params"]
    request.GET = asked  # type: ignore[assignment]  # it is read from, no more
    return _led(OAuth2LoginView, request, provider_id)


def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take what the provider says."""
    return _led(OAuth2CallbackView, request, provider_id)


def _led(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    if not is_configured() or provider_id != signing.PROVIDER:
        raise Http404
    try:
        answer: HttpResponse = view.adapter_view(Provider(request, provider_id))(request)
    except (RequestException, KeyError, ValueError) as error:
        # It does not answer, or says something else than it should.
        log.warning("single sign-on: the provider cannot be used: %s", type(error).__name__)
        return render(request, "socialaccount/authentication_error.html", status=HTTPStatus.UNAUTHORIZED)
    return answer


def refuse(request: HttpRequest, words: str) -> ImmediateHttpResponse:
    """An answer that says in words why somebody is not let in."""
    page = render(request, "account/refused.html", {"words": words}, status=HTTPStatus.FORBIDDEN)
    return ImmediateHttpResponse(page)


class SsoAdapter(DefaultSocialAccountAdapter):
    """allauth's hooks for single sign-on, as the desk wants them."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """The one of the environment. Rows of the database are no way to add another."""
        apps = [
            SocialApp(provider="openid_connect", **app)
            for app in settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", [])
        ]
        return [
            app
            for app in apps
            if provider in (None, app.provider, app.provider_id) and client_id in (None, app.client_id)
        ]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Decided in `pre_social_login`, in words."""
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Who somebody is here, and with which roles; or why they are not let in."""
        claims = _claims(sociallogin)
        process = sociallogin.state.get("process")
        if process == "connect":
            raise refuse(request, __("Accounts are linked by signing in, not from here."))
        if process == "redirect":
            self._again(request, sociallogin, claims)
            return
        told = _told(claims)
        given = signing.mapped(told, settings.THROUGHLINE_OIDC_GROUPS)
        if not sociallogin.is_existing:
            self._link(request, sociallogin)
        if not sociallogin.is_existing and not given:
            raise refuse(
                request,
                __("%(name)s knows you, but none of your groups there belongs to this desk. Ask an administrator.")
                % {"name": name()},
            )
        if sociallogin.is_existing and settings.THROUGHLINE_OIDC_GROUPS:
            _give(request, sociallogin.user, given)
        if signing.told_second_factor(claims, settings.THROUGHLINE_OIDC_SECOND_FACTOR):
            request._sso_second_factor = True  # type: ignore[attr-defined]

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Any:
        """An account for somebody who is new, without a password; their roles come with them or nothing does."""
        user = sociallogin.user
        user.is_superuser = user.is_staff = False
        user.username = _free_name(user)
        with transaction.atomic():
            made = super().save_user(request, sociallogin, form)
            _give(request, made, signing.mapped(_told(_claims(sociallogin)), settings.THROUGHLINE_OIDC_GROUPS))
            noting.note(kind=watching.SSO_LINKED, person=made, now=timezone.now(), data={"by": "new account"})
        return made

    def _link(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """An account with the same address, which the provider has verified, becomes theirs. Once: an account that is
        linked already, one of several with the address, and an administrator's are not taken."""
        verified = [item.email for item in sociallogin.email_addresses if item.verified]
        theirs = [item.email for item in sociallogin.email_addresses]
        found = list(User.objects.filter(email__iexact=theirs[0])) if theirs and theirs[0] else []
        if not found:
            return
        taken = SocialAccount.objects.filter(user__in=found, provider=signing.PROVIDER).exists()
        if not verified or len(found) > 1 or taken or found[0].is_superuser or not found[0].is_active:
            raise refuse(
                request,
                __(
                    "There is an account here with your address, and it cannot be linked with %(name)s by itself. "
                    "Ask an administrator."
                )
                % {"name": name()},
            )
        with transaction.atomic():
            sociallogin.user = found[0]
            sociallogin.save(request, connect=True)
            noting.note(kind=watching.SSO_LINKED, person=found[0], now=timezone.now(), data={"by": "verified address"})
        async_task("escalations.tasks.tell_of_sign_in", found[0].pk, "account_connected")

    def _again(self, request: HttpRequest, sociallogin: SocialLogin, claims: dict[str, Any]) -> None:
        """Somebody who is signed in has shown anew who they are; the provider must say that it was just now."""
        now = timezone.now().timestamp()
        at = claims.get("auth_time")
        recent = isinstance(at, int | float) and now - at < settings.THROUGHLINE_REAUTHENTICATE_MINUTES * 60
        if not request.user.is_authenticated or sociallogin.user != request.user or not recent:
            raise refuse(
                request,
                __("%(name)s did not confirm that it is you, just now. Try again, or use another way.")
                % {"name": name()},
            )
        record_authentication(
            request, request.user, method="socialaccount", provider=signing.PROVIDER, reauthenticated=True
        )
        if signing.told_second_factor(claims, settings.THROUGHLINE_OIDC_SECOND_FACTOR):
            record_authentication(request, request.user, method=signing.SSO_SECOND_FACTOR)


def _claims(sociallogin: SocialLogin) -> dict[str, Any]:
    """What the verified token says."""
    found = sociallogin.account.extra_data.get("id_token")
    return dict(found) if isinstance(found, dict) else {}


def _told(claims: dict[str, Any]) -> Any:
    return claims.get(settings.THROUGHLINE_OIDC_GROUPS_CLAIM)


def _give(request: HttpRequest, user: Any, given: frozenset[str]) -> None:
    try:
        roles.set_roles(person_id=user.pk, roles=given, actor=None, now=timezone.now(), origin="sso")
    except DeskError as error:
        raise refuse(request, str(error)) from error
    user.refresh_from_db()


def _free_name(user: User) -> str:
    """A username that nobody has, from what the provider calls them."""
    wanted = re.sub(r"[^\w.@+-]", "", user.username or user.email.partition("@")[0])[:140] or "person"
    number, free = 1, wanted
    while User.objects.filter(username__iexact=free).exists():
        number += 1
        free = f"{wanted}-{number}"
    return free


def _sso_step(*, request: HttpRequest, method: str, user: User, **_signal: Any) -> None:
    """After the sign-in itself, what the provider said of a second factor."""
    if method == "socialaccount" and getattr(request, "_sso_second_factor", False):
        request._sso_second_factor = False  # type: ignore[attr-defined]
        record_authentication(request, user, method=signing.SSO_SECOND_FACTOR)


def connect() -> None:
    """Begin to listen. Twice is as once."""
    authentication_step_completed.connect(_sso_step, dispatch_uid="escalations.inbound.signin.sso")
