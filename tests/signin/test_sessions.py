"""How long a session lasts, and what a page that asks for itself is answered when it is over."""

from __future__ import annotations

import pytest
from django.test import Client

from escalations.models import AccessEntry
from tests.factories.desk import Desk
from tests.signin.people import sign_in

HTMX = {"HX-Request": "true", "HX-Trigger": "live", "HX-Current-URL": "http://testserver/admin/?view=mine"}


def signed_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_it_is_over_after_an_hour_without_anything(clock, at_work: Desk, client: Client) -> None:  # type: ignore[no-untyped-def]
    sign_in(client, "mia")
    for _ in range(3):
        clock.shift(59 * 60)
        assert signed_in(client)
    clock.shift(61 * 60)
    led = client.get("/admin/")
    assert led.status_code == 302
    page = client.get("/accounts/login/").content.decode()
    assert "You were signed out because nothing was done for a while" in page
    assert "signed out" not in client.get("/accounts/login/").content.decode(), "said once"
    assert AccessEntry.objects.filter(chain=at_work.user("mia").pk).latest("seq").kind == "sign_out"


def test_what_a_page_asks_for_by_itself_keeps_nothing_alive(clock, at_work: Desk, client: Client) -> None:  # type: ignore[no-untyped-def]
    sign_in(client, "mia")
    for _ in range(3):
        clock.shift(20 * 60)
        assert client.get("/admin/", headers=HTMX).status_code == 200
    clock.shift(60)
    assert not signed_in(client)


def test_it_is_over_after_a_working_day_however_busy(clock, at_work: Desk, client: Client) -> None:  # type: ignore[no-untyped-def]
    sign_in(client, "mia")
    for _ in range(15):
        clock.shift(56 * 60)
        assert signed_in(client)
    clock.shift(60)
    assert not signed_in(client)


def test_it_is_written_once_a_minute(clock, at_work: Desk, client: Client, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    sign_in(client, "mia")
    clock.shift(61)
    before = client.session["account_seen_at"]
    signed_in(client)
    assert client.session["account_seen_at"] == before + 61
    clock.shift(30)
    signed_in(client)
    assert client.session["account_seen_at"] == before + 61


@pytest.mark.parametrize("trigger", ["live", "act-opener"])
def test_a_part_of_a_page_is_led_as_a_whole_and_comes_back(at_work: Desk, client: Client, trigger: str) -> None:
    answer = client.get("/admin/", headers=HTMX | {"HX-Trigger": trigger})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["HX-Redirect"] == "/admin/login/?next=%2Fadmin%2F%3Fview%3Dmine"


def test_where_a_part_says_it_is_is_not_believed_of_other_hosts(client: Client, db: None) -> None:
    answer = client.get("/admin/", headers=HTMX | {"HX-Current-URL": "https://evil.example/admin/"})
    assert answer.headers["HX-Redirect"] == "/admin/login/?next=%2Fadmin%2F"


def test_a_session_that_began_before_sessions_knew_their_age_is_over(at_work: Desk, client: Client) -> None:
    sign_in(client, "mia")
    session = client.session
    del session["account_came_at"]
    session.save()
    assert not signed_in(client)
