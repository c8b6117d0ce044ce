"""A real browser, for tests marked ``browser``: Chromium as the system has it, driven by playwright.

``page`` is a fresh page that watches itself: at the end of the test it fails on errors in the console, on
exceptions in scripts, on requests that got no answer and on answers of 400 and above. A test that provokes one on
purpose says so: ``watch.expect("403")``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 760}


def find_chromium() -> str | None:
    """Return the path of the browser: THROUGHLINE_CHROMIUM, or the first known name on the PATH."""
    if named := os.environ.get("THROUGHLINE_CHROMIUM"):
        return named if Path(named).exists() else None
    return next((path for path in map(shutil.which, NAMES) if path), None)


def why_not() -> str | None:
    """Return why there is no browser here, or None when there is one."""
    if find_chromium():
        return None
    return "Chromium is not found (Debian: apt-get install chromium; elsewhere set THROUGHLINE_CHROMIUM)"


@dataclass
class Watch:
    """What went wrong on a page, except what the test said it expects."""

    seen: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, part: str) -> None:
        """Let pass every problem whose text contains ``part``."""
        self.expected.append(part)

    @property
    def problems(self) -> list[str]:
        """What was seen and not expected."""
        return [text for text in self.seen if not any(part in text for part in self.expected)]

    def follow(self, page: Page) -> None:
        """Listen to ``page`` from now on."""

        def console(message: ConsoleMessage) -> None:
            # A part of a page that was asked for in vain, since another was asked for meanwhile: as with ERR_ABORTED.
            if message.type == "error" and message.text not in ("htmx:sendAbort", "htmx:afterRequest"):
                self.seen.append(f"console: {message.text} at {message.location.get('url', '?')}")

        def response(answer: Response) -> None:
            if answer.status >= 400:
                self.seen.append(f"answer {answer.status}: {answer.request.method} {answer.url}")

        def failed(request: Request) -> None:
            # A navigation away aborts what was still loading; that is the browser's doing, not the desk's.
            if "ERR_ABORTED" not in (request.failure or ""):
                self.seen.append(f"no answer: {request.method} {request.url}: {request.failure}")

        page.on("console", console)
        page.on("response", response)
        page.on("requestfailed", failed)
        page.on("pageerror", lambda error: self.seen.append(f"script: {error}"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the session; every test opens a context of its own in it."""
    from playwright.sync_api import sync_playwright

    # playwright keeps an event loop in this thread, and Django would refuse the ORM beside it.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=find_chromium(), args=FLAGS)
            yield browser
            browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def watch() -> Watch:
    """What goes wrong on the pages of this test."""
    return Watch()


@pytest.fixture
def browser_options() -> dict[str, Any]:
    """Options of the browser's context; override in a module or class for a phone, a language, dark mode."""
    return {"viewport": DESKTOP, "locale": "en-GB", "timezone_id": "Europe/Berlin"}


@pytest.fixture
def browser_context(chromium: Browser, browser_options: dict[str, Any]) -> Iterator[BrowserContext]:
    """A fresh context: no cookies, no storage."""
    context = chromium.new_context(**browser_options)
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(browser_context: BrowserContext, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that fails the test at its end when anything went wrong on it (see Watch)."""
    page = browser_context.new_page()
    watch.follow(page)
    yield page
    page.close()
    if watch.problems:
        pytest.fail("The page reported problems:\n  " + "\n  ".join(watch.problems), pytrace=False)
