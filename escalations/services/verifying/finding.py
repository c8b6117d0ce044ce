"""What a walk finds."""

from __future__ import annotations

from dataclasses import dataclass

from escalations.core.chain import Break


@dataclass(frozen=True, slots=True)
class Finding:
    """The first broken link of a case, of a person's access log, or of the anchors. `seq` is the link's number."""

    what: str
    id: int
    name: str
    seq: int
    how: str
    says: str

    @classmethod
    def of(cls, what: str, pk: int, name: str, found: Break) -> Finding:
        """A break as it is told."""
        return cls(what, pk, name, found.seq, found.how, found.message)
