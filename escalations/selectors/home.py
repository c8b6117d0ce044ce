"""What people find when they come in: an agent's work in the order to do it, a lead's teams at a glance.

Every case here comes through `Case.objects.visible_to(user)`; rows that hang on cases are asked for by those cases.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet

from escalations.models import (
    NEVER,
    Absence,
    Approval,
    Case,
    CaseFact,
    Cover,
    Handoff,
    Membership,
    Pause,
    Team,
    User,
)
from escalations.selectors import law, people, radar
from escalations.selectors.leaving import SHOWN, Leaving, before_leaving
from escalations.selectors.radar import Lane, Row
from escalations.selectors.wording import moment

CAP = 200
"""Counts stop here: `200+` says enough."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Cases of a person that wait for somebody else: for what, and how many."""

    for_what: str
    count: int


@dataclass(slots=True)
class AgentHome:
    """One person's day."""

    memberships: Sequence[Membership]
    now: list[Row]
    next: list[Row]
    waiting: list[Waiting]
    waiting_rows: list[Row]
    queue: list[Row]
    queue_count: int
    decisions: list[Approval]
    leaving: Leaving | None = None

    @property
    def empty(self) -> bool:
        """Nothing to do and nothing in the queue."""
        return not (self.now or self.next or self.waiting_rows or self.queue)


def memberships(user: User, at: dt.datetime) -> list[Membership]:
    """The memberships of a person in force at `at`, with team and level. One query."""
    return list(people.members(at).filter(person=user).order_by("-leads", "team__name"))


def agent(user: User, now: dt.datetime, mine: Sequence[Membership]) -> AgentHome:
    """The home of somebody who works on cases. A fixed number of queries, whatever the number of cases."""
    visible = Case.objects.visible_to(user).open().select_related(*radar.LINE)
    cases = visible.filter(assignee=user).exclude(status=Case.Status.RESOLVED).order_by("radar_at", "id")[:SHOWN]
    rows = radar.in_order(radar.rows(cases, now))
    _explain(rows, user)
    working = [row for row in rows if row.case.status != Case.Status.WAITING or row.lane in (Lane.LATE, Lane.SOON)]
    waits = [row for row in rows if row not in working]
    queue = _queue(visible, mine)
    queued = radar.rows(radar.by_severity(queue, now)[:6], now)
    _offered(queued)
    return AgentHome(
        memberships=mine,
        now=working[:1],
        next=working[1:],
        waiting=_waiting(waits),
        waiting_rows=waits,
        queue=queued,
        queue_count=queue[: CAP + 1].count(),
        decisions=decisions(user, now, mine),
        leaving=before_leaving(user, now, mine),
    )


def decisions(user: User, now: dt.datetime, mine: Sequence[Membership]) -> list[Approval]:
    """Remedies that wait for a decision which this person may take: their level suffices, and they did not ask."""
    rank = max((row.level.rank for row in mine), default=0)
    if not rank:
        return []
    found = (
        Approval.objects.filter(
            state=Approval.State.WAITING,
            level__rank__lte=rank,
            case__in=Case.objects.visible_to(user).filter(team_id__in=[row.team_id for row in mine]),
        )
        .exclude(remedy__actor_kind="user", remedy__actor_id=str(user.pk))
        .select_related("remedy", "case", "case__text", "case__team", "case__channel", "level")
        .order_by("asked_at")
    )
    return list(found[:8])


def _queue(visible: QuerySet[Case], mine: Sequence[Membership]) -> QuerySet[Case]:
    return visible.filter(team_id__in=[row.team_id for row in mine], assignee__isnull=True).exclude(
        status=Case.Status.RESOLVED
    )


def _explain(rows: list[Row], user: User) -> None:
    """Say why each line stands where it stands. Two queries."""
    ids = [row.case.pk for row in rows]
    _offered(rows, user)
    at_stake = {
        fact.case_id: fact
        for fact in CaseFact.objects.filter(case_id__in=ids, key="money_at_risk").exclude(
            state=CaseFact.State.DISMISSED
        )
    }
    for row in rows:
        why = row.why
        if row.offered:
            why.append("handed to you, to accept")
        if row.clock is not None and row.clock.promised_at not in (None, row.clock.due_at):
            why.append(f"told the {row.case.party.get_kind_display()}: {moment(row.clock.promised_at)}")
        fact = at_stake.get(row.case.pk)
        if fact is not None and isinstance(fact.value, dict):
            why.append(f"{fact.value.get('currency', '')} {fact.value.get('amount', '')} at risk".strip())


def _offered(rows: list[Row], user: User | None = None) -> None:
    """Mark the lines whose handoff waits for an answer: any in a team's queue; of `user`'s own cases, those handed to
    them or to whoever is free. One query."""
    found = Handoff.objects.filter(case_id__in=[row.case.pk for row in rows], state=Handoff.State.OFFERED)
    if user is not None:
        found = found.filter(Q(to_person=user) | Q(to_person=None))
    waiting = set(found.values_list("case_id", flat=True))
    for row in rows:
        row.offered = row.case.pk in waiting


def _waiting(rows: list[Row]) -> list[Waiting]:
    """What waiting cases wait for, most frequent first. One query."""
    ids = [row.case.pk for row in rows]
    reasons = {}
    for case_id, reason in Pause.objects.filter(clock__case_id__in=ids, ends_at__isnull=True).values_list(
        "clock__case_id", "reason"
    ):
        reasons[case_id] = reason
    counted: Counter[str] = Counter()
    for row in rows:
        row.waits_for = reason_name(row.case, reasons.get(row.case.pk, ""))
        counted[row.waits_for] += 1
    return [Waiting(name, count) for name, count in counted.most_common()]


