"""The crash laboratory: a sweeping process is killed at every point of its way, and nothing is lost or doubled.

What a killed sweep leaves is finished by another one; then the whole desk is held against a twin that was swept
without any crash. The same laboratory must find the damage when the transaction around a batch is taken away.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalations.errors import DeskError
from escalations.models import Case, Heartbeat, Outbox, Timer
from escalations.selectors import law, registry
from escalations.services import audit, pauses, sweep
from tests.databases import ROOT, Database
from tests.escalations import crashing
from tests.factories.desk import NOW, Desk, broken
from tests.factories.sweeping import state
from tests.governance.publishing import trusting
from tests.postgres import Server

HOUR = dt.timedelta(hours=1)
#: Where the process is killed, and at the how-manieth time that it comes by.
POINTS = (
    ("after claim", 2),
    ("after decision", 2),
    ("after the digest", 1),
    ("after the record", 1),
    ("after the record", 3),
    ("after the state", 2),
    ("before commit", 2),
    ("at commit", 2),
    ("after commit", 2),
    ("after a resumed pause is written", 1),
)


def furnish(cases: int) -> None:
    """A desk that has stood still for three days: warnings, breaches, rungs of several teams, a pause that is over."""
    law.forget()
    registry.forget()
    with trusting("test") as kept:
        desk = Desk(kept)
        desk.person("chief", team="orders", level="L3")
        for number in range(cases):
            party = {"kind": "buyer", "external_id": f"B-{number}"}
            at = NOW + number % 7 * HOUR
            if number % 3 == 2:
                desk.open(at=at, category="seller.appeal", symptom="suspended", party={**party, "kind": "seller"})
            else:
                desk.open(at=at, party=party, assign=number % 2 == 0)
        for _ in range(2):
            case = desk.held_by("ana", party={"kind": "buyer", "external_id": "B-P"})
            pauses.pause(
                case_id=case.pk, actor=desk.by("ana"), now=NOW + HOUR, reason="buyer", evidence="asked",
                until=NOW + 70 * HOUR,
            )  # fmt: skip
    Heartbeat.objects.create(name="sweep", at=NOW)


class Laboratory:
    """Starts sweeping processes; see `crashing`."""

    def __init__(self) -> None:
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.escalations.crashing"],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
        """Do some jobs side by side; each answer is the signal that ended it, and what the sweep did."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(jobs) + "\n")
        self.process.stdin.flush()
        # Warnings of the sweep go to the same place.
        while not (line := self.process.stdout.readline()).startswith("[{"):
            assert line, "the laboratory has ended"
        answers: list[dict[str, Any]] = json.loads(line)
        return answers

    def kill(self, database: Database, point: str | int, **job: Any) -> bool:
        """Sweep a database and be killed at a point; False when the process did not come by it."""
        (answer,) = self.run({"url": database.url, "point": point, **job})
        assert answer["signal"] == signal.SIGKILL or answer["did"] is not None, "the sweep failed by itself"
        return answer["signal"] == signal.SIGKILL


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    """The laboratory, for the tests of this module."""
    made = Laboratory()
    yield made
    assert made.process.stdin is not None
    made.process.stdin.close()
    made.process.wait(30)


def damage(database: Database, expected: dict[str, list[Any]]) -> list[str]:
    """Finish what a killed sweep left, and say what is not as if it had never been killed."""
    with database.here():
        law.forget()
        registry.forget()
        found = []
        try:
            # The server takes a moment to notice that a process is gone, and holds its locks until then.
            for _ in range(50):
                done = sweep.run(now=crashing.NOW, limit=crashing.LIMIT)
                found += [f"case {case} was set aside" for case in done.aside]
                if not Timer.objects.filter(due_at__lte=crashing.NOW).exists():
                    break
                time.sleep(0.1)
        except (RuntimeError, DeskError) as error:
            found.append(f"the next sweep failed: {error}")
        found += [f"the chain of {case} is broken" for case in Case.objects.all() if not holds(case)]
        found += [one.says for one in audit.audit_timers(now=crashing.NOW, deep=True).findings]
        found += [table for table, rows in state().items() if rows != expected[table]]
    return found


def holds(case: Case) -> bool:
    try:
        return broken(case) is None
    except AssertionError:
        return False


@pytest.fixture(scope="module")
def furnished(postgres_server: Server, postgres_template: str, django_db_blocker: Any) -> Iterator[str]:
    """The name of a PostgreSQL database with the desk that has stood still."""
    name = f"furnished_{uuid.uuid4().hex[:12]}"
    with Database(postgres_server.create(name, template=postgres_template), django_db_blocker).here():
        furnish(9)
    yield name
    postgres_server.drop(name)


