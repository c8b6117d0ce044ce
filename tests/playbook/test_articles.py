"""Articles: written by one, reviewed by another, kept in every text, seen by those whose they are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Escalation, User
from escalations.selectors import law
from escalations.services import escalation
from playbook.models import Article, ArticleText, Feedback, Revision, Solved
from playbook.selectors import articles as reads
from playbook.services import articles
from tests.factories.desk import NOW, Desk
from tests.playbook.shelf import HOUR, publish, readers, shelve

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


# ----------------------------------------------------------------------------------------------------------- the way


def test_an_article_is_written_by_one_reviewed_by_another_and_keeps_each_text(desk: Desk) -> None:
    first = shelve(desk, author="mia")
    assert (first.state, first.number) == ("draft", 1)
    articles.propose(revision_id=first.pk, actor=desk.user("mia"), now=NOW)
    waiting = reads.to_review(desk.user("ana")).get()
    done = articles.approve(revision_id=first.pk, version=waiting.version, actor=desk.user("ana"), now=NOW + HOUR)
    assert (done.state, done.reviewer, done.reviewed_at) == ("current", desk.user("ana"), NOW + HOUR)

    second = articles.write(
        article_id=first.article_id, title="Broken parcels", body="Ask for two photos.", reason="One was not enough.",
        actor=desk.user("jon"), now=NOW + HOUR,
    )  # fmt: skip
    assert ArticleText.objects.get().title == "Damaged parcels", "a draft is not found before it is reviewed"
    second = articles.propose(revision_id=second.pk, actor=desk.user("jon"), now=NOW + HOUR)
    articles.approve(revision_id=second.pk, version=second.version, actor=desk.user("ana"), now=NOW + 2 * HOUR)

    states = Revision.objects.order_by("number").values_list("number", "state", "title")
    assert list(states) == [(1, "superseded", "Damaged parcels"), (2, "current", "Broken parcels")]
    assert ArticleText.objects.get().title == "Broken parcels"


def test_nobody_reviews_their_own(desk: Desk) -> None:
    """Ana may review, and has written this one herself."""
    revision = articles.propose(revision_id=shelve(desk, author="ana").pk, actor=desk.user("ana"), now=NOW)
    with pytest.raises(NotAllowed, match="somebody else"):
        articles.approve(revision_id=revision.pk, version=revision.version, actor=desk.user("ana"), now=NOW)
    with pytest.raises(NotAllowed, match="somebody else"):
        articles.reject(revision_id=revision.pk, reason="No.", actor=desk.user("ana"), now=NOW)
    assert not reads.to_review(desk.user("ana")).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.update(state="current", reviewer=desk.user("ana"), reviewed_at=NOW)


def test_who_does_not_write_or_review_is_refused(desk: Desk) -> None:
    outside = User.objects.create_user("out", is_staff=True)
    mia = desk.user("mia")
    with pytest.raises(NotAllowed):
        shelve(desk, author="out")
    revision = articles.propose(revision_id=shelve(desk).pk, actor=mia, now=NOW)
    with pytest.raises(NotAllowed, match="reviewed by those"):
        articles.approve(revision_id=revision.pk, version=revision.version, actor=desk.user("jon"), now=NOW)
    with pytest.raises(NotAllowed, match="reviewed by those"):
        articles.retire(article_id=revision.article_id, reason="Old.", actor=mia, now=NOW)
    for act in (
        lambda: articles.give_feedback(revision_id=revision.pk, helpful=True, words="", actor=outside, now=NOW),
        lambda: articles.write(article_id=revision.article_id, title="A", body="B", reason="C", actor=outside, now=NOW),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_rejected_text_says_why_and_the_next_one_begins(desk: Desk) -> None:
    revision = articles.propose(revision_id=shelve(desk).pk, actor=desk.user("mia"), now=NOW)
    with pytest.raises(Invalid, match="what is wrong"):
        articles.reject(revision_id=revision.pk, reason=" ", actor=desk.user("ana"), now=NOW)
    done = articles.reject(revision_id=revision.pk, reason="Photos come first.", actor=desk.user("ana"), now=NOW)
    assert (done.state, done.review, done.reviewer) == ("rejected", "Photos come first.", desk.user("ana"))
    after = articles.write(
        article_id=done.article_id, title="Damaged", body="Photos first.", reason="", actor=desk.user("mia"), now=NOW
    )
    assert (after.number, after.state) == (2, "draft")


def test_what_waits_to_be_reviewed_stays_as_it_is_until_it_is_taken_back(desk: Desk) -> None:
    mia, jon = desk.user("mia"), desk.user("jon")
    revision = articles.propose(revision_id=shelve(desk).pk, actor=mia, now=NOW)
    change: dict[str, Any] = {"article_id": revision.article_id, "title": "T", "body": "B", "reason": "R", "now": NOW}
    with pytest.raises(Refused, match="stays as it is"):
        articles.write(**change, actor=mia)
    with pytest.raises(Refused, match="is writing the next text"):
        articles.write(**change, actor=jon)
    with pytest.raises(NotAllowed):
        articles.take_back(revision_id=revision.pk, actor=jon)
    back = articles.take_back(revision_id=revision.pk, actor=mia)
    articles.write(**change, actor=mia, version=back.version)
    with pytest.raises(Refused, match="changed since"):
        articles.write(**change, actor=mia, version=back.version)


def test_a_reviewer_decides_on_the_text_that_they_read(desk: Desk) -> None:
    mia = desk.user("mia")
    revision = articles.propose(revision_id=shelve(desk).pk, actor=mia, now=NOW)
    read = revision.version
    articles.take_back(revision_id=revision.pk, actor=mia)
    articles.write(article_id=revision.article_id, title="T", body="Something else.", reason="", actor=mia, now=NOW)
    articles.propose(revision_id=revision.pk, actor=mia, now=NOW)
    with pytest.raises(Refused, match="changed since you opened it"):
        articles.approve(revision_id=revision.pk, version=read, actor=desk.user("ana"), now=NOW)


def test_what_the_playbook_says_is_written_as_a_reference(desk: Desk) -> None:
    with pytest.raises(Invalid, match="4 hours") as refused:
        shelve(desk, body="We answer within 4 hours.")
    assert refused.value.field == "body"
    with pytest.raises(Invalid, match="no category"):
        shelve(desk, body="Within {target:order.gone first_response}.")
    with pytest.raises(Invalid, match="title"):
        shelve(desk, title="What {owner:order.damaged} does")
    with pytest.raises(Invalid, match="title"):
        shelve(desk, title="Refunds up to EUR 50")
    assert shelve(desk, body="Within {target:order.damaged first_response}.").number == 1


def test_a_text_whose_reference_is_gone_is_not_approved(desk: Desk) -> None:
    from tests.core.policies import market_document

    body = "Up to {limit:refund L1 USD}."
    revision = articles.propose(revision_id=shelve(desk, body=body).pk, actor=desk.user("mia"), now=NOW)
    changed = market_document()
    del changed["central"]["remedies"]["refund"]["limits"]["L1"]["USD"]
    desk.install(changed, now=NOW)
    with pytest.raises(Refused, match="The playbook has changed"):
        articles.approve(revision_id=revision.pk, version=revision.version, actor=desk.user("ana"), now=NOW + HOUR)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("key", {"key": "Not a key"}),
        ("key", {"key": "../../etc"}),
        ("language", {"language": "english"}),
        ("audience", {"audience": "everybody"}),
        ("device", {"device": "fridge"}),
        ("categories", {"categories": ["nothing.here"]}),
        ("visibility", {"visibility": "fraud"}),
        ("review_by", {"review_by": TODAY}),
        ("title", {"title": " "}),
        ("title", {"title": "x" * 161}),
        ("body", {"body": "   \n"}),
        ("body", {"body": "word " * 9000}),
        ("owner", {"owner_id": 987654}),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(desk: Desk, field: str, change: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        shelve(desk, **change)
    assert refused.value.field == field
    assert not Article.objects.exists()


def test_one_key_stands_once_in_a_language(desk: Desk) -> None:
    shelve(desk)
    shelve(desk, language="de")
    with pytest.raises(Invalid, match="already"):
        shelve(desk)


def test_retired_articles_leave_lists_and_searches(desk: Desk) -> None:
    revision = publish(desk)
    with pytest.raises(Invalid):
        articles.retire(article_id=revision.article_id, reason="", actor=desk.user("ana"), now=NOW)
    articles.retire(article_id=revision.article_id, reason="Merged into another.", actor=desk.user("ana"), now=NOW)
    assert not reads.published(desk.user("mia")).exists()
    assert not ArticleText.objects.exists()
    with pytest.raises(Refused, match="retired"):
        articles.write(article_id=revision.article_id, title="T", body="B", reason="R", actor=desk.user("mia"), now=NOW)


def test_the_day_of_review_is_moved_by_who_looks_after_it(desk: Desk) -> None:
    revision = publish(desk, review_by=TODAY + dt.timedelta(days=1))
    article = revision.article
    assert article.review_by > TODAY + dt.timedelta(days=100), "an approved text was just looked at"
    later = article.review_by + dt.timedelta(days=10)
    assert not reads.due(desk.user("mia"), TODAY).exists()
    assert reads.due(desk.user("mia"), later).get() == article
    articles.set_review(article_id=article.pk, review_by=later + dt.timedelta(days=1), actor=desk.user("mia"), now=NOW)
    assert not reads.due(desk.user("mia"), later).exists()
    with pytest.raises(NotAllowed):
        articles.set_review(article_id=article.pk, review_by=later, actor=desk.user("jon"), now=NOW)
    assert article.history.count() == 3


# -------------------------------------------------------------------------------------------------------- restricted


def test_a_restricted_article_is_for_those_who_see_what_is_restricted(desk: Desk) -> None:
    revision = publish(desk, author="tia", reviewer="max", visibility="fraud", key="rings")
    assert reads.published(desk.user("max")).get() == revision.article
    for name in ("mia", "ana", "leo"):
        assert not reads.readable(desk.user(name)).exists()
        with pytest.raises(NotAllowed, match="no such article"):
            articles.give_feedback(revision_id=revision.pk, helpful=True, words="", actor=desk.user(name), now=NOW)
    open_case = desk.held_by("mia")
    with pytest.raises(NotAllowed, match="no such article"):
        articles.solved_it(article_id=revision.article_id, case_id=open_case.pk, actor=desk.user("mia"), now=NOW)


def test_whoever_wrote_a_restricted_text_does_not_open_it_to_all(desk: Desk) -> None:
    revision = publish(desk, author="max", reviewer="tia", visibility="fraud", key="rings")
    article = Article.objects.get()
    change: dict[str, Any] = {
        "article_id": article.pk, "version": article.version, "audience": "agent", "device": "", "visibility": "",
        "categories": [], "owner_id": article.owner_id, "review_by": article.review_by, "now": NOW,
    }  # fmt: skip
    with pytest.raises(NotAllowed, match="another reviewer"):
        articles.describe(**change, actor=desk.user("max"))
    articles.describe(**change, actor=desk.user("tia"))
    assert reads.published(desk.user("mia")).get() == revision.article
    with pytest.raises(Refused, match="changed since"):
        articles.describe(**change, actor=desk.user("tia"))


# --------------------------------------------------------------------------------------------- feedback, solved, gaps


def test_who_says_no_says_why_and_nothing_said_is_changed(desk: Desk) -> None:
    revision = publish(desk)
    with pytest.raises(Invalid, match="not clear"):
        articles.give_feedback(revision_id=revision.pk, helpful=False, words=" ", actor=desk.user("jon"), now=NOW)
    articles.give_feedback(
        revision_id=revision.pk, helpful=False, words="Which label?", actor=desk.user("jon"), now=NOW
    )
    for act in (lambda: Feedback.objects.update(helpful=True), lambda: Feedback.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()


def test_a_case_is_solved_by_an_article_once_and_by_who_works_on_it(desk: Desk) -> None:
    revision = publish(desk)
    case = desk.held_by("mia")
    for _again in range(2):
        articles.solved_it(article_id=revision.article_id, case_id=case.pk, actor=desk.user("mia"), now=NOW)
    assert Solved.objects.get().revision == revision
    with pytest.raises(NotAllowed, match="no such case"):
        articles.solved_it(article_id=revision.article_id, case_id=case.pk, actor=desk.user("bob"), now=NOW)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Solved.objects.update(at=NOW)


def escalate(desk: Desk, times: int, cause: str = "authority", **case: Any) -> None:
    for _number in range(times):
        held = desk.held_by("mia", **case)
        escalation.escalate(
            case_id=held.pk,
            actor=desk.by("mia"),
            now=NOW,
            version=held.version,
            to_level="L2",
            reason="Too hard.",
            cause=cause,
        )


def test_gaps_are_categories_that_are_escalated_and_have_nothing_that_helps(desk: Desk) -> None:
    policy = law.policy_of(desk.version)
    escalate(desk, 1)
    escalate(desk, 1, cause="knowledge")
    assert Escalation.objects.count() == 2
    ana = desk.user("ana")
    (gap,) = reads.gaps(ana, policy, NOW)
    assert (gap.key, gap.escalations, gap.cases, gap.lacked, gap.articles) == ("order.damaged", 2, 2, 1, 0)
    assert reads.gaps(desk.user("bob"), policy, NOW) == [], "cases that one does not see are not counted"
    assert reads.gaps(ana, policy, NOW + dt.timedelta(days=91)) == []

    revision = publish(desk)
    assert reads.gaps(ana, policy, NOW) == []
    for name in ("mia", "jon", "pia"):
        articles.give_feedback(revision_id=revision.pk, helpful=False, words="No.", actor=desk.user(name), now=NOW)
    (gap,) = reads.gaps(ana, policy, NOW)
    assert (gap.unhelpful, gap.overdue, gap.stale) == (1, 0, 0)
    publish(desk, key="another")
    (gap,) = reads.gaps(ana, policy, NOW)
    assert gap.weight == 1.5, "one of two helps"


def test_lists_cost_the_same_for_few_and_many(desk: Desk, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    policy = law.policy_of(desk.version)
    for number in range(12):
        publish(desk, key=f"a-{number}", title=f"Number {number}")
    escalate(desk, 1)
    mia = readers(desk, "mia")
    with django_assert_num_queries(2):
        lines = reads.listed(mia, reads.Filters(audience="buyer", category="order.damaged"), policy, TODAY)
    assert [line.title for line in lines[:3]] == ["Number 0", "Number 1", "Number 10"]
    with django_assert_num_queries(12):  # with those of visibility
        reads.gaps(readers(desk, "ana"), policy, NOW)
