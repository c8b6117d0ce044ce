"""What a party sees who follows their case by a link. Everything starts from `find`, and goes through the verb
`Case.objects.followed_by`; nothing here is about anybody else.

In a sensitive channel it is that the desk has the matter and when it next writes, and nothing else.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Literal

from django.db.models import Q

from escalations import keys
from escalations.models import Case, CaseLink, Clock, Evidence, Message, PartyLink, Pause
from escalations.selectors import law

Standing = Literal["received", "working", "waiting", "waiting_for_party", "decided", "done"]

STANDINGS: dict[str, Standing] = {
    Case.Status.NEW: "received",
    Case.Status.TRIAGED: "received",
    Case.Status.ASSIGNED: "working",
    Case.Status.IN_PROGRESS: "working",
    Case.Status.REOPENED: "working",
    Case.Status.WAITING: "waiting",
    Case.Status.RESOLVED: "decided",
    Case.Status.CLOSED: "done",
    Case.Status.MERGED: "received",
}
STEPS: dict[Standing, int] = {
    "received": 1, "working": 2, "waiting": 2, "waiting_for_party": 2, "decided": 3, "done": 4,
}  # fmt: skip
ANSWERS = (Clock.Kind.FIRST_RESPONSE, Clock.Kind.NEXT_UPDATE)
PERSONAL = ("name", "email", "phone")
SHOWN = 50
"""Messages that the page shows, the newest ones."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the party was told: an answer or the decision, by when; `late` when that is over."""

    decides: bool
    due: dt.datetime
    late: bool


@dataclass(frozen=True, slots=True)
class Said:
    """One message between desk and party."""

    mine: bool
    at: dt.datetime
    language: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Followed:
    """What the page shows. Of a sensitive case (`reduced`) the fields below `promises` are empty."""

    reference: str
    timezone: str
    open: bool
    reduced: bool
    promises: tuple[Promise, ...]
    standing: Standing = "received"
    step: int = 0
    category: str = ""
    team: str = ""
    leader: str = ""
    goes_on_in: str = ""
    with_others: bool = False
    needed: tuple[str, ...] = ()
    said: tuple[Said, ...] = field(default=())
    earlier: int = 0


def find(token: str, *, now: dt.datetime) -> PartyLink | None:
    """The link that a token stands for, if it is in force. One query, the same whatever is asked; nothing personal of
    the party is read, so it needs no key of what is encrypted."""
    rows = PartyLink.objects.in_force(now).filter(digest__in=keys.link_digests(token)).select_related("party")
    return rows.defer(*(f"party__{name}" for name in PERSONAL)).first()


def followed(link: PartyLink, *, now: dt.datetime) -> Followed | None:
    """What the party of a link in force may know of their case; None when it may not be followed any more.

    Ten queries for a case without merges, five for a sensitive one.
    """
    cases = {row.pk: row for row in _cases(link, now)}
    if not cases:
        return None
    asked, living = cases[link.case_id], _end(cases, link.case_id)
    own = [row for row in cases.values() if row.party_id == link.party_id]
    theirs = living.party_id == link.party_id
    promises = _promises(living, now) if theirs else ()
    undecided = living.is_open and living.status != Case.Status.RESOLVED
    reduced = any(row.channel.sensitive for row in cases.values())
    if reduced:
        return Followed(
            asked.reference, asked.region.timezone, undecided, True,
            tuple(replace(promise, decides=False) for promise in promises[:1]),
        )  # fmt: skip
    standing = STANDINGS[living.status]
    if standing == "waiting" and theirs and _waits_for_party(living):
        standing = "waiting_for_party"
    shared = {row.pk for row in own if _with_cases_of_others(row.pk, link.party_id)}
    own_ids = {row.pk for row in own}
    said = Message.objects.of_party(
        link.party_id, own=own_ids - shared, shared=shared, others=set(cases) - own_ids
    ).order_by("-at", "-id")
    shown = list(said[: SHOWN + 1])
    return Followed(
        reference=asked.reference,
        timezone=asked.region.timezone,
        open=undecided,
        reduced=False,
        promises=promises,
        standing=standing,
        step=STEPS[standing],
        category=asked.category.name,
        team=living.team.name,
        leader=living.assignee.first_name if living.assignee else "",
        goes_on_in=living.reference if theirs and living.pk != asked.pk else "",
        with_others=not theirs,
        needed=_needed(living) if theirs else (),
        said=tuple(
            Said(row.direction == Message.Direction.IN, row.at, row.language, row.subject, row.body)
            for row in shown[:SHOWN]
        ),
        earlier=said.count() - SHOWN if len(shown) > SHOWN else 0,
    )


def any_link(case: Case, now: dt.datetime) -> bool:
    """Whether a link in force leads to a case: its own, or one of a case that was merged into it. One query."""
    merged = CaseLink.objects.filter(case=case, kind=CaseLink.Kind.DUPLICATE, other__merged_into=case).values("other")
    return PartyLink.objects.in_force(now).filter(Q(case=case) | Q(case__in=merged)).exists()


def leading_here(case_id: int) -> list[int]:
    """Ids of a case and of those that were merged into it, and into those: whoever follows one of them comes here."""
    found, todo = [case_id], [case_id]
    while todo:
        links = CaseLink.objects.filter(case__in=todo, kind=CaseLink.Kind.DUPLICATE, other__merged_into__in=todo)
        todo = [pk for pk in links.values_list("other_id", flat=True) if pk not in found]
        found += todo
    return found


def _cases(link: PartyLink, now: dt.datetime) -> list[Case]:
    rows = Case.objects.followed_by(link, now=now).select_related("category", "channel", "region", "team", "assignee")
    return list(rows)


def _end(cases: dict[int, Case], case_id: int) -> Case:
    row = cases[case_id]
    while row.merged_into_id in cases:
        row = cases[row.merged_into_id]
    return row


def _promises(case: Case, now: dt.datetime) -> tuple[Promise, ...]:
    """What was promised and is still open, the earliest first. A promise is never moved by a pause, yet nobody is told
    that the desk is late while it waits."""
    if not case.is_open:
        return ()
    rows = Clock.objects.filter(case=case, ended_at__isnull=True, promised_at__isnull=False)
    rows = rows.filter(kind__in=[*ANSWERS, Clock.Kind.RESOLUTION]).order_by("promised_at", "id")
    paused = case.status == Case.Status.WAITING
    return tuple(
        Promise(row.kind == Clock.Kind.RESOLUTION, row.promised_at, row.promised_at < now and not paused)
        for row in rows
        if row.promised_at is not None
    )


def _waits_for_party(case: Case) -> bool:
    reasons = Pause.objects.filter(clock__case=case, ends_at__isnull=True).values_list("reason", flat=True).distinct()
    known = law.policy_of(case.policy_version_id).central.pause_reasons
    return any(reason in known and "party_reply" in known[reason].resumes_on for reason in reasons)


def _needed(case: Case) -> tuple[str, ...]:
    if case.status not in (Case.Status.RESOLVED, Case.Status.CLOSED, Case.Status.MERGED):
        rows = Evidence.objects.filter(case=case, state=Evidence.State.OPEN, needed_from="party", required=True)
        return tuple(rows.order_by("id").values_list("name", flat=True))
    return ()


def _with_cases_of_others(case_id: int, party_id: int) -> bool:
    return Case.objects.filter(pk__in=leading_here(case_id)).exclude(party_id=party_id).exists()
