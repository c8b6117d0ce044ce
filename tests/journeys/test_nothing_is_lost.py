"""What somebody typed outlives other people, the end of a session, and a second thought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from escalations.models import Message
from tests.browser import Watch
from tests.factories.desk import Desk

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Record, Wall

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VASE = "The vase arrived in pieces"
ANSWER = "We look at it, and write again tomorrow before noon."


def test_somebody_else_was_quicker(wall: Wall, desk: Desk, arrive: Arrive, record: Record, watch: Watch) -> None:
    watch.expect("409")
    case = desk.held_by("mia")
    record.of(case)
    mia = arrive("mia")
    mia.open_case(VASE)
    form = mia.begin("Reply")
    form.get_by_label("Message to the party").fill(ANSWER)

    ana = arrive("ana")
    ana.open_case(VASE)
    theirs = ana.begin("Note")
    theirs.get_by_label("Note for colleagues").fill("The carrier has found the second half.")
    theirs.get_by_role("button", name="Add the note").click()
    ana.is_told("Note added.")
    assert record.news() == ["note.added by ana"]

    form.get_by_role("button", name="Send to the party").click()
    mia.reads("Meanwhile, on this case:", "The carrier has found the second half.", "Ana")
    expect(form.get_by_label("Message to the party")).to_have_value(ANSWER)
    assert record.news() == []
    assert not Message.objects.filter(case=case).exists()

    form.get_by_role("button", name="Send to the party").click()
    mia.is_told("Sent to the party.")
    assert record.row == ("in_progress", "orders", "mia", "L1")
    assert record.news() == ["message.sent by mia", "clock.met by mia"]
    assert Message.objects.get(case=case).body == ANSWER


def test_the_case_went_to_somebody_else_meanwhile(
    wall: Wall, desk: Desk, arrive: Arrive, record: Record, watch: Watch
) -> None:
    watch.expect("409")
    case = desk.held_by("mia")
    record.of(case)
    mia = arrive("mia")
    mia.open_case(VASE)
    form = mia.begin("Pause")
    form.get_by_label("Waiting for the buyer").check()
    form.get_by_label("What shows it").fill("Asked for a photo.")

    ana = arrive("ana")
    ana.open_case(VASE)
    theirs = ana.begin("Hand off")
    theirs.get_by_label("To").select_option(label="Pia (L1)")
    theirs.get_by_label("Note").fill("It is about a payment.")
    theirs.get_by_role("button", name="Hand off").click()
    ana.is_told("Handed off.")
    assert record.news() == ["handoff.offered by ana"]

    form.get_by_role("button", name="Pause").click()
    mia.reads("It is about a payment.")
    expect(form.get_by_label("What shows it")).to_have_value("Asked for a photo.")
    expect(form.get_by_label("Waiting for the buyer")).to_be_checked()
    form.get_by_role("button", name="Pause").click()
    mia.reads("Only the person who has the case or the team's lead may do this.")
    expect(form.get_by_label("What shows it")).to_have_value("Asked for a photo.")
    assert record.row == ("assigned", "payments", "pia", "L1")
    assert record.news() == []


def test_the_session_ended(wall: Wall, desk: Desk, arrive: Arrive, record: Record) -> None:
    case = desk.held_by("mia")
    record.of(case)
    mia = arrive("mia")
    mia.open_case(VASE)
    form = mia.begin("Reply")
    form.get_by_label("Message to the party").fill(ANSWER)
    wall.put_forward(hours=15)
    form.get_by_role("button", name="Send to the party").click()

    expect(mia.page.get_by_label("Password")).to_be_visible()
    assert record.news() == []
    mia.sign_in("mia")
    mia.reads("What you had typed here is back.")
    again = mia.box("Reply")
    expect(again.get_by_label("Message to the party")).to_have_value(ANSWER)
    again.get_by_role("button", name="Send to the party").click()
    mia.is_told("Sent to the party.")
    assert record.news() == ["message.sent by mia", "clock.met by mia"]
    assert Message.objects.get(case=case).body == ANSWER

    # What was sent is no draft any more.
    expect(mia.begin("Reply").get_by_label("Message to the party")).to_have_value("")


def test_a_draft_is_its_writers_alone(wall: Wall, desk: Desk, arrive: Arrive) -> None:
    desk.held_by("mia")
    mia = arrive("mia")
    mia.open_case(VASE)
    mia.begin("Note").get_by_label("Note for colleagues").fill("Not for other eyes yet.")
    mia.sign_out("Mia")
    mia.sign_in("ana")
    mia.open_case(VASE)
    expect(mia.begin("Note").get_by_label("Note for colleagues")).to_have_value("")
    assert "Not for other eyes" not in mia.page.evaluate("JSON.stringify(localStorage)")
