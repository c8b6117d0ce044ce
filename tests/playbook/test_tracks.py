"""Articles on a track: after the pages of their category, few, the most helpful in one's language, done when read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from escalations.core.policy import Policy
from escalations.errors import Invalid
from playbook.core.tracks import ARTICLES, Shelved, Step, chosen, with_articles
from playbook.models import Enrolment
from playbook.selectors import onboarding as reads
from playbook.services import articles, onboarding
from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk
from tests.governance.test_proposals import member
from tests.playbook.shelf import HOUR, publish, readers
from tests.playbook.test_onboarding import as_, text

pytestmark = pytest.mark.django_db

LATER = NOW + 10 * HOUR
OTHER = "order"

written = st.builds(
    Shelved,
    key=st.sampled_from("abcdef"),
    language=st.sampled_from(["en", "de", "es"]),
    title=st.just("T"),
    audience=st.sampled_from(["buyer", "seller", "agent"]),
    since=st.just(NOW),
    helped=st.integers(0, 9),
    unclear=st.integers(0, 9),
)
shelves = st.lists(written, max_size=12, unique_by=lambda one: (one.key, one.language))
pages = st.sets(st.sampled_from([f"article.{key}" for key in "abcdef"]))


@given(shelves, st.sampled_from(["en", "de", "de-AT"]), pages)
def test_few_are_chosen_each_once_in_a_language_that_one_reads(
    shelf: list[Shelved], language: str, studied: set[str]
) -> None:
    best = chosen(shelf, side="buyer", language=language, studied=studied)
    assert len(best) <= ARTICLES
    assert len({one.key for one in best}) == len(best)
    assert {one.language for one in best} <= {language[:2], "en"}
    for one in best:
        assert one.language == language[:2] or not any(
            other.key == one.key and other.language == language[:2] for other in shelf
        )


@given(shelves, shelves, pages)
def test_what_was_read_stays_whatever_readers_say_meanwhile(
    shelf: list[Shelved], later: list[Shelved], studied: set[str]
) -> None:
    """Reading one more of those chosen never takes from what is done, and nobody's opinion does."""

    def done(from_: Sequence[Shelved], read: set[str]) -> int:
        best = chosen(from_, side="buyer", language="en", studied=read)
        return sum(f"article.{one.key}" in read for one in best)

    before = chosen(shelf, side="buyer", language="en", studied=studied)
    for one in before:
        assert done(shelf, studied | {f"article.{one.key}"}) >= done(shelf, studied)
    judged = [
        one._replace(helped=other.helped, unclear=other.unclear) for one, other in zip(shelf, later, strict=False)
    ]
    assert done([*judged, *shelf[len(judged) :]], studied) == done(shelf, studied)


def one_of(key: str, **more: Any) -> Shelved:
    return Shelved(**{"key": key, "language": "en", "title": key.title(), "audience": "buyer", "since": NOW, **more})


def test_articles_come_after_the_pages_of_their_category_and_once() -> None:
    policy = Policy.model_validate(market_document())
    steps = [
        Step("working", "Start", "guide.start"),
        Step("owned", "Damaged", "category.order.damaged"),
        Step("owned", "Look", "protocol.look"),
        Step("owned", "Missing", f"category.{OTHER}"),
        Step("practice", "A case", topic="x"),
    ]
    shelf = {
        "order.damaged": [one_of("a"), one_of("b", helped=3), one_of("c", unclear=1)],
        OTHER: [one_of("b"), one_of("d")],
    }
    found = with_articles(policy, steps, shelf, language="en", studied=())
    assert [one.page or one.topic for one in found] == [
        "guide.start", "category.order.damaged", "protocol.look", "article.b", "article.a",
        f"category.{OTHER}", "article.d", "x",
    ]  # fmt: skip
    assert [one.article for one in found if one.article] == ["b", "a", "d"]


def test_the_side_of_the_category_and_ones_language_come_before_helpfulness() -> None:
    shelf = [
        one_of("seller", audience="seller", helped=9),
        one_of("agents", audience="agent", helped=1),
        one_of("german", language="de"),
        one_of("spanish", language="es", helped=9),
    ]
    best = chosen(shelf, side="buyer", language="de", studied=(), most=9)
    assert [one.key for one in best] == ["german", "agents", "seller"]


# ------------------------------------------------------------------------------------------------------ with rows


@pytest.fixture(autouse=True)
def that_evening() -> Any:
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def joined(desk: Desk) -> Enrolment:
    return onboarding.enrol(person=desk.user("jon"), team="orders", region="eu-de", version=desk.version, now=NOW)


def standing(desk: Desk, name: str, *, now: dt.datetime = LATER, language: str = "en") -> dict[str, str]:
    """State by page of the articles on somebody's track."""
    person = desk.user(name)
    row = Enrolment.objects.get(person=person)
    found = reads.progress(person, row, desk.version, language=language, classes=(), now=now)
    return {one.step.page: one.state for one in found.steps if one.step.article}


