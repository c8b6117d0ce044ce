"""Why a case is where it is: its stored decisions in words, for one reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalations.core import words
from escalations.models import Case, CaseDecision, User
from escalations.models.reach import Reach
from escalations.models.registry import Channel
from escalations.selectors import law, registry

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision with its reasons as this reader may know them."""

    row: CaseDecision
    why: words.Why


def classes(user: User) -> frozenset[str]:
    """The visibility classes that a person may read, by the key of the channel that names each. One query the first
    time for a user object, and one for each channel that this process has not met yet."""
    return frozenset(registry.key_of(Channel, pk) for pk in Reach.of(user).channels("see_restricted"))


def explained(case: Case, user: User) -> Sequence[Explained]:
    """The newest decisions of a case, newest first, each by the version that made it. Two queries, and one for each
    version that this process has not loaded yet."""
    seen = classes(user)
    rows = CaseDecision.objects.filter(case=case).order_by("-id").select_related("policy_version")
    found = []
    for row in rows.defer("policy_version__document")[:SHOWN]:
        policy = law.policy_of(row.policy_version)
        record = words.Record(row.outcome, row.facts, bytes(row.trace), bytes(row.trigger_trace))
        version = row.policy_version.number
        found.append(Explained(row, words.explain(policy, record, seen.__contains__, version=version)))
    return found
