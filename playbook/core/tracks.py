"""A track: what somebody reads and practises before they work alone, worked out from the version in force.

It follows from the team that one joins and the region that one serves, so it cannot fall behind the playbook: a new
category of the team is on it the moment that it is in force. Articles join it as they are published, a few to each
category, those first that helped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from escalations.core.policy import Policy
from playbook.core import contents
from playbook.core.drills import Topic
from playbook.core.pages import Texts

Part = Literal["working", "owned", "covered", "practice"]
PARTS: tuple[Part, ...] = ("working", "owned", "covered", "practice")
ARTICLES = 2
"""Articles of one category on a track, at most."""
_CATEGORY, _ARTICLE = "category.", "article."


class Step(NamedTuple):
    """One thing to read (`page` is its name, as in `guide.start`, `category.order.damaged` or, for an article in any of
    its languages, `article.damaged-parcel`) or to practise (`page` is empty, `topic` the key of the drill).

    Of an article also the language in which it is read, and since when it reads as it does.
    """

    part: Part
    title: str
    page: str = ""
    topic: str = ""
    language: str = ""
    since: dt.datetime | None = None

    @property
    def article(self) -> str:
        """The key of the article that it is; the empty string for anything else."""
        return article_of(self.page)


class Shelved(NamedTuple):
    """An article of a category as a track considers it: in one language, for whose questions, and how it helped.
    `since` is when its text was approved."""

    key: str
    language: str
    title: str
    audience: str
    since: dt.datetime
    helped: int = 0
    unclear: int = 0

    @property
    def helpful(self) -> float:
        """How likely it helps the next one: of those who said so or solved a case with it, a few answers saying less
        than many; one half before anybody has."""
        return (self.helped + 1) / (self.helped + self.unclear + 2)


def track(
    policy: Policy,
    texts: Texts,
    topics: Sequence[Topic],
    *,
    team: str,
    region: str,
    language: str,
    classes: Collection[str],
) -> tuple[Step, ...]:
    """The steps of who joins a team and serves a region, in the order in which one takes them.

    How the desk works; the protocols and categories of what the team owns, then of what it covers for others; then
    the drills of all these, those of the region first, so that one meets what is nearest before the rest of the world.
    """
    central = policy.central
    owned = [code for code, row in central.categories.items() if row.owner == team]
    covered = [code for code, row in central.categories.items() if team in row.backups and row.owner != team]
    steps = [
        Step("working", leaf.title, leaf.key)
        for kind in ("guide", "stage", "criteria")
        for leaf in contents.pages(policy, texts, kind, language, classes)
    ]
    protocols = {leaf.key: leaf.title for leaf in contents.pages(policy, texts, "protocol", language, classes)}
    seen: set[str] = set()
    parts: tuple[tuple[Part, list[str]], ...] = (("owned", owned), ("covered", covered))
    for part, codes in parts:
        for code in codes:
            steps.append(Step(part, central.categories[code].name, f"category.{code}"))
            protocol = f"protocol.{central.categories[code].protocol}"
            if protocol in protocols and protocol not in seen:
                seen.add(protocol)
                steps.append(Step(part, protocols[protocol], protocol))
    chain = frozenset(policy.region_chain(region))
    mine = [topic for topic in topics if topic.owner == team or topic.category in owned or topic.category in covered]
    mine.sort(key=lambda topic: (topic.region not in chain, topic.category not in owned))
    return (*steps, *(Step("practice", topic.name, topic=topic.key) for topic in mine))


def article_of(page: str) -> str:
    """The key of the article that a step's page names; the empty string for any other page."""
    return page.removeprefix(_ARTICLE) if page.startswith(_ARTICLE) else ""


def categories_of(steps: Iterable[Step]) -> tuple[str, ...]:
    """The categories that a track goes through, in its order."""
    return tuple(step.page.removeprefix(_CATEGORY) for step in steps if step.page.startswith(_CATEGORY))


def with_articles(
    policy: Policy,
    steps: Iterable[Step],
    shelf: Mapping[str, Sequence[Shelved]],
    *,
    language: str,
    studied: Collection[str],
) -> tuple[Step, ...]:
    """A track with the articles of its categories, each category's after its pages; an article once.

    shelf     the articles of each category, each in all its languages
    studied   the pages that this person has read: articles among them stay, so that one that readers come to find
              better does not take the place of what somebody has done
    """
    found: list[Step] = []
    waiting: list[Step] = []
    seen: set[str] = set()
    for step in steps:
        if not step.page.startswith("protocol."):  # the page that belongs to the category before it
            found += waiting
            waiting = []
        found.append(step)
        if step.page.startswith(_CATEGORY):
            code = step.page.removeprefix(_CATEGORY)
            left = [one for one in shelf.get(code, ()) if one.key not in seen]
            best = chosen(left, side=policy.central.categories[code].side, language=language, studied=studied)
            seen |= {one.key for one in best}
            waiting = [
                Step(step.part, one.title, f"{_ARTICLE}{one.key}", language=one.language, since=one.since)
                for one in best
            ]
    return (*found, *waiting)


def chosen(
    shelf: Iterable[Shelved], *, side: str, language: str, studied: Collection[str], most: int = ARTICLES
) -> list[Shelved]:
    """The articles of one category that are read on a track, at most `most`: those that somebody has read already, then
    those in their language before English ones, about the questions of the category's side or of agents before others,
    the most helpful first. One article in one language; what is in neither language is left out."""
    tongues = dict.fromkeys((language, language.partition("-")[0], "en"))
    ranks = {tongue: rank for rank, tongue in enumerate(tongues)}
    in_reach = sorted((one for one in shelf if one.language in ranks), key=lambda one: ranks[one.language])
    by_key: dict[str, Shelved] = {}
    for one in in_reach:
        by_key.setdefault(one.key, one)

    def order(one: Shelved) -> tuple[bool, int, bool, float, str]:
        read = f"{_ARTICLE}{one.key}" in studied
        return not read, ranks[one.language], one.audience not in (side, "agent"), -one.helpful, one.key

    return sorted(by_key.values(), key=order)[:most]
