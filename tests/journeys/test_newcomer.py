"""Somebody new: from the first sign-in to the first drill that is passed, and the lead who sees how far they are."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from escalations.models import Level, Membership, PolicyVersion, Team, User
from escalations.services.roles import follow, group_of
from playbook.models import DrillCard
from playbook.selectors import onboarding as reads
from tests.journeys.somebody import PASSWORD
from tests.journeys.test_accessible import found

if TYPE_CHECKING:
    from tests.browser import Watch
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Wall
    from tests.journeys.somebody import Somebody

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def person(name: str, role: str) -> User:
    made = User.objects.create_user(name, f"{name}@desk.example", PASSWORD, first_name=name.title())
    made.groups.add(group_of(role))
    follow(made)
    return made


@pytest.fixture
def version(wall: Wall) -> PolicyVersion:
    """The starter playbook in force, Noa who begins tomorrow, and Dora who leads where she will work."""
    call_command("install_playbook", "--preset", "team", verbosity=0)
    person("noa", "onboarding")
    Membership.objects.create(
        person=person("dora", "lead"), team=Team.objects.get(key="delivery"), level=Level.objects.get(key="L2"),
        leads=True, starts_at=wall.now - dt.timedelta(days=100),
    )  # fmt: skip
    return PolicyVersion.objects.get()


def answer(who: Somebody, wall: Wall, version: PolicyVersion, *, wrong: str = "") -> None:
    """Answer the drill that is open as the engine would, but for the one that is asked about `wrong`."""
    topic = who.page.url.rstrip("/").rpartition("/")[2]
    met = reads.drill_for(User.objects.get(username="noa"), topic, version, classes=(), now=wall.now)
    assert met is not None
    for question in met[0].questions:
        taken = question.right
        if question.asked == wrong:
            taken = next(choice.key for choice in question.choices if choice.key != question.right)
        who.main.locator(f'input[name="{question.asked}"][value="{taken}"]').check()
    with who.page.expect_navigation():
        who.main.get_by_role("button", name="Answer").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_from_the_first_sign_in_to_a_passed_drill(
    wall: Wall, version: PolicyVersion, arrive: Arrive, watch: Watch, scheme: str
) -> None:
    """In dark on a phone, where nothing is wider than the screen either."""
    watch.expect("422")  # a drill is sent without an answer
    problems = []
    noa = arrive(color_scheme=scheme, **(PHONE if scheme == "dark" else {}))

    def looks(where: str) -> None:
        problems.extend(found(noa, where, scheme))
        assert noa.fits(), where

    noa.page.goto(f"{noa.url}/accounts/login/")
    looks("sign-in")
    noa.sign_in("noa")
    noa.reads("You are signed in as Noa", "Reads the pages of the playbook before they start")
    looks("welcome")

    # ------------------------------------------------------------------------------------------- a team and a region
    noa.main.get_by_role("link", name="Your onboarding").click()
    noa.reads("Welcome. Where do you begin?")
    looks("choosing")
    noa.page.get_by_label("Region").select_option("Germany")
    noa.main.get_by_role("button", name="Begin").click()
    noa.reads("Choose a team of the playbook")
    expect(noa.page.get_by_label("Region")).to_have_value("eu-de")
    noa.page.get_by_label("Team").select_option("Delivery and returns")
    noa.main.get_by_role("button", name="Begin").click()
    noa.reads("Delivery and returns, Germany.")
    looks("track")

    # --------------------------------------------------------------------------------------------------- a first page
    begun = noa.box("Next")
    noa.reads("Start here", inside=begun)
    begun.get_by_role("link", name="Read", exact=True).click()
    expect(noa.main.get_by_role("heading", name="Start here", level=1)).to_be_visible()
    looks("a guide")
    noa.page.go_back()
    noa.box("Next").get_by_role("button", name="I have read it").click()
    noa.reads("1 of ")
    expect(noa.box("Next").get_by_text("Start here")).to_have_count(0)

    # ------------------------------------------------------------------------------------- a drill, and not all right
    drills = noa.main.get_by_role("group").filter(has=noa.page.get_by_role("heading", name="Practise"))
    first = drills.get_by_role("link").first
    name = first.inner_text()
    first.click()
    expect(noa.main.get_by_role("heading", name=name, level=1)).to_be_visible()
    looks("a drill")
    noa.main.get_by_role("button", name="Answer").click()
    noa.reads("Choose an answer.")
    looks("a drill, unanswered")
    answer(noa, wall, version, wrong="owner")
    noa.reads("Not all of it. Read why, and try again", "wrong", inside=noa.main)
    noa.reads("Why the engine says so")
    expect(noa.box("Why the engine says so").get_by_role("paragraph").first).to_be_visible()
    looks("a drill, missed")
    noa.main.get_by_role("link", name="Back to your track").click()
    noa.reads("1 of ")

    # --------------------------------------------------------------------- it comes back with another case, and passes
    wall.put_forward(minutes=11)
    noa.page.reload()
    noa.reads(name, "once more", inside=noa.box("Next"))
    looks("track, once more")
    noa.box("Next").get_by_role("link", name="Practise").click()
    answer(noa, wall, version)
    noa.reads("All of it is right.", "right")
    looks("a drill, passed")
    noa.main.get_by_role("link", name="Back to your track").click()
    noa.reads("2 of ")
    assert list(DrillCard.objects.values_list("person__username", "seen", "box")) == [("noa", 2, 1)]

    # ---------------------------------------------------------------------------------------------- her lead sees it
    dora = arrive("dora", color_scheme=scheme)
    dora.follow("Playbook")
    dora.follow("Onboarding")
    dora.page.get_by_label("Team").select_option("Delivery and returns")
    dora.page.get_by_label("Region").select_option("Germany")
    dora.main.get_by_role("button", name="Begin").click()
    dora.main.get_by_role("link", name="How far your people are").click()
    row = dora.main.get_by_role("row").filter(has_text="Noa")
    expect(row.get_by_role("cell").nth(0)).to_have_text("Delivery and returns")
    expect(row.get_by_role("cell").nth(1)).to_contain_text("2/")
    expect(row.get_by_role("cell").nth(2)).to_have_text("1")
    problems += found(dora, "how far people are", scheme)
    assert not problems, "\n".join(problems)
