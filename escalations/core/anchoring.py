"""What an anchor says, and what a row of anchors is held to. Signing is outside; here is the text that is signed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from escalations.core.canonical import canonical
from escalations.core.chain import Break

FORMAT = "anchor1"
FIRST = ""
"""The `prev` of the first anchor."""


@dataclass(frozen=True, slots=True)
class Said:
    """The signed body of an anchor.

    cases    how many cases there were
    marks    up to which row of each log (`event`, `access`) had been written
    parts    space and SHA-256 of each part, in their order
    prev     the digest of the body of the anchor before
    """

    number: int
    at: dt.datetime
    cases: int
    marks: dict[str, int]
    heads: int
    parts: tuple[tuple[str, str], ...]
    prev: str

    def text(self) -> str:
        """The text that is signed."""
        said = {
            "format": FORMAT,
            "number": self.number,
            "at": self.at.astimezone(dt.UTC).isoformat(),
            "cases": self.cases,
            "marks": self.marks,
            "heads": self.heads,
            "parts": [list(part) for part in self.parts],
            "prev": self.prev,
        }
        return canonical(said).decode()

    @classmethod
    def read(cls, text: str) -> Said:
        """The inverse of `text`. Raises ValueError for anything that no anchor says."""
        try:
            found = json.loads(text)
            if found["format"] != FORMAT:
                raise ValueError(f"an anchor of the format {found['format']!r}")
            return cls(
                number=int(found["number"]),
                at=dt.datetime.fromisoformat(found["at"]),
                cases=int(found["cases"]),
                marks={str(name): int(mark) for name, mark in found["marks"].items()},
                heads=int(found["heads"]),
                parts=tuple((str(space), str(digest)) for space, digest in found["parts"]),
                prev=str(found["prev"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"this is no anchor: {error}") from error


def digest(data: str | bytes) -> str:
    """SHA-256 of a body or a part, as 64 hexadecimal digits."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def follows(said: Said, number: int, prev: str) -> Break | None:
    """Whether an anchor is the one that follows `number - 1`, whose body has the digest `prev`."""
    if said.number != number:
        return Break(number, "missing", f"anchor {number} is missing: anchor {said.number} follows")
    if said.prev != prev:
        return Break(number, "detached", f"anchor {number} does not follow the anchor before it that is there")
    return None


def parts_hold(said: Said, parts: Sequence[tuple[str, bytes]]) -> Break | None:
    """Whether the stored parts of an anchor are those that it was signed with."""
    stored = tuple((space, digest(heads)) for space, heads in parts)
    if stored == said.parts:
        return None
    return Break(said.number, "altered", f"the parts of anchor {said.number} are not those that were signed")
