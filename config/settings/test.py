"""The test suite: fixed keys, quick passwords, mail in memory, tasks at once, a database for each run."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("THROUGHLINE_HTTPS", "0")
#: Tests sign people in without showing anything; those about second factors ask for one.
os.environ.setdefault("THROUGHLINE_SECOND_FACTOR", "off")

from config.keys import KEY_BYTES, public_half
from config.settings.base import *  # noqa: F403
from config.settings.base import DATABASES, Q_CLUSTER, STORAGES

SECRET_KEY = "test-only-" + "x" * 50
THROUGHLINE_KEYS = {
    kind: [(f"{kind}-2", bytes([place]) * KEY_BYTES), (f"{kind}-1", bytes([place + 100]) * KEY_BYTES)]
    for place, kind in enumerate(("chain", "field", "token"), start=1)
}
THROUGHLINE_ANCHOR_KEYS = {
    "sign": [("anchor-1", bytes([50]) * KEY_BYTES)],
    "verify": [("anchor-1", public_half(bytes([50]) * KEY_BYTES))],
}
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
THROUGHLINE_BASE_URL = "https://desk.example.test"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

#: Several people may run the suite in one checkout: whatever a run writes has the run's own name.
RUN_DIR = Path(tempfile.gettempdir()) / f"throughline-test-{os.getuid()}-{os.getpid()}"
MEDIA_ROOT = RUN_DIR / "files"
STATIC_ROOT = RUN_DIR / "static"
THROUGHLINE_ERASURE_LEDGER = RUN_DIR / "erasures.jsonl"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, as in life: threads and live servers get connections of their own.
    DATABASES["default"]["TEST"] = {"NAME": f"{RUN_DIR}.sqlite3"}
    # Nobody pulls the plug on a test database.
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous = OFF;"

#: In memory, so that counts of queries are counts of the program's own.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
Q_CLUSTER = Q_CLUSTER | {"sync": True}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
