"""Who acts: a person, an integration, a worker of the engine, or the party. One value for events, history and rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

ActorKind = Literal["user", "integration", "worker", "party"]


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor by kind and id. `person` carries the signed-in user object along, so that nobody fetches it again;
    it takes no part in comparisons and is never stored."""

    kind: ActorKind
    id: str
    person: Any = field(default=None, compare=False, repr=False)

    @classmethod
    def user(cls, person: Any) -> Actor:
        """A signed-in person of the desk."""
        return cls("user", str(person.pk), person)

    @classmethod
    def worker(cls, name: str) -> Actor:
        """A part of the engine, by its name: `sweep`, `delivery`, `import`, ..."""
        return cls("worker", name)

    @classmethod
    def integration(cls, name: str) -> Actor:
        """A system outside that acts under a key of its own."""
        return cls("integration", name)

    @classmethod
    def party(cls, party_id: int) -> Actor:
        """The buyer, seller or other person outside."""
        return cls("party", str(party_id))

    @property
    def user_id(self) -> int | None:
        """The person's id when the actor is one."""
        return int(self.id) if self.kind == "user" else None

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"
