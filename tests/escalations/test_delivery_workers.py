"""Several workers, killed workers, a real cluster: nothing lost, nothing told twice but under the same Message-ID."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from escalations.core import post
from escalations.models import Delivery
from escalations.services import delivery, nudging
from tests.databases import Database
from tests.factories.telling import MINUTE, NOW, small_desk
from tests.mailserver import MailServer
from tests.running import environment

ROOT = Path(__file__).resolve().parents[2]

WORKER = """
import os, sys, time
import django
django.setup()
from django.conf import settings
settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(sys.argv[1])
from tests.factories.telling import NOW
from escalations.services import delivery
{before}
print("ready", flush=True)
sys.stdin.readline()
while delivery.expand(now=NOW, limit=7).intents:
    delivery.deliver(now=NOW, limit=3)
delivery.deliver(now=NOW, limit=3)
"""


def worker(database: Database, mail_server: MailServer, before: str = "") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER.format(before=before), str(mail_server.port)],
        cwd=ROOT,
        env=database.environment | {"PYTHONPATH": str(ROOT)},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(*processes: subprocess.Popen[str]) -> list[int]:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.wait(120) for process in processes]


@pytest.mark.postgres
def test_two_workers_at_once_tell_everybody_exactly_once(postgres_database: Database, mail_server: MailServer) -> None:
    with postgres_database.here():
        desk = small_desk()
        case = desk.case()
        for number in range(40):
            # What a person wrote is never bundled and never counted against the party.
            desk.intent("party.message", [f"party:{desk.buyer.pk}"], case, number=number)
            desk.intent("notice.reply", [f"user:{desk.mia.pk}", f"leads:{desk.care.pk}"], case, number=number)
        assert go(*(worker(postgres_database, mail_server) for _ in range(2))) == [0, 0]
        # Colleagues who were just written to get the rest a minute later.
        left = Delivery.objects.exclude(state="sent")
        assert not left.filter(recipient__startswith="party:").exists()
        now = NOW
        while left.exists():
            now += 10 * MINUTE
            assert delivery.deliver(now=now)
        rows = list(Delivery.objects.all())
        expected = Counter({f"party:{desk.buyer.pk}": 40, f"user:{desk.mia.pk}": 40, f"user:{desk.ana.pk}": 40})
        assert Counter(row.recipient for row in rows) == expected
        assert {row.attempts for row in rows} == {1}
    ids = Counter(str(mail.message["Message-ID"]) for mail in mail_server.messages)
    assert set(ids.values()) == {1}
    assert len(mail_server.to("bea@home.example.test")) == 40
    for address in ("mia@desk.example.test", "ana@desk.example.test"):
        told = sum(
            int(str(mail.message["Subject"]).split()[0]) if "notices" in mail.message["Subject"] else 1
            for mail in mail_server.to(address)
        )
        assert told == 40


@pytest.mark.postgres
def test_a_worker_killed_between_acceptance_and_commit_is_repeated_under_the_same_id(
    postgres_database: Database, mail_server: MailServer
) -> None:
    with postgres_database.here():
        desk = small_desk()
        desk.intent("party.message", [f"party:{desk.buyer.pk}"], desk.case())
        killed = worker(
            postgres_database,
            mail_server,
            before="import signal; delivery.held = lambda *args: os.kill(os.getpid(), signal.SIGKILL)",
        )
        assert go(killed) == [-signal.SIGKILL]
        assert len(mail_server.messages) == 1
        row = Delivery.objects.get()
        assert (row.state, row.attempts) == ("sending", 1)
        later = NOW + dt.timedelta(seconds=post.LEASE_S)
        assert not delivery.deliver(now=later - MINUTE)
        assert delivery.deliver(now=later).counts == {"sent": 1}
    first, second = mail_server.messages
    assert first.message["Message-ID"] == second.message["Message-ID"] == row.message_id


@pytest.mark.django_db
def test_many_nudges_are_one_task_until_a_worker_begins(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"sync": False}
    asked: list[str] = []
    monkeypatch.setattr(nudging, "async_task", lambda name, **options: asked.append(name))
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(5):
            nudging.nudge()
    with django_capture_on_commit_callbacks(execute=True):
        nudging.nudge()
    assert asked == ["escalations.tasks.deliver"]
    nudging.begun()
    with django_capture_on_commit_callbacks(execute=True):
        nudging.nudge()
    assert asked == ["escalations.tasks.deliver"] * 2


@pytest.mark.django_db(transaction=True)
def test_a_nudge_of_a_write_that_is_rolled_back_asks_nobody(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"sync": False}
    asked: list[str] = []
    monkeypatch.setattr(nudging, "async_task", lambda name, **options: asked.append(name))
    with transaction.atomic():
        nudging.nudge()
        transaction.set_rollback(True)
    assert asked == []
    with transaction.atomic():
        nudging.nudge()
    assert asked == ["escalations.tasks.deliver"]


@pytest.mark.django_db
def test_nothing_leaves_inside_a_transaction() -> None:
    """A claim that could be rolled back after its mail had left would be sent again and again."""
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        delivery.deliver(now=NOW)


@pytest.mark.slow
def test_a_cluster_takes_the_declared_schedules_and_mail_leaves(tmp_path: Path, mail_server: MailServer) -> None:
    """The real thing: `qcluster` with the queue in the database, as `make run` starts it."""
    env = environment(tmp_path / "var", 1, EMAIL_URL=mail_server.url, PYTHONPATH=str(ROOT))

    def python(code: str) -> None:
        code = f"import django; django.setup(); {code}"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True, timeout=120)

    def wait_for(what: Callable[[], Any], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not what() and time.monotonic() < end and cluster.poll() is None:
            time.sleep(0.1)
        assert what(), (tmp_path / "log").read_text()[-3000:]

    def beating() -> set[str]:
        with contextlib.closing(sqlite3.connect(tmp_path / "var" / "desk.sqlite3")) as rows:
            return {name for (name,) in rows.execute("SELECT name FROM escalations_heartbeat")}

    python(
        "from django.core.management import call_command as call;"
        "call('migrate', verbosity=0); call('createcachetable'); call('sync_schedules');"
        "from tests.factories.telling import small_desk; desk = small_desk();"
        "desk.intent('notice.reply', [f'user:{desk.mia.pk}'], desk.case())"
    )
    with (tmp_path / "log").open("wb") as log:
        cluster = subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"], cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_for(lambda: mail_server.to("mia@desk.example.test"), 60)
        wait_for(lambda: beating() >= {"worker", "delivery", "assignment"}, 30)
        # The next one is asked for by a nudge, long before the minute is over.
        python(
            "from escalations.services import nudging; from escalations.models import Case, Outbox, User;"
            "from django.utils import timezone; to = [f'user:{User.objects.get(username=\"jon\").pk}'];"
            "Outbox.objects.create(occurrence_key='again', kind='notice.reply', case=Case.objects.get(),"
            "at=timezone.now(), data={'to': to}); nudging.nudge()"
        )
        wait_for(lambda: mail_server.to("jon@desk.example.test"), 30)
        cluster.send_signal(signal.SIGTERM)
        assert cluster.wait(30) == 0
    finally:
        if cluster.poll() is None:
            os.killpg(cluster.pid, signal.SIGKILL)
            cluster.wait()
    assert len(mail_server.messages) == 2
