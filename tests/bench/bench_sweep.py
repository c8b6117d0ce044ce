"""The sweep: a million open cases, a hundred thousand of them due, five times over (see `sweep_market`, `sweep_floor`).

PostgreSQL as it is shipped (it syncs its writes), with its autovacuum off and everything analysed, so that no round is
disturbed. Product and floor each have a copy of the same database, and take the rounds in turn; a third copy is swept
by two processes at once. Afterwards all tables hold the same number of rows in each copy, and a hundred cases, drawn at
random, are fired anew case by case through the kernel in a fourth one and must come to the same rows.

THROUGHLINE_BENCH_SCALE=0.1 does the same with a tenth of the cases.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.desks import on_database
from tests.bench.harness import report, skip

CASES = round(1_000_000 * float(os.environ.get("THROUGHLINE_BENCH_SCALE") or 1))
DRAWN = 100
MOST_MB = 150
AS_SHIPPED = {"autovacuum": "off", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
ROOT = Path(__file__).resolve().parents[2]

Told = dict[str, Any]


def main() -> None:
    """Measure, check and report on both databases."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django

    django.setup()
    on_postgres()
    on_sqlite()


# ---------------------------------------------------------------------------------------------------------- PostgreSQL


def on_postgres() -> None:
    """The bounds on PostgreSQL."""
    from tests import postgres
    from tests.bench import sweep_floor
    from tests.bench.sweep_market import ROUNDS, build, moment

    if reason := postgres.why_not():
        skip("sweep, postgresql", reason)
        return
    with postgres.running(AS_SHIPPED) as server:
        build(server.create("market"), CASES)
        product, floor, both, fresh = (copied(server, name) for name in ("product", "floor", "both", "fresh"))
        ours: list[Told] = []
        pairs: list[float] = []
        floors: list[float] = []
        for number in range(ROUNDS):
            cases, seconds = sweep_floor.on_postgres(floor, moment(number))
            floors.append(cases / seconds)
            (told,) = swept([product], number)
            ours.append(told)
            pairs.append(pair_rate([both, both], number))
            assert cases == told["cases"] == CASES // 10, (cases, told)
        check_mix(ours)
        count_equally(counts_on_postgres(product), counts_on_postgres(floor), counts_on_postgres(both))
        check_some(product, fresh)
        check_some(both, fresh, again=True)
    rates = [told["cases"] / told["seconds"] for told in ours]
    report("sweep, postgresql", median(rates), "cases/s", "one CTE of SQL", median(floors), ">= 0.8")
    report("sweep, two workers", median(pairs), "cases/s", "one worker", median(rates), ">= 1.2")
    statements = max(told["statements"] / told["cases"] * 1000 for told in ours)
    report("sweep, statements", statements, "per 1,000 cases", "limit", 6, "<= 1")
    peak = max(told["peak_mb"] for told in ours)
    report("sweep, memory", peak, "MB", "limit", MOST_MB, "<= 1")
    report("sweep, memory flat", peak, "MB", "a tenth as many due", small_peak(), "<= 1.1")


def copied(server: Any, name: str) -> str:
    """A copy of the market, file by file: through the log, which is the default, it would take minutes."""
    server.execute(f'CREATE DATABASE "{name}" TEMPLATE market STRATEGY FILE_COPY')
    return str(server.url(name))


