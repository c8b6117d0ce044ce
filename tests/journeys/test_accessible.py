"""What axe-core finds on the pages that people live on: nothing serious, in light and in dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.factories.desk import Desk

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Wall
    from tests.journeys.somebody import Somebody

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Dark differs from light in its colours alone.
RULES: dict[str, dict[str, Any]] = {
    "light": {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},
}


def found(who: Somebody, where: str, scheme: str) -> list[str]:
    """What stands in somebody's way on the page that is open, as sentences."""
    who.page.wait_for_load_state()
    assert ("dark" in (who.page.locator("html").get_attribute("class") or "")) == (scheme == "dark")
    results: dict[str, Any] = Axe().run(who.page, options=RULES[scheme]).response
    assert "color-contrast" in {rule["id"] for rule in results["passes"]}, "axe looked at the page"
    return [
        f"{where}: {item['id']} ({item['impact']}): {item['help']}: {node['html'][:160]} {node['failureSummary']}"
        for item in results["violations"]
        for node in item["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way(wall: Wall, desk: Desk, arrive: Arrive, scheme: str) -> None:
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
    assert not problems, "\n".join(problems)
