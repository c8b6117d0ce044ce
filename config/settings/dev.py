"""A developer's machine and `make run`: its own keys in var/keys, plain http on localhost, mail in files."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from config.keys import (
    ANCHOR_PUBLIC_VARIABLE,
    ANCHOR_VARIABLE,
    KEY_KINDS,
    SECRET_VARIABLE,
    load,
    load_anchor,
    make_files,
)

os.environ.setdefault("THROUGHLINE_HTTPS", "0")
if os.environ.get("HOST", "") in {"", "127.0.0.1", "localhost", "::1"}:
    # Where nobody else can reach the desk, the people of the demo come in with a password alone.
    os.environ.setdefault("THROUGHLINE_SECOND_FACTOR", "off")

from config.settings.base import *  # noqa: F403
from config.settings.base import LOGGING, STATIC_ROOT, STORAGES, THROUGHLINE_DEMO_PASSWORD, VAR_DIR, env

VAR_DIR.mkdir(parents=True, exist_ok=True)
_files = make_files(VAR_DIR / "keys", datetime.now(UTC))
_environment = {f"{name}_FILE": str(path) for name, path in _files.items()} | {
    name: value
    for name, value in os.environ.items()
    if name.removesuffix("_FILE") in {SECRET_VARIABLE, *KEY_KINDS.values(), ANCHOR_VARIABLE, ANCHOR_PUBLIC_VARIABLE}
}
SECRET_KEY, THROUGHLINE_KEYS = load(_environment)
THROUGHLINE_ANCHOR_KEYS = load_anchor(_environment)

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
_host = env.str("HOST", default="")
if _host and _host not in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not bound to
    ALLOWED_HOSTS.append(_host)

#: Static files straight from where they are written: nothing to collect, and an edit is seen after a restart.
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_AUTOREFRESH = env.bool("DEBUG", default=False)

#: A word that everybody can read here is a password only where nobody else can reach the desk.
if not THROUGHLINE_DEMO_PASSWORD and _host in {"", "127.0.0.1", "localhost", "::1"}:
    THROUGHLINE_DEMO_PASSWORD = "throughline-demo"  # noqa: S105

if not {"EMAIL_URL", "EMAIL_URL_FILE"} & set(os.environ):
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(VAR_DIR / "mail")

if "LOG_LEVEL" not in os.environ:
    LOGGING["loggers"]["django-q"]["level"] = "WARNING"  # the comings and goings of its processes
