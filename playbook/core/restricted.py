"""Passages of a page that only some may read: a fenced block whose first word says so.

    ```restricted fraud
    A ring of 50 accounts goes to the head of area at once.
    ```

Its class is the key of a channel, as that of rules and conditions. Who lacks it is told that something stands here,
and neither what nor for whom. What begins like such a block and is not written like one is kept from everybody:
`problems` says so before it is ever published.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from escalations.core.policy import Policy, Variant
from escalations.core.policy.document import Central

WORD = "restricted"
KEPT_BACK = f"```{WORD}\n```"
"""What stands where a passage was taken out."""

_WRITTEN = re.compile(rf"{WORD} +([A-Za-z0-9][A-Za-z0-9_.\-]*)")
_LINE_END = re.compile(r"\r\n?")
_blocks = MarkdownIt("commonmark", {"html": False}).enable(["table"])


class Passage(NamedTuple):
    """A restricted passage: its class (None where it is not written as one), lines, text, and how deep it stands."""

    guard: str | None
    first: int
    end: int
    text: str
    level: int


def guard_of(token: Token) -> str | None:
    """The class of a fenced block that is a restricted passage; None for one that nobody can have."""
    found = _WRITTEN.fullmatch(token.info.strip())
    return found[1] if found else None


def is_passage(token: Token) -> bool:
    """Whether a block of Markdown is a restricted passage, rightly written or not."""
    return token.type == "fence" and token.info.strip().lower().startswith(WORD)


def passages(text: str) -> Iterator[Passage]:
    """The restricted passages of a page, in order. Those inside another belong to it."""
    for token in _blocks.parse(text):
        if is_passage(token) and token.map is not None:
            first, end = token.map
            yield Passage(guard_of(token), first, end, token.content, token.level)


def guards(text: str) -> frozenset[str]:
    """The classes that guard passages of a page, also those inside others; quick for a page without any."""
    if WORD not in text.lower():
        return frozenset()
    found: set[str] = set()
    for passage in passages(text):
        found |= guards(passage.text) | ({passage.guard} if passage.guard else set())
    return frozenset(found)


def visible(text: str, classes: Collection[str] = ()) -> str:
    """The page for a reader with these classes: what is not theirs is taken out, and a mark stands there instead."""
    if WORD not in text.lower():
        return text
    text = _LINE_END.sub("\n", text)
    lines = text.split("\n")
    for passage in reversed(list(passages(text))):
        if passage.guard is None or passage.guard not in classes:
            lines[passage.first : passage.end] = KEPT_BACK.split("\n")
        elif WORD in passage.text.lower():
            # Its fences stay as they are written; what stands between them is read like a page.
            closed = passage.end - passage.first - passage.text.count("\n") > 1
            inner = visible(passage.text, classes).rstrip("\n").split("\n")
            lines[passage.first + 1 : passage.end - (1 if closed else 0)] = inner
    return "\n".join(lines)


def problems(text: str, channels: Collection[str]) -> Iterator[str]:
    """What is wrong with the restricted passages of a page, in words that say what to do."""
    if WORD not in text.lower():
        return
    for passage in passages(text):
        if passage.guard is None:
            yield f"write a restricted passage as ```{WORD} CHANNEL, with the key of one channel and nothing else"
        elif passage.guard not in channels:
            yield (
                f"a passage is restricted to {passage.guard!r}, which is no channel; there are "
                f"{', '.join(sorted(channels))}"
            )
        if passage.level > 0:
            yield "a restricted passage stands by itself, not inside a list or quotation"
        if any(True for _ in passages(passage.text)):
            yield "a restricted passage stands by itself, not inside another one"


def page_guards(policy: Policy, key: str) -> frozenset[str]:
    """The classes that guard a page as a whole: a protocol to which restricted rules alone lead.

    The same as the difference of two editions says of it (`diff.guarding`), so that neither tells what the other keeps.
    """
    if not key.startswith("protocol."):
        return frozenset()
    named, opened = _protocols(policy)
    protocol = key.removeprefix("protocol.")
    return frozenset() if protocol in opened else frozenset(named.get(protocol, ()))


def _protocols(policy: Policy) -> tuple[Mapping[str, set[str]], set[str]]:
    """Protocol -> the classes of the restricted rules that lead to it; and those to which something open leads."""
    parts: tuple[Central | Variant, ...] = (policy.central, *policy.variants.values())
    opened = {row.protocol for part in parts for row in part.categories.values() if row.protocol is not None}
    named: dict[str, set[str]] = {}
    for part in parts:
        for rule in part.rules:
            if rule.then.protocol is None:
                continue
            if rule.visibility is None:
                opened.add(rule.then.protocol)
            else:
                named.setdefault(rule.then.protocol, set()).add(rule.visibility)
    return named, opened
