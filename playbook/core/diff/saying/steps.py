"""What happens with time and money: ladders, pauses, remedies, and how long things are kept."""

from __future__ import annotations

from typing import Any

from escalations.core.words.phrases import listing
from playbook.core.diff.comparing import Edit
from playbook.core.diff.saying.categories import target
from playbook.core.diff.saying.fields import field_said, person, renamed, value
from playbook.core.diff.value import ABSENT, mapping
from playbook.core.diff.words import DEFAULTS, TARGETS, Row, Side, Telling, amounts_of, plainly, span_of, spoken, texts


def ladder(telling: Telling, edit: Edit) -> str | None:
    """What changed of a ladder."""
    path, key = edit.address.path, str(edit.address.key)
    subject = f"Ladder '{telling.name('ladders', key)}'"
    if not path:
        gone = edit.after is ABSENT
        rungs = mapping(edit.before if gone else edit.after).get("rungs")
        told = "; ".join(rung_said(telling, mapping(rung)) for rung in (rungs if isinstance(rungs, list) else []))
        return f"{subject} is gone: {told}" if gone else f"New ladder '{telling.name('ladders', key)}': {told}"
    if path == ("name",):
        return renamed(edit, "Ladder")
    if path[0] != "rungs" or len(path) < 2:
        return None
    old, new = (_rung(side, key, path[1]) for side in (telling.old, telling.new))
    if len(path) == 2:
        if edit.moved:
            return f"{subject}: the rung {_short(new)} stands elsewhere in the list now"
        if edit.before is ABSENT:
            return f"{subject} has a new rung {rung_said(telling, mapping(edit.after))}"
        if edit.after is ABSENT:
            return f"{subject} no longer has the rung {rung_said(telling, mapping(edit.before))}"
        return None
    if path[2] == "after" and len(path) == 3:
        return f"{subject}: {_does(telling, new)} after {span_of(edit.before)} -> after {span_of(edit.after)}"
    if len(path) == 3:
        none = {"level": "where it is", "team": "the owner keeps it"}.get(path[2], "")
        return field_said(telling, edit, f"{subject}, rung {_short(old)}", none)
    return None


def rung_said(telling: Telling, rung: Row) -> str:
    """`after 12 hours: to L3 Head of area, tell the team's lead`."""
    told = [f"to {telling.name('levels', plainly(rung['level']))}"] if "level" in rung else []
    told += [f"{telling.name('teams', plainly(rung['team']))} takes over"] if "team" in rung else []
    people = texts(rung.get("tell", DEFAULTS["tell"]))
    told += [f"tell {listing([person(telling, key) for key in people])}"] if people else []
    told += [f"off hours ask {telling.name('roles', plainly(rung['on_call']))}"] if "on_call" in rung else []
    return f"{_short(rung)}: {', '.join(told) or 'nothing happens'}"


def _does(telling: Telling, rung: Row) -> str:
    if "level" in rung:
        return telling.name("levels", plainly(rung["level"]))
    return f"telling {value(telling, 'tell', rung.get('tell', ABSENT))}"


def _short(rung: Row) -> str:
    return f"after {span_of(rung['after'])}" if "after" in rung else f"'{plainly(rung.get('key'))}'"


def _rung(side: Side, ladder_key: str, key: str) -> Row:
    rungs = side.row("ladders", ladder_key).get("rungs")
    found = (mapping(rung) for rung in (rungs if isinstance(rungs, list) else []))
    return next((rung for rung in found if rung.get("key") == key), {})


def pause(telling: Telling, edit: Edit) -> str | None:
    """What changed of a reason to pause."""
    path = edit.address.path
    name = telling.name("pause_reasons", str(edit.address.key))
    if not path:
        gone = edit.after is ABSENT
        row = mapping(edit.before if gone else edit.after)
        told = f"{value(telling, 'longest', row.get('longest', ABSENT))} at most, {_times(row.get('most', 2))}"
        return f"Pause '{name}' is gone: {told}" if gone else f"New pause '{name}': {told}"
    if path == ("name",):
        return renamed(edit, "Pause")
    if path == ("longest",):
        return f"Pause '{name}': at most {span_of(edit.before)} -> {span_of(edit.after)}"
    if path == ("most",):
        one, other = (_times(DEFAULTS["most"] if side is ABSENT else side) for side in (edit.before, edit.after))
        return f"Pause '{name}': {one} -> {other} in one case"
    return field_said(telling, edit, f"Pause '{name}'") if len(path) == 1 else None


def _times(count: Any) -> str:
    return "once" if count == 1 else f"{plainly(count)} times"


def remedy(telling: Telling, edit: Edit) -> str | None:
    """What changed of a remedy, and who may grant how much."""
    path = edit.address.path
    name = telling.name("remedies", str(edit.address.key))
    if not path:
        gone = edit.after is ABSENT
        row = mapping(edit.before if gone else edit.after)
        told = [
            f"{telling.name('levels', level)} up to {amounts_of(limit)}"
            for level, limit in sorted(mapping(row.get("limits")).items())
        ]
        told += [f"from {telling.name('levels', plainly(row['from_level']))} on"] if "from_level" in row else []
        start = f"Remedy '{name}' is gone" if gone else f"New remedy '{name}'"
        return f"{start}: {'; '.join(told) or 'nobody may grant it'}"
    if path == ("name",):
        return renamed(edit, "Remedy")
    if path[0] == "limits" and len(path) == 2:
        return _limit(name, telling.name("levels", path[1]), edit)
    if path == ("from_level",):
        one, other = (value(telling, "from_level", side) for side in (edit.before, edit.after))
        return f"{name}: may be granted from {one} on -> from {other} on"
    return field_said(telling, edit, name) if len(path) == 1 else None


