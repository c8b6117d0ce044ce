"""A case changes its channel: who loses sight of it, what becomes of grants and notices, and who lets it out again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from escalations.core.actor import Actor
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, CaseGrant, Channel, ChannelMove, Delivery, Event, User
from escalations.selectors import timeline
from escalations.services import channels, compartments, delivery, facts, grants, replies
from tests.databases import Database
from tests.escalations.at_once import at_once, desk_on
from tests.factories.desk import NOW, Desk, broken, kinds

HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def channel(key: str) -> Channel:
    return Channel.objects.get(key=key)


def owned(desk: Desk) -> None:
    desk.user("max").groups.add(channels.ensure_groups(channel("fraud"))["owners"])


def restrict(desk: Desk, case: Case, by: str = "mia", **more: Any) -> Case:
    about = {"case_id": case.pk, "actor": desk.by(by), "now": NOW, "channel_id": channel("fraud").pk}
    return compartments.restrict(**(about | {"reason": "Three accounts, one device."} | more))  # type: ignore[arg-type]


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def changed(case: Case) -> Event:
    return Event.objects.get(case=case, kind="channel.changed")


# ----------------------------------------------------------------------------------------------------------------- in


def test_l4_nobody_keeps_access_when_a_case_moves_into_a_private_channel(desk: Desk) -> None:
    """Zendesk: followers keep access. Here the holder, and whoever had the case opened to them, lose it at once."""
    owned(desk)
    case = desk.held_by("mia")
    expert = grants_to(desk, case, "bob")
    restrict(desk, case)
    for name in ("mia", "bob", "ana"):
        assert not Case.objects.visible_to(desk.user(name)).filter(pk=case.pk).exists()
    case = fresh(case)
    assert (case.assignee, case.status, case.channel.key) == (None, "triaged", "fraud")
    expert.refresh_from_db()
    assert expert.ended_at == NOW
    event = changed(case)
    assert event.data["grants_ended"] == [desk.user("bob").pk]
    assert "device" not in str(event.data)
    assert broken(case) is None


def grants_to(desk: Desk, case: Case, name: str, **more: Any) -> CaseGrant:
    """A grant as an owner of the case's own channel gives it."""
    desk.user("ana").groups.add(channels.ensure_groups(case.channel)["owners"])
    return grants.call_in(
        case_id=case.pk, actor=desk.by("ana"), now=NOW, person_id=desk.user(name).pk, reason="Knows it.", **more
    )


def test_a_grant_is_carried_over_only_when_it_is_named(desk: Desk) -> None:
    owned(desk)
    case = desk.open(assign=False)
    desk.person("eva", team="brand", parts=("brand:workers",))
    kept, gone = (grants_to(desk, case, name) for name in ("bob", "eva"))
    restrict(desk, case, keep=[kept.pk])
    assert not Case.objects.visible_to(desk.user("eva")).filter(pk=case.pk).exists()
    gone.refresh_from_db()
    assert gone.ended_at == NOW
    assert Case.objects.visible_to(desk.user("bob")).filter(pk=case.pk).exists()
    assert changed(case).data["grants_kept"] == [desk.user("bob").pk]
    kept.refresh_from_db()
    assert kept.ended_at is None


def test_a_broken_glass_is_not_carried_over(desk: Desk) -> None:
    owned(desk)
    case = desk.open(assign=False)
    row = grants.break_glass(reference=case.reference, actor=desk.by("bob"), now=NOW, reason="Now.")
    with pytest.raises(Invalid, match="Not in force"):
        restrict(desk, case, keep=[row.pk])
    restrict(desk, case)
    row.refresh_from_db()
    assert row.ended_at == NOW
    assert row.review == "waiting", "it is judged all the same"


def test_whoever_was_told_before_is_listed_on_the_event(desk: Desk) -> None:
    owned(desk)
    case = desk.held_by("mia")
    delivery.expand(now=NOW)
    delivery.deliver(now=NOW)
    restrict(desk, case)
    assert changed(case).data["told_before"] == [f"user:{desk.user('mia').pk}"]
    told = next(line for line in timeline.story(fresh(case)).lines if line.event.kind == "channel.changed")
    assert told.sentence == "Moved from the channel General to Fraud; told of it before: Mia"
    assert told.words == "Three accounts, one device."


def test_notices_written_before_and_not_sent_yet_say_the_reference_only(desk: Desk, mailoutbox: list[Any]) -> None:
    """Decision 28 follows the channel that the case is in when the notice leaves."""
    owned(desk)
    case = desk.held_by(
        "tia", category="seller.appeal", symptom="suspended", summary="A ring of sellers"
    )  # Tia sees it before and after
    replies.receive(case_id=case.pk, actor=Actor.party(case.party_id), now=NOW, body="Where is it?")
    delivery.expand(now=NOW)
    restrict(desk, case, by="max")
    delivery.deliver(now=NOW)
    about = [mail for mail in mailoutbox if mail.to == ["tia@desk.example"]]
    assert about
    for mail in about:
        assert case.reference in str(mail.message())
        for word in ("ring of sellers", case.category.name, "Where is it?"):
            assert word not in str(mail.message())


