"""A rule changes: one writes and proposes, another reads on a phone, shows who they are, and approves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from escalations.models import PolicyVersion, User
from escalations.services.roles import group_of
from playbook.services import drafts
from tests.governance.publishing import in_force
from tests.governance.test_proposals import LARGE, TO_L2_FROM_50, write
from tests.journeys.somebody import PASSWORD
from tests.journeys.test_accessible import found

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Wall

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 760}, "is_mobile": True, "has_touch": True}


def test_from_a_draft_to_the_rule_in_force(wall: Wall, arrive: Arrive) -> None:
    people = []
    for name in ("ana", "ben"):
        person = User.objects.create_user(name, f"{name}@desk.example", PASSWORD, is_staff=True)
        person.groups.add(group_of("council"))
        people.append(person)
    edition = drafts.begin_draft(base=in_force(), title="Smaller orders", actor=people[0], now=wall.now)
    write(edition, LARGE, TO_L2_FROM_50, people[0], "Smaller orders hurt too.")
    problems: list[str] = []

    ana = arrive("ana")
    ana.follow("Council")
    problems += found(ana, "docket", "light")
    ana.box("Drafts").get_by_role("link", name="Propose").click()
    ana.reads("Smaller orders hurt too.")
    problems += found(ana, "form to propose", "light")
    ana.page.get_by_role("button", name="Propose").click()
    ana.reads("Write something here.")
    ana.page.get_by_label("Why the change is wanted").fill("Buyers with small orders wait longest.")
    ana.page.get_by_role("button", name="Propose").click()
    ana.is_told("Proposed.")
    ana.reads("You wrote some of this.")

    ben = arrive("ben", color_scheme="dark", **PHONE)
    ben.box("Changes of the playbook to decide on").get_by_role("link").last.click()
    ben.reads("Buyers with small orders wait longest.", "Smaller orders hurt too.")
    assert ben.fits()
    problems += found(ben, "proposal on a phone", "dark")
    wall.put_forward(minutes=20)  # long enough that he shows once more who he is
    ben.page.get_by_role("link", name="Approve").click()
    ben.page.get_by_label("Password").fill(PASSWORD)
    ben.page.get_by_role("button", name="Confirm").click()
    expect(ben.main.get_by_role("heading", name="Approve", level=1)).to_be_visible()
    assert ben.fits()
    problems += found(ben, "form to approve", "dark")
    ben.page.get_by_role("button", name="Approve").click()
    ben.is_told("Approved and published.")
    assert PolicyVersion.objects.count() == 2
    assert problems == []
