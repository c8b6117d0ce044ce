"""What a sync of declared things with the database says that it did: one line for each that differed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol


class Differences(Protocol):
    """What differed: names, and what of the changed ones."""

    @property
    def added(self) -> Sequence[str]:
        """What was missing."""

    @property
    def changed(self) -> Mapping[str, Sequence[str]]:
        """What was otherwise, and in what."""

    @property
    def removed(self) -> Sequence[str]:
        """What is not declared."""


def said(found: Differences, *, dry_run: bool) -> Iterator[str]:
    """The lines of a report; in the conditional for a dry run."""
    would = "would be " if dry_run else ""
    for name in found.added:
        yield f"{name} {would}added"
    for name, what in found.changed.items():
        yield f"{name} {would}put right ({', '.join(what)})"
    for name in found.removed:
        yield f"{name} {would}removed: it is not declared"
