"""Who works where, as lint reads it."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from escalations.core.lint import Post, Roster
from escalations.models import OnCallShift
from escalations.selectors.people import members


def roster(at: dt.datetime) -> Roster:
    """The memberships in force at `at`, and who holds which on-call role then or later. Three queries."""
    posts = tuple(
        Post(
            person=str(row.person_id),
            team=row.team.key,
            level=row.level.key,
            leads=row.leads,
            specialisms=frozenset(skill.key for skill in row.specialisms.all()),
            languages=frozenset(row.languages),
        )
        for row in members(at).prefetch_related("specialisms")
    )
    roles: dict[str, list[str]] = {}
    shifts = OnCallShift.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), person__is_active=True)
    for role, person in shifts.order_by("starts_at", "pk").values_list("role__key", "person_id"):
        roles.setdefault(role, []).append(str(person))
    return Roster(posts, {role: tuple(dict.fromkeys(people)) for role, people in roles.items()})
