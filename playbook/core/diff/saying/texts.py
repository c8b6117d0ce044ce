"""Words and checks: messages, pages, scenarios, successors, and the title."""

from __future__ import annotations

import re
from typing import Any

from escalations.core.words.phrases import listing
from playbook.core.diff.comparing import Edit
from playbook.core.diff.prose import counted
from playbook.core.diff.saying.fields import FIELDS, value
from playbook.core.diff.value import ABSENT, mapping
from playbook.core.diff.words import Telling, plainly, quoted, spoken
from playbook.core.pages import title as title_of
from playbook.core.restricted import guards, visible

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def message(telling: Telling, edit: Edit) -> str | None:
    """What changed of the words to a party or to colleagues."""
    path = edit.address.path
    key = spoken(str(edit.address.key))
    thing = "Notice" if key.startswith("notice.") else "Message"
    name = f"'{key.removeprefix('notice.')}'"
    if not path:
        if edit.after is ABSENT:
            return f"{thing} {name} has no words of its own any more"
        return f"{thing} {name} has words of its own now, in {listing(sorted(mapping(edit.after)))}"
    subject = f"{thing} {name} ({path[0]})"
    if len(path) == 1:
        return f"{subject} {'is gone' if edit.after is ABSENT else 'is new'}"
    if path[1:] == ("subject",) and edit.after is not ABSENT:
        return f"{subject}: the subject reads {quoted(_readable(edit.after))} now"
    if path[1:] == ("body",) and isinstance(edit.before, str) and isinstance(edit.after, str):
        one, other = placeholders(edit.before), placeholders(edit.after)
        told = [counted(edit.before, edit.after)]
        told += [f"it tells also: {listing([spoken(word) for word in sorted(other - one)])}"] if other - one else []
        told += (
            [f"it no longer tells: {listing([spoken(word) for word in sorted(one - other)])}"] if one - other else []
        )
        return f"{subject}: {'; '.join(told)}"
    return None


def placeholders(text: Any) -> set[str]:
    """What a message tells of the case."""
    return set(_PLACEHOLDER.findall(text)) if isinstance(text, str) else set()


def _readable(text: Any) -> str:
    """A message's line with its placeholders as words."""
    return _PLACEHOLDER.sub(lambda found: f"[{spoken(found[1])}]", plainly(text))


def page(telling: Telling, edit: Edit) -> str | None:
    """What changed of a page."""
    language, _, key = str(edit.address.key).partition("/")
    before, after = (title_of(side) if isinstance(side, str) else None for side in (edit.before, edit.after))
    name = f"'{after or before or key}' ({language})"
    if edit.before is ABSENT:
        return f"New page {name}"
    if edit.after is ABSENT:
        return f"Page {name} is gone"
    if not (isinstance(edit.before, str) and isinstance(edit.after, str)):
        return None
    classes = {guard for side in (edit.before, edit.after) for guard in guards(side) if telling.may_see(guard)}
    old, new = visible(edit.before, classes), visible(edit.after, classes)
    told = counted(old, new) if old != new else "a restricted passage was changed"
    if before != after and before and after:
        return f"Page '{before}' ({language}) is called '{after}' now: {told}"
    return f"Page {name}: {told}"


def scenario(telling: Telling, edit: Edit) -> str | None:
    """What changed of a case that must go where the edition says."""
    path = edit.address.path
    subject = f"Scenario '{edit.address.key}'"
    if not path:
        if edit.moved:
            return f"{subject} stands elsewhere in the list now"
        gone = edit.after is ABSENT
        expect = mapping(mapping(edit.before if gone else edit.after).get("expect"))
        wanted = listing([f"{_label(field)} {_expected(telling, field, one)}" for field, one in sorted(expect.items())])
        return (
            f"{subject} is gone: it expected {wanted}"
            if gone
            else f"New {subject[0].lower()}{subject[1:]}: expects {wanted}"
        )
    if path == ("case",):
        before, after = mapping(edit.before), mapping(edit.after)
        differ = sorted(key for key in {*before, *after} if before.get(key, ABSENT) != after.get(key, ABSENT))
        told = [f"{spoken(key)} {plainly(before.get(key))} -> {plainly(after.get(key))}" for key in differ]
        return f"{subject} has another case now: {'; '.join(told) or 'written otherwise'}"
    if path == ("received",):
        return f"{subject}: received {plainly(edit.before)} -> {plainly(edit.after)}"
    if path[0] == "expect" and len(path) > 1:
        field = path[1] if len(path) == 2 else f"{spoken(path[2])} due"
        one, other = (
            "anything" if side is ABSENT else _expected(telling, path[1], side) for side in (edit.before, edit.after)
        )
        return f"{subject} expects another outcome: {_label(field)} {one} -> {other}"
    return None


def _label(field: str) -> str:
    return FIELDS[field].label if field in FIELDS and field not in ("owner", "protocol") else spoken(field)


def _expected(telling: Telling, field: str, wanted: Any) -> str:
    if wanted is None:
        return "none"
    if field in ("rule", "triggers", "statutory"):
        keys = wanted if isinstance(wanted, list) else [wanted]
        return listing([f"'{_ruling(telling, field, plainly(key))}'" for key in keys]) or "none"
    return value(telling, field, wanted)


def _ruling(telling: Telling, field: str, key: str) -> str:
    for side in (telling.new, telling.old):
        if field == "statutory" and (name := side.name("statutory", key)):
            return name
        things = side.listed("central", "triggers") if field == "triggers" else [rule for _, rule in side.rules]
        for thing in things if field != "statutory" else []:
            if thing.get("key") == key:
                return plainly(thing.get("name", key))
    return key


def successor(telling: Telling, edit: Edit) -> str | None:
    """Who takes the place of a key that is no longer there."""
    section, old = str(edit.address.key), (edit.address.path or ("",))[0]
    if len(edit.address.path) != 1:
        return None
    start = f"What was with '{telling.name(section, old)}'"
    one, other = (
        "" if side is ABSENT else f"'{telling.name(section, plainly(side))}'" for side in (edit.before, edit.after)
    )
    if one and other:
        return f"{start} goes to {one} -> to {other}"
    return f"{start} goes to {other} now" if other else f"{start} goes nowhere now (it went to {one})"


def title(telling: Telling, edit: Edit) -> str | None:
    """What the playbook is called."""
    if edit.address.section != "title" or edit.address.key is not None:
        return None
    return f"The playbook '{plainly(edit.before)}' is called '{plainly(edit.after)}' now"
