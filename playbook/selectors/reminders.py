"""Whom to remind of which articles: owners of what is due for review, reviewers of what nobody looks after any more.

Nothing is kept beside the intents themselves: one for a person and day, named by both, with the ids that it told of.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db.models import Q

from escalations.core.roles import OVERSEE, READ_PLAYBOOK, REVIEW_ARTICLES
from escalations.models import Membership, Outbox, User
from escalations.selectors import people
from escalations.selectors.why import classes
from playbook.models import Article
from playbook.selectors.articles import with_text

KIND = "notice.articles"
MORNING = 8
"""The hour of the reader's day from which they are told."""
AGAIN_AFTER = 7
"""Days after which an article is told of once more."""
_EAST = dt.timedelta(hours=14)  # nobody's day begins earlier


@dataclass(frozen=True, slots=True)
class Reminder:
    """What one person is told of on one day of theirs: ids of articles of theirs that are due, and of others whose
    owner has left."""

    person: int
    day: dt.date
    due: tuple[int, ...] = ()
    left: tuple[int, ...] = ()

    @property
    def occurrence(self) -> str:
        """Its name: one message for a person and day."""
        return _occurrence(self.person, self.day)


def reminders(now: dt.datetime) -> list[Reminder]:
    """Who is to be told at `now`, where it is morning for them and they were not told today: of what they were not told
    within a week. Restricted articles are told to whom they may be known.

    Seven queries, and a few more for each owner or reviewer (their rights), whatever the number of articles.
    """
    rows = with_text(Article.objects.all()).select_related("owner").order_by("review_by", "pk")
    due: dict[int, list[Article]] = defaultdict(list)
    left: list[Article] = []
    users: dict[int, User] = {}
    sight = Sight()
    for row in rows.filter(Q(review_by__lte=(now + _EAST).date()) | Q(owner__is_active=False)):
        owner = users.setdefault(row.owner_id, row.owner)
        if not sight.sees(owner, row):
            left.append(row)
        else:
            due[owner.pk].append(row)
    told_of_left: dict[int, list[int]] = defaultdict(list)
    for row, receivers in _who_reviews(left, sight, now):
        for person in receivers:
            users[person.pk] = person
            told_of_left[person.pk].append(row.pk)
    found = []
    for pk in sorted({*due, *told_of_left}):
        local = _where(users[pk], now)
        if local.hour >= MORNING:
            mine = tuple(row.pk for row in due.get(pk, ()) if _is_due(row, users[pk], now))
            found.append(Reminder(pk, local.date(), mine, tuple(told_of_left.get(pk, ()))))
    return list(_not_told_lately(found))


@dataclass(slots=True)
class Sight:
    """Who may know of an article, each person asked once."""

    _seen: dict[int, frozenset[str] | None]

    def __init__(self) -> None:
        self._seen = {}

    def sees(self, person: User, article: Article) -> bool:
        """Whether somebody is here and may read an article. Up to five queries for somebody new."""
        if person.pk not in self._seen:
            here = person.is_active and person.has_perm(READ_PLAYBOOK)
            self._seen[person.pk] = classes(person) if here else None
        seen = self._seen[person.pk]
        return seen is not None and (not article.visibility or article.visibility in seen)


def _who_reviews(left: Collection[Article], sight: Sight, now: dt.datetime) -> Iterable[tuple[Article, list[User]]]:
    """For articles without an owner who could read them: those who may find them another one. Of the reviewers who may
    know of the article, who leads a team of the one who left, else who oversees all teams, else everybody."""
    if not left:
        return
    backend = settings.AUTHENTICATION_BACKENDS[0]
    review = User.objects.with_perm(REVIEW_ARTICLES, include_superusers=False, backend=backend)
    reviewers = list(review.order_by("pk"))
    oversee = User.objects.with_perm(OVERSEE, include_superusers=False, backend=backend)
    overseers = set(oversee.values_list("pk", flat=True))
    owners = {row.owner_id for row in left}
    teams: dict[int, set[int]] = defaultdict(set)
    for person, team in Membership.objects.filter(person__in=owners).values_list("person_id", "team_id"):
        teams[person].add(team)
    leads = people.members(now, team_ids={team for held in teams.values() for team in held}).filter(leads=True)
    leading: dict[int, set[int]] = defaultdict(set)
    for team, person in leads.values_list("team_id", "person_id"):
        leading[team].add(person)
    for row in left:
        able = [person for person in reviewers if sight.sees(person, row)]
        near = {person for team in teams[row.owner_id] for person in leading[team]}
        yield (
            row,
            [one for one in able if one.pk in near] or [one for one in able if one.pk in overseers] or able,
        )


def _not_told_lately(wanted: Collection[Reminder]) -> Iterable[Reminder]:
    """Reminders less those of who was told today, and less what they were told of within a week. One query."""
    names = {
        _occurrence(one.person, one.day - dt.timedelta(days=ago)): one for one in wanted for ago in range(AGAIN_AFTER)
    }
    told: dict[int, set[int]] = defaultdict(set)
    today: set[int] = set()
    rows = Outbox.objects.filter(occurrence_key__in=names).values_list("occurrence_key", "data")
    for name, data in rows:
        one = names[name]
        told[one.person] |= {*data.get("due", ()), *data.get("left", ())}
        if name == one.occurrence:
            today.add(one.person)
    for one in wanted:
        new_due = tuple(pk for pk in one.due if pk not in told[one.person])
        new_left = tuple(pk for pk in one.left if pk not in told[one.person])
        if one.person not in today and (new_due or new_left):
            yield Reminder(one.person, one.day, new_due, new_left)


def _occurrence(person: int, day: dt.date) -> str:
    return f"articles/{person}/{day.isoformat()}"


@dataclass(frozen=True, slots=True)
class Still:
    """What of a reminder is still so for its reader."""

    due: tuple[Article, ...]
    left: tuple[Article, ...]


def still(data: Mapping[str, Any], reader: User, at: dt.datetime) -> Still:
    """What of an intent's ids is so at `at` and may be known to its reader, who may stand in for whom it was meant:
    articles that are due and have the same owner, and articles whose owner cannot look after them. One query, and a few
    for the reader and each owner of the latter."""
    due, left = set(data.get("due", ())), set(data.get("left", ()))
    rows = with_text(Article.objects.filter(pk__in=due | left)).select_related("owner", "text")
    sight = Sight()
    known = [row for row in rows.order_by("review_by", "pk") if sight.sees(reader, row)]
    return Still(
        tuple(
            row for row in known if row.pk in due and row.owner_id == data.get("person") and _is_due(row, row.owner, at)
        ),
        tuple(row for row in known if row.pk in left and not sight.sees(row.owner, row)),
    )


def _is_due(article: Article, owner: User, at: dt.datetime) -> bool:
    """Whether its day has come where its owner is."""
    return article.review_by <= _where(owner, at).date()


def _where(person: User, at: dt.datetime) -> dt.datetime:
    """A moment on somebody's clock; in UTC where the machine does not know their zone."""
    try:
        return at.astimezone(ZoneInfo(person.timezone))
    except (ZoneInfoNotFoundError, ValueError):
        return at.astimezone(dt.UTC)
