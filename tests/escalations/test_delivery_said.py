"""What people read: words, languages, sensitive cases, hostile values; over a real SMTP server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import apprise
import pytest
import yaml

from escalations.models import Approval, Delivery, Escalation, Handoff, Message, Outbox, Remedy
from escalations.outbound.occasions import OCCASIONS
from tests.factories.telling import (
    ANA,
    BEA,
    HOUR,
    JON,
    MIA,
    NOW,
    SmallDesk,
    html_of,
    run,
    said,
    small_desk,
)
from tests.mailserver import MailServer

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> SmallDesk:
    return small_desk()


# -------------------------------------------------------------------------------------------------- what is said


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


@pytest.mark.parametrize("key", sorted(OCCASIONS))
def test_every_occasion_reads_well_in_the_starter_playbook(key: str, mail_server: MailServer) -> None:
    preset = ROOT / "playbook" / "presets" / "team" / "messages.yaml"
    desk = small_desk(messages=yaml.safe_load(preset.read_text(encoding="utf-8"))["policy"]["central"]["messages"])
    case = desk.case()
    clock = desk.clock(case, promised_at=NOW + HOUR)
    by = {"actor_kind": "user", "actor_id": str(desk.jon.pk), "at": NOW}
    remedy = Remedy.objects.create(
        case=case, kind="refund", amount="30.00", currency="EUR", reason="It broke", state="requested", **by
    )
    Approval.objects.create(remedy=remedy, case=case, level=case.level, asked_at=NOW, reason="Fair")
    level, to = case.level, [f"party:{desk.buyer.pk}" if key.startswith("party.") else f"user:{desk.mia.pk}"]
    escalation = Escalation.objects.create(
        case=case, type="manual", cause="knowledge", from_level=level, to_level=level, from_team=desk.care,
        to_team=desk.care, reason="Needs a specialist", outcome="Answered", **by
    )  # fmt: skip
    handoff = Handoff.objects.create(
        case=case, from_team=desk.money, to_team=desk.care, from_person=None, to_person=desk.mia, from_level=level,
        note="Money first", returned_because="Not ours", **by
    )  # fmt: skip
    data = {"clock": clock.pk, "rung": "two", "remedy": remedy.pk, "handoff": handoff.pk, "escalation": escalation.pk}
    about = None if key == "notice.digest" else case
    desk.intent(key, to, about, count=3, cases=[case.pk], **(data if key != "notice.reply" else {}))
    run(NOW)
    (mail,) = mail_server.messages
    text = said(mail)
    assert case.reference in (text if key == "notice.digest" else mail.message["Subject"])
    for hole in ("{", "}", "None", ": \n", " ,", " ."):
        assert hole not in text + mail.message["Subject"] + "\n"
    told = OCCASIONS[key]
    if not told.to_party:
        assert "https://desk.example.test/admin/" in text
        assert "Bea" not in text
        if "{asked}" in told.body:
            assert told.asked in text
    else:
        assert text.startswith("Hello Bea Buyer,")
        assert "/admin/" not in text
    words_of_the_act = {
        "notice.handoff": "Money first",
        "notice.returned": "Not ours",
        "notice.escalated": "Needs a specialist",
        "notice.de_escalated": "Answered",
        "notice.approval": "Refund EUR 30.00",
        "notice.decided": "Fair",
        "notice.rung": "goes up to One",
        "party.remedy": "Refund EUR 30.00",
        "notice.warning": "Time passed so far: 26 h",
    }
    assert words_of_the_act.get(key, "") in text + mail.message["Subject"]


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


# ------------------------------------------------------------------------------------------------ hostile values


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


# ----------------------------------------------------------------------------------------------- no address kept


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