@pytest.fixture
def copies(postgres_server: Server, furnished: str, django_db_blocker: Any) -> Iterator[Callable[[], Database]]:
    """Makes copies of the furnished database."""
    made: list[str] = []

    def copy() -> Database:
        made.append(f"copy_{uuid.uuid4().hex[:12]}")
        return Database(postgres_server.create(made[-1], template=furnished), django_db_blocker)

    yield copy
    for name in made:
        postgres_server.drop(name)


@pytest.fixture(scope="module")
def uninterrupted(postgres_server: Server, furnished: str, django_db_blocker: Any) -> dict[str, list[Any]]:
    """What the desk comes to when nobody is killed."""
    name = f"twin_{uuid.uuid4().hex[:12]}"
    with Database(postgres_server.create(name, template=furnished), django_db_blocker).here():
        law.forget()
        registry.forget()
        done = sweep.run(now=crashing.NOW)
        assert min(done.counts[kind] for kind in ("breach", "rung", "resume", "delayed", "passed_over")) > 0
        assert Outbox.objects.filter(kind="notice.digest").count() == 1
        expected = state()
    postgres_server.drop(name)
    return expected


@pytest.mark.postgres
@pytest.mark.parametrize(("point", "times"), POINTS)
def test_s6_a_sweep_killed_at_any_point_loses_nothing_and_doubles_nothing(
    point: str,
    times: int,
    laboratory: Laboratory,
    copies: Callable[[], Database],
    uninterrupted: dict[str, list[Any]],
) -> None:
    database = copies()
    assert laboratory.kill(database, point, times=times)
    assert damage(database, uninterrupted) == []


@pytest.mark.postgres
def test_the_laboratory_finds_the_damage_when_the_transaction_is_taken_away(
    laboratory: Laboratory, copies: Callable[[], Database], uninterrupted: dict[str, list[Any]]
) -> None:
    found = {}
    for times in (1, 2):
        database = copies()
        assert laboratory.kill(database, "after the record", times=times, bare=True)
        found[times] = damage(database, uninterrupted)
    # The cases say that they have fired, their clocks and timers do not know: they would fire a second time.
    assert all(found.values()), found


@pytest.mark.postgres
def test_two_processes_that_sweep_at_once_fire_everything_once(
    laboratory: Laboratory, copies: Callable[[], Database], uninterrupted: dict[str, list[Any]]
) -> None:
    for limit in (1, 2):
        database = copies()
        both = laboratory.run(*[{"url": database.url, "limit": limit}] * 2)
        assert [answer["signal"] for answer in both] == [0, 0]
        assert min(answer["did"]["cases"] for answer in both) > 0, "one of them had nothing to do"
        assert sum(answer["did"].get("refused", 0) + answer["did"]["aside"] for answer in both) == 0
        assert damage(database, uninterrupted) == []


