"""The pages in a real browser: keys, drafts that survive, partial updates, a phone, contrast, life without scripts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from escalations.core.actor import Actor
from escalations.models import Case, Heartbeat, Message
from escalations.services import assignment, replies
from tests.browser import DESKTOP, PHONE, Watch
from tests.core.policies import market_document
from tests.factories.desk import Desk

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCRIPTS = Path(__file__).resolve().parents[1] / "data" / "page_checks.js"


def checked(page: Page, what: str) -> Any:
    """Run one of the checks of tests/data/page_checks.js in the page."""
    return page.evaluate(f"(() => {{ {SCRIPTS.read_text(encoding='utf-8')}; return {what}(); }})()")


@pytest.fixture
def now_desk(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The small desk at the real time: a browser has no other."""
    from tests.factories import desk as factory
    from tests.governance.publishing import trusting

    now = timezone.now().replace(microsecond=0)
    monkeypatch.setattr(factory, "NOW", now)
    with trusting("test") as kept:
        made = Desk(kept)
        made.now = now
        Heartbeat.objects.create(name="worker", at=now)
        Heartbeat.objects.create(name="sweep", at=now)
        yield made


def opened(desk: Desk, number: int = 1, **more: Any) -> Case:
    party = {"kind": "buyer", "name": f"Buyer {number}", "external_id": f"B-{number}"}
    return desk.open(at=desk.now, assign=False, party=party, **more)


def held(desk: Desk, name: str, number: int = 1, **more: Any) -> Case:
    case = opened(desk, number, **more)
    return assignment.assign(
        case_id=case.pk, actor=Actor.worker("assignment"), now=desk.now, person_id=desk.user(name).pk
    )


@pytest.fixture
def signed_in(browser_context: BrowserContext, live_server: Any, now_desk: Desk) -> Any:
    """Sign somebody in without clicking through the login, which has tests of its own."""

    def sign_in(name: str) -> str:
        client = Client()
        client.force_login(now_desk.user(name))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        browser_context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": live_server.url}]
        )
        return str(live_server.url)

    return sign_in


def case_page(url: str, case: Case, more: str = "change/") -> str:
    return f"{url}/admin/escalations/case/{case.pk}/{more}"


def test_a_case_is_worked_with_the_keys_alone(page: Page, signed_in: Any, now_desk: Desk) -> None:
    opened(now_desk, 1, summary="The first vase")
    second = opened(now_desk, 2, summary="The second vase")
    url = signed_in("mia")
    page.goto(f"{url}/admin/escalations/case/?sort=newest")
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url(f"**/case/{second.pk}/change/")
    page.keyboard.press("t")
    page.get_by_text("It is yours.").wait_for()
    page.keyboard.press("r")
    page.wait_for_function("document.activeElement.id === 'act_body'")
    page.keyboard.type("We look at it today.")
    page.keyboard.press("Control+Enter")
    page.get_by_text("Sent to the party.").wait_for()
    assert Message.objects.get(case=second).body == "We look at it today."
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url(f"{url}/admin/")
    page.keyboard.press("?")
    assert page.locator("dialog#help").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type(second.reference)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/case/{second.pk}/change/")


def test_a_draft_survives_closing_a_stale_save_and_an_expired_session(
    page: Page, signed_in: Any, now_desk: Desk, watch: Watch, browser_context: BrowserContext, live_server: Any
) -> None:
    case = held(now_desk, "mia")
    url = signed_in("mia")
    page.goto(case_page(url, case))
    page.keyboard.press("r")
    page.locator("#act_body").fill("Half a page of careful words.")
    page.keyboard.press("Escape")
    assert page.locator("#act .act").count() == 0
    page.keyboard.press("r")
    page.get_by_text("What you had typed here is back.").wait_for()
    assert page.locator("#act_body").input_value() == "Half a page of careful words."

    browser_context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.get_by_role("button", name="Send to the party").click()
    page.wait_for_url("**/accounts/login/**")
    page.get_by_label("Username").fill("mia")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/act/reply/")
    assert page.locator("#act_body").input_value() == "Half a page of careful words."

    replies.note(case_id=case.pk, actor=now_desk.by("jon"), now=timezone.now(), body="The carrier has called.")
    watch.expect("409")
    page.get_by_role("button", name="Send to the party").click()
    page.get_by_role("alert").get_by_text("The carrier has called.").wait_for()
    assert page.locator("#act_body").input_value() == "Half a page of careful words."
    page.get_by_role("button", name="Send to the party").click()
    page.get_by_text("Sent to the party.").wait_for()
    assert Message.objects.get(case=case).body == "Half a page of careful words."
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('desk-draft:'))") == []
    assert "done=" not in page.url