def swept(urls: list[str], number: int) -> list[Told]:
    """Sweep a round, by a process for each url, all let go at the same moment."""
    from tests.bench.sweep_market import environment

    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.sweep_worker", str(number)],
            cwd=ROOT, env=environment(url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for url in urls
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "ready\n":
            assert line, "the sweeping process has ended"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    assert all(one["aside"] == 0 for one in told), told
    return told


def pair_rate(urls: list[str], number: int) -> float:
    """Cases a second by two processes on one database; each case by one of them."""
    told = swept(urls, number)
    assert sum(one["cases"] for one in told) == CASES // 10, told
    return (CASES // 10) / max(one["seconds"] for one in told)


def small_peak() -> float:
    """The peak of a process that sweeps a tenth as many due cases, in MB."""
    from tests import postgres
    from tests.bench.sweep_market import build

    with postgres.running() as server:
        url = server.create("small")
        build(url, max(CASES // 10, 1000))
        (told,) = swept([url], 0)
    return float(told["peak_mb"])


# -------------------------------------------------------------------------------------------------------------- SQLite


def on_sqlite() -> None:
    """The bound on SQLite."""
    from tests.bench import sweep_floor
    from tests.bench.sweep_market import ROUNDS, build, moment

    with tempfile.TemporaryDirectory(prefix="throughline-bench-sweep-") as name:
        market, product, floor = (Path(name) / f"{part}.sqlite3" for part in ("market", "product", "floor"))
        build(f"sqlite:///{market}", CASES)
        with sqlite3.connect(market) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        shutil.copyfile(market, product)
        shutil.copyfile(market, floor)
        rates, floors = [], []
        for number in range(ROUNDS):
            cases, seconds = sweep_floor.on_sqlite(str(floor), moment(number))
            floors.append(cases / seconds)
            (told,) = swept([f"sqlite:///{product}"], number)
            rates.append(told["cases"] / told["seconds"])
            assert cases == told["cases"] == CASES // 10, (cases, told)
        count_equally(counts_on_sqlite(product), counts_on_sqlite(floor))
        check_some(f"sqlite:///{product}", f"sqlite:///{market}")
    report("sweep, sqlite", median(rates), "cases/s", "SQL alone", median(floors), ">= 0.4")


# -------------------------------------------------------------------------------------------------------------- checks


def check_mix(told: list[Told]) -> None:
    """At least 40 % rungs, 30 % warnings, 30 % breaches in each round."""
    for one in told:
        shares = [one["counts"][kind] / one["cases"] for kind in ("rung", "warning", "breach")]
        assert all(share >= least - 0.001 for share, least in zip(shares, (0.4, 0.3, 0.3), strict=True)), shares


def counts_on_postgres(url: str) -> dict[str, int]:
    import psycopg

    from tests.bench.sweep_market import TABLES

    with psycopg.connect(url) as connection:
        return {
            name: connection.execute(f"SELECT count(*) FROM escalations_{name}").fetchone()[0]  # type: ignore[index]
            for name in TABLES
        }


def counts_on_sqlite(path: Path) -> dict[str, int]:
    from tests.bench.sweep_market import TABLES

    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {name: connection.execute(f"SELECT count(*) FROM escalations_{name}").fetchone()[0] for name in TABLES}


def count_equally(*counted: dict[str, int]) -> None:
    """All copies hold the same number of rows in every table, and something was written to each."""
    assert all(one == counted[0] for one in counted), counted
    assert min(counted[0].values()) > 0, counted


def check_some(swept_url: str, fresh_url: str, *, again: bool = False) -> None:
    """Cases drawn at random, fired anew one by one in a database that was not swept, come to the same rows; the chain
    of each holds. `again`: the fresh ones were fired before."""
    from tests.bench.sweep_market import ROUNDS, moment

    draw = random.Random(2026)
    by_round: dict[int, set[int]] = {number: set() for number in range(ROUNDS)}
    while sum(map(len, by_round.values())) < DRAWN:
        case = draw.randrange(1, CASES + 1)
        if case % 10 < ROUNDS:
            by_round[case % 10].add(case)
    drawn = sorted(set().union(*by_round.values()))
    with on_database(fresh_url):
        from tests.factories.sweeping import one_by_one, state

        if not again:
            for number, cases in by_round.items():
                one_by_one(moment(number), cases)
        expected = state(drawn)
    with on_database(swept_url):
        from tests.factories.desk import broken
        from tests.factories.sweeping import state

        found = state(drawn)
        from escalations.models import Case

        assert [case for case in drawn if broken(Case(pk=case))] == []
    for table, rows in expected.items():
        assert found[table] == rows, (table, first_difference(found[table], rows))


def first_difference(found: list[Any], expected: list[Any]) -> Any:
    return next(((one, other) for one, other in zip(found, expected, strict=False) if one != other), "lengths")
