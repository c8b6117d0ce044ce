"""The forms of signing in that differ from allauth's own."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm, ResetPasswordForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_q.tasks import async_task


class Login(LoginForm):
    """Name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Username or e-mail address")
        self.fields["login"].widget = forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        )
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs.pop("placeholder", None)


class ResetPassword(ResetPasswordForm):
    """Asks for a link by mail. What it answers, and how long it takes, is the same whether or not there is an account:
    a worker writes the mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("Your e-mail address")
        self.fields["email"].widget.attrs.pop("placeholder", None)

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        async_task("escalations.tasks.send_reset", [user.pk for user in self.users])
        return str(self.cleaned_data["email"])


class AddKey(AddWebAuthnForm):
    """A passkey by default: with it alone one signs in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["passwordless"]
        field.initial = True
        field.label = _("Sign in with it alone, without a password")
        field.help_text = _("Leave it out for a key with no room for a passkey: it then stands beside your password.")
