"""Signing in with a password: nobody makes an account, nobody learns whether there is one, and tries are counted."""

from __future__ import annotations

import math
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.account.internal.userkit import filter_users_by_email, get_user_by_username
from allauth.core import context
from allauth.core.internal import ratelimit
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_q.tasks import async_task

from escalations.core import roles, watching
from escalations.inbound.signin import session, sso
from escalations.models import User
from escalations.services import noting


class AccountAdapter(DefaultAccountAdapter):
    """allauth's hooks for accounts, as the desk wants them."""

    error_messages = DefaultAccountAdapter.error_messages | {
        f"{way}_password_mismatch": _("The username or the password is wrong.") for way in ("username", "email")
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account here: administrators do, and single sign-on (`sso`) for whom the company knows."""
        return False

    # ------------------------------------------------------------------------------------------------ tries are counted

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Tries count against the account, by whichever of its names it is called; without one, against the name."""
        name = str(credentials.get("email") or credentials.get("username") or "")
        found = get_user_by_username(name) or next(iter(filter_users_by_email(name, for_login=True)), None)
        return f"account:{found.pk}" if found is not None else f"name:{name.lower()}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        key = self._get_login_attempts_cache_key(request, **credentials)
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            locked_out(request, key)
            raise wait(request, key) from None

    # ----------------------------------------------------------------------------------------------- who is let in

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **hook: Any) -> HttpResponse | None:
        """An account that is switched off, or is no person's, does not come in; it is said once who they are."""
        refused = super().pre_login(request, user, **hook)
        if refused is None and isinstance(user, User) and not may_sign_in(user):
            clear_login(request)
            why = "system" if user.has_perm(roles.USE_API) else "no-role"
            return redirect(f"{reverse('account_inactive')}?{urlencode({'why': why})}")
        return refused

    def is_safe_url(self, url: str | None) -> bool:
        """Only addresses of the desk itself, and so without a host."""
        return url_has_allowed_host_and_scheme(url or "", allowed_hosts=None)

    # ---------------------------------------------------------------------------------------------- asked once more

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Somebody who signed in just now is not asked again."""
        request = context.request
        return not request.user.is_authenticated or not session.is_recent(request, timezone.now())

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        """Password, code, key; and single sign-on again for whom the provider knows."""
        ways = super().get_reauthentication_methods(user)
        if isinstance(user, User) and sso.is_linked(user):
            ways.append(
                {
                    "id": "sso",
                    "description": __("Sign in again with %(name)s") % {"name": sso.name()},
                    "url": f"{sso.address()}?{urlencode({'process': 'redirect', 'auth_params': sso.AGAIN})}",
                }
            )
        return ways

    # ----------------------------------------------------------------------------------------------------------- mail

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell somebody that how they sign in was changed. A worker writes and sends it."""
        async_task("escalations.tasks.tell_of_sign_in", user.pk, template_prefix.rpartition("/")[2])

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """That somebody has signed in or out they see themselves."""
        if message_template in ("account/messages/logged_in.txt", "account/messages/logged_out.txt"):
            return
        super().add_message(request, level, message_template, *args, **kwargs)


def may_sign_in(user: User) -> bool:
    """Whether an account is one with which a person comes in by a browser. Two queries at most."""
    return user.is_staff or user.is_superuser or any(user.has_perm(permission) for permission in roles.SIGN_IN)


def wait_s(request: HttpRequest, key: str) -> int:
    """Seconds until one more try is taken: of the limits of failed sign-ins, by account and by address, the longest."""
    now, longest = time.time(), 0.0
    for rate in ratelimit.get_rates(app="allauth.account", action="login_failed"):
        stored = ratelimit.get_cache_key(request, app="allauth.account", action="login_failed", rate=rate, key=key)
        tries = [at for at in cache.get(stored, []) if at > now - rate.duration]
        if len(tries) >= rate.amount:
            longest = max(longest, tries[-1] + rate.duration - now)
    return math.ceil(longest)


def wait(request: HttpRequest, key: str) -> ValidationError:
    """What is said to somebody who has tried too often: for how long."""
    minutes = max(1, math.ceil(wait_s(request, key) / 60))
    return ValidationError(
        ngettext(
            "Too many tries. Wait %(n)d minute, then try again, or sign in another way.",
            "Too many tries. Wait %(n)d minutes, then try again, or sign in another way.",
            minutes,
        )
        % {"n": minutes},
        code="too_many_login_attempts",
    )


def locked_out(request: HttpRequest, key: str) -> None:
    """Put on record, once for each time, that an account or a name takes no more tries for a while."""
    if cache.add(f"locked-out:{key}", 1, max(60, wait_s(request, key))):
        kind, _sep, value = key.partition(":")
        person = User.objects.filter(pk=value).first() if kind == "account" else None
        noting.note(kind=watching.LOCKED_OUT, person=person, now=timezone.now())


def again_address(request: HttpRequest, back: str) -> str:
    """Where somebody shows once more who they are, and is led back from."""
    ways = AccountAdapter(request).get_reauthentication_methods(request.user)
    way = str(ways[0]["url"]) if ways else reverse("account_logout")
    return f"{way}{'&' if '?' in way else '?'}{urlencode({'next': back})}"
