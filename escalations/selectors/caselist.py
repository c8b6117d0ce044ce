"""The table of cases: what may be asked of it, and the query that answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from escalations import keys
from escalations.core.typed import id_of
from escalations.models import Case, Channel, Team, User
from escalations.models.case import CaseQuerySet
from escalations.models.reach import Reach
from escalations.selectors import keyset, people, reading
from escalations.selectors.radar import LINE, SOON

ORDERINGS: Mapping[str, tuple[str, ...]] = {
    "due": ("radar_at", "-id"),
    "severity": ("-severity_band", "radar_at", "-id"),
    "newest": ("-id",),
}
"""Each stands on columns that are never null and ends in a unique one."""

OPEN, EVERY = "open", "any"
WHOSE = ("mine", "team", "nobody")
WHEN = ("late", "soon", "today")


@dataclass(frozen=True, slots=True)
class Filters:
    """What was asked for; what says nothing is left out and never an error."""

    q: str = ""
    status: str = OPEN
    severity: str = ""
    team: str = ""
    channel: str = ""
    whose: str = ""
    when: str = ""

    @classmethod
    def read(cls, params: Mapping[str, str]) -> Filters:
        """From the address. A search looks in every status unless one is named."""
        q = params.get("q", "").strip()[:200]
        status = params.get("status", EVERY if q else OPEN)
        known = {OPEN, EVERY, *Case.Status.values}
        return cls(
            q=q,
            status=status if status in known else OPEN,
            severity=_among(params.get("severity", ""), [str(band) for band in Case.Band.values]),
            team=_number(params.get("team", "")),
            channel=_number(params.get("channel", "")),
            whose=_among(params.get("whose", ""), WHOSE),
            when=_among(params.get("when", ""), WHEN),
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but the default was asked for."""
        return self != Filters()


def _among(value: str, known: object) -> str:
    return value if value in known else ""  # type: ignore[operator]


def _number(value: str) -> str:
    return str(id_of(value) or "")


def cases(asked: Filters, user: User, now: dt.datetime) -> QuerySet[Case]:
    """The cases that were asked for, of those that this person may see; unordered."""
    return narrowed(Case.objects.visible_to(user), asked, user, now)


def page(
    asked: Filters, user: User, now: dt.datetime, sort: str, *, after: str = "", before: str = "", size: int = 25
) -> keyset.Page[Case]:
    """One page of `cases` in the ordering `sort`, with what a line shows."""
    rows = narrowed(Case.objects.all(), asked, user, now).select_related(*LINE)
    return reading.page(rows, user, ORDERINGS[sort], after=after, before=before, size=size)


def narrowed(rows: CaseQuerySet, asked: Filters, user: User, now: dt.datetime) -> QuerySet[Case]:
    """Those `rows` that were asked for. Who may see them is not looked at here."""
    if asked.status == OPEN:
        rows = rows.open().exclude(status=Case.Status.RESOLVED)
    elif asked.status != EVERY:
        rows = rows.filter(status=asked.status)
        if asked.status not in (Case.Status.CLOSED, Case.Status.MERGED):
            rows = rows.open()
    if asked.severity:
        rows = rows.filter(severity_band=int(asked.severity))
    if asked.team:
        rows = rows.filter(team_id=int(asked.team))
    if asked.channel:
        rows = rows.filter(channel_id=int(asked.channel))
    if asked.whose == "mine":
        rows = rows.filter(assignee=user)
    elif asked.whose == "nobody":
        rows = rows.filter(assignee__isnull=True)
    elif asked.whose == "team":
        rows = rows.filter(team__in=people.members(now).filter(person=user).values("team_id"))
    until = {"late": now, "soon": now + SOON, "today": now + dt.timedelta(days=1)}.get(asked.when)
    if until is not None:
        rows = rows.filter(radar_at__lte=until)
    return rows.filter(_search(asked.q, user)) if asked.q else rows


def _search(q: str, user: User) -> Q:
    """Exact matches only: a reference (or its number), the number elsewhere, a pseudonym, the party's number; an e-mail
    address or phone number by its blind index, and that only where the person may see personal data."""
    found = Q(reference=q.upper()) | Q(external_ref=q)
    if (number := id_of(q)) is not None:
        found |= Q(pk=number)
    if q.upper().startswith("P-"):
        found |= Q(party__pseudonym=q.upper())
    open_channels = Reach.of(user).channels("see_party_data")
    if open_channels:
        personal = Q(party__external_id=q)
        if "@" in q:
            personal |= Q(party__email_index__in=keys.blind_indexes("email", q))
        elif sum(character.isdigit() for character in q) >= 6:
            personal |= Q(party__phone_index__in=keys.blind_indexes("phone", q))
        found |= personal & Q(channel_id__in=open_channels)
    return found


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer: only teams and channels that the person has something to do with."""

    teams: list[Team]
    channels: list[Channel]


def choices(user: User) -> Choices:
    """The choices of the filters. Two queries on small tables."""
    return Choices(
        teams=list(Team.objects.filter(retired_at__isnull=True).order_by("name")),
        channels=list(Channel.objects.filter(pk__in=Reach.of(user).channels("see_cases"))),
    )
