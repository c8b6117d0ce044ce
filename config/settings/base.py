"""What holds everywhere. Whatever differs between places comes from environment variables, read here.

Database, queue and cache options are the ones measured for this program; each says what it prevents.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.keys import KeyProblem, read_value
from config.settings.look import UNFOLD as UNFOLD
from config.settings.signin import *  # noqa: F403
from config.settings.signin import SIGN_IN_APPS

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(environ.Env().str("THROUGHLINE_VAR", default=str(BASE_DIR / "var")))

env = environ.Env()


def secret(name: str, default: str = "") -> str:
    """The value of a variable, or the content of the file that `<name>_FILE` names; `default` without both."""
    try:
        return read_value(name, os.environ) or default
    except KeyProblem as problem:
        raise ImproperlyConfigured(str(problem)) from None


# ---------------------------------------------------------------------------------------------- safety
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

#: True when browsers reach the desk by https: secure cookies, redirect and HSTS hang on it.
THROUGHLINE_HTTPS = env.bool("THROUGHLINE_HTTPS", default=True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = THROUGHLINE_HTTPS
SESSION_COOKIE_HTTPONLY = True
if THROUGHLINE_HTTPS:
    # The prefix has browsers refuse such a cookie from a sister domain, from plain http, and for a part of the site.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = THROUGHLINE_HTTPS and env.bool("THROUGHLINE_HTTPS_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.int("THROUGHLINE_HSTS_SECONDS", default=3600) if THROUGHLINE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("THROUGHLINE_HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("THROUGHLINE_HSTS_PRELOAD", default=False)
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
#: A page of the access log sends a thousand boxes and what belongs to the form.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_500
#: Reports of errors hold no settings, no form and no variable of ours: they may leave by mail.
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.reporting.Sparing"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("THROUGHLINE_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

#: Where the desk is reached, for links in messages. No slash at the end.
THROUGHLINE_BASE_URL = env.str("THROUGHLINE_BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
#: Where parties reach their pages, if that is another address; empty: the same.
THROUGHLINE_STATUS_URL = env.str("THROUGHLINE_STATUS_URL", default="").rstrip("/")

# ------------------------------------------------------------------------------------------------ apps
INSTALLED_APPS = [
    "config",
    "governance",
    "playbook",
    "escalations",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.guardian",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "guardian",
    "simple_history",
    "django_q",
    "rest_framework",
    "django_linear_migrations",
    *SIGN_IN_APPS,
]

MIDDLEWARE = [
    "config.middleware.Headers",
    "config.middleware.ContentSecurityPolicy",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.RequestSize",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.middleware.NoNul",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.sessions.Sessions",
    "config.middleware.AccessLog",
    "config.middleware.ReadersZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.sessions.AskedAgain",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -------------------------------------------------------------------------------------------- database
SQLITE_OPTIONS: dict[str, Any] = {
    # A writer that takes its lock at BEGIN waits in line; one that upgrades a read lock fails at once
    # ("database is locked", 887 times in a minute of four writers; with these options none).
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode = WAL;"
        "PRAGMA synchronous = NORMAL;"
        "PRAGMA busy_timeout = 20000;"
        "PRAGMA journal_size_limit = 67108864;"
    ),
}


def database(url: str) -> dict[str, Any]:
    """Return the DATABASES entry for ``url`` with the options measured for its engine.

    ``ATOMIC_REQUESTS`` stays off: the services open their own transactions, and a read page should not
    hold SQLite's only write lock.
    """
    try:
        config: dict[str, Any] = dict(environ.Env.db_url_config(url))
        known = bool(config.get("ENGINE"))
    except Exception:
        known = False
    if not known:  # without the cause, which quotes it
        raise ImproperlyConfigured(
            "DATABASE_URL cannot be understood. For example postgres://desk:password@db.example.org/desk; signs such "
            "as / @ : # ? in the password are written as %2F %40 %3A %23 %3F."
        )
    config["ATOMIC_REQUESTS"] = False
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["OPTIONS"] = {**SQLITE_OPTIONS, **config.get("OPTIONS", {})}
    else:
        config.setdefault("CONN_MAX_AGE", 60)
        config.setdefault("CONN_HEALTH_CHECKS", True)
    return config


DATABASES = {"default": database(secret("DATABASE_URL", f"sqlite:///{VAR_DIR / 'desk.sqlite3'}"))}

#: One cache that every process shares: a per-process cache would weaken rate limits and replay protection.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "throughline_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000, "CULL_FREQUENCY": 4},
    }
}

# ----------------------------------------------------------------------------------------------- queue
#: The queue is a table of the same database, so that enqueueing commits or rolls back with the write.
#: retry >= timeout * (2 + queue_limit / workers), or a backlog runs tasks twice.
Q_CLUSTER: dict[str, Any] = {
    "name": "throughline",
    "label": "Work queue",
    "orm": "default",
    "workers": env.int("THROUGHLINE_WORKERS", default=2),
    "timeout": 60,
    "retry": 600,
    "max_attempts": 3,
    "queue_limit": 2,
    "bulk": 1,
    "poll": 0.5,
    "catch_up": False,
    "save_limit": 250,
    "recycle": 500,
    "max_rss": 300_000,
}

# ---------------------------------------------------------------------------------------------- people
AUTH_USER_MODEL = "escalations.User"
ANONYMOUS_USER_NAME = None  # parties have no account, and guardian needs none for them
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
#: Password of the people whom `manage.py demo` brings. Empty: each loading makes up its own and says it once.
THROUGHLINE_DEMO_PASSWORD = env.str("THROUGHLINE_DEMO_PASSWORD", default="")
SIMPLE_HISTORY_DATE_INDEX = False  # history is read by row, never by date alone
SIMPLE_HISTORY_REVERT_DISABLED = True  # a revert would overwrite a row past its door

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}

# -------------------------------------------------------------------------------------- words and time
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "locale"]

# ------------------------------------------------------------------------------------- files and pages
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
#: No MEDIA_URL: files leave only through a view that checks who asks. Shared by all hosts where there are several.
MEDIA_ROOT = Path(env.str("THROUGHLINE_FILES_DIR", default=str(VAR_DIR / "files")))
#: A copy of the erasure ledger outside the database: after a restore it says what is to be erased again.
THROUGHLINE_ERASURE_LEDGER = Path(env.str("THROUGHLINE_ERASURE_LEDGER", default=str(VAR_DIR / "erasures.jsonl")))
STORAGES: dict[str, dict[str, Any]] = {
    # Any storage of Django's interface may hold the files, with options as JSON; FILES_DIR counts for the usual one.
    "default": {
        "BACKEND": env.str("THROUGHLINE_FILES_STORAGE", default="django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.json("THROUGHLINE_FILES_STORAGE_OPTIONS", default={}),
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o640
#: Cases that one exported file holds at most.
THROUGHLINE_EXPORT_CASES = env.int("THROUGHLINE_EXPORT_CASES", default=10_000)
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750
#: Files are taken where evidence is added and nowhere else; each piece is counted before it is written.
FILE_UPLOAD_HANDLERS = ["escalations.inbound.uploads.EvidenceUpload"]
DATA_UPLOAD_MAX_NUMBER_FILES = 100  # beyond this the request is not read on; the desk takes 20 at once
#: Megabytes of one file, of one request, and of all files of a case.
THROUGHLINE_FILE_MB = env.int("THROUGHLINE_FILE_MB", default=25)
THROUGHLINE_REQUEST_MB = env.int("THROUGHLINE_REQUEST_MB", default=100)
THROUGHLINE_CASE_FILES_MB = env.int("THROUGHLINE_CASE_FILES_MB", default=250)
#: A virus scanner that speaks clamd's language: `tcp://host:3310` or `unix:///run/clamav/clamd.ctl`; empty: none.
THROUGHLINE_SCAN_URL = env.str("THROUGHLINE_SCAN_URL", default="")

#: Where the daily anchors are also written as files that are never changed; empty: in the database alone.
THROUGHLINE_ANCHOR_DIR = env.str("THROUGHLINE_ANCHOR_DIR", default="")


def by_team(text: str) -> dict[str, str]:
    """Addresses by team, of `team=address,team=address`, or one on each line."""
    found: dict[str, str] = {}
    for place, entry in enumerate(filter(str.strip, text.replace("\n", ",").split(",")), start=1):
        team, equals, address = entry.strip().partition("=")
        if not (team and equals and address):
            raise ImproperlyConfigured(f"THROUGHLINE_CHAT_URLS, entry {place}: expected team=address.")
        found[team.strip()] = address.strip()
    return found


def by_region(text: str) -> dict[str, list[str]]:
    """Hosts by the region that may speak to them, of `region=host host,region=host`; without a region: for all."""
    found: dict[str, list[str]] = {}
    for entry in text.split(","):
        region, _, hosts = entry.rpartition("=")
        found.setdefault(region.strip() or "*", []).extend(hosts.split())
    return found


# ------------------------------------------------------------------------------------------------ mail
_email = secret("EMAIL_URL", "smtp://localhost:25")
if _email.startswith("smtps:"):
    raise ImproperlyConfigured(
        "EMAIL_URL: smtps says too little. Write smtp+tls://... (STARTTLS, port 587) or smtp+ssl://... (TLS, port 465)."
    )
try:
    EMAIL_CONFIG = environ.Env.email_url_config(_email)
    EMAIL_CONFIG["EMAIL_BACKEND"], EMAIL_CONFIG["EMAIL_PORT"]
except Exception:
    raise ImproperlyConfigured(
        "EMAIL_URL cannot be understood. For example smtp+tls://desk:password@mail.example.org:587; signs such as "
        "/ @ : # ? in the password are written as %2F %40 %3A %23 %3F."
    ) from None
EMAIL_BACKEND = EMAIL_CONFIG["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL_CONFIG["EMAIL_HOST"]
EMAIL_PORT = EMAIL_CONFIG["EMAIL_PORT"]
EMAIL_HOST_USER = EMAIL_CONFIG["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = EMAIL_CONFIG["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = EMAIL_CONFIG.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL_CONFIG.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = f"/{EMAIL_CONFIG['EMAIL_FILE_PATH']}" if EMAIL_CONFIG["EMAIL_FILE_PATH"] else None
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Throughline <desk@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

#: Other ways out, as Apprise addresses. Short messages to parties without e-mail: `{to}` stands for the number.
THROUGHLINE_SMS_URL = secret("THROUGHLINE_SMS_URL")
#: Chat rooms of teams, `payments=slack://...,brand=msteams://...`: what is late or handed over, by reference and link.
THROUGHLINE_CHAT_URLS = by_team(secret("THROUGHLINE_CHAT_URLS"))

#: The hosts that these may speak to, by region: `*=hooks.slack.com,eu=sms.example.eu:8443`. Others are refused.
THROUGHLINE_OUTBOUND_HOSTS = by_region(env.str("THROUGHLINE_OUTBOUND_HOSTS", default=""))

# ------------------------------------------------------------------------------------------------- log
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"},
    },
    "filters": {"without_tokens": {"()": "config.reporting.WithoutTokens"}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "line",
            "filters": ["without_tokens"],
        },
    },
    "root": {"handlers": ["stdout"], "level": LOG_LEVEL},
    "loggers": {
        "django-q": {"handlers": ["stdout"], "level": LOG_LEVEL, "propagate": False},
        "django.request": {"filters": ["without_tokens"]},
        "django.server": {"handlers": ["stdout"], "level": LOG_LEVEL, "propagate": False},
    },
}
