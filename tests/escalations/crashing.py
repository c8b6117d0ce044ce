"""Sweeping processes that die at a named point. Reads jobs from standard input, a line of JSON each; answers each with
a line: the signal that ended the process (0 for none) and what the sweep did.

Everything that makes a process die is here; the program knows nothing of it. A job is a process of its own, forked from
this one, which has no database open; it kills itself as `kill -9` would.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

NOW = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
LIMIT = 3


def points() -> dict[str, tuple[Any, str, str]]:
    """Named points: the object and function to stop at, and whether before or after it."""
    from django.db import connection

    from escalations.services import sweep
    from escalations.services.work import Work

    writer = sweep.write_postgres if connection.vendor == "postgresql" else sweep.write_sqlite
    return {
        "after claim": (sweep.claim, "claim", "after"),
        "after decision": (sweep, "_decided", "after"),
        "after the digest": (sweep.digest, "write", "after"),
        "after the record": (writer, "write_record", "after"),
        "after the state": (writer, "write_state", "after"),
        "before commit": (sweep.aside, "set_aside", "after"),
        "at commit": (connection, "commit", "before"),
        "after commit": (connection, "commit", "after"),
        "after a resumed pause is written": (Work, "flush", "after"),
    }


def die() -> None:
    """End as a power cut would: nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(place: Any, name: str, when: str, times: int) -> None:
    """Make the process die at the given time that the function is called."""
    original: Callable[..., Any] = getattr(place, name)
    passed = 0

    def stopped(*args: Any, **kwargs: Any) -> Any:
        nonlocal passed
        passed += 1
        if passed == times and when == "before":
            die()
        result = original(*args, **kwargs)
        if passed == times and when == "after":
            die()
        return result

    setattr(place, name, stopped)


def die_after_statement(number: int) -> None:
    """Make the process die right after the given statement that writes."""
    from django.db.backends.utils import CursorWrapper

    written = 0

    def counting(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal written
            result = original(self, sql, *args, **kwargs)
            if str(sql).lstrip().startswith(("INSERT", "UPDATE", "DELETE", "WITH")):
                written += 1
                if written == number:
                    die()
            return result

        return run

    for name in ("execute", "executemany"):
        setattr(CursorWrapper, name, counting(getattr(CursorWrapper, name)))


def without_transaction(sweep: Any) -> None:
    """Take the transaction of a batch away: every statement commits by itself.

    PostgreSQL takes statements that are sent together as one transaction, so these are waited for too.
    """

    @contextlib.contextmanager
    def one_by_one() -> Any:
        yield Waited()

    class Waited(sweep.write_postgres.Sent):  # type: ignore[misc, name-defined]
        def execute(self, *arguments: Any) -> None:
            super().execute(*arguments)
            self.check()
            self.cursors.clear()

    sweep.transaction = SimpleNamespace(atomic=contextlib.nullcontext)
    sweep.write_postgres.sending = one_by_one


def work(job: dict[str, Any]) -> dict[str, Any]:
    """Sweep the database that the job names, and die if it says so."""
    from django.db import connections
    from django.db.utils import load_backend

    from config.settings.base import database
    from escalations.services import sweep

    settings = {**connections.settings["default"], "OPTIONS": {}, **database(job["url"])}
    connections["default"] = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "default")
    point = job.get("point")
    if job.get("bare"):
        without_transaction(sweep)
    if isinstance(point, int):
        die_after_statement(point)
    elif point:
        die_at(*points()[point], job.get("times", 1))
    return sweep.run(now=NOW, limit=job.get("limit", LIMIT)).detail()


def started(job: dict[str, Any]) -> tuple[int, int]:
    """A process that does a job: its id, and where it will tell what it did."""
    told, telling = os.pipe()
    child = os.fork()
    if child:
        os.close(telling)
        return child, told
    status = 1
    try:
        os.close(told)
        os.write(telling, json.dumps(work(job)).encode())
        status = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)


def ended(child: int, told: int) -> dict[str, Any]:
    """How it ended."""
    with os.fdopen(told) as said:
        text = said.read()
    status = os.waitpid(child, 0)[1]
    return {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, "did": json.loads(text) if text else None}


def main() -> None:
    """Do the jobs of each line, those of one line side by side."""
    import django

    django.setup()
    from django.db.backends.postgresql import base  # noqa: F401  (loaded once, before the forks)

    import escalations.services.sweep  # noqa: F401

    for line in sys.stdin:
        running = [started(job) for job in json.loads(line)]
        print(json.dumps([ended(*process) for process in running]), flush=True)


if __name__ == "__main__":
    main()
