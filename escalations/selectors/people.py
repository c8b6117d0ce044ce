"""Who is there: memberships in force, absences, cover, on-call roles, load, and who may take a case."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Count, Q, QuerySet

from escalations.core.calendar import Calendar
from escalations.core.roles import LEAD
from escalations.models import (
    Absence,
    Case,
    ChannelGroupPermission,
    ChannelUserPermission,
    Cover,
    Membership,
    OnCallShift,
    User,
)
from escalations.models.reach import Reach

#: Roles that a channel's permissions make.
GUARDS = {"works_channel": "work_cases", "specialist": "see_restricted", "channel_owner": "manage_members"}


def in_span(at: dt.datetime, prefix: str = "") -> Q:
    """Rows whose span (`starts_at`, `ends_at`, open at the end when null) holds `at`."""
    return Q(**{f"{prefix}starts_at__lte": at}) & (
        Q(**{f"{prefix}ends_at__isnull": True}) | Q(**{f"{prefix}ends_at__gt": at})
    )


def members(at: dt.datetime, *, team_ids: Collection[int] | None = None) -> QuerySet[Membership]:
    """Memberships in force at `at`, of active people, optionally of some teams only."""
    rows = Membership.objects.filter(in_span(at), person__is_active=True).select_related("person", "level", "team")
    return rows if team_ids is None else rows.filter(team_id__in=team_ids)


def led_by(person: User, at: dt.datetime) -> QuerySet[Membership]:
    """The memberships by which a person leads teams: those that say so, when a role lets them lead at all. The question
    about the role is asked of the database once for each request."""
    rows = members(at).filter(person=person, leads=True)
    return rows if person.has_perm(LEAD) else rows.none()


def leads(team_id: int, at: dt.datetime) -> list[User]:
    """The people who lead a team at `at`."""
    return [row.person for row in members(at, team_ids=[team_id]).filter(leads=True)]


def away(at: dt.datetime, person_ids: Collection[int]) -> set[int]:
    """Those of `person_ids` who are absent at `at`. One query."""
    return set(Absence.objects.filter(in_span(at), person_id__in=person_ids).values_list("person_id", flat=True))


def standing_in(person_id: int, at: dt.datetime) -> int:
    """Who answers for a person at `at`: cover is followed to its end, and stops where it would turn in a circle.

    One query for all cover in force, however long the chain.
    """
    by_person = dict(Cover.objects.filter(in_span(at)).values_list("person_id", "by_id"))
    return end_of_cover(by_person, person_id)


def end_of_cover(cover: Mapping[int, int], person_id: int) -> int:
    """The last one of a chain of cover (person -> who stands in for them); a circle ends before it closes."""
    seen = {person_id}
    current = person_id
    while current in cover and cover[current] not in seen:
        current = cover[current]
        seen.add(current)
    return current


def on_call(role_keys: Collection[str], at: dt.datetime) -> dict[str, list[int]]:
    """Who holds each on-call role at `at`, by role key; roles that nobody holds are missing."""
    held: dict[str, list[int]] = {}
    rows = OnCallShift.objects.filter(in_span(at), role__key__in=role_keys, person__is_active=True)
    for key, person_id in rows.order_by("id").values_list("role__key", "person_id"):
        held.setdefault(key, []).append(person_id)
    return held


def open_load(person_ids: Collection[int]) -> Counter[int]:
    """Open cases per person. One query on the partial index of open cases."""
    rows = Case.objects.open().filter(assignee_id__in=person_ids).values("assignee_id").annotate(n=Count("pk"))
    return Counter({row["assignee_id"]: row["n"] for row in rows.order_by()})


def holders(channel_id: int, permission: str) -> set[int]:
    """Ids of the people who hold a permission on a channel, by themselves or by a group. Two queries."""
    wanted = {"content_object_id": channel_id, "permission__codename": permission}
    by_group = User.objects.filter(
        is_active=True, groups__in=ChannelGroupPermission.objects.filter(**wanted).values("group_id")
    ).values_list("pk", flat=True)
    alone = ChannelUserPermission.objects.filter(**wanted, user__is_active=True).values_list("user_id", flat=True)
    return set(by_group) | set(alone)


OFF_DUTY = "is off duty"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could take a case: how loaded they are, what fits, and why they cannot when they cannot."""

    person: User
    membership: Membership
    load: int
    obstacles: tuple[str, ...] = ()
    missing_specialisms: int = 0
    speaks: bool = True
    rank: int = field(default=0)

    @property
    def fits(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.obstacles

    @property
    def hard_obstacles(self) -> tuple[str, ...]:
        """What stands in the way even of a choice by hand: not a full plate, and not the end of the day."""
        return tuple(reason for reason in self.obstacles if not reason.startswith("has ") and reason != OFF_DUTY)

    @property
    def off_duty(self) -> bool:
        """Whether their team's day is over."""
        return OFF_DUTY in self.obstacles

    @property
    def sort_key(self) -> tuple[int, bool, float, int, int]:
        """Skills first, then language, then the smallest share of capacity in use, then lowest level, then id."""
        share = self.load / self.membership.capacity if self.membership.capacity else 1e9
        return (self.missing_specialisms, not self.speaks, share, self.rank, self.person.pk)


def candidates(
    *,
    team_id: int,
    level_rank: int,
    channel_id: int,
    at: dt.datetime,
    specialisms: Iterable[str] = (),
    language: str = "",
    party_staff_id: int | None = None,
    calendar: Calendar | None = None,
) -> list[Candidate]:
    """The members of a team as takers of a case, best first, those who cannot at the end with the reasons.

    In the way stand: absence, no capacity left, a level below the case's, no right to work in the channel, being the
    party oneself, and the team being off duty when its calendar is given. Lacking skills or language only rank lower.
    Two queries whatever the size of the team, a third where specialisms are asked for.
    """
    wanted = set(specialisms)
    team = members(at, team_ids=[team_id])
    rows = list(team.prefetch_related("specialisms") if wanted else team)
    absent, load, allowed = presence(team_id, channel_id, at)
    off_duty = calendar is not None and not calendar.is_open(at)
    found = []
    for row in rows:
        count = load[row.person_id]
        obstacles = [
            reason
            for stands, reason in (
                (row.person_id in absent, "is away"),
                (off_duty, OFF_DUTY),
                (count >= row.capacity, f"has {count} of {row.capacity} cases"),
                (row.level.rank < level_rank, f"decides up to {row.level.key}"),
                (row.person_id not in allowed, "may not work in this channel"),
                (row.person_id == party_staff_id, "is the party of this case"),
            )
            if stands
        ]
        found.append(
            Candidate(
                person=row.person,
                membership=row,
                load=count,
                obstacles=tuple(obstacles),
                missing_specialisms=len(wanted - {item.key for item in row.specialisms.all()}) if wanted else 0,
                speaks=not language or not row.languages or language in row.languages,
                rank=row.level.rank,
            )
        )
    return sorted(found, key=lambda candidate: (not candidate.fits, candidate.sort_key))


# One statement, and written out: it is asked for each case that comes in, and composing it anew each time would take
# longer than the answer. It says what `away`, `open_load` and `holders` say, which a test holds it to.
_PRESENCE = """
WITH team AS (SELECT person_id FROM escalations_membership WHERE team_id = %(team)s)
SELECT 'away', person_id, 0 FROM escalations_absence
WHERE starts_at <= %(at)s AND ends_at > %(at)s AND person_id IN (SELECT person_id FROM team)
UNION ALL
SELECT 'load', assignee_id, count(*) FROM escalations_case
WHERE is_open AND assignee_id IN (SELECT person_id FROM team) GROUP BY assignee_id
UNION ALL
SELECT 'may', belongs.user_id, 0 FROM escalations_channelgrouppermission held
JOIN auth_permission permission ON permission.id = held.permission_id AND permission.codename = 'work_cases'
JOIN escalations_user_groups belongs ON belongs.group_id = held.group_id
WHERE held.content_object_id = %(channel)s AND belongs.user_id IN (SELECT person_id FROM team)
UNION ALL
SELECT 'may', held.user_id, 0 FROM escalations_channeluserpermission held
JOIN auth_permission permission ON permission.id = held.permission_id AND permission.codename = 'work_cases'
WHERE held.content_object_id = %(channel)s AND held.user_id IN (SELECT person_id FROM team)
"""


def presence(team_id: int, channel_id: int, at: dt.datetime) -> tuple[set[int], Counter[int], set[int]]:
    """Of a team's people: who is away, how many open cases each has, and who may work in a channel. One query."""
    found: dict[str, dict[int, int]] = {"away": {}, "load": {}, "may": {}}
    about = {"team": team_id, "channel": channel_id, "at": connection.ops.adapt_datetimefield_value(at)}
    with connection.cursor() as cursor:
        cursor.execute(_PRESENCE, about)
        for kind, person, number in cursor.fetchall():
            found[kind][person] = number
    return set(found["away"]), Counter(found["load"]), set(found["may"])


def guarding(person: User, case: Case, channel_id: int | None = None) -> frozenset[str]:
    """What a person is to the channel of a case (or to another one), as the roles of `core.lifecycle`: `works_channel`,
    `specialist`, `channel_owner`. A grant of the case counts for nothing here, and being its party for everything: then
    it is the empty set. At most four queries the first time for a user object, none after."""
    reach = Reach.of(person)
    if case.party_id in reach.own_parties:
        return frozenset()
    channel = case.channel_id if channel_id is None else channel_id
    return frozenset(role for role, permission in GUARDS.items() if channel in reach.channels(permission))


def standing(person: User, case: Case, at: dt.datetime) -> frozenset[str]:
    """What a person who may work the case's channel is to it, as the roles of `core.lifecycle`: `assignee`,
    `team_member` and `team_lead` of the owning team, `works_channel`, and `approver` when they hold a level in any
    team (whether it suffices for what is asked is for `core.authority` to say). One query."""
    found = {"works_channel"}
    if case.assignee_id == person.pk:
        found.add("assignee")
    for row in members(at).filter(person=person):
        found.add("approver")
        if row.team_id == case.team_id:
            found |= {"team_member", "team_lead"} if row.leads else {"team_member"}
    return frozenset(found)
