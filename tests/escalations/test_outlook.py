"""Intake against staffed hours on a lead's home."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from escalations.models import Absence, Case, Team
from escalations.selectors import intake
from tests.factories.desk import NOW, Desk

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False), timezone.override(BERLIN):
        yield


def came(desk: Desk, at: dt.datetime, number: int = 0) -> Case:
    case = desk.open(assign=False, party={"kind": "buyer", "external_id": f"B-{number}"})
    Case.objects.filter(pk=case.pk).update(opened_at=at)
    return case


def orders() -> list[Team]:
    return [Team.objects.get(key="orders")]


def test_days_hold_the_mean_of_four_weeks_and_the_hours_in_which_somebody_is_there(desk: Desk) -> None:
    saturday = NOW.replace(day=21)
    for number in range(2):
        came(desk, NOW - dt.timedelta(days=7) + dt.timedelta(minutes=number), number)
    for number in range(4):
        came(desk, saturday - number * dt.timedelta(weeks=1), 10 + number)
    came(desk, NOW - dt.timedelta(weeks=5), 20)  # too long ago
    found = intake.outlook(orders(), NOW)
    assert found is not None
    today, tuesday, *_ = found.days
    assert [timezone.localtime(day.at).strftime("%a %H:%M") for day in found.days] == [
        "Mon 00:00", "Tue 00:00", "Wed 00:00", "Thu 00:00",
    ]  # fmt: skip
    assert today.expected == pytest.approx(0.5)  # two within four weeks of Mondays
    assert today.people == 3 * 8  # Mia, Jon and Ana from nine to five
    assert (today.alone, tuesday.expected) == (0, 0)
    assert len(found.bars) == 48
    with time_machine.travel(saturday, tick=False):
        weekend = intake.outlook(orders(), NOW - dt.timedelta(days=3))
    assert weekend is not None
    assert [round(day.alone, 2) for day in weekend.days][1] > 0, "a Saturday on which nobody works"


def test_who_is_away_is_not_there(desk: Desk) -> None:
    came(desk, NOW - dt.timedelta(days=7))
    noon = NOW.replace(hour=11)
    Absence.objects.create(person=desk.user("jon"), starts_at=noon, ends_at=noon + dt.timedelta(days=1))
    found = intake.outlook(orders(), NOW)
    assert found is not None
    assert [day.people for day in found.days] == [24 - 5, 24 - 3, 24, 24]


def test_somebody_of_two_teams_is_one_person(desk: Desk) -> None:
    came(desk, NOW - dt.timedelta(days=7))
    row = desk.user("mia").memberships.get()
    row.pk, row.team = None, Team.objects.get(key="payments")
    row.save()
    both = intake.outlook([*orders(), row.team], NOW)
    assert both is not None
    assert both.days[0].people == 8 * 5  # Mia, Jon, Ana, Pia and Leo


def test_a_day_of_twenty_five_hours_is_one_day(desk: Desk) -> None:
    before = dt.datetime(2026, 10, 24, 9, tzinfo=dt.UTC)
    with time_machine.travel(before, tick=False):
        desk.open(assign=False, at=before)
        found = intake.outlook(orders(), before + dt.timedelta(minutes=1))
    assert found is not None
    assert [timezone.localtime(day.at).hour for day in found.days] == [0, 0, 0, 0]
    assert len(found.bars) == 49


def test_an_empty_desk_says_what_will_be_here(desk: Desk, client: Client) -> None:
    assert intake.outlook(orders(), NOW) is None
    client.force_login(desk.user("ana"))
    assert "Nothing came in within four weeks" in client.get("/admin/").content.decode()


def test_the_page_draws_it_and_says_it_in_a_table(desk: Desk, client: Client) -> None:
    came(desk, NOW - dt.timedelta(days=6))
    client.force_login(desk.user("ana"))
    page = client.get("/admin/").content.decode()
    assert page.count("<rect") == 48
    assert "Tue 24 Nov" in page
    picture = client.get("/admin/").context["outlook"]
    assert all(bar.y >= 0 and bar.y + bar.height <= picture.height + 0.1 for bar in picture.bars)
    assert 0 <= picture.now_x <= picture.width


def test_it_costs_the_same_for_one_case_and_for_many(desk: Desk) -> None:
    came(desk, NOW - dt.timedelta(days=7))
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            intake.outlook([*Team.objects.all()], NOW)
        costs.append(len(asked))
        for number in range(5):
            came(desk, NOW - dt.timedelta(days=number + 1), 100 + number)
    assert costs[0] == costs[1] <= 6
