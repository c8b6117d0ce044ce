"""Intake against staffed hours, for whoever plans the shifts of some teams."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Min
from django.db.models.functions import TruncHour
from django.utils import timezone

from escalations.core import workload
from escalations.core.policy import Policy
from escalations.core.workload import HOUR, Hour, Span
from escalations.errors import NoPolicy
from escalations.models import Absence, Case, Membership, Team
from escalations.selectors import law

LOOKS_BACK = dt.timedelta(weeks=4)
DAYS = 4
BAR_HOURS = 2
SAMPLE = 20_000
"""The newest cases that are looked at, of all teams: a bound on the cost at a desk of millions."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Today and the days after it: a bar for every two hours, and each day in figures."""

    bars: list[Span]
    days: list[Span]

    @property
    def most_expected(self) -> float:
        """The highest bar, at least one case: the scale of the picture."""
        return max(1.0, *(bar.expected for bar in self.bars))

    @property
    def most_people(self) -> float:
        """The most people at one time, at least one."""
        return max(1.0, *(bar.people / BAR_HOURS for bar in self.bars))


def outlook(teams: Sequence[Team], now: dt.datetime) -> Outlook | None:
    """What some teams can expect, today and the next three days in the current time zone, and who is there by the hours
    of the version in force now. None when nothing came in within four weeks.

    Counts only: no case is named, so nothing is filtered by the viewer. Six queries at most.
    """
    ids = [team.pk for team in teams]
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = (at.astimezone(dt.UTC) for at in (midnight, midnight + dt.timedelta(days=DAYS)))  # 95 hours, or 97
    starts = [start + number * HOUR for number in range(round((end - start) / HOUR))]
    expected = _expected(ids, now, starts)
    try:
        policy = law.policy_of(law.in_force(now))
    except NoPolicy:
        return None
    if expected is None:
        return None
    staffed = _staffed(teams, policy, starts)
    hours = [Hour(*one) for one in zip(starts, expected, staffed, strict=True)]
    return Outlook(
        bars=workload.gathered(hours, lambda at: (at - start) // (BAR_HOURS * HOUR)),
        days=workload.gathered(hours, lambda at: timezone.localtime(at).date()),
    )


def _expected(ids: Sequence[int], now: dt.datetime, starts: Sequence[dt.datetime]) -> list[float | None] | None:
    last = Case.objects.aggregate(last=Max("pk"))["last"] or 0
    sample = Case.objects.filter(pk__gt=last - SAMPLE, opened_at__gt=now - LOOKS_BACK, opened_at__lte=now)
    rows = (
        sample.filter(team_id__in=ids)
        .annotate(hour=TruncHour("opened_at", tzinfo=dt.UTC))
        .values_list("hour")
        .annotate(n=Count("pk"))
        .order_by()
    )
    arrivals = dict(rows)
    if not arrivals:
        return None
    since = sample.aggregate(first=Min("opened_at"))["first"] if last > SAMPLE else now - LOOKS_BACK
    return workload.forecast(arrivals, since, now, starts)


def _staffed(teams: Sequence[Team], policy: Policy, starts: Sequence[dt.datetime]) -> list[float]:
    """People there in each hour: memberships in force, less absences, while the team's calendar is open."""
    first, end = starts[0], starts[-1] + HOUR
    ids = [team.pk for team in teams]
    members = list(
        Membership.objects.filter(team_id__in=ids, person__is_active=True, starts_at__lt=end).exclude(
            ends_at__lte=first
        )
    )
    away: dict[int, list[Absence]] = {}
    for absence in Absence.objects.filter(
        person_id__in={row.person_id for row in members}, starts_at__lt=end, ends_at__gt=first
    ):
        away.setdefault(absence.person_id, []).append(absence)
    open_share = {team.pk: _open_share(team, policy, starts) for team in teams}
    people = [0.0] * len(starts)
    for number, at in enumerate(starts):
        there: set[int] = set()
        for row in members:
            share = open_share[row.team_id][number]
            if not share or row.person_id in there:
                continue
            if not _within(row, at) or any(_within(absence, at) for absence in away.get(row.person_id, ())):
                continue
            there.add(row.person_id)
            people[number] += share
    return people


def _within(row: Membership | Absence, at: dt.datetime) -> bool:
    return row.starts_at <= at and (row.ends_at is None or row.ends_at > at)


def _open_share(team: Team, policy: Policy, starts: Sequence[dt.datetime]) -> list[float]:
    """How much of each hour the team's calendar is open."""
    spec = policy.central.teams.get(team.key)
    if spec is None:
        return [0.0] * len(starts)
    calendar = law.policy_calendar(policy, spec.calendar)
    return [calendar.elapsed(at, at + HOUR) / HOUR.total_seconds() for at in starts]
