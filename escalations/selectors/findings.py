"""Risk findings of a case, for those who may see them."""

from __future__ import annotations

from dataclasses import dataclass

from escalations.core.indicators import TYPES
from escalations.models import Case, Indicator, User
from escalations.models.reach import may
from escalations.selectors.timeline import people_by_id

ADDED = "indicator.added"
SETTLED = "indicator.settled"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding with its type in words, who added and who settled it."""

    row: Indicator
    type: str
    who: str
    settled_by: str

    @property
    def is_open(self) -> bool:
        """Whether it waits to be confirmed or dismissed."""
        return self.row.state == Indicator.State.OPEN


def may_see(user: User, case: Case) -> bool:
    """Whether findings of a case that `user` sees are theirs to see."""
    return may(user, "see_restricted", case)


def findings(case: Case, user: User) -> list[Finding]:
    """Findings of a case, open ones first, then the newest. Two queries. Empty for who may not see them."""
    rows = list(Indicator.objects.visible_to(user).filter(case=case).order_by("-id"))
    names = people_by_id(name for row in rows for name in (row.actor_id, row.settled_by))
    found = [
        Finding(row, TYPES.get(row.type, row.type), names.get(row.actor_id, ""), names.get(row.settled_by, ""))
        for row in rows
    ]
    return sorted(found, key=lambda item: not item.is_open)
