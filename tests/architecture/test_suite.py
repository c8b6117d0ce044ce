"""The suite's own machinery: needs, floor, throwaway databases, mail server, browser."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.core.mail import send_mail
from django.core.management import call_command
from django.db import connection

from tests import needs, postgres
from tests.browser import Watch
from tests.databases import Database
from tests.mailserver import MailServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small suite of its own with the plugin that accounts for needs, on a machine without a browser."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("THROUGHLINE_CHROMIUM", "/nonexistent")
    monkeypatch.delenv("THROUGHLINE_REQUIRE", raising=False)
    pytester.makeini("[pytest]\nmarkers =\n    browser: needs one\n    postgres: needs one\n    data: x\n    slow: x\n")
    pytester.makepyfile(
        "import pytest\n"
        "def test_plain(): pass\n"
        "@pytest.mark.browser\n"
        "def test_in_a_browser(): raise AssertionError('must not run')\n"
    )
    return pytester


def run(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return suite.runpytest_subprocess("-p", "no:django", "-p", "tests.needs", "-rs", *arguments)


def test_a_skip_says_what_is_missing(suite: pytest.Pytester) -> None:
    result = run(suite, "-k", "plain or browser")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["browser *1 * 0 * 1", "*needs browser: Chromium is not found*"])
    assert result.ret == 0


def test_a_required_need_that_is_not_met_fails(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_REQUIRE", "browser")
    result = run(suite, "-k", "plain or browser")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*THROUGHLINE_REQUIRE asks for browser, but Chromium is not found*"])
    assert result.ret == 1


def test_an_unknown_need_is_an_error(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_REQUIRE", "brwoser")
    result = run(suite)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*THROUGHLINE_REQUIRE names brwoser; it knows browser, postgres*"])


@pytest.mark.parametrize(
    ("floor", "arguments", "status"),
    [
        (2, ["tests"], 0),
        (3, ["tests"], 1),
        (3, ["tests", "--share=second"], 0),
        (4, ["tests", "--share=second"], 1),
        (3, ["tests", "-k", "plain"], 0),
        (3, ["tests/test_it.py"], 0),
    ],
    ids=[
        "enough",
        "too few",
        "without what is the same on both",
        "too few of that",
        "a part by word",
        "a part by path",
    ],
)
def test_the_floor_holds_for_the_whole_suite_alone(
    suite: pytest.Pytester, floor: int, arguments: list[str], status: int
) -> None:
    folder = suite.mkdir("tests")
    (folder / "journeys").mkdir()
    for name in ("test_it.py", "journeys/test_same.py"):
        (folder / name).write_text("def test_plain(): pass\n")
    (suite.path / "floored.py").write_text(
        f"import pathlib\nfrom tests import needs\nneeds.FLOOR_FILE = pathlib.Path({str(folder / 'floor.txt')!r})\n"
    )
    (folder / "floor.txt").write_text(f"whole {floor}\nfirst {floor - 1}\nsecond {floor - 2}\n")
    result = run(suite, "-p", "floored", "--import-mode=importlib", *arguments)
    assert result.ret == status
    if status:
        result.stdout.fnmatch_lines(["*tests ran, fewer than the floor of*"])
    elif "--share=second" in arguments:
        result.assert_outcomes(passed=1)


def test_no_test_falls_between_the_shares() -> None:
    here = needs.FLOOR_FILE.parent
    for share in needs.LEFT_OUT:
        for name in (*needs.LEFT_OUT[share], *needs.BUT[share]):
            assert (here / name).exists(), name
    files = sorted(here.rglob("test_*.py"))
    assert [file for file in files if all(needs.is_left_out(file, share) for share in needs.LEFT_OUT)] == []
    alone = [file for file in files if needs.is_left_out(file, "second")]
    assert alone
    for file in alone:
        assert "mark.postgres" not in file.read_text(), f"{file}: the first share leaves out what is marked so"


def triggers() -> set[str]:
    table = "sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "postgresql":
        table = "pg_trigger WHERE NOT tgisinternal"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {'tgname' if connection.vendor == 'postgresql' else 'name'} FROM {table}")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_emptying_the_tables_leaves_the_triggers_on() -> None:
    before = triggers()
    assert any("append_only" in name or "escalations_event" in name for name in before)
    call_command("flush", interactive=False, verbosity=0)
    assert triggers() == before


@pytest.mark.postgres
def test_a_throwaway_server_leaves_nothing_behind() -> None:
    with postgres.running() as server:
        folder, process = server._folder, server._process
        assert folder is not None
        assert process is not None
        url = server.create("desk")
        with postgres.psycopg.connect(url) as connected:
            row = connected.execute("SHOW fsync").fetchone()
        assert row == ("off",)
    assert process.poll() is not None
    assert not folder.exists()


@pytest.mark.postgres
def test_a_postgres_database_serves_subprocesses_and_this_process(postgres_database: Database) -> None:
    before = connection.vendor
    with postgres_database.here():
        from escalations.models import Heartbeat

        assert connection.vendor == "postgresql"
        assert not Heartbeat.objects.exists()
        said = postgres_database.manage(
            "shell",
            "-c",
            "from escalations.models import Heartbeat; from django.utils import timezone;"
            "Heartbeat.objects.create(name='told', at=timezone.now())",
        )
        assert said.returncode == 0
        names: list[str] = []

        def other_thread() -> None:
            names.extend(Heartbeat.objects.values_list("name", flat=True))
            connection.close()

        thread = threading.Thread(target=other_thread)
        thread.start()
        thread.join()
        assert names == ["told"]
    assert connection.vendor == before


def test_mail_truly_leaves(mail_server: MailServer) -> None:
    send_mail("Late: TL-1", "Grüße\n", "desk@example.test", ["mia@example.test"])
    (received,) = mail_server.to("mia@example.test")
    assert received.message["Subject"] == "Late: TL-1"
    assert received.text.strip() == "Grüße"


@pytest.mark.browser
def test_a_page_reports_what_goes_wrong_on_it(browser_context, watch: Watch) -> None:  # type: ignore[no-untyped-def]
    page = browser_context.new_page()
    watch.follow(page)
    page.route(
        "https://desk.example.test/*",
        lambda route: route.fulfill(status=404 if "gone" in route.request.url else 200, body="a page"),
    )
    page.goto("https://desk.example.test/")
    assert watch.problems == []
    page.evaluate("console.error('broken')")
    page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    page.goto("https://desk.example.test/gone")
    text = "\n".join(watch.problems)
    assert "console: broken" in text
    assert "script: thrown" in text
    assert "answer 404: GET https://desk.example.test/gone" in text
    for part in ("broken", "thrown", "404"):
        watch.expect(part)
    assert watch.problems == []
