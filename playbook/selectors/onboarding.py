"""Reads of onboarding: somebody's track and how far they are, what a new version changes for them, and their team."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import QuerySet

from escalations.core.policy import Policy
from escalations.core.roles import OVERSEE
from escalations.core.scenario import Scenario
from escalations.models import Membership, PolicyVersion, User
from escalations.selectors import people
from playbook.core import drills
from playbook.core.diff import Change, for_reader
from playbook.core.drills import Drill, Topic
from playbook.core.tracks import PARTS, Part, Step, article_of, categories_of, track, with_articles
from playbook.models import Acknowledgement, DrillCard, Edition, Enrolment, Studied
from playbook.selectors import articles, changes
from playbook.selectors.contents import scenarios_of
from playbook.selectors.reading import Book, book_of
from playbook.selectors.unread import Kept, kept_from


def topics(version: PolicyVersion, classes: Collection[str]) -> tuple[Topic, ...]:
    """What can be practised in a version, for a reader with these classes. One query the first time in a process."""
    return _topics(book_of(version), frozenset(classes))


@lru_cache(maxsize=64)
def _topics(book: Book, classes: frozenset[str]) -> tuple[Topic, ...]:
    source = Edition.objects.published_as(book.digest).values_list("source", flat=True).first()
    written = scenarios_of(json.loads(source)) if source is not None else ()
    return drills.topics(book.policy, [Scenario.model_validate(one) for one in written], classes)


def enrolment(person: User) -> Enrolment | None:
    """Somebody's track, when they have chosen one. One query."""
    return Enrolment.objects.filter(person=person).first()


def suggested_team(person: User, now: dt.datetime) -> str:
    """The team that somebody belongs to; the empty string when they belong to none yet. One query."""
    keys = people.members(now).filter(person=person).order_by("id").values_list("team__key", flat=True)
    return keys.first() or ""


def level_of(person: User, policy: Policy, now: dt.datetime) -> str:
    """The level at which somebody practises: their highest, or the lowest there is. One query."""
    held = set(people.members(now).filter(person=person).values_list("level__key", flat=True))
    levels = policy.levels_by_rank()
    return next((key for key in reversed(levels) if key in held), levels[0])


@dataclass(frozen=True, slots=True)
class Standing:
    """One step of a track, and how somebody stands with it: `new`, `changed` since they read it, `again` for what is
    due once more, `done`."""

    step: Step
    state: str
    due_at: dt.datetime | None = None

    @property
    def is_done(self) -> bool:
        return self.state == "done"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far somebody is: their track with its states, and what comes next."""

    steps: tuple[Standing, ...]

    @property
    def done(self) -> int:
        return sum(one.is_done for one in self.steps)

    @property
    def parts(self) -> list[tuple[Part, list[Standing], int]]:
        """Each part that has steps, with how many of them are done."""
        found = [(part, [one for one in self.steps if one.step.part == part]) for part in PARTS]
        return [(part, some, sum(one.is_done for one in some)) for part, some in found if some]

    @property
    def next(self) -> Standing | None:
        """What to do now: what comes back first, then the rest in order."""
        return next((one for state in ("again", "changed", "new") for one in self.steps if one.state == state), None)


def progress(
    person: User, row: Enrolment, version: PolicyVersion, *, language: str, classes: Collection[str], now: dt.datetime
) -> Progress:
    """How far somebody is on their track. Three queries beside those of the articles that they may read."""
    studied = {one.page: one for one in _studied([person.pk])}
    cards = {card.topic: card for card in DrillCard.objects.filter(person=person)}
    steps = steps_of(row, version, language=language, classes=classes)
    shelf = articles.shelf(articles.published(person), categories_of(steps))
    steps = with_articles(book_of(version).policy, steps, shelf, language=language, studied=studied)
    return _progress(steps, version, classes, now, studied, cards)


def _progress(
    steps: Sequence[Step],
    version: PolicyVersion,
    classes: Collection[str],
    now: dt.datetime,
    studied: Mapping[str, Studied],
    cards: Mapping[str, DrillCard],
) -> Progress:
    def stands(step: Step) -> Standing:
        if step.topic:
            card = cards.get(step.topic)
            if card is None or card.passed_at is None:
                return Standing(
                    step, "new" if card is None or card.due_at > now else "again", card.due_at if card else None
                )
            return Standing(step, "again" if card.due_at <= now else "done", card.due_at)
        read = studied.get(step.page)
        if read is None:
            return Standing(step, "new")
        if step.since is not None:  # an article: its texts follow one another by themselves, not by versions
            return Standing(step, "changed" if read.at < step.since else "done")
        return Standing(step, "changed" if step.page in changes.touched(read.version, version, classes) else "done")

    return Progress(tuple(stands(step) for step in steps))


def may_study(
    person: User, row: Enrolment | None, page: str, version: PolicyVersion, *, classes: Collection[str]
) -> bool:
    """Whether a page is of somebody's track: one of its steps, or an article of its categories that they may read, also
    one that has just made room for a better one. One query for an article, beside those of what they may read."""
    steps = steps_of(row, version, language="en", classes=classes) if row is not None else ()
    if key := article_of(page):
        mine = articles.published(person).filter(categories__category__in=categories_of(steps))
        return mine.filter(key=key).exists()
    return page in {step.page for step in steps if step.page}


def steps_of(row: Enrolment, version: PolicyVersion, *, language: str, classes: Collection[str]) -> tuple[Step, ...]:
    """The steps of somebody's track in a version, without articles. No query, but the first time in a process."""
    return _track(book_of(version), row.team, row.region, language, frozenset(classes))


