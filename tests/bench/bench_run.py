"""`make run`: from a fresh checkout until the pages answer and the worker lives, and again with its data.

Five fresh checkouts, each a copy of the files under version control, with no environment installed and nothing in
`var/`. Installing the locked packages is part of the time; the installer's own cache is whatever this machine has. The
clock runs from the command until `/readyz` and the sign-in page both answer 200. The second start of each keeps its
data, which is asserted. Each is stopped as a person stops it, and must end by itself.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median

from tests.bench.harness import ROUNDS, report
from tests.postgres import free_port
from tests.running import environment

ROOT = Path(__file__).resolve().parents[2]
FRESH_S, AGAIN_S, PATIENCE_S = 90, 8, 300


def main() -> None:
    """Measure, check and report."""
    fresh, again = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="throughline-bench-run-") as name:
            checkout = checked_out(Path(name) / "checkout")
            fresh.append(started(checkout))
            cases = count(checkout)
            assert cases > 100, cases
            again.append(started(checkout))
            assert count(checkout) >= cases
    report("make run, fresh", median(fresh), "s", "limit", FRESH_S, "<= 1")
    report("make run, again", median(again), "s", "limit", AGAIN_S, "<= 1")


def checked_out(folder: Path) -> Path:
    """A copy of what is under version control, as it is on disk now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return folder


def started(checkout: Path) -> float:
    """Seconds from `make run` until the pages answer; then it is stopped."""
    port = free_port()
    log = checkout / "bench.log"
    with log.open("ab") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            ["make", "run"], cwd=checkout, env=environment(checkout / "var", port), stdout=output,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        while not (answers(port, "readyz") and answers(port, "admin/login/")):
            assert process.poll() is None, log.read_text(errors="replace")[-3000:]
            assert time.perf_counter() - began < PATIENCE_S, log.read_text(errors="replace")[-3000:]
            time.sleep(0.05)
        took = time.perf_counter() - began
    finally:
        os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(40)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError("it was still running 40 s after Ctrl-C")
    return took


def answers(port: int, page: str) -> bool:
    """Whether a page answers 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def count(checkout: Path) -> int:
    """Cases in the desk's database."""
    database = checkout / "var" / "desk.sqlite3"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM escalations_case").fetchone()[0])
