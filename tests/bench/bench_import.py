"""The import of a real service desk's log: 141,712 events of 24,918 incidents, by the command, on SQLite.

Five imports, each by `manage.py import_cases` in a process of its own, into a fresh copy of a migrated database.
Seconds are the whole life of the process, memory is its peak. After each, rows are counted per table; after the first,
a hundred cases are told anew from the file in the plainest way and compared with what was written. A tenth of the log
shows whether memory grows with the file.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.bench.harness import ROUNDS, report, skip

ROOT = Path(__file__).resolve().parents[2]
LOG = Path("uci_incidents") / "incident_event_log.csv.gz"
LIMIT_S, LIMIT_MB = 90, 300
EXPECTED = {
    "escalations_case": 24_918,
    "escalations_casetext": 24_918,
    "escalations_historicalcase": 24_918,
    "escalations_importrow": 24_918,
    "escalations_event": 141_712,
    "escalations_handoff": 19_088,
    "escalations_ownership": 43_645,
    "escalations_party": 5_247,
    "escalations_timer": 0,
    "escalations_outbox": 0,
}


def main() -> None:
    """Measure, check and report; a skip with the reason where the data is not."""
    log = Path(os.environ.get("THROUGHLINE_DATA") or ROOT.parent / "shared" / "data") / LOG
    if not log.is_file():
        skip("import", f"no incident log at {log}; set THROUGHLINE_DATA to the folder that holds {LOG}")
        return
    with tempfile.TemporaryDirectory(prefix="throughline-bench-import-") as name:
        folder = Path(name)
        empty = prepared(folder)
        taken = []
        for round_ in range(ROUNDS):
            database = copied(empty, folder / "desk.sqlite3")
            taken.append(imported(log, database))
            check_counts(database)
            if round_ == 0:
                check_some(log, database)
        part = first_rows(log, folder / "part.csv", EXPECTED["escalations_event"] // 10)
        _, small = imported(part, copied(empty, folder / "desk.sqlite3"), cut=True)
    seconds, megabytes = median(time for time, _ in taken), max(peak for _, peak in taken)
    report("import, 141,712 events", seconds, "s", "limit", LIMIT_S, "<= 1")
    report("import, peak memory", megabytes, "MB", "limit", LIMIT_MB, "<= 1")
    report("import, memory flat", megabytes, "MB", "a tenth of the log", small, "<= 1.1")


def environment(database: Path) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": f"sqlite:///{database}", "DJANGO_SETTINGS_MODULE": "config.settings.test"}


def prepared(folder: Path) -> Path:
    """A migrated database with a policy in force."""
    database = folder / "empty.sqlite3"
    for command in (["manage.py", "migrate", "--verbosity", "0"], ["-m", "tests.factories.installed"]):
        subprocess.run([sys.executable, *command], cwd=ROOT, env=environment(database), check=True)
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return database


def copied(empty: Path, database: Path) -> Path:
    for left in database.parent.glob(f"{database.name}*"):
        left.unlink()
    return Path(shutil.copyfile(empty, database))


def imported(log: Path, database: Path, *, cut: bool = False) -> tuple[float, float]:
    """Run the import; its seconds and its peak memory in MB. A log that was `cut` ends in the middle of a case.

    The system counts the memory of this process as the child's until the child's own program starts: keep it small.
    """
    command = [sys.executable, "manage.py", "import_cases", str(log), "--mapping", "incident_event_log", "-v0"]
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment(database), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in ((0, 1) if cut else (0,)):
        raise RuntimeError(f"the import failed with status {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def check_counts(database: Path) -> None:
    """Every table holds the rows that it must."""
    connection = sqlite3.connect(database)
    found = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in EXPECTED}
    connection.close()
    if found != EXPECTED:
        raise AssertionError(f"rows written: {found}; expected {EXPECTED}")


def check_some(log: Path, database: Path) -> None:
    """A hundred cases, told anew: their steps' moments and the groups that they went through."""
    connection = sqlite3.connect(database)
    numbers = [number for (number,) in connection.execute("SELECT external_ref FROM escalations_case")]
    cases: dict[str, list[dict[str, str]]] = {number: [] for number in random.Random(3).sample(sorted(numbers), 100)}
    with gzip.open(log, "rt", encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            if line["number"] in cases:
                cases[line["number"]].append(line)
    for number, rows in cases.items():
        groups = [line["assignment_group"] for line in rows if line["assignment_group"] != "?"]
        want_moves = [f"imported:group-{two}" for one, two in itertools.pairwise(groups) if one != two]
        moves = connection.execute(
            "SELECT team.key FROM escalations_handoff h JOIN escalations_case c ON c.id = h.case_id "
            "JOIN escalations_team team ON team.id = h.to_team_id WHERE c.external_ref = ? ORDER BY h.id",
            [number],
        ).fetchall()
        moments = connection.execute(
            "SELECT e.at FROM escalations_event e JOIN escalations_case c ON c.id = e.case_id "
            "WHERE c.external_ref = ? ORDER BY e.seq",
            [number],
        ).fetchall()
        if [key for (key,) in moves] != want_moves or [at for (at,) in moments] != [r["sys_updated_at"] for r in rows]:
            raise AssertionError(f"case {number} was not written as the log tells it")
    connection.close()


def first_rows(log: Path, part: Path, rows: int) -> Path:
    """The header and the first rows of the log, as a file of its own."""
    with gzip.open(log, "rt", encoding="utf-8") as source, part.open("w", encoding="utf-8") as target:
        target.writelines(itertools.islice(source, rows + 1))
    return part