@lru_cache(maxsize=256)
def _track(book: Book, team: str, region: str, language: str, classes: frozenset[str]) -> tuple[Step, ...]:
    practice = _topics(book, classes)
    return track(book.policy, book.texts, practice, team=team, region=region, language=language, classes=classes)


def _studied(person_ids: Collection[int]) -> QuerySet[Studied]:
    rows = Studied.objects.filter(person__in=person_ids).select_related("version")
    return rows.defer("version__document")


def drill_for(
    person: User, key: str, version: PolicyVersion, *, classes: Collection[str], now: dt.datetime
) -> tuple[Drill, int] | None:
    """The drill of a topic that somebody meets now, and its variant; None where there is no such topic for them.
    Two queries."""
    topic = next((one for one in topics(version, classes) if one.key == key), None)
    if topic is None:
        return None
    seen = DrillCard.objects.filter(person=person, topic=key).values_list("seen", flat=True).first() or 0
    level = level_of(person, book_of(version).policy, now)
    return made(version, topic, level=level, variant=seen, classes=classes), seen


def made(version: PolicyVersion, topic: Topic, *, level: str, variant: int, classes: Collection[str]) -> Drill:
    """A drill of a version: the same for the same arguments, as long as the version is there."""
    since = version.effective_at.date()
    return drills.drill(book_of(version).policy, topic, level=level, variant=variant, since=since, classes=classes)


# --------------------------------------------------------------------------------------------------- a new version


@dataclass(frozen=True, slots=True)
class News:
    """What versions since the last one that somebody took in change for their work."""

    since: PolicyVersion
    changes: tuple[Change, ...]


def news(person: User, row: Enrolment | None, version: PolicyVersion, classes: Collection[str]) -> News | None:
    """What is new for somebody: the changes since the version that they took in last which affect their team's
    categories or everybody's work. None when they have taken in the one in force, or there was nothing before.
    Two queries."""
    last = (
        Acknowledgement.objects.filter(person=person, version__number__lte=version.number)
        .select_related("version")
        .defer("version__document")
        .order_by("-version__number")
        .first()
    )
    since = last.version if last is not None else _first_met(row, version)
    if since is None or since.pk == version.pk:
        return None
    found = for_reader(changes.between(since, version), classes)
    return News(since, tuple(change for change in found if _concerns(change, row)))


def _first_met(row: Enrolment | None, version: PolicyVersion) -> PolicyVersion | None:
    """For who has never taken in any: the version in force when they began, or the one before this."""
    rows = PolicyVersion.objects.order_by("-effective_at", "-number")
    if row is not None:
        return rows.filter(effective_at__lte=row.began_at).first()
    return rows.filter(number__lt=version.number).first()


def _concerns(change: Change, row: Enrolment | None) -> bool:
    """Whether a change affects somebody's team, or nobody's in particular. Without a team everything does."""
    teams = {who.key for who in change.affected if who.kind == "team"}
    return row is None or not teams or row.team in teams


# ------------------------------------------------------------------------------------------------------------ a lead


@dataclass(frozen=True, slots=True)
class Learner:
    """How far one person of a team is."""

    person: User
    enrolment: Enrolment
    progress: Progress
    passed: int
    misses: int
    took_in: PolicyVersion | None
    kept: Kept | None

    @property
    def percent(self) -> int:
        steps = len(self.progress.steps)
        return 100 * self.progress.done // steps if steps else 0


def learners(lead: User, version: PolicyVersion, *, language: str, now: dt.datetime) -> list[Learner]:
    """The people with a track whom somebody leads, or everybody's for who oversees all teams; who has most before them
    first. What only some may read counts for nobody here.

    Seven queries, however many people, and five where the policy keeps new cases for those who have read.
    """
    rows = Enrolment.objects.select_related("person").filter(person__is_active=True)
    if not lead.has_perm(OVERSEE):
        led = people.led_by(lead, now).values("team_id")
        mine = Membership.objects.filter(people.in_span(now), team_id__in=led).values("person_id")
        keys = people.led_by(lead, now).values("team__key")
        rows = rows.filter(person_id__in=mine) | rows.filter(team__in=keys)
    enrolled = list(rows.distinct())
    ids = [row.person_id for row in enrolled]
    studied: dict[int, dict[str, Studied]] = {}
    for one in _studied(ids):
        studied.setdefault(one.person_id, {})[one.page] = one
    cards: dict[int, dict[str, DrillCard]] = {}
    for card in DrillCard.objects.filter(person__in=ids):
        cards.setdefault(card.person_id, {})[card.topic] = card
    took: dict[int, PolicyVersion] = {}
    acknowledged = Acknowledgement.objects.filter(person__in=ids).select_related("version")
    for said in acknowledged.defer("version__document").order_by("version__number"):
        took[said.person_id] = said.version
    kept = kept_from(ids, version, now)
    tracks = {row.pk: steps_of(row, version, language=language, classes=()) for row in enrolled}
    codes = {code for steps in tracks.values() for code in categories_of(steps)}
    shelf = articles.shelf(articles.for_everybody(), codes)
    policy = book_of(version).policy

    def far(row: Enrolment) -> Progress:
        mine, drilled = studied.get(row.person_id, {}), cards.get(row.person_id, {})
        steps = with_articles(policy, tracks[row.pk], shelf, language=row.person.language, studied=mine)
        return _progress(steps, version, (), now, mine, drilled)

    found = [
        Learner(
            row.person,
            row,
            far(row),
            sum(card.passed_at is not None for card in cards.get(row.person_id, {}).values()),
            sum(card.box == 0 for card in cards.get(row.person_id, {}).values()),
            took.get(row.person_id),
            kept.get(row.person_id),
        )
        for row in enrolled
    ]
    return sorted(found, key=lambda one: (one.percent, str(one.person)))
