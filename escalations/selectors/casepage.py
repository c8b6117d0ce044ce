"""One case, for its page: who it is about, its clocks, what stands in the way of each act, and each tab's content.

Everything starts from `find`, which goes through the verb; nothing here is shown of a case that was not found so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from escalations.core import clock as clocks
from escalations.core.facts import parse_value
from escalations.core.policy import CategoryPolicy, Policy
from escalations.core.words import Phrases
from escalations.models import (
    Approval,
    Case,
    CaseDecision,
    CaseFact,
    CaseGrant,
    CaseLink,
    Channel,
    ChannelMove,
    Clock,
    Escalation,
    Evidence,
    Handoff,
    Message,
    Note,
    Pause,
    PolicyVersion,
    Remedy,
    User,
)
from escalations.models.reach import may
from escalations.selectors import access, following, law, people
from escalations.selectors.home import reason_name
from escalations.selectors.partycard import PartyCard, party_card
from escalations.selectors.radar import Lane, lane_of
from escalations.selectors.timeline import people_by_id
from escalations.selectors.why import classes

FOLLOW = (
    "category",
    "channel",
    "region",
    "team",
    "level",
    "assignee",
    "party",
    "policy_version",
    "merged_into",
    "text",
)


def find(user: User, pk: int | str) -> Case | None:
    """A case by its id, if this person may see it. One query."""
    try:
        return (
            Case.objects.visible_to(user)
            .select_related(*FOLLOW)
            .defer("policy_version__document")
            .filter(pk=int(pk))
            .first()
        )
    except (ValueError, OverflowError):
        return None


# ------------------------------------------------------------------------------------------------------------ the top


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A clock as the header shows it."""

    clock: Clock
    lane: Lane
    name: str
    because: str = ""
    resumes_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Top:
    """The header of a case's page."""

    case: Case
    policy: Policy
    category: CategoryPolicy | None
    symptom: str
    party: PartyCard
    running: Sequence[ClockLine]
    ended: Sequence[ClockLine]
    works: bool
    standing: frozenset[str]
    handoff: Handoff | None
    approvals: Sequence[Approval]
    offer: CaseDecision | None
    escalations: Sequence[Escalation]
    holding: frozenset[str]
    evidence_open: int
    evidence_items_open: int
    other_versions: bool
    reopens_until: dt.datetime
    guards: frozenset[str]
    grants: Sequence[CaseGrant]
    move: ChannelMove | None
    reader: int
    stricter: bool
    wider: bool

    @property
    def mine(self) -> list[CaseGrant]:
        """The grants in force that open the case to the reader."""
        return [row for row in self.grants if row.user_id == self.reader]

    @property
    def levels_above(self) -> tuple[str, ...]:
        """Keys of the levels above the case's own, the next one first, in the version that it is pinned to."""
        here = self.case.level.rank
        return tuple(key for key in self.policy.levels_by_rank() if self.policy.level_rank(key) > here)


ORDER = {"first_response": 0, "next_update": 1, "resolution": 2, "statutory": 3, "assign": 4, "tier": 5}


