"""How one category has evolved: the changes that touch it, version by version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from escalations.core.policy import Policy
from playbook.core.diff.differing import diff
from playbook.core.diff.value import Change, Content

Version = TypeVar("Version", int, str)
SECTIONS = frozenset(
    [
        *("categories", "rules", "triggers", "statutory", "ladders", "targets", "defaults", "remedies", "retention"),
        *("pages", "successors"),
    ]
)
"""What makes up a category: its own fields, what may rule it, its ladder, its targets everywhere, what it may give."""


class Chapter(NamedTuple):
    """What one version changed of a category, since the version before."""

    version: int | str
    changes: tuple[Change, ...]


def history_of(code: str, versions: Iterable[tuple[Version, Policy | Content]]) -> tuple[Chapter, ...]:
    """The changes that touch a category over versions, given oldest first. Versions that left it alone are left out.

    Its own fields, rules and triggers whose scope covers it, deadlines by law, its ladder, its targets in every
    region, the defaults that hold for it, its remedies, how long its cases are kept, its protocol's page. Give all
    versions alike: policies alone, or contents with their pages. Show each chapter through `for_reader`.
    """
    chapters = []
    previous: Content | None = None
    for version, policy in versions:
        content = Content.of(policy) if isinstance(policy, Policy) else policy
        if previous is not None:
            touching = tuple(change for change in diff(previous, content) if touches(change, code))
            if touching:
                chapters.append(Chapter(version, touching))
        previous = content
    return tuple(chapters)


def touches(change: Change, code: str) -> bool:
    """Whether a change belongs to the history of a category."""
    return change.section in SECTIONS and code in change.categories
