"""The first page that anybody sees: no error in the console, nothing that the content policy refuses, fits a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from escalations.models import User
from tests.browser import PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "a long day at the desk"


@pytest.fixture
def mia() -> User:
    return User.objects.create_user("mia", "mia@example.test", PASSWORD, is_staff=True)


def sign_in(page: Page, url: str, password: str) -> None:
    page.goto(url)
    page.get_by_label("Username").fill("mia")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_signing_in(live_server: Any, page: Page, mia: User) -> None:
    sign_in(page, live_server.url, PASSWORD)
    page.wait_for_url(f"{live_server.url}/admin/")
    assert User.objects.get(pk=mia.pk).last_login is not None


def test_a_wrong_password_is_said_and_the_name_is_kept(live_server: Any, page: Page, mia: User) -> None:
    sign_in(page, live_server.url, "something else")
    assert "The username or the password is wrong." in page.locator("form, main, body").first.inner_text()
    assert page.get_by_label("Username").input_value() == "mia"


class TestOnAPhone:
    @pytest.fixture
    def browser_options(self) -> dict[str, Any]:
        return {"viewport": PHONE, "locale": "de-DE", "is_mobile": True, "has_touch": True}

    def test_the_page_fits_and_speaks_the_readers_language(self, live_server: Any, page: Page) -> None:
        page.goto(f"{live_server.url}/admin/login/")
        assert page.locator("html").get_attribute("lang") == "de"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
