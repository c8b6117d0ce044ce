"""What axe-core finds on the pages that people live on: nothing serious, in light and in dark."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from escalations.services import links, replies
from tests.factories.desk import NOW, Desk

if TYPE_CHECKING:
    from tests.browser import Watch
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Wall
    from tests.journeys.somebody import Somebody

DAY = dt.timedelta(days=1)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Dark differs from light in its colours alone.
RULES: dict[str, dict[str, Any]] = {
    "light": {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},
}


def found(who: Somebody, where: str, scheme: str, *, desk: bool = True) -> list[str]:
    """What stands in somebody's way on the page that is open, as sentences. Pages of the desk say that they are dark;
    others follow the system in their styles."""
    who.page.wait_for_load_state()
    assert not desk or ("dark" in (who.page.locator("html").get_attribute("class") or "")) == (scheme == "dark")
    results: dict[str, Any] = Axe().run(who.page, options=RULES[scheme]).response
    assert "color-contrast" in {rule["id"] for rule in results["passes"]}, "axe looked at the page"
    return [
        f"{where}: {item['id']} ({item['impact']}): {item['help']}: {node['html'][:160]} {node['failureSummary']}"
        for item in results["violations"]
        for node in item["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way(wall: Wall, desk: Desk, arrive: Arrive, watch: Watch, scheme: str) -> None:
    watch.expect("422")  # the party sends nothing
    desk.held_by("leo", category="seller", symptom="other", summary="A payout is missing")
    desk.held_by("pia", category="seller", symptom="other", summary="The shop's name is wrong")
    desk.open(category="seller", symptom="other", summary="Fees were charged twice", assign=False)
    wall.put_forward(hours=8)  # something is late by now
    problems = []

    somebody = arrive(color_scheme=scheme)
    problems += found(somebody, "sign-in", scheme)
    somebody.sign_in("leo")
    somebody.reads("Radar")
    problems += found(somebody, "home of a lead", scheme)
    somebody.main.get_by_role("link", name="My own work").click()
    somebody.reads("My team's queue")
    problems += found(somebody, "home of an agent", scheme)
    somebody.follow("Cases")
    problems += found(somebody, "cases", scheme)
    somebody.open_case("A payout is missing")
    problems += found(somebody, "case, brief", scheme)
    for tab in ("Timeline", "Evidence", "Why here"):
        somebody.open_tab(tab)
        problems += found(somebody, f"case, {tab}", scheme)
    somebody.begin("Reply")
    problems += found(somebody, "case, reply", scheme)
    problems += the_partys_page(somebody, desk, scheme)
    assert not problems, "\n".join(problems)


def the_partys_page(somebody: Somebody, desk: Desk, scheme: str) -> list[str]:
    """The page that a party follows their case on, without a mouse; and a link that opens nothing."""
    case = desk.held_by("pia", category="seller", symptom="other", summary="The shop is closed")
    replies.respond(case_id=case.pk, actor=desk.by("pia"), now=NOW, body="Which shop?", promise_due=NOW + DAY)
    where = urlsplit(links.link_for(case=case, party_id=case.party_id, now=NOW)).path
    page = somebody.page
    page.goto(f"{somebody.url}{where}?lang=en")
    problems = found(somebody, "page of a party", scheme, desk=False)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Go to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")  # nothing is written yet
    assert page.get_by_role("alert").is_visible()
    problems += found(somebody, "page of a party, with an error", scheme, desk=False)
    page.get_by_label("Your message").focus()
    page.keyboard.type("The one in Berlin")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.get_by_text("Thank you. Your message has arrived.").is_visible()
    problems += found(somebody, "page of a party, sent", scheme, desk=False)
    assert page.get_by_role("list").get_by_text("The one in Berlin").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return problems
