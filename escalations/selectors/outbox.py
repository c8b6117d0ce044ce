"""What deliveries are about: the rows that their words need, loaded for many at once; and the dead letters."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from escalations.core.policy import Policy
from escalations.models import (
    Case,
    Clock,
    Cover,
    Delivery,
    Escalation,
    Evidence,
    Handoff,
    Membership,
    Message,
    Outbox,
    Party,
    PolicyVersion,
    Remedy,
    User,
)
from escalations.selectors import law, people

PERSONAL = ("name", "email", "phone")
NAMED_IN_DATA: dict[str, QuerySet[Any]] = {
    "message": Message.objects.all(),
    "handoff": Handoff.objects.all(),
    "escalation": Escalation.objects.all(),
    "remedy": Remedy.objects.select_related("approval"),
    "delivery": Delivery.objects.all(),
}


@dataclass(slots=True)
class Situation:
    """The rows behind some deliveries, by id. Personal data of parties that are written to is in memory here, and
    nowhere else on the way of a message."""

    users: dict[int, User] = field(default_factory=dict)
    parties: dict[int, Party] = field(default_factory=dict)
    cases: dict[int, Case] = field(default_factory=dict)
    versions: dict[int, PolicyVersion] = field(default_factory=dict)
    clocks: dict[int, list[Clock]] = field(default_factory=dict)
    missing: dict[int, list[str]] = field(default_factory=dict)
    rows: dict[str, dict[int, Any]] = field(default_factory=dict)
    cover: dict[int, int] = field(default_factory=dict)
    leading: frozenset[tuple[int, int]] = frozenset()
    on_call: dict[str, list[int]] = field(default_factory=dict)

    def policy(self, case: Case) -> Policy:
        """The policy that a case is pinned to."""
        return law.policy_of(self.versions[case.policy_version_id])

    def row(self, name: str, data: dict[str, Any]) -> Any:
        """The row that an intent's data names under `name`, or None."""
        return self.rows.get(name, {}).get(_id(data.get(name)))


def _id(value: object) -> int:
    return value if isinstance(value, int) else 0


def recipient_ids(deliveries: Iterable[Delivery], kind: str) -> set[int]:
    """Ids of the recipients of one kind (`user`, `party`, `team`) among deliveries."""
    parts = (row.recipient.partition(":") for row in deliveries)
    return {int(ref) for name, _, ref in parts if name == kind and ref.isdecimal()}


def situation(deliveries: Sequence[Delivery], at: dt.datetime) -> Situation:
    """Everything that the words of `deliveries` (with their outbox loaded) may need. At most fifteen queries."""
    found = Situation()
    intents = [row.outbox for row in deliveries]
    data = [row.data for row in intents]
    listed = {case for one in data for case in one.get("cases", []) if isinstance(case, int)}
    case_ids = {row.case_id for row in intents if row.case_id} | listed
    staff, parties = recipient_ids(deliveries, "user"), recipient_ids(deliveries, "party")
    if case_ids:
        related = ("category", "region", "channel", "team", "level", "assignee", "text", "party")
        private = [f"party__{name}" for name in PERSONAL]
        rows = Case.objects.filter(pk__in=case_ids).select_related(*related).defer(*private)
        found.cases = {row.pk: row for row in rows}
        found.versions = PolicyVersion.objects.in_bulk({row.policy_version_id for row in found.cases.values()})
        clocks: dict[int, list[Clock]] = defaultdict(list)
        for clock in Clock.objects.filter(case_id__in=case_ids).order_by("id"):
            clocks[clock.case_id].append(clock)
        found.clocks = dict(clocks)
        missing: dict[int, list[str]] = defaultdict(list)
        open_items = Evidence.objects.filter(case_id__in=case_ids, state=Evidence.State.OPEN, required=True)
        for case_id, name in open_items.order_by("id").values_list("case_id", "name"):
            missing[case_id].append(name)
        found.missing = dict(missing)
    for name, wanted in NAMED_IN_DATA.items():
        ids = {_id(one.get(name)) for one in data} - {0}
        if ids:
            found.rows[name] = {row.pk: row for row in wanted.filter(pk__in=ids)}
    if parties:
        found.parties = Party.objects.in_bulk(parties)
    if staff:
        found.users = User.objects.in_bulk(staff | _actors(found))
        found.cover = dict(Cover.objects.filter(people.in_span(at)).values_list("person_id", "by_id"))
        leads = Membership.objects.filter(people.in_span(at), leads=True, person_id__in=staff)
        found.leading = frozenset(leads.values_list("person_id", "team_id"))
        roles = {str(token)[5:] for one in data for token in one.get("to", []) if str(token).startswith("role:")}
        found.on_call = people.on_call(roles, at) if roles else {}
    return found


def _actors(found: Situation) -> set[int]:
    rows = [row for name in ("remedy", "escalation", "handoff") for row in found.rows.get(name, {}).values()]
    return {int(row.actor_id) for row in rows if row.actor_kind == "user" and row.actor_id.isdecimal()}


def readable(user: User, case_ids: Collection[int]) -> set[int]:
    """Those of some cases that a person may see: what a notice may speak of."""
    return set(Case.objects.filter(pk__in=case_ids).visible_to(user).values_list("pk", flat=True))


def told_of(user: User) -> QuerySet[Delivery]:
    """The deliveries that a person may see: those about cases that they may see, and those about none."""
    about = Q(outbox__case__isnull=True) | Q(outbox__case__in=Case.objects.visible_to(user))
    return Delivery.objects.filter(about).select_related("outbox__case")


def intended(user: User) -> QuerySet[Outbox]:
    """The intents that a person may see, by the same rule."""
    about = Q(case__isnull=True) | Q(case__in=Case.objects.visible_to(user))
    return Outbox.objects.filter(about).select_related("case")