def test_signing_out_leaves_no_words_in_the_browser(page: Page, signed_in: Any, now_desk: Desk) -> None:
    case = held(now_desk, "mia")
    page.goto(case_page(signed_in("mia"), case, "act/note/"))
    page.locator("#act_body").fill("For colleagues only.")
    assert page.evaluate("JSON.stringify(localStorage)").count("colleagues")
    page.locator(".user-opener").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/**")
    assert "colleagues" not in page.evaluate("JSON.stringify(localStorage)")


def test_tabs_and_forms_come_as_parts_and_have_addresses(page: Page, signed_in: Any, now_desk: Desk) -> None:
    case = held(now_desk, "mia")
    page.goto(case_page(signed_in("mia"), case))
    page.evaluate("window.samePage = true")
    page.get_by_role("link", name="Why here").click()
    page.get_by_text("no rule matched").wait_for()
    page.get_by_role("link", name="Pause", exact=True).click()
    page.get_by_text("Waiting for what").wait_for()
    assert page.url.endswith("/act/pause/")
    assert page.evaluate("window.samePage")
    page.wait_for_function("document.activeElement.closest('.act') !== null")
    page.reload()
    page.get_by_text("Waiting for what").wait_for()
    page.get_by_role("link", name="Resolve", exact=True).click()
    page.get_by_text("What it turned out to be").wait_for()


def test_of_two_parts_asked_for_at_once_the_last_one_is_shown(page: Page, signed_in: Any, now_desk: Desk) -> None:
    """The answer to the first one may come after that to the second."""
    case = held(now_desk, "mia")
    page.goto(case_page(signed_in("mia"), case))
    late: list[Route] = []
    page.route("**/*tab=why", lambda route: late.append(route))
    parts = page.get_by_role("navigation", name="Parts of the case")
    parts.get_by_role("link", name="Why here").click()
    parts.get_by_role("link", name="Messages").click()
    page.wait_for_url("**/*tab=messages")
    with contextlib.suppress(PlaywrightError):  # the browser has given it up
        late[0].continue_()
    page.wait_for_load_state("networkidle")
    expect(parts.get_by_role("link", name="Messages")).to_have_attribute("aria-current", "page")
    assert page.url.endswith("tab=messages")


def test_a_text_of_the_playbook_starts_a_message(page: Page, signed_in: Any, now_desk: Desk) -> None:
    document = market_document()
    document["central"]["messages"] = {
        "update": {"en": {"subject": "{reference}", "body": "About {reference}: {done}. Yours, {leader}"}}
    }
    now_desk.install(document, now=now_desk.now)
    case = held(now_desk, "mia")
    page.goto(case_page(signed_in("mia"), case, "act/reply/"))
    page.get_by_role("button", name="Update").click()
    area = page.locator("#act_body")
    assert area.input_value() == f"About {case.reference}: […]. Yours, Mia"
    page.keyboard.type("refunded")
    assert area.input_value() == f"About {case.reference}: refunded. Yours, Mia", "the gap is typed over"


def test_the_reason_is_told_when_something_cannot_be_done(page: Page, signed_in: Any, now_desk: Desk) -> None:
    case = opened(now_desk)
    page.goto(case_page(signed_in("mia"), case))
    page.keyboard.press("p")
    page.locator("#act").get_by_text("Take it or assign it first").wait_for()


PAGES = ["", "escalations/case/", "case", "act", "escalations/membership/", "escalations/category/"]


