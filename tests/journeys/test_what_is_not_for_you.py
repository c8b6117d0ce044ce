"""Who does not belong to a channel finds no trace of its cases; what one may not do says why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from escalations.models import User
from tests.browser import Watch
from tests.factories.desk import Desk

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Record, Wall

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SECRET = "Handbags with a false mark"
PARTY = {"kind": "buyer", "name": "Jane Roe", "email": "jane@example.org", "external_id": "B-17"}


def test_no_trace_of_a_sensitive_case(wall: Wall, desk: Desk, arrive: Arrive, watch: Watch) -> None:
    secret = desk.open(category="counterfeit", symptom="copy", summary=SECRET, party=PARTY, assign=False)
    plain = desk.open(category="seller", symptom="other", summary="A payout is missing", party=PARTY, assign=False)
    assert (secret.channel.key, plain.team.key) == ("brand", "payments")

    bob = arrive("bob")
    bob.reads(SECRET)

    pia = arrive("pia")
    pia.reads("A payout is missing")
    places = ["home"]
    bodies = [pia.page.content()]
    pia.open_case("A payout is missing")
    for tab in ("Brief", "Timeline", "Record"):
        pia.open_tab(tab)
        places.append(f"the other case, {tab}")
        bodies.append(pia.page.content())
    for link in ("Cases", "Deliveries", "Intents to tell"):
        pia.follow(link)
        places.append(link)
        bodies.append(pia.page.content())
    for place, body in zip(places, bodies, strict=True):
        assert SECRET not in body, place
        assert secret.reference not in body, place

    # A search for it finds as much as a search for nothing.
    said = []
    for words in (secret.reference, "TL-2026-009999"):
        pia.follow("Cases")
        search = pia.main.get_by_role("searchbox")
        search.fill(words)
        search.press("Enter")
        pia.reads("Nothing found")
        said.append(pia.main.inner_text().replace(words, "…"))
    assert said[0] == said[1]

    # Naming it in a form of another case says no more.
    pia.go_home()
    pia.open_case("A payout is missing")
    form = pia.begin("Link")
    form.get_by_label("The other case").fill(secret.reference)
    form.get_by_role("button", name="Link").click()
    pia.reads("There is no such case among those that you can see.")

    # And whoever was sent its address reads the same as for a mistyped one.
    watch.expect("404")
    said = []
    for pk in (secret.pk, 999_999):
        pia.page.goto(f"{pia.url}/admin/escalations/case/{pk}/change/")
        pia.reads("There is no such case among those that you can see")
        said.append(pia.main.inner_text())
    assert said[0] == said[1]


def test_an_administrator_is_no_exception(wall: Wall, desk: Desk, arrive: Arrive) -> None:
    desk.open()
    User.objects.create_superuser("root", "root@desk.example", "correct horse battery")
    root = arrive("root")
    root.reads("You see no cases yet")
    expect(root.page.get_by_text("The vase arrived in pieces")).to_have_count(0)
    expect(root.page.get_by_role("navigation").get_by_role("link", name=re.compile(r"\bCases$"))).to_have_count(0)


def test_what_is_not_possible_says_why(wall: Wall, desk: Desk, arrive: Arrive, record: Record) -> None:
    case = desk.held_by("mia")
    record.of(case)
    pia = arrive("pia")
    pia.follow("Cases")
    pia.open_case("The vase arrived in pieces")
    for act, reason in (
        ("Reply", "Only the person who has the case, a member of its team or the team's lead may do this."),
        ("Pause", "Only the person who has the case or the team's lead may do this."),
    ):
        button = pia.bar.get_by_role("link", name=act)
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_have_accessible_name(f"{act} : not possible now. {reason}")
        button.click(force=True)  # the browser would wait for it to become possible
        pia.reads(reason, inside=pia.box(act))
        expect(pia.box(act).get_by_role("textbox")).to_have_count(0)

    # A note is for everybody who works in the channel.
    form = pia.begin("Note")
    form.get_by_label("Note for colleagues").fill("Payments has nothing on this.")
    form.get_by_role("button", name="Add the note").click()
    pia.is_told("Note added.")
    assert record.row == ("assigned", "orders", "mia", "L1")
    assert record.news() == ["note.added by pia"]