def top(case: Case, user: User, now: dt.datetime) -> Top:
    """The header of a case that `find` returned. Eighteen queries at most, whatever happened to the case."""
    policy = law.policy_of(case.policy_version_id)
    category = policy.central.categories.get(case.category.key)
    works = may(user, "work_cases", case)
    handoff = (
        Handoff.objects.filter(case=case, state=Handoff.State.OFFERED)
        .select_related("from_team", "to_team", "from_person", "to_person")
        .first()
    )
    approvals = list(Approval.objects.filter(case=case, state=Approval.State.WAITING).select_related("remedy", "level"))
    standing_up = list(
        Escalation.objects.filter(case=case, state=Escalation.State.STANDING).select_related("from_level", "to_level")
    )
    required = list(Evidence.objects.filter(case=case, state=Evidence.State.OPEN).values_list("required", flat=True))
    missing = sum(required)
    newest = CaseDecision.objects.filter(case=case).order_by("-id").first()
    until = reopens_until(case, policy, category, now)
    others = Channel.objects.filter(retired_at__isnull=True).exclude(pk=case.channel_id)
    ranks = list(others.order_by().values_list("rank", flat=True))
    grants, move = access.of_case(case, now), access.waiting_move(case)
    holds = {
        "unheld": case.assignee_id is None,
        "pending_handoff": handoff is not None,
        "standing_escalation": bool(standing_up),
        "requested_remedy": bool(approvals),
        "evidence_complete": not missing,
        "root_cause_known": bool(case.root_cause),
        "within_window": now <= until,
        "standing_grant": bool(grants),
        "no_move_asked": move is None,
        "waiting_move": move is not None,
        "standing_link": following.any_link(case, now),
    }
    running, ended = clock_lines(case, policy, now)
    # Any level makes an approver; here it is about the remedies that wait on this case.
    standing = set(people.standing(user, case, now)) - {"approver"} if works else set()
    rank = _rank(user, now)
    if any(row.level.rank <= rank and _asked_by(row) != user.pk for row in approvals):
        standing.add("approver")
    return Top(
        case=case,
        policy=policy,
        category=category,
        symptom=category.symptoms.get(case.symptom, case.symptom) if category else case.symptom,
        party=party_card(case.party, user, case, now),
        running=running,
        ended=ended,
        works=works,
        standing=frozenset(standing),
        handoff=handoff,
        approvals=approvals,
        offer=newest if newest is not None and not newest.applied else None,
        escalations=standing_up,
        holding=frozenset(name for name, stands in holds.items() if stands),
        evidence_open=missing,
        evidence_items_open=len(required),
        other_versions=PolicyVersion.objects.filter(effective_at__lte=now).exclude(pk=case.policy_version_id).exists(),
        reopens_until=until,
        guards=people.guarding(user, case),
        grants=grants,
        move=move,
        reader=user.pk,
        stricter=max(ranks, default=-1) > case.channel.rank,
        wider=min(ranks, default=case.channel.rank + 1) <= case.channel.rank,
    )


def _rank(user: User, now: dt.datetime) -> int:
    rank = (
        people.members(now).filter(person=user).order_by("-level__rank").values_list("level__rank", flat=True).first()
    )
    return rank or 0


def _asked_by(row: Approval) -> int | None:
    return int(row.remedy.actor_id) if row.remedy.actor_kind == "user" else None


def clock_lines(case: Case, policy: Policy, now: dt.datetime) -> tuple[list[ClockLine], list[ClockLine]]:
    """The clocks of a case: those that are open, in the order in which people ask for them, and those that ended.
    Two queries."""
    rows = list(Clock.objects.filter(case=case).order_by("id"))
    pauses = {row.clock_id: row for row in Pause.objects.filter(clock__case=case, ends_at__isnull=True)}
    lines = []
    for row in rows:
        pause = pauses.get(row.pk)
        deadline = policy.central.statutory.get(row.name) if row.kind == Clock.Kind.STATUTORY else None
        lines.append(
            ClockLine(
                clock=row,
                lane=lane_of(row.steers_to or row.due_at, now) if row.ended_at is None else Lane.STILL,
                name=deadline.name if deadline else row.get_kind_display(),
                because=reason_name(case, pause.reason) if pause else "",
                resumes_at=pause.resume_at if pause else None,
            )
        )
    lines.sort(key=lambda line: (ORDER.get(line.clock.kind, 9), line.clock.pk))
    return (
        [line for line in lines if line.clock.ended_at is None],
        [line for line in lines if line.clock.ended_at is not None],
    )


def reopens_until(case: Case, policy: Policy, category: CategoryPolicy | None, now: dt.datetime) -> dt.datetime:
    """Until when a case may be reopened, by its pinned version."""
    window = (category and category.reopen_within) or policy.central.defaults.reopen_within
    ended = case.resolved_at or case.closed_at or now
    return clocks.due_after(window.basis, window.seconds, at=ended, calendar=law.calendar_of(case.calendar_digest))


# ------------------------------------------------------------------------------------------------------------ the tabs


@dataclass(frozen=True, slots=True)
class Said:
    """A message or note with its writer."""

    row: Message | Note
    who: str

    @property
    def is_note(self) -> bool:
        """Whether it stays among colleagues."""
        return isinstance(self.row, Note)


def correspondence(case: Case) -> list[Said]:
    """Messages and notes of a case, newest first. Three queries."""
    rows: list[Message | Note] = [*Message.objects.filter(case=case), *Note.objects.filter(case=case)]
    names = people_by_id(row.actor_id for row in rows if row.actor_kind == "user")
    party = f"the {case.party.get_kind_display()}"
    said = [Said(row, who_of(row, names, party)) for row in rows]
    return sorted(said, key=lambda item: (item.row.at, item.row.pk), reverse=True)


