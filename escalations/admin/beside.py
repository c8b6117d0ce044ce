"""What the desk itself shows beside a case: the way ahead, who can help, what the playbook says, what belongs to it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from escalations import panels
from escalations.admin.base import person_of
from escalations.core import clock as clocks
from escalations.models import Case, Clock, Escalation, Membership
from escalations.panels import Panel
from escalations.selectors import law, people, unmasked
from escalations.selectors.casepage import neighbours
from escalations.selectors.partycard import party_card


@dataclass(frozen=True, slots=True)
class Step:
    """A rung of the case's ladder: when it comes, where it leads, and whether it is behind, next or ahead."""

    name: str
    at: dt.datetime
    state: str


def ladder(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """The rungs that the case climbs when time passes."""
    if case is None or not case.is_open:
        return None
    policy = law.policy_of(case.policy_version_id)
    spec = policy.central.ladders.get(case.ladder)
    tier = Clock.objects.filter(case=case, kind=Clock.Kind.TIER, ended_at__isnull=True).first()
    if spec is None or tier is None:
        return None
    calendar = law.calendar_of(case.calendar_digest)
    climbed = set(Escalation.objects.filter(case=case).exclude(rung_key="").values_list("rung_key", flat=True))
    steps, state = [], "done"
    for rung in spec.rungs:
        at = clocks.due_after(rung.after.basis, rung.after.seconds, at=case.opened_at, calendar=calendar)
        level = policy.central.levels[rung.level].name if rung.level else _("a reminder")
        if state != "done" and rung.level and policy.level_rank(rung.level) <= case.level.rank:
            continue  # the case is there already: this rung is passed over
        if state == "done" and rung.key != tier.tier and rung.level and rung.key not in climbed:
            continue  # it began higher than this rung leads
        if rung.key == tier.tier:
            state, at = "next", tier.due_at or at
        steps.append(Step(level, at, state))
        state = "ahead" if state == "next" else state
    return Panel(
        _("If time passes"),
        "admin/desk/panels/ladder.html",
        {"steps": steps, "paused": tier.due_at is None, "now": now},
    )


def playbook(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """The way that cases of this category usually take, by the version that the case is pinned to."""
    if case is None:
        return None
    policy = law.policy_of(case.policy_version_id)
    category = policy.central.categories.get(case.category.key)
    if category is None:
        return None
    backups = [policy.central.teams[key].name for key in category.backups]
    return Panel(category.name, "admin/desk/panels/playbook.html", {"category": category, "backups": backups})


def helpers(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """Who of the owning team leads it, or decides at a higher level."""
    if case is None or not case.is_open:
        return None
    rows: list[Membership] = [
        row
        for row in people.members(now, team_ids=[case.team_id]).order_by("-leads", "-level__rank", "person__first_name")
        if row.leads or row.level.rank > case.level.rank
    ][:5]
    away = people.away(now, [row.person_id for row in rows])
    if not rows:
        return None
    return Panel(_("Who can help"), "admin/desk/panels/helpers.html", {"rows": rows, "away": away})


def party(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """What this reader may know of the party."""
    if case is None:
        return None
    user = person_of(request)
    card = party_card(case.party, user, case, now)
    context = {
        "card": card,
        "party": case.party,
        "case": case,
        "now": now,
        "minutes": unmasked.SHOWN_S // 60,
        "looks": unmasked.looks(case) if unmasked.answers_for(user, case, now) else [],
    }
    return Panel(card.kind.capitalize(), "admin/desk/panels/party.html", context)


def related(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """Linked cases, and others of the same party, as far as this person may see them."""
    if case is None:
        return None
    rows: list[Any] = neighbours(case, person_of(request))
    return Panel(_("Belongs together"), "admin/desk/panels/related.html", {"rows": rows}) if rows else None


panels.register("desk-playbook", playbook, order=20)
panels.register("desk-ladder", ladder, order=30)
panels.register("desk-party", party, order=40)
panels.register("desk-related", related, order=50)
panels.register("desk-helpers", helpers, order=60)
