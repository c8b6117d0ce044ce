"""Fields by name: how one is called, and how its value reads."""

from __future__ import annotations

from typing import Any, NamedTuple

from escalations.core.words.phrases import listing
from playbook.core.diff.comparing import Edit
from playbook.core.diff.value import ABSENT
from playbook.core.diff.words import DEFAULTS, PEOPLE, SIDES, Telling, plainly, quoted, span_of, spoken, texts


class Field(NamedTuple):
    """What a field is called, what its keys are keys of (or how else it reads), and what none of it is called."""

    label: str
    reads: str = ""
    none: str = "none"


FIELDS = {
    "owner": Field("owner", "teams", "nobody"),
    "backups": Field("covered by", "teams", "nobody"),
    "specialisms": Field("asks for", "specialisms", "no specialism"),
    "channel": Field("channel", "channels"),
    "level": Field("level", "levels"),
    "severity": Field("severity"),
    "protocol": Field("protocol", "key"),
    "ladder": Field("ladder", "ladders", "the default"),
    "side": Field("is about", "sides"),
    "region_of": Field("whose region counts"),
    "remedies": Field("may be settled by", "remedies", "no remedy"),
    "reopen_within": Field("may be opened again within", "span", "the default time"),
    "within": Field("within", "span", "no set time"),
    "calendar": Field("works by the calendar", "key"),
    "on_call": Field("asked off hours", "roles", "nobody"),
    "team": Field("team", "teams"),
    "parent": Field("lies in", "regions", "no other region"),
    "languages": Field("languages"),
    "currency": Field("currency"),
    "rank": Field("rank"),
    "sensitive": Field("sensitive", "flag"),
    "type": Field("type"),
    "signal": Field("is a signal", "flag"),
    "values": Field("may be", none="anything"),
    "visibility": Field("may be seen by", "seen", "everybody"),
    "claims": Field("a claim raises the level", "claims"),
    "kind": Field("kind"),
    "categories": Field("is for", "categories", "every category"),
    "regions": Field("is for", "regions", "every region"),
    "tell": Field("tells", "people", "nobody"),
    "after": Field("after", "span"),
    "starts": Field("counts from the", ""),
    "legal_owner": Field("legal owner", "roles", "nobody"),
    "confirmed_by_counsel": Field("confirmed by counsel", "flag"),
    "stops": Field("stops", "targets", "nothing"),
    "longest": Field("at most", "span"),
    "most": Field("how often at most"),
    "resumes_on": Field("ends by itself on", none="nothing"),
    "from_level": Field("granted from", "levels", "no level"),
    "money": Field("is money", "flag"),
    "timezone": Field("time zone"),
    "summary": Field("the summary", "text"),
    "purpose": Field("the purpose", "text"),
    "because": Field("the reason", "text"),
    "basis": Field("the law", "text"),
    "evidence": Field("what must be there", "text"),
}


def value(telling: Telling, field: str, written: Any, none: str = "") -> str:
    """A field's value in words. One that is not written has its default, or is called `none`."""
    how = FIELDS.get(field, Field(spoken(field)))
    if written is ABSENT or written is None:
        written = DEFAULTS.get(field, ABSENT) if not none else ABSENT
        if written is ABSENT:
            return none or how.none
    if isinstance(written, list):
        if how.reads == "people":
            return listing([person(telling, key) for key in texts(written)]) or how.none
        if how.reads == "targets":
            return listing([spoken(key) for key in texts(written)]) or how.none
        if how.reads:
            return telling.names(how.reads, written, how.none)
        return listing([spoken(plainly(item)) for item in written]) or how.none
    if how.reads == "span":
        return span_of(written)
    if isinstance(written, str):
        if how.reads in ("", "text"):
            return spoken(written)
        if how.reads == "key":
            return written
        if how.reads == "seen":
            return f"channel {telling.name('channels', written)} alone"
        if how.reads == "sides":
            return SIDES.get(written, written)
        if how.reads == "claims":
            return "at once" if written == "enough" else "once it is verified"
        return telling.name(how.reads, written)
    return plainly(written)


def person(telling: Telling, key: str) -> str:
    """Whom a rung tells."""
    role = key.removeprefix("role:")
    return PEOPLE.get(key) or telling.name("roles", role)


def field_said(telling: Telling, edit: Edit, subject: str, none: str = "") -> str:
    """`SUBJECT: LABEL BEFORE -> AFTER`, for any field. What has no words of its own is said plainly."""
    field = edit.address.path[-1] if edit.address.path else edit.address.section
    how = FIELDS.get(field, Field(" ".join(map(spoken, edit.address.path)) or spoken(field)))
    if how.reads == "text":
        if edit.after is ABSENT:
            return f"{subject}: {how.label} is left out (it was {quoted(edit.before)})"
        return f"{subject}: {how.label} reads {quoted(edit.after)} now"
    before, after = (value(telling, field, written, none) for written in (edit.before, edit.after))
    if before == after:
        # In other words the same, such as a default that is written out.
        return f"{subject}: {how.label} {after}, written otherwise"
    return f"{subject}: {how.label} {before} -> {after}"


def renamed(edit: Edit, thing: str) -> str:
    """`Team 'Payments' is called 'Money' now`. `thing` is `Team`, or nothing."""
    start = f"{thing} " if thing else ""
    if edit.before is ABSENT:
        return f"{start}'{edit.address.key}' is called '{plainly(edit.after)}' now"
    if edit.after is ABSENT:
        return f"{start}'{plainly(edit.before)}' has no name any more"
    return f"{start}'{plainly(edit.before)}' is called '{plainly(edit.after)}' now"
