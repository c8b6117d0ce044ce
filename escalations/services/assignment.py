"""Who has a case: given to the best free person, to a person chosen by a lead, taken by oneself, or given back.

The best free person is on duty, has room, decides at the case's level, may work in its channel and is not its party;
among those the one with the skills and the language, then the smallest share of capacity in use. Where the policy says
so, whoever has not taken in what its version changed comes after all who have (`core.unread`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from escalations.core import clock as clocks
from escalations.core.actor import Actor
from escalations.core.calendar import Calendar
from escalations.core.policy import Reading
from escalations.core.unread import Ready, kept_for
from escalations.errors import DeskError, NotAllowed, Refused
from escalations.models import Case, Handoff, Ownership, User
from escalations.models.reach import belongs
from escalations.selectors import law, people
from escalations.services.handoffs import answer
from escalations.services.work import Work, working
from escalations.unread import behind


def assign(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    person_id: int | None = None,
    version: int | None = None,
) -> Case:
    """Give a case to `person_id`, or to the best free person of its team when None.

    A lead may give it to somebody whose capacity is used up or who is off duty, never to somebody away, below its
    level, without the right to its channel, or who is its party. Raises Refused that says what stands in the way.
    """
    with working(case_id=case_id, act="assign", actor=actor, now=now, version=version) as work:
        if person_id is None:
            if not give_to_best(work):
                raise Refused(_nobody(_candidates(work)))
        else:
            _give(work, _chosen(work, person_id, _candidates(work)), cause="assigned")
    return work.case


def take(*, case_id: int, actor: Actor, now: dt.datetime, version: int | None = None) -> Case:
    """Take a case that nobody holds out of the team's queue. One that was handed over is accepted by taking it.

    Raises Refused when somebody has it, when they cannot own it (level, channel, own case), and when it is kept for
    those who have taken in what its version of the playbook changed.
    """
    with working(case_id=case_id, act="take", actor=actor, now=now, version=version) as work:
        work.require(holding={"unheld": work.case.assignee_id is None})
        if work.person is None:
            raise NotAllowed("Only a person can take a case.")
        candidates = _candidates(work)
        person = _chosen(work, work.person.pk, candidates)
        if person.pk in _passed_over(work, candidates):
            raise Refused(
                f"Version {work.case.policy_version.number} of the playbook changed this category: take in what it "
                "changes for your work (Playbook, Onboarding), then take the case."
            )
        _give(work, person, cause="taken")
        offered = Handoff.objects.select_for_update().filter(case=work.case, state=Handoff.State.OFFERED).first()
        if offered is not None:
            answer(offered, Handoff.State.ACCEPTED, work)
    return work.case


def release(*, case_id: int, actor: Actor, now: dt.datetime, reason: str, version: int | None = None) -> Case:
    """Give a case back to the team's queue, with the reason."""
    with working(case_id=case_id, act="release", actor=actor, now=now, version=version) as work:
        work.require(given={"reason": reason})
        work.own(assignee=None, cause="released")
        work.move("team")
        work.say("case.released", words={"reason": reason})
    return work.case


def give_to_best(work: Work) -> bool:
    """Give the case at hand to the best free person on duty; False when there is none. Part of another act."""
    calendar = _calendar(work)
    if calendar is not None and not calendar.is_open(work.now):
        return False  # the whole team is off duty: nobody need be looked at
    candidates = _candidates(work)
    others = _passed_over(work, candidates)
    found = [one for one in candidates if one.fits and one.person.pk not in others]
    if not found:
        return False
    _give(work, found[0].person, cause="assigned")
    return True


def _passed_over(work: Work, candidates: Sequence[people.Candidate]) -> Collection[int]:
    """Who has not taken in what the version of a new case changed, while it is kept for those who have; else nobody.

    New is what nobody has had yet. Nothing is asked where the policy does not say so, or its time has not come.
    """
    rule = work.policy.central.reading
    if rule is None or work.now < _read_by(work, rule) or _was_had(work):
        return ()
    version = work.case.policy_version
    unread = behind(version, category=work.case.category.key, people=[one.person.pk for one in candidates])
    ready = [
        Ready(
            one.person.pk,
            staff=not one.hard_obstacles and not one.off_duty,
            free=one.fits,
            knows=one.person.pk not in unread,
        )
        for one in candidates
    ]
    return () if kept_for(ready, keep=rule.keep) is None else unread


def _read_by(work: Work, rule: Reading) -> dt.datetime:
    """Until when everybody gets new cases as before."""
    calendar = _calendar(work) or law.calendar_of(work.case.calendar_digest)
    effective = work.case.policy_version.effective_at
    return clocks.due_after(rule.within.basis, rule.within.seconds, at=effective, calendar=calendar)


def _was_had(work: Work) -> bool:
    return not work.created and Ownership.objects.filter(case=work.case, assignee__isnull=False).exists()


