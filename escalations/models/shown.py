"""Which cases a page is made of: every case that is loaded while an answer is made for somebody counts as shown.

A page cannot forget to say what it shows, since it says nothing: loading a row is what is watched. Outside of
`watching()` (workers, commands) nothing is kept. What a page reads of cases without loading them (`values()`, raw SQL)
is not seen here: such a page notes its looks itself, by `services.noting.note`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Shown = dict[int, int | None]
"""Case ids with the ids of their channels; None where the channel was not loaded."""

_watched: ContextVar[Shown | None] = ContextVar("shown_cases", default=None)


def shown(columns: Mapping[str, Any]) -> None:
    """A row of a case was loaded, with these columns. A few hundred nanoseconds."""
    kept = _watched.get()
    if kept is not None and columns.get("id") is not None:
        kept[columns["id"]] = columns.get("channel_id") or kept.get(columns["id"])


@contextmanager
def watching(into: Shown | None = None) -> Iterator[Shown]:
    """Collect the cases that are loaded within the block."""
    kept: Shown = {} if into is None else into
    token = _watched.set(kept)
    try:
        yield kept
    finally:
        _watched.reset(token)
