"""Owners are told of their articles that are due, reviewers of those without an owner: once a day, once a week each."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from escalations.models import Absence, Cover, Delivery, Membership, Outbox, User
from escalations.outbound.occasions import GROUPS
from escalations.services import delivery
from escalations.services.telling import Notice, tell
from playbook.models import Article, ArticleText, Revision
from playbook.outbound import ARTICLES
from playbook.selectors.reminders import reminders
from playbook.services import articles
from playbook.services.reminders import remind
from playbook.tasks import remind_of_articles
from tests.factories.desk import NOW, Desk
from tests.factories.telling import html_of, run, said
from tests.mailserver import MailServer
from tests.playbook.shelf import HOUR, publish

pytestmark = pytest.mark.django_db

DAY = 24 * HOUR
TODAY = NOW.date()


def due(desk: Desk, *, key: str = "damaged-parcels", by: dt.date = TODAY, **changes: Any) -> Article:
    """A published article whose day of review has come."""
    made = publish(desk, key=key, **changes)
    Article.objects.filter(pk=made.article_id).update(review_by=by)
    return Article.objects.get(pk=made.article_id)


def leave(desk: Desk, name: str) -> None:
    """Somebody's account is switched off, and they are in no team any more."""
    User.objects.filter(username=name).update(is_active=False)
    Membership.objects.filter(person__username=name).update(ends_at=NOW - HOUR)


