"""Evidence that a category needs: received, waived with a reason, or asked for in addition."""

from __future__ import annotations

import datetime as dt

from escalations.core.actor import Actor
from escalations.errors import Invalid
from escalations.models import Evidence
from escalations.services.pauses import resume_on
from escalations.services.work import Work, working


def add_evidence(
    *, case_id: int, actor: Actor, now: dt.datetime, key: str, note: str = "", version: int | None = None
) -> Evidence:
    """Record that an item has come in, and where it is. Ends a pause that waited for it."""
    with working(case_id=case_id, act="add_evidence", actor=actor, now=now, version=version) as work:
        work.require(given={"item": key})
        row = item_of(work, key)
        received(work, row, note=note.strip())
    return row


def received(work: Work, row: Evidence, *, note: str = "") -> None:
    """Within an act: the item is here. Ends a pause that waited for it."""
    row.state, row.note, row.at = Evidence.State.RECEIVED, note, work.now
    row.save(update_fields=["state", "note", "at"])
    work.say("evidence.received", {"item": row.key}, words={"note": note} if note else None)
    resume_on(work, "evidence")


def waive_evidence(
    *, case_id: int, actor: Actor, now: dt.datetime, key: str, reason: str, version: int | None = None
) -> Evidence:
    """Decide that an item is not needed, with the reason."""
    with working(case_id=case_id, act="waive_evidence", actor=actor, now=now, version=version) as work:
        work.require(given={"item": key, "reason": reason})
        row = item_of(work, key)
        row.state, row.note, row.at = Evidence.State.WAIVED, reason.strip(), now
        row.save(update_fields=["state", "note", "at"])
        work.say("evidence.waived", {"item": key}, words={"reason": reason.strip()})
    return row


def complete(work: Work) -> bool:
    """Whether no required item of the case is still open. One query."""
    return not Evidence.objects.filter(case=work.case, required=True, state=Evidence.State.OPEN).exists()


def item_of(work: Work, key: str) -> Evidence:
    """The item of the case that a key names, locked. Raises Invalid that lists those that there are."""
    row = Evidence.objects.select_for_update().filter(case=work.case, key=key).first()
    if row is None:
        known = ", ".join(Evidence.objects.filter(case=work.case).values_list("key", flat=True)) or "none"
        raise Invalid("item", f"this case needs no {key!r}; it needs {known}")
    return row
