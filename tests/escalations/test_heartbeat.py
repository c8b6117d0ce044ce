"""Signs of life, and the one value that says whether the desk can do its work."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext

from escalations.models import Delivery, Heartbeat
from escalations.selectors import health as state
from escalations.selectors.health import health
from escalations.services.heartbeat import beat
from tests.factories.telling import HOUR, MINUTE, NOW, small_desk

pytestmark = pytest.mark.django_db


def alive() -> None:
    for name in ("worker", "sweep"):
        beat(name=name, now=NOW)


def test_a_beat_says_when_where_and_what() -> None:
    beat(name="sweep", now=NOW, detail={"fired": 7})
    row = Heartbeat.objects.get()
    assert row.at == NOW
    assert row.detail["fired"] == 7
    assert row.detail.keys() == {"fired", "host", "pid"}


def test_a_late_beat_does_not_hide_a_newer_one() -> None:
    beat(name="sweep", now=NOW)
    beat(name="sweep", now=NOW - MINUTE, detail={"slow": 1})
    assert Heartbeat.objects.get().at == NOW
    beat(name="sweep", now=NOW + MINUTE)
    assert Heartbeat.objects.get().at == NOW + MINUTE


def test_a_desk_at_work_is_fine() -> None:
    alive()
    found = health(NOW)
    assert found.fine
    assert found.engine is not None
    assert found.post is not None
    assert (found.engine.worker_s, found.post.dead) == (0, 0)


@pytest.mark.parametrize("silent", ["worker", "sweep"])
def test_silence_is_noticed(silent: str) -> None:
    alive()
    beat(name="worker" if silent == "sweep" else "sweep", now=NOW + HOUR)
    found = health(NOW + HOUR)
    assert not found.fine
    assert found.engine is not None
    assert found.engine.stale == (silent,)


def test_messages_that_are_stuck_are_noticed() -> None:
    alive()
    desk = small_desk()
    case = desk.case()
    old = desk.intent("notice.reply", [f"user:{desk.mia.pk}"], case, at=NOW - HOUR)
    assert health(NOW).post == state.Post(unexpanded=1, overdue=0, dead=0)
    old.expanded_at = NOW
    old.save()
    columns = {"outbox": old, "means": "mail", "message_id": "<x@y>"}
    Delivery.objects.create(recipient="user:1", state="waiting", next_at=NOW + HOUR, **columns)
    assert health(NOW).fine
    Delivery.objects.create(recipient="user:2", state="waiting", next_at=NOW - HOUR, **columns)
    Delivery.objects.create(recipient="user:3", state="dead", next_at=NOW - HOUR, **columns)
    found = health(NOW)
    assert found.post == state.Post(unexpanded=0, overdue=1, dead=1)
    assert not found.fine


def test_pending_migrations_are_named() -> None:
    last = MigrationRecorder.Migration.objects.filter(app="escalations").order_by("-id")[0]
    name = last.name
    last.delete()
    found = health(NOW)
    assert found.pending_migrations == (f"escalations.{name}",)
    assert not found.fine


def test_without_a_database_there_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> tuple[str, ...]:
        raise DatabaseError("connection to db.internal failed")

    monkeypatch.setattr(state, "pending_migrations", gone)
    assert health(NOW) == state.Health(database=False)
    assert not health(NOW).fine


def test_asking_costs_few_queries() -> None:
    alive()
    with CaptureQueriesContext(connection) as queries:
        health(NOW)
    assert len(queries) <= 9


def test_the_age_is_that_of_the_last_beat() -> None:
    alive()
    found = health(NOW + dt.timedelta(seconds=42)).engine
    assert found is not None
    assert (found.worker_s, found.sweep_s) == (42, 42)
