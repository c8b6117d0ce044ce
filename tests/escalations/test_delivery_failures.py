"""What becomes of what does not arrive: refusals, waits, dead letters, crashes; over a real SMTP server."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.mail.backends.smtp import EmailBackend

from escalations.core import post
from escalations.models import Case, Delivery, OnCallShift, Role
from escalations.services import claiming, delivery
from escalations.services.claiming import claim, held
from tests.factories.telling import (
    ANA,
    BEA,
    HOUR,
    MIA,
    MINUTE,
    NOW,
    SmallDesk,
    run,
    said,
    small_desk,
    states,
)
from tests.mailserver import MailServer
from tests.postgres import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> SmallDesk:
    return small_desk()


# ------------------------------------------------------------------------------------ refusals, waits, giving up


def test_trouble_that_passes_is_tried_again_later_under_the_same_id(desk: SmallDesk, mail_server: MailServer) -> None:
    mail_server.refusals = ["451 4.7.1 <mia@desk.example.test> greylisted, try later"]
    desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())
    assert run().counts == {"waiting": 1}
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("waiting", 1)
    assert row.error == "The mail server answered 451: 4.7.1 <…> greylisted, try later"
    wait = (row.next_at - NOW).total_seconds()
    assert 48 <= wait <= 72
    assert not run(row.next_at - dt.timedelta(seconds=1))
    assert run(row.next_at).counts == {"sent": 1}
    (mail,) = mail_server.to(MIA)
    assert mail.message["Message-ID"] == row.message_id
    again = Delivery.objects.get()
    assert (again.state, again.attempts, again.error) == ("sent", 2, "")


def test_waits_double_and_end(desk: SmallDesk, mail_server: MailServer) -> None:
    mail_server.refuse_recipients = {MIA: "450 mailbox busy"}
    desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())
    now, waits = NOW, []
    for _ in range(post.MAX_ATTEMPTS):
        run(now)
        row = Delivery.objects.get()
        waits.append((row.next_at - now).total_seconds())
        now = row.next_at
    assert (row.state, row.attempts) == ("dead", post.MAX_ATTEMPTS)
    assert "450" in row.error
    for number, wait in enumerate(waits[:-1]):
        middle = min(post.LONGEST_WAIT_S, 60 * 2**number)
        assert 0.8 * middle - 1 <= wait <= 1.2 * middle + 1
    assert mail_server.messages == []


def test_a_refusal_for_good_is_given_up_at_once_without_naming_the_address(
    desk: SmallDesk, mail_server: MailServer
) -> None:
    mail_server.refuse_recipients = {MIA: f"550 5.1.1 <{MIA}>: no such user mia here"}
    desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())
    desk.intent("notice.reply", [f"user:{desk.ana.pk}"], desk.case())
    run()
    row = Delivery.objects.get(recipient=f"user:{desk.mia.pk}")
    assert (row.state, row.attempts) == ("dead", 1)
    assert row.error == "The mail server answered 550: 5.1.1 <…>: no such user mia here"
    # The same connection goes on serving the others.
    assert len(mail_server.to(ANA)) == 1


def test_a_dead_letter_is_sent_again_when_its_cause_is_gone(desk: SmallDesk, mail_server: MailServer) -> None:
    mail_server.refuse_recipients = {MIA: "550 no such user"}
    desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())
    run()
    mail_server.refuse_recipients = {}
    (row,) = Delivery.objects.filter(state="dead")
    assert delivery.resend(delivery_ids=[row.pk], now=NOW + HOUR) == 1
    assert delivery.resend(delivery_ids=[row.pk], now=NOW + HOUR) == 0
    run(NOW + HOUR)
    assert mail_server.to(MIA)[0].message["Message-ID"] == row.message_id
    assert states() == {f"user:{desk.mia.pk}": "sent"}


def test_a_letter_for_nobody_finds_somebody_when_it_is_sent_again(desk: SmallDesk, mail_server: MailServer) -> None:
    desk.intent("notice.breach", ["role:duty", f"user:{desk.mia.pk}"])
    run()
    assert states() == {"role:duty": "dead", f"user:{desk.mia.pk}": "sent"}
    OnCallShift.objects.create(role=Role.objects.get(key="duty"), person=desk.ana, starts_at=NOW)
    delivery.resend(delivery_ids=Delivery.objects.filter(state="dead").values_list("pk", flat=True), now=NOW + HOUR)
    run(NOW + HOUR)
    assert states() == {f"user:{desk.mia.pk}": "sent", f"user:{desk.ana.pk}": "sent"}
    assert len(mail_server.to(MIA)) == 1
    assert len(mail_server.to(ANA)) == 1


def test_who_has_the_case_hears_that_a_message_did_not_reach_the_party(
    desk: SmallDesk, mail_server: MailServer
) -> None:
    mail_server.refuse_recipients = {BEA: f"550 <{BEA}> is no more"}
    case = desk.case()
    desk.intent("party.update", [f"party:{desk.buyer.pk}"], case)
    run()
    run(NOW + MINUTE)
    (mail,) = mail_server.to(MIA)
    assert mail.message["Subject"] == f"{case.reference}: our message did not reach the party"
    assert "Why: The mail server answered 550: <…> is no more" in said(mail)
    # A second death is a second event.
    delivery.resend(delivery_ids=Delivery.objects.filter(state="dead").values_list("pk", flat=True), now=NOW + HOUR)
    run(NOW + HOUR)
    run(NOW + HOUR + MINUTE)
    assert len(mail_server.to(MIA)) == 2


def test_a_server_that_is_down_is_asked_once_for_all(
    desk: SmallDesk, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    asked = []
    original = EmailBackend.open
    monkeypatch.setattr(EmailBackend, "open", lambda self: asked.append(1) or original(self))
    for person in (desk.mia, desk.jon, desk.ana):
        desk.intent("notice.reply", [f"user:{person.pk}"], desk.case())
    assert run().counts == {"waiting": 3}
    assert len(asked) == 1
    assert {row.error for row in Delivery.objects.all()} == {
        "The mail server cannot be reached (ConnectionRefusedError). Check EMAIL_URL."
    }


def test_what_needs_no_telling_any_more_is_dropped_with_the_reason(desk: SmallDesk, mail_server: MailServer) -> None:
    met, moved = desk.case(), desk.case()
    desk.clock(met, state="met", breached_at=None, ended_at=NOW)
    desk.intent("notice.warning", [f"user:{desk.mia.pk}"], met, clock="first_response")
    desk.intent("notice.assigned", [f"user:{desk.mia.pk}"], moved)
    Case.objects.filter(pk=moved.pk).update(assignee=desk.jon)
    run()
    assert mail_server.messages == []
    rows = Delivery.objects.filter(state="dropped")
    assert rows.count() == 2
    assert all(row.error.startswith("Not needed any more") for row in rows)


# ------------------------------------------------------------------------------------------------------- crashes


def test_acceptance_without_our_mark_repeats_under_the_same_id(
    desk: SmallDesk, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())

    class Killed(BaseException):
        pass

    def killed(*args: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "held", killed)
        with pytest.raises(Killed):
            run()
    assert len(mail_server.to(MIA)) == 1
    # A notice that comes meanwhile does not join what is on its way.
    desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())
    run(NOW + MINUTE)
    later = NOW + dt.timedelta(seconds=post.LEASE_S)
    run(later)
    mails = mail_server.to(MIA)
    repeated = [mail for mail in mails if mail.message["Subject"].startswith("2 notices")]
    assert len(repeated) == 2
    assert len({mail.message["Message-ID"] for mail in repeated}) == 1
    run(later + MINUTE)
    assert Delivery.objects.exclude(state="sent").count() == 0


def test_a_bundle_goes_out_whole_or_under_another_id(
    desk: SmallDesk, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Message-ID stands for what the mail says: a part of it under the same id could be taken for a repetition."""
    mail_server.refuse_recipients = {MIA: "450 busy"}
    for _ in range(3):
        desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())
    run()
    mail_server.refuse_recipients = {}
    first, *_rest = rows = list(Delivery.objects.order_by("id"))
    assert {row.bundle for row in rows} == {f"+{rows[0].pk}-{rows[2].pk}-3"}
    with monkeypatch.context() as patch:
        patch.setattr(claiming, "MOST_ROWS", 2)
        assert not claim(now=first.next_at, limit=9)
    Delivery.objects.filter(pk=rows[2].pk).update(state="dead")
    run(first.next_at)
    (mail,) = mail_server.to(MIA)
    assert mail.message["Subject"] == "2 notices: 2 new for you"
    assert Delivery.objects.get(pk=first.pk).bundle == f"+{rows[0].pk}-{rows[1].pk}-2"


