"""Rules, triggers and deadlines set by law: where they apply, what they ask, what they change, in which order."""

from __future__ import annotations

from typing import Any

from escalations.core.words.phrases import listing
from playbook.core.diff.comparing import Edit
from playbook.core.diff.saying.fields import FIELDS, field_said, renamed, value
from playbook.core.diff.value import ABSENT, mapping
from playbook.core.diff.words import TARGETS, Row, Side, Telling, plainly, span_of, spoken, texts, warned

THINGS = {"rules": "Rule", "triggers": "Trigger", "statutory": "Deadline by law"}
_MOST_NAMED = 3


def ruling(telling: Telling, edit: Edit) -> str | None:
    """What changed of a rule, a trigger or a deadline."""
    address, path = edit.address, edit.address.path
    thing = THINGS[address.section]
    where = f" ({telling.name('regions', address.region)})" if address.region else ""
    subject = f"{thing} '{_name(telling, edit)}'{where}"
    if not path:
        return _whole(telling, edit, subject)
    field = path[0]
    if path == ("name",):
        return renamed(edit, thing) + where
    if path == ("priority",) and address.section == "rules":
        return _order(telling, edit, subject)
    if path == ("when",):
        return _condition(telling, edit, subject)
    if path in (("categories",), ("regions",)):
        return field_said(telling, edit, subject)
    if field in ("then", "raises"):
        return _outcome(telling, edit, subject)
    if path == ("after",):
        return f"{subject}: {span_of(edit.before)} -> {span_of(edit.after)}"
    if path == ("confirmed_by_counsel",):
        return f"{subject} is {'' if edit.after is True else 'not '}confirmed by counsel now"
    return field_said(telling, edit, subject) if len(path) == 1 else None


def _row(side: Side, edit: Edit) -> Row:
    address, key = edit.address, str(edit.address.key)
    if address.section == "statutory":
        return side.row("statutory", key)
    return side.find(address.part, address.section, key)


def _name(telling: Telling, edit: Edit) -> str:
    row = _row(telling.new, edit) or _row(telling.old, edit)
    return plainly(row.get("name", edit.address.key))


def _whole(telling: Telling, edit: Edit, subject: str) -> str:
    if edit.moved:
        return f"{subject} stands elsewhere in the document now, and is tried when it was"
    gone = edit.after is ABSENT
    row = mapping(edit.before if gone else edit.after)
    told = described(telling, row, old=gone)
    priority = f" (priority {plainly(row['priority'])})" if "priority" in row else ""
    start = f"{subject} is gone" if gone else f"New {subject[0].lower()}{subject[1:]}"
    return f"{start}{priority}: {told}"


def described(telling: Telling, row: Row, *, old: bool) -> str:
    """A whole rule, trigger or deadline in one phrase: where, when, what."""
    parts = []
    if texts(row.get("categories")):
        parts.append(f"for {telling.names('categories', row['categories'])}")
    if texts(row.get("regions")):
        parts.append(f"in {telling.names('regions', row['regions'])}")
    if "when" in row:
        parts.append(f"when {telling.asks(row['when'], old=old, scope=row) or plainly(row['when'])}")
    where = ", ".join(parts) or "for every case"
    if "after" in row:
        return f"{where}, {span_of(row['after'])} ({plainly(row.get('basis', 'no law named'))})"
    return f"{where}: {outcome(telling, mapping(row.get('then', row.get('raises'))))}"


def outcome(telling: Telling, written: Row) -> str:
    """What an outcome names, in one phrase."""
    told = [
        f"{FIELDS[field].label if field in FIELDS else spoken(field)} {value(telling, field, named)}"
        for field, named in written.items()
        if field != "targets"
    ]
    told += [
        f"{TARGETS.get(kind, spoken(kind))} {span_of(one)}" for kind, one in mapping(written.get("targets")).items()
    ]
    return listing(sorted(told)) or "changes nothing"


