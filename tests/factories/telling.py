"""A small desk to tell people of: teams, people, a playbook with messages, one case or many. Rows only, no services."""

from __future__ import annotations

import copy
import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from guardian.shortcuts import assign_perm

from escalations import keys
from escalations.core.canonical import canonical
from escalations.core.policy import Policy
from escalations.models import (
    CalendarSnapshot,
    Case,
    CaseText,
    Category,
    Channel,
    Clock,
    Delivery,
    Level,
    Membership,
    Outbox,
    Party,
    PolicyVersion,
    Region,
    Role,
    Team,
    User,
)
from escalations.services import delivery
from tests.mailserver import Received
from tests.playbook.editions import SMALL

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)

MESSAGES: dict[str, Any] = {
    "acknowledgement": {
        "en": {"subject": "We have it, {reference}", "body": "Hello {party},\n\nYou hear from us by {told_due}."},
        "de": {"subject": "Eingegangen: {reference}", "body": "Guten Tag {party},\n\nSie hören bis {told_due}."},
    },
    "notice.breach": {
        "en": {
            "subject": "{reference} is late: {promise}",
            "body": "{reference}, {category}, has gone past what was promised.\n\n"
            "Promise: {promise}, due {due}\nTime passed: {time_passed}\nWhy it reaches you: {reason}\n"
            "Asked of you: {asked}\n\n{url}",
        }
    },
}


def policy_version(*, messages: dict[str, Any] | None = None, number: int = 1) -> PolicyVersion:
    """A version with the small edition's law and the given messages."""
    document = copy.deepcopy(SMALL["policy"])
    document["central"]["messages"] = MESSAGES if messages is None else messages
    document["central"]["remedies"] = {"refund": {"name": "Refund", "limits": {"L1": {"EUR": "50"}}}}
    policy = Policy.model_validate(document)
    return PolicyVersion.objects.create(
        number=number,
        title=policy.title,
        policy_digest=policy.digest,
        edition_digest=policy.digest,
        schema_version=1,
        effective_at=NOW - 30 * 24 * HOUR,
        installed_at=NOW - 30 * 24 * HOUR,
        document=canonical(policy.document()).decode(),
        reason="test",
        reference=f"test-{number}",
        approval_kind="bootstrap",
        approved_by="test",
    )


@dataclass
class SmallDesk:
    """One team with a lead and two members, another team, two channels, a buyer, and the law."""

    version: PolicyVersion
    care: Team
    money: Team
    general: Channel
    fraud: Channel
    mia: User
    jon: User
    ana: User
    buyer: Party

    def person(self, name: str, *, team: Team | None = None, leads: bool = False, sees: str = "general") -> User:
        """A person who may see the cases of the channels named in `sees`, in `team` when given."""
        user = User.objects.create(
            username=name.lower(), first_name=name, email=f"{name.lower()}@desk.example.test", timezone="Europe/Berlin"
        )
        for key in sees.split():
            user.groups.add(Group.objects.get(name=key))
        if team is not None:
            level = Level.objects.get(key="L1")
            Membership.objects.create(person=user, team=team, level=level, leads=leads, starts_at=NOW - 99 * 24 * HOUR)
        return user

    def case(self, **columns: Any) -> Case:
        """An open case of the buyer with Mia in Care; columns may differ."""
        number = Case.objects.count() + 1
        given = {
            "reference": f"TL-2026-{number:06d}",
            "party": self.buyer,
            "category": Category.objects.get(key="order.late"),
            "symptom": "late",
            "channel": self.general,
            "region": Region.objects.get(key="eu-de"),
            "team": self.care,
            "assignee": self.mia,
            "level": Level.objects.get(key="L1"),
            "status": Case.Status.ASSIGNED,
            "policy_version": self.version,
            "calendar_digest": "c" * 64,
            "ladder": "plain",
            "source": "mail",
            "opened_at": NOW - 26 * HOUR,
            **columns,
        }
        case = Case(**given)
        case.skip_history_when_saving = True
        case.save()
        CaseText.objects.create(case=case, summary="The parcel is not here")
        return case

    def clock(self, case: Case, kind: str = "first_response", **columns: Any) -> Clock:
        """A clock of 24 elapsed hours that is two hours late; columns may differ."""
        given = {
            "business": False,
            "target_s": 86_400,
            "calendar_id": "c" * 64,
            "started_at": NOW - 26 * HOUR,
            "due_at": NOW - 2 * HOUR,
            "state": Clock.State.BREACHED,
            "breached_at": NOW - 2 * HOUR,
            **columns,
        }
        return Clock.objects.create(case=case, kind=kind, **given)

    def intent(
        self, kind: str, to: list[str], case: Case | None = None, *, at: dt.datetime = NOW, **data: Any
    ) -> Outbox:
        """A waiting intent, with an occurrence of its own."""
        return Outbox.objects.create(
            occurrence_key=f"test/{Outbox.objects.count() + 1}/{kind}",
            kind=kind,
            case=case,
            at=at,
            data=json.loads(json.dumps({**data, "to": to})),
        )


def small_desk(*, messages: dict[str, Any] | None = None) -> SmallDesk:
    """Build the desk in the database of the test."""
    CalendarSnapshot.objects.create(digest="c" * 64, body={})
    Level.objects.bulk_create([Level(key="L1", name="One", rank=1), Level(key="L2", name="Two", rank=2)])
    care = Team.objects.create(key="care", name="Care", calendar_key="day")
    money = Team.objects.create(key="money", name="Money", calendar_key="day")
    Role.objects.create(key="duty", name="Duty")
    general = Channel.objects.create(key="general", name="General")
    fraud = Channel.objects.create(key="fraud", name="Fraud", rank=9, sensitive=True)
    for channel in (general, fraud):
        group = Group.objects.create(name=channel.key)
        assign_perm("see_cases", group, channel)
    Region.objects.create(key="eu-de", name="Germany", path="eu/eu-de", timezone="Europe/Berlin")
    Category.objects.create(key="order.late", name="Late order", side="buyer")
    buyer = Party.objects.create(
        kind="buyer",
        name="Bea Buyer",
        email="bea@home.example.test",
        email_index=keys.blind_index("email", "bea@home.example.test"),
        language="en",
        created_at=NOW,
    )
    desk = SmallDesk(policy_version(messages=messages), care, money, general, fraud, *[None] * 3, buyer)  # type: ignore[arg-type]
    desk.mia = desk.person("Mia", team=care)
    desk.jon = desk.person("Jon", team=care)
    desk.ana = desk.person("Ana", team=care, leads=True)
    return desk


MIA, JON, ANA, BEA = (
    "mia@desk.example.test",
    "jon@desk.example.test",
    "ana@desk.example.test",
    "bea@home.example.test",
)


def run(now: dt.datetime = NOW) -> delivery.Delivered:
    """One round: recipients are worked out, what is due leaves."""
    delivery.expand(now=now)
    return delivery.deliver(now=now)


def said(mail: Received) -> str:
    """The plain text of a mail, with one kind of line end."""
    return mail.text.replace("\r\n", "\n")


def html_of(mail: Received) -> str:
    """The HTML of a mail."""
    part = mail.message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def states() -> dict[str, str]:
    """State by recipient of all deliveries."""
    return dict(Delivery.objects.order_by("id").values_list("recipient", "state"))
