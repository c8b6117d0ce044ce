"""An installation: keys and hosts are given from outside; a missing one stops the start with its cure."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

from config.keys import KeyProblem, load, load_anchor
from config.settings.base import *  # noqa: F403
from config.settings.base import ALLOWED_HOSTS, DEBUG

try:
    SECRET_KEY, THROUGHLINE_KEYS = load(os.environ)
    THROUGHLINE_ANCHOR_KEYS = load_anchor(os.environ)
except KeyProblem as problem:
    raise ImproperlyConfigured(str(problem)) from problem

if DEBUG:
    raise ImproperlyConfigured("DEBUG shows settings and source to visitors. Unset it, or use config.settings.dev.")
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is empty. Set it to the desk's host names, separated by commas.")
if "THROUGHLINE_BASE_URL" not in os.environ:
    raise ImproperlyConfigured(
        "THROUGHLINE_BASE_URL is not set: messages link to it. For example https://desk.example.org"
    )
if not {"DATABASE_URL", "DATABASE_URL_FILE"} & set(os.environ):
    raise ImproperlyConfigured(
        "DATABASE_URL is not set. For example postgres://desk:password@db.example.org/desk, "
        "or sqlite:////var/lib/throughline/desk.sqlite3 for a small desk on one machine."
    )
