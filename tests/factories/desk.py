"""A small desk: the market's policy installed, a few people in its teams, and cases opened through the real door.

`desk` is the fixture. Monday 2026-11-23, 10:00 in Berlin, everybody at work:

    orders    Mia L1, Jon L1, Ana L2 (lead)        general, brand
    payments  Pia L1, Leo L3 (lead)                general
    trust     Tia L2, Max L3 (lead)                general, brand, fraud (specialists)
    brand     Bob L2 (lead)                        brand

Whoever leads has the role of a lead, the others that of an agent, and specialists of a channel their role as well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group

from escalations import keys
from escalations.core import chain
from escalations.core.actor import Actor
from escalations.models import Case, Channel, Event, Level, Membership, Specialism, Team, User
from escalations.selectors import law
from escalations.services import intake, record
from escalations.services.channels import ensure_groups
from escalations.services.policy import Approval
from escalations.services.roles import group_of
from tests.core.policies import market_document
from tests.governance.publishing import installer, trusting

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)  # Monday, 10:00 in Berlin
API = Actor.integration("shop")

PEOPLE = {
    "mia": ("orders", "L1", False, ("general:workers", "brand:workers")),
    "jon": ("orders", "L1", False, ("general:workers", "brand:workers")),
    "ana": ("orders", "L2", True, ("general:workers", "brand:workers")),
    "pia": ("payments", "L1", False, ("general:workers",)),
    "leo": ("payments", "L3", True, ("general:workers",)),
    "tia": ("trust", "L2", False, ("general:workers", "brand:workers", "fraud:specialists")),
    "max": ("trust", "L3", True, ("general:workers", "brand:workers", "fraud:specialists")),
    "bob": ("brand", "L2", True, ("brand:workers",)),
}


class Desk:
    """The desk of a test, with short ways to its people and cases."""

    now = NOW

    def __init__(self, kept: list[Approval]) -> None:
        self._groups: dict[str, dict[str, Group]] = {}
        self.install = installer(kept)
        self.version = self.install(market_document(), now=NOW - dt.timedelta(days=30))
        for name, (team, level, leads, parts) in PEOPLE.items():
            self.person(name, team=team, level=level, leads=leads, parts=parts)

    def person(
        self,
        name: str,
        *,
        team: str,
        level: str = "L1",
        leads: bool = False,
        parts: tuple[str, ...] = ("general:workers",),
        capacity: int = 12,
        languages: tuple[str, ...] = (),
        specialisms: tuple[str, ...] = (),
    ) -> User:
        """Somebody new in a team, with their channels."""
        person = User.objects.create_user(
            username=name, first_name=name.title(), email=f"{name}@desk.example", password="correct horse battery",
            is_staff=True,
        )  # fmt: skip
        row = Membership.objects.create(
            person=person,
            team=Team.objects.get(key=team),
            level=Level.objects.get(key=level),
            leads=leads,
            capacity=capacity,
            languages=list(languages),
            starts_at=NOW - dt.timedelta(days=100),
        )
        row.specialisms.set(Specialism.objects.filter(key__in=specialisms))
        roles = [
            "lead" if leads else "agent",
            *(["specialist"] if any(":specialists" in part for part in parts) else []),
        ]
        person.groups.set([*(self._group(*part.split(":")) for part in parts), *map(self._role, roles)])
        return person

    def _role(self, key: str) -> Group:
        """The group of a role, found once for a desk."""
        if "roles" not in self._groups:
            self._groups["roles"] = {role: group_of(role) for role in ("agent", "lead", "specialist")}
        return self._groups["roles"][key]

    def _group(self, channel: str, part: str) -> Group:
        """The group of a part of a channel, made once for a desk: each of its people would ask for it anew."""
        if channel not in self._groups:
            self._groups[channel] = ensure_groups(Channel.objects.get(key=channel))
        return self._groups[channel][part]

    def user(self, name: str) -> User:
        """A person, fresh from the database: no permission is remembered from an earlier request."""
        return User.objects.get(username=name)

    def by(self, name: str) -> Actor:
        """A person as actor."""
        return Actor.user(self.user(name))

    def document(self, **changes: Any) -> dict[str, Any]:
        """A case document; keyword arguments replace its fields."""
        return {
            "category": "order.damaged",
            "symptom": "broken",
            "summary": "The vase arrived in pieces",
            "description": "Box crushed at one corner.",
            "region": "eu-de",
            "language": "de",
            "source": "api",
            "party": {"kind": "buyer", "name": "Jane Roe", "email": "jane@example.org", "external_id": "B-17"},
        } | changes

    def open(self, *, at: dt.datetime = NOW, assign: bool = True, actor: Actor = API, **changes: Any) -> Case:
        """Open a case through the service."""
        return intake.open_case(document=self.document(**changes), actor=actor, now=at, assign=assign)

    def held_by(self, name: str, **changes: Any) -> Case:
        """Open a case and give it to somebody, as the engine would."""
        from escalations.services.assignment import assign

        case = self.open(assign=False, **changes)
        return assign(case_id=case.pk, actor=Actor.worker("assignment"), now=NOW, person_id=self.user(name).pk)


@pytest.fixture
def desk(db: None) -> Iterator[Desk]:
    """The small desk."""
    with trusting("test") as kept:
        yield Desk(kept)


def broken(case: Case) -> chain.Break | None:
    """The first break of a case's chain, history rows included; None when it holds."""
    case = Case.objects.get(pk=case.pk)
    events = list(Event.objects.filter(case=case).order_by("seq").select_related("payload"))
    for event in events:
        payload = getattr(event, "payload", None)
        if payload is not None:
            assert chain.payload_matches(event.commitment, bytes.fromhex(payload.salt), record.canonical(payload.body))
    rows = {record.row_digest(row) for row in record.HistoricalCase.objects.filter(id=case.pk)}
    changed = record.attested((event.kind, event.data) for event in events)
    missing = [
        event.seq
        for event in events
        if event.history_digest and record.digest_now(event.history_digest, changed) not in rows
    ]
    assert missing == [], f"events {missing} belong to history rows that are not there as they were written"
    head = chain.Head(case.chain_seq, case.chain_mac, case.head_mac, case.key_id)
    return chain.verify(keys.chain_keys(), case.pk, [record.link_of(event) for event in events], head)


def clocks(case: Case) -> dict[str, str]:
    """The newest clock of each kind, as `state` or `state, ended`."""
    return {
        row.kind: row.state + (", ended" if row.ended_at else "") for row in case.clocks.order_by("kind", "cycle", "id")
    }


def kinds(case: Case) -> list[str]:
    """The kinds of a case's events in order."""
    return list(case.events.order_by("seq").values_list("kind", flat=True))


__all__ = ["API", "NOW", "Desk", "broken", "clocks", "desk", "kinds", "law"]
