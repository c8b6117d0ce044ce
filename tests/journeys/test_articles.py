"""The knowledge base at a browser: one writes, another reviews, a third finds it and says that it was not clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.factories.desk import Desk
from tests.journeys.test_accessible import found

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Wall

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_article_is_written_reviewed_found_and_judged(wall: Wall, desk: Desk, arrive: Arrive, scheme: str) -> None:
    problems = []
    mia = arrive("mia", color_scheme=scheme)
    mia.page.goto(f"{mia.url}/playbook/articles/")
    problems += found(mia, "an empty shelf", scheme)
    mia.main.get_by_role("link", name="Write an article").click()
    problems += found(mia, "writing", scheme)
    mia.page.get_by_label("Title").fill("Damaged parcels")
    mia.page.get_by_label("Text").fill("Ask for a photo within {target:order.damaged first_response}.")
    mia.page.get_by_label("Key").fill("damaged-parcels")
    mia.main.get_by_role("button", name="Preview").click()
    expect(mia.main.get_by_text("Ask for a photo within 4 working hours.")).to_be_visible()
    problems += found(mia, "preview", scheme)
    mia.main.get_by_role("button", name="Keep and put forward").click()
    expect(mia.main.get_by_text("Put forward.")).to_be_visible()

    ana = arrive("ana", color_scheme=scheme)
    ana.page.goto(f"{ana.url}/playbook/articles/")
    ana.main.get_by_role("link", name="Damaged parcels").click()
    problems += found(ana, "review", scheme)
    ana.main.get_by_role("button", name="Approve").click()
    expect(ana.main.get_by_text("Approved.")).to_be_visible()

    phone = arrive(
        "jon", color_scheme=scheme, viewport={"width": 360, "height": 740}, java_script_enabled=scheme == "dark"
    )
    phone.page.goto(f"{phone.url}/playbook/articles/")
    phone.page.get_by_label("Search").fill("photo")
    phone.main.get_by_role("button", name="Show").click()
    phone.main.get_by_role("link", name="Damaged parcels").click()
    phone.page.get_by_label("No", exact=True).check()
    phone.main.get_by_role("button", name="Send").click()
    expect(phone.main.get_by_text("Say in a few words what was not clear")).to_be_visible()
    phone.page.get_by_label("No", exact=True).check()
    phone.page.get_by_label("In a few words").fill("Of what?")
    phone.main.get_by_role("button", name="Send").click()
    expect(phone.main.get_by_text("Thank you.")).to_be_visible()
    if scheme == "dark":
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        problems += found(phone, "article on a phone", scheme)
    assert not problems, "\n".join(problems)
