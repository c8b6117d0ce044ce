"""The people of the table in their standing, and cases on which something can be tried."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.auth.models import Group
from django.test import Client
from guardian.shortcuts import assign_perm

from escalations.core.actor import Actor
from escalations.core.privileges import COLUMNS
from escalations.core.roles import ROLES
from escalations.inbound.signin.account import may_sign_in
from escalations.models import Case, CaseFile, Channel, Role, Team, User
from escalations.services import (
    channels,
    closing,
    escalation,
    evidence,
    facts,
    grants,
    handoffs,
    pauses,
    people,
    remedies,
)
from escalations.services import replies as answers
from escalations.services.files import adding
from escalations.services.roles import follow, group_of
from tests.core.policies import market_document
from tests.factories.desk import API, NOW, Desk

AT = NOW + dt.timedelta(minutes=30)
"""When everything is tried."""
PASSWORD = "correct horse battery"


class Way(NamedTuple):
    """One way to try something. `word` is what the table says when this way is open and another one is not."""

    word: str
    go: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Tried:
    """One row: its section and words, the ways in which it is tried, and the doors that it covers."""

    key: str
    section: str
    label: str
    ways: tuple[Way, ...]
    refusals: tuple[type[Exception], ...] = ()


class Office:
    """The small desk with one person for each column of the table, and somebody beside each of them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        changed = market_document()
        changed["central"]["categories"]["order.damaged"]["evidence"] = [{"key": "photo", "name": "Photo"}]
        desk.install(changed, now=NOW - dt.timedelta(days=1))
        self.channels = {row.key: row for row in Channel.objects.all()}
        self.teams = {row.key: row for row in Team.objects.all()}
        self._people()
        self._cases()
        self.clients = {key: Client() for key in COLUMNS}
        for key, client in self.clients.items():
            if may_sign_in(self.user(key)):
                client.force_login(self.user(key))

    # ----------------------------------------------------------------------------------------------------- people

    def _people(self) -> None:
        part = self._part
        desk = self.desk
        both = ("general:workers", "brand:workers")
        desk.person("agent", team="orders", parts=both)
        desk.person("lead", team="orders", level="L2", leads=True)
        desk.person("specialist", team="trust", level="L2", parts=("general:specialists", "brand:specialists"))
        desk.person("expert", team="brand", parts=("brand:workers",))
        for key in COLUMNS:
            if not User.objects.filter(username=key).exists():
                make = User.objects.create_superuser if key == "administrator" else User.objects.create_user
                make(key, f"{key}@desk.example", PASSWORD)
        User.objects.create_superuser("second", "second@desk.example", PASSWORD)
        owner = User.objects.create_user("owner", "owner@desk.example", PASSWORD)
        for person in (User.objects.get(username="supervisor"), owner):
            person.groups.add(part("general", "owners"), part("brand", "owners"))
        owner.groups.add(group_of("supervisor"))
        for name in ("max", "tia"):
            desk.user(name).groups.add(part("fraud", "owners"))
        User.objects.get(username="council").groups.add(part("general", "readers"))
        for key in COLUMNS:
            person = User.objects.get(username=key)
            person.groups.remove(*Group.objects.filter(name__startswith="role:"))
            if key in ROLES:
                person.groups.add(group_of(key))
            follow(person)
        follow(owner)

    def _part(self, channel: str, part: str) -> Group:
        return channels.ensure_groups(self.channels[channel])[part]

    def user(self, name: str) -> User:
        """A person, with no permission remembered from an earlier try."""
        return User.objects.get(username=name)

    def by(self, name: str) -> Actor:
        """A person as actor of an act on a case; a connected system acts as itself."""
        return API if name == "integration" else Actor.user(self.user(name))

    # ------------------------------------------------------------------------------------------------------ cases

    def _cases(self) -> None:
        desk, jon = self.desk, self.desk.by("jon")
        party = {"kind": "buyer", "name": "Jane Roe", "email": "jane@example.org", "external_id": "B-17"}
        now = NOW + dt.timedelta(minutes=1)

        def held() -> Case:
            return desk.held_by("jon", party=party)

        self.held, self.other = held(), held()
        self.file = self.add_file(self.held, jon)
        self.queued = desk.open(assign=False, party=party)
        self.new = desk.open(assign=False, party=party)
        Case.objects.filter(pk=self.new.pk).update(status="new")
        self.going = held()
        answers.respond(case_id=self.going.pk, actor=jon, now=now, body="We look into it.")
        evidence.add_evidence(case_id=self.going.pk, actor=jon, now=now, key="photo")
        self.waiting = held()
        pauses.pause(case_id=self.waiting.pk, actor=jon, now=now, reason="buyer", evidence="asked")
        self.offered = held()
        give: dict[str, Any] = {"case_id": self.offered.pk, "now": now, "note": "Yours."}
        handoffs.hand_off(**give, actor=jon, to_team_id=self.teams["payments"].pk)
        handoffs.accept(case_id=self.offered.pk, actor=desk.by("pia"), now=now)
        handoffs.hand_off(**give, actor=desk.by("pia"), to_team_id=self.teams["orders"].pk)
        self.escalated = held()
        self.escalation = escalation.escalate(
            case_id=self.escalated.pk, actor=jon, now=now, cause="authority", reason="Too much for me."
        )
        Case.objects.filter(pk=self.escalated.pk).update(assignee=self.user("jon"))
        self.asked = held()
        self.approval = remedies.remedy(
            case_id=self.asked.pk, actor=jon, now=now, kind="refund", amount="300.00", currency="EUR", reason="Broken."
        ).approval
        self.resolved = held()
        answers.respond(case_id=self.resolved.pk, actor=jon, now=now, body="Done.")
        evidence.add_evidence(case_id=self.resolved.pk, actor=jon, now=now, key="photo")
        closing.resolve(case_id=self.resolved.pk, actor=jon, now=now, root_cause="carrier", message="Refunded.")
        self.secret = desk.open(assign=False, party=party)
        Case.objects.filter(pk=self.secret.pk).update(channel=self.channels["fraud"])
        self.branded = desk.open(assign=False, party=party)
        Case.objects.filter(pk=self.branded.pk).update(channel=self.channels["brand"])
        self.grant = grants.call_in(
            case_id=self.held.pk, actor=self.by("owner"), now=now, person_id=self.user("bob").pk, reason="Knows it."
        )
        self.glass = grants.break_glass(reference=self.other.reference, actor=self.by("bob"), now=now, reason="Now.")
        span: dict[str, Any] = {
            "starts_at": AT + dt.timedelta(days=1), "ends_at": AT + dt.timedelta(days=3), "now": now,
        }  # fmt: skip
        away = self.user("jon")
        self.absence = people.set_absence(person_id=away.pk, actor=away, **span)
        self.cover = people.set_cover(person_id=away.pk, by_id=self.user("tia").pk, actor=away, **span)
        self.request = channels.ask(
            channel_id=self.channels["general"].pk, person_id=self.user("bob").pk, part="exporters", reason="Covers.",
            actor=self.user("owner"), now=now,
        )  # fmt: skip
        self.shift = people.set_on_call(
            role_id=Role.objects.order_by("pk").values_list("pk", flat=True)[0],
            person_id=away.pk, starts_at=now, now=now, actor=self.user("second"),
        )  # fmt: skip
        later = market_document()
        later["central"]["categories"]["order.damaged"]["owner"] = "payments"
        self.later = desk.install(later, now=NOW + dt.timedelta(minutes=20))

    def add_file(self, case: Case, actor: Actor, *, later: bool = False) -> CaseFile:
        """A small text as a file of the case; with `later` it waits for a worker to check it."""
        source = io.BytesIO(f"Broken at corner {case.files.count() + 1}.".encode())
        return adding.add_file(case_id=case.pk, actor=actor, now=AT, source=source, name="note.txt", later=later)

    def own(self, case: Case, name: str) -> Case:
        """The case as that of this person."""
        Case.objects.filter(pk=case.pk).update(assignee=self.user(name))
        return case

    def let(self, name: str, permission: str) -> None:
        """Give somebody a permission by name."""
        assign_perm(permission, self.user(name))


__all__ = ["AT", "PASSWORD", "Office", "Tried", "Way", "facts"]