def addresses(url: str, case: Case) -> Iterator[str]:
    for name in PAGES:
        if name == "case":
            yield from (case_page(url, case, f"change/?tab={tab}") for tab in ("brief", "timeline", "why", "record"))
        elif name == "act":
            yield from (case_page(url, case, f"act/{act}/") for act in ("reply", "hand-off", "remedy", "facts"))
        else:
            yield f"{url}/admin/{name}"


@pytest.fixture
def busy(now_desk: Desk) -> Case:
    """A desk with something in every meaning: late, soon, calm, critical, restricted."""
    case = held(now_desk, "ana", 1)
    replies.respond(case_id=case.pk, actor=now_desk.by("ana"), now=now_desk.now, body="We look at it.")
    for number, hours in enumerate((-2, 1, 30), 2):
        row = opened(now_desk, number)
        Case.objects.filter(pk=row.pk).update(radar_at=now_desk.now + timedelta(hours=hours), severity_band=number - 1)
    opened(now_desk, 9, category="counterfeit", symptom="copy")
    return case


@pytest.mark.parametrize("scheme", ["light", "dark"])
class TestReadable:
    @pytest.fixture
    def browser_options(self, scheme: str) -> dict[str, Any]:
        return {"viewport": DESKTOP, "locale": "en-GB", "timezone_id": "Europe/Berlin", "color_scheme": scheme}

    def test_contrast_and_names(self, page: Page, signed_in: Any, busy: Case, scheme: str) -> None:
        url = signed_in("ana")
        for address in addresses(url, busy):
            page.goto(address)
            page.wait_for_function("window.Alpine !== undefined")
            assert page.evaluate("document.documentElement.classList.contains('dark')") is (scheme == "dark")
            assert checked(page, "poorContrast") == [], address
            assert checked(page, "nameless") == [], address
            assert page.locator("h1").count() == 1, address


class TestOnAPhone:
    @pytest.fixture
    def browser_options(self) -> dict[str, Any]:
        return {"viewport": PHONE, "locale": "en-GB", "is_mobile": True, "has_touch": True}

    def test_no_page_is_wider_than_the_phone(self, page: Page, signed_in: Any, busy: Case) -> None:
        url = signed_in("ana")
        for address in addresses(url, busy):
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address

    def test_a_case_is_answered_by_touch(self, page: Page, signed_in: Any, now_desk: Desk) -> None:
        case = held(now_desk, "mia")
        page.goto(f"{signed_in('mia')}/admin/")
        page.get_by_role("link", name="The vase arrived in pieces").tap()
        page.get_by_role("link", name="Reply", exact=True).tap()
        page.locator("#act_body").fill("On my way.")
        page.get_by_role("button", name="Send to the party").tap()
        page.get_by_text("Sent to the party.").wait_for()
        assert Message.objects.filter(case=case).count() == 1


class TestTwiceAsLarge:
    """200 % zoom of a laptop is half its width."""

    @pytest.fixture
    def browser_options(self) -> dict[str, Any]:
        return {"viewport": {"width": 683, "height": 384}, "locale": "en-GB", "device_scale_factor": 2}

    def test_nothing_is_cut_off(self, page: Page, signed_in: Any, busy: Case) -> None:
        url = signed_in("ana")
        for address in addresses(url, busy):
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= 683, address


class TestWithoutScripts:
    @pytest.fixture
    def browser_options(self) -> dict[str, Any]:
        return {"viewport": DESKTOP, "locale": "en-GB", "java_script_enabled": False}

    def test_a_case_is_taken_answered_and_handed_off(self, page: Page, signed_in: Any, now_desk: Desk) -> None:
        case = opened(now_desk)
        page.goto(f"{signed_in('mia')}/admin/")
        page.get_by_role("link", name="The vase arrived in pieces").click()
        page.get_by_role("button", name="Take").click()
        page.get_by_role("link", name="Reply", exact=True).click()
        page.locator("#act_body").fill("We look at it today.")
        page.get_by_role("button", name="Send to the party").click()
        page.get_by_role("link", name="Hand off").click()
        page.locator("#act_to").select_option(label="Payments: whoever is free")
        page.locator("#act_note").fill("Please refund.")
        page.get_by_role("button", name="Hand off").click()
        case.refresh_from_db()
        assert case.team.key == "payments"
        assert Message.objects.get(case=case).body == "We look at it today."
