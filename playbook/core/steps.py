"""Ladders as people read them: when each step comes, where it leads, and whom it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from escalations.core.policy import Policy, Span


class Told(NamedTuple):
    """Somebody who hears of a step: `assignee`, `team_lead`, `receiver`, or `role` with its name."""

    kind: str
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: after how long, to which level (none: people are only told), who takes over (none: nobody), who hears
    of it, and the role that is asked off hours."""

    key: str
    after: Span
    level: str
    level_name: str
    team: str
    team_name: str
    tells: tuple[Told, ...]
    on_call: str
    on_call_name: str


@dataclass(frozen=True, slots=True)
class Climb:
    """A ladder with its steps, in order."""

    key: str
    name: str
    steps: tuple[Step, ...]


def climb(policy: Policy, key: str) -> Climb:
    """A ladder of the policy in words. Raises KeyError for one that it does not have."""
    central = policy.central
    ladder = central.ladders[key]

    def role(named: str) -> str:
        return central.roles[named].name if named in central.roles else named

    def told(whom: str) -> Told:
        kind, _, name = whom.partition(":")
        return Told(kind, name, role(name) if name else "")

    return Climb(
        key,
        ladder.name,
        tuple(
            Step(
                key=rung.key,
                after=rung.after,
                level=rung.level or "",
                level_name=central.levels[rung.level].name if rung.level else "",
                team=rung.team or "",
                team_name=central.teams[rung.team].name if rung.team else "",
                tells=tuple(told(whom) for whom in rung.tell),
                on_call=rung.on_call or "",
                on_call_name=role(rung.on_call) if rung.on_call else "",
            )
            for rung in ladder.rungs
        ),
    )
