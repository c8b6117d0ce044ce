"""One case from its queue to its end, through every hand: what is on the page, in the rows and on record agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from escalations.models import Case, Escalation, Handoff, Message, Pause, Remedy
from tests.factories.desk import Desk, broken, clocks
from tests.journeys.desk_hours import the_worker_runs
from tests.mailserver import MailServer

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Record, Wall

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VASE = "The vase arrived in pieces"
JANE = "jane@example.org"


def test_from_the_queue_to_the_end(
    wall: Wall, desk: Desk, arrive: Arrive, record: Record, mail_server: MailServer
) -> None:
    case = desk.open(assign=False)
    record.of(case)

    # ------------------------------------------------------------------------ Mia finds it in the queue, and takes it
    mia = arrive("mia")
    mia.reads("Good morning, Mia")
    mia.open_case(VASE, box="My team's queue")
    mia.reads("nobody has it yet", "What arrived is broken.")
    mia.press("Take")
    mia.is_told("It is yours.")
    mia.reads("Order care / Mia", "Assigned")
    assert record.row == ("assigned", "orders", "mia", "L1")
    assert record.news() == ["case.assigned by mia", "clock.met by mia"]

    # ------------------------------------------------------------------------------------------------------ she answers
    form = mia.begin("Reply")
    form.get_by_label("Message to the party").fill("We look at it and write again tomorrow.")
    form.get_by_role("button", name="Send to the party").click()
    mia.is_told("Sent to the party.")
    mia.reads("In progress")
    mia.open_tab("Messages")
    mia.reads("Mia to the buyer", "We look at it and write again tomorrow.")
    assert record.row == ("in_progress", "orders", "mia", "L1")
    assert record.news() == ["message.sent by mia", "clock.met by mia"]
    assert clocks(case)["first_response"] == "met, ended"

    # ------------------------------------------------------------------------------ she waits for a photo, and goes on
    form = mia.begin("Pause")
    form.get_by_label("Waiting for the buyer").check()
    form.get_by_label("What shows it").fill("Asked for a photo of the box.")
    form.get_by_role("button", name="Pause").click()
    mia.is_told("The case waits.")
    mia.reads("paused", inside=mia.page.get_by_role("list", name="Clocks"))
    assert record.row == ("waiting", "orders", "mia", "L1")
    assert record.news() == ["case.paused by mia"]
    assert Pause.objects.filter(clock__case=case, ends_at__isnull=True).count() == 2

    mia.press("Resume")
    mia.is_told("Its clocks run again.")
    assert record.row == ("in_progress", "orders", "mia", "L1")
    assert record.news() == ["case.resumed by mia"]
    assert not Pause.objects.filter(clock__case=case, ends_at__isnull=True).exists()

    # ----------------------------------------------------------------------------------------------- she hands it off
    form = mia.begin("Hand off")
    form.get_by_label("To").select_option(label="Pia (L1)")
    form.get_by_label("Note").fill("The buyer paid twice. Please trace the second payment.")
    form.get_by_role("button", name="Hand off").click()
    mia.is_told("Handed off.")
    mia.reads("Handed off from Order care to Payments, to be accepted by Pia")
    assert record.row == ("assigned", "payments", "pia", "L1")
    assert record.news() == ["handoff.offered by mia"]
    mia.sign_out("Mia")
    the_worker_runs()
    assert [mail.message["Subject"].partition(" TL-")[0] for mail in mail_server.to("pia@desk.example")] == [
        "Please take over"
    ]

    # ----------------------------------------------------------------- Pia is told why it is hers, reads on and accepts
    pia = arrive("pia")
    pia.reads("handed to you, to accept", inside=pia.box("My work, in the order to do it"))
    pia.open_case(VASE)
    pia.reads("The buyer paid twice. Please trace the second payment.")
    pia.reads("Box crushed at one corner.", "accept the handoff, or return it with the reason")
    pia.reads("Answered the party: We look at it and write again tomorrow.")
    pia.press("Accept")
    pia.is_told("Accepted: it is yours.")
    pia.reads("Payments / Pia")
    assert record.row == ("assigned", "payments", "pia", "L1")
    assert record.news() == ["handoff.accepted by pia"]
    assert Handoff.objects.get(case=case).state == "accepted"

    # ------------------------------------------------------- she gives what she may, and asks for what she may not give
    form = pia.begin("Remedy")
    pia.reads("You may, up to EUR 50.00 in all; above it Specialist (L2) decides.", inside=form)
    form.get_by_label("Refund").check()
    form.get_by_label("Amount").fill("40")
    form.get_by_label("Reason").fill("The vase is broken.")
    form.get_by_role("button", name="Grant, or ask for it").click()
    pia.is_told("Granted.")
    assert record.news() == ["remedy.granted by pia"]

    form = pia.begin("Remedy")
    pia.reads("Granted so far: EUR 40.00.", inside=form)
    form.get_by_label("Refund").check()
    form.get_by_label("Amount").fill("300")
    form.get_by_label("Reason").fill("The second payment was ours to return.")
    form.get_by_role("button", name="Grant, or ask for it").click()
    pia.is_told("Asked for: a higher level decides.")
    pia.open_tab("Remedies")
    pia.reads("Refund EUR 40.00", "Refund EUR 300.00", "Specialist decides; asked")
    expect(pia.main.get_by_role("link", name="Decide", exact=True)).to_have_count(0)
    assert record.news() == ["remedy.requested by pia"]
    assert _remedies(case) == [("40.00", "granted"), ("300.00", "requested")]
    the_worker_runs()
    assert "Pia has it now" in mail_server.to("mia@desk.example")[-1].text

    # -------------------------------------------------------------- a day passes: the ladder takes it to who may decide
    wall.put_forward(hours=25)
    the_worker_runs()
    assert record.row == ("assigned", "payments", "leo", "L2")
    assert record.news() == ["rung.fired by sweep", "case.assigned by assignment"]
    row = Escalation.objects.get(case=case)
    assert (row.type, row.from_level.key, row.to_level.key, row.state) == ("time", "L1", "L2", "standing")
    the_worker_runs()
    assert record.news() == [], "a rung fires once"

    leo = arrive("leo")
    leo.reads("Refund EUR 300.00", inside=leo.box("Remedies to decide"))
    leo.open_case(VASE, box="Radar")
    leo.reads("escalated to L2", "Payments / Leo", "decided by Specialist (L2)")

    # ------------------------------------------------------------------------------- Leo decides on what Pia asked for
    form = leo.begin("Decide on a remedy")
    leo.reads("The second payment was ours to return.", inside=form)
    form.get_by_label("Grant it").check()
    form.get_by_label("Reason").fill("The bank shows both payments.")
    form.get_by_role("button", name="Decide").click()
    leo.is_told("Decided.")
    assert record.news() == ["remedy.granted by leo"]
    assert _remedies(case) == [("40.00", "granted"), ("300.00", "granted")]

    # -------------------------------------------------------------------------------------------- and ends the matter
    form = leo.begin("Resolve")
    form.get_by_label("The carrier broke it").check()
    form.get_by_label("Message to the party").fill("You get back both: the vase and the second payment.")
    form.get_by_role("button", name="Tell the party and resolve").click()
    leo.is_told("Resolved, and the party is told.")
    leo.reads("Resolved")
    assert record.row == ("resolved", "payments", "leo", "L2")
    assert record.news() == ["message.sent by leo", "case.resolved by leo"]
    assert Case.objects.get(pk=case.pk).root_cause == "carrier"
    assert all("ended" in state for state in clocks(case).values())

    # -------------------------------------------------------------------------------- everything that happened is told
    leo.open_tab("Timeline")
    told = [
        "Case opened: came by API, went to Order care",
        "Taken by Mia",
        "We look at it and write again tomorrow.",
        "Asked for a photo of the box.",
        "Handed off from Order care to Payments",
        "Handoff accepted",
        "Granted: Refund EUR 40.00",
        "Asked Specialist for Refund EUR 300.00",
        "Climbed by time from Agent to Specialist",
        "Granted: Refund EUR 300.00",
        "You get back both: the vase and the second payment.",
        "Resolved: The carrier broke it",
    ]
    leo.reads(*told)
    page = leo.main.inner_text()
    assert sorted(told, key=page.index) == told[::-1], "newest first"

    leo.open_tab("Why here")
    leo.reads("no rule matched: what stands for Parcel arrived damaged holds.")
    leo.reads("32 business hours", "Order care")
    leo.main.get_by_text("rules were passed over").click()
    leo.reads("Small damage", "Paid by wallet or transfer")

    leo.open_tab("Handoffs")
    leo.reads("Order care → Payments / Pia", "Agent → Specialist", "time ran out")
    leo.open_tab("Record")
    leo.reads("events in a chain sealed by keys")
    assert broken(case) is None

    # -------------------------------------------------------------------- and Jane has heard of each step that is hers
    the_worker_runs()
    heard = [mail.text for mail in mail_server.to(JANE)]
    for place, words in enumerate(
        (
            "You hear from us by Mon 23 Nov 2026, 14:00",
            "We look at it and write again tomorrow.",
            "Refund EUR 40.00",
            "Refund EUR 300.00",
            "You get back both: the vase and the second payment.",
        )
    ):
        assert words in heard[place]
    assert len(heard) == 5
    assert Message.objects.filter(case=case).count() == 2


def _remedies(case: Case) -> list[tuple[str, str]]:
    return [(f"{row.amount:.2f}", row.state) for row in Remedy.objects.filter(case=case).order_by("id")]
