"""A handoff to a team, whichever way its receiver comes to it: one answer, and the sender hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from escalations.models import Handoff
from tests.factories.desk import Desk
from tests.journeys.desk_hours import the_worker_runs

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Record, Wall
    from tests.journeys.somebody import Somebody

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VASE = "The vase arrived in pieces"
NOTE = "The buyer paid twice. Please trace the second payment."


def hand_to_payments(mia: Somebody) -> None:
    mia.open_case(VASE)
    form = mia.begin("Hand off")
    form.get_by_label("To").select_option(label="Payments: whoever is free")
    form.get_by_role("button", name="Hand off").click()
    mia.reads("Write something here.")
    form.get_by_label("Note").fill(NOTE)
    form.get_by_role("button", name="Hand off").click()
    mia.is_told("Handed off.")


def test_taken_from_the_queue_it_is_accepted(wall: Wall, desk: Desk, arrive: Arrive, record: Record) -> None:
    case = desk.held_by("mia")
    record.of(case)
    hand_to_payments(arrive("mia"))
    assert record.row == ("triaged", "payments", None, "L1")
    assert record.news() == ["handoff.offered by mia"]

    pia = arrive("pia")
    queue = pia.box("My team's queue")
    pia.reads("handed over, to accept", inside=queue)
    queue.get_by_role("button", name=f"Accept {case.reference}").click()
    pia.is_told("Accepted: it is yours.")
    assert record.row == ("assigned", "payments", "pia", "L1")
    assert record.news() == ["handoff.accepted by pia"]
    assert Handoff.objects.get(case=case).state == "accepted"


def test_given_by_the_engine_it_is_still_to_be_accepted(wall: Wall, desk: Desk, arrive: Arrive, record: Record) -> None:
    case = desk.held_by("mia")
    record.of(case)
    hand_to_payments(arrive("mia"))
    the_worker_runs()
    assert record.row == ("assigned", "payments", "pia", "L1")
    assert record.news() == ["handoff.offered by mia", "case.assigned by assignment"]
    assert Handoff.objects.get(case=case).state == "offered"

    pia = arrive("pia")
    pia.reads("handed to you, to accept", inside=pia.box("My work, in the order to do it"))
    pia.open_case(VASE)
    pia.press("Accept")
    pia.is_told("Accepted: it is yours.")
    expect(pia.main.get_by_text("to be accepted")).to_have_count(0)
    assert record.news() == ["handoff.accepted by pia"]
    assert Handoff.objects.get(case=case).state == "accepted"


def test_returned_as_misrouted(wall: Wall, desk: Desk, arrive: Arrive, record: Record) -> None:
    case = desk.held_by("mia")
    record.of(case)
    mia = arrive("mia")
    hand_to_payments(mia)
    record.news()
    pia = arrive("pia")
    pia.open_case(VASE)
    form = pia.begin("Return as misrouted")
    pia.reads("It goes back to Order care, and is counted as misrouted.", inside=form)
    form.get_by_label("Reason").fill("There is one payment only, of Monday.")
    form.get_by_role("button", name="Return it").click()
    pia.is_told("Returned.")
    assert record.row == ("assigned", "orders", "mia", "L1")
    assert record.news() == ["handoff.returned by pia"]
    mia.go_home()
    mia.open_case(VASE)
    mia.open_tab("Handoffs")
    mia.reads("There is one payment only, of Monday.", NOTE)
