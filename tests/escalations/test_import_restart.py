"""An import that is killed goes on where it stopped; two at once import every case once. In processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from escalations.models import Case, Event, Handoff, ImportRow, Ownership, Party
from escalations.services import record
from tests.databases import ROOT, Database
from tests.escalations.importing import MAPPING, case_rows, csv_text
from tests.factories.desk import broken

pytestmark = pytest.mark.slow

CASES = 1_500
GROUPS = ("1", "2", "1", "3")


@pytest.fixture
def sqlite_database(tmp_path: Path, django_db_blocker: Any) -> Database:
    """A fresh, migrated SQLite database for one test and the processes that it starts."""
    database = Database(f"sqlite:///{tmp_path / 'desk.sqlite3'}", django_db_blocker)
    database.manage("migrate", "--verbosity", "0")
    return database


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """Each of the two databases, with the market's policy in force."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    subprocess.run([sys.executable, "-m", "tests.factories.installed"], cwd=ROOT, env=found.environment, check=True)
    return found


@pytest.fixture
def log(tmp_path: Path) -> list[str]:
    """The arguments that import a log of CASES cases."""
    rows = [line for case in range(CASES) for line in case_rows(case, *GROUPS, caller=f"c{case % 40}", moves=5)]
    (tmp_path / "log.csv").write_text(csv_text(rows), encoding="utf-8")
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return ["import_cases", str(tmp_path / "log.csv"), "--mapping", str(tmp_path / "mapping.yaml"), "--json"]


def start(database: Database, arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=database.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def told() -> dict[str, Any]:
    """What is on record of each case, without its place in the file and the moment of its import."""
    return {
        row.external_id: (
            row.state,
            {key: value for key, value in row.data.items() if key not in ("digest", "last_line")},
            list(Event.objects.filter(case=row.case_id).order_by("seq").values_list("seq", "kind", "at", "data__team")),
            list(Handoff.objects.filter(case=row.case_id).order_by("id").values_list("from_team__key", "to_team__key")),
            list(Ownership.objects.filter(case=row.case_id).order_by("id").values_list("team__key", "business_s")),
        )
        for row in ImportRow.objects.all()
    }


def counts() -> dict[str, int]:
    return {
        model.__name__: model._default_manager.count()
        for model in (Case, Event, Handoff, Ownership, Party, ImportRow, record.HistoricalCase)
    }


def test_a_killed_import_goes_on_and_ends_as_one_that_was_not(database: Database, log: list[str]) -> None:
    arguments = [*log, "--batch", "10"]
    running = start(database, arguments)
    killed_at = 0
    with database.here():
        while running.poll() is None and killed_at < 50:
            time.sleep(0.005)
            killed_at = ImportRow.objects.count()
        running.send_signal(signal.SIGKILL)
        running.communicate()
        left = counts()
        assert running.returncode == -signal.SIGKILL, "it was faster than the test: more cases are needed"
        assert 50 <= left["Case"] < CASES
        whole = len(GROUPS)
        assert left == {
            "Case": left["Case"],
            "Event": left["Case"] * (whole + 1),
            "Handoff": left["Case"] * (whole - 1),
            "Ownership": left["Case"] * whole,
            "Party": min(40, left["Case"]),
            "ImportRow": left["Case"],
            "HistoricalCase": left["Case"],
        }, "whole cases or nothing"
    again = json.loads(database.manage(*log).stdout)
    assert again["cases"]["imported"] == CASES - left["Case"]
    assert again["cases"]["imported_before"] == left["Case"]
    with database.here():
        assert counts()["Event"] == CASES * (whole + 1)
        assert counts()["Party"] == 40
        rows = told()
        assert len(rows) == CASES
        # All cases of this log went the same way, so all must be told alike, before the kill and after it.
        assert {repr(value) for value in rows.values()} == {repr(rows["0"])}
        assert [case for case in Case.objects.all() if broken(case) is not None] == []
    before = again["handoffs"]
    assert json.loads(database.manage(*log).stdout)["handoffs"] == before


def test_two_imports_at_once_import_every_case_once(database: Database, log: list[str]) -> None:
    both = [start(database, [*log, "--batch", "25"]) for _ in range(2)]
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    reports = [json.loads(out) for out, _ in said]
    assert sum(report["cases"]["imported"] for report in reports) == CASES
    assert all(report["cases"]["told"] == CASES for report in reports)
    with database.here():
        assert counts()["Case"] == counts()["ImportRow"] == CASES
        assert counts()["Event"] == CASES * (len(GROUPS) + 1)
        assert counts()["Party"] == 40
        assert Case.objects.values("external_ref").distinct().count() == CASES


def test_progress_is_told_while_it_runs(sqlite_database: Database, log: list[str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.factories.installed"], cwd=ROOT, env=sqlite_database.environment, check=True
    )
    done = sqlite_database.manage(*log)
    assert done.stderr.splitlines()[-1].startswith(f"{CASES:,} of {CASES:,} cases (100 %), ")
    assert json.loads(done.stdout)["cases"]["imported"] == CASES, "progress and report do not mix"
