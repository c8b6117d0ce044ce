"""Who could be asked at this moment, for many cases at once: what the ladder's `Staffing` holds."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db.models import BooleanField, CharField, IntegerField, Q, Value

from escalations.core.ladder import Staffing
from escalations.models import Absence, Cover, Membership, OnCallShift
from escalations.selectors import people


@dataclass(frozen=True, slots=True)
class Room:
    """Who is there. `ranks` holds the rank of each member of a team, present or not, by (team, person)."""

    staffing: Staffing = field(default_factory=lambda: Staffing({}, {}, {}))
    ranks: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def rank(self, team: str, person: int) -> int:
        """The rank of a person in a team; 0 for somebody who is not in it."""
        return self.ranks.get((team, person), 0)


def room(at: dt.datetime, *, teams: Collection[str], levels: Mapping[str, int]) -> Room:
    """Who is there at `at`: the people of some teams (keys), and whoever is on call.

    levels   rank by key: a person may decide at every level up to their own

    Somebody away is answered for by whoever stands in for them, cover followed to its end; without cover they are not
    there. One statement, whatever the number of people.
    """
    members: list[tuple[str, int, int, bool]] = []
    shifts: list[tuple[str, int]] = []
    away: set[int] = set()
    cover: dict[int, int] = {}
    inactive: set[int] = set()
    for kind, key, person, number, flag in _rows(at, teams):
        if kind == "member":
            members.append((key, person, number, flag))
        elif kind == "on_call":
            shifts.append((key, person))
        elif kind == "cover":
            cover[person] = number
            if not flag:
                inactive.add(number)
        else:
            away.add(person)

    def answers_for(person: int) -> int | None:
        answer = people.end_of_cover(cover, person)
        return None if answer in away or answer in inactive else answer

    receivers: dict[tuple[str, str], dict[int, None]] = defaultdict(dict)
    leads: dict[str, dict[int, None]] = defaultdict(dict)
    roles: dict[str, dict[int, None]] = defaultdict(dict)
    for team, person, rank, leading in sorted(members, key=lambda item: (item[2], item[1])):
        answer = answers_for(person)
        if answer is None:
            continue
        for level, needed in levels.items():
            if needed <= rank:
                receivers[team, level][answer] = None
        if leading:
            leads[team][answer] = None
    for role, person in shifts:
        answer = answers_for(person)
        if answer is not None:
            roles[role][answer] = None
    return Room(
        Staffing(
            {key: tuple(found) for key, found in receivers.items()},
            {key: tuple(found) for key, found in leads.items()},
            {key: tuple(found) for key, found in roles.items()},
        ),
        {(team, person): rank for team, person, rank, _ in members},
    )


def _rows(at: dt.datetime, teams: Collection[str]) -> list[tuple[str, str, int, int, bool]]:
    """Members, absences, cover and shifts in force, told apart by the first column."""
    now = people.in_span(at)

    def text(value: str) -> Value:
        return Value(value, output_field=CharField())

    number, no = Value(0, output_field=IntegerField()), Value(False, output_field=BooleanField())
    members = Membership.objects.filter(now, person__is_active=True, team__key__in=teams).order_by()
    shifts = OnCallShift.objects.filter(now, person__is_active=True).order_by()
    cover = Cover.objects.filter(Q(starts_at__lte=at, ends_at__gt=at)).order_by()
    absences = Absence.objects.filter(Q(starts_at__lte=at, ends_at__gt=at)).order_by()
    rows = members.values_list(text("member"), "team__key", "person_id", "level__rank", "leads").union(
        shifts.values_list(text("on_call"), "role__key", "person_id", number, no),
        cover.values_list(text("cover"), text(""), "person_id", "by_id", "by__is_active"),
        absences.values_list(text("away"), text(""), "person_id", number, no),
        all=True,
    )
    return list(rows)
