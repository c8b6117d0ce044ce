"""Helpers of the tests about signing in: by which page, with which password, and a second factor."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from escalations.models import User

LOGIN = "/accounts/login/"
PASSWORD = "correct horse battery"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def sign_in(client: Client, name: str, password: str = PASSWORD, **data: Any) -> Any:
    """Send the form of the sign-in page."""
    return client.post(LOGIN, {"login": name, "password": password, **data})


def code(secret: str = SECRET) -> str:
    """The code that an app shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def give_app(user: User) -> None:
    """Set up an app for codes, with recovery codes."""
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)


def sign_in_with_code(client: Client, name: str) -> Any:
    """Password, then the code of the app."""
    sign_in(client, name)
    return client.post("/accounts/2fa/authenticate/", {"code": code()})


def age(client: Client, *, minutes: float) -> None:
    """Let the session have been that long without anything."""
    session = client.session
    for key in ("account_came_at", "account_seen_at"):
        session[key] -= minutes * 60
    for record in session.get("account_authentication_methods", []):
        record["at"] -= minutes * 60
    session.save()


def now() -> float:
    return time.time()