def test_an_article_is_done_when_read_until_its_next_text(desk: Desk, joined: Enrolment) -> None:
    first = publish(desk)
    publish(desk, language="de", title="Beschädigte Pakete")
    publish(desk, key="payouts", categories=["seller.appeal"])
    page = "article.damaged-parcels"
    assert standing(desk, "jon") == {page: "new"}
    jon = desk.user("jon")
    onboarding.study(person=jon, page=page, version=desk.version, now=NOW + HOUR)
    assert standing(desk, "jon") == {page: "done"}
    assert standing(desk, "jon", language="de") == {page: "done"}, "the same article in another language"
    again = articles.write(
        article_id=first.article_id,
        title="Damaged parcels", body="Ask for two photos.", reason="One was not enough.", actor=desk.user("mia"),
        now=NOW + 2 * HOUR,
    )  # fmt: skip
    assert standing(desk, "jon") == {page: "done"}, "a draft changes nothing"
    again = articles.propose(revision_id=again.pk, actor=desk.user("mia"), now=NOW + 2 * HOUR)
    articles.approve(revision_id=again.pk, version=again.version, actor=desk.user("ana"), now=NOW + 2 * HOUR)
    assert standing(desk, "jon") == {page: "changed"}
    onboarding.study(person=jon, page=page, version=desk.version, now=NOW + 3 * HOUR)
    assert standing(desk, "jon") == {page: "done"}


def test_readers_decide_which_come_first_and_what_one_has_read_stays(desk: Desk, joined: Enrolment) -> None:
    made = {key: publish(desk, key=key, title=key) for key in ("aa", "bb", "cc")}
    assert set(standing(desk, "jon")) == {"article.aa", "article.bb"}
    onboarding.study(person=desk.user("jon"), page="article.aa", version=desk.version, now=NOW + HOUR)
    for helpful, key in ((True, "cc"), (False, "aa"), (False, "bb")):
        articles.give_feedback(
            revision_id=made[key].pk, helpful=helpful, words="What then?", actor=desk.user("pia"), now=LATER
        )
    assert standing(desk, "jon") == {"article.aa": "done", "article.cc": "new"}
    # The one that made room may have been on the page that he saw.
    onboarding.study(person=desk.user("jon"), page="article.bb", version=desk.version, now=LATER)
    assert standing(desk, "jon") == {"article.aa": "done", "article.bb": "done"}


def test_what_somebody_may_not_read_is_no_step_of_theirs(desk: Desk, joined: Enrolment) -> None:
    publish(desk, author="tia", reviewer="max", visibility="fraud")
    assert standing(desk, "jon") == {}
    with pytest.raises(Invalid):
        onboarding.study(person=desk.user("jon"), page="article.damaged-parcels", version=desk.version, now=LATER)
    onboarding.enrol(person=desk.user("tia"), team="orders", region="eu-de", version=desk.version, now=NOW)
    assert standing(desk, "tia") == {"article.damaged-parcels": "new"}


def test_articles_of_other_work_and_retired_ones_are_on_no_track(desk: Desk, joined: Enrolment) -> None:
    publish(desk, key="payouts", categories=["seller.appeal"])
    gone = publish(desk)
    articles.retire(article_id=gone.article_id, reason="Nobody needs it.", actor=desk.user("ana"), now=LATER)
    assert standing(desk, "jon") == {}
    for page in ("article.payouts", "article.damaged-parcels", "article."):
        with pytest.raises(Invalid):
            onboarding.study(person=desk.user("jon"), page=page, version=desk.version, now=LATER)


def test_the_pages_count_and_link_articles_for_newcomer_and_lead(desk: Desk, joined: Enrolment) -> None:
    publish(desk, language="de", title="Beschädigte Pakete")
    publish(desk)
    client = as_(desk.user("jon"))
    page = text(client.get("/playbook/onboarding/"))
    assert '<a href="/playbook/articles/en/damaged-parcels/">' in page
    steps = reads.progress(desk.user("jon"), joined, desk.version, language="en", classes=(), now=LATER).steps
    assert f"0 of {len(steps)} steps" in page
    page = text(client.post("/playbook/onboarding/read/", {"page": "article.damaged-parcels"}, follow=True))
    assert f"1 of {len(steps)} steps" in page
    assert f"1/{len(steps)}" in text(as_(member("sue", "supervisor")).get("/playbook/onboarding/team/"))
    spanish = as_(desk.user("jon")).get("/playbook/onboarding/", headers={"Accept-Language": "es"})
    assert "Damaged parcels" in text(spanish)


def test_no_query_more_for_more_articles(
    desk: Desk, joined: Enrolment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    jon = readers(desk, "jon")

    def ask() -> None:
        reads.progress(jon, joined, desk.version, language="en", classes=(), now=LATER)

    ask()
    for number in range(6):
        publish(desk, key=f"a{number}")
    with django_assert_num_queries(3):
        ask()
