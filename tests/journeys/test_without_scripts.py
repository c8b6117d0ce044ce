"""The desk without JavaScript: a plain form for everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.factories.desk import Desk

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Record, Wall

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_take_and_answer(wall: Wall, desk: Desk, arrive: Arrive, record: Record) -> None:
    case = desk.open(assign=False)
    record.of(case)
    mia = arrive("mia", java_script_enabled=False)
    mia.reads("Good morning, Mia")
    mia.open_case("The vase arrived in pieces", box="My team's queue")
    mia.press("Take")
    mia.is_told("It is yours.")
    assert record.row == ("assigned", "orders", "mia", "L1")
    assert record.news() == ["case.assigned by mia", "clock.met by mia"]

    form = mia.begin("Reply")
    form.get_by_role("button", name="Send to the party").click()
    mia.reads("Write something here.")
    form.get_by_label("Message to the party").fill("We look at it.")
    form.get_by_role("button", name="Send to the party").click()
    mia.is_told("Sent to the party.")
    assert record.row == ("in_progress", "orders", "mia", "L1")
    assert record.news() == ["message.sent by mia", "clock.met by mia"]

    mia.open_tab("Timeline")
    mia.reads("Answered the party", "We look at it.")
    form = mia.begin("Remedy")
    form.get_by_label("Refund").check()
    form.get_by_label("Amount").fill("20")
    form.get_by_label("Reason").fill("The vase is broken.")
    form.get_by_role("button", name="Grant, or ask for it").click()
    mia.is_told("Granted.")
    assert record.news() == ["remedy.granted by mia"]
