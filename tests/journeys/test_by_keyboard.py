"""A day without a mouse: every step by keys alone, and the eye never loses its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.factories.desk import Desk

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Record, Wall
    from tests.journeys.somebody import Somebody

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def type_in_and_sign(who: Somebody, name: str, password: str) -> None:
    """Sign in as somebody does whose hands stay on the keys."""
    expect(who.page.get_by_label("Username")).to_be_focused()
    keys = who.page.keyboard
    keys.type(name)
    keys.press("Tab")
    keys.type(password)
    keys.press("Enter")


def test_take_answer_and_look_around(wall: Wall, desk: Desk, arrive: Arrive, record: Record) -> None:
    second = desk.open(assign=False, summary="The mirror came late")
    case = desk.open(assign=False)
    record.of(case)
    mia = arrive()
    keys = mia.page.keyboard
    type_in_and_sign(mia, "mia", "correct horse battery")
    mia.reads("Good morning, Mia")

    # The help says every key, and goes away again.
    keys.press("?")
    help_ = mia.page.get_by_role("dialog", name="Hands on the keys")
    expect(help_).to_be_visible()
    mia.reads("next, previous case", "take, or accept a handoff", inside=help_)
    keys.press("Escape")
    expect(help_).to_be_hidden()

    # j and k walk the lines, and what has the focus is seen.
    keys.press("j")
    expect(mia.main.get_by_role("link", name="The mirror came late")).to_be_focused()
    keys.press("j")
    expect(mia.main.get_by_role("link", name="The vase arrived in pieces")).to_be_focused()
    assert mia.focus_is_seen()
    keys.press("k")
    expect(mia.main.get_by_role("link", name="The mirror came late")).to_be_focused()
    keys.press("j")

    # t takes the line that one is on.
    keys.press("t")
    mia.is_told(f"{case.reference}: It is yours.")
    assert record.row == ("assigned", "orders", "mia", "L1")
    assert record.news() == ["case.assigned by mia", "clock.met by mia"]
    second.refresh_from_db()
    assert second.assignee is None

    # o opens it, r begins the answer, Ctrl+Enter sends it.
    keys.press("j")
    keys.press("o")
    expect(mia.main.get_by_role("heading", name="The vase arrived in pieces", level=1)).to_be_visible()
    keys.press("r")
    expect(mia.main.get_by_label("Message to the party")).to_be_focused()
    assert mia.focus_is_seen()
    keys.type("We look at it: e, h, p and j are letters here.")
    keys.press("Control+Enter")
    mia.is_told("Sent to the party.")
    assert record.row == ("in_progress", "orders", "mia", "L1")
    assert record.news() == ["message.sent by mia", "clock.met by mia"]

    # Escape closes a form and gives the focus back to what opened it; the text is kept for the next time.
    keys.press("n")
    note = mia.main.get_by_label("Note for colleagues")
    expect(note).to_be_focused()
    keys.type("Half a thought")
    keys.press("Escape")
    expect(note).to_have_count(0)
    expect(mia.bar.get_by_role("link", name="Note", exact=True)).to_be_focused()
    keys.press("Enter")
    expect(mia.main.get_by_label("Note for colleagues")).to_have_value("Half a thought")
    mia.reads("What you had typed here is back.")
    keys.press("Escape")

    # / searches, g h goes home.
    keys.press("/")
    keys.type(second.reference)
    keys.press("Enter")
    expect(mia.main.get_by_role("heading", name="The mirror came late", level=1)).to_be_visible()
    keys.press("g")
    keys.press("h")
    mia.reads("Good morning, Mia")
    assert record.news() == []


def test_every_control_of_a_case_is_reached_and_seen(wall: Wall, desk: Desk, arrive: Arrive) -> None:
    desk.held_by("mia")
    mia = arrive("mia")
    mia.open_case("The vase arrived in pieces")
    mia.page.keyboard.press("Tab")
    assert mia.focused("innerText") == "Skip to the content"
    mia.page.keyboard.press("Enter")
    seen = []
    for _ in range(40):
        mia.page.keyboard.press("Tab")
        name = " ".join(mia.focused("innerText").split())
        assert mia.focus_is_seen(), f"nobody sees that “{name}” has the focus"
        seen.append(name)
        if "Record" in name:
            break
    for name in ("Reply", "Note", "Hand off", "Escalate", "Pause", "Resolve", "Brief", "Timeline", "Why here"):
        assert any(name in one for one in seen), f"{name} is not reached by Tab; reached: {seen}"
