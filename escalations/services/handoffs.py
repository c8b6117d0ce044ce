"""Handoffs: a case changes owner with a note and the brief as it stands; the receiver accepts it or returns it.

A handoff moves ownership and nothing else (field case M4): clocks, promises, party and evidence stay as they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from escalations.core.actor import Actor
from escalations.errors import DeskError, Invalid, NotAllowed, Refused
from escalations.models import Case, Handoff, Team
from escalations.models.reach import belongs
from escalations.selectors import people
from escalations.selectors.brief import brief_of
from escalations.services.work import Work, working


def hand_off(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    to_team_id: int,
    note: str,
    to_person_id: int | None = None,
    version: int | None = None,
) -> Handoff:
    """Offer a case to another team (or a person of it), with a note; the brief is made and kept with the handoff.

    The receiving team owns it from now on, and accepts it or returns it as misrouted. An earlier offer that nobody
    answered is superseded. Raises Invalid for a retired team, the same owner, or a person outside the team.
    """
    with working(case_id=case_id, act="hand_off", actor=actor, now=now, version=version) as work:
        case = work.case
        work.require(given={"note": note})
        team = Team.objects.filter(pk=to_team_id, retired_at__isnull=True).first()
        if team is None:
            raise Invalid("team", "Choose a team that exists in the playbook in force.")
        if team.pk == case.team_id and (to_person_id is None or to_person_id == case.assignee_id):
            raise Invalid("team", f"{team} has this case already: choose another team, or a person.")
        person = None
        if to_person_id is not None:
            found = people.members(now, team_ids=[team.pk]).filter(person_id=to_person_id).first()
            if found is None:
                raise Invalid("person", f"They are not in {team}.")
            if to_person_id not in people.holders(case.channel_id, "work_cases"):
                raise Invalid("person", f"{found.person} may not work in this channel.")
            if case.party.staff_user_id == to_person_id:
                raise Invalid("person", f"{found.person} is the party of this case.")
            person = found.person
        Handoff.objects.filter(case=case, state=Handoff.State.OFFERED).update(
            state=Handoff.State.SUPERSEDED, answered_at=now, answered_by=str(actor)
        )
        row = Handoff.objects.create(
            case=case,
            from_team_id=case.team_id,
            to_team=team,
            from_person_id=case.assignee_id,
            to_person=person,
            from_level_id=case.level_id,
            note=note.strip(),
            brief=brief_of(case, now=now),
            actor_kind=actor.kind,
            actor_id=actor.id,
            at=now,
        )
        work.own(team=team, assignee=person, cause="handoff")
        work.move("person" if person else "team")
        work.say(
            "handoff.offered",
            {
                "handoff": row.pk,
                "from": row.from_team_id,
                "to": team.pk,
                "person": to_person_id,
            },
            words={"note": note.strip()},
        )
        work.tell("notice.handoff", [f"user:{person.pk}"] if person else [f"leads:{team.pk}"], handoff=row.pk)
    return row


def hand_off_several(
    *, offers: Sequence[tuple[Case, int]], actor: Actor, now: dt.datetime, note: str
) -> tuple[list[Handoff], list[tuple[str, str]]]:
    """Offer several cases (as they were seen) each to a team, with one note: the handoffs made, and (reference, reason)
    of the cases that could not be handed off. Each is one act; a team's notices are bundled into one when delivered."""
    done: list[Handoff] = []
    failed: list[tuple[str, str]] = []
    for case, team_id in offers:
        try:
            done.append(
                hand_off(case_id=case.pk, actor=actor, now=now, to_team_id=team_id, note=note, version=case.version)
            )
        except DeskError as error:
            failed.append((case.reference, str(error)))
    return done, failed


def accept(*, case_id: int, actor: Actor, now: dt.datetime, version: int | None = None) -> Handoff:
    """Accept the waiting handoff: the acting person has the case from now on."""
    with working(case_id=case_id, act="accept", actor=actor, now=now, version=version) as work:
        row = _waiting(work)
        if work.person is None:
            raise Refused("Only a person can accept a handoff.")
        if not belongs(work.person, "work_cases", work.case):
            raise NotAllowed("The case is open to you for a while only: whoever owns it belongs to its channel.")
        if row.to_person_id not in (None, work.person.pk) and "team_lead" not in work.standing:
            raise Refused(f"This was handed to {row.to_person}; they, or the team's lead, accept or return it.")
        work.own(assignee=work.person, cause="accepted")
        work.move("person")
        work.meet("assign")
        answer(row, Handoff.State.ACCEPTED, work)
    return row


def return_misrouted(
    *, case_id: int, actor: Actor, now: dt.datetime, reason: str, version: int | None = None
) -> Handoff:
    """Return the waiting handoff to where it came from, with the reason. It is counted as misrouted."""
    with working(case_id=case_id, act="return_misrouted", actor=actor, now=now, version=version) as work:
        work.require(given={"reason": reason})
        row = _waiting(work)
        row.returned_because = reason.strip()
        answer(row, Handoff.State.RETURNED, work)
        sender = row.from_person_id
        back = None if sender is None or people.away(now, [sender]) else sender
        work.own(team_id=row.from_team_id, assignee_id=back, cause="returned")
        work.move("person" if back else "team")
        work.say("handoff.returned", {"handoff": row.pk, "to": row.from_team_id}, words={"reason": reason.strip()})
        work.tell(
            "notice.returned",
            [f"user:{back}" if back else f"leads:{row.from_team_id}"],
            handoff=row.pk,
        )
    return row


def _waiting(work: Work) -> Handoff:
    row = (
        Handoff.objects.select_for_update(of=("self",))
        .select_related("to_person")
        .filter(case=work.case, state=Handoff.State.OFFERED)
        .first()
    )
    work.require(holding={"pending_handoff": row is not None})
    if row is None:
        raise Case.DoesNotExist  # unreachable: `require` has refused
    return row


def answer(row: Handoff, state: Handoff.State, work: Work) -> None:
    """Answer a waiting handoff; an acceptance is told to who handed it off. Part of another act."""
    row.state, row.answered_at, row.answered_by = state, work.now, str(work.actor)
    row.save(update_fields=["state", "answered_at", "answered_by", "returned_because"])
    if state == Handoff.State.ACCEPTED:
        work.say("handoff.accepted", {"handoff": row.pk})
        if row.from_person_id:
            work.tell("notice.accepted", [f"user:{row.from_person_id}"], handoff=row.pk)
