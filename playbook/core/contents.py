"""What an edition holds, in the order in which people look for it: categories by side, pages by kind, owners."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from escalations.core.lifecycle import STATUSES
from escalations.core.policy import Policy
from escalations.core.policy.document import CalendarSpec, Side
from playbook.core import restricted
from playbook.core.pages import Texts, title

SIDES: tuple[Side, ...] = ("buyer", "seller", "platform")
KINDS = ("guide", "protocol", "criteria", "stage")
"""Kinds of pages that stand by themselves; `category.CODE` is read on the page of its category."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Listed(NamedTuple):
    """A category in the contents."""

    code: str
    name: str
    summary: str
    owner: str


class Leaf(NamedTuple):
    """A page in the contents. `language` is that in which it is shown."""

    key: str
    title: str
    language: str


class Owned(NamedTuple):
    """A category on the map of who owns what."""

    code: str
    name: str
    side: Side


class Owner(NamedTuple):
    """A team with what it owns and what it covers for others."""

    key: str
    name: str
    purpose: str
    owns: tuple[Owned, ...]
    covers: tuple[Owned, ...]


class Hours(NamedTuple):
    """The opening hours of days that have the same: `mon`, `fri`, (("09:00", "18:00"),)."""

    first: str
    last: str
    open: tuple[tuple[str, str], ...]


def by_side(policy: Policy) -> Iterator[tuple[Side, tuple[Listed, ...]]]:
    """The categories of each side, in the document's order; sides without any are left out."""
    for side in SIDES:
        found = tuple(
            Listed(code, row.name, row.summary, policy.central.teams[row.owner].name)
            for code, row in policy.central.categories.items()
            if row.side == side
        )
        if found:
            yield side, found


def language_for(texts: Texts, key: str, wanted: str) -> str | None:
    """The language in which a page is shown to somebody who reads `wanted`: theirs, the same without its country,
    English, or any. None when the page is in none."""
    there = [language for language, pages in texts.items() if key in pages]
    for language in (wanted, wanted.partition("-")[0], "en"):
        if language in there:
            return language
    return there[0] if there else None


def pages(policy: Policy, texts: Texts, kind: str, wanted: str, classes: Collection[str]) -> tuple[Leaf, ...]:
    """The pages of one kind that a reader may see, by title; stages in the order of a case's life."""
    keys = {key for of_language in texts.values() for key in of_language if key.startswith(f"{kind}.")}
    found = []
    for key in keys:
        language = language_for(texts, key, wanted)
        if language is not None and restricted.page_guards(policy, key) <= frozenset(classes):
            found.append(Leaf(key, title(texts[language][key]) or key, language))
    if kind == "stage":
        order = {f"stage.{status}": number for number, status in enumerate(STATUSES)}
        return tuple(sorted(found, key=lambda leaf: order.get(leaf.key, len(order))))
    # Where to begin comes first, whatever it is called.
    return tuple(sorted(found, key=lambda leaf: (not leaf.key.endswith(".start"), leaf.title.casefold(), leaf.key)))


def owners(policy: Policy) -> tuple[Owner, ...]:
    """Every team with what it owns and covers, in the document's order."""
    owns: dict[str, list[Owned]] = {key: [] for key in policy.central.teams}
    covers: dict[str, list[Owned]] = {key: [] for key in policy.central.teams}
    for code, row in policy.central.categories.items():
        owns[row.owner].append(Owned(code, row.name, row.side))
        for team in row.backups:
            covers[team].append(Owned(code, row.name, row.side))
    return tuple(
        Owner(key, team.name, team.purpose or "", tuple(owns[key]), tuple(covers[key]))
        for key, team in policy.central.teams.items()
    )


def hours(calendar: CalendarSpec) -> tuple[Hours, ...]:
    """The weekly hours of a calendar, days that follow each other with the same hours as one."""
    found: list[Hours] = []
    for day in DAYS:
        open_ = tuple((start, end) for start, end in calendar.weekly_hours.get(day, ()))
        if found and found[-1].open == open_ and DAYS.index(found[-1].last) == DAYS.index(day) - 1:
            found[-1] = found[-1]._replace(last=day)
        else:
            found.append(Hours(day, day, open_))
    return tuple(one for one in found if one.open)


def protocols_of(policy: Policy) -> Mapping[str, tuple[str, ...]]:
    """Protocol -> codes of the categories that lead to it by themselves."""
    found: dict[str, list[str]] = {}
    for code, row in policy.central.categories.items():
        if row.protocol is not None:
            found.setdefault(row.protocol, []).append(code)
    return {protocol: tuple(codes) for protocol, codes in found.items()}
