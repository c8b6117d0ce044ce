"""The page on which auditors read the access log and say that they have looked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from escalations.admin import accesslog as page
from escalations.models import AccessEntry, AccessJudged, AccessReview, Case, Channel
from escalations.services import judging, noting, roles
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]

MINUTE = dt.timedelta(minutes=1)
URL = "/admin/escalations/accessentry/"


@pytest.fixture
def office(desk: Desk) -> Iterator[Desk]:
    """The desk at its hour; Pia is an auditor."""
    desk.user("pia").groups.add(roles.group_of("auditor"))
    with time_machine.travel(NOW, tick=False):
        yield desk


def client(desk: Desk, name: str = "pia") -> Client:
    made = Client()
    made.force_login(desk.user(name))
    return made


def said(answer: object) -> str:
    return " ".join(answer.content.decode().split())  # type: ignore[attr-defined]


def look(desk: Desk, name: str, *, at: dt.datetime = NOW, case: Case | None = None, kind: str = "read") -> AccessEntry:
    about = {} if case is None else {"cases": [case.pk], "data": {"case": case.pk}}
    return noting.note(kind=kind, person=desk.user(name), now=at, surface="admin:escalations_case_change", **about)


def test_only_auditors_come_in(office: Desk) -> None:
    assert client(office, "mia").get(URL).status_code == 403
    assert client(office).get(URL).status_code == 200
    assert "Access log" in said(client(office).get("/admin/")), "and find it in the sidebar"
    assert "accessentry" not in said(client(office, "mia").get("/admin/"))


def test_what_is_unusual_comes_first_with_its_reason(office: Desk) -> None:
    case = office.open(category="seller.appeal", symptom="suspended", assign=False)
    usual = office.held_by("mia")
    look(office, "mia", case=usual)
    night = NOW - dt.timedelta(hours=7)
    odd = look(office, "jon", case=case, at=night)
    assert "has not been worked out yet" in said(client(office).get(URL))
    judging.judge(now=NOW)
    text = said(client(office).get(URL))
    assert f'value="{odd.pk}"' in text
    assert "outside the hours of their team" in text
    assert "a case that their teams never had" in text
    assert case.reference in text
    assert usual.reference not in text
    everything = said(client(office).get(URL, {"show": "all"}))
    assert usual.reference in everything
    assert "read a case · its page" in everything


def test_no_word_of_a_case_stands_there(office: Desk) -> None:
    case = office.open(summary="Ring of sellers", category="seller.appeal", symptom="suspended")
    Case.objects.filter(pk=case.pk).update(channel=Channel.objects.get(key="fraud"))
    look(office, "tia", case=case)
    text = said(client(office).get(URL, {"show": "all"}))
    assert case.reference in text
    assert "Ring of sellers" not in text
    assert f"/case/{case.pk}/" not in text, "an auditor has no way in from here"


def test_entries_of_one_person(office: Desk) -> None:
    one, two = office.open(), office.open()
    look(office, "mia", case=one)
    look(office, "jon", case=two)
    text = said(client(office).get(URL, {"show": "all", "person": str(office.user("mia").pk)}))
    assert one.reference in text
    assert two.reference not in text
    assert "Only Mia: show everybody" in text


def test_marking_as_reviewed(office: Desk) -> None:
    entry = look(office, "mia", case=office.open())
    answer = client(office).post(
        f"{URL}review/", {"entry": [entry.pk], "note": "asked her", "show": "open"}, follow=True
    )
    assert "1 entry is marked as reviewed." in said(answer)
    row = AccessReview.objects.get()
    assert (row.entry_id, row.by, row.note) == (entry.pk, office.user("pia"), "asked her")
    assert f'value="{entry.pk}"' not in said(client(office).get(URL, {"show": "open"}))
    everything = said(client(office).get(URL, {"show": "all"}))
    assert "asked her" in everything
    assert "reviewed the access log: 1" in everything


def test_their_own_entries_are_shown_and_left_to_others(office: Desk) -> None:
    own = look(office, "pia", case=office.open())
    text = said(client(office).get(URL, {"show": "open"}))
    assert "your own: somebody else looks" in text
    assert f'name="entry" value="{own.pk}"' not in text
    answer = client(office).post(f"{URL}review/", {"entry": [own.pk]}, follow=True)
    assert "Nobody reviews what they did themselves" in said(answer)
    assert not AccessReview.objects.exists()


def test_nothing_chosen_and_nonsense(office: Desk) -> None:
    for data in ({}, {"entry": ["x"]}, {"entry": ["987654"]}):
        assert client(office).post(f"{URL}review/", data, follow=True).status_code == 200
    assert not AccessReview.objects.exists()
    assert client(office, "mia").post(f"{URL}review/", {"entry": ["1"]}).status_code in (302, 403)


def test_one_entry_in_words(office: Desk) -> None:
    entry = look(office, "mia", case=office.open(), at=NOW - dt.timedelta(hours=7))
    judging.judge(now=NOW)
    text = said(client(office).get(f"{URL}{entry.pk}/change/"))
    assert "outside the hours of their team" in text
    assert entry.mac in text
    assert "Written when it happened, and never changed" in text


def test_changes_of_rights_are_told_by_name(office: Desk) -> None:
    with noting.acting(office.user("ana")):
        office.user("mia").groups.add(roles.group_of("auditor"))
    text = said(client(office).get(URL, {"show": "all"}))
    assert "changed who belongs to a group: Mia added (role:auditor)" in text


def test_pages_go_on_and_cost_the_same(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "LISTED", 5)
    case = office.open()
    for number in range(7):
        look(office, "mia", case=case, at=NOW + number * MINUTE)
    asker = client(office)
    asked = {"show": "all", "person": str(office.user("mia").pk)}
    asker.get(URL)
    with CaptureQueriesContext(connection) as few:
        first = asker.get(URL, asked)
    assert 'rel="next"' in said(first)
    monkeypatch.setattr(page, "LISTED", 50)
    with CaptureQueriesContext(connection) as many:
        asker.get(URL, asked)
    assert len(many) == len(few)


def test_what_is_unusual_is_found_behind_any_number_of_others(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list is of marks alone: two a page, whatever lies between them, forth and back; one's own is for others."""
    monkeypatch.setattr(page, "LISTED", 2)
    case = office.held_by("mia")
    newest = AccessEntry.objects.order_by("-pk").values_list("pk", flat=True)[0]
    AccessJudged.objects.create(pk=1, until=newest)  # what setting up the desk left
    odd = []
    for week in range(3):
        odd.append(look(office, "mia", case=case, at=NOW - dt.timedelta(weeks=2 - week, hours=7)))
        for number in range(4):
            look(office, "mia", case=case, at=NOW - dt.timedelta(weeks=2 - week) + number * MINUTE)
    look(office, "pia", case=case, at=NOW - dt.timedelta(hours=7))
    judging.judge(now=NOW)
    asker = client(office)
    first = asker.get(URL)
    assert [line.row.pk for line in first.context["cl"].lines] == [odd[2].pk, odd[1].pk]
    second = asker.get(URL + first.context["cl"].next_url)
    assert [line.row.pk for line in second.context["cl"].lines] == [odd[0].pk]
    assert second.context["cl"].next_url == ""
    back = asker.get(URL + second.context["cl"].previous_url)
    assert [line.row.pk for line in back.context["cl"].lines] == [odd[2].pk, odd[1].pk]
    asker.post(f"{URL}review/", {"entry": [odd[2].pk, odd[1].pk]})
    assert [line.row.pk for line in asker.get(URL).context["cl"].lines] == [odd[0].pk]
    assert not asker.get(URL, {"person": str(office.user("jon").pk)}).context["cl"].lines