def reason_name(case: Case, key: str) -> str:
    """A pause reason of the case's pinned version in words."""
    found = law.policy_of(case.policy_version_id).central.pause_reasons.get(key)
    return found.name if found else key or "somebody else"


# ------------------------------------------------------------------------------------------------------------- leads


@dataclass(slots=True)
class PersonLoad:
    """One member of a team: open cases against capacity, and where they are."""

    membership: Membership
    load: int
    away_until: dt.datetime | None = None
    cover: str = ""

    @property
    def share(self) -> int:
        """Load in percent of capacity, at most 100 for the bar."""
        return _share(self.load, self.membership.capacity)


@dataclass(slots=True)
class TeamLoad:
    """One team: open cases, those due today, capacity of those who are there."""

    team: Team
    open: int
    due_today: int
    unassigned: int
    capacity: int
    people: list[PersonLoad] = field(default_factory=list)

    @property
    def share(self) -> int:
        """Open cases in percent of capacity, at most 100 for the bar."""
        return _share(self.open, self.capacity)

    @property
    def words(self) -> str:
        """How the load stands, for readers without the bar."""
        if not self.capacity:
            return "nobody is there"
        if self.open > self.capacity:
            return "over its limit"
        return "at its limit" if self.open >= self.capacity * 0.95 else ""


@dataclass(slots=True)
class LeadHome:
    """A lead's teams at a glance."""

    teams: list[Team]
    late_count: int
    soon_count: int
    unassigned_count: int
    late: list[Row]
    coming: list[Row]
    handoffs: list[Handoff]
    handoffs_count: int
    approvals: list[Approval]
    approvals_count: int
    load: list[TeamLoad]


def every_team() -> list[Team]:
    """All teams of the playbook in force, by name: whom a supervisor looks after."""
    return list(Team.objects.filter(retired_at__isnull=True).order_by("name"))


def lead(user: User, now: dt.datetime, teams: Sequence[Team]) -> LeadHome:
    """The home of somebody who looks after teams: what they may see of their cases, and how full everybody is. A fixed
    number of queries, whatever the number of teams and people."""
    ids = [team.pk for team in teams]
    visible = Case.objects.visible_to(user)
    cases = visible.open().filter(team_id__in=ids).exclude(status=Case.Status.RESOLVED)
    listed = cases.select_related(*radar.LINE)
    late, coming = cases.filter(radar_at__lte=now), cases.filter(radar_at__gt=now, radar_at__lt=NEVER)
    handoffs = (
        Handoff.objects.filter(state=Handoff.State.OFFERED, to_team_id__in=ids, case__in=visible)
        .select_related("case", "case__text", "case__channel", "from_team", "to_team", "to_person")
        .order_by("at")
    )
    approvals = (
        Approval.objects.filter(state=Approval.State.WAITING, case__in=visible.filter(team_id__in=ids))
        .select_related("remedy", "case", "case__text", "case__channel", "level")
        .order_by("asked_at")
    )
    return LeadHome(
        teams=list(teams),
        late_count=late[: CAP + 1].count(),
        soon_count=coming.filter(radar_at__lte=now + radar.SOON)[: CAP + 1].count(),
        unassigned_count=cases.filter(assignee__isnull=True)[: CAP + 1].count(),
        late=radar.rows(radar.by_severity(listed.filter(radar_at__lte=now), now)[:8], now),
        coming=radar.rows(radar.by_severity(listed.filter(radar_at__gt=now, radar_at__lt=NEVER), now)[:12], now),
        handoffs=list(handoffs[:6]),
        handoffs_count=handoffs[: CAP + 1].count(),
        approvals=list(approvals[:6]),
        approvals_count=approvals[: CAP + 1].count(),
        load=loads(teams, now),
    )


def loads(teams: Sequence[Team], now: dt.datetime) -> list[TeamLoad]:
    """Open cases against capacity, per team and person. Counts only: no case is named, so nothing is filtered by the
    viewer; a lead must know that a colleague is full even where the cases are not theirs to read. Five queries."""
    ids = [team.pk for team in teams]
    day_end = now + dt.timedelta(days=1)
    counts = {
        row["team_id"]: row
        for row in Case.objects.open()
        .filter(team_id__in=ids)
        .exclude(status=Case.Status.RESOLVED)
        .values("team_id")
        .annotate(
            open=Count("pk"),
            due=Count("pk", filter=Q(radar_at__lte=day_end)),
            unassigned=Count("pk", filter=Q(assignee__isnull=True)),
        )
        .order_by()
    }
    rows = list(people.members(now, team_ids=ids).order_by("-leads", "person__first_name", "person__username"))
    person_ids = {row.person_id for row in rows}
    load = people.open_load(person_ids)
    away = dict(
        Absence.objects.filter(people.in_span(now), person_id__in=person_ids)
        .order_by("ends_at")
        .values_list("person_id", "ends_at")
    )
    cover = {
        row.person_id: str(row.by)
        for row in Cover.objects.filter(people.in_span(now), person_id__in=away).select_related("by")
    }
    found = []
    for team in teams:
        members = [
            PersonLoad(row, load[row.person_id], away.get(row.person_id), cover.get(row.person_id, ""))
            for row in rows
            if row.team_id == team.pk
        ]
        count = counts.get(team.pk, {"open": 0, "due": 0, "unassigned": 0})
        capacity = sum(item.membership.capacity for item in members if item.away_until is None)
        found.append(TeamLoad(team, count["open"], count["due"], count["unassigned"], capacity, members))
    return found


def _share(load: int, capacity: int) -> int:
    return min(100, round(100 * load / capacity)) if capacity else 100 if load else 0
