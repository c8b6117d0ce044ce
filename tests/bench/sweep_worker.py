"""A sweeping process for the bench: `python -m tests.bench.sweep_worker ROUND`, on the database of DATABASE_URL.

Says `ready`, waits for a line, sweeps until nothing is due, and says what that took as JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
import time
from typing import Any


def main() -> None:
    """Sweep one round."""
    import django

    django.setup()
    from django.db import connection

    from escalations.services import sweep
    from tests.bench.sweep_market import moment

    now = moment(int(sys.argv[1]))
    sweep.run(now=now - dt.timedelta(minutes=1))  # connected; nothing is due
    statements = 0

    def counting(execute: Any, sql: Any, parameters: Any, many: Any, context: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(sql, parameters, many, context)

    print("ready", flush=True)
    sys.stdin.readline()
    before = resource.getrusage(resource.RUSAGE_SELF)
    with connection.execute_wrapper(counting):
        began = time.perf_counter()
        done = sweep.run(now=now)
        took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "cases": done.cases,
        "seconds": took,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "statements": statements,
        "batches": done.batches,
        "counts": done.counts,
        "aside": len(done.aside),
        "peak_mb": after.ru_maxrss / 1024,
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
