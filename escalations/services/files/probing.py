"""Whether two processes share one storage: one writes something unguessable, the other reads it."""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Iterator

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

ROOM = "probes"
_TOKEN = re.compile(r"[0-9a-f]{32}")


@contextlib.contextmanager
def written() -> Iterator[tuple[str, str]]:
    """Put a probe into storage: the token that names it, and what it says. It goes when the block ends. Raises what
    the storage raises."""
    token, says = secrets.token_hex(16), secrets.token_hex(16)
    key = default_storage.save(f"{ROOM}/{token}", ContentFile(says.encode()))
    try:
        yield token, says
    finally:
        with contextlib.suppress(OSError):
            default_storage.delete(key)


def read(token: str) -> str:
    """What a probe says; empty where it is not found."""
    if not _TOKEN.fullmatch(token):
        return ""
    try:
        with default_storage.open(f"{ROOM}/{token}", "rb") as file:
            return bytes(file.read(64)).decode(errors="replace")
    except OSError:
        return ""
