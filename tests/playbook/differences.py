"""Editions to compare: the starter playbook as compiled, and small edits of it written as a person reads them."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from escalations.core.policy import Policy
from playbook import presets
from playbook.core.compiling import compile_source, with_horizon
from playbook.core.diff import Content
from playbook.core.source import read

CLASSES = ("general", "counterfeit", "fraud", "legal")


@cache
def team() -> Content:
    """The starter playbook `team`. Compiled once; copy before changing."""
    source = with_horizon(read(presets.folder("team")), range(2025, 2028))
    compiled = compile_source(source)
    return Content.of(compiled, scenarios=source.document["scenarios"])


def tree_of(content: Content) -> dict[str, Any]:
    """A copy of what an edition says, to change."""
    return copy.deepcopy(content.tree)


def content_of(tree: dict[str, Any]) -> Content:
    """The edition of a tree as it stands."""
    return Content(tree["policy"], tree["pages"], tuple(tree["scenarios"]), tree["successors"])


def checked(tree: dict[str, Any]) -> Content:
    """The edition of a tree, its policy read, checked and written anew, as compiling does."""
    tree = copy.deepcopy(tree)
    policy = Policy.model_validate(tree["policy"])
    return Content.of(policy, tree["pages"], tree["scenarios"], tree["successors"])


def edited(edits: list[dict[str, Any]]) -> Content:
    """The starter playbook with these edits.

    Each is `{at: PATH, to: VALUE}`, `{at: PATH, remove: true}`, `{at: LIST, add: THING, follows: KEY}` or
    `{at: PATH, follows: KEY}` for a thing that moves in its list (`follows: null`: it comes first). Things in lists
    are named by their key.
    """
    tree = tree_of(team())
    for edit in edits:
        make(tree, edit)
    return checked(tree)


def make(tree: dict[str, Any], edit: dict[str, Any]) -> None:
    """Make one edit in place."""
    path = list(edit["at"])
    if path[0] in ("central", "variants", "title"):
        path = ["policy", *path]
    *above, last = path
    holder: Any = tree
    for step in above:
        holder = holder[_step(holder, step)]
        if holder is None:
            raise LookupError(step)
    if "add" in edit:
        holder = holder.setdefault(last, []) if isinstance(holder, dict) else holder[_step(holder, last)]
        holder.insert(_after(holder, edit.get("follows")), edit["add"])
    elif "follows" in edit:
        thing = holder.pop(_step(holder, last))
        holder.insert(_after(holder, edit["follows"]), thing)
    elif edit.get("remove"):
        del holder[_step(holder, last)]
    else:
        holder[_step(holder, last)] = edit["to"]


def _step(holder: Any, step: Any) -> Any:
    if isinstance(holder, list) and isinstance(step, str):
        return next(n for n, thing in enumerate(holder) if step in (thing.get("key"), thing.get("name")))
    return step


def _after(things: list[Any], key: str | None) -> int:
    return 0 if key is None else _step(things, key) + 1