def assign_waiting(*, now: dt.datetime, limit: int = 200) -> int:
    """Give waiting cases of the queues to people who have become free, most severe and oldest first; how many.

    Run every minute, so that absence ends and capacity that frees up drain the queue (field case M5). Each case is an
    act of its own: one that fails does not hold up the next.
    """
    rows = (
        Case.objects.open()
        .filter(assignee__isnull=True, status__in=["new", "triaged", "reopened"])
        .order_by("-severity_band", "radar_at", "id")
        .values_list("pk", "version", "team_id", "level_id", "channel_id")[:limit]
    )
    given, hopeless = 0, set()
    actor = Actor.worker("assignment")
    for pk, version, *queue in rows:
        if tuple(queue) in hopeless:
            continue
        try:
            assign(case_id=pk, actor=actor, now=now, version=version)
            given += 1
        except Refused:
            hopeless.add(tuple(queue))
        except DeskError:
            continue
    return given


@dataclass(frozen=True, slots=True)
class Reassignment:
    """What giving one case to one person would do."""

    case: Case
    obstacles: tuple[str, ...]
    remarks: tuple[str, ...]


def preview_reassign(
    *, case_ids: Collection[int], person_id: int, actor: Actor, now: dt.datetime
) -> list[Reassignment]:
    """What `reassign` would do, case by case, counting the load that builds up. Writes nothing."""
    viewer = actor.person or User.objects.get(pk=actor.id)
    person = User.objects.get(pk=person_id)
    cases = (
        Case.objects.visible_to(viewer)
        .filter(pk__in=case_ids)
        .select_related("team", "level", "channel", "party", "assignee")
        .order_by("-severity_band", "radar_at")
    )
    memberships = {
        row.team_id: row for row in people.members(now).filter(person=person).prefetch_related("specialisms")
    }
    load = people.open_load([person_id])[person_id]
    absent = bool(people.away(now, [person_id]))
    rows = []
    for case in cases:
        row = memberships.get(case.team_id)
        obstacles, remarks = [], []
        if not case.is_open or case.status == Case.Status.RESOLVED:
            obstacles.append(f"is {case.get_status_display()}")
        if case.assignee_id == person_id:
            obstacles.append("has it already")
        if absent:
            obstacles.append("is away")
        if row is None:
            obstacles.append(f"is not in {case.team}")
        elif row.level.rank < case.level.rank:
            obstacles.append(f"decides up to {row.level}, this needs {case.level}")
        if not belongs(person, "work_cases", case):
            obstacles.append("may not work in this channel")
        if row is not None and not obstacles:
            load += 1
            if load > row.capacity:
                remarks.append(f"goes over capacity: {load} of {row.capacity}")
            if row.languages and case.language not in row.languages:
                remarks.append(f"does not speak {case.language}")
        rows.append(Reassignment(case=case, obstacles=tuple(obstacles), remarks=tuple(remarks)))
    return rows


def reassign(
    *, case_ids: Sequence[int], person_id: int, actor: Actor, now: dt.datetime
) -> tuple[list[Case], list[tuple[str, str]]]:
    """Give several cases to one person: those done, and (reference, reason) of those that could not be.

    Each is one act; the receiver's notices are bundled into one when delivered.
    """
    done: list[Case] = []
    failed: list[tuple[str, str]] = []
    for item in preview_reassign(case_ids=case_ids, person_id=person_id, actor=actor, now=now):
        try:
            done.append(assign(case_id=item.case.pk, person_id=person_id, actor=actor, now=now))
        except DeskError as error:
            failed.append((item.case.reference, str(error)))
    return done, failed


def _candidates(work: Work) -> list[people.Candidate]:
    case = work.case
    return people.candidates(
        team_id=case.team_id,
        level_rank=case.level.rank,
        channel_id=case.channel_id,
        at=work.now,
        specialisms=work.outcome.get("specialisms", ()),
        language=case.language,
        party_staff_id=case.party.staff_user_id,
        calendar=_calendar(work),
    )


def _calendar(work: Work) -> Calendar | None:
    """The opening hours of the owning team, by the version that the case is pinned to."""
    team = work.policy.central.teams.get(work.case.team.key)
    return law.policy_calendar(work.policy, team.calendar) if team else None


def _chosen(work: Work, person_id: int, candidates: Sequence[people.Candidate]) -> User:
    """The person, if they can own this case at all. Full capacity and off duty are no obstacle to a choice."""
    found = next((item for item in candidates if item.person.pk == person_id), None)
    if found is None:
        raise Refused(f"They are not in {work.case.team}; hand the case off to their team instead.")
    if found.hard_obstacles:
        raise Refused(f"{found.person} cannot take this case: {', '.join(found.hard_obstacles)}.")
    return found.person


def _nobody(candidates: Sequence[people.Candidate]) -> str:
    if not candidates:
        return "Nobody belongs to this team yet: add members, or hand the case off."
    why = "; ".join(f"{item.person} {', '.join(item.obstacles)}" for item in candidates[:5])
    return f"Nobody of the team is free to take this case: {why}."


def _give(work: Work, person: User, *, cause: str) -> None:
    before = work.case.assignee_id
    work.own(assignee=person, cause=cause)
    work.move("person", as_by="assign")
    work.say("case.assigned", {"person": person.pk, "cause": cause, "before": before})
    work.meet("assign")
    work.tell("notice.assigned", [f"user:{person.pk}"])
