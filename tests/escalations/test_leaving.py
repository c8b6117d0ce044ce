"""Before somebody leaves: what falls due until then goes to the covering team that is on duty, with one note."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from escalations.models import Absence, Case, Event, Handoff, Outbox, Team
from escalations.selectors import duty, home
from escalations.selectors.leaving import Leaving, before_leaving
from tests.factories.desk import NOW, Desk

CLOSES = NOW.replace(hour=16)  # five in the afternoon in Berlin


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def page(desk: Desk, client: Client) -> Client:
    client.force_login(desk.user("mia"))
    return client


def due(case: Case, hours: float) -> Case:
    Case.objects.filter(pk=case.pk).update(radar_at=NOW + dt.timedelta(hours=hours))
    case.refresh_from_db()
    return case


def post(page: Client, **data: Any) -> Any:
    return page.post(reverse("admin:escalations_case_leaving"), data, follow=True)


def before(desk: Desk, now: dt.datetime) -> Leaving | None:
    return before_leaving(desk.user("mia"), now, home.memberships(desk.user("mia"), now))


def party(number: int) -> dict[str, Any]:
    return {"kind": "buyer", "external_id": f"B-{number}"}


def test_what_falls_due_until_the_day_ends_is_listed_with_the_team_that_covers_it(desk: Desk) -> None:
    late, soon, at_the_end, tomorrow = (desk.held_by("mia", party=party(n)) for n in range(4))
    due(late, -1), due(soon, 1), due(at_the_end, 7), due(tomorrow, 7.01)
    due(desk.held_by("jon", party=party(5)), 1)
    found = before(desk, NOW)
    assert found is not None
    assert found.at == CLOSES
    cases = found.cases
    assert cases == [soon, at_the_end]
    assert [(offer.team.key if offer.team else None) for offer in duty.on_duty(cases, CLOSES)] == ["trust", "trust"]


def test_a_covering_team_that_is_closed_then_is_not_offered(desk: Desk) -> None:
    case = desk.held_by("mia", category="order", symptom="other")
    (offer,) = duty.on_duty([case], CLOSES)
    assert offer.team is None
    assert offer.reason == "Payments: closed then. Answer it, or tell your lead"
    (open_now,) = duty.on_duty([case], NOW)
    assert open_now.team == Team.objects.get(key="payments")


def test_nor_one_of_which_nobody_is_there(desk: Desk) -> None:
    case = desk.held_by("mia")
    for name in ("tia", "max"):
        Absence.objects.create(person=desk.user(name), starts_at=NOW, ends_at=NOW + dt.timedelta(days=3))
    (offer,) = duty.on_duty([case], CLOSES)
    assert offer.team is None
    assert "nobody of Trust and safety" in offer.reason


def test_after_the_day_there_is_nothing_to_hand_on(desk: Desk) -> None:
    due(desk.held_by("mia"), 1)
    assert before(desk, CLOSES + dt.timedelta(minutes=1)) is None


def test_the_chosen_ones_go_with_the_note_and_the_others_stay(desk: Desk, page: Client) -> None:
    goes, stays = due(desk.held_by("mia", party=party(1)), 1), due(desk.held_by("mia", party=party(2)), 2)
    shown = page.get(reverse("admin:escalations_case_leaving"))
    assert shown.context["form"].ticked == {goes.pk, stays.pk}
    clocks = list(goes.clocks.values("kind", "due_at", "state"))
    answer = post(page, case=[goes.pk], note="The courier calls back at six.")
    assert f"{goes.reference} is with Trust and safety now." in answer.content.decode()
    row = Handoff.objects.get()
    assert (row.case_id, row.to_team.key, row.note) == (goes.pk, "trust", "The courier calls back at six.")
    goes.refresh_from_db(), stays.refresh_from_db()
    assert (goes.team.key, goes.assignee) == ("trust", None)
    assert stays.assignee == desk.user("mia")
    assert list(goes.clocks.exclude(kind__in=["assign", "tier"]).values("kind", "due_at", "state")) == [
        clock for clock in clocks if clock["kind"] not in ("assign", "tier")
    ]
    assert Event.objects.filter(case=goes, kind="handoff.offered").count() == 1
    assert Outbox.objects.filter(case=goes, kind="notice.handoff").count() == 1


def test_without_a_note_nothing_goes_and_what_was_ticked_stays_ticked(desk: Desk, page: Client) -> None:
    one, other = due(desk.held_by("mia", party=party(1)), 1), due(desk.held_by("mia", party=party(2)), 2)
    answer = post(page, case=[other.pk], note=" ")
    assert answer.context["form"].errors == {"note": ["Write something here."]}
    assert answer.context["form"].ticked == {other.pk}
    assert Handoff.objects.count() == 0
    answer = post(page, note="x")
    assert answer.context["form"].errors == {"case": ["Choose at least one case."]}
    assert one.reference in answer.content.decode()


def test_a_case_of_somebody_else_is_no_choice(desk: Desk, page: Client) -> None:
    due(desk.held_by("mia", party=party(1)), 1)
    foreign = due(desk.held_by("jon", party=party(2)), 1)
    answer = post(page, case=[foreign.pk], note="x")
    assert answer.context["form"].errors == {"case": ["One of them has moved on."]}
    assert Handoff.objects.count() == 0


def test_the_empty_page_says_what_happens_instead(page: Client) -> None:
    assert "Nothing falls due before you leave" in page.get(reverse("admin:escalations_case_leaving")).content.decode()


def test_home_leads_there(desk: Desk, page: Client) -> None:
    due(desk.held_by("mia"), 1)
    assert reverse("admin:escalations_case_leaving") in page.get("/admin/").content.decode()


def test_home_says_what_the_page_lists_also_to_whoever_has_more_late_cases_than_a_home_reads(
    desk: Desk, page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "SHOWN", 1)
    due(desk.held_by("mia", party=party(1)), -1), due(desk.held_by("mia", party=party(2)), 1)
    assert reverse("admin:escalations_case_leaving") in page.get("/admin/").content.decode()
