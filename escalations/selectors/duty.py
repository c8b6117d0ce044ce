"""Who is there when a person leaves: for each of their cases the team that covers it at that hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from escalations.models import Case, CaseDecision, Team
from escalations.selectors import law, people


@dataclass(frozen=True, slots=True)
class Duty:
    """One case, and the covering team that is on duty; None with the reason where there is none."""

    case: Case
    team: Team | None
    reason: str = ""


def on_duty(cases: Sequence[Case], at: dt.datetime) -> list[Duty]:
    """For each case the first of its covering teams that is open at `at` and has somebody who may work in its channel.

    The covering teams, in their order, are those of the decision that routed the case; the hours are those of its
    pinned version. Three queries, and one for each team and channel that comes into question.
    """
    routed: dict[int, list[str]] = {}
    decisions = CaseDecision.objects.filter(case__in=[case.pk for case in cases], applied=True).order_by("id")
    for case_id, outcome in decisions.values_list("case_id", "outcome"):
        routed[case_id] = outcome.get("backups", [])
    wanted = {key for keys in routed.values() for key in keys}
    teams = {team.key: team for team in Team.objects.filter(key__in=wanted, retired_at__isnull=True)}
    manned: dict[tuple[int, int], bool] = {}

    def covers(case: Case, team: Team) -> bool:
        place = (team.pk, case.channel_id)
        if place not in manned:
            away, _, allowed = people.presence(team.pk, case.channel_id, at)
            manned[place] = bool(allowed - away)
        return manned[place]

    found = []
    for case in cases:
        known = [teams[key] for key in routed.get(case.pk, []) if key in teams and key != case.team.key]
        there = [team for team in known if _open(case, team, at)]
        team = next((team for team in there if covers(case, team)), None)
        found.append(Duty(case, team, "" if team else _why(known, there)))
    return found


def _open(case: Case, team: Team, at: dt.datetime) -> bool:
    policy = law.policy_of(case.policy_version_id)
    spec = policy.central.teams.get(team.key)
    return spec is not None and law.policy_calendar(policy, spec.calendar).is_open(at)


def _why(known: Sequence[Team], there: Sequence[Team]) -> str:
    if not known:
        return "no team covers for this one: tell your lead"
    names = ", ".join(str(team) for team in there or known)
    if there:
        return f"nobody of {names} may work in this channel"
    return f"{names}: closed then. Answer it, or tell your lead"
