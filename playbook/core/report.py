"""How commands speak about editions: problems line by line, or as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from playbook.core.compiling import Compiled
from playbook.core.source import Problem


def as_lines(problems: Iterable[Problem]) -> str:
    """One line for each problem: place, colon, what to do."""
    return "\n".join(f"  {problem}" for problem in problems)


def as_json(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """Problems as plain values."""
    return [
        {"place": problem.place, "message": problem.message} | ({"code": problem.code} if problem.code else {})
        for problem in problems
    ]


def summary(compiled: Compiled) -> dict[str, Any]:
    """What an edition holds, in numbers and digests."""
    central = compiled.policy.central
    return {
        "title": compiled.policy.title,
        "edition_digest": compiled.digest,
        "policy_digest": compiled.policy.digest,
        "part_digests": compiled.policy.part_digests,
        "categories": len(central.categories),
        "rules": len(central.rules) + sum(len(part.rules) for part in compiled.policy.variants.values()),
        "triggers": len(central.triggers),
        "teams": len(central.teams),
        "regions": len(central.regions),
        "pages": len(compiled.texts),
        "scenarios": compiled.scenarios,
        "warnings": as_json(compiled.warnings),
        "notes": dict(compiled.notes),
    }
