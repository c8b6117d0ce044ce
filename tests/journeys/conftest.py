"""People at browsers, and the time of day, for journeys through the running desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from tests.browser import DESKTOP, Watch
from tests.factories.desk import NOW
from tests.journeys.desk_hours import Record, Wall
from tests.journeys.somebody import Somebody

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Arrive = Callable[..., Somebody]


@pytest.fixture
def wall() -> Iterator[Wall]:
    """Monday, 10:00 in Berlin, and running: for this process, and so for the live server in it."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield Wall(traveller)


@pytest.fixture
def record() -> Record:
    """What the database says of a case."""
    return Record()


@pytest.fixture
def arrive(chromium: Browser, live_server: Any, watch: Watch) -> Iterator[Arrive]:
    """Have somebody sit down at a browser of their own: ``arrive("mia")`` signs in, ``arrive()`` does not.

    Keyword arguments are the browser's (a phone's viewport, no scripts, dark mode). At the end the test fails on
    anything that went wrong on any of their pages (see ``tests.browser.Watch``).
    """
    contexts = []

    def come(name: str = "", **options: Any) -> Somebody:
        options = {"viewport": DESKTOP, "locale": "en-GB", "timezone_id": "Europe/Berlin"} | options
        context = chromium.new_context(**options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        watch.follow(page)
        somebody = Somebody(page, live_server.url)
        somebody.come_in()
        if name:
            somebody.sign_in(name)
        return somebody

    yield come
    for context in contexts:
        context.close()
    if watch.problems:
        pytest.fail("The pages reported problems:\n  " + "\n  ".join(watch.problems), pytrace=False)
