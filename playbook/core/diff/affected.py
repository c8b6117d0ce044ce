"""Whom a change affects: the categories that it is about, and from them parties, teams, regions, levels, languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from playbook.core.diff.comparing import Edit
from playbook.core.diff.value import ABSENT, Who, WhoKind, mapping
from playbook.core.diff.words import DEFAULTS, Row, Side, Telling, texts
from playbook.core.entries import CENTRE

PARTIES = {"buyer": "Buyers", "seller": "Sellers", "platform": "The marketplace as a whole"}
LANGUAGE = "Readers of {}"
_EVERYWHERE = frozenset(["defaults", "privacy", "pause_reasons"])
_MANY = 4
_USES: Mapping[str, tuple[str, ...]] = {
    "ladders": ("ladder",),
    "levels": ("level",),
    "specialisms": ("specialisms",),
    "channels": ("channel",),
    "teams": ("owner", "backups"),
    "remedies": ("remedies",),
}
"""Section -> the fields of categories and outcomes that hold its keys."""


def affected(telling: Telling, edit: Edit) -> tuple[tuple[str, ...], tuple[Who, ...]]:
    """Codes of the categories that a difference is about, and who is affected by it, in a steady order."""
    sides = (telling.old, telling.new)
    codes = tuple(sorted({code for side in sides for code in _categories(side, edit)}))
    found: dict[tuple[WhoKind, str], None] = {}
    for side in sides:
        if edit.address.section not in ("messages", "pages", "teams", "roles", "levels", "regions", "calendars"):
            found |= dict.fromkeys(("party", str(side.row("categories", code).get("side"))) for code in codes)
        found |= dict.fromkeys(_teams(side, codes, edit))
        found |= dict.fromkeys(_own(side, edit))
    order = {"party": 0, "team": 1, "region": 2, "level": 3, "language": 4}
    who = [Who(kind, key, _name(telling, kind, key)) for kind, key in found if _is(telling, kind, key)]
    return codes, tuple(sorted(who, key=lambda one: (order[one.kind], _party_rank(one), one.name, one.key)))


def _party_rank(who: Who) -> int:
    return list(PARTIES).index(who.key) if who.kind == "party" else 0


def _name(telling: Telling, kind: WhoKind, key: str) -> str:
    if kind == "party":
        return PARTIES[key]
    if kind == "language":
        return LANGUAGE.format(key)
    return telling.name({"team": "teams", "region": "regions", "level": "levels"}[kind], key)


def _is(telling: Telling, kind: WhoKind, key: str) -> bool:
    """Whether there is such a one: drafts name what is not there."""
    if kind == "party":
        return key in PARTIES
    section = {"team": "teams", "region": "regions", "level": "levels"}.get(kind)
    return section is None or any(key in side.section(section) for side in (telling.old, telling.new))


def _categories(side: Side, edit: Edit) -> Iterable[str]:
    """Codes of the categories of one edition that a difference is about."""
    address = edit.address
    section, key = address.section, str(address.key)
    if section == "categories":
        return (key,)
    if section in ("rules", "triggers"):
        row = side.find(address.part, section, key)
        return side.covered(row) if row else ()
    if section == "statutory":
        return side.covered(side.row(section, key)) if side.row(section, key) else ()
    if section == "targets" or section in _EVERYWHERE:
        return _saying_nothing(side, edit)
    if section in _USES:
        return _using(side, section, key)
    if section == "facts":
        return _reading(side, key)
    if section == "retention":
        path = address.path
        return path[path.index("categories") + 1 :][:1] or side.codes if "categories" in path else side.codes
    if section == "pages":
        kind, _, protocol = key.partition("/")[2].partition(".")
        return _holding(side, lambda row: row.get("protocol") == protocol) if kind == "protocol" else ()
    if section == "scenarios":
        scenario = next((one for one in side.scenarios if one.get("name") == address.key), {})
        code = mapping(scenario.get("case")).get("category")
        return (code,) if isinstance(code, str) and code in side.codes else ()
    if section == "successors" and key == "categories":
        to = edit.before if edit.after is ABSENT else edit.after
        return [code for code in (*address.path, to) if isinstance(code, str)]
    return ()


def _saying_nothing(side: Side, edit: Edit) -> Iterable[str]:
    """Of a default, the categories that it holds for; of anything else that holds everywhere, all."""
    path = edit.address.path
    if edit.address.section != "defaults" or not path:
        return side.codes
    if path[0] == "targets" and len(path) > 1:
        return [code for code in side.codes if path[1] not in mapping(side.row("categories", code).get("targets"))]
    return [code for code in side.codes if path[0] not in side.row("categories", code)]


def _using(side: Side, section: str, key: str) -> list[str]:
    """Categories that hold a key of a section, by themselves, by a region or by a rule."""
    fields = _USES[section]
    found = _holding(side, lambda row: any(_holds(row.get(field), key) for field in fields))
    if section == "ladders" and side.row_of("defaults").get("ladder") == key:
        found += [code for code in side.codes if "ladder" not in side.row("categories", code)]
    if section == "channels" and key == DEFAULTS["channel"]:
        found += [code for code in side.codes if "channel" not in side.row("categories", code)]
    return found


def _reading(side: Side, fact: str) -> Iterator[str]:
    """Categories with a rule or trigger that reads a fact. Restricted ones do not count, as in `_holding`."""
    for row, tests in side.ruling:
        if "visibility" not in row and any(test.fact == fact and test.visibility is None for test in tests):
            yield from side.covered(row)


def _holds(written: Any, key: str) -> bool:
    return written == key or (isinstance(written, list) and key in written)


def _holding(side: Side, test: Callable[[Row], bool]) -> list[str]:
    """Categories whose own row, regional override or rule passes a test.

    Restricted rules do not count: that they use a thing is for nobody to see who reads of the thing.
    """
    found = [code for code in side.codes if test(side.row("categories", code))]
    for variant in side.variants.values():
        found += [code for code, row in mapping(variant.get("categories")).items() if test(mapping(row))]
    for _, rule in side.rules:
        if "visibility" not in rule and test(mapping(rule.get("then"))):
            found += side.covered(rule)
    for trigger in side.listed(CENTRE, "triggers"):
        if "visibility" not in trigger and test(mapping(trigger.get("raises"))):
            found += side.covered(trigger)
    return found


def _teams(side: Side, codes: tuple[str, ...], edit: Edit) -> Iterator[tuple[WhoKind, str]]:
    """Who owns the categories, and backs up; of what holds for most of many categories, nobody in particular."""
    if len(codes) > _MANY and 2 * len(codes) > len(side.codes):
        return
    for code in codes:
        row = side.row("categories", code)
        yield "team", str(row.get("owner"))
        if edit.address.section == "categories":
            for key in texts(row.get("backups")):
                yield "team", key


def _own(side: Side, edit: Edit) -> Iterator[tuple[WhoKind, str]]:
    """What the thing names itself: teams, regions, levels, languages."""
    address = edit.address
    section, key, path = address.section, str(address.key), address.path
    if address.region is not None:
        yield "region", address.region
    if section in ("rules", "triggers"):
        row = side.find(address.part, section, key)
        yield from (("region", region) for region in texts(row.get("regions")))
        yield from _named(mapping(row.get("then", row.get("raises"))), path[1:2])
    elif section == "categories":
        holder = side.row(section, key)
        if address.region is not None:
            holder = mapping(mapping(side.variants.get(address.region, {}).get(section)).get(key))
        yield from _named(holder, path[:1])
    elif section == "statutory":
        yield from (("region", region) for region in texts(side.row(section, key).get("regions")))
        yield "team", str(side.row("roles", str(side.row(section, key).get("legal_owner"))).get("team"))
    elif section == "ladders":
        yield from _rungs(side, key, path[1] if len(path) > 1 else None)
    elif section == "remedies":
        yield from _levels(side, edit)
    elif section == "retention" and path[:1] == ("regions",) and len(path) > 1:
        yield "region", path[1]
    elif section == "bounds":
        yield from (("region", region) for region in side.variants)
    elif section == "successors":
        kinds: dict[str, WhoKind] = {"teams": "team", "regions": "region", "levels": "level"}
        if key in kinds:
            yield from ((kinds[key], str(one)) for one in (*path, edit.before, edit.after) if isinstance(one, str))
    else:
        yield from _place(side, section, key, path)


def _place(side: Side, section: str, key: str, path: tuple[str, ...]) -> Iterator[tuple[WhoKind, str]]:
    if section == "teams":
        yield "team", key
    elif section == "roles":
        yield "team", str(side.row(section, key).get("team"))
        yield from (("team", team) for team, row in side.section("teams").items() if mapping(row).get("on_call") == key)
    elif section == "levels":
        yield "level", key
    elif section == "regions":
        yield "region", key
    elif section == "calendars":
        for kind, holders in (("team", "teams"), ("region", "regions")):
            for holder, row in side.section(holders).items():
                if mapping(row).get("calendar") == key:
                    yield kind, holder  # type: ignore[misc]
    elif section == "messages":
        if not key.startswith("notice."):
            yield from (("party", party) for party in ("buyer", "seller"))
        languages = path[:1] or tuple(mapping(side.section(section).get(key)))
        yield from (("language", language) for language in languages)
    elif section == "pages":
        yield "language", key.partition("/")[0]


def _named(row: Row, only: tuple[str, ...]) -> Iterator[tuple[WhoKind, str]]:
    """Teams and levels of an outcome; with `only`, of that field."""
    kinds: tuple[tuple[str, WhoKind], ...] = (("owner", "team"), ("backups", "team"), ("level", "level"))
    for field, kind in kinds:
        if only in ((), (field,)):
            named = row.get(field)
            yield from (
                (kind, key) for key in (texts(named) if isinstance(named, list) else (named,)) if isinstance(key, str)
            )


def _rungs(side: Side, ladder: str, only: str | None) -> Iterator[tuple[WhoKind, str]]:
    rungs = side.row("ladders", ladder).get("rungs")
    for rung in map(mapping, rungs if isinstance(rungs, list) else []):
        if only in (None, rung.get("key")):
            if isinstance(rung.get("level"), str):
                yield "level", rung["level"]
            if isinstance(rung.get("team"), str):
                yield "team", rung["team"]


def _levels(side: Side, edit: Edit) -> Iterator[tuple[WhoKind, str]]:
    path = edit.address.path
    row = side.row("remedies", str(edit.address.key))
    if path[:1] == ("limits",) and len(path) > 1:
        yield "level", path[1]
    elif path[:1] in ((), ("from_level",), ("money",)):
        yield from (("level", level) for level in mapping(row.get("limits")))
        if isinstance(row.get("from_level"), str):
            yield "level", row["from_level"]
