"""For tests of the reading pages: the presets as versions of a desk, people who read, and what a page says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from escalations.models import PolicyVersion, User
from escalations.services import channels
from escalations.services.roles import follow, group_of
from playbook import presets
from playbook.core.compiling import Compiled, compile_source, with_horizon
from playbook.core.reading import read
from playbook.core.source import Source
from tests.governance.publishing import installer, trusting

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


@cache
def compiled(name: str) -> Compiled:
    """A preset, compiled."""
    return compile_source(with_horizon(read(presets.folder(name)), range(2025, 2030)))


def put(found: Compiled | Source, *, at: dt.datetime = NOW - dt.timedelta(days=30), number: int = 1) -> PolicyVersion:
    """Install an edition as a version in force from `at` on."""
    found = compile_source(found) if isinstance(found, Source) else found
    with trusting("test") as kept:
        kept.extend([None] * (number - 1))  # type: ignore[list-item]  # each reference once
        return installer(kept)(
            found.policy.document(), now=at, pages=dict(found.texts), successors=dict(found.successors)
        )


def reader(name: str = "nora", role: str = "onboarding", channel: str = "") -> User:
    """Somebody who reads the playbook; with a channel, as one of its specialists."""
    person = User.objects.create_user(username=name, email=f"{name}@desk.example", password="correct horse battery")
    if role:
        person.groups.add(group_of(role))
        follow(person)
    if channel:
        from escalations.models import Channel

        person.groups.add(channels.ensure_groups(Channel.objects.get(key=channel))["specialists"])
    return person


def signed_in(person: User, language: str = "en") -> Client:
    """A browser of this person."""
    client = Client(headers={"Accept-Language": language})
    client.force_login(person)
    return client


class Element(dict[str, Any]):
    """An element with its attributes, its tag, the words directly inside (or one deeper), and what it stands in."""

    tag: str
    words: str
    within: list[Element]


VOID = {"input", "br", "hr", "meta", "link", "img", "circle", "line", "rect", "path"}


class Page(HTMLParser):
    """A page, read back from its HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element({name: value or "" for name, value in attrs})
        made.tag, made.words, made.within = tag, "", list(self._open)
        self.elements.append(made)
        if tag not in VOID:
            self._open.append(made)

    def handle_endtag(self, tag: str) -> None:
        for number in range(len(self._open) - 1, -1, -1):
            if self._open[number].tag == tag:
                del self._open[number:]
                return

    def handle_data(self, data: str) -> None:
        for element in self._open[-2:]:
            element.words += data

    def having(self, name: str, value: str | None = None) -> Iterator[Element]:
        """The elements with an attribute."""
        return (one for one in self.elements if name in one and value in (None, one[name]))

    @property
    def links(self) -> list[str]:
        """Where the page leads."""
        return [one["href"] for one in self.elements if one.tag == "a" and one.get("href")]
