"""Who looked at a party's data, and what this reader has open now. Read from the case's own record."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from escalations.models import Case, Event, User
from escalations.models.reach import may
from escalations.selectors import people
from escalations.selectors.timeline import people_by_id

UNMASKED = "party.unmasked"
EXPORTED = "party.exported"
FIELDS = ("name", "email", "phone")
SHOWN_S = 300
"""Seconds for which an unmasked field is shown to the person who asked, on that case."""


@dataclass(frozen=True, slots=True)
class Open:
    """What is shown to one reader now: these fields, until then."""

    fields: frozenset[str]
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Look:
    """One look, for those who answer for the channel or the team."""

    who: str
    at: dt.datetime
    fields: tuple[str, ...]
    reason: str
    export: bool


def open_now(case: Case, user: User, now: dt.datetime) -> Open | None:
    """What `user` unmasked on this case within the last minutes; None when all is masked. One query."""
    rows = Event.objects.filter(
        case=case,
        kind=UNMASKED,
        actor_kind="user",
        actor_id=str(user.pk),
        at__gt=now - dt.timedelta(seconds=SHOWN_S),
        at__lte=now,
    )
    found = list(rows.order_by("-seq").values_list("at", "data"))
    if not found:
        return None
    fields = frozenset(name for _at, data in found for name in data.get("fields", ()))
    return Open(fields, min(at for at, _data in found) + dt.timedelta(seconds=SHOWN_S))


def answers_for(user: User, case: Case, now: dt.datetime) -> bool:
    """Whether a reader of the case is told who looked: owners of its channel, leads of its team. One query at most."""
    if may(user, "manage_members", case):
        return True
    return people.led_by(user, now).filter(team_id=case.team_id).exists()


def looks(case: Case, *, limit: int = 10) -> list[Look]:
    """Who looked at the party's data or exported it, the newest first. Two queries. For leads and owners only."""
    rows = list(
        Event.objects.filter(case=case, kind__in=(UNMASKED, EXPORTED))
        .select_related("payload")
        .order_by("-seq")[:limit]
    )
    names = people_by_id(row.actor_id for row in rows if row.actor_kind == "user")
    return [
        Look(
            who=names.get(row.actor_id, row.actor_id),
            at=row.at,
            fields=tuple(row.data.get("fields", ())),
            reason=str(payload.body.get("reason", "")) if (payload := getattr(row, "payload", None)) else "",
            export=row.kind == EXPORTED,
        )
        for row in rows
    ]
