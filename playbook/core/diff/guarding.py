"""Which visibility classes guard what changed: without them a reader is told only that something restricted did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from escalations.core.matrix.logic import in_scope
from playbook.core import restricted
from playbook.core.diff.comparing import Edit
from playbook.core.diff.value import ABSENT, Place, mapping
from playbook.core.diff.words import Row, Side, Telling, condition_of, texts
from playbook.core.entries import identity

_READ = frozenset(["rules", "triggers", "statutory"])
"""Sections of which the guarded conditions are told as restricted, and the rest as it is."""


def guards(telling: Telling, edit: Edit) -> frozenset[str]:
    """The classes that guard the thing itself, in the old edition or in the new one."""
    sides = (telling.old, telling.new)
    found = {guard for side in sides for guard in _guards(side, edit)}
    # What is not read as what it is would be told as it is written, with whatever stands in it.
    for written in (edit.before, edit.after):
        if edit.address.key is None or _unread(edit, written):
            found |= {guard for side in sides for guard in _inside(side, written)}
    if edit.address.section not in _READ:
        # A section that this code does not know keeps its secrets too.
        found |= {guard for side in sides for guard in _inside(side, _at(side, edit.address.entry.place))}
    return frozenset(found)


def guards_inside(telling: Telling, edit: Edit) -> frozenset[str]:
    """The classes that guard anything in the values of a difference, whether or not a sentence speaks of it."""
    sides, values = (telling.old, telling.new), (edit.before, edit.after)
    if edit.address.section == "pages":
        told = [text for written in values for text in (written, *mapping(written).values()) if isinstance(text, str)]
        return frozenset(guard for text in told for guard in restricted.guards(text))
    return frozenset(found for side in sides for written in values for found in _inside(side, written))


def _unread(edit: Edit, written: Any) -> bool:
    """Whether a condition is in it that cannot be read as one."""
    if edit.address.section not in ("rules", "triggers", "statutory") or written is ABSENT:
        return False
    if not edit.address.path:
        written = mapping(written).get("when", ABSENT)
    elif edit.address.path[0] != "when":
        return False
    return written is not ABSENT and condition_of(written) is None


def _at(side: Side, place: Place) -> Any:
    """What stands at a place of one edition."""
    found: Any = side.content.tree
    for step in place:
        if isinstance(found, list):
            found = next((thing for thing in found if mapping(thing).get(identity(place)) == step), ABSENT)
        else:
            found = mapping(found).get(step, ABSENT)
    return found


def _inside(side: Side, written: Any) -> Iterator[str]:
    """Every class that is named in a value, or guards a fact that is named in it."""
    if isinstance(written, dict):
        yield from _visibility(written)
        if isinstance(written.get("fact"), str):
            yield from _visibility(side.row("facts", written["fact"]))
        for item in written.values():
            yield from _inside(side, item)
    elif isinstance(written, list):
        for item in written:
            yield from _inside(side, item)


def _guards(side: Side, edit: Edit) -> Iterator[str]:
    address = edit.address
    section, key = address.section, str(address.key)
    if section in ("rules", "triggers"):
        yield from _visibility(side.find(address.part, section, key))
    elif section == "facts":
        yield from _visibility(side.row(section, key))
    elif section == "pages":
        yield from _of_page(side, key)
    elif section == "scenarios":
        for scenario in side.scenarios:
            if address.key in (None, scenario.get("name")):
                yield from _of_scenario(side, scenario)


def _visibility(row: Row) -> Iterator[str]:
    if isinstance(row.get("visibility"), str):
        yield row["visibility"]


def _of_page(side: Side, name: str) -> Iterator[str]:
    """A protocol's page is guarded when nothing open leads to it."""
    key = name.partition("/")[2]
    if not key.startswith("protocol."):
        return
    protocol = key.removeprefix("protocol.")
    holders = [mapping(row) for row in side.section("categories").values()]
    for variant in side.variants.values():
        holders += [mapping(row) for row in mapping(variant.get("categories")).values()]
    if any(row.get("protocol") == protocol for row in holders):
        return
    named = [rule for _, rule in side.rules if mapping(rule.get("then")).get("protocol") == protocol]
    if named and all("visibility" in rule for rule in named):
        for rule in named:
            yield from _visibility(rule)


def _of_scenario(side: Side, scenario: Row) -> Iterator[str]:
    """A scenario is guarded by what it is a check of: what it names, and what reads a fact that it gives."""
    case, expect = mapping(scenario.get("case")), mapping(scenario.get("expect"))
    given = {*mapping(case.get("facts")), *mapping(case.get("signals")), *case}
    for fact in given:
        yield from _visibility(side.row("facts", fact))
    code = case.get("category")
    for row, tests in side.ruling:
        named = row.get("key") == expect.get("rule") or row.get("key") in texts(expect.get("triggers"))
        applies = isinstance(code, str) and in_scope(texts(row.get("categories")), code)
        if not (named or applies):
            continue
        if named or any(test.fact in given for test in tests):
            yield from _visibility(row)
        yield from (test.visibility for test in tests if test.visibility is not None and test.fact in given)
