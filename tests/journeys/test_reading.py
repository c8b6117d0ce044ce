"""The playbook is read: contents, a category here and there, search, older versions, what changed, and what is kept
back from whom; on every kind of page axe finds nothing, and paper gets the words without the ways around."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from playbook import presets
from playbook.core.compiling import with_horizon
from playbook.core.reading import read
from tests.journeys.test_accessible import found
from tests.playbook.shelves import compiled, put, reader

if TYPE_CHECKING:
    from playbook.core.source import Source
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Wall
    from tests.journeys.somebody import Somebody

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SECRET = "From fifty accounts on"


def quicker() -> Source:
    """The starter playbook, with an hour less to answer those whose parcel came damaged."""
    source = with_horizon(read(presets.folder("team")), range(2025, 2030))
    category = source.document["policy"]["central"]["categories"]["order.damaged"]
    category["targets"] = {**category.get("targets", {}), "first_response": {"business": "PT3H"}}
    source.document["scenarios"] = []  # one of them counts on the hour
    return source


class Eyes:
    """Somebody who looks at each page for what stands in one's way, and on a phone whether it fits."""

    def __init__(self, who: Somebody, scheme: str) -> None:
        self.who, self.scheme, self.problems = who, scheme, list[str]()

    def look(self, where: str) -> None:
        self.problems += found(self.who, where, self.scheme)
        assert self.who.fits(), where

    def go(self, name: str, heading: str | None = None) -> None:
        """Follow a link of the page and look at what is there."""
        self.who.main.get_by_role("link", name=name, exact=True).first.click()
        expect(self.who.main.get_by_role("heading", name=heading or name, level=1)).to_be_visible()
        self.look(heading or name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_playbook_is_read(wall: Wall, arrive: Arrive, scheme: str) -> None:
    put(compiled("team"), at=wall.now - dt.timedelta(days=30))
    put(quicker(), at=wall.now - dt.timedelta(days=1), number=2)
    reader("nora", "agent")
    reader("tia", "specialist", "fraud")
    options: dict[str, Any] = {"color_scheme": scheme, **(PHONE if scheme == "dark" else {})}
    nora = arrive("nora", **options)
    eyes = Eyes(nora, scheme)
    nora.page.goto(f"{nora.url}/playbook/")
    nora.reads("The page you read is the rule that runs.")
    eyes.look("contents")

    # ------------------------------------------------------------------------------ a category, and elsewhere
    eyes.go("Arrived damaged")
    nora.reads("Delivery and returns", "L1 Specialist", inside=nora.main.get_by_role("region", name="Who", exact=True))
    expect(nora.main.get_by_role("img", name="Ladder: Standard, 24, 48 and 72 hours")).to_be_visible()
    nora.reads("3 working hours", inside=nora.box("By when"))
    nora.page.get_by_label("As it holds in").select_option("Japan")
    nora.main.get_by_role("button", name="Show").click()
    nora.reads("As it holds in: Japan.")
    nora.reads("2 working hours", inside=nora.box("By when"))
    eyes.look("a category in Japan")
    nora.main.get_by_role("link", name="As it holds everywhere else").click()
    nora.reads("3 working hours", inside=nora.box("By when"))
    problems = on_paper(nora, scheme)

    # ------------------------------------------------------------------------------------------------------- search
    nora.page.get_by_role("searchbox", name="Search the playbook").fill("parcel damaged")
    nora.page.keyboard.press("Enter")
    nora.reads("What the playbook says about “parcel damaged”")
    eyes.look("search")
    eyes.go("Arrived damaged")

    # ------------------------------------------------------------------------- an older version, and the way back
    nora.follow("Versions")
    eyes.look("versions")
    nora.main.get_by_role("link", name="Version 1").click()
    banner = nora.page.get_by_role("note")
    expect(banner).to_contain_text("Version 1 was in force from")
    eyes.look("contents of an older version")
    eyes.go("Arrived damaged")
    expect(banner).to_contain_text("It is not any more.")
    nora.reads("4 working hours", inside=nora.box("By when"))
    banner.get_by_role("link", name="Read the one in force").click()
    expect(banner).to_have_count(0)
    expect(nora.main.get_by_role("heading", name="Arrived damaged", level=1)).to_be_visible()
    nora.reads("3 working hours", inside=nora.box("By when"))

    # -------------------------------------------------------------------------------------------------- what changed
    nora.main.get_by_role("link", name="How this has changed").click()
    nora.reads("How this has changed: Arrived damaged", re.compile("first answer within 4 .*3 business hours"))
    eyes.look("what changed in a category")
    nora.follow("What changed")
    nora.reads("Version 2")
    eyes.look("what changed")

    # ------------------------------------------------------------------------------------------- the rest of the house
    for name in ("Start here", "Japan", "Who owns what", "Teams, levels and roles", "Ladders"):
        nora.follow("Contents")
        eyes.go(name)

    # ----------------------------------------------------------------------------------- what is kept back from whom
    nora.follow("Contents")
    eyes.go("Linked accounts")
    nora.reads("A restricted passage")
    expect(nora.main.get_by_text(SECRET)).to_have_count(0)
    assert SECRET not in nora.page.content()
    tia = arrive("tia", **options)
    tia.page.goto(nora.page.url)
    tia.reads(SECRET)
    problems += eyes.problems + found(tia, "a restricted passage, shown", scheme)
    assert not problems, "\n".join(problems)


def on_paper(who: Somebody, scheme: str) -> list[str]:
    """Print the category that is open: the words are there, the ways around are not, and dark is light on paper."""
    who.page.emulate_media(media="print")
    for gone in ("navigation", "search", "banner", "combobox"):
        expect(who.page.get_by_role(gone)).to_have_count(0)  # what is not shown has no role
    who.reads("As it holds in: Everywhere else.", "3 working hours", "Delivery and returns")
    who.reads("How often", inside=who.box("When clocks may stand still"))  # folded on the screen
    expect(who.page.get_by_text("only the pages on the screen are sure to be in force")).to_be_visible()
    assert who.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    problems = found(who, "on paper", scheme)
    who.page.emulate_media(media="screen")
    return problems
