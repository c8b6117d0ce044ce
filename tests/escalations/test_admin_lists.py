"""The table of cases: pages by key, filters, an exact search, and nothing of what one may not see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from escalations.models import Case
from escalations.selectors import caselist, keyset
from tests.factories.desk import NOW, Desk

LIST = "/admin/escalations/case/"


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def party(number: int) -> dict[str, Any]:
    return {"kind": "buyer", "name": f"Buyer {number}", "email": f"b{number}@example.org", "external_id": f"B-{number}"}


def signed_in(client: Client, desk: Desk, name: str) -> Client:
    client.force_login(desk.user(name))
    return client


def many(desk: Desk, count: int) -> list[Case]:
    cases = [desk.open(assign=False, party=party(number), external_ref=f"shop-{number}") for number in range(count)]
    for number, case in enumerate(cases):
        # Ties in every column but the last, so that a page must not rely on the first column alone.
        changed = {"severity_band": number % 3, "radar_at": NOW + dt.timedelta(hours=number % 4 - 1)}
        Case.objects.filter(pk=case.pk).update(**changed)
    return cases


@pytest.mark.parametrize("sort", list(caselist.ORDERINGS))
@pytest.mark.parametrize("size", [1, 3, 7, 12, 25])
def test_pages_by_key_show_every_row_once_forth_and_back(desk: Desk, sort: str, size: int) -> None:
    many(desk, 12)
    ordering = caselist.ORDERINGS[sort]
    expected = [row.pk for row in Case.objects.order_by(*ordering)]
    seen: list[int] = []
    page = keyset.page(Case.objects.all(), ordering, size=size)
    assert page.previous == ""
    while True:
        seen += [row.pk for row in page.rows]
        if not page.next:
            break
        page = keyset.page(Case.objects.all(), ordering, after=page.next, size=size)
    assert seen == expected
    back = [row.pk for row in page.rows]
    while page.previous:
        page = keyset.page(Case.objects.all(), ordering, before=page.previous, size=size)
        back = [row.pk for row in page.rows] + back
    assert back == expected


def test_a_row_that_comes_in_meanwhile_neither_repeats_nor_hides_another(desk: Desk) -> None:
    many(desk, 6)
    first = keyset.page(Case.objects.all(), ("-id",), size=3)
    desk.open(assign=False, party=party(99))
    second = keyset.page(Case.objects.all(), ("-id",), after=first.next, size=3)
    assert not {row.pk for row in first.rows} & {row.pk for row in second.rows}
    assert len(second.rows) == 3


@pytest.mark.parametrize("cursor", ["x", "!!!", "W10", "WyJhIl0", "WzEsMiwzXQ", "e30", "a" * 4000])
def test_a_cursor_that_was_cut_or_made_up_shows_the_first_page(desk: Desk, client: Client, cursor: str) -> None:
    many(desk, 3)
    answer = signed_in(client, desk, "mia").get(LIST, {"after": cursor})
    assert answer.status_code == 200
    assert len(answer.context["cl"].rows) == 3


def test_the_list_costs_as_many_queries_for_25_rows_as_for_3(desk: Desk, client: Client) -> None:
    signed_in(client, desk, "mia")
    many(desk, 3)
    client.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(LIST)
    many(desk, 30)
    with CaptureQueriesContext(connection) as full:
        answer = client.get(LIST)
    assert len(answer.context["cl"].rows) == 25
    assert len(full) == len(few)
    assert not [query for query in full if "COUNT(" in query["sql"]], "a list does not count"


def test_what_one_may_not_see_is_nowhere(desk: Desk, client: Client) -> None:
    hidden = desk.open(assign=False, category="counterfeit", symptom="copy", party=party(7))
    assert hidden.channel.key == "brand"
    seen = desk.open(assign=False, party=party(8))
    answer = signed_in(client, desk, "pia").get(LIST, {"status": "any"})
    assert [row.case.pk for row in answer.context["cl"].rows] == [seen.pk]
    assert hidden.reference not in answer.content.decode()
    found = client.get(LIST, {"q": hidden.reference})
    assert found.context["cl"].rows == []
    assert "Nothing found" in found.content.decode()
    assert "Brand" not in [str(channel) for channel in answer.context["choices"].channels]


@pytest.mark.parametrize("by", ["reference", "small letters", "number", "external", "pseudonym"])
def test_an_exact_search_goes_to_the_case(desk: Desk, client: Client, by: str) -> None:
    case = many(desk, 3)[1]
    q = {
        "reference": case.reference,
        "small letters": case.reference.lower(),
        "number": str(case.pk),
        "external": case.external_ref,
        "pseudonym": case.party.pseudonym,
    }[by]
    answer = signed_in(client, desk, "mia").get(LIST, {"q": q})
    assert answer.headers["Location"] == reverse("admin:escalations_case_change", args=[case.pk])


def test_an_address_is_found_by_those_who_may_see_personal_data_and_by_nobody_else(desk: Desk, client: Client) -> None:
    case = many(desk, 3)[2]
    desk.person("sam", team="orders", parts=("general:specialists",))
    for q in ("B2@Example.org ", "B-2"):
        assert signed_in(client, desk, "mia").get(LIST, {"q": q}).context["cl"].rows == []
        answer = signed_in(client, desk, "sam").get(LIST, {"q": q})
        assert answer.headers["Location"] == reverse("admin:escalations_case_change", args=[case.pk])


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"when": "late"}, {"late"}),
        ({"whose": "mine"}, {"mine"}),
        ({"whose": "nobody"}, {"late", "calm", "severe"}),
        ({"severity": "3"}, {"severe"}),
        ({"status": "assigned"}, {"mine"}),
        ({"status": "nonsense", "team": "x", "severity": "9", "whose": "?"}, {"late", "mine", "calm", "severe"}),
    ],
)
def test_filters(desk: Desk, client: Client, asked: dict[str, str], expected: set[str]) -> None:
    cases = {"late": desk.open(assign=False, party=party(1)), "mine": desk.held_by("mia", party=party(2))}
    cases |= {"calm": desk.open(assign=False, party=party(3)), "severe": desk.open(assign=False, party=party(4))}
    Case.objects.filter(pk=cases["late"].pk).update(radar_at=NOW - dt.timedelta(hours=1))
    Case.objects.filter(pk=cases["severe"].pk).update(severity_band=3)
    answer = signed_in(client, desk, "mia").get(LIST, asked)
    names = {case.pk: name for name, case in cases.items()}
    assert {names[row.case.pk] for row in answer.context["cl"].rows} == expected


def test_somebody_without_a_channel_is_told_how_to_get_one(desk: Desk, client: Client) -> None:
    desk.open(assign=False)
    desk.person("new", team="orders", parts=())
    answer = signed_in(client, desk, "new").get(LIST)
    assert "You see no cases yet" in answer.content.decode()


def test_being_a_superuser_shows_no_case(desk: Desk, client: Client) -> None:
    case = desk.open(assign=False)
    root = desk.user("mia").__class__.objects.create_superuser("root", "root@desk.example", "x" * 20)
    client.force_login(root)
    for address in (
        LIST,
        f"{LIST}?q={case.reference}",
        f"{LIST}{case.pk}/change/",
        f"{LIST}{case.pk}/history/",
        "/admin/",
    ):
        answer = client.get(address, follow=True)
        assert "vase" not in answer.content.decode(), address
