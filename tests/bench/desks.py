"""Databases of a bench: working on one of several in the same process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def on_database(url: str) -> Iterator[None]:
    """Work on a database; what was remembered of another one is forgotten."""
    from django.db import connections
    from django.db.utils import load_backend

    from config.settings.base import database
    from escalations.selectors import law, registry

    before = connections["default"]
    settings = {**connections.settings["default"], "OPTIONS": {}, **database(url)}
    connections["default"] = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "default")
    law.forget()
    registry.forget()
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = before
