"""The first steps on a case: somebody looked at where it came to, somebody began."""

from __future__ import annotations

import datetime as dt

from escalations.core.actor import Actor
from escalations.models import Case
from escalations.services.work import working


def triage(*, case_id: int, actor: Actor, now: dt.datetime, note: str = "", version: int | None = None) -> Case:
    """Confirm where a new case came to. To change it, reclassify it (`facts.reclassify`) or hand it off."""
    with working(case_id=case_id, act="triage", actor=actor, now=now, version=version) as work:
        work.move()
        work.say("case.triaged", words={"note": note.strip()} if note.strip() else None)
    return work.case


def start(*, case_id: int, actor: Actor, now: dt.datetime, version: int | None = None) -> Case:
    """Say that work on an assigned case has begun. Answering the party says so too."""
    with working(case_id=case_id, act="start", actor=actor, now=now, version=version) as work:
        work.move()
        work.say("case.started")
    return work.case
