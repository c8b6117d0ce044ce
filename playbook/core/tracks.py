"""A track: what somebody reads and practises before they work alone, worked out from the version in force.

It follows from the team that one joins and the region that one serves, so it cannot fall behind the playbook: a new
category of the team is on it the moment that it is in force.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from escalations.core.policy import Policy
from playbook.core import contents
from playbook.core.drills import Topic
from playbook.core.pages import Texts

Part = Literal["working", "owned", "covered", "practice"]
PARTS: tuple[Part, ...] = ("working", "owned", "covered", "practice")


class Step(NamedTuple):
    """One thing to read (`page` is its name, as in `guide.start` or `category.order.damaged`) or to practise
    (`page` is empty, `topic` the key of the drill)."""

    part: Part
    title: str
    page: str = ""
    topic: str = ""


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
