"""A council member writes a draft: a target that comes out wrong and is put right, a case that is tried, a condition
that is built by keys alone and read back; and then it is proposed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from escalations.models import User
from escalations.services.roles import group_of
from governance.models import Proposal
from playbook.models import Edition, Entry
from tests.governance.publishing import in_force
from tests.journeys.somebody import PASSWORD
from tests.journeys.test_accessible import found

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Wall
    from tests.journeys.somebody import Somebody

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def line_of(who: Somebody, name: str) -> Locator:
    """A row in the draft's list, by the link to its page."""
    return who.main.get_by_role("listitem").filter(has=who.page.get_by_role("link", name=name, exact=True))


def open_row(who: Somebody, section: str, name: str) -> None:
    """From the draft to the page of one of its rows."""
    group = who.main.get_by_role("group").filter(has_text=re.compile(rf"^\s*{section}\b"))
    if group.get_attribute("open") is None:
        group.get_by_text(section, exact=True).click()
    group.get_by_role("link", name=name, exact=True).click()
    expect(who.main.get_by_role("heading", name=name, level=1)).to_be_visible()


def save(who: Somebody, why: str) -> None:
    """Save the row that is open, with a reason; the draft is there again."""
    who.main.get_by_label("Why").fill(why)
    who.main.get_by_role("button", name="Save the row").click()
    expect(who.page.get_by_role("navigation", name="Parts of this draft")).to_be_visible()