def test_notices_to_those_who_lost_sight_are_not_sent(desk: Desk, mailoutbox: list[Any]) -> None:
    owned(desk)
    case = desk.held_by("mia")
    delivery.expand(now=NOW)
    restrict(desk, case)
    delivery.expand(now=NOW)
    delivery.deliver(now=NOW)
    mia = Delivery.objects.filter(recipient=f"user:{desk.user('mia').pk}")
    assert {row.outbox.kind: row.state for row in mia} == {"notice.assigned": "dropped"}  # she moved it herself


def test_the_holder_is_told_by_reference_when_somebody_else_moves_it(desk: Desk, mailoutbox: list[Any]) -> None:
    owned(desk)
    case = desk.held_by("mia", summary="A ring of sellers")
    delivery.expand(now=NOW)
    delivery.deliver(now=NOW)
    mailoutbox.clear()
    restrict(desk, case, by="ana")
    delivery.expand(now=NOW + HOUR)
    delivery.deliver(now=NOW + HOUR)
    (mail,) = [mail for mail in mailoutbox if mail.to == ["mia@desk.example"]]
    said = str(mail.message())
    assert case.reference in said
    for word in ("ring of sellers", case.category.name, case.get_absolute_url(), "Fraud", "Three accounts"):
        assert word not in said


def test_only_into_a_stricter_channel(desk: Desk) -> None:
    case = desk.open(assign=False)
    with pytest.raises(Invalid, match="stricter than General"):
        restrict(desk, case, channel_id=channel("general").pk)
    restrict(desk, case)
    with pytest.raises(Invalid, match="stricter than Fraud"):
        restrict(desk, case, by="tia", channel_id=channel("brand").pk)
    with pytest.raises(Invalid, match="Say why"):
        restrict(desk, desk.open(assign=False), reason="  ")


@pytest.mark.parametrize("name", ["bob", "root", "expert"])
def test_whoever_does_not_work_the_channel_moves_nothing_into_another(desk: Desk, name: str) -> None:
    case = desk.open(assign=False)
    if name == "expert":
        grants_to(desk, case, "bob", works=True)
        name = "bob"
    elif name == "root":
        User.objects.create_superuser("root", "root@desk.example", "x" * 20)
    with pytest.raises(NotAllowed):
        restrict(desk, case, by=name)


def test_a_raise_by_facts_goes_the_same_way(desk: Desk) -> None:
    """Whatever moves a case into a stricter channel takes it from whoever may not work there."""
    case = desk.held_by("mia")
    keep = grants_to(desk, case, "bob")
    facts.change_facts(
        case_id=case.pk, actor=desk.by("mia"), now=NOW, changes={"ring": True}, states={"ring": "verified"}
    )
    assert (fresh(case).assignee, fresh(case).channel.key) == (None, "fraud")
    keep.refresh_from_db()
    assert keep.ended_at == NOW
    assert changed(case).data["grants_ended"] == [desk.user("bob").pk]


# ----------------------------------------------------------------------------------------------------------------- out


@pytest.fixture
def hidden(desk: Desk) -> Case:
    owned(desk)
    case = desk.open(assign=False)
    restrict(desk, case, by="tia")
    return fresh(case)


def ask(desk: Desk, case: Case, by: str = "tia", to: str = "general", **more: Any) -> ChannelMove:
    about = {"case_id": case.pk, "actor": desk.by(by), "now": NOW, "channel_id": channel(to).pk, "reason": "No ring."}
    return compartments.ask_release(**(about | more))  # type: ignore[arg-type]


def decide(desk: Desk, case: Case, by: str, approve: bool = True) -> ChannelMove:
    return compartments.decide_release(case_id=case.pk, actor=desk.by(by), now=NOW + HOUR, approve=approve)


def test_two_people_let_a_case_out_of_a_channel(desk: Desk, hidden: Case) -> None:
    ask(desk, hidden)
    assert fresh(hidden).channel.key == "fraud"
    with pytest.raises(NotAllowed, match="Somebody else"):
        decide(desk, hidden, "tia")
    for name in ("mia", "bob"):
        with pytest.raises(NotAllowed):
            decide(desk, hidden, name)
    row = decide(desk, hidden, "max")
    assert (row.state, row.decided_by) == ("moved", desk.user("max"))
    assert fresh(hidden).channel.key == "general"
    assert Case.objects.visible_to(desk.user("mia")).filter(pk=hidden.pk).exists()
    with pytest.raises(NotAllowed):  # he has no part in the general channel's memberships
        decide(desk, hidden, "max")
    assert kinds(hidden)[-2:] == ["channel.release_asked", "channel.changed"]
    assert broken(hidden) is None


def test_a_refusal_leaves_it_where_it_is(desk: Desk, hidden: Case) -> None:
    ask(desk, hidden)
    assert decide(desk, hidden, "max", approve=False).state == "refused"
    assert fresh(hidden).channel.key == "fraud"
    ask(desk, hidden)


