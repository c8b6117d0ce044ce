"""The core of the work on a phone: nothing is wider than the screen, nothing is out of reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.factories.desk import Desk

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Record, Wall

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def test_sign_in_take_and_answer(wall: Wall, desk: Desk, arrive: Arrive, record: Record) -> None:
    case = desk.open(assign=False)
    record.of(case)
    mia = arrive(**PHONE)
    assert mia.fits()
    mia.sign_in("mia")
    mia.reads("Good morning, Mia")
    assert mia.fits()

    mia.page.get_by_role("button", name=f"Take {case.reference}").tap()
    mia.is_told("It is yours.")
    assert record.row == ("assigned", "orders", "mia", "L1")
    assert record.news() == ["case.assigned by mia", "clock.met by mia"]

    mia.open_case("The vase arrived in pieces")
    assert mia.fits()
    for name in ("Timeline", "Messages", "Why here", "Record", "Brief"):
        mia.open_tab(name)
        assert mia.fits(), name
    form = mia.begin("Reply")
    assert mia.fits()
    form.get_by_label("Message to the party").fill("From the tram: we look at it.")
    form.get_by_role("button", name="Send to the party").tap()
    mia.is_told("Sent to the party.")
    assert record.row == ("in_progress", "orders", "mia", "L1")
    assert record.news() == ["message.sent by mia", "clock.met by mia"]

    mia.page.get_by_role("button", name="Open the navigation").tap()
    mia.page.get_by_role("link", name="Cases", exact=False).first.tap()
    mia.reads("The vase arrived in pieces")
    assert mia.fits()


def test_fingers_find_what_can_be_done(wall: Wall, desk: Desk, arrive: Arrive) -> None:
    desk.held_by("mia")
    mia = arrive("mia", **PHONE)
    mia.open_case("The vase arrived in pieces")
    for control in [*mia.bar.get_by_role("link").all(), *mia.bar.get_by_role("button").all()]:
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 32, control.inner_text()