def _outcome(telling: Telling, edit: Edit, subject: str) -> str | None:
    path = edit.address.path
    stays = "not raised" if path[0] == "raises" else "as it stands"
    if len(path) == 1:
        return f"{subject}: {outcome(telling, mapping(edit.after))}"
    if path[1] == "targets" and len(path) == 3:
        label = TARGETS.get(path[2], spoken(path[2]))
        one, other = (stays if side is ABSENT else span_of(side) for side in (edit.before, edit.after))
        early, late = warned(edit.before), warned(edit.after)
        if one == other:
            return f"{subject}: {label} {one}, warned {early or 'otherwise'} -> {late or 'otherwise'}"
        warning = f", warned {late}" if early and late and early != late else ""
        return f"{subject}: {label} {one} -> {other}{warning}"
    return field_said(telling, edit, subject, stays) if len(path) == 2 else None


def _condition(telling: Telling, edit: Edit, subject: str) -> str | None:
    verb = {"rules": "applies", "triggers": "fires", "statutory": "holds"}[edit.address.section]
    old, new = _row(telling.old, edit), _row(telling.new, edit)
    if edit.before is ABSENT:
        asked = telling.asks(edit.after, old=False, scope=new)
        return None if asked is None else f"{subject} now {verb} only when {asked}, and not always"
    if edit.after is ABSENT:
        asked = telling.asks(edit.before, old=True, scope=old)
        return None if asked is None else f"{subject} now {verb} always, and not only when {asked}"
    both = telling.asked(edit.before, edit.after, old, new)
    if both is None:
        return None
    if not both.gone and not both.come:
        return f"{subject} asks for the same in another order or way"
    if both.gone == both.come:
        return f"{subject}: {both.gone.removesuffix(' holds')} was changed"
    if not both.gone:
        return f"{subject} now {verb} only when also {both.come}"
    if not both.come:
        return f"{subject} now {verb} without asking for this: {both.gone}"
    rest = " (its other conditions stay)" if both.stays else ""
    among = ", among other cases," if both.among else ""
    return f"{subject} {verb}{among} when {both.gone} -> when {both.come}{rest}"


def _order(telling: Telling, edit: Edit, subject: str) -> str:
    """Before or after which rules this one is tried now, of those that can be about the same case."""
    if plainly(edit.before) == plainly(edit.after):
        return f"{subject}: priority {plainly(edit.after)}, written otherwise"
    priorities = f"priority {plainly(edit.before)} -> {plainly(edit.after)}"
    before = _tried_first(telling.old, edit, edit.before)
    after = _tried_first(telling.new, edit, edit.after)
    named = {}
    for word, keys in (("before", before.keys() - after.keys()), ("after", after.keys() - before.keys())):
        rows = [(before | after)[key] for key in keys]
        shared = [row for row in rows if row.get("key") in _both(telling, edit)]
        seen = sorted(plainly(row.get("name", row.get("key"))) for row in shared if not telling.hidden(row))
        if seen:
            rest = len(seen) - _MOST_NAMED
            listed = [f"'{name}'" for name in seen[:_MOST_NAMED]] + ([f"{rest} more"] if rest > 0 else [])
            named[word] = f"{word} {listing(listed)}"
    if not named:
        return f"{subject}: {priorities}"
    return f"{subject} is tried {' and '.join(named.values())} now ({priorities})"


def _both(telling: Telling, edit: Edit) -> set[Any]:
    """Keys of the rules that both editions have in this part."""
    part, section = edit.address.part, edit.address.section
    old, new = ({row.get("key") for row in side.listed(part, section)} for side in (telling.old, telling.new))
    return old & new


def _tried_first(side: Side, edit: Edit, priority: Any) -> dict[str, Row]:
    """The rules of the part that can be about the same case and are tried before this one."""
    if type(priority) is not int:
        return {}
    own = side.find(edit.address.part, edit.address.section, str(edit.address.key))
    return {
        str(row.get("key")): row
        for row in side.listed(edit.address.part, edit.address.section)
        if row is not own and type(row.get("priority")) is int and row["priority"] < priority and _meet(side, own, row)
    }


def _meet(side: Side, one: Row, other: Row) -> bool:
    """Whether two scopes share a place."""
    ours, theirs = texts(one.get("categories")), texts(other.get("categories"))
    if ours and theirs and not any(_covers(a, b) or _covers(b, a) for a in ours for b in theirs):
        return False
    here, there = texts(one.get("regions")), texts(other.get("regions"))
    if not here or not there:
        return True
    return any(a == b or a in side.above(b) or b in side.above(a) for a in here for b in there)


def _covers(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith(outer + ".")
