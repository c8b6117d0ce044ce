"""Categories and targets, of the centre and of regions."""

from __future__ import annotations

from typing import Any

from escalations.core.words.phrases import listing
from playbook.core.diff.comparing import Edit
from playbook.core.diff.saying.fields import field_said, renamed, value
from playbook.core.diff.value import ABSENT, mapping
from playbook.core.diff.words import SIDES, TARGETS, Telling, plainly, quoted, span_of, spoken, warned


def category(telling: Telling, edit: Edit) -> str | None:
    """What changed of a category."""
    address = edit.address
    code, region, path = str(address.key), address.region, address.path
    name = telling.name("categories", code)
    subject = f"{telling.name('regions', region)}, {name}" if region else name
    if not path:
        return _whole(telling, edit, subject)
    if path == ("name",):
        return renamed(edit, "Category")
    if path[0] == "targets" and len(path) == 2:
        return target(telling, edit, subject, region, code, path[1])
    if path[0] in ("symptoms", "root_causes"):
        return _label(edit, subject, "symptom" if path[0] == "symptoms" else "root cause")
    if path[0] == "evidence" and len(path) > 1:
        return _evidence(telling, edit, subject)
    if path[0] == "path" and len(path) > 1:
        return _stage(telling, edit, subject)
    if path == ("decision_points",):
        return _decisions(edit, subject)
    if len(path) == 1:
        return field_said(telling, edit, subject, "what the centre says" if region else "")
    return None


def _whole(telling: Telling, edit: Edit, subject: str) -> str:
    if edit.address.region:
        return f"{subject} {'differs from' if edit.after is not ABSENT else 'is as'} the centre now"
    row = mapping(edit.before if edit.after is ABSENT else edit.after)
    about = SIDES.get(str(row.get("side")), "")
    told = [
        f"about {about}" if about else "",
        f"owner {value(telling, 'owner', row.get('owner', ABSENT))}",
        f"level {value(telling, 'level', row.get('level', ABSENT))}",
        f"severity {value(telling, 'severity', row.get('severity', ABSENT))}",
    ]
    if edit.after is ABSENT:
        return f"Category '{subject}' is gone: {', '.join(filter(None, told))}"
    return f"New category '{subject}': {', '.join(filter(None, told))}"


def target(telling: Telling, edit: Edit, subject: str, region: str | None, code: str | None, kind: str) -> str:
    """What changed of a target, beside what stands where nothing is said of it."""
    label = TARGETS.get(kind, spoken(kind))
    is_default = code is None and region is None
    old_stands = (ABSENT, "") if is_default else telling.old.stands(region, code, kind)
    new_stands = (ABSENT, "") if is_default else telling.new.stands(region, code, kind)
    if edit.before is not ABSENT and edit.after is not ABSENT:
        one, other = span_of(edit.before), span_of(edit.after)
        warn_one, warn_other = warned(edit.before), warned(edit.after)
        if one == other:
            return f"{subject}: {label} {one}, warned {warn_one or 'otherwise'} -> {warn_other or 'otherwise'}"
        beside = f" ({new_stands[1]}: {span_of(new_stands[0])})" if region and new_stands[1] else ""
        warning = f", warned {warn_other}" if warn_one != warn_other and warn_other else ""
        return f"{subject}: {label} {one} -> {other}{warning}{beside}"
    before, after = _or_stands(edit.before, old_stands, region), _or_stands(edit.after, new_stands, region)
    return f"{subject}: {label} {before} -> {after}"


def _or_stands(own: Any, stands: tuple[Any, str], region: str | None) -> str:
    if own is not ABSENT:
        return f"{span_of(own)}, warned {warned(own)}" if warned(own) not in ("", "at 75 %") else span_of(own)
    if stands[1]:
        return f"{span_of(stands[0])} ({stands[1]})"
    return "the centre's time" if region else "no set time"


