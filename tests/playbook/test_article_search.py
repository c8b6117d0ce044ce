"""Searching articles: what is found, what is not, and what nobody can do with it. Alike on both databases."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from playbook.core.asking import Asked, alike, parse
from playbook.models import ArticleText
from playbook.selectors.articles import Filters
from playbook.selectors.search import Part, parts, search
from playbook.services import articles
from tests.factories.desk import NOW, Desk
from tests.playbook.shelf import publish, readers

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(desk: Desk) -> Desk:
    publish(desk)
    publish(desk, key="lost", title="Lost parcels", body="Ask the carrier for a trace. Refunds follow the trace.")
    publish(desk, key="lost", language="de", title="Verlorene Pakete", body="Fragen Sie den Zusteller nach dem Paket.")
    publish(desk, key="perdidos", language="es", title="Paquetes perdidos", body="Pregunta al transportista.")
    publish(
        desk, author="tia", reviewer="max", key="rings", visibility="fraud", title="Rings", body="Parcels of a ring."
    )
    return desk


def keys(desk: Desk, text: str | Asked, name: str = "mia", **filters: str) -> list[str]:
    found = search(text, desk.user(name), filters=Filters(**filters))
    return [f"{hit.language}/{hit.key}" for hit in found]


def test_words_are_found_and_a_title_counts_more(shelf: Desk) -> None:
    assert keys(shelf, "photo label") == ["en/damaged-parcels"]
    assert keys(shelf, "parcels") == ["en/damaged-parcels", "en/lost"] or keys(shelf, "parcels") == [
        "en/lost",
        "en/damaged-parcels",
    ]
    assert keys(shelf, "carrier trace") == ["en/lost"]
    assert keys(shelf, "refund") == ["en/lost"], "refunds are found by refund"
    assert keys(shelf, "Paket") == ["de/lost"]
    assert keys(shelf, "transportista") == ["es/perdidos"]
    assert keys(shelf, "nothing of the kind") == []


def test_the_last_word_may_still_be_typed(shelf: Desk) -> None:
    assert keys(shelf, "carrier tra") == ["en/lost"]
    assert keys(shelf, "transpor") == ["es/perdidos"]
    assert keys(shelf, "tra carrier") == [], "only the last one"


def test_signs_of_a_question(shelf: Desk) -> None:
    assert keys(shelf, '"ask the carrier"') == ["en/lost"]
    assert keys(shelf, '"carrier the ask"') == []
    assert keys(shelf, "ask -carrier") == ["en/damaged-parcels"]
    assert keys(shelf, "-carrier") == []


def test_filters_narrow_what_is_found(shelf: Desk) -> None:
    assert keys(shelf, "parcels", language="de") == []
    assert keys(shelf, "ask", category="order.damaged", language="en", audience="buyer") != []
    assert keys(shelf, "ask", audience="seller") == []
    assert keys(shelf, "ask", device="ios") != [], "what is for no device in particular is for each"


def test_restricted_articles_are_found_by_their_readers_alone(shelf: Desk) -> None:
    assert keys(shelf, "ring") == []
    assert keys(shelf, "ring", "tia") == ["en/rings"]
    assert "en/rings" not in keys(shelf, alike("parcels of some ring somewhere"))


def test_a_retired_or_rewritten_text_is_not_found_any_more(shelf: Desk) -> None:
    row = ArticleText.objects.get(title="Damaged parcels")
    mia, ana = shelf.user("mia"), shelf.user("ana")
    new = articles.write(article_id=row.pk, title="Broken", body="Ask for a film.", reason="R", actor=mia, now=NOW)
    new = articles.propose(revision_id=new.pk, actor=mia, now=NOW)
    articles.approve(revision_id=new.pk, version=new.version, actor=ana, now=NOW)
    assert (keys(shelf, "photo"), keys(shelf, "film")) == ([], ["en/damaged-parcels"])
    articles.retire(article_id=row.pk, reason="Old.", actor=ana, now=NOW)
    assert keys(shelf, "film") == []
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO playbook_articlewords(playbook_articlewords, rank) VALUES('integrity-check', 1)"
            )


def test_a_snippet_is_parts_and_never_html(desk: Desk) -> None:
    body = "Before it all <script>alert(1)</script> & `<b>` stands a photo of the label."
    publish(desk, body=body)
    (hit,) = search("photo", desk.user("mia"))
    assert Part("photo", True) in hit.snippet
    assert [part.text for part in hit.title if part.hit] == []
    assert "stands a" in "".join(part.text for part in hit.snippet)
    assert all(type(part.text) is str for part in hit.snippet), "nothing says that it is safe"
    assert "\ue000" not in "".join(part.text for part in (*hit.title, *hit.snippet))


def test_an_author_cannot_mark_words_himself(desk: Desk) -> None:
    publish(desk, body="A photo \ue000not asked for\ue001 of the label.")
    (hit,) = search("photo", desk.user("mia"))
    assert [part.text for part in hit.snippet if part.hit] == ["photo"]


def test_parts_of_marked_text() -> None:
    assert parts("a \ue000b\ue001 c") == [Part("a ", False), Part("b", True), Part(" c", False)]


HOSTILE = [
    "", " ", '"', '""', "'", "''; DROP TABLE playbook_article; --", "AND", "OR", "NOT", "NEAR(a b)", "a AND",
    "title:ask", "words:ask", "{a b}: c", "^ask", "ask*", "*", "(", ")", "((((", "a & b | !c", "a <-> b",
    "\\", "%", "%s",
    "a OR b NOT", "a\0b", "\0", "-", "--", '-"', "ask -", "💥",
    "ﬀ", "é" * 500, "x" * 10_000, "ask " * 3_000, "\ue000", "or", "the",
    "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace"), "٣", "ask\r\nask", "a:b:c",
    "'ask", "+ask",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_is_typed_is_an_error(shelf: Desk, text: str) -> None:
    for hit in search(text, shelf.user("mia")):
        assert hit.key != "rings"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_any_text_is_a_question(shelf: Desk, text: str) -> None:
    search(text, readers(shelf, "mia"))
    search(alike(text), readers(shelf, "mia"))


def test_a_search_costs_one_query_beside_visibility(
    shelf: Desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mia = readers(shelf, "mia")
    search("parcels", mia)
    with django_assert_num_queries(1):
        assert search("parcels", mia)


def test_questions_as_both_databases_are_asked() -> None:
    asked = parse('"damaged parcel" re-fund -voucher')
    assert asked.wanted == (("damaged", "parcel"), ("re", "fund"))
    assert asked.fts5() == '("damaged parcel" AND "re fund") NOT "voucher"'
    assert asked.tsquery() == "(('damaged' <-> 'parcel') & ('re' <-> 'fund')) & !'voucher'"
    assert parse("photo").fts5() == '("photo" OR "photo" *)'
    assert parse("photo").tsquery() == "('photo' | 'photo':*)"
    assert alike("The broken vase, broken again 2024").tsquery() == "'broken' | 'again' | 'vase'"
    assert not parse("-a")
    assert len(parse("a " * 1000).wanted) == 16
