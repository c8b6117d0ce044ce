"""Who has not taken in what a version of the playbook changed: asked by assignment, answered by the app above.

A higher app registers its answer, when it is ready; this app never imports it, and without one everybody knows all:

    unread.register(behind)
    behind(version, category="order.damaged", people=[3, 7])      the ids of those who have not taken it in
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from escalations.models import PolicyVersion

Behind = Callable[..., Collection[int]]

_answers: list[Behind] = []


def register(behind: Behind) -> None:
    """Let an app say who is behind; registering another replaces it."""
    _answers[:] = [behind]


def behind(version: PolicyVersion, *, category: str, people: Collection[int]) -> Collection[int]:
    """The ids of those of `people` who have not taken in what `version` changed in a category. A constant number of
    queries, however many people."""
    return _answers[0](version, category=category, people=people) if _answers and people else ()