def _label(edit: Edit, subject: str, thing: str) -> str | None:
    if len(edit.address.path) != 2:
        return None
    if edit.before is ABSENT:
        return f"{subject} has one more {thing}: {plainly(edit.after)}"
    if edit.after is ABSENT:
        return f"{subject} no longer has the {thing} '{plainly(edit.before)}'"
    return f"{subject}: the {thing} '{plainly(edit.before)}' is called '{plainly(edit.after)}' now"


def _evidence(telling: Telling, edit: Edit, subject: str) -> str | None:
    path = edit.address.path
    if len(path) == 2:
        if edit.moved:
            return f"{subject}: the evidence '{_named(telling, edit)}' stands {_where(telling, edit)} now"
        row = mapping(edit.before if edit.after is ABSENT else edit.after)
        name = plainly(row.get("name", path[1]))
        if edit.after is ABSENT:
            return f"{subject} no longer asks for evidence: {name}"
        rest = ["from staff"] if row.get("needed_from") == "staff" else []
        rest += ["not required"] if row.get("required") is False else []
        return f"{subject} asks for one more item of evidence: {name}{f' ({listing(rest)})' if rest else ''}"
    item = f"the evidence '{_named(telling, edit)}'"
    if path[2] == "required":
        return f"{subject}: {item} is {'not required' if edit.after is False else 'required'} now"
    if path[2] == "needed_from":
        one, other = (value(telling, "needed_from", side) for side in (edit.before, edit.after))
        return f"{subject}: {item} comes from the {one} -> from the {other}"
    if path[2] == "name":
        return f"{subject}: the evidence '{plainly(edit.before)}' is called '{plainly(edit.after)}' now"
    return None


def _stage(telling: Telling, edit: Edit, subject: str) -> str | None:
    path = edit.address.path
    if len(path) == 2:
        if edit.moved:
            return f"{subject}: the step '{_named(telling, edit)}' comes {_where(telling, edit)} now"
        row = mapping(edit.before if edit.after is ABSENT else edit.after)
        name = plainly(row.get("name", path[1]))
        if edit.after is ABSENT:
            return f"{subject}: the path no longer has the step '{name}'"
        within = f", within {span_of(row['within'])}" if "within" in row else ""
        return f"{subject}: the path has a new step, '{name}', {_where(telling, edit)}{within}"
    if path[2] == "within":
        return field_said(telling, edit, f"{subject}, step '{_named(telling, edit)}'")
    if path[2] == "name":
        return f"{subject}: the step '{plainly(edit.before)}' is called '{plainly(edit.after)}' now"
    return None


def _named(telling: Telling, edit: Edit, key: str | None = None) -> str:
    """The name of an item of evidence or a step."""
    wanted = key or edit.address.path[1]
    for side in (telling.new, telling.old):
        things = side.row("categories", str(edit.address.key)).get(edit.address.path[0])
        for thing in things if isinstance(things, list) else []:
            if mapping(thing).get("key") == wanted:
                return plainly(mapping(thing).get("name", wanted))
    return wanted


def _where(telling: Telling, edit: Edit) -> str:
    return "first" if edit.follows is None else f"after '{_named(telling, edit, edit.follows)}'"


def _decisions(edit: Edit, subject: str) -> str:
    before, after = (_questions(side) for side in (edit.before, edit.after))
    said = [f"asks one more question: {quoted(question)}" for question in after if question not in before]
    said += [f"no longer asks {quoted(question)}" for question in before if question not in after]
    said += [
        f"what follows from {quoted(question)} reads {quoted('; '.join(after[question]))} now"
        for question in after
        if question in before and after[question] != before[question]
    ]
    return f"{subject} {'; '.join(said)}" if said else f"{subject} asks its questions in another order"


def _questions(written: Any) -> dict[str, list[str]]:
    points = written if isinstance(written, list) else []
    return {
        plainly(mapping(point).get("question", "")): [plainly(choice) for choice in mapping(point).get("choices") or ()]
        for point in points
    }
