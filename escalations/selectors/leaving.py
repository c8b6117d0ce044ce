"""The end of a person's working day, and what falls due before it: one rule for home and the page of leaving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from escalations.errors import NoPolicy
from escalations.models import Case, Membership, Team, User
from escalations.selectors import law, radar

SHOWN = 60
"""Cases of one person that a page reads; nobody works on more at one time."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """The end of the working day, and the cases that fall due from now until then, soonest first."""

    at: dt.datetime
    cases: Sequence[Case]


def before_leaving(user: User, now: dt.datetime, mine: Sequence[Membership]) -> Leaving | None:
    """When the day of a person with the memberships `mine` ends, and those of their cases that fall due by then.

    None when the day is over, or their team never closes: nothing is to be handed on. One query.
    """
    at = closing(mine[0].team, now) if mine else None
    if at is None:
        return None
    cases = (
        Case.objects.visible_to(user)
        .open()
        .filter(assignee=user, radar_at__gt=now, radar_at__lte=at)
        .exclude(status=Case.Status.RESOLVED)
        .select_related(*radar.LINE)
        .order_by("radar_at", "id")
    )
    return Leaving(at, list(cases[:SHOWN]))


def closing(team: Team, now: dt.datetime) -> dt.datetime | None:
    """When a team's last opening of the running day ends; None when it is over, or when the team never closes."""
    try:
        policy = law.policy_of(law.in_force(now))
    except NoPolicy:
        return None
    spec = policy.central.teams.get(team.key)
    if spec is None:
        return None
    calendar = law.policy_calendar(policy, spec.calendar)
    local = now.astimezone(ZoneInfo(calendar.timezone))
    midnight = (local + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(dt.UTC)
    left = calendar.elapsed(now, midnight)
    if left <= 0:
        return None
    end = calendar.due(now, left)
    return None if end >= midnight else end