def test_a_message_that_ends_its_worker_every_time_is_given_up(
    desk: SmallDesk, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue does not count an attempt whose worker was killed; the delivery does."""
    desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())
    delivery.expand(now=NOW)

    class Killed(BaseException):
        pass

    def killed(*args: object) -> None:
        raise Killed

    now = NOW
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_one", killed)
        for _ in range(post.MAX_ATTEMPTS):
            with pytest.raises(Killed):
                delivery.deliver(now=now)
            now += dt.timedelta(seconds=post.LEASE_S)
    delivery.deliver(now=now)
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("dead", post.MAX_ATTEMPTS)
    assert "The worker ended each time" in row.error
    assert mail_server.messages == []


def test_who_lost_the_lease_writes_nothing_any_more(desk: SmallDesk, mail_server: MailServer) -> None:
    desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())
    delivery.expand(now=NOW)
    slow = claim(now=NOW, limit=9).parcels[0]
    quick = claim(now=NOW + dt.timedelta(seconds=post.LEASE_S), limit=9).parcels[0]
    assert held(slow, slow.rows).update(state="dead") == 0
    assert held(quick, quick.rows).update(state="sent") == 1


def test_time_that_is_up_gives_back_what_was_not_begun(
    desk: SmallDesk, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person in (desk.mia, desk.jon, desk.ana):
        desk.intent("notice.reply", [f"user:{person.pk}"], desk.case())
    delivery.expand(now=NOW)
    ticks = iter([0.0, 0.0, 0.0, 50.0, 50.0])
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
        assert delivery.deliver(now=NOW, within_s=40).counts == {"sent": 1}
    assert sorted(Delivery.objects.values_list("state", "attempts")) == [("sent", 1), ("waiting", 0), ("waiting", 0)]
    assert run().counts == {"sent": 2}