def who_of(row: Any, names: dict[str, str], party: str) -> str:
    """Who is behind `actor_kind` and `actor_id` of a row, given people's names by id."""
    if row.actor_kind == "user":
        return names.get(row.actor_id, "somebody")
    return {"party": party, "worker": "the desk"}.get(row.actor_kind, row.actor_id)


def evidence(case: Case) -> list[Evidence]:
    """Items of evidence, what is still open first. One query."""
    return sorted(
        Evidence.objects.filter(case=case), key=lambda row: (row.state != Evidence.State.OPEN, not row.required, row.pk)
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """A handoff or an escalation with the name of who did it."""

    row: Handoff | Escalation
    who: str

    @property
    def is_handoff(self) -> bool:
        """Whether it is a handoff."""
        return isinstance(self.row, Handoff)


def moves(case: Case) -> list[Moved]:
    """Handoffs and escalations, newest first. Three queries."""
    rows: list[Handoff | Escalation] = [
        *Handoff.objects.filter(case=case).select_related("from_team", "to_team", "from_person", "to_person"),
        *Escalation.objects.filter(case=case).select_related("from_level", "to_level", "from_team", "to_team"),
    ]
    names = people_by_id(row.actor_id for row in rows if row.actor_kind == "user")
    moved = [Moved(row, who_of(row, names, "the party")) for row in rows]
    return sorted(moved, key=lambda item: (item.row.at, item.row.pk), reverse=True)


@dataclass(frozen=True, slots=True)
class Given:
    """A remedy with its name, who asked, and the approval that it needed."""

    row: Remedy
    name: str
    who: str
    approval: Approval | None
    decided_by: str = ""


def remedies(case: Case, policy: Policy) -> list[Given]:
    """Remedies of a case, newest first. Three queries."""
    rows = list(Remedy.objects.filter(case=case).order_by("-id"))
    approvals = {row.remedy_id: row for row in Approval.objects.filter(case=case).select_related("level")}
    deciders = [row.decided_by.removeprefix("user:") for row in approvals.values()]
    names = people_by_id([*(row.actor_id for row in rows if row.actor_kind == "user"), *deciders])
    given = []
    for row in rows:
        known = policy.central.remedies.get(row.kind)
        approval = approvals.get(row.pk)
        by = names.get(approval.decided_by.removeprefix("user:"), "") if approval else ""
        given.append(Given(row, known.name if known else row.kind, who_of(row, names, "the party"), approval, by))
    return given


@dataclass(frozen=True, slots=True)
class FactLine:
    """A fact of the case as its reader may see it."""

    row: CaseFact
    name: str
    shown: str
    signal: bool
    restricted: bool


def facts(case: Case, policy: Policy, user: User) -> list[FactLine]:
    """The facts of a case without those of a class that this person may not read. Two queries."""
    lines = []
    phrases = Phrases(policy)
    seen = classes(user)
    for row in CaseFact.objects.filter(case=case).order_by("id"):
        definition = policy.central.facts.get(row.key)
        visibility = definition.visibility if definition else None
        if visibility is not None and visibility not in seen:
            continue
        shown = str(row.value)
        if definition is not None:
            shown = phrases.value(row.key, parse_value(row.key, definition.type, row.value))
        lines.append(
            FactLine(
                row,
                definition.name if definition else row.key,
                shown,
                bool(definition and definition.signal),
                visibility is not None,
            )
        )
    return lines


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another case that belongs to this one, by link or by party."""

    case: Case
    how: str


def neighbours(case: Case, user: User, *, limit: int = 8) -> list[Neighbour]:
    """Linked cases, and others of the same party: those that this person may see. Two queries."""
    visible = Case.objects.visible_to(user).exclude(pk=case.pk).select_related("text", "channel")
    links = {}
    for row in CaseLink.objects.filter(Q(case=case) | Q(other=case)):
        links[row.other_id if row.case_id == case.pk else row.case_id] = row.get_kind_display()
    found = [Neighbour(row, links[row.pk]) for row in visible.filter(pk__in=links).order_by("-id")[:limit]]
    others = visible.filter(party_id=case.party_id).exclude(pk__in=links).order_by("-id")[:limit]
    return found + [Neighbour(row, f"same {case.party.get_kind_display()}") for row in others]
