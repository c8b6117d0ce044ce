"""Where two editions differ: the smallest parts that a person would speak of, in a steady order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from escalations.core.policy import CategoryPolicy
from playbook.core.diff.value import ABSENT, Address, Content, Place, address_of
from playbook.core.entries import ALONE, identity

SECTIONS = (
    "",
    "title",
    "categories",
    "rules",
    "triggers",
    "defaults",
    "targets",
    "ladders",
    "statutory",
    "pause_reasons",
    "remedies",
    "teams",
    "roles",
    "levels",
    "specialisms",
    "channels",
    "regions",
    "calendars",
    "facts",
    "messages",
    "bounds",
    "retention",
    "privacy",
    "approval",
    "reading",
    "pages",
    "scenarios",
    "successors",
)
"""Reading order. A section that is not named here comes after these."""

# Told as one, never word by word: spans, conditions and the like.
_WHOLE = frozenset(
    [
        "when",
        "after",
        "within",
        "longest",
        "shortest",
        "closed",
        "reopen_within",
        "alone_after",
        "objection",
        "public_holidays",
        "case",
    ]
)
_OF_WHOLES = frozenset(["targets", "limits"])
# Told part by part also where all of it comes or goes.
_IN_PARTS = frozenset(
    [
        "targets",
        "symptoms",
        "root_causes",
        "evidence",
        "path",
        "limits",
        "date_overrides",
        "weekly_hours",
        "due",
        "categories",
        "regions",
    ]
)


_FIELDS = {field: number for number, field in enumerate(CategoryPolicy.model_fields)}


class Edit(NamedTuple):
    """A part that differs. `listed` parts stand in a list after `follows`; `moved` ones changed nothing but that.

    That a part is there and empty now is an edit from ABSENT to empty: what went from it has edits of its own.
    """

    place: Place
    address: Address
    before: Any
    after: Any
    listed: bool = False
    follows: str | None = None
    moved: bool = False


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values have the same canonical bytes. Not `==`: to Python `true` equals `1`."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is dict:
        if len(one) != len(other):
            return False
        return all(key in other and same(value, other[key]) for key, value in one.items())
    if kind is list:
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def edits(old: Content, new: Content) -> list[Edit]:
    """Every part that differs, by part and section in reading order, keys in order. None when nothing does."""
    found = [edit for root in old.tree for edit in _walk((root,), old.tree[root], new.tree[root])]
    return sorted(found, key=_order)


def _order(edit: Edit) -> tuple[Any, ...]:
    part, section = edit.address.part, edit.address.section
    rank = SECTIONS.index(section) if section in SECTIONS else len(SECTIONS)
    parts = ("policy", "central")
    return (
        part == "edition",
        parts.index(part) if part in parts else len(parts),
        part if part not in parts else "",
        rank,
        section,
    )


def _walk(place: Place, old: Any, new: Any) -> Iterator[Edit]:
    address = address_of(place)
    if not _descends(address, old, new):
        if not same(old, new):
            yield Edit(place, address, old, new)
        return
    if isinstance(old, dict) or isinstance(new, dict):
        before, after = (side if isinstance(side, dict) else {} for side in (old, new))
        for key in sorted({*before, *after}, key=_in_reading_order if address.key is not None else None):
            one, other = before.get(key, ABSENT), after.get(key, ABSENT)
            if not same(one, other):
                yield from _walk((*place, key), one, other)
    else:
        yield from _listed(place, old, new)
    # That something is there and empty cannot be told by what is in it.
    if new is not ABSENT and not new and (old is ABSENT or old):
        yield Edit(place, address, ABSENT, new)
    elif new is ABSENT and not old:
        yield Edit(place, address, old, ABSENT)


def _in_reading_order(field: str) -> tuple[int, str]:
    return _FIELDS.get(field, len(_FIELDS)), field


def _listed(place: Place, old: Any, new: Any) -> Iterator[Edit]:
    """Things of a list, matched by their keys. What moved is as little as can be."""
    name = identity(place)
    before = {item[name]: item for item in old} if old is not ABSENT else {}
    after = {item[name]: item for item in new} if new is not ABSENT else {}
    for key, item in before.items():
        if key not in after:
            yield _edit((*place, key), item, ABSENT, listed=True)
    shared = [key for key in before if key in after]
    still = _longest_run(shared, {key: number for number, key in enumerate(after)})
    previous: str | None = None
    for key, item in after.items():
        here = (*place, key)
        if key not in before:
            yield _edit(here, ABSENT, item, listed=True, follows=previous)
        else:
            if key not in still:
                yield _edit(here, ABSENT, ABSENT, listed=True, follows=previous, moved=True)
            if not same(before[key], item):
                yield from _walk(here, before[key], item)
        previous = key


def _edit(place: Place, before: Any, after: Any, **where: Any) -> Edit:
    return Edit(place, address_of(place), before, after, **where)


def _longest_run(keys: Iterable[str], position: Mapping[str, int]) -> frozenset[str]:
    """The longest part of the keys that stands in the new order already; all others have moved."""
    ends: list[int] = []
    at: list[str] = []
    before: dict[str, str | None] = {}
    for key in keys:
        number = bisect_left(ends, position[key])
        before[key] = at[number - 1] if number else None
        if number == len(ends):
            ends.append(position[key])
            at.append(key)
        else:
            ends[number], at[number] = position[key], key
    run: list[str] = []
    current = at[-1] if at else None
    while current is not None:
        run.append(current)
        current = before[current]
    return frozenset(run)


def _descends(address: Address, old: Any, new: Any) -> bool:
    """Whether to look inside: into what both have, and into what only one has where it is told part by part."""
    sides = [side for side in (old, new) if side is not ABSENT]
    keyed = all(_keyed(side, identity(address.place)) for side in sides)
    if not keyed and not all(isinstance(side, dict) for side in sides):
        return False
    if len(sides) == 2 and type(old) is not type(new):
        return False
    path = address.path
    if address.key is None and (not path or address.section not in ALONE):
        # A part, a section; an empty list and none of both are told apart by what they become.
        return len(sides) == 2 or not _is_field(address)
    if not path:
        return address.section != "targets" and (len(sides) == 2 or _is_spread(address))
    if path[-1] in _WHOLE or (path[-2:-1] and path[-2] in _OF_WHOLES):
        return False
    if address.section == "retention" and path[-2:-1] == ("categories",):
        return False
    return len(sides) == 2 or path[-1] in _IN_PARTS


def _is_field(address: Address) -> bool:
    """Whether this is a value of the document's own, such as its title, and not a part or section of it."""
    return address.part == "policy" and address.section not in ("", "variants", "central")


def _is_spread(address: Address) -> bool:
    """Whether it is told field by field also where it is new: what a region says of a category, and successors."""
    return (address.region is not None and address.section == "categories") or address.section == "successors"


def _keyed(value: Any, name: str) -> bool:
    """Whether a list's things all have keys of their own."""
    if not isinstance(value, list):
        return False
    keys = [item.get(name) if isinstance(item, dict) else None for item in value]
    return all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys)
