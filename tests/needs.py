"""What a test needs of the machine, and the account at the end of what ran and what did not.

A test marked ``browser`` or ``postgres`` is skipped, with the reason, where there is none. THROUGHLINE_REQUIRE
(``browser,postgres``) turns such a skip into a failure: a machine that must have them cannot lose them unseen.
A run of the whole suite also fails when fewer tests ran than ``tests/floor.txt`` says. With ``--share=first``
and ``--share=second`` two runs on two databases share what is the same on both; each has a floor of its own.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import browser, postgres

FLOOR_FILE = Path(__file__).with_name("floor.txt")
WHY_NOT: dict[str, Callable[[], str | None]] = {"browser": browser.why_not, "postgres": postgres.why_not}
COUNTED = ("browser", "postgres", "data", "slow")
# Two runs beside each other, one on each database, share what is the same on both: what asks for no database or brings
# one of its own (as all that is marked ``postgres`` does), how pages look, what stands in tables of code, and the
# loading of what is made up.
# The first leaves out what is marked so, the second does not.
LEFT_OUT = {
    "first": (
        "bench",
        "core",
        "escalations/test_admin_case.py",
        "escalations/test_demo.py",
        "escalations/test_import_restart.py",
        "playbook",
    ),
    "second": (
        "architecture/test_answers.py",
        "architecture/test_markup.py",
        "architecture/test_settings.py",
        "escalations/test_access_walk.py",
        "escalations/test_admin_browser.py",
        "escalations/test_import_incident_log.py",
        "journeys",
        "playbook/test_reading_pages.py",
        "privileges",
    ),
}
# What stands in a folder that is left out, and runs all the same: it draws pages, and takes long.
BUT = {"first": ("playbook/test_reading_pages.py",), "second": ()}


def required() -> set[str]:
    """Return the needs that must be met, from THROUGHLINE_REQUIRE. Raises UsageError for an unknown one."""
    names = {name.strip() for name in os.environ.get("THROUGHLINE_REQUIRE", "").split(",") if name.strip()}
    if unknown := names - WHY_NOT.keys():
        raise pytest.UsageError(
            f"THROUGHLINE_REQUIRE names {', '.join(sorted(unknown))}; it knows {', '.join(WHY_NOT)}."
        )
    return names


def floors() -> dict[str, str]:
    """Return, by the name of a kind of whole run, how many tests it must have run at least."""
    return dict(line.split() for line in FLOOR_FILE.read_text(encoding="utf-8").splitlines())


class Account:
    """Counts tests by marker, and holds the floor."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.markers: dict[str, list[str]] = {}
        self.collected: Counter[str] = Counter()
        self.ran: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.deselected = 0
        self.below: str | None = None

    def names(self, nodeid: str) -> list[str]:
        return ["all", *self.markers.get(nodeid, [])]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.config.option.share == "first":
            items[:] = [item for item in items if not item.get_closest_marker("postgres")]
        for item in items:
            self.markers[item.nodeid] = [name for name in COUNTED if item.get_closest_marker(name)]
            self.collected.update(self.names(item.nodeid))

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected += len(items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and not report.skipped:
            self.ran.update(self.names(report.nodeid))
        elif report.skipped:
            self.skipped.update(self.names(report.nodeid))

    def whole_suite(self) -> bool:
        """Tell whether this run was asked for everything."""
        asked = [str(argument).rstrip("/") for argument in self.config.args]
        option = self.config.option
        return (
            asked in ([], ["tests"], [str(FLOOR_FILE.parent)])
            and not self.deselected
            and not option.keyword
            and not option.markexpr
            and not option.collectonly
            and not option.maxfail
            and not getattr(option, "lf", False)
        )

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or not self.whole_suite():
            return
        floor = int(floors()[self.config.option.share])
        if self.ran["all"] < floor:
            self.below = (
                f"{self.ran['all']} tests ran, fewer than the floor of {floor}. Find out what is no longer "
                f"collected or is skipped; only when tests were removed on purpose, lower tests/floor.txt."
            )
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        write = terminalreporter.write_line
        terminalreporter.section("account")
        write(f"{'marker':<10} {'collected':>9} {'run':>6} {'skipped':>8}")
        for name in ("all", *COUNTED):
            write(f"{name:<10} {self.collected[name]:>9} {self.ran[name]:>6} {self.skipped[name]:>8}")
        if self.below:
            write(f"FAILED  {self.below}", red=True, bold=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", choices=["whole", *LEFT_OUT], default="whole", help="one of two runs on two databases")


def is_left_out(path: Path, share: str) -> bool:
    """Whether a share does not run what a file or folder holds."""
    here = FLOOR_FILE.parent
    if any(path == here / name or path in (here / name).parents for name in BUT.get(share, ())):
        return False
    return any(path == here / name or here / name in path.parents for name in LEFT_OUT.get(share, ()))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if is_left_out(collection_path, config.option.share) else None  # None: as without this plugin


def pytest_configure(config: pytest.Config) -> None:
    required()
    config.pluginmanager.register(Account(config), "throughline-account")


def pytest_report_header() -> list[str]:
    engine = os.environ.get("DATABASE_URL", "sqlite").partition(":")[0]
    return [f"desk: database {engine}, browser {browser.find_chromium() or 'none'}"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for name, why_not in WHY_NOT.items():
        if item.get_closest_marker(name) and (reason := why_not()):
            if name in required():
                pytest.fail(f"THROUGHLINE_REQUIRE asks for {name}, but {reason}", pytrace=False)
            pytest.skip(f"needs {name}: {reason}")
