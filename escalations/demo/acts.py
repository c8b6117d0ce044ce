"""A step of a story becomes a call of the act's service: by whom, with which words, or not at all."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from escalations.core.actor import Actor
from escalations.core.calendar import Calendar
from escalations.core.policy import Policy
from escalations.demo.binding import Binding
from escalations.demo.people import Cast
from escalations.demo.story import Step
from escalations.models import Approval, Case, Escalation, Evidence, Handoff, Team, User
from escalations.selectors import law, people
from escalations.services import (
    assignment,
    closing,
    escalation,
    evidence,
    facts,
    handoffs,
    intake,
    pauses,
    remedies,
    replies,
    triage,
)

WAYS_IN: Mapping[str, str] = {
    "mail": "mailroom",
    "chat": "chat",
    "phone": "telephone",
    "form": "help-form",
    "api": "marketplace",
    "desk": "monitoring",
}
"""Which connected system opens a case, by the way that it came."""


class NotYet(Exception):
    """Nobody is there to do it: it is tried again later."""


@dataclass(slots=True)
class Run:
    """One case on its way through its story. `steps` are those that it will come to, `pace` how fast people are."""

    binding: Binding
    opens_at: dt.datetime
    steps: tuple[Step, ...]
    rng: random.Random
    pace: float = 1.0
    assign: bool = True
    case_id: int = 0
    party_id: int = 0
    twin_id: int = 0
    at: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


class Acts:
    """The doors, as steps name them. Each method returns None, or raises NotYet or the service's refusal."""

    def __init__(self, cast: Cast, policy: Policy) -> None:
        self.cast = cast
        self.policy = policy
        self._teams = {row.key: row for row in Team.objects.all()}

    def open(self, run: Run) -> Case:
        """Open the case of a run."""
        way = Actor.integration(WAYS_IN[run.binding.source])
        case = intake.open_case(document=run.binding.document(), actor=way, now=run.opens_at, assign=run.assign)
        run.case_id, run.party_id = case.pk, case.party_id
        return case

    def do(self, run: Run, step: Step, now: dt.datetime) -> None:
        """Do one step, if there is an occasion for it."""
        case = Case.objects.select_related("team", "level", "channel", "party").get(pk=run.case_id)
        act: Callable[[Run, Step, Case, dt.datetime], None] = getattr(self, f"_{step.act}")
        act(run, step, case, now)

    # ------------------------------------------------------------------------------------------------------------ who

    def holder(self, case: Case) -> User:
        """Whoever has the case. Raises NotYet when nobody does."""
        if case.assignee_id is None:
            raise NotYet
        return self.cast.by_id(case.assignee_id)

    def lead(self, case: Case, now: dt.datetime) -> User:
        """A lead of the owning team who is there and may work in the channel."""
        leads = [row.pk for row in people.leads(case.team_id, now)]
        allowed = people.holders(case.channel_id, "work_cases")
        away = people.away(now, leads)
        found = next((pk for pk in leads if pk in allowed and pk not in away), None)
        if found is None:
            raise NotYet
        return self.cast.by_id(found)

    def receiver(self, case: Case, now: dt.datetime) -> User:
        """Who of the owning team takes a case that was handed over: who has it already, else the best of them."""
        if case.assignee_id is not None:
            return self.cast.by_id(case.assignee_id)
        found = self.best(case.team, case, now)
        if found is None:
            raise NotYet
        return found

    def best(self, team: Team, case: Case, now: dt.datetime) -> User | None:
        """The best free person of a team for a case, on duty or not."""
        candidates = people.candidates(
            team_id=team.pk,
            level_rank=case.level.rank,
            channel_id=case.channel_id,
            at=now,
            language=case.language,
            party_staff_id=case.party.staff_user_id,
        )
        return next((self.cast.by_id(item.person.pk) for item in candidates if item.fits), None)

    def decider(self, approval: Approval, case: Case, now: dt.datetime) -> User:
        """Somebody whose level suffices for a request, of the own team first, who did not ask for it."""
        allowed = people.holders(case.channel_id, "work_cases")
        rows = people.members(now).filter(level__rank__gte=approval.level.rank).order_by("level__rank", "id")
        found = sorted(
            (row for row in rows if row.person_id in allowed and str(row.person_id) != approval.remedy.actor_id),
            key=lambda row: row.team_id != case.team_id,
        )
        away = people.away(now, [row.person_id for row in found])
        pick = next((row.person_id for row in found if row.person_id not in away), None)
        if pick is None:
            raise NotYet
        return self.cast.by_id(pick)

    # ---------------------------------------------------------------------------------------------------------- words

    def _answer(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        person = self.holder(case)
        hours = step.data["promise_h"]
        due = None if hours is None else (now + dt.timedelta(hours=hours)).replace(second=0, microsecond=0)
        replies.respond(
            case_id=case.pk,
            actor=Actor.user(person),
            now=now,
            body=run.binding.letter(step.words, agent=str(person), team=case.team.name),
            promise_due=due,
        )

    def _hears(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        replies.receive(
            case_id=case.pk,
            actor=Actor.party(run.party_id),
            now=now,
            body=run.binding.say(step.words),
            means=step.data["means"],
        )

    def _note(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        replies.note(case_id=case.pk, actor=Actor.user(self.holder(case)), now=now, body=run.binding.say(step.words))

    def _got(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        actor = Actor.integration("mailroom") if step.outside else Actor.user(self.holder(case))
        evidence.add_evidence(
            case_id=case.pk, actor=actor, now=now, key=step.data["item"], note=run.binding.say(step.words)
        )

    def _waive(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        evidence.waive_evidence(
            case_id=case.pk,
            actor=Actor.user(self.holder(case)),
            now=now,
            key=step.data["item"],
            reason=run.binding.say(step.words),
        )

    # ----------------------------------------------------------------------------------------------------------- time

    def _pause(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        pauses.pause(
            case_id=case.pk,
            actor=Actor.user(self.holder(case)),
            now=now,
            reason=step.data["reason"],
            evidence=run.binding.say(step.words),
        )

    # ------------------------------------------------------------------------------------------------- to other people

    def _triage(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        if case.status == Case.Status.NEW:
            triage.triage(
                case_id=case.pk, actor=Actor.user(self.lead(case, now)), now=now, note=run.binding.say(step.words)
            )

    def _assign_to(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        person = self.cast.named(step.data["username"])
        if case.assignee_id != person.pk:
            lead = self.lead(case, now)
            assignment.assign(case_id=case.pk, actor=Actor.user(lead), now=now, person_id=person.pk)

    def _hand_off(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        team = self._teams[step.data["team"]]
        if team.pk == case.team_id:
            return
        person = None
        if "username" in step.data:
            person = self.cast.named(step.data["username"])
        elif step.data["to_person"]:
            person = self.best(team, case, now)
        handoffs.hand_off(
            case_id=case.pk,
            actor=Actor.user(self.holder(case)),
            now=now,
            to_team_id=team.pk,
            to_person_id=person.pk if person else None,
            note=run.binding.say(step.words),
        )

    def _accept(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        if _offered(case):
            handoffs.accept(case_id=case.pk, actor=Actor.user(self.receiver(case, now)), now=now)

    def _send_back(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        if _offered(case):
            handoffs.return_misrouted(
                case_id=case.pk,
                actor=Actor.user(self.receiver(case, now)),
                now=now,
                reason=run.binding.say(step.words),
            )

    def _escalate(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        if case.level.key == self.policy.levels_by_rank()[-1]:
            return
        escalation.escalate(
            case_id=case.pk,
            actor=Actor.user(self.holder(case)),
            now=now,
            cause=step.data["cause"],
            type=step.data["kind"],
            reason=run.binding.say(step.words),
        )

    def _calm(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        standing = Escalation.objects.filter(case=case, state=Escalation.State.STANDING).order_by("-id").first()
        if standing is not None:
            escalation.de_escalate(
                case_id=case.pk,
                actor=Actor.user(self.lead(case, now)),
                now=now,
                escalation_id=standing.pk,
                reason=run.binding.say(step.words),
            )

    # ------------------------------------------------------------------------------------------------ facts, remedies

    def _facts(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        facts.change_facts(
            case_id=case.pk,
            actor=Actor.user(self.holder(case)),
            now=now,
            changes={key: run.binding.fact(value) for key, value in step.data["changes"].items()},
            states=step.data["states"],
            reason=run.binding.say(step.words),
        )

    def _give(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        amount = run.binding.share(step.data["share"])
        remedies.remedy(
            case_id=case.pk,
            actor=Actor.user(self.holder(case)),
            now=now,
            kind=step.data["remedy"],
            amount=amount,
            currency=run.binding.currency if amount is not None else "",
            reason=run.binding.say(step.words),
        )

    def _decide(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        waiting = _approval(case)
        if waiting is not None:
            remedies.decide_remedy(
                approval_id=waiting.pk,
                actor=Actor.user(self.decider(waiting, case, now)),
                now=now,
                approve=step.data["approve"],
                reason=run.binding.say(step.words),
            )

    # -------------------------------------------------------------------------------------------------------- the end

    def _again(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        other = "chat" if run.binding.source != "chat" else "mail"
        document = run.binding.document(summary=step.data["summary"], text=step.words, source=other)
        twin = intake.open_case(document=document, actor=Actor.integration(WAYS_IN[other]), now=now)
        run.twin_id = twin.pk

    def _merge(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        if not run.twin_id:
            return
        twin = Case.objects.select_related("team", "channel").get(pk=run.twin_id)
        holder = self.holder(case)
        actor = holder if twin.team_id == case.team_id else self.lead(twin, now)
        closing.merge(
            case_id=twin.pk, actor=Actor.user(actor), now=now, into_id=case.pk, reason=run.binding.say(step.words)
        )

    def _resolve(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        person = self.holder(case)
        waiting = _approval(case)
        if waiting is not None:
            remedies.decide_remedy(
                approval_id=waiting.pk,
                actor=Actor.user(self.decider(waiting, case, now)),
                now=now,
                approve=True,
                reason="Agreed.",
            )
        for item in Evidence.objects.filter(case=case, required=True, state=Evidence.State.OPEN).order_by("id"):
            evidence.add_evidence(case_id=case.pk, actor=Actor.user(person), now=now, key=item.key)
        closing.resolve(
            case_id=case.pk,
            actor=Actor.user(person),
            now=now,
            root_cause=step.data["root_cause"],
            message=run.binding.letter(step.words, agent=str(person), team=case.team.name),
        )

    def _close(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        if case.status == Case.Status.RESOLVED:
            closing.close(case_id=case.pk, actor=Actor.user(self.holder(case)), now=now)

    def _reopen(self, run: Run, step: Step, case: Case, now: dt.datetime) -> None:
        closing.reopen(case_id=case.pk, actor=Actor.party(run.party_id), now=now, reason=run.binding.say(step.words))

    def calendar_of(self, run: Run) -> Calendar:
        """The working time of the team that has a case now."""
        return self.team_calendar(Case.objects.values_list("team__key", flat=True).get(pk=run.case_id))

    def team_calendar(self, team: str) -> Calendar:
        """The working time of a team."""
        return law.policy_calendar(self.policy, self.policy.central.teams[team].calendar)


def _offered(case: Case) -> bool:
    return Handoff.objects.filter(case=case, state=Handoff.State.OFFERED).exists()


def _approval(case: Case) -> Approval | None:
    waiting = Approval.objects.filter(case=case, state=Approval.State.WAITING)
    return waiting.select_related("remedy", "level").first()
