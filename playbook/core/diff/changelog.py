"""A changelog in Markdown: each change once, under the parties whom it affects, with its reason beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from escalations.core.words.phrases import listing
from playbook.core.diff.reading import for_reader
from playbook.core.diff.value import ABSENT, Address, Change, Classes

T = TypeVar("T")

_SPECIAL = re.compile(r"([\\`*_\[\]<#])")
_PLAIN = {"buyer": "buyers", "seller": "sellers", "platform": "the marketplace as a whole"}
_MOST_NAMED = 5
NOBODY = "For the desk itself"


def changelog(changes: Iterable[Change], rationales: Mapping[Address, str], classes: Classes = ()) -> str:
    """The changes as Markdown, for a reader with these visibility classes (none: what everybody may read).

    `rationales` maps an address to why it was changed: that of the change itself, or of what it is in. A rationale is
    left out where anything of the same rule is kept from the reader.
    """
    changes = tuple(changes)
    shown = for_reader(changes, classes)
    kept_back = {
        change.address.entry
        for change in shown
        if change.withheld and change.before is ABSENT and change.after is ABSENT
    }
    if not shown:
        return "Nothing was changed.\n"
    blocks = []
    for heading, of_them in by_party(shown, lambda change: change).items():
        lines = [line for change in of_them for line in _item(change, rationales, kept_back)]
        blocks.append(f"## {heading}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(blocks)


def with_reasons(
    changes: Iterable[Change], rationales: Mapping[Address, str], classes: Classes = ()
) -> tuple[tuple[Change, str], ...]:
    """The changes as a reader with these visibility classes may have them, each with its reason; of what is withheld
    the reason is withheld too."""
    return tuple(
        (change, "" if change.withheld else why(change, rationales)) for change in for_reader(changes, classes)
    )


def by_party(lines: Iterable[T], change_of: Callable[[T], Change]) -> dict[str, tuple[T, ...]]:
    """What is told of changes, under headings that name the parties whom they affect, each once: those of most people
    first, those of the desk itself last."""
    groups: dict[tuple[str, ...], list[T]] = {}
    for line in lines:
        parties = tuple(who.key for who in change_of(line).affected if who.kind == "party")
        groups.setdefault(parties, []).append(line)
    return {
        f"For {listing([_PLAIN[party] for party in parties])}" if parties else NOBODY: tuple(groups[parties])
        for parties in sorted(groups, key=_rank)
    }


def why(change: Change, rationales: Mapping[Address, str]) -> str:
    """The reason of a change: its own, or that of the nearest thing that it is in; empty when none was given."""
    address = change.address
    for depth in range(len(address.path), -1, -1):
        if found := rationales.get(address._replace(path=address.path[:depth])):
            return found
    return ""


def _rank(parties: tuple[str, ...]) -> tuple[bool, bool, bool, bool]:
    """Whom most of it reaches first: buyers and sellers, buyers, sellers, the rest."""
    return not parties, len(parties) < 2, "buyer" not in parties, "seller" not in parties


def _item(change: Change, rationales: Mapping[Address, str], kept_back: set[Address]) -> Iterator[str]:
    named = [who.name for who in change.affected if who.kind != "party"]
    rest = len(named) - _MOST_NAMED
    others = named[:_MOST_NAMED] + ([f"{rest} more"] if rest > 0 else [])
    about = f" ({'; '.join(map(_escaped, others))})" if others else ""
    marker = "" if change.normative else " *Words only.*"
    yield f"- {_escaped(change.sentence)}.{about}{marker}"
    entry = change.address.entry
    reason = why(change, rationales)
    if reason and entry not in kept_back:
        lines = reason.strip().splitlines()
        yield f"  Why: {lines[0]}"
        yield from (f"  {line}".rstrip() for line in lines[1:])


def _escaped(text: str) -> str:
    """A text as one line of Markdown that says just that: a name may hold anything."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
