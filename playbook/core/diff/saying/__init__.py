"""What a difference means for people, section by section. Each section has its own small sayer.

A sayer returns None for what it has no words for; it is then said plainly, so that nothing is ever swallowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from playbook.core.diff.comparing import Edit
from playbook.core.diff.saying import categories, places, rules, steps, texts
from playbook.core.diff.value import ABSENT
from playbook.core.diff.words import Telling, plainly, spoken

Sayer = Callable[[Telling, Edit], "str | None"]


def _region_target(telling: Telling, edit: Edit) -> str | None:
    region, kind = edit.address.region, edit.address.key
    if region is None or kind is None or edit.address.path:
        return None
    return categories.target(telling, edit, f"{telling.name('regions', region)}, every category", region, None, kind)


SAYERS: Mapping[str, Sayer] = {
    "title": texts.title,
    "categories": categories.category,
    "targets": _region_target,
    "rules": rules.ruling,
    "triggers": rules.ruling,
    "statutory": rules.ruling,
    "ladders": steps.ladder,
    "pause_reasons": steps.pause,
    "remedies": steps.remedy,
    "defaults": steps.default,
    "retention": steps.retention,
    "bounds": steps.bounds,
    "privacy": steps.privacy,
    "approval": steps.approval,
    "reading": steps.reading,
    "calendars": places.calendar,
    **dict.fromkeys(("teams", "roles", "levels", "specialisms", "channels", "regions", "facts"), places.thing),
    "messages": texts.message,
    "pages": texts.page,
    "scenarios": texts.scenario,
    "successors": texts.successor,
}


def say(telling: Telling, edit: Edit) -> str:
    """One sentence, without its full stop, on what a difference means."""
    sayer = SAYERS.get(edit.address.section)
    whole_section = edit.address.key is None and not edit.address.path and edit.address.section != "title"
    said = sayer(telling, edit) if sayer and not whole_section else None
    return said or plain(telling, edit)


def plain(telling: Telling, edit: Edit) -> str:
    """What has no words of its own: the place, what was there, and what is."""
    address = edit.address
    words = [spoken(address.section or address.part)]
    if address.key is not None:
        words.append(f"'{telling.name(address.section, address.key)}'")
    words += map(spoken, address.path)
    where = f"{telling.name('regions', address.region)}, " if address.region else ""
    subject = f"{where}{' '.join(words)}"
    subject = subject[:1].upper() + subject[1:]
    if edit.moved:
        return f"{subject} stands elsewhere in its list now"
    if edit.after in ({}, []):
        return f"{subject}: written as empty now"
    before, after = plainly(edit.before), plainly(edit.after)
    if before == after:
        return f"{subject}: {after}, written otherwise"
    return f"{subject}: {before} -> {after}" if edit.after is not ABSENT else f"{subject} is left out (it was {before})"
