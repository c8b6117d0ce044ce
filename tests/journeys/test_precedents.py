"""A decision is archived without naming anybody, found beside the next case of its kind, and overturned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from escalations.services import closing
from tests.factories.desk import NOW, Desk
from tests.journeys.test_accessible import found
from tests.playbook.test_precedents import TEXTS

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Wall

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LABELS = {
    "title": "Title", "situation": "What it was about", "decision": "What was decided", "reasoning": "Why",
    "outcome": "What came of it",
}  # fmt: skip


def test_from_a_resolved_case_to_the_next_one_of_its_kind(wall: Wall, desk: Desk, arrive: Arrive) -> None:
    case = desk.held_by("mia", summary="A vase in pieces")
    closing.resolve(case_id=case.pk, actor=desk.by("mia"), now=NOW, root_cause="carrier", message="We refund it.")
    other = desk.held_by("jon", summary="Another vase in pieces")
    problems: list[str] = []

    mia = arrive("mia")
    mia.page.goto(f"{mia.url}{case.get_absolute_url()}")
    mia.box("Precedents").get_by_role("link", name="Archive this decision").click()
    problems += found(mia, "archiving", "light")
    for name, label in LABELS.items():
        mia.page.get_by_label(label, exact=True).fill(TEXTS[name])
    mia.page.get_by_label("What came of it").fill("Jane Roe was glad.")
    mia.main.get_by_role("button", name="Archive").click()
    mia.reads("Leave out “Jane Roe”: it names somebody.")
    problems += found(mia, "refused", "light")
    mia.page.get_by_label("What came of it").fill(TEXTS["outcome"])
    mia.main.get_by_role("button", name="Archive").click()
    mia.is_told("Archived.")

    jon = arrive("jon")
    jon.page.goto(f"{jon.url}{other.get_absolute_url()}")
    jon.box("Precedents").get_by_role("link", name=TEXTS["title"]).click()
    jon.reads(TEXTS["reasoning"])
    problems += found(jon, "precedent", "light")

    ana = arrive("ana", color_scheme="dark", viewport={"width": 360, "height": 740})
    ana.page.goto(f"{ana.url}/playbook/precedents/")
    problems += found(ana, "precedents on a phone", "dark")
    ana.page.get_by_label("Search").fill("loosely")
    ana.main.get_by_role("button", name="Show").click()
    ana.main.get_by_role("link", name=TEXTS["title"]).click()
    ana.main.get_by_role("link", name="Overturn", exact=True).click()
    problems += found(ana, "overturning", "dark")
    ana.page.get_by_label("Why", exact=True).fill("Carriers pay for glass now.")
    ana.main.get_by_role("button", name="Overturn").click()
    ana.is_told("Overturned.")
    ana.reads("Carriers pay for glass now.")
    assert ana.fits()
    expect(ana.main.get_by_role("link", name="Overturn", exact=True)).to_have_count(0)
    problems += found(ana, "overturned", "dark")
    assert not problems, "\n".join(problems)
