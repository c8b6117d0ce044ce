"""How staff sign in: allauth's settings, single sign-on, second factor, how long a session lives. From the environment.

The choices are explained in escalations/decisions/0022-signing-in.md.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config.keys import KeyProblem, read_value
from escalations.core import signing

env = environ.Env()

SIGN_IN_APPS = [
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
LOGOUT_REDIRECT_URL = "account_login"
PASSWORD_RESET_TIMEOUT = 60 * 60

AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]

# ------------------------------------------------------------------------------------------------ password
ACCOUNT_ADAPTER = "escalations.inbound.signin.account.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_SIGNUP_ENABLED = False
ACCOUNT_EMAIL_VERIFICATION = "none"  # administrators write addresses; nobody enters one of their own
ACCOUNT_UNIQUE_EMAIL = True  # of verified addresses; those that administrators write may be shared
ACCOUNT_CHANGE_EMAIL = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # this session stays, all others end
ACCOUNT_SESSION_REMEMBER = True  # how long is decided by the two settings of sessions below
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_FORMS = {"reset_password": "escalations.forms.signin.ResetPassword", "login": "escalations.forms.signin.Login"}
ACCOUNT_RATE_LIMITS = {
    "login_failed": "20/5m/ip,5/5m/key",
    "login": "60/m/ip",
    "reset_password": "10/m/ip,3/10m/key",
    "reset_password_from_key": "10/m/ip",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
}

# ------------------------------------------------------------------------------------------- second factor
MFA_ADAPTER = "escalations.inbound.signin.factors.FactorAdapter"
MFA_FORMS = {"add_webauthn": "escalations.forms.signin.AddKey"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # a key that anybody could touch is no second factor
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Throughline"
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODE_DIGITS = 10

#: Who needs one: `channels` (for the cases of channels that ask for it), `everybody`, or `off`.
THROUGHLINE_SECOND_FACTOR = env.str("THROUGHLINE_SECOND_FACTOR", default="channels")
if THROUGHLINE_SECOND_FACTOR not in signing.MODES:
    raise ImproperlyConfigured(
        f"THROUGHLINE_SECOND_FACTOR is {THROUGHLINE_SECOND_FACTOR!r}; expected one of {', '.join(signing.MODES)}."
    )
#: Minutes after which somebody is asked again who they are before they do what is dangerous.
THROUGHLINE_REAUTHENTICATE_MINUTES = env.int("THROUGHLINE_REAUTHENTICATE_MINUTES", default=15)
if THROUGHLINE_REAUTHENTICATE_MINUTES < 1:
    raise ImproperlyConfigured("THROUGHLINE_REAUTHENTICATE_MINUTES must be 1 or more.")
ACCOUNT_REAUTHENTICATION_TIMEOUT = THROUGHLINE_REAUTHENTICATE_MINUTES * 60

# ------------------------------------------------------------------------------------------------ sessions
#: Minutes without a request, those apart that a page makes by itself, after which a session is over.
THROUGHLINE_IDLE_MINUTES = env.int("THROUGHLINE_IDLE_MINUTES", default=60)
if THROUGHLINE_IDLE_MINUTES < 2:
    raise ImproperlyConfigured("THROUGHLINE_IDLE_MINUTES must be 2 or more.")
SESSION_COOKIE_AGE = 14 * 60 * 60  # a long working day, however busy

#: Proxies of one's own in front: so many addresses at the end of X-Forwarded-For are believed. Without
#: THROUGHLINE_BEHIND_PROXY none, and rate limits go by the address that the connection comes from.
ALLAUTH_TRUSTED_PROXY_COUNT = (
    env.int("THROUGHLINE_PROXIES", default=1) if env.bool("THROUGHLINE_BEHIND_PROXY", default=False) else 0
)

# ------------------------------------------------------------------------------------------ single sign-on
SOCIALACCOUNT_ADAPTER = "escalations.inbound.signin.sso.SsoAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # linking is done by the adapter: once, and on record
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_QUERY_EMAIL = True
#: A form that is posted and then led elsewhere breaks under `form-action 'self'`; the answer is bound to this session.
SOCIALACCOUNT_LOGIN_ON_GET = True


def single_sign_on() -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """Return allauth's settings of the company's OpenID Connect provider and the roles by its groups; two empty ones
    where none is configured. Raises ImproperlyConfigured, naming the variable, for half a configuration."""
    issuer = env.str("THROUGHLINE_OIDC_ISSUER", default="").rstrip("/")
    try:
        secret = read_value("THROUGHLINE_OIDC_CLIENT_SECRET", os.environ)
        groups = signing.group_roles(env.str("THROUGHLINE_OIDC_GROUPS", default=""))
    except (KeyProblem, ValueError) as problem:
        raise ImproperlyConfigured(f"THROUGHLINE_OIDC: {problem}") from problem
    if not issuer:
        return {}, {}
    client = env.str("THROUGHLINE_OIDC_CLIENT_ID", default="")
    for name, value in {"THROUGHLINE_OIDC_CLIENT_ID": client, "THROUGHLINE_OIDC_CLIENT_SECRET": secret}.items():
        if not value:
            raise ImproperlyConfigured(f"{name} is not set, and THROUGHLINE_OIDC_ISSUER is: single sign-on needs both.")
    parts = urlsplit(issuer)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ImproperlyConfigured("THROUGHLINE_OIDC_ISSUER must begin with https://.")
    app = {
        "provider_id": signing.PROVIDER,
        "name": env.str("THROUGHLINE_OIDC_NAME", default="single sign-on"),
        "client_id": client,
        "secret": secret,
        "settings": {
            "server_url": issuer,
            "scope": env.str("THROUGHLINE_OIDC_SCOPES", default="openid profile email").split(),
        },
    }
    return {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}, groups


SOCIALACCOUNT_PROVIDERS, THROUGHLINE_OIDC_GROUPS = single_sign_on()
THROUGHLINE_OIDC_GROUPS_CLAIM = env.str("THROUGHLINE_OIDC_GROUPS_CLAIM", default="groups")
#: Values of the claims `amr` or `acr` by which the provider says that a second factor was used.
THROUGHLINE_OIDC_SECOND_FACTOR: list[str] = env.list("THROUGHLINE_OIDC_SECOND_FACTOR", default=["mfa"])
