"""Schedules are those declared in code, whatever stood in the database before; tasks say that they have run."""

from __future__ import annotations

import datetime as dt
import json
import pydoc
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django_q import scheduler as q2
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule
from django_q.signals import post_spawn

from escalations import schedules, tasks
from escalations.models import Heartbeat
from escalations.schedules import Declared, declared, sync
from escalations.services import delivery
from tests.factories.desk import Desk

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def rows() -> list[tuple[object, ...]]:
    return list(Schedule.objects.order_by("name").values_list())


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("sync_schedules", *arguments, stdout=out)
    return out.getvalue()


def test_every_declared_schedule_names_a_task_that_is_there() -> None:
    for item in declared():
        found = pydoc.locate(item.columns["func"])
        assert callable(found)
        assert found.__doc__


def test_names_are_used_once() -> None:
    assert len({item.name for item in declared()}) == len(declared())


def test_an_empty_database_gets_them_all_due_at_once() -> None:
    changes = sync(now=NOW)
    assert changes.added == [item.name for item in declared()]
    assert Schedule.objects.filter(next_run=NOW, repeats=-1, args=None, kwargs=None).count() == len(declared())


def test_twice_is_as_once() -> None:
    sync(now=NOW)
    before = rows()
    changes = sync(now=NOW + dt.timedelta(seconds=30))
    assert not changes
    assert changes.unchanged == [item.name for item in declared()]
    assert rows() == before


def test_a_worker_that_moved_the_next_run_is_no_difference() -> None:
    sync(now=NOW)
    for row in Schedule.objects.all():
        row.next_run = NOW + dt.timedelta(minutes=row.minutes)
        row.save()
    assert not sync(now=NOW)


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"func": "os.system"}, ["func"]),
        ({"args": "this is no tuple ("}, ["args"]),
        ({"kwargs": "x=1"}, ["kwargs"]),
        ({"hook": "os.system"}, ["hook"]),
        ({"repeats": 3}, ["repeats"]),
        ({"minutes": 60}, ["minutes"]),
        ({"cluster": "other"}, ["cluster"]),
        ({"next_run": NOW + 24 * HOUR}, ["next_run"]),
        ({"next_run": None}, ["next_run"]),
        ({"schedule_type": "C", "cron": "0 3 * * *"}, ["schedule_type", "cron"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_what_was_changed_by_hand_is_put_right(columns: dict[str, object], named: list[str]) -> None:
    sync(now=NOW)
    before = rows()
    Schedule.objects.filter(name="sweep").update(**columns)
    assert sync(now=NOW).changed == {"sweep": named}
    assert rows() == before


def test_what_is_not_declared_is_removed_and_doubles_are_one() -> None:
    sync(now=NOW)
    for name in ("sweep", "stray", None):
        Schedule.objects.create(name=name, func="os.system", schedule_type="I", minutes=1)
    assert sorted(sync(now=NOW).removed) == ["os.system (without a name)", "stray", "sweep"]
    assert Schedule.objects.count() == len(declared())
    assert Schedule.objects.get(name="sweep").func == "escalations.tasks.sweep"


def test_a_changed_cron_line_moves_the_next_run() -> None:
    """django-q2 leaves it where the old line put it."""

    def nightly(cron: str) -> tuple[Declared, ...]:
        return (Declared("nightly", "heartbeat", "a test", cron=cron),)

    sync(now=NOW, wanted=nightly("0 3 * * *"))
    assert Schedule.objects.get().next_run == NOW.replace(day=24, hour=3)
    assert not sync(now=NOW + HOUR, wanted=nightly("0 3 * * *"))
    assert sync(now=NOW, wanted=nightly("30 10 * * *")).changed == {"nightly": ["cron", "next_run"]}
    assert Schedule.objects.get().next_run == NOW.replace(hour=10, minute=30)
    assert not sync(now=NOW, wanted=nightly("30 10 * * *"))


def test_from_minutes_to_cron_and_back() -> None:
    by_minutes = (Declared("x", "heartbeat", "a test", minutes=5),)
    by_cron = (Declared("x", "heartbeat", "a test", cron="0 3 * * *"),)
    sync(now=NOW, wanted=by_minutes)
    sync(now=NOW, wanted=by_cron)
    assert Schedule.objects.get().minutes is None
    sync(now=NOW, wanted=by_minutes)
    row = Schedule.objects.get()
    assert (row.cron, row.minutes, row.next_run) == (None, 5, NOW)


def test_the_command_says_what_it_did_and_a_dry_run_writes_nothing() -> None:
    """Field case S8: a run that only looks writes nothing."""
    sync(now=NOW)
    Schedule.objects.filter(name="sweep").update(func="os.system")
    Schedule.objects.filter(name="deliver").delete()
    Schedule.objects.create(name="stray", func="os.system", schedule_type="I", minutes=1)
    before = rows()
    said = command("--dry-run")
    assert "deliver would be added" in said
    assert "sweep would be put right (func" in said
    assert "stray would be removed: it is not declared" in said
    report = json.loads(command("--dry-run", "--json"))
    assert (report["added"], report["removed"], report["dry_run"]) == (["deliver"], ["stray"], True)
    assert rows() == before
    assert "deliver added" in command()
    assert command() == ""


# ------------------------------------------------------------------------------------------------------------- tasks


def test_every_declared_task_runs_on_a_desk_and_leaves_a_heartbeat(desk: Desk) -> None:
    for item in declared():
        pydoc.locate(item.columns["func"])()  # type: ignore[operator]
    beating = set(Heartbeat.objects.values_list("name", flat=True))
    assert beating >= {"worker", "delivery", "assignment", "sweep", "audit"}
    assert len(beating) == len(declared())
    assert Heartbeat.objects.get(name="worker").detail.keys() == {"host", "pid"}


def test_the_queues_own_scheduler_takes_every_declared_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """One malformed row would stop them all."""
    monkeypatch.setattr(Conf, "SYNC", False)
    monkeypatch.setattr(q2, "close_old_django_connections", lambda: None)  # it would close the test's own
    now = timezone.now()
    sync(now=now - dt.timedelta(seconds=1))
    q2.scheduler()
    queued = [row.task for row in OrmQ.objects.order_by("id")]
    assert sorted(task["func"] for task in queued) == sorted(item.columns["func"] for item in declared())
    assert {(task["args"], len(task["kwargs"])) for task in queued} == {((), 0)}
    assert Schedule.objects.filter(next_run__gt=now).count() == len(declared())
    assert not sync(now=timezone.now())


def test_workers_that_start_together_begin_once_with_what_runs_every_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(schedules, "async_task", lambda name, **options: asked.append(name))
    for number in range(3):
        post_spawn.send(sender="django_q", proc_name=f"worker {number}")
    every_minute = ("heartbeat", "sweep", "deliver", "assign_waiting", "check_files", "erase_requested")
    assert asked == [f"escalations.tasks.{name}" for name in every_minute]


def test_a_task_ends_well_before_the_queues_timeout() -> None:
    assert settings.Q_CLUSTER["timeout"] >= tasks.BUDGET_S + settings.EMAIL_TIMEOUT
    assert {item.columns["func"].rpartition(".")[0] for item in declared() if item.app == "escalations"} == {
        tasks.__name__
    }


def test_deliver_works_off_all_intents_before_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter([3, 2, 0])
    monkeypatch.setattr(delivery, "expand", lambda *, now: delivery.Expanded(intents=next(left)))
    monkeypatch.setattr(delivery, "deliver", lambda *, now, within_s: delivery.Delivered(messages=4))
    assert tasks.deliver() == {"messages": 4}
    assert next(left, None) is None