def _limit(name: str, level: str, edit: Edit) -> str:
    if edit.before is ABSENT:
        return f"{name}: {level} may grant up to {amounts_of(edit.after)} now, and nothing before"
    if edit.after is ABSENT:
        return f"{name}: {level} may not grant it any more (it was up to {amounts_of(edit.before)})"
    before, after = mapping(edit.before), mapping(edit.after)
    if not before or not after:
        return f"{name}: {level} may grant up to {plainly(edit.before)} -> {plainly(edit.after)}"
    told = []
    for currency in sorted({*before, *after}):
        if before.get(currency) != after.get(currency):
            one, other = (
                amounts_of({currency: side[currency]}) if currency in side else f"nothing in {currency}"
                for side in (before, after)
            )
            told.append(f"{one} -> {other}")
    return f"{name}: {level} may grant up to {'; '.join(told)}"


def default(telling: Telling, edit: Edit) -> str | None:
    """What changed where a category says nothing itself."""
    path = edit.address.path
    if path[:1] == ("targets",) and len(path) == 2:
        return target(telling, edit, "Unless a category says otherwise", None, None, path[1])
    return field_said(telling, edit, "Unless a category says otherwise") if len(path) == 1 else None


def retention(telling: Telling, edit: Edit) -> str | None:
    """How long closed cases keep their texts."""
    path = edit.address.path
    region = ""
    if path[:1] == ("regions",) and len(path) > 1:
        region = f" in {telling.name('regions', path[1])}"
        path = path[2:]
        if not path:
            row = mapping(edit.before if edit.after is ABSENT else edit.after)
            own = [f"{span_of(row['closed'])}"] if "closed" in row else []
            own += [
                f"'{telling.name('categories', code)}' {span_of(length)}"
                for code, length in sorted(mapping(row.get("categories")).items())
            ]
            said = listing(own) or "as elsewhere"
            if edit.after is ABSENT:
                return f"Closed cases{region} keep their texts as elsewhere now (it was {said})"
            return f"Closed cases{region} have a time of their own to keep their texts now: {said}"
    otherwise = "as long as others"
    one, other = (otherwise if side is ABSENT else span_of(side) for side in (edit.before, edit.after))
    if path == ("closed",):
        return f"Closed cases{region} keep their texts {one} -> {other}"
    if path[:1] == ("categories",) and len(path) == 2:
        return f"Closed cases of '{telling.name('categories', path[1])}'{region} keep their texts {one} -> {other}"
    return None


def bounds(telling: Telling, edit: Edit) -> str | None:
    """What the centre lets regions change."""
    path = edit.address.path
    if path == ("fields",):
        return field_said(telling, edit, "What regions may change")
    if path == ("own_rules",):
        return f"Regions may {'' if edit.after is not False else 'not '}have rules of their own now"
    if path[:1] == ("targets",) and len(path) == 2:
        one, other = (_bound(side) for side in (edit.before, edit.after))
        if one == other:
            return None
        return f"Bounds of regions, {TARGETS.get(path[1], spoken(path[1]))}: {one} -> {other}"
    return None


def _bound(written: Any) -> str:
    row = mapping(written)
    told = [f"at least {span_of(row['shortest'])}"] if "shortest" in row else []
    told += [f"at most {span_of(row['longest'])}"] if "longest" in row else []
    told += [plainly({key: item}) for key, item in sorted(row.items()) if key not in ("shortest", "longest")]
    return " and ".join(told) or "any time"


def privacy(telling: Telling, edit: Edit) -> str | None:
    """How a party's data is shown to staff."""
    on = edit.after is not False
    told: dict[tuple[str, ...], str] = {
        ("mask_contact",): f"Contact data of parties is {'masked' if on else 'shown unmasked'} now",
        (
            "reason_to_unmask",
        ): f"Staff {'must say why' if on else 'need not say why'} when they uncover personal data now",
    }
    return told.get(edit.address.path)


def approval(telling: Telling, edit: Edit) -> str | None:
    """How a change of the playbook comes into force."""
    after = edit.after
    if edit.address.path == ("alone_after",):
        if after is ABSENT or after is None:
            return "Nobody approves their own change of the playbook now, not even who is alone"
        return f"Who is alone may approve their own change of the playbook {span_of(after)} after proposing it"
    if edit.address.path == ("objection",):
        waits = span_of(after) if after is not ABSENT else "24 hours"
        return f"A change of words alone waits {waits} for objections after its approval"
    return None


def reading(telling: Telling, edit: Edit) -> str | None:
    """What holds until somebody has taken in a new version."""
    after = edit.after
    if edit.address.path == ("within",) and after is not ABSENT:
        return (
            f"New cases of changed categories go to those who know the change, from {span_of(after)} after a version "
            "came into force"
        )
    if edit.address.path == ("keep",):
        keep = 1 if after is ABSENT else after
        return f"New cases of changed categories are kept for who knows the change while {keep} of these are on duty"
    return None
