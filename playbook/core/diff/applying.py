"""Applying a difference: the old edition and the changes give the new one, byte for byte in canonical form."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from playbook.core.diff.value import ABSENT, Change, Content, Place
from playbook.core.entries import identity


def apply(old: Content, changes: Iterable[Change]) -> Content:
    """The edition that the changes lead to. The old one is left as it was.

    Give all changes of one difference, in its order. Raises ValueError for a change that was made for a reader who
    may not see all of it, and LookupError when a change is about something that the old edition does not have.
    """
    changes = tuple(changes)
    if any(change.withheld for change in changes):
        raise ValueError("a part of these changes is withheld from the reader, so they cannot be applied")
    tree = copy.deepcopy({**old.tree, "policy": dict(old.policy)})
    emptied: list[Place] = []
    for change in changes:
        if change.after is ABSENT and change.kind != "moved":
            *above, last = change.address.place
            _take(_reach(tree, tuple(above)), last, tuple(above))
            emptied.append(tuple(above))
    for change in changes:
        if not change.listed and change.after is not ABSENT:
            *above, last = change.address.place
            _put(_reach(tree, tuple(above), make=dict), last, copy.deepcopy(change.after), tuple(above))
    for change in changes:
        if change.listed and (change.kind == "moved" or change.after is not ABSENT):
            _insert(tree, change)
    named_empty = {change.address.place for change in changes if change.after in ({}, [])}
    for place in sorted(emptied, key=len, reverse=True):
        _prune(tree, place, named_empty)
    return Content(tree["policy"], tree["pages"], tuple(tree["scenarios"]), tree["successors"])


def _insert(tree: Any, change: Change) -> None:
    *above, key = change.address.place
    place = tuple(above)
    things: list[Any] = _reach(tree, place, make=list)
    thing = _take(things, key, place) if change.kind == "moved" else copy.deepcopy(change.after)
    at = 0 if change.follows is None else _number(things, change.follows, place) + 1
    things.insert(at, thing)


def _reach(tree: Any, place: Place, make: type[dict[str, Any]] | type[list[Any]] | None = None) -> Any:
    """The container at a place; with `make`, those on the way are made where they are not there."""
    current = tree
    for depth, step in enumerate(place, 1):
        if isinstance(current, list):
            current = current[_number(current, step, place[: depth - 1])]
            continue
        if make is not None and step not in current:
            current[step] = make() if depth == len(place) else {}
        current = current[step]
    return current


def _number(things: list[Any], key: str, place: Place) -> int:
    name = identity(place)
    for number, thing in enumerate(things):
        if thing[name] == key:
            return number
    raise LookupError(f"{'/'.join(place)} has nothing with the key {key!r}; were the changes made for this edition?")


def _take(container: Any, key: str, place: Place) -> Any:
    return container.pop(_number(container, key, place) if isinstance(container, list) else key)


def _put(container: Any, key: str, value: Any, place: Place) -> None:
    if isinstance(container, list):
        container[_number(container, key, place)] = value
    else:
        container[key] = value


def _prune(tree: Any, place: Place, keep: set[Place]) -> None:
    """Take away what lost all that was in it: an empty section is not written."""
    while len(place) > 1 and place not in keep:
        try:
            container = _reach(tree, place)
        except LookupError:
            return
        if container:
            return
        _take(_reach(tree, place[:-1]), place[-1], place[:-1])
        place = place[:-1]
