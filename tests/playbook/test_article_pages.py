"""Pages of the knowledge base, and what the desk shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from escalations.models import User
from escalations.services.roles import follow, group_of
from playbook.models import Article, Feedback, Revision, Solved
from playbook.selectors.suggesting import suggested
from playbook.services import articles
from tests.factories.desk import NOW, Desk
from tests.playbook.shelf import at, publish, readers, said, shelve

pytestmark = pytest.mark.django_db
LIST = reverse("playbook:articles")


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def page(revision: Revision, name: str = "article", *more: Any) -> str:
    return reverse(f"playbook:{name}", args=[revision.article.language, revision.article.key, *more])


def test_who_does_not_read_the_playbook_is_not_let_in(desk: Desk) -> None:
    User.objects.create_user("out", is_staff=True)
    assert at(desk, "out").get(LIST).status_code == 403
    assert Client().get(LIST).status_code == 302


def test_somebody_who_starts_next_month_reads_and_says_what_is_not_clear(desk: Desk) -> None:
    noa = User.objects.create_user("noa")
    noa.groups.add(group_of("onboarding"))
    follow(noa)
    revision = publish(desk)
    client = at(desk, "noa")
    assert "Damaged parcels" in said(client, LIST)
    shown = said(client, page(revision))
    assert "Reviewed by" in shown
    assert "Write a new text" not in shown
    where = reverse("playbook:article_feedback", args=[revision.pk])
    assert "Say in a few words" in said(client, where, {"helpful": "no"}, post=True)
    assert "Thank you" in said(client, where, {"helpful": "no", "words": "Which label?"}, post=True)
    assert Feedback.objects.get().words == "Which label?"
    for name in ("article_new", "article_gaps"):
        assert client.get(reverse(f"playbook:{name}")).status_code == 403
    assert client.get(page(revision, "article_write")).status_code == 403


def test_an_article_is_written_previewed_reviewed_and_read(desk: Desk) -> None:
    document = {
        "title": "Damaged parcels", "body": "Within {target:order.damaged first_response}: **photos**, 4 hours.",
        "audience": "buyer", "language": "en", "key": "damaged", "owner": desk.user("mia").pk,
        "review_by": "2027-05-01", "categories": ["order.damaged"],
    }  # fmt: skip
    mia, ana = at(desk, "mia"), at(desk, "ana")
    new = reverse("playbook:article_new")
    preview = said(mia, new, {**document, "preview": "1"}, post=True)
    assert "Within 4 working hours: <strong>photos</strong>" in preview
    assert "“4 hours”" in preview
    assert not Article.objects.exists()
    refused = said(mia, new, {**document, "propose": "1"}, post=True)
    assert "“4 hours”" in refused
    assert "**photos**, 4 hours" in refused, "what was typed is kept"
    document["body"] = "Within {target:order.damaged first_response}: **photos**, {fact:3 days}."
    assert "Put forward" in said(mia, new, {**document, "propose": "1"}, post=True)

    row = Revision.objects.get()
    assert "Damaged parcels" in said(ana, LIST)
    review = reverse("playbook:article_review", args=[row.pk])
    shown = said(ana, review)
    assert "Within 4 working hours" in shown
    assert "<li>3 days</li>" in shown
    assert "what is wrong with it" in said(ana, review, {"version": row.version, "reject": "1"}, post=True)
    assert "Approved" in said(ana, review, {"version": row.version, "approve": "1"}, post=True)
    assert "Nobody reviews" not in said(mia, page(row))

    write = page(row, "article_write")
    change = {"title": "Damaged parcels", "body": "Within a while: **photos** of both.", "reason": "Clearer."}
    preview = said(mia, write, {**change, "preview": "1"}, post=True)
    assert "<ins>" in preview
    assert "<del>" in preview
    assert "draft is kept" in said(mia, write, {**change, "keep": "1"}, post=True)
    assert "of both" not in said(at(desk, "bob"), page(row)), "what nobody has reviewed is not shown"


def test_nobody_is_offered_to_review_their_own(desk: Desk) -> None:
    row = articles.propose(revision_id=shelve(desk, author="ana").pk, actor=desk.user("ana"), now=NOW)
    ana = at(desk, "ana")
    review = reverse("playbook:article_review", args=[row.pk])
    assert "somebody else has to read it" in said(ana, review)
    assert "somebody else has to read it" in said(ana, review, {"version": row.version, "approve": "1"}, post=True)
    assert Revision.objects.get().state == "proposed"


def test_hostile_markdown_is_shown_and_does_nothing(desk: Desk) -> None:
    body = (
        "<script>alert(1)</script> [a](javascript:alert(1)) ![x](https://spy.example/x.png) "
        "<img src=x onerror=alert(1)>"
        "\n\n# <svg onload=alert(1)>\n\n[page](page:guide.start) [category](category:order.damaged) "
        "`{owner:order.damaged}`"
    )
    revision = publish(desk, body=body, title="<b>Bold</b> & “quoted”")
    for name in ("mia", "ana"):
        shown = said(at(desk, name), page(revision))
        listed = said(at(desk, name), LIST, {"q": "alert"})
        for wrong in ("<script>alert", "<img src=x", 'spy.example/x.png"', "<svg", 'href="javascript', "<b>Bold"):
            assert wrong not in shown
            assert wrong not in listed
    assert "Order care" in shown


def test_a_restricted_article_is_nowhere_for_who_does_not_see_it(desk: Desk) -> None:
    revision = publish(
        desk, author="tia", reviewer="max", key="rings", visibility="fraud", title="Rings", body="Secretword of a ring."
    )
    waiting = articles.write(
        article_id=revision.article_id,
        title="Rings",
        body="Secretword two.",
        reason="R",
        actor=desk.user("tia"),
        now=NOW,
    )
    articles.propose(revision_id=waiting.pk, actor=desk.user("tia"), now=NOW)
    case = desk.held_by("mia", summary="A parcel with a Secretword of a ring")
    assert "Secretword" in said(at(desk, "max"), page(revision))
    assert [row.title for row in suggested(case, desk.user("max"))] == ["Rings"]
    assert suggested(case, desk.user("mia")) == []
    for name in ("mia", "ana"):
        client = at(desk, name)
        for query in ({}, {"q": "Secretword"}, {"category": "order.damaged"}, {"language": "en"}):
            text = said(client, LIST, query)
            assert "Rings" not in text
            assert "Secretword</mark>" not in text
        for address in (
            page(revision),
            page(revision, "article_revision", 1),
            page(revision, "article_write"),
            page(revision, "article_describe"),
        ):
            assert client.get(address).status_code == 404
        missing = client.post(reverse("playbook:article_feedback", args=[987654]), {"helpful": "yes"})
        there = client.post(reverse("playbook:article_feedback", args=[revision.pk]), {"helpful": "yes"})
        assert missing.status_code == there.status_code == 404
    assert at(desk, "ana").get(reverse("playbook:article_review", args=[waiting.pk])).status_code == 404
    assert "Rings" not in said(at(desk, "ana"), reverse("admin:index"))


def test_articles_stand_beside_a_case_and_one_solves_it(desk: Desk) -> None:
    publish(desk)
    publish(desk, key="vases", language="de", title="Vasen", body="Vase zerbrochen?", categories=[])
    publish(desk, key="other", title="Something else", body="Nothing of it.", categories=["seller"])
    case = desk.held_by("mia", summary="Die Vase kam zerbrochen an")
    assert [row.title for row in suggested(case, desk.user("mia"))] == ["Vasen", "Damaged parcels"]
    mia = at(desk, "mia")
    where = reverse("admin:escalations_case_change", args=[case.pk])
    shown = said(mia, where)
    assert "It solved it" in shown
    assert "Vasen" in shown
    article = Article.objects.get(key="vases")
    done = said(mia, reverse("playbook:article_solved", args=[article.pk]), {"case": case.pk}, post=True)
    assert "solved this case" in done
    assert Solved.objects.get().article == article
    assert "Solved 1 case" in said(at(desk, "jon"), reverse("playbook:article", args=["de", "vases"]))


def test_nothing_is_suggested_for_a_case_that_one_does_not_see(desk: Desk) -> None:
    publish(desk)
    case = desk.held_by("mia")
    assert suggested(case, desk.user("mia")) != []
    assert suggested(case, desk.user("bob")) == []


def test_what_waits_stands_on_the_home_page(desk: Desk) -> None:
    articles.propose(revision_id=shelve(desk).pk, actor=desk.user("mia"), now=NOW)
    assert "Articles to review" in said(at(desk, "ana"), reverse("admin:index"))
    assert "Articles to review" not in said(at(desk, "mia"), reverse("admin:index"))


def test_pages_cost_the_same_for_few_and_many(desk: Desk, django_assert_max_num_queries: Any) -> None:
    for number in range(10):
        revision = publish(desk, key=f"a-{number}", title=f"Number {number}")
        for reader in ("jon", "pia", "ana"):
            articles.give_feedback(
                revision_id=revision.pk, helpful=True, words="Yes.", actor=desk.user(reader), now=NOW
            )
    ana = at(desk, "ana")
    said(ana, LIST)
    with django_assert_max_num_queries(20):
        said(ana, LIST)
    with django_assert_max_num_queries(18):
        said(ana, LIST, {"q": "photo"})
    with django_assert_max_num_queries(26):
        said(ana, page(revision))


def test_a_panel_costs_the_same_for_few_and_many(desk: Desk, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(10):
        publish(desk, key=f"a-{number}", language="de", title=f"Number {number}", body="Vase and box.")
    case, mia = desk.held_by("mia"), readers(desk, "mia")
    suggested(case, mia)
    with django_assert_num_queries(6):
        assert len(suggested(case, mia)) == 4
