"""Who is told and when: tokens worked out, cover, sight, bundles, no floods; over a real SMTP server."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from guardian.shortcuts import assign_perm

from escalations.core import post
from escalations.models import Absence, Case, CaseGrant, Cover, Delivery, OnCallShift, Role
from escalations.selectors.recipients import sight_of
from escalations.services import delivery
from tests.factories.telling import (
    ANA,
    BEA,
    HOUR,
    JON,
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

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> SmallDesk:
    return small_desk()


# --------------------------------------------------------------------------------------------------- who is told


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
    for case, person, until in ((hidden, desk.mia, HOUR), (own, desk.jon, HOUR), (hidden, desk.ana, -MINUTE)):
        CaseGrant.objects.create(
            case=case, channel=case.channel, user=person, given_by=desk.mia if person != desk.mia else desk.jon,
            reason="x", given_at=NOW - HOUR, expires_at=NOW + until,
        )  # fmt: skip
    sight = sight_of([own, hidden], [person.pk for person in people], NOW)
    assert [sight.sees(person.pk, hidden) for person in people] == [True, False, False, True]
    for person in people:
        with time_machine.travel(NOW, tick=False):
            seen = set(Case.objects.visible_to(person))
        assert {case for case in (own, hidden) if sight.sees(person.pk, case)} == seen


@pytest.mark.parametrize("count", [1, 25])
def test_expanding_takes_the_same_number_of_statements_for_any_number_of_intents(desk: SmallDesk, count: int) -> None:
    tokens = [f"user:{desk.mia.pk}", f"leads:{desk.care.pk}", "role:duty", f"party:{desk.buyer.pk}"]
    for _ in range(count):
        desk.intent("notice.breach", tokens, desk.case())
    with CaptureQueriesContext(connection) as queries:
        assert delivery.expand(now=NOW).intents == count
    assert len([one for one in queries if "SAVEPOINT" not in one["sql"]]) == 13


# ------------------------------------------------------------------------------------------------- S3: no floods


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


@pytest.mark.parametrize("count", [2, 60])
def test_a_bundle_costs_the_same_number_of_statements_for_any_number(
    desk: SmallDesk, mail_server: MailServer, count: int
) -> None:
    for _ in range(count):
        case = desk.case()
        desk.clock(case)
        desk.intent("notice.breach", [f"user:{desk.mia.pk}"], case, clock="first_response")
    delivery.expand(now=NOW)
    with CaptureQueriesContext(connection) as queries:
        assert delivery.deliver(now=NOW).counts == {"sent": count}
    statements = [one["sql"] for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    # Beside these the policy document, which a process reads once; PostgreSQL also locks the recipient.
    expected = 20 if connection.vendor == "postgresql" else 19
    assert len([sql for sql in statements if '."document"' not in sql]) == expected


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
