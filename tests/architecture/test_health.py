"""`/healthz` and `/readyz`: what they promise, and what they say when something is wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from config import health
from escalations.models import Heartbeat


def say(answer: object) -> dict[str, tuple[bool, str]]:
    return {check["name"]: (check["ok"], check["say"]) for check in answer.json()["checks"]}  # type: ignore[attr-defined]


def test_a_process_that_answers_is_alive_without_a_database(client: Client) -> None:
    """No database mark: a query would fail this test."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_ready_with_a_fresh_heartbeat(client: Client) -> None:
    Heartbeat.objects.create(name="worker", at=timezone.now())
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.content
    assert say(answer).keys() == {"database", "migrations", "worker"}
    assert answer.headers["Cache-Control"].startswith("max-age=0")


@pytest.mark.django_db
def test_not_ready_before_a_worker_has_reported(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert say(answer)["worker"] == (False, "No worker has reported yet. Start one: `python manage.py qcluster`.")


@pytest.mark.django_db
def test_not_ready_with_an_old_heartbeat(client: Client) -> None:
    Heartbeat.objects.create(name="worker", at=timezone.now() - timedelta(minutes=10))
    Heartbeat.objects.create(name="sweep", at=timezone.now())
    answer = client.get("/readyz")
    assert answer.status_code == 503
    ok, words = say(answer)["worker"]
    assert not ok
    assert "restart it" in words


@pytest.mark.django_db
def test_not_ready_with_pending_migrations(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    monkeypatch.setattr(health, "_migrated", False)
    MigrationRecorder.Migration.objects.filter(app="escalations").order_by("-id")[0].delete()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert say(answer)["migrations"] == (False, "1 pending. Run `python manage.py migrate`.")


def test_not_ready_without_a_database_and_no_detail_leaks(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def cursor(self) -> None:
            raise OperationalError("connection to server at db.internal, user desk failed")

    monkeypatch.setattr(health, "connection", Gone())
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert say(answer).keys() == {"database"}
    assert b"db.internal" not in answer.content


def test_only_reading_methods(client: Client) -> None:
    assert client.post("/healthz").status_code == 405


def test_admin_pages_may_do_what_unfold_needs_and_no_other_page(client: Client) -> None:
    strict = client.get("/healthz").headers["Content-Security-Policy"]
    assert "unsafe" not in strict
    admin = client.get("/admin/login/").headers["Content-Security-Policy"]
    assert "'unsafe-eval'" in admin
    assert "script-src 'self' 'unsafe-eval';" in admin
