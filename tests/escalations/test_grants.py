"""One case opened to one person: experts called in, and the glass broken; how each begins, ends and is judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import partial

import pytest
import time_machine
from django.db import IntegrityError, transaction

from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, CaseGrant, Channel, Delivery, Event, User
from escalations.models.reach import Reach, may
from escalations.selectors.recipients import sight_of
from escalations.services import assignment, channels, delivery, grants, handoffs, replies
from tests.databases import Database
from tests.escalations.at_once import at_once, desk_on
from tests.factories.desk import NOW, Desk, broken

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def fraud_case(desk: Desk) -> Case:
    """A case of the channel `fraud`, which Max owns and Tia is a specialist of."""
    case = desk.open(assign=False)
    channel = Channel.objects.get(key="fraud")
    Case.objects.filter(pk=case.pk).update(channel=channel)
    desk.user("max").groups.add(channels.ensure_groups(channel)["owners"])
    return Case.objects.get(pk=case.pk)


@pytest.fixture
def fraud(desk: Desk) -> Case:
    return fraud_case(desk)


def sees(desk: Desk, name: str, case: Case) -> bool:
    """Whether somebody sees a case; every way of asking says the same."""
    user = desk.user(name)
    seen = Case.objects.visible_to(user).filter(pk=case.pk).exists()
    assert may(user, "see_cases", case) == seen
    assert sight_of([case], [user.pk], NOW).sees(user.pk, case) == seen or Reach.of(user).own_parties
    return seen


def call_in(desk: Desk, case: Case, name: str = "pia", by: str = "tia", **more: object) -> CaseGrant:
    about = {"case_id": case.pk, "actor": desk.by(by), "now": NOW, "reason": "Knows the bank."} | more
    return grants.call_in(person_id=desk.user(name).pk, **about)  # type: ignore[arg-type]


def smash(desk: Desk, case: Case, name: str = "pia", **more: object) -> CaseGrant:
    about = {"reference": case.reference, "actor": desk.by(name), "now": NOW, "reason": "The buyer is in danger."}
    return grants.break_glass(**(about | more))  # type: ignore[arg-type]


def test_an_expert_reads_one_case_until_the_grant_runs_out(
    desk: Desk, fraud: Case, clock: time_machine.Traveller
) -> None:
    other = desk.open(assign=False)
    Case.objects.filter(pk=other.pk).update(channel=fraud.channel)
    assert not sees(desk, "pia", fraud)
    row = call_in(desk, fraud)
    assert row.expires_at == NOW + grants.DEFAULT
    assert sees(desk, "pia", fraud)
    assert not sees(desk, "pia", Case.objects.get(pk=other.pk))
    pia = desk.user("pia")
    assert not any(
        may(pia, right, fraud) for right in ("work_cases", "see_party_data", "see_restricted", "export_cases")
    )
    with pytest.raises(NotAllowed):
        replies.note(case_id=fraud.pk, actor=desk.by("pia"), now=NOW, body="I know this account.")
    clock.move_to(row.expires_at)
    assert not Case.objects.visible_to(desk.user("pia")).filter(pk=fraud.pk).exists()
    assert broken(fraud) is None


def test_a_grant_is_an_event_and_the_person_is_told(desk: Desk, fraud: Case, mailoutbox: list) -> None:  # type: ignore[type-arg]
    call_in(desk, fraud)
    event = Event.objects.get(case=fraud, kind="grant.given")
    assert event.data["person"] == desk.user("pia").pk
    assert "Knows the bank." not in str(event.data)
    assert event.payload.body == {"reason": "Knows the bank."}
    delivery.expand(now=NOW)
    delivery.deliver(now=NOW)
    assert [row.recipient for row in Delivery.objects.filter(outbox__kind="notice.called_in")] == [
        f"user:{desk.user('pia').pk}"
    ]


def test_working_is_granted_only_when_said_and_never_owning(desk: Desk, fraud: Case) -> None:
    fraud.team_id = desk.user("leo").memberships.get().team_id
    Case.objects.filter(pk=fraud.pk).update(team_id=fraud.team_id)
    call_in(desk, fraud, "leo", works=True)
    replies.note(case_id=fraud.pk, actor=desk.by("leo"), now=NOW, body="The account was closed in May.")
    with pytest.raises(Refused, match="may not work in this channel"):
        assignment.take(case_id=fraud.pk, actor=desk.by("leo"), now=NOW)
    handoffs.hand_off(case_id=fraud.pk, actor=desk.by("leo"), now=NOW, note="Look at the account.",
                      to_team_id=desk.user("max").memberships.get().team_id)  # fmt: skip
    handoffs.return_misrouted(case_id=fraud.pk, actor=desk.by("max"), now=NOW, reason="It is yours.")
    handoffs.hand_off(case_id=fraud.pk, actor=desk.by("leo"), now=NOW, note="Again.",
                      to_team_id=desk.user("max").memberships.get().team_id)  # fmt: skip
    Case.objects.filter(pk=fraud.pk).update(team_id=fraud.team_id)
    with pytest.raises(NotAllowed, match="open to you for a while only"):
        handoffs.accept(case_id=fraud.pk, actor=desk.by("leo"), now=NOW)
    assert not Case.objects.get(pk=fraud.pk).assignee_id


@pytest.mark.parametrize("name", ["pia", "bob", "root"])
def test_only_specialists_and_owners_of_the_channel_call_somebody_in(desk: Desk, fraud: Case, name: str) -> None:
    User.objects.create_superuser("root", "root@desk.example", "x" * 20)
    with pytest.raises(NotAllowed):
        call_in(desk, fraud, "leo", by=name)
    assert not CaseGrant.objects.exists()


def test_whoever_was_called_in_calls_in_nobody(desk: Desk, fraud: Case) -> None:
    call_in(desk, fraud, "pia", works=True)
    with pytest.raises(NotAllowed):
        call_in(desk, fraud, "leo", by="pia")


def test_bounds_of_a_grant(desk: Desk, fraud: Case) -> None:
    for wrong in (NOW, NOW - DAY, NOW + grants.LONGEST + dt.timedelta(seconds=1)):
        with pytest.raises(Invalid, match="within the next 30 days"):
            call_in(desk, fraud, expires_at=wrong)
    assert call_in(desk, fraud, expires_at=NOW + grants.LONGEST).expires_at == NOW + grants.LONGEST
    with pytest.raises(Refused, match="open to Pia already"):
        call_in(desk, fraud)
    with pytest.raises(Invalid, match="belongs to the channel"):
        call_in(desk, fraud, "max")
    with pytest.raises(Invalid, match="Somebody else"):
        call_in(desk, fraud, "tia")
    with pytest.raises(Invalid, match="Say why"):
        call_in(desk, fraud, "leo", reason=" ")
    User.objects.filter(username="leo").update(is_active=False)
    with pytest.raises(Invalid, match="works at this desk"):
        call_in(desk, fraud, "leo")


def test_a_grant_is_ended_early_by_the_channel_or_by_the_person(desk: Desk, fraud: Case) -> None:
    first = call_in(desk, fraud)
    with pytest.raises(NotAllowed):
        grants.end_grant(grant_id=first.pk, actor=desk.by("leo"), now=NOW)
    grants.end_grant(grant_id=first.pk, actor=desk.by("max"), now=NOW + HOUR)
    assert not sees(desk, "pia", fraud)
    with pytest.raises(Refused, match="over already"):
        grants.end_grant(grant_id=first.pk, actor=desk.by("max"), now=NOW + HOUR)
    second = call_in(desk, fraud)
    grants.end_grant(grant_id=second.pk, actor=desk.by("pia"), now=NOW + HOUR)
    assert not sees(desk, "pia", fraud)
    assert broken(fraud) is None


# ------------------------------------------------------------------------------------------------------- breaking glass


def test_breaking_the_glass_opens_at_once_is_announced_and_waits_for_its_review(
    desk: Desk, fraud: Case, clock: time_machine.Traveller
) -> None:
    row = smash(desk, fraud)
    assert sees(desk, "pia", fraud)
    assert row.expires_at == NOW + grants.GLASS
    assert row.review == CaseGrant.Review.WAITING
    assert Event.objects.get(case=fraud, kind="glass.broken").payload.body == {"reason": "The buyer is in danger."}
    delivery.expand(now=NOW)
    told = Delivery.objects.filter(outbox__kind="notice.glass_broken")
    assert [item.recipient for item in told] == [f"user:{desk.user('max').pk}"]
    clock.move_to(NOW + grants.GLASS)
    assert not Case.objects.visible_to(desk.user("pia")).filter(pk=fraud.pk).exists()
    assert CaseGrant.objects.unreviewed().exists(), "over is not reviewed"


def test_an_owner_judges_it_in_words_and_nobody_their_own(desk: Desk, fraud: Case) -> None:
    row = smash(desk, fraud)
    about = {"grant_id": row.pk, "now": NOW + HOUR, "justified": False, "words": "A call would have done."}
    for name in ("pia", "tia", "leo"):  # who broke it, a specialist, somebody outside
        with pytest.raises(NotAllowed):
            grants.review_glass(actor=desk.by(name), **about)
    with pytest.raises(Invalid, match="Say in a sentence"):
        grants.review_glass(actor=desk.by("max"), **(about | {"words": ""}))
    grants.review_glass(actor=desk.by("max"), **about)
    row.refresh_from_db()
    assert (row.review, row.reviewed_by, row.review_words) == (
        "unjustified",
        desk.user("max"),
        "A call would have done.",
    )
    with pytest.raises(Refused, match="judged already"):
        grants.review_glass(actor=desk.by("max"), **about)
    delivery.expand(now=NOW + HOUR)
    told = Delivery.objects.get(outbox__kind="notice.glass_reviewed")
    assert told.recipient == f"user:{desk.user('pia').pk}"
    assert broken(fraud) is None


def test_whoever_broke_the_glass_and_then_became_owner_does_not_judge_it(desk: Desk, fraud: Case) -> None:
    row = smash(desk, fraud)
    desk.user("pia").groups.add(channels.ensure_groups(fraud.channel)["owners"])
    with pytest.raises(NotAllowed, match="Somebody else"):
        grants.review_glass(grant_id=row.pk, actor=desk.by("pia"), now=NOW, justified=True, words="I had to.")
    with pytest.raises(IntegrityError), transaction.atomic():
        CaseGrant.objects.filter(pk=row.pk).update(reviewed_by=row.user_id)


def test_a_channel_without_owner_is_answered_for_by_an_administrator(desk: Desk, fraud: Case) -> None:
    User.objects.create_superuser("root", "root@desk.example", "x" * 20)
    row = smash(desk, fraud)
    about = {"grant_id": row.pk, "now": NOW, "justified": True, "words": "Nobody else was there."}
    with pytest.raises(NotAllowed):
        grants.review_glass(actor=desk.by("root"), **about)
    desk.user("max").groups.remove(channels.ensure_groups(fraud.channel)["owners"])
    grants.review_glass(actor=desk.by("root"), **about)


def test_administrators_break_the_glass_like_everyone(desk: Desk, fraud: Case) -> None:
    User.objects.create_superuser("root", "root@desk.example", "x" * 20)
    assert not sees(desk, "root", fraud)
    smash(desk, fraud, "root")
    assert sees(desk, "root", fraud)


def test_an_account_without_a_team_breaks_nothing_and_learns_nothing(desk: Desk, fraud: Case) -> None:
    User.objects.create_user("reader", "reader@desk.example", "x" * 20, is_staff=True)
    said = set()
    for reference in (fraud.reference, "TL-2026-999999"):
        with pytest.raises(NotAllowed) as error:
            smash(desk, fraud, "reader", reference=reference)
        said.add(str(error.value))
    assert len(said) == 1


def test_l7_the_party_of_a_case_never_gets_in(desk: Desk, fraud: Case) -> None:
    """Nor learns that it exists: the same words as for a reference that nobody has."""
    fraud.party.staff_user = desk.user("pia")
    fraud.party.save()
    with pytest.raises(Invalid, match="is the party of this case"):
        call_in(desk, fraud)
    with pytest.raises(Invalid) as own:
        smash(desk, fraud)
    with pytest.raises(Invalid) as missing:
        smash(desk, fraud, reference="TL-2026-999999")
    assert str(own.value) == str(missing.value)
    # Whoever becomes known as the party later loses it at once.
    fraud.party.staff_user = None
    fraud.party.save()
    call_in(desk, fraud)
    fraud.party.staff_user = desk.user("pia")
    fraud.party.save()
    assert not Case.objects.visible_to(desk.user("pia")).exists()
    assert not may(desk.user("pia"), "see_cases", Case.objects.get(pk=fraud.pk))


def test_three_accesses_wait_for_their_review_and_a_fourth_has_to(desk: Desk, fraud: Case) -> None:
    cases = [desk.open(assign=False) for _ in range(grants.MOST_UNREVIEWED)]
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(channel=fraud.channel)
    rows = [smash(desk, case) for case in cases]
    for reference in (fraud.reference, "TL-2026-999999"):
        with pytest.raises(NotAllowed, match="wait for their review"):
            smash(desk, fraud, reference=reference)
    grants.review_glass(grant_id=rows[0].pk, actor=desk.by("max"), now=NOW, justified=True, words="Right.")
    smash(desk, fraud)


def test_what_is_seen_already_is_not_broken(desk: Desk, fraud: Case) -> None:
    with pytest.raises(Refused, match="you belong to its channel"):
        smash(desk, fraud, "tia")
    smash(desk, fraud)
    with pytest.raises(Refused, match="open to you already"):
        smash(desk, fraud)
    smash(desk, fraud, works=True)


@pytest.mark.postgres
def test_two_owners_who_judge_at_once_judge_once(postgres_database: Database) -> None:
    with desk_on(postgres_database) as desk:
        fraud = fraud_case(desk)
        desk.user("tia").groups.add(channels.ensure_groups(fraud.channel)["owners"])
        row = smash(desk, fraud)
        judge = [
            partial(grants.review_glass, grant_id=row.pk, actor=desk.by(name), now=NOW, justified=good, words="Seen.")
            for name, good in (("max", True), ("tia", False))
        ]
        assert at_once(*judge) == {"done": 1, "Refused": 1}
        assert Event.objects.filter(case=fraud, kind="glass.reviewed").count() == 1
        assert broken(fraud) is None


@pytest.mark.postgres
def test_several_windows_do_not_get_past_the_limit(postgres_database: Database) -> None:
    with desk_on(postgres_database) as desk:
        fraud = fraud_case(desk)
        cases = [desk.open(assign=False) for _ in range(grants.MOST_UNREVIEWED + 2)]
        Case.objects.filter(pk__in=[case.pk for case in cases]).update(channel=fraud.channel)
        told = at_once(*(partial(smash, desk, case, actor=desk.by("pia")) for case in cases))
        assert told == {"done": grants.MOST_UNREVIEWED, "NotAllowed": 2}
        assert CaseGrant.objects.unreviewed().count() == grants.MOST_UNREVIEWED


@pytest.mark.postgres
def test_one_window_opened_twice_breaks_the_glass_once(postgres_database: Database) -> None:
    with desk_on(postgres_database) as desk:
        fraud = fraud_case(desk)
        told = at_once(*(partial(smash, desk, fraud, actor=desk.by("pia")) for _ in range(3)))
        assert told == {"done": 1, "Refused": 2}
        assert broken(fraud) is None