def tab_to(who: Somebody, target: Locator, key: str = "Tab") -> None:
    """Press Tab until something has the focus, and see that it has."""
    for _press in range(80):
        who.page.keyboard.press(key)
        if target.evaluate("node => node === document.activeElement"):
            assert who.focus_is_seen()
            return
    raise AssertionError(f"Tab does not come to {target}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_from_the_version_in_force_to_a_proposal(wall: Wall, arrive: Arrive, scheme: str) -> None:
    in_force()
    person = User.objects.create_user("ana", "ana@desk.example", PASSWORD, is_staff=True)
    person.groups.add(group_of("council"))
    problems = []
    ana = arrive("ana", color_scheme=scheme, **(PHONE if scheme == "dark" else {}))

    def looks(where: str) -> None:
        problems.extend(found(ana, where, scheme))
        assert ana.fits(), where

    # ----------------------------------------------------------------------------------- a copy of what is in force
    ana.page.goto(f"{ana.url}/admin/playbook/edition/")
    ana.main.get_by_role("link", name="Begin a draft").click()
    ana.reads("It begins as version 1, which is in force now.")
    looks("beginning a draft")
    ana.page.get_by_label("Working title").fill("Late orders")
    ana.main.get_by_role("button", name="Begin the draft").click()
    expect(ana.main.get_by_role("heading", name="Late orders", level=1)).to_be_visible()
    looks("a draft")
    edition = Edition.objects.get(title="Late orders")

    # ---------------------------------------------------------------------- a target, first wrong and then put right
    open_row(ana, "Categories", "Late order")
    looks("a category's form")
    answer = ana.main.get_by_role("group", name="Targets").get_by_label("First answer")
    answer.fill("4 h")
    ana.main.get_by_label("Why").fill("Late orders need more care.")
    ana.main.get_by_role("button", name="Save the row").click()
    ana.reads(re.compile("Say which time counts"))
    expect(answer).to_have_attribute("aria-invalid", "true")
    expect(ana.main.get_by_label("Why")).to_have_value("Late orders need more care.")
    looks("a category's form, with an error")
    answer.fill("20 h business")
    save(ana, "Late orders need more care.")
    late = line_of(ana, "Late order")
    ana.reads("changed", "Late orders need more care.", re.compile("comes after resolution"), inside=late)
    looks("a draft with a finding")
    ana.main.get_by_role("link", name="Only with findings").click()
    late.get_by_role("link", name="Late order").click()
    ana.reads(re.compile("comes after resolution"))
    answer.fill("2 h business")
    save(ana, "Two hours is what we can do.")
    expect(late).to_contain_text("Two hours is what we can do.")
    expect(ana.main.get_by_text(re.compile("comes after resolution"))).to_have_count(0)
    kept = Entry.objects.get(edition=edition, section="categories", key="order.late")
    assert kept.says["targets"] == {"first_response": {"business": "PT2H"}}

    # -------------------------------------------------------------------------- a case, beside the version in force
    ana.page.get_by_role("navigation", name="Parts of this draft").get_by_role("link", name="Try it").click()
    looks("trying")
    ana.page.get_by_label("Category").select_option("order.late")
    ana.page.get_by_label("Region").select_option("Germany")
    ana.main.get_by_role("button", name="Try it").click()
    row = ana.main.get_by_role("row").filter(has_text="First answer within")
    ana.reads("differs", "2 business hours", "4 business hours", inside=row)
    looks("a case tried")

    # --------------------------------------------------------------------------------------- a condition, by keys alone
    ana.page.get_by_role("navigation", name="Parts of this draft").get_by_role("link", name="Rows").click()
    open_row(ana, "Rules", "Large")
    by_keys(ana)
    kept = Entry.objects.get(edition=edition, section="rules", key="large")
    assert kept.says["when"] == {"any": [{"fact": "value", "gte": 100}, {"fact": "party_kind", "eq": "seller"}]}
    ana.main.get_by_role("link", name="Large", exact=True).click()
    ana.reads("It applies when value is at least 100 or party is seller.")
    looks("a rule's form")
    ana.page.go_back()

    # ----------------------------------------------------------------------------------------------- what it changes
    tabs = ana.page.get_by_role("navigation", name="Parts of this draft")
    tabs.get_by_role("link", name="What it changes").click()
    ana.reads("2 changes", "Two hours is what we can do.", "And all sellers.")
    looks("what it changes")
    ana.main.get_by_role("link", name="Propose…").click()
    ana.reads("Two hours is what we can do.", "And all sellers.")
    ana.page.get_by_label("Why the change is wanted").fill("Buyers of late parcels wait longest.")
    ana.main.get_by_role("button", name="Propose").click()
    ana.is_told("Proposed.")
    assert (Proposal.objects.get().edition_id, Proposal.objects.get().proposed_by) == (edition.pk, person)
    assert not problems, "\n".join(problems)


def by_keys(who: Somebody) -> None:
    """Let the rule that is open hold for sellers as well, without a mouse. What is added has the focus at once."""
    keys = who.page.keyboard
    when = who.main.get_by_role("group", name="When")
    who.reads("It applies when value is at least 100.", inside=when)
    for _twice in range(2):  # one too many, which goes again
        tab_to(who, when.get_by_role("button", name="Add a comparison"))
        keys.press("Enter")
        facts = when.get_by_role("combobox", name="Fact")
        expect(facts.last).to_be_focused()
    expect(facts).to_have_count(3)
    tab_to(who, when.get_by_role("button", name="Take this comparison away").last)
    keys.press("Enter")
    expect(facts).to_have_count(2)
    expect(when.get_by_role("button", name="Add a comparison")).to_be_focused()
    tab_to(who, facts.last, "Shift+Tab")
    keys.type("par")  # the first that begins so is the party
    expect(facts.last).to_have_value("party_kind")
    value = when.get_by_role("combobox", name="With")
    expect(value).to_be_visible()  # what follows fits the fact: there is something to choose, and no field to type into
    expect(facts.last).to_be_focused()
    tab_to(who, value)
    keys.type("sel")
    together = when.get_by_role("combobox", name="How its parts count")
    tab_to(who, together, "Shift+Tab")
    keys.type("at least")
    expect(together).to_have_value("any")
    tab_to(who, who.main.get_by_label("Why"))
    keys.type("And all sellers.")
    tab_to(who, who.main.get_by_role("button", name="Save the row"))
    keys.press("Enter")
    expect(who.page.get_by_role("navigation", name="Parts of this draft")).to_be_visible()
