"""A second factor at a real browser: an app for codes and what it opens; a passkey instead of a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from escalations.models import Case, Channel, Team
from tests.factories.desk import Desk
from tests.journeys.somebody import PASSWORD
from tests.signin.people import code

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Wall

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RING = "A ring of sellers"


@pytest.fixture
def ring(desk: Desk, settings: Any) -> None:
    settings.THROUGHLINE_SECOND_FACTOR = "channels"
    case = desk.open(assign=False, summary=RING)
    fraud, trust = Channel.objects.get(key="fraud"), Team.objects.get(key="trust")
    Case.objects.filter(pk=case.pk).update(channel=fraud, team=trust, assignee=desk.user("tia"))


def test_an_app_for_codes_opens_what_was_hidden(wall: Wall, desk: Desk, ring: None, arrive: Arrive) -> None:
    tia = arrive("tia")
    expect(tia.main.get_by_text(RING)).to_have_count(0)
    notice = tia.page.get_by_role("complementary", name="Second factor")
    expect(notice).to_contain_text("Cases of Brand and Fraud are shown once you sign in with a second factor.")
    notice.get_by_role("link").click()
    tia.page.get_by_role("link", name="Set up an app").click()
    secret = tia.page.locator("#totp-secret").inner_text()
    tia.page.get_by_label("Authenticator code").fill(code(secret))
    tia.page.get_by_role("button", name="Set it up").click()
    expect(tia.page.get_by_role("list", name="Recovery codes").get_by_role("listitem")).to_have_count(10)
    tia.page.get_by_role("link", name="I have kept them").click()
    expect(tia.page.get_by_text("You have used a second factor in this session.")).to_be_visible()
    tia.page.get_by_role("link", name="To the desk").first.click()
    expect(tia.main.get_by_text(RING).first).to_be_visible()

    tia.sign_out("Tia")
    wall.put_forward(minutes=1)
    tia.page.get_by_label("Username").fill("tia")
    tia.page.get_by_label("Password").fill(PASSWORD)
    tia.page.get_by_role("button", name="Sign in", exact=True).click()
    tia.page.get_by_label("Code").fill(code(secret))
    tia.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(tia.main.get_by_text(RING).first).to_be_visible()
    expect(tia.page.get_by_role("complementary", name="Second factor")).to_have_count(0)


def test_a_passkey_instead_of_a_password(wall: Wall, desk: Desk, ring: None, arrive: Arrive) -> None:
    tia = arrive("tia")
    browser = tia.page.context.new_cdp_session(tia.page)
    browser.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
           "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    device = browser.send("WebAuthn.addVirtualAuthenticator", {"options": key})["authenticatorId"]
    tia.page.get_by_role("complementary", name="Second factor").get_by_role("link").click()
    tia.page.get_by_role("link", name="Add a passkey or security key").click()
    tia.page.get_by_label("Name").fill("Tia's laptop")
    expect(tia.page.get_by_label("Sign in with it alone")).to_be_checked()
    tia.page.get_by_role("button", name="Add it").click()
    tia.page.get_by_role("link", name="I have kept them").click()
    expect(tia.page.get_by_text("Tia's laptop")).to_be_visible()
    tia.page.get_by_role("link", name="To the desk").first.click()
    expect(tia.main.get_by_text(RING).first).to_be_visible()

    tia.sign_out("Tia")
    # A key that has not checked who touches it is none.
    browser.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    tia.page.get_by_role("button", name="Sign in with a passkey").click()
    expect(tia.page.get_by_text("That did not work.")).to_be_visible()
    browser.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    tia.page.get_by_role("button", name="Sign in with a passkey").click()
    expect(tia.main.get_by_text(RING).first).to_be_visible()
