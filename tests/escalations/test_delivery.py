"""Telling people: what leaves the desk over a real SMTP server, when, to whom, and what becomes of what does not."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import apprise
import pytest
from django.core.mail.backends.smtp import EmailBackend
from django.db import connection
from django.test.utils import CaptureQueriesContext
from guardian.shortcuts import assign_perm

from escalations.core import post
from escalations.models import Absence, Case, Cover, Delivery, Message, OnCallShift, Outbox, Role
from escalations.selectors.recipients import sight_of
from escalations.services import delivery
from escalations.services.claiming import claim, held
from tests.factories.telling import HOUR, MINUTE, NOW, SmallDesk, small_desk
from tests.mailserver import MailServer, Received
from tests.postgres import free_port

pytestmark = pytest.mark.django_db

MIA, JON, ANA, BEA = (
    "mia@desk.example.test",
    "jon@desk.example.test",
    "ana@desk.example.test",
    "bea@home.example.test",
)


@pytest.fixture
def desk() -> SmallDesk:
    return small_desk()


def run(now: dt.datetime = NOW) -> delivery.Delivered:
    delivery.expand(now=now)
    return delivery.deliver(now=now)


def said(mail: Received) -> str:
    """The plain text of a mail, with one kind of line end."""
    return mail.text.replace("\r\n", "\n")


def html_of(mail: Received) -> str:
    part = mail.message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def states() -> dict[str, str]:
    return dict(Delivery.objects.order_by("id").values_list("recipient", "state"))


# ------------------------------------------------------------------------------------------------------ what is said


def test_a_breach_is_told_with_promise_time_passed_why_what_is_asked_and_the_link(
    desk: SmallDesk, mail_server: MailServer
) -> None:
    case = desk.case()
    desk.clock(case)
    desk.intent("notice.breach", [f"user:{desk.mia.pk}", f"leads:{desk.care.pk}"], case, clock="first_response")
    run()
    (mine,) = mail_server.to(MIA)
    assert mine.message["Subject"] == f"{case.reference} is late: first answer within 24 h"
    for line in (
        f"{case.reference}, Late order, has gone past what was promised.",
        "Promise: first answer within 24 h, due Mon 23 Nov 2026, 08:00 (Europe/Berlin)",
        "Time passed: 26 h",
        "Why it reaches you: You have this case.",
        "Asked of you: Answer now and say why it is late; if you cannot, hand it to somebody who can.",
        f"https://desk.example.test/admin/escalations/case/{case.pk}/change/",
    ):
        assert line in said(mine)
    (hers,) = mail_server.to(ANA)
    assert "Why it reaches you: You lead the team." in said(hers)
    assert mine.message["Auto-Submitted"] == "auto-generated"
    assert "first answer within 24 h" in html_of(mine)
    assert 'name="color-scheme" content="light dark"' in html_of(mine)


def test_a_party_reads_their_language_and_the_time_that_they_were_told(
    desk: SmallDesk, mail_server: MailServer
) -> None:
    desk.buyer.language = "de-AT"
    desk.buyer.save()
    case = desk.case()
    due = NOW + 5 * HOUR
    desk.intent("party.acknowledgement", [f"party:{desk.buyer.pk}"], case, due=due.isoformat())
    run()
    (mail,) = mail_server.to(BEA)
    assert mail.message["Subject"] == f"Eingegangen: {case.reference}"
    assert "Guten Tag Bea Buyer," in said(mail)
    assert re.search(r"Sie hören bis .*23.* 15:00 \(Europe/Berlin\)\.", said(mail))
    assert mail.message["Content-Language"] == "de"


@pytest.mark.parametrize(
    ("messages", "language", "subject"),
    [
        ({"de": "nur deutsch"}, "es", "nur deutsch"),
        ({"de": "deutsch", "en": "english"}, "es", "english"),
        ({"es": "espanol", "en": "english"}, "es", "espanol"),
    ],
    ids=["any", "english", "own"],
)
def test_words_fall_back_from_language_to_english_to_any(
    messages: dict[str, str], language: str, subject: str, mail_server: MailServer
) -> None:
    wordings = {code: {"subject": text, "body": "{reference}"} for code, text in messages.items()}
    desk = small_desk(messages={"acknowledgement": wordings})
    desk.buyer.language = language
    desk.buyer.save()
    case = desk.case()
    desk.intent("party.acknowledgement", [f"party:{desk.buyer.pk}"], case)
    run()
    assert mail_server.to(BEA)[0].message["Subject"] == f"{subject} [{case.reference}]"


def test_a_playbook_without_words_leaves_the_programs_own(mail_server: MailServer) -> None:
    desk = small_desk(messages={})
    case = desk.case()
    desk.clock(case)
    desk.intent("notice.breach", [f"user:{desk.mia.pk}"], case, clock="first_response")
    run()
    assert "Why it reaches you: You have this case." in said(mail_server.to(MIA)[0])


def test_an_occasion_of_another_version_is_told_in_general_words(desk: SmallDesk, mail_server: MailServer) -> None:
    case = desk.case()
    desk.intent("notice.from-tomorrow", [f"user:{desk.mia.pk}"], case)
    run()
    assert mail_server.to(MIA)[0].message["Subject"] == f"{case.reference}: something new"


def test_a_reply_carries_its_own_words_and_the_id_that_answers_are_threaded_by(
    desk: SmallDesk, mail_server: MailServer
) -> None:
    case = desk.case()
    message = Message.objects.create(
        case=case,
        direction="out",
        message_id="<answer-1@throughline.invalid>",
        in_reply_to="<question-1@home.example.test>",
        subject="About your parcel",
        body="Dear Bea,\n\n{party} is no name here.\nIt comes tomorrow.",
        actor_kind="user",
        actor_id=str(desk.mia.pk),
        at=NOW,
    )
    desk.intent("party.message", [f"party:{desk.buyer.pk}"], case, message=message.pk)
    run()
    (mail,) = mail_server.to(BEA)
    assert mail.message["Message-ID"] == "<answer-1@throughline.invalid>"
    assert mail.message["In-Reply-To"] == "<question-1@home.example.test>"
    assert mail.message["Subject"] == f"About your parcel [{case.reference}]"
    assert "{party} is no name here.\nIt comes tomorrow." in said(mail)
    assert mail.message["Auto-Submitted"] is None


def test_of_a_sensitive_case_only_reference_and_link_are_told(desk: SmallDesk, mail_server: MailServer) -> None:
    desk.mia.groups.add(desk.fraud.channelgrouppermission_set.get().group)
    case = desk.case(channel=desk.fraud)
    desk.clock(case)
    desk.intent("notice.breach", [f"user:{desk.mia.pk}"], case, clock="first_response")
    run()
    (mail,) = mail_server.to(MIA)
    assert mail.message["Subject"] == case.reference
    for text in (said(mail), html_of(mail)):
        assert case.reference in text
        assert f"/case/{case.pk}/" in text
        for word in ("Late order", "first answer", "26 h", "Care", "parcel", "Bea"):
            assert word not in text


def test_the_party_of_a_sensitive_case_is_told_no_category_or_team(mail_server: MailServer) -> None:
    body = "Hello {party},\n\n{team} looks at your {category}. You hear from us by {told_due}."
    desk = small_desk(messages={"acknowledgement": {"en": {"subject": "{category} {reference}", "body": body}}})
    case = desk.case(channel=desk.fraud)
    desk.intent("party.acknowledgement", [f"party:{desk.buyer.pk}"], case, due=NOW.isoformat())
    run()
    (mail,) = mail_server.to(BEA)
    assert said(mail).startswith("Hello Bea Buyer,\n\nYou hear from us by Mon 23 Nov 2026, 10:00 (Europe/Berlin).")


# ---------------------------------------------------------------------------------------------------- hostile values


def test_values_are_never_read_as_a_template_nor_as_html_nor_as_headers(mail_server: MailServer) -> None:
    wording = {"subject": "Hello {party}", "body": "Hello {party}, you wrote to {team}."}
    desk = small_desk(messages={"acknowledgement": {"en": wording}})
    desk.buyer.name = "{url}\r\nBcc: everybody@example.test\r\n\r\n<script>alert(1)</script>\u202e{0.__class__}"
    desk.buyer.save()
    case = desk.case()
    desk.intent("party.acknowledgement", [f"party:{desk.buyer.pk}"], case)
    run()
    (mail,) = mail_server.messages
    assert mail.recipients == [BEA]
    assert mail.message["Bcc"] is None
    assert "\u202e" not in mail.message["Subject"]
    assert mail.message["Subject"].startswith("Hello {url} Bcc: everybody@example.test <script>")
    assert "<script>" not in html_of(mail)
    assert "&lt;script&gt;" in html_of(mail)


def test_an_address_that_is_two_is_refused_before_it_is_tried(desk: SmallDesk, mail_server: MailServer) -> None:
    desk.buyer.email = "bea@home.example.test, everybody@example.test"
    desk.buyer.save()
    desk.intent("party.acknowledgement", [f"party:{desk.buyer.pk}"], desk.case())
    run()
    assert mail_server.messages == []
    row = Delivery.objects.get(recipient=f"party:{desk.buyer.pk}")
    assert (row.state, row.error) == ("dead", "The e-mail address is not one. Correct it, then send again.")


# ---------------------------------------------------------------------------------------------------- who is told


def test_the_same_person_is_told_once_of_one_intent(desk: SmallDesk, mail_server: MailServer) -> None:
    case = desk.case(assignee=desk.ana)
    OnCallShift.objects.create(role=Role.objects.get(key="duty"), person=desk.ana, starts_at=NOW - HOUR)
    tokens = [f"user:{desk.ana.pk}", f"leads:{desk.care.pk}", "role:duty", f"team:{desk.care.pk}"]
    desk.intent("notice.breach", tokens, case)
    run()
    assert len(mail_server.to(ANA)) == 1
    assert len(mail_server.to(MIA)) == len(mail_server.to(JON)) == 1


def test_cover_is_followed_to_its_end(desk: SmallDesk, mail_server: MailServer) -> None:
    span = {"starts_at": NOW - HOUR, "ends_at": NOW + HOUR}
    Cover.objects.create(person=desk.mia, by=desk.jon, **span)
    Cover.objects.create(person=desk.jon, by=desk.ana, **span)
    case = desk.case()
    desk.intent("notice.assigned", [f"user:{desk.mia.pk}"], case)
    run()
    assert [len(mail_server.to(who)) for who in (MIA, JON, ANA)] == [0, 0, 1]
    assert "You stand in for somebody who is away." in said(mail_server.to(ANA)[0])


def test_who_is_away_without_cover_is_answered_for_by_the_leads(desk: SmallDesk, mail_server: MailServer) -> None:
    Absence.objects.create(person=desk.mia, starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    desk.intent("notice.assigned", [f"user:{desk.mia.pk}"], desk.case())
    run()
    assert [len(mail_server.to(who)) for who in (MIA, ANA)] == [0, 1]


def test_somebody_alone_at_a_desk_is_told_on_their_day_off(desk: SmallDesk, mail_server: MailServer) -> None:
    founder = desk.person("Fay", team=desk.money, leads=True)
    Absence.objects.create(person=founder, starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    desk.intent("notice.breach", [f"leads:{desk.money.pk}"], desk.case(team=desk.money, assignee=None))
    run()
    assert len(mail_server.to("fay@desk.example.test")) == 1


def test_nobody_is_told_of_a_case_that_they_may_not_see(desk: SmallDesk, mail_server: MailServer) -> None:
    eve = desk.person("Eve", sees="")
    case = desk.case(assignee=eve)
    desk.intent("notice.assigned", [f"user:{eve.pk}"], case)
    run()
    assert mail_server.to("eve@desk.example.test") == []
    # The leads of the owning team answer for it instead.
    assert states() == {f"user:{desk.ana.pk}": "sent"}


def test_whom_nobody_may_be_told_instead_of_is_kept_as_given_up_with_the_reason(
    desk: SmallDesk, mail_server: MailServer
) -> None:
    desk.intent("notice.breach", [f"leads:{desk.care.pk}"], desk.case(channel=desk.fraud))
    desk.intent("notice.breach", ["role:nobody-holds"])
    desk.intent("notice.breach", ["everybody"])
    desk.intent("notice.breach", [])
    desk.intent("party.update", ["party:999999"], desk.case())
    run()
    assert mail_server.messages == []
    found = {row.recipient: row.error for row in Delivery.objects.filter(state="dead")}
    assert found == {
        f"leads:{desk.care.pk}": "Nobody of those to be told may see this case. Check who belongs to its channel, "
        "then send again.",
        "role:nobody-holds": "Nobody is on call for nobody-holds.",
        "everybody": "The desk does not know a recipient written as 'everybody'.",
        "nobody": "The intent names nobody to tell.",
        "party:999999": "There is no such party.",
    }


def test_who_lost_sight_of_a_case_after_the_intent_is_not_told(desk: SmallDesk, mail_server: MailServer) -> None:
    desk.intent("notice.assigned", [f"user:{desk.mia.pk}"], desk.case())
    delivery.expand(now=NOW)
    desk.mia.groups.clear()
    delivery.deliver(now=NOW)
    assert mail_server.messages == []
    assert states() == {f"user:{desk.mia.pk}": "dropped"}


def test_expanding_sees_what_the_verb_sees(desk: SmallDesk) -> None:
    own = desk.case(party=desk.buyer)
    desk.buyer.staff_user = desk.jon
    desk.buyer.save()
    hidden = desk.case(channel=desk.fraud)
    alone = desk.person("Eve", sees="")
    assign_perm("see_cases", alone, desk.fraud)
    people = [desk.mia, desk.jon, desk.ana, alone]
    sight = sight_of([own, hidden], [person.pk for person in people])
    for person in people:
        seen = set(Case.objects.visible_to(person))
        assert {case for case in (own, hidden) if sight.sees(person.pk, case)} == seen


@pytest.mark.parametrize("count", [1, 25])
def test_expanding_takes_the_same_number_of_statements_for_any_number_of_intents(desk: SmallDesk, count: int) -> None:
    tokens = [f"user:{desk.mia.pk}", f"leads:{desk.care.pk}", "role:duty", f"party:{desk.buyer.pk}"]
    for _ in range(count):
        desk.intent("notice.breach", tokens, desk.case())
    with CaptureQueriesContext(connection) as queries:
        assert delivery.expand(now=NOW).intents == count
    assert len([one for one in queries if "SAVEPOINT" not in one["sql"]]) == 12


# ------------------------------------------------------------------------------------------------------ S3: no floods


def test_hundreds_of_notices_after_one_deadline_are_one_mail(desk: SmallDesk, mail_server: MailServer) -> None:
    """Field case S3: hundreds of mails after one deadline."""
    for _ in range(120):
        case = desk.case()
        desk.clock(case)
        desk.intent("notice.breach", [f"user:{desk.mia.pk}"], case, clock="first_response")
    desk.intent("notice.reply", [f"user:{desk.mia.pk}"], case)
    done = run()
    assert done.counts == {"sent": 121}
    assert done.messages == 1
    (mail,) = mail_server.to(MIA)
    assert mail.message["Subject"] == "121 notices: 120 late, 1 new for you"
    assert said(mail).count("is late: first answer within 24 h") == 50
    assert "and 71 more" in said(mail)
    assert Delivery.objects.values("bundle").distinct().count() == 1


def test_sensitive_cases_in_a_bundle_are_references_and_links(desk: SmallDesk, mail_server: MailServer) -> None:
    desk.mia.groups.add(desk.fraud.channelgrouppermission_set.get().group)
    open_case, hidden = desk.case(), desk.case(channel=desk.fraud, team=desk.money)
    for case in (open_case, hidden):
        desk.intent("notice.reply", [f"user:{desk.mia.pk}"], case)
    run()
    (mail,) = mail_server.to(MIA)
    assert f"- {hidden.reference}\n  https://desk.example.test/admin/escalations/case/{hidden.pk}/change/" in said(mail)
    assert f"- {open_case.reference} the party has written\n" in said(mail)


def test_who_was_just_written_to_waits_a_minute_and_gets_the_rest_together(
    desk: SmallDesk, mail_server: MailServer
) -> None:
    desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())
    run()
    for _ in range(3):
        desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())
    run(NOW + dt.timedelta(seconds=20))
    assert len(mail_server.to(MIA)) == 1
    run(NOW + MINUTE)
    assert [mail.message["Subject"] for mail in mail_server.to(MIA)[1:]] == ["3 notices: 3 new for you"]


def test_after_ten_mails_in_an_hour_the_gaps_are_longer(desk: SmallDesk, mail_server: MailServer) -> None:
    for minute in range(40):
        desk.intent("notice.reply", [f"user:{desk.mia.pk}"], desk.case())
        run(NOW + minute * MINUTE)
    assert len(mail_server.to(MIA)) == post.BURST + 3
    assert Delivery.objects.filter(state="sent").count() == 40


def test_what_is_urgent_does_not_wait(desk: SmallDesk, mail_server: MailServer) -> None:
    for second in range(3):
        desk.intent("notice.statutory", [f"user:{desk.mia.pk}"], desk.case())
        run(NOW + dt.timedelta(seconds=second))
    assert len(mail_server.to(MIA)) == 3


def test_two_robots_that_answer_each_other_are_stopped(desk: SmallDesk, mail_server: MailServer) -> None:
    """Field case S5: mail loops between robots."""
    for minute in range(post.AUTOMATIC_A_DAY + 2):
        desk.intent("party.acknowledgement", [f"party:{desk.buyer.pk}"], desk.case())
        run(NOW + minute * MINUTE)
    assert len(mail_server.to(BEA)) == post.AUTOMATIC_A_DAY
    stopped = Delivery.objects.filter(recipient=f"party:{desk.buyer.pk}", state="dead")
    assert stopped.count() == 2
    assert "two robots" in stopped[0].error
    # What a person writes is not counted.
    case = desk.case()
    desk.intent("party.message", [f"party:{desk.buyer.pk}"], case)
    run(NOW + HOUR)
    assert len(mail_server.to(BEA)) == post.AUTOMATIC_A_DAY + 1


def test_the_same_notice_on_the_same_day_is_told_again_when_it_happens_again(
    desk: SmallDesk, mail_server: MailServer
) -> None:
    """Field case S4: once-a-day de-duplication swallows a second real event."""
    case = desk.case()
    desk.clock(case)
    for hours in (0, 1):
        desk.intent("notice.breach", [f"user:{desk.mia.pk}"], case, clock="first_response")
        run(NOW + hours * HOUR)
    first, second = mail_server.to(MIA)
    assert first.message["Subject"] == second.message["Subject"]
    assert first.message["Message-ID"] != second.message["Message-ID"]


# --------------------------------------------------------------------------------------- refusals, waits, giving up


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


# ----------------------------------------------------------------------------------------------------- crashes


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


# ------------------------------------------------------------------------------------------------- no address kept


def test_no_address_is_stored_or_logged(
    desk: SmallDesk, mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    mail_server.refuse_recipients = {JON: f"550 {JON} unknown", BEA: f"451 {BEA} later"}
    case = desk.case()
    for to in (desk.mia, desk.jon):
        desk.intent("notice.reply", [f"user:{to.pk}"], case)
    desk.intent("party.update", [f"party:{desk.buyer.pk}"], case)
    run()
    kept = [str(value) for model in (Delivery, Outbox) for row in model.objects.values() for value in row.values()]
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("escalations", "django"))]
    for address in (MIA, JON, BEA, "Bea Buyer"):
        assert not [text for text in kept + ours if address in text]


def test_a_party_without_address_is_told_by_short_message_where_there_is_a_service(
    desk: SmallDesk, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.THROUGHLINE_SMS_URL = "json://sms.example.test/{to}"
    sent = []

    def notify(self: apprise.Apprise, **words: object) -> bool:
        sent.append(([server.url() for server in self], words))
        return True

    monkeypatch.setattr(apprise.Apprise, "notify", notify)
    desk.buyer.email = desk.buyer.email_index = ""
    desk.buyer.phone, desk.buyer.phone_index = "+49 (30) 1234-567", "x" * 64
    desk.buyer.save()
    case = desk.case()
    desk.intent("party.update", [f"party:{desk.buyer.pk}"], case)
    assert run().counts == {"sent": 1}
    ((servers, words),) = sent
    assert "%2B49301234567" in servers[0] or "+49301234567" in servers[0]
    assert case.reference in str(words["body"])


def test_a_teams_room_reads_reference_and_link_only(
    desk: SmallDesk, settings: Any, monkeypatch: pytest.MonkeyPatch, mail_server: MailServer
) -> None:
    settings.THROUGHLINE_CHAT_URLS = {"care": "json://chat.example.test/"}
    sent = []
    monkeypatch.setattr(apprise.Apprise, "notify", lambda self, **words: sent.append(words) or True)
    case = desk.case()
    desk.intent("notice.breach", [f"user:{desk.mia.pk}"], case)
    desk.intent("notice.reply", [f"user:{desk.mia.pk}"], case)
    run()
    link = f"https://desk.example.test/admin/escalations/case/{case.pk}/change/"
    assert sent == [{"title": case.reference, "body": link}]


def test_apprise_is_loaded_only_when_something_is_sent_that_way() -> None:
    code = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE']='config.settings.test';"
        "import django; django.setup(); import escalations.services.delivery, sys; print('apprise' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.strip().endswith("False")
