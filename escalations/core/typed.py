"""Numbers as people and programs type them into addresses and forms: ids, or nothing."""

from __future__ import annotations

from collections.abc import Iterable

LARGEST_ID = 2**63 - 1
"""The largest id that a database keeps."""


def id_of(text: str | None) -> int | None:
    """The id that a text stands for; None for every other text. `str.isdigit` would take ² and ٣ as well."""
    if not text or len(text) > 19 or not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if number <= LARGEST_ID else None


def ids_of(texts: Iterable[str]) -> list[int]:
    """The ids among some texts, in their order."""
    return [number for text in texts if (number := id_of(text)) is not None]
