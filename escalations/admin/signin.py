"""How people sign in, in the admin: said on an account's page. The pages for changing it are outside (`mfa_index`)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from allauth.account import admin as _accounts  # noqa: F401  (its pages are taken down below)
from allauth.account.models import EmailAddress
from allauth.mfa import admin as _factors  # noqa: F401
from allauth.mfa.models import Authenticator
from allauth.socialaccount import admin as _sso  # noqa: F401
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from escalations.models import User

# How somebody signs in is set up by themselves, on pages that ask who they are; secrets are shown to nobody.
for kept_by_themselves in (EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken):
    if admin.site.is_registered(kept_by_themselves):
        admin.site.unregister(kept_by_themselves)


class SaysHowOneSignsIn:
    """For the page of an account: the read-only field `signing_in`. Stands before the admin class."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)  # type: ignore[misc]  # of the admin class
        if row is not None:
            row.is_reader = row.pk == request.user.pk
        return row

    @display(description=_("sign-in and second factor"))
    def signing_in(self, row: User) -> Any:
        """By what this person can sign in; for themselves the way to where they change it."""
        if row.pk is None:
            return "–"
        held = Counter(Authenticator.objects.filter(user=row).values_list("type", flat=True))
        ways = [__("password")] if row.has_usable_password() else []
        if keys := held["webauthn"]:
            ways.append(ngettext("%(n)d passkey or key", "%(n)d passkeys or keys", keys) % {"n": keys})
        if held["totp"]:
            ways.append(__("app for codes"))
        if SocialAccount.objects.filter(user=row).exists():
            ways.append(__("single sign-on"))
        said = ", ".join(ways) or "–"
        if not getattr(row, "is_reader", False):
            return said
        return format_html(
            '{}<br><a class="text-primary-600 dark:text-primary-500 underline" href="{}">{}</a>',
            said,
            reverse("mfa_index"),
            __("Sign-in and second factor"),
        )
