"""Who has not taken in what a version changed: for assignment, for the person themself, and for who leads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Max, Min

from escalations.core import clock as clocks
from escalations.models import Membership, PolicyVersion
from escalations.selectors import law, people
from playbook.core.diff import for_reader
from playbook.core.diff.history import touches
from playbook.models import Acknowledgement
from playbook.selectors import changes


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept for others until somebody has read: names of categories of their teams, and from when on."""

    categories: tuple[str, ...]
    since: dt.datetime
    begun: bool


Since = Mapping[int, PolicyVersion | None]


def behind(version: PolicyVersion, *, category: str, people: Collection[int]) -> frozenset[int]:
    """The ids of those of `people` who have not taken in what `version` changed in a category since what they know.

    Three queries, and two for each version that this process has not compared yet.
    """
    since = known_by(people, version)
    return frozenset(
        person for person, known in since.items() if known is not None and category in changed(known, version)
    )


def known_by(people: Collection[int], version: PolicyVersion) -> Since:
    """The version that each of some people took in last, up to this one. For who never took in any, the one before
    this; None for who joined their first team when it was in force already, and met nothing else. Three queries."""
    said = dict(
        Acknowledgement.objects.filter(person__in=people, version__number__lte=version.number)
        .order_by()
        .values_list("person")
        .annotate(last=Max("version__number"))
    )
    joined = dict(
        Membership.objects.filter(person__in=people).order_by().values_list("person").annotate(first=Min("starts_at"))
    )
    numbers = {*said.values(), version.number - 1}
    rows = PolicyVersion.objects.filter(number__in=numbers).defer("document")
    versions = {row.number: row for row in rows}
    found: dict[int, PolicyVersion | None] = {}
    for person in people:
        if person in said:
            found[person] = versions[said[person]]
        elif person in joined and joined[person] < version.effective_at:
            found[person] = versions.get(version.number - 1)
        else:
            found[person] = None
    return found


def changed(old: PolicyVersion, new: PolicyVersion) -> frozenset[str]:
    """The categories in which a version decides or promises otherwise than an older one, as far as everybody may read
    it: nobody is held to what they cannot see. Worked out once in a process."""
    if old.pk == new.pk:
        return frozenset()
    return _changed(old.edition_digest, old.pk, new.edition_digest, new.pk)


@lru_cache(maxsize=256)
def _changed(_old: str, old_id: int, _new: str, new_id: int) -> frozenset[str]:
    found = PolicyVersion.objects.in_bulk([old_id, new_id])
    shown = [change for change in for_reader(changes.between(found[old_id], found[new_id])) if change.normative]
    return frozenset(code for change in shown for code in change.categories if touches(change, code))


def kept_from(person_ids: Collection[int], version: PolicyVersion, now: dt.datetime) -> Mapping[int, Kept]:
    """For each of some people of whom the policy keeps new cases back until they have read: which, and since or from
    when. Five queries, however many people; none where the policy says nothing of it."""
    policy = law.policy_of(version)
    rule = policy.central.reading
    if rule is None:
        return {}
    teams: dict[int, list[str]] = {}
    rows = people.members(now).filter(person__in=person_ids).order_by("id")
    for person, team in rows.values_list("person_id", "team__key"):
        teams.setdefault(person, []).append(team)
    found = {}
    for person, known in known_by(list(teams), version).items():
        if known is None:
            continue
        theirs = [
            row.name
            for code, row in policy.central.categories.items()
            if code in changed(known, version) and not {row.owner, *row.backups}.isdisjoint(teams[person])
        ]
        first = policy.central.teams.get(teams[person][0])
        if not theirs or first is None:
            continue
        calendar = law.policy_calendar(policy, first.calendar)
        since = clocks.due_after(rule.within.basis, rule.within.seconds, at=version.effective_at, calendar=calendar)
        found[person] = Kept(tuple(sorted(theirs)), since, since <= now)
    return found
