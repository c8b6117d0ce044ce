"""`make screenshots`: the pictures of the README, taken anew: `python -m tests.journeys.screenshots FOLDER`.

The demo and the time of day are the same each time, so a picture changes when a page does. Look at them before they
are committed.
"""

from __future__ import annotations

import datetime as dt
import os
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.journeys.somebody import Somebody

NOW = dt.datetime(2026, 11, 24, 9, 20, tzinfo=dt.UTC)  # Tuesday, 10:20 in Berlin
PASSWORD = "only for pictures"
LARGEST = 200_000
"""Bytes of a picture at most."""

DESKTOP = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 780}


@contextmanager
def desk() -> Iterator[str]:
    """A live desk with the demo in a database of its own; its address."""
    import time_machine
    from django.core.management import call_command
    from django.db import connection
    from django.test.testcases import LiveServerThread, _StaticFilesHandler
    from django.test.utils import override_settings

    from tests.journeys.desk_hours import the_worker_runs

    with ExitStack() as closing:
        clock = closing.enter_context(time_machine.travel(NOW, tick=True))
        closing.enter_context(override_settings(THROUGHLINE_DEMO_PASSWORD=PASSWORD))
        name = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        closing.callback(connection.creation.destroy_test_db, name, verbosity=0)
        call_command("prepare", verbosity=0)
        clock.shift(dt.timedelta(minutes=2))
        the_worker_runs()
        erase_somebody()
        server = LiveServerThread("127.0.0.1", _StaticFilesHandler, port=0)
        server.daemon = True
        server.start()
        closing.callback(server.terminate)
        server.is_ready.wait(30)
        if server.error:
            raise server.error
        yield f"http://127.0.0.1:{server.port}"


def come(browser: Browser, url: str, name: str, **options: Any) -> Somebody:
    """Have somebody of the demo sign in."""
    from tests.journeys.somebody import Somebody

    page = browser.new_context(
        **{"viewport": DESKTOP, "locale": "en-GB", "reduced_motion": "reduce"} | options
    ).new_page()
    page.set_default_timeout(15_000)
    somebody = Somebody(page, url)
    somebody.come_in()
    somebody.sign_in(name, PASSWORD)
    return somebody


