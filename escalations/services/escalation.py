"""Escalations by people: to a higher authority, with type, cause and reason; and back down again.

The ladder's escalations by time are written by the sweep, set-wise; both end in the same rows.
"""

from __future__ import annotations

import datetime as dt

from escalations.core.actor import Actor
from escalations.errors import Invalid, Refused
from escalations.models import Case, Escalation, Level
from escalations.selectors import people, registry
from escalations.services.work import Work, working

# How a person's cause is told from the other types; time is the sweep's alone.
TYPES = ("manual", "severity", "policy_conflict", "party_request")


def escalate(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    cause: str,
    reason: str,
    type: str = "manual",  # noqa: A002  (the field's word)
    to_level: str = "",
    version: int | None = None,
) -> Escalation:
    """Raise a case to a higher level (the next one, unless `to_level` names another above it).

    Whoever has it keeps it when their level suffices; else it goes to the team's queue at that level, where the best
    free person gets it within a minute. Raises Invalid for a wrong type, cause or level, Refused at the top.
    """
    with working(case_id=case_id, act="escalate", actor=actor, now=now, version=version) as work:
        work.require(given={"escalation_type": type, "cause": cause, "reason": reason})
        if type not in TYPES:
            raise Invalid("escalation_type", f"one of {', '.join(TYPES)}")
        if cause not in Escalation.Cause.values or cause == Escalation.Cause.TIME:
            raise Invalid("cause", "Choose one of the causes; time is the clock's own.")
        return raise_level(work, _above(work, to_level), type=type, cause=cause, reason=reason)


def de_escalate(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    escalation_id: int,
    reason: str,
    version: int | None = None,
) -> Escalation:
    """Take an escalation back: the case returns to the level it came from, unless another one keeps it up."""
    with working(case_id=case_id, act="de_escalate", actor=actor, now=now, version=version) as work:
        work.require(given={"reason": reason})
        standing = list(
            Escalation.objects.select_for_update(of=("self",))
            .select_related("from_level", "to_level", "from_team")
            .filter(case=work.case, state=Escalation.State.STANDING)
        )
        row = next((item for item in standing if item.pk == escalation_id), None)
        work.require(holding={"standing_escalation": row is not None})
        if row is None:
            raise Escalation.DoesNotExist  # unreachable: `require` has refused
        row.state, row.outcome, row.ended_at = Escalation.State.DE_ESCALATED, reason.strip(), now
        row.save(update_fields=["state", "outcome", "ended_at"])
        others = [item for item in standing if item.pk != row.pk]
        level = max([row.from_level, *(item.to_level for item in others)], key=lambda item: item.rank)
        if level.rank < work.case.level.rank:
            work.own(level=level, cause="de_escalated")
        work.say(
            "case.de_escalated",
            {"escalation": row.pk, "from": row.to_level.key, "to": level.key},
            words={"reason": reason.strip()},
        )
        work.tell("notice.de_escalated", [f"leads:{work.case.team_id}"], escalation=row.pk)
    return row


def raise_level(
    work: Work,
    level: Level,
    *,
    type: str,  # noqa: A002  (the field's word)
    cause: str,
    reason: str,
    rung: str = "",
) -> Escalation:
    """Raise the case at hand to `level` and write the record of it. Part of another act."""
    case = work.case
    row = Escalation.objects.create(
        case=case,
        type=type,
        cause=cause,
        from_level_id=case.level_id,
        to_level=level,
        from_team_id=case.team_id,
        to_team_id=case.team_id,
        rung_key=rung,
        reason=reason.strip(),
        actor_kind=work.actor.kind,
        actor_id=work.actor.id,
        at=work.now,
    )
    before = case.level.key
    keeps = case.assignee_id is not None and _rank_of(work) >= level.rank
    old = case.assignee_id
    work.own(level=level, assignee_id=case.assignee_id if keeps else None, cause="escalated")
    work.move("same" if keeps else "team")
    work.say(
        "case.escalated",
        {"escalation": row.pk, "type": type, "cause": cause, "from": before, "to": level.key, "rung": rung},
        words={"reason": reason.strip()},
    )
    told = [f"leads:{case.team_id}"] + ([f"user:{old}"] if old and not keeps else [])
    work.tell("notice.escalated", told, escalation=row.pk)
    return row


def close_standing(work: Work) -> None:
    """End the standing escalations with the case. Part of resolving."""
    Escalation.objects.filter(case=work.case, state=Escalation.State.STANDING).update(
        state=Escalation.State.CLOSED, ended_at=work.now
    )


def _above(work: Work, wanted: str) -> Level:
    here = work.case.level.rank
    above = [key for key in work.policy.levels_by_rank() if work.policy.level_rank(key) > here]
    if not above:
        raise Refused(f"The case is at the highest level already ({work.case.level}).")
    if not wanted:
        return registry.row(Level, above[0])
    if wanted not in above:
        raise Invalid("to_level", f"Choose a level above {work.case.level}: {', '.join(above)}.")
    return registry.row(Level, wanted)


def _rank_of(work: Work) -> int:
    case: Case = work.case
    row = people.members(work.now, team_ids=[case.team_id]).filter(person_id=case.assignee_id).first()
    return row.level.rank if row else 0
