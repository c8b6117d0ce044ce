"""Who may approve a change of the playbook: the smallest honest rule.

Somebody who wrote none of it. Where nobody else at the desk could approve it, its author may, after the time that the
version in force states; where it states none, not at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum


class Standing(Enum):
    """Where a person stands towards a proposal."""

    MAY = "may"
    ANOTHER = "another"
    """They wrote some of it, and there is somebody else who can approve it."""
    WAITS = "waits"
    """They are alone, and the time that they wait is not over."""
    NEVER = "never"
    """They are alone, and the version in force lets nobody approve their own change."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether somebody may approve; `since` is the moment from which on they may, where that is a matter of time."""

    standing: Standing
    since: dt.datetime | None = None

    @property
    def may(self) -> bool:
        return self.standing is Standing.MAY


def may_approve(
    person: int,
    *,
    authors: Collection[int],
    deciders: Collection[int],
    proposed_at: dt.datetime,
    alone_after_s: int | None,
    now: dt.datetime,
) -> Answer:
    """Whether a person who decides on proposals may approve this one.

    authors        who proposed it, began its draft or wrote in it
    deciders       everybody who could decide at all, `person` among them
    alone_after_s  seconds that an author waits who is alone, of the version in force; None: never
    """
    if person not in authors:
        return Answer(Standing.MAY)
    if any(other not in authors for other in deciders):
        return Answer(Standing.ANOTHER)
    if alone_after_s is None:
        return Answer(Standing.NEVER)
    since = proposed_at + dt.timedelta(seconds=alone_after_s)
    return Answer(Standing.MAY if now >= since else Standing.WAITS, since)
