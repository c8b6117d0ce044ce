"""What a reader may see of a difference, and the same changes by whom they affect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from playbook.core.diff.value import ABSENT, Address, Change, Classes, Who

_THINGS = {
    "rules": "rule",
    "triggers": "trigger",
    "facts": "fact",
    "pages": "page",
    "scenarios": "scenario",
    "statutory": "deadline",
}


def said(change: Change, classes: Classes) -> str:
    """The sentence for a reader with these visibility classes: `A restricted rule was changed` for what is not theirs.

    It is the same whether the thing came, went or changed, and says neither its name, nor a number, nor a fact.
    """
    have = frozenset(classes)
    if not change.guards <= have:
        return f"A restricted {_THINGS.get(change.section, 'part')} was changed"
    if change.guarded_parts <= have:
        return change.sentence
    return _for_less(change, have)


def _for_less(change: Change, have: frozenset[str]) -> str:
    """The sentence for who has most of the classes of its parts, of those that were made."""
    return max((one for one in change.sentences if one[0] <= have), key=lambda one: (len(one[0]), sorted(one[0])))[1]


def for_reader(changes: Iterable[Change], classes: Classes = ()) -> tuple[Change, ...]:
    """The changes as a reader with these visibility classes may have them.

    All restricted changes of a section become one, without address, values or anybody affected: not even their
    number is told. It comes last. A change of which only a part is restricted keeps its address and loses its values.
    What was withheld cannot be applied.
    """
    have = frozenset(classes)
    shown: list[Change] = []
    restricted: dict[str, Change] = {}
    for change in changes:
        if change.withheld:
            shown.append(change)
        elif not change.guards <= have:
            sentence = said(change, have)
            restricted.setdefault(sentence, _nothing_of(change, sentence))
        elif not change.guarded_parts <= have:
            shown.append(_part_of(change, said(change, have)))
        elif not change.follows_guards <= have:
            shown.append(replace(change, follows=None, follows_guards=frozenset(), withheld=True))
        else:
            shown.append(change)
    return (*shown, *(restricted[sentence] for sentence in sorted(restricted)))


def _nothing_of(change: Change, sentence: str) -> Change:
    return Change(
        Address("", change.section if change.section in _THINGS else ""),
        "changed",
        ABSENT,
        ABSENT,
        sentence,
        withheld=True,
    )


def _part_of(change: Change, sentence: str) -> Change:
    return replace(
        change,
        before=ABSENT,
        after=ABSENT,
        sentence=sentence,
        guarded_parts=frozenset(),
        sentences=(),
        follows=None,
        follows_guards=frozenset(),
        withheld=True,
    )


def grouped(changes: Iterable[Change], classes: Classes = ()) -> dict[Who, tuple[Change, ...]]:
    """Who is affected -> the changes that affect them, for a reader with these classes.

    Parties come first, then teams, regions, levels and languages, each by name. A change stands under everybody whom
    it affects; one that affects nobody in particular stands nowhere here.
    """
    found: dict[Who, list[Change]] = {}
    for change in for_reader(changes, classes):
        for who in change.affected:
            found.setdefault(who, []).append(change)
    order = ("party", "team", "region", "level", "language")
    parties = ("buyer", "seller", "platform")

    def rank(who: Who) -> tuple[int, int, str, str]:
        return order.index(who.kind), parties.index(who.key) if who.kind == "party" else 0, who.name, who.key

    return {who: tuple(found[who]) for who in sorted(found, key=rank)}
