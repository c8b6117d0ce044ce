"""Waiting: clocks stand still for a reason that the policy knows, on evidence, not for ever, and not too often."""

from __future__ import annotations

import datetime as dt

from escalations import mapping
from escalations.core import clock as clocks
from escalations.core import pausing
from escalations.core.actor import Actor
from escalations.errors import Invalid, NotAllowed
from escalations.models import Case, Clock, Pause
from escalations.selectors import law
from escalations.services.work import Work, working


def pause(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    reason: str,
    evidence: str,
    until: dt.datetime | None = None,
    version: int | None = None,
) -> Case:
    """Stop exactly the clocks that the policy names for this reason; they resume by themselves at `until`, or after the
    reason's longest time.

    Beyond the number or length of pauses that the policy allows, only the team's lead may pause, and is on record as
    having approved it. Raises Invalid for an unknown reason or missing evidence.
    """
    with working(case_id=case_id, act="pause", actor=actor, now=now, version=version) as work:
        work.require(given={"pause_reason": reason, "evidence": evidence})
        policy = work.policy.central.pause_reasons.get(reason)
        if policy is None:
            known = ", ".join(sorted(work.policy.central.pause_reasons))
            raise Invalid("pause_reason", f"no such reason in this playbook; there are {known}")
        earlier = Pause.objects.filter(clock__case=work.case, reason=reason).values("starts_at").distinct().count()
        lead = "team_lead" in work.standing
        calendar = law.calendar_of(work.case.calendar_digest)
        granted = pausing.pause_allowed(policy, earlier, at=now, calendar=calendar, until=until)
        approved = ""
        if isinstance(granted, pausing.NeedsLead):
            if not lead:
                raise NotAllowed(granted.why)
            approved = str(actor)
        resume_at = granted.resume_at
        stopped = [row for row in work.running if pausing.stops(policy, mapping.clock_value(row))]
        for row in stopped:
            work.put(row, clocks.pause(mapping.clock_value(row), work.calendar(row), at=now))
        Pause.objects.bulk_create(
            Pause(
                clock=row,
                reason=reason,
                starts_at=now,
                resume_at=resume_at,
                evidence=evidence.strip()[:300],
                actor_kind=actor.kind,
                actor_id=actor.id,
                approved_by=approved,
            )
            for row in stopped
        )
        work.resume_at = resume_at
        work.move()
        work.say(
            "case.paused",
            {
                "reason": reason,
                "stopped": [row.kind for row in stopped],
                "resumes": resume_at.isoformat(),
                "approved": bool(approved),
            },
            words={"evidence": evidence.strip()},
        )
    return work.case


def resume(*, case_id: int, actor: Actor, now: dt.datetime, version: int | None = None) -> Case:
    """Let the stopped clocks run on with what they had left."""
    with working(case_id=case_id, act="resume", actor=actor, now=now, version=version) as work:
        run_on(work, because="resumed")
    return work.case


def run_on(work: Work, *, because: str) -> None:
    """Resume all paused clocks of the case at hand and close their pauses. Part of another act."""
    paused = [row for row in work.running if row.state == Clock.State.PAUSED]
    for row in paused:
        work.put(row, clocks.resume(mapping.clock_value(row), work.calendar(row), at=work.now))
    Pause.objects.filter(clock_id__in=[row.pk for row in paused], ends_at__isnull=True).update(ends_at=work.now)
    if work.case.status == Case.Status.WAITING:
        work.case.status = Case.Status.IN_PROGRESS
    work.say("case.resumed", {"because": because, "clocks": [row.kind for row in paused]})


def resume_on(work: Work, happening: str) -> None:
    """Resume when the reason of the open pause says that it ends with this (`party_reply`, `evidence`)."""
    if work.case.status != Case.Status.WAITING:
        return
    reasons = set(Pause.objects.filter(clock__case=work.case, ends_at__isnull=True).values_list("reason", flat=True))
    known = work.policy.central.pause_reasons
    if not reasons or any(happening in known[reason].resumes_on for reason in reasons if reason in known):
        run_on(work, because=happening)