def take(browser: Browser, url: str, shot: Callable[[str, Somebody], None]) -> None:
    """Walk to every picture. What the auditor sees comes first, while the log is short."""
    three_see_one_case(browser, url, shot)
    shot("home-lead", come(browser, url, "ruth"))
    shot("home-lead-dark", come(browser, url, "ruth", color_scheme="dark"))
    shot("home-agent", come(browser, url, "mia"))
    reference, name = longest_story()
    leader = come(browser, url, name)
    search(leader, reference)
    shot("case", leader)
    leader.open_tab("Why here")
    shot("case-why", leader)
    phone = come(browser, url, name, viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
    search(phone, reference)
    shot("case-phone", phone)
    for scheme in ("light", "dark"):
        shot(f"party-phone-{scheme}", follow(browser, url, color_scheme=scheme))
    the_playbook(browser, url, shot)


def the_playbook(browser: Browser, url: str, shot: Callable[[str, Somebody], None]) -> None:
    """A category as it is read, a change as the council decides on it, a drill with its explanation."""
    reader = come(browser, url, "mia")
    reader.page.goto(f"{url}/playbook/category/order.damaged/")
    shot("playbook-category", reader)
    member = come(browser, url, "rafael")
    member.page.goto(f"{url}/council/")
    member.main.get_by_role("link", name="Ask for the packaging at once").first.click()
    member.reads("What changes")
    shot("proposal", member)
    newcomer = come(browser, url, "noa")
    newcomer.page.goto(f"{url}/playbook/onboarding/choose/")
    newcomer.page.get_by_label("Team").select_option("buyer-care")
    newcomer.page.get_by_label("Region").select_option(index=1)
    newcomer.main.get_by_role("button", name="Begin").click()
    newcomer.main.locator("a[href*='/playbook/onboarding/drill/']").first.click()
    newcomer.reads("A case comes in.")
    for group in newcomer.main.get_by_role("group").all():
        group.get_by_role("radio").first.check()
    newcomer.main.get_by_role("button", name="Answer").click()
    newcomer.reads("Your answers")
    newcomer.page.get_by_role("heading", name="Your answers").scroll_into_view_if_needed()
    newcomer.page.mouse.wheel(0, 420)
    shot("drill", newcomer)


def three_see_one_case(browser: Browser, url: str, shot: Callable[[str, Somebody], None]) -> None:
    """A case of a sensitive channel: to who does not belong there, to who does, and to who looks over shoulders. And
    the certificate of an erasure."""
    from escalations.models import CaseGrant

    reference = CaseGrant.objects.get(break_glass=True).case.reference
    specialist = come(browser, url, "dario")
    search(specialist, reference)
    shot("sensitive-specialist", specialist)
    auditor = come(browser, url, "vera")
    auditor.follow("Access log")
    with auditor.page.expect_navigation():
        auditor.page.get_by_label("Show", exact=True).select_option("all")
    auditor.reads("read a case")
    shot("sensitive-auditor", auditor)
    auditor.follow("Erasures")
    auditor.main.get_by_role("link", name="P-").first.click()
    auditor.reads("Certificate of erasure")
    shot("certificate", auditor)
    agent = come(browser, url, "mia")
    ask(agent, reference)
    agent.reads("Nothing found")
    shot("sensitive-agent", agent)


def erase_somebody() -> None:
    """Somebody whose cases are over has asked to be erased, and was."""
    from django.utils import timezone

    from escalations.models import Party, User
    from escalations.services.privacy import requests

    party = Party.objects.filter(cases__is_open=False).exclude(cases__is_open=True).order_by("pk")[0]
    requests.ask_to_erase(
        reference=party.pseudonym,
        reason="Asked for in writing on 23 November.",
        confirmed=party.pseudonym,
        actor=User.objects.get(username="clara"),
        now=timezone.now(),
    )
    requests.work_off()


def longest_story() -> tuple[str, str]:
    """The case with most to show, and who has it: worked on in English, not late, best sent here by a rule."""
    from django.db.models import Exists, OuterRef
    from django.utils import timezone

    from escalations.models import Case, CaseDecision, Clock, Escalation

    about = {"case": OuterRef("pk")}
    found = Case.objects.open().filter(language="en", channel__key="general", status="in_progress")
    case = (
        found.annotate(
            escalated=Exists(Escalation.objects.filter(**about)),
            ruled=Exists(CaseDecision.objects.filter(**about).exclude(rule_key="")),
        )
        .exclude(Exists(Clock.objects.filter(**about, ended_at=None, promised_at__lt=timezone.now())))
        .filter(assignee__isnull=False, radar_at__gt=timezone.now())
        .order_by("-ruled", "-escalated", "-chain_seq", "pk")
        .select_related("assignee")[0]
    )
    assert case.assignee is not None
    return case.reference, case.assignee.username


def follow(browser: Browser, url: str, **options: Any) -> Somebody:
    """A buyer or seller to whom something is still promised, on the page that their link leads to."""
    from urllib.parse import urlsplit

    from django.utils import timezone

    from escalations.models import Clock
    from escalations.services import links
    from tests.journeys.somebody import Somebody

    now = timezone.now()
    promised = Clock.objects.filter(ended_at=None, promised_at__gt=now, case__assignee__isnull=False)
    case = (
        promised.filter(case__party__language="en", case__channel__sensitive=False)
        .order_by("-case__chain_seq", "pk")
        .select_related("case")[0]
        .case
    )
    page = browser.new_context(
        viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2, locale="en-GB", **options
    ).new_page()
    page.goto(url + urlsplit(links.link_for(case=case, party_id=case.party_id, now=now)).path)
    return Somebody(page, url)


def ask(who: Somebody, reference: str) -> None:
    """Ask for a case in the search that every page has."""
    box = who.page.get_by_role("searchbox").first
    box.fill(reference)
    box.press("Enter")


def search(who: Somebody, reference: str) -> None:
    """Go to a case by it."""
    ask(who, reference)
    who.page.wait_for_url("**/change/")


def packed(picture: bytes) -> bytes:
    """A PNG as it is, only packed as tightly as it goes: browsers pack for speed."""
    out, place, pixels = picture[:8], 8, b""
    while place < len(picture):
        (length,) = struct.unpack(">I", picture[place : place + 4])
        kind, data = picture[place + 4 : place + 8], picture[place + 8 : place + 8 + length]
        place += 12 + length
        if kind == b"IDAT":
            pixels += data
            continue
        if kind == b"IEND":
            out += _chunk(b"IDAT", zlib.compress(zlib.decompress(pixels), 9))
        out += _chunk(kind, data)
    return out


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main(arguments: list[str]) -> int:
    """Take the pictures. Returns 0, or 1 with what is wrong, 2 for wrong arguments."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tests.journeys.screenshots FOLDER\n")
        return 2
    folder = Path(arguments[0])
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # the driver's event loop is in this thread
    import django

    django.setup()
    from playwright.sync_api import sync_playwright

    from tests.browser import FLAGS, find_chromium, why_not

    if reason := why_not():
        sys.stderr.write(reason + "\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    too_large = []

    def shot(name: str, who: Somebody) -> None:
        who.page.wait_for_load_state("networkidle")
        who.page.evaluate("document.fonts.ready")
        picture = packed(who.page.screenshot(animations="disabled", caret="hide"))
        path = folder / f"{name}.png"
        path.write_bytes(picture)
        sys.stdout.write(f"{path}  {len(picture) / 1000:.0f} kB\n")
        if len(picture) > LARGEST:
            too_large.append(path)

    began = time.monotonic()
    with desk() as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        take(browser, url, shot)
        browser.close()
    sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")
    for path in too_large:
        sys.stderr.write(f"{path} is larger than {LARGEST / 1000:.0f} kB: show less of the page.\n")
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