class Turns:
    """Lets two threads go on in a given order, from one named point to the next."""

    def __init__(self) -> None:
        self.going = [threading.Semaphore(0), threading.Semaphore(0)]
        self.arrived = [threading.Semaphore(0), threading.Semaphore(0)]
        self.ended = [False, False]
        self.who = threading.local()

    def stop(self) -> None:
        """Wait for the next turn."""
        number = self.who.number
        self.arrived[number].release()
        assert self.going[number].acquire(timeout=30), "the other thread never gave way"

    def stopping(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A function before and after which a thread waits for its turn."""

        def run(*args: Any, **kwargs: Any) -> Any:
            self.stop()
            result = original(*args, **kwargs)
            self.stop()
            return result

        return run

    def thread(self, number: int, work: Callable[[], list[int]], errors: list[Any]) -> threading.Thread:
        """A thread that works in turns; what it sets aside is an error too."""

        def run() -> None:
            self.who.number = number
            try:
                self.stop()
                errors.extend(work())
            except BaseException as error:
                errors.append(error)
            finally:
                connection.close()
                self.ended[number] = True
                self.arrived[number].release()

        return threading.Thread(target=run)

    def play(self, order: list[int]) -> None:
        """Give the turns in this order, then in turn until both have ended. Who waits for a lock loses the turn."""
        for number in (*order, *[0, 1] * 200):
            if not self.ended[number] and self.arrived[number].acquire(timeout=0.3) and not self.ended[number]:
                self.going[number].release()
            if all(self.ended):
                return


@pytest.mark.postgres
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 1), max_size=24), limits=st.tuples(st.integers(1, 6), st.integers(1, 6)))
def test_any_interleaving_of_two_sweeps_fires_once(
    copies: Callable[[], Database],
    uninterrupted: dict[str, list[Any]],
    order: list[int],
    limits: tuple[int, int],
) -> None:
    database, turns = copies(), Turns()
    errors: list[Any] = []
    with database.here(), pytest.MonkeyPatch.context() as patch:
        law.forget()
        registry.forget()
        writer = sweep.write_postgres
        for place, name in (
            (sweep.claim, "claim"), (sweep, "furnish"), (sweep, "_decided"), (writer, "write_record"),
            (writer, "write_state"), (sweep.aside, "_resume"),
        ):  # fmt: skip
            patch.setattr(place, name, turns.stopping(getattr(place, name)))
        threads = [
            turns.thread(number, lambda limit=limit: sweep.run(now=crashing.NOW, limit=limit).aside, errors)  # type: ignore[misc]
            for number, limit in enumerate(limits)
        ]
        for thread in threads:
            thread.start()
        turns.play(order)
        for thread in threads:
            thread.join(60)
    assert errors == []
    assert damage(database, uninterrupted) == []


@pytest.mark.postgres
def test_a_case_that_fired_while_the_claim_was_on_its_way_is_not_taken_as_it_was(
    copies: Callable[[], Database], uninterrupted: dict[str, list[Any]]
) -> None:
    """A statement reads what was there when it began, and locks what is there when it comes to it."""
    database = copies()
    late: list[sweep.SweepResult] = []
    with database.here(), pytest.MonkeyPatch.context() as patch:
        law.forget()
        registry.forget()
        at_once = sweep.claim._POSTGRES
        slow = at_once.replace("FROM escalations_timer t JOIN", "FROM (SELECT pg_sleep(2)) s, escalations_timer t JOIN")
        assert slow != at_once
        patch.setattr(sweep.claim, "_POSTGRES", slow)

        def sweep_late() -> None:
            late.append(sweep.sweep(now=crashing.NOW))
            connection.close()

        thread = threading.Thread(target=sweep_late)
        thread.start()
        with connection.cursor() as cursor:
            for _ in range(200):
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
                if cursor.fetchone()[0]:
                    break
                time.sleep(0.05)
        patch.setattr(sweep.claim, "_POSTGRES", at_once)
        assert sweep.run(now=crashing.NOW).fired > 0
        thread.join(60)
    # Not even tried and refused by the database, which would take the batch apart.
    assert [(done.cases, done.aside, done.batches) for done in late] == [(0, [], 1)]
    assert damage(database, uninterrupted) == []


# ------------------------------------------------------------------------------------------- on SQLite, each statement


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Path:
    """A SQLite database with the desk that has stood still."""
    path = tmp_path_factory.mktemp("crash") / "furnished.sqlite3"
    database = Database(f"sqlite:///{path}", django_db_blocker)
    database.manage("migrate", "--verbosity", "0")
    with database.here():
        furnish(4)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def copied(file: Path, name: str, blocker: Any) -> Database:
    target = file.with_name(f"{name}.sqlite3")
    shutil.copyfile(file, target)
    return Database(f"sqlite:///{target}", blocker)


def test_s6_on_sqlite_a_sweep_killed_after_any_statement_loses_nothing(
    laboratory: Laboratory, file: Path, django_db_blocker: Any
) -> None:
    twin = copied(file, "twin", django_db_blocker)
    with twin.here():
        law.forget()
        registry.forget()
        sweep.run(now=crashing.NOW)
        expected = state()
    statement = 1
    while laboratory.kill(database := copied(file, f"killed-{statement}", django_db_blocker), statement, limit=100):
        assert damage(database, expected) == [], f"after statement {statement}"
        statement += 1
    assert statement > 12


def test_on_sqlite_too_the_laboratory_finds_a_missing_transaction(
    laboratory: Laboratory, file: Path, django_db_blocker: Any
) -> None:
    twin = copied(file, "twin-2", django_db_blocker)
    with twin.here():
        law.forget()
        registry.forget()
        sweep.run(now=crashing.NOW)
        expected = state()
    damaged = []
    for statement in (3, 5, 7, 9):
        database = copied(file, f"bare-{statement}", django_db_blocker)
        assert laboratory.kill(database, statement, limit=100, bare=True)
        damaged.append(bool(damage(database, expected)))
    assert damaged == [True] * 4


# ------------------------------------------------------------------------------------------ beside people's own acts


@pytest.mark.postgres
def test_a_case_that_somebody_works_on_is_left_for_the_next_sweep(
    laboratory: Laboratory, copies: Callable[[], Database]
) -> None:
    database = copies()
    with database.here():
        law.forget()
        registry.forget()
        held = Timer.objects.filter(due_at__lte=crashing.NOW).order_by("due_at").first()
        assert held is not None
        with transaction.atomic():
            Case.objects.select_for_update(of=("self",)).get(pk=held.case_id)
            (answer,) = laboratory.run({"url": database.url, "limit": 100})
            assert answer["did"]["fired"] > 0
        left = set(Timer.objects.filter(due_at__lte=crashing.NOW).values_list("case_id", flat=True))
        assert left == {held.case_id}
        assert sweep.run(now=crashing.NOW).cases == 1
