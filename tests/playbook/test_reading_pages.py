"""The reading pages: who gets in, what they ask the database, where they lead, what they keep back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from escalations.core.roles import READ_PLAYBOOK
from escalations.models import User
from playbook.core.compiling import compile_source
from playbook.core.source import Source
from tests.playbook.editions import small
from tests.playbook.shelves import NOW, Page, compiled, put, reader, signed_in
from tests.playbook.test_reading_restricted import NEEDLE, PAGE

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_nine() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def rings(text: str = PAGE) -> Source:
    return small(lambda document: document["pages"]["en"].update({"guide.rings": text}))


def test_who_gets_in() -> None:
    put(small())
    assert Client().get("/playbook/")["Location"] == "/accounts/login/?next=/playbook/"
    stranger = signed_in(User.objects.create_user(username="stranger", email="s@desk.example"))
    answer = stranger.get("/playbook/category/order/")
    assert answer.status_code == 403
    assert "Your account has no right to this page" in answer.content.decode()
    person = reader()
    assert person.has_perm(READ_PLAYBOOK)
    assert not person.is_staff
    for where in ("", "category/order/", "page/guide.start/", "changes/", "versions/", "teams/", "search/?q=order"):
        assert signed_in(person).get(f"/playbook/{where}").status_code == 200, where


def test_without_a_version_the_page_says_so() -> None:
    answer = signed_in(reader()).get("/playbook/")
    assert (answer.status_code, "No playbook is in force yet" in answer.content.decode()) == (404, True)


@pytest.mark.parametrize("where", ["category/order.damaged/", "page/protocol.ring-review/", "region/eu-de/"])
def test_at_most_three_queries_beyond_session_user_and_rights(where: str) -> None:
    """Session, user, and Django's two questions for rights are asked by every page of the desk; then the version in
    force, the classes of what is restricted, and when the page was read last."""
    put(compiled("team"))
    client = signed_in(reader())
    client.get(f"/playbook/{where}")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(f"/playbook/{where}").status_code == 200
    assert len(asked) <= 4 + 3, [one["sql"][:120] for one in asked]


@pytest.mark.parametrize("name", ["founder", "global", "team"])
def test_every_link_inside_leads_somewhere(name: str) -> None:
    put(compiled(name))
    client = signed_in(reader())
    seen, waiting = set(), ["/playbook/"]
    while waiting:
        where = waiting.pop()
        answer = client.get(where, follow=True)  # who has no track yet is led to the choice of one
        assert answer.status_code == 200, where
        if where.endswith("/feed/"):
            continue
        page = Page(answer.content.decode())
        places = {one["id"] for one in page.having("id")}
        for link in page.links:
            if link.startswith("#"):
                assert link[1:] in places, f"{where} leads to {link}"
            to = link.partition("#")[0]
            if to.startswith("/playbook/") and "?" not in to and to not in seen:
                seen.add(to)
                waiting.append(to)
    assert len(seen) > 100


def test_a_restricted_passage_is_read_by_its_class_alone() -> None:
    put(rings())
    with_it, without = signed_in(reader("tia", "specialist", "legal")), signed_in(reader())
    for where in ("page/guide.rings/", "1/page/guide.rings/", f"search/?q={NEEDLE}", "search/?q=freeze"):
        told = without.get(f"/playbook/{where}").content.decode().replace(f"“{NEEDLE}”", "").replace(f'"{NEEDLE}"', "")
        told = told.replace(f"<title>{NEEDLE}", "").replace(f"{NEEDLE} ·", "")
        assert NEEDLE not in told, where
    assert NEEDLE in with_it.get("/playbook/page/guide.rings/").content.decode()
    assert "guide.rings" in with_it.get(f"/playbook/search/?q={NEEDLE}").content.decode()
    assert "guide.rings" not in without.get(f"/playbook/search/?q={NEEDLE}").content.decode()


def test_what_changed_is_told_to_each_as_they_may_read_it() -> None:
    put(rings())
    put(rings(PAGE.replace(NEEDLE, f"{NEEDLE}2").replace("Then map.", "Then draw.")), at=NOW - DAY, number=2)
    with_it, without = signed_in(reader("tia", "specialist", "legal")), signed_in(reader())
    told = without.get("/playbook/changes/").content.decode()
    assert "<ins>draw</ins>" in told
    assert NEEDLE not in told
    assert NEEDLE in with_it.get("/playbook/changes/").content.decode()
    feed = with_it.get("/playbook/changes/feed/")
    assert feed["Content-Type"].startswith("application/atom+xml")
    assert NEEDLE not in feed.content.decode()


def test_older_versions_say_when_they_were_in_force_and_a_day_leads_to_its_version() -> None:
    put(small(), at=NOW - 30 * DAY)
    put(rings(), at=NOW - DAY, number=2)
    client = signed_in(reader())
    old = client.get("/playbook/1/").content.decode()
    assert "Version 1 was in force from" in old
    assert "Read the one in force" in old
    assert "is the one in force" in client.get("/playbook/2/").content.decode()
    assert client.get("/playbook/?on=2026-11-01")["Location"] == "/playbook/1/"
    assert client.get("/playbook/?on=2026-11-23")["Location"] == "/playbook/2/"
    assert client.get("/playbook/?on=2020-01-01").status_code == 404
    assert client.get("/playbook/?on=soon").status_code == 400
    assert client.get("/playbook/9/").status_code == 404


def test_a_page_says_that_it_changed_since_it_was_read() -> None:
    put(rings(), at=NOW - 30 * DAY)
    client = signed_in(reader())
    assert "has changed since you read it" not in client.get("/playbook/page/guide.rings/").content.decode()
    client.get("/playbook/page/guide.start/")
    put(rings(PAGE.replace("Then map.", "Then draw.")), at=NOW - DAY, number=2)
    home = client.get("/playbook/").content.decode()
    assert "Changed since you last read" in home
    assert "you read version 1" in home
    assert "has changed since you read it in version 1" in client.get("/playbook/page/guide.rings/").content.decode()
    assert "has changed since you read it" not in client.get("/playbook/page/guide.start/").content.decode()
    assert "Changed since you last read" not in client.get("/playbook/").content.decode()


def test_a_page_that_is_not_in_the_readers_language_says_so() -> None:
    put(compile_source(small()))
    told = signed_in(reader(), "de").get("/playbook/page/guide.start/").content.decode()
    assert "It stands here in" in told
    assert 'lang="en"' in told
