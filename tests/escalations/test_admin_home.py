"""What people find when they come in, by role, and nothing of what they may not see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from escalations import panels
from escalations.models import Absence, Case, Cover, Heartbeat, Team, Timer, User
from escalations.selectors import leaving
from escalations.selectors.radar import Lane
from escalations.services import handoffs, pauses, remedies
from tests.factories.desk import NOW, Desk

HOME = "/admin/"


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def seen_by(client: Client, desk: Desk, name: str, **query: str) -> Any:
    client.force_login(desk.user(name))
    return client.get(HOME, query)


def due(case: Case, hours: float, **more: Any) -> Case:
    Case.objects.filter(pk=case.pk).update(radar_at=NOW + dt.timedelta(hours=hours), **more)
    return case


def party(number: int) -> dict[str, Any]:
    return {"kind": "buyer", "external_id": f"B-{number}"}


def test_my_work_in_the_order_to_do_it(desk: Desk, client: Client) -> None:
    calm, late, severe, soon = (desk.held_by("mia", party=party(number)) for number in range(4))
    due(calm, 5), due(late, -1), due(severe, 6, severity_band=3), due(soon, 1)
    waiting = desk.held_by("mia", party=party(9))
    pauses.pause(case_id=waiting.pk, actor=desk.by("mia"), now=NOW, reason="buyer", evidence="asked")
    due(waiting, 30)
    desk.held_by("jon", party=party(10))
    mine = seen_by(client, desk, "mia").context["agent"]
    assert [row.case.pk for row in (*mine.now, *mine.next)] == [late.pk, soon.pk, severe.pk, calm.pk]
    assert mine.now[0].lane is Lane.LATE
    assert [(item.for_what, item.count) for item in mine.waiting] == [("Waiting for the buyer", 1)]


def test_a_waiting_case_that_falls_due_is_work_again(desk: Desk, client: Client) -> None:
    case = desk.held_by("mia")
    pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason="buyer", evidence="asked")
    due(case, -1)
    mine = seen_by(client, desk, "mia").context["agent"]
    assert [row.case.pk for row in mine.now] == [case.pk]


def test_a_handoff_to_me_says_that_it_is_to_be_accepted(desk: Desk, client: Client) -> None:
    case = desk.held_by("mia")
    trust = Team.objects.get(key="trust")
    handoffs.hand_off(
        case_id=case.pk, actor=desk.by("mia"), now=NOW, to_team_id=trust.pk, to_person_id=desk.user("tia").pk, note="x"
    )
    mine = seen_by(client, desk, "tia").context["agent"]
    assert "handed to you, to accept" in mine.now[0].why


def test_the_queue_is_my_teams_and_one_press_takes_a_case(desk: Desk, client: Client) -> None:
    case = desk.open(assign=False)
    foreign = desk.open(assign=False, category="seller", symptom="other", party={"kind": "seller", "external_id": "S"})
    answer = seen_by(client, desk, "mia")
    assert [row.case.pk for row in answer.context["agent"].queue] == [case.pk]
    assert foreign.reference not in answer.content.decode()
    taken = client.post(f"/admin/escalations/case/{case.pk}/act/take/", {"version": case.version, "back": "home"})
    assert taken.headers["Location"] == HOME
    case.refresh_from_db()
    assert case.assignee == desk.user("mia")


def test_what_falls_due_before_the_team_closes(desk: Desk, client: Client) -> None:
    before, after = desk.held_by("mia", party=party(1)), desk.held_by("mia", party=party(2))
    due(before, 4), due(after, 30)
    told = seen_by(client, desk, "mia").context["agent"].leaving
    assert told.at == dt.datetime(2026, 11, 23, 16, tzinfo=dt.UTC), "17:00 in Berlin"
    assert told.cases == [before]


def test_a_team_that_never_closes_or_has_closed_leaves_nobody(desk: Desk) -> None:
    assert leaving.closing(Team.objects.get(key="trust"), NOW) is None
    assert leaving.closing(Team.objects.get(key="orders"), NOW + dt.timedelta(hours=9)) is None


def test_remedies_wait_for_those_who_may_decide_and_not_for_who_asked(desk: Desk, client: Client) -> None:
    case = desk.held_by("ana")
    remedies.remedy(
        case_id=case.pk, actor=desk.by("ana"), now=NOW, kind="refund", amount="900", currency="EUR", reason="all of it"
    )
    desk.person("eva", team="orders", level="L3")
    assert [row.case_id for row in seen_by(client, desk, "eva").context["agent"].decisions] == [case.pk]
    assert not seen_by(client, desk, "mia").context["agent"].decisions
    assert not seen_by(client, desk, "ana", view="mine").context["agent"].decisions


def test_a_lead_sees_late_cases_in_their_lane_and_the_radar_by_severity(desk: Desk, client: Client) -> None:
    late, normal, severe = (desk.open(assign=False, party=party(number)) for number in range(3))
    due(late, -2), due(normal, 1), due(severe, 9, severity_band=3)
    lead = seen_by(client, desk, "ana").context["lead"]
    assert [row.case.pk for row in lead.late] == [late.pk]
    assert [row.case.pk for row in lead.coming] == [severe.pk, normal.pk]
    assert (lead.late_count, lead.soon_count, lead.unassigned_count) == (1, 1, 3)


def test_load_counts_capacity_of_those_who_are_there_and_names_the_cover(desk: Desk, client: Client) -> None:
    desk.held_by("mia")
    jon, mia = desk.user("jon"), desk.user("mia")
    span = {"starts_at": NOW - dt.timedelta(hours=1), "ends_at": NOW + dt.timedelta(days=1)}
    Absence.objects.create(person=jon, **span)
    Cover.objects.create(person=jon, by=mia, **span)
    (team,) = seen_by(client, desk, "ana").context["lead"].load
    assert (team.open, team.capacity) == (1, 24)
    people = {item.membership.person.username: item for item in team.people}
    assert people["mia"].load == 1
    assert people["jon"].cover == "Mia"
    assert people["jon"].away_until == span["ends_at"]


def test_leads_of_a_team_do_not_see_cases_of_channels_that_are_closed_to_them(desk: Desk, client: Client) -> None:
    hidden = desk.open(assign=False, category="counterfeit", symptom="copy", summary="A forged watch")
    Case.objects.filter(pk=hidden.pk).update(team=Team.objects.get(key="payments"))
    body = seen_by(client, desk, "leo").content.decode()
    assert "forged" not in body
    assert hidden.reference not in body


def test_home_costs_the_same_for_many_cases(desk: Desk, client: Client) -> None:
    def queries(name: str) -> int:
        seen_by(client, desk, name)
        with CaptureQueriesContext(connection) as found:
            client.get(HOME)
        return len(found)

    desk.held_by("mia", party=party(1))
    desk.open(assign=False, party=party(2))
    few = {name: queries(name) for name in ("mia", "ana")}
    for number in range(10, 24):
        if number < 20:
            desk.held_by("mia" if number % 2 else "jon", party=party(number))
        else:
            desk.open(assign=False, party=party(number))
    assert {name: queries(name) for name in ("mia", "ana")} == few


# ---------------------------------------------------------------------------------------------------------- the engine


@pytest.mark.parametrize(
    ("worker", "sweep", "fine"),
    [(10, 20, True), (10, 500, False), (500, 20, False), (None, None, False)],
)
def test_the_engine_is_fine_only_when_it_has_just_reported(
    desk: Desk, client: Client, worker: int | None, sweep: int | None, fine: bool
) -> None:
    for name, age in (("worker", worker), ("sweep", sweep)):
        if age is not None:
            Heartbeat.objects.create(name=name, at=NOW - dt.timedelta(seconds=age))
    assert seen_by(client, desk, "mia").context["engine"].fine is fine


def test_a_timer_that_should_have_fired_is_shown(desk: Desk, client: Client) -> None:
    for name in ("worker", "sweep"):
        Heartbeat.objects.create(name=name, at=NOW)
    desk.open(assign=False)
    Timer.objects.all().update(due_at=NOW - dt.timedelta(minutes=20))
    engine = seen_by(client, desk, "mia").context["engine"]
    assert engine.timers.overdue == Timer.objects.count() > 0
    assert engine.timers.oldest_s == 1200
    assert not engine.fine


# ------------------------------------------------------------------------------------------------ empty, and registered


def test_the_first_day_of_everybody_has_words(desk: Desk, client: Client) -> None:
    assert "Nothing waits for you" in seen_by(client, desk, "mia").content.decode()
    assert "Nothing is late." in seen_by(client, desk, "ana").content.decode()
    desk.person("new", team="orders", parts=())
    User.objects.create_superuser("root", "root@desk.example", "x" * 20, first_name="Rut")
    body = seen_by(client, desk, "root").content.decode()
    assert "being an administrator is no exception" in body


def test_higher_apps_show_panels_and_links_by_registering(
    desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "_panels", dict(panels._panels))
    monkeypatch.setattr(panels, "_links", dict(panels._links))

    def render(request: HttpRequest, case: Case | None, now: dt.datetime) -> panels.Panel | None:
        where = "home" if case is None else case.reference
        return panels.Panel(
            f"Seen at {where}", "admin/desk/panels/helpers.html", {"rows": []}, more="/x/", more_title="all"
        )

    panels.register("test", render)
    panels.register("test", render, place="home")
    panels.link("The whole book", icon="menu_book", address="/book/")
    panels.link("Law", icon="menu_book", address="/escalations/")
    panels.link("Not for Mia", icon="menu_book", address="/other/", may=lambda user: user.username != "mia")
    case = desk.held_by("mia")
    body = seen_by(client, desk, "mia").content.decode()
    assert "Seen at home" in body
    assert 'href="/book/"' in body
    assert "/other/" not in body
    lists = client.get("/admin/escalations/team/").context["sidebar_navigation"]
    active = [item["title"] for group in lists for item in group["items"] if item.get("active")]
    assert [str(title) for title in active] == ["Teams"], "/escalations/ does not lie around /admin/escalations/"
    assert f"Seen at {case.reference}" in client.get(case.get_absolute_url()).content.decode()