def test_owners_are_told_that_it_is_asked_and_the_asker_how_it_ended(desk: Desk, hidden: Case) -> None:
    ask(desk, hidden)
    decide(desk, hidden, "max")
    delivery.expand(now=NOW + HOUR)
    told = {
        row.outbox.kind: row.recipient for row in Delivery.objects.filter(outbox__kind__startswith="notice.release")
    }
    assert told == {
        "notice.release_asked": f"user:{desk.user('max').pk}", "notice.release_decided": f"user:{desk.user('tia').pk}",
    }  # fmt: skip


def test_one_move_waits_at_a_time_and_a_stricter_channel_overtakes_it(desk: Desk) -> None:
    desk.user("bob").groups.add(channels.ensure_groups(channel("brand"))["owners"])
    case = desk.open(assign=False)
    restrict(desk, case, by="max", channel_id=channel("brand").pk)
    row = ask(desk, case, by="bob")
    with pytest.raises(Refused, match="waits for a decision"):
        ask(desk, case, by="bob")
    restrict(desk, case, by="max")
    row.refresh_from_db()
    assert row.state == "overtaken"
    with pytest.raises(Refused, match="Nobody has asked"):
        decide(desk, case, "max")


def test_nobody_is_asked_for_a_stricter_channel(desk: Desk) -> None:
    case = desk.open(assign=False)
    with pytest.raises(Invalid, match="stricter"):
        ask(desk, case, by="mia", to="fraud")


def test_a_grant_decides_nothing(desk: Desk, hidden: Case) -> None:
    grants.call_in(
        case_id=hidden.pk, actor=desk.by("max"), now=NOW, person_id=desk.user("bob").pk, reason="x", works=True
    )
    ask(desk, hidden)
    with pytest.raises(NotAllowed):
        decide(desk, hidden, "bob")
    with pytest.raises(NotAllowed):
        ask(desk, hidden, by="bob")


def test_grants_end_when_it_leaves(desk: Desk, hidden: Case) -> None:
    row = grants.call_in(
        case_id=hidden.pk, actor=desk.by("max"), now=NOW, person_id=desk.user("bob").pk, reason="Knows it."
    )
    ask(desk, hidden)
    decide(desk, hidden, "max")
    row.refresh_from_db()
    assert row.ended_at == NOW + HOUR


def test_the_database_holds_the_two_apart(desk: Desk, hidden: Case) -> None:
    row = ask(desk, hidden)
    with pytest.raises(IntegrityError), transaction.atomic():
        ChannelMove.objects.filter(pk=row.pk).update(state="moved", decided_by=row.asked_by)
    with pytest.raises(IntegrityError), transaction.atomic():
        ChannelMove.objects.filter(pk=row.pk).update(state="moved")


def test_what_two_people_took_back_is_not_raised_again_by_the_same_outcome(desk: Desk) -> None:
    """A later change of facts that comes to the same channel as before raises nothing; a new reason does."""
    owned(desk)
    case = desk.open(category="counterfeit", symptom="copy", assign=False)
    assert case.channel.key == "brand"
    desk.user("bob").groups.add(channels.ensure_groups(case.channel)["owners"])
    ask(desk, case, by="max")
    decide(desk, case, "bob")
    assert fresh(case).channel.key == "general"
    facts.change_facts(
        case_id=case.pk, actor=Actor.worker("test"), now=NOW + HOUR,
        changes={"money_at_risk": {"amount": "20.00", "currency": "EUR"}},
    )  # fmt: skip
    assert fresh(case).channel.key == "general"
    facts.change_facts(
        case_id=case.pk, actor=Actor.worker("test"), now=NOW + HOUR, changes={"ring": True}, states={"ring": "verified"}
    )
    assert fresh(case).channel.key == "fraud"


@pytest.mark.postgres
def test_two_who_decide_at_once_decide_once(postgres_database: Database) -> None:
    with desk_on(postgres_database) as desk:
        owned(desk)
        case = desk.open(assign=False)
        restrict(desk, case, by="tia")
        desk.user("tia").groups.add(channels.ensure_groups(channel("fraud"))["owners"])
        desk.person("eva", team="trust", parts=("fraud:specialists",))
        ask(desk, case, by="eva")
        told = at_once(partial(decide, desk, case, "max"), partial(decide, desk, case, "tia", approve=False))
        assert told["done"] == 1  # who comes second is refused: nothing waits, or it is no longer their channel
        assert set(told) <= {"done", "Refused", "NotAllowed"}
        ends = [kind for kind in kinds(case) if kind in ("channel.changed", "channel.release_refused")]
        assert len(ends) == 2, "into it, and one decision"
        assert broken(case) is None


@pytest.mark.postgres
def test_a_move_in_and_a_note_at_the_same_moment_leave_one_chain(postgres_database: Database) -> None:
    with desk_on(postgres_database) as desk:
        case = desk.held_by("mia")
        works = [
            partial(restrict, desk, case, by="max"),
            *(partial(replies.note, case_id=case.pk, actor=desk.by("mia"), now=NOW, body=f"{n}") for n in range(3)),
        ]
        told = at_once(*works)
        assert told["done"] >= 1
        assert set(told) <= {"done", "NotAllowed"}
        assert fresh(case).channel.key == "fraud"
        assert broken(case) is None
