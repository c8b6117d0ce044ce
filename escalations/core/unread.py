"""Who is passed over for a new case until they have taken in what the playbook changed: a rule of the policy in force.

    kept_for(people, keep=2)      the ids of those whom the case is kept for; None when it is for everybody, as before

It comes after all else that decides who could have the case, and gives way whenever it would leave too few: a team is
never below what its shift needs because somebody has not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ready:
    """Somebody of the team: on duty and able (`staff`), with room for one case more (`free`), and whether they have
    taken in the version that decides the case (`knows`)."""

    id: int
    staff: bool
    free: bool
    knows: bool


def kept_for(people: Iterable[Ready], *, keep: int) -> Collection[int] | None:
    """The ids of those for whom a new case is kept, or None where it is for everybody.

    Kept only while at least `keep` of the staff know the version, and while one of these has room: a case does not
    wait for somebody to read.
    """
    knowing = [one for one in people if one.staff and one.knows]
    free = frozenset(one.id for one in knowing if one.free)
    return free if len(knowing) >= keep and free else None