def told() -> dict[str, tuple[list[int], list[int]]]:
    """What each person was told of by the intents that there are: ids of what is due, and of what has no owner."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for data in Outbox.objects.filter(kind=ARTICLES.key).order_by("pk").values_list("data", flat=True):
        name = User.objects.get(pk=data["person"]).username
        before = found.get(name, ([], []))
        found[name] = (before[0] + data["due"], before[1] + data["left"])
    return found


def write_to(server: MailServer, name: str) -> list[Any]:
    return server.to(f"{name}@desk.example")


# ----------------------------------------------------------------------------------------------------------- due


def test_an_owner_gets_one_message_of_what_is_due(desk: Desk, mail_server: MailServer) -> None:
    one = due(desk, key="one", title="Damaged <parcels>", by=TODAY - dt.timedelta(days=20))
    two = due(desk, key="two", title="Lost parcels")
    due(desk, key="later", by=TODAY + dt.timedelta(days=1))
    due(desk, key="hers", author="jon", owner_id=desk.user("pia").pk)
    retired = due(desk, key="gone")
    articles.retire(article_id=retired.pk, reason="Nobody needs it.", actor=desk.user("ana"), now=NOW)
    assert remind(now=NOW) == 2
    assert told()["mia"] == ([one.pk, two.pk], [])
    run()
    (mail,) = write_to(mail_server, "mia")
    assert mail.message["Subject"] == "Articles to look through: 2"
    assert (
        "Due for review\n"
        "- Damaged <parcels> (en), since Tue 3 Nov 2026\n  https://desk.example.test/playbook/articles/en/one/\n"
        "- Lost parcels (en), since Mon 23 Nov 2026\n  https://desk.example.test/playbook/articles/en/two/\n"
    ) in said(mail)
    assert "Asked of you: Read each, and say" in said(mail)
    assert ">Damaged &lt;parcels&gt; (en), since Tue 3 Nov 2026</a>" in html_of(mail)
    assert len(write_to(mail_server, "pia")) == 1


def test_once_a_day_and_an_article_once_a_week(desk: Desk) -> None:
    one = due(desk, key="one")
    assert [remind(now=NOW + hours * HOUR) for hours in (0, 0, 1, 5)] == [1, 0, 0, 0]
    two = due(desk, key="two")
    assert remind(now=NOW + 6 * HOUR) == 0, "told today already"
    assert remind(now=NOW + DAY) == 1
    assert told()["mia"] == ([one.pk, two.pk], [])
    assert [remind(now=NOW + days * DAY) for days in range(2, 7)] == [0] * 5
    assert remind(now=NOW + 7 * DAY) == 1
    assert told()["mia"] == ([one.pk, two.pk, one.pk], [])
    assert remind(now=NOW + 8 * DAY) == 1
    assert told()["mia"] == ([one.pk, two.pk, one.pk, two.pk], [])


def test_it_is_told_in_the_morning_of_who_reads_it(desk: Desk) -> None:
    User.objects.filter(username="mia").update(timezone="America/New_York")
    User.objects.filter(username="jon").update(timezone="Asia/Tokyo")
    User.objects.filter(username="ana").update(timezone="No/Where")
    tomorrow = TODAY + dt.timedelta(days=1)
    due(desk, key="one")
    due(desk, key="two", author="jon", by=tomorrow)
    due(desk, key="three", author="ana", reviewer="leo", by=tomorrow)
    remind(now=NOW)  # 04:00 in New York, 18:00 in Tokyo
    assert told() == {}
    remind(now=NOW + 4 * HOUR)  # 08:00 in New York
    assert set(told()) == {"mia"}
    remind(now=dt.datetime(2026, 11, 23, 23, tzinfo=dt.UTC))  # 08:00 of the next day in Tokyo
    assert set(told()) == {"mia", "jon"}
    remind(now=dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC))
    assert set(told()) == {"mia", "jon", "ana"}


def test_what_was_looked_through_meanwhile_is_not_told(desk: Desk, mail_server: MailServer) -> None:
    one, two = due(desk, key="one", title="First"), due(desk, key="two", title="Second")
    remind(now=NOW)
    mia = desk.user("mia")
    articles.set_review(article_id=one.pk, review_by=TODAY + dt.timedelta(days=99), actor=mia, now=NOW)
    run()
    (mail,) = write_to(mail_server, "mia")
    assert "Second" in said(mail)
    assert "First" not in said(mail)
    remind(now=NOW + 7 * DAY)
    articles.set_review(article_id=two.pk, review_by=TODAY + dt.timedelta(days=99), actor=mia, now=NOW)
    run(NOW + 7 * DAY)
    assert len(write_to(mail_server, "mia")) == 1
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent", "dropped"}


def test_who_stands_in_for_an_owner_who_is_away_is_told(desk: Desk, mail_server: MailServer) -> None:
    due(desk)
    due(desk, key="secret", title="Of fraud", author="tia", reviewer="max", visibility="fraud")
    for away, by in (("mia", "jon"), ("tia", "jon")):
        span = {"starts_at": NOW - DAY, "ends_at": NOW + DAY}
        Absence.objects.create(person=desk.user(away), **span)
        Cover.objects.create(person=desk.user(away), by=desk.user(by), **span)
    remind(now=NOW)
    run()
    (mail,) = write_to(mail_server, "jon")
    assert "Damaged parcels (en)" in said(mail)
    assert "You stand in for somebody who is away." in said(mail)
    assert "fraud" not in said(mail), "he does not see what is restricted there"
    assert not write_to(mail_server, "mia")


# ----------------------------------------------------------------------------------------------------- without an owner


def test_the_lead_of_an_owner_who_left_is_told_each_week_until_there_is_another(
    desk: Desk, mail_server: MailServer
) -> None:
    article = publish(desk, title="Damaged parcels").article
    leave(desk, "mia")
    assert remind(now=NOW) == 1
    assert told() == {"ana": ([], [article.pk])}, "not the leads of other teams"
    run()
    (mail,) = write_to(mail_server, "ana")
    assert "Without an owner\n- Damaged parcels (en), which Mia looked after\n" in said(mail)
    assert "Asked of you: Say who looks after each from now on" in said(mail)
    assert remind(now=NOW + DAY) == 0
    assert remind(now=NOW + 7 * DAY) == 1
    article.refresh_from_db()
    articles.describe(
        article_id=article.pk, version=article.version, audience="buyer", device="", visibility="",
        categories=["order.damaged"], owner_id=desk.user("jon").pk, review_by=article.review_by,
        actor=desk.user("ana"), now=NOW + 7 * DAY,
    )  # fmt: skip
    run(NOW + 7 * DAY)
    assert len(write_to(mail_server, "ana")) == 1, "there is another since it was written"
    assert remind(now=NOW + 14 * DAY) == 0


def test_without_a_lead_who_may_know_of_it_others_who_review_are_told(desk: Desk) -> None:
    article = publish(desk, author="tia", reviewer="max", visibility="fraud").article
    User.objects.filter(username="tia").update(is_active=False)
    assert {desk.user("max").pk} == {one.person for one in reminders(NOW)}
    Membership.objects.filter(person__username="max").update(ends_at=NOW - HOUR)
    assert [(one.person, one.left) for one in reminders(NOW)] == [(desk.user("max").pk, (article.pk,))]
    User.objects.filter(username="max").update(is_active=False)
    assert reminders(NOW) == [], "nobody else may know that there is one"


def test_an_article_whose_owner_may_no_longer_read_it_counts_as_without_one(desk: Desk) -> None:
    article = due(desk, author="tia", reviewer="max", visibility="fraud")
    tia = desk.user("tia")
    tia.groups.set(tia.groups.exclude(name__contains="fraud"))
    assert [(one.person, one.due, one.left) for one in reminders(NOW)] == [(desk.user("max").pk, (), (article.pk,))]


def test_both_come_in_one_message(desk: Desk, mail_server: MailServer) -> None:
    mine = due(desk, author="ana", reviewer="leo", title="Of mine")
    theirs = publish(desk, key="theirs", title="Of theirs").article
    leave(desk, "mia")
    assert remind(now=NOW) == 1
    assert told() == {"ana": ([mine.pk], [theirs.pk])}
    run()
    (mail,) = write_to(mail_server, "ana")
    assert said(mail).index("Of mine") < said(mail).index("Of theirs")


# ----------------------------------------------------------------------------------------------------------- the way


def test_beside_other_notices_it_is_one_line_with_a_link(desk: Desk, mail_server: MailServer) -> None:
    due(desk)
    remind(now=NOW)
    case = desk.open()
    Delivery.objects.all().delete()
    Outbox.objects.exclude(kind=ARTICLES.key).delete()
    Outbox.objects.create(
        occurrence_key="x", kind="notice.queue", case=case, at=NOW, data={"to": [f"user:{desk.user('mia').pk}"]}
    )
    run()
    (mail,) = write_to(mail_server, "mia")
    assert mail.message["Subject"].startswith("2 notices")
    assert "- Articles to look through: 1\n  https://desk.example.test/playbook/articles/\n" in said(mail)


def test_many_are_counted(desk: Desk, mail_server: MailServer) -> None:
    first = due(desk)
    Article.objects.bulk_create(
        Article(key=f"a{number}", language="en", audience="buyer", owner=first.owner, review_by=TODAY, created_at=NOW)
        for number in range(55)
    )
    rows = list(Article.objects.exclude(pk=first.pk))
    ana = desk.user("ana")
    Revision.objects.bulk_create(
        Revision(
            article=row, number=1, title="T", body="B", state="current", author=first.owner, written_at=NOW,
            reviewer=ana, reviewed_at=NOW,
        )
        for row in rows
    )  # fmt: skip
    ArticleText.objects.bulk_create(ArticleText(article=row, language="en", title="T", words="B") for row in rows)
    remind(now=NOW)
    run()
    (mail,) = write_to(mail_server, "mia")
    assert mail.message["Subject"] == "Articles to look through: 56"
    assert "and 6 more" in said(mail)
    assert said(mail).count("https://desk.example.test/playbook/articles/en/") == 50


def test_queries_do_not_grow_with_articles(desk: Desk, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(6):
        due(desk, key=f"a{number}")
    with django_assert_max_num_queries(14):
        (one,) = reminders(NOW)
    assert len(one.due) == 6


def test_the_occasion_is_whole_and_the_task_says_what_it_did(desk: Desk) -> None:
    assert ARTICLES.group in GROUPS
    assert ARTICLES.asked.endswith(".")
    assert delivery.occasion(ARTICLES.key) is ARTICLES
    assert set(remind_of_articles()) == {"told"}
    with pytest.raises(LookupError, match="No app has declared"):
        tell(notices=[Notice("notice.nothing", "x", ["user:1"], {})], now=NOW)
