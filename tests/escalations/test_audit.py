"""The self-audit: it finds what should have fired and did not, says it to whoever asks, and puts it right on record."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalations.models import Case, Clock, Heartbeat, Timer
from escalations.selectors.timers import timers
from escalations.services import audit, pauses, sweep
from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk, broken, desk, kinds
from tests.factories.sweeping import every_row

__all__ = ["desk"]

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)


def found(now: dt.datetime = NOW + MINUTE, *, deep: bool = False) -> list[tuple[str, int]]:
    return [(one.kind, one.case) for one in audit.audit_timers(now=now, deep=deep).findings]


def test_a_healthy_desk_has_nothing_to_find_whatever_happened_to_its_cases(desk: Desk) -> None:
    desk.open()
    desk.open(assign=False)
    paused = desk.held_by("mia")
    pauses.pause(case_id=paused.pk, actor=desk.by("mia"), now=NOW + HOUR, reason="buyer", evidence="asked")
    sweep.run(now=NOW + HOUR)
    before = every_row()
    assert found(NOW + HOUR, deep=True) == []
    assert every_row() == before
    for hours in (4, 25, 60, 100, 300):
        sweep.run(now=NOW + hours * HOUR)
        assert found(NOW + hours * HOUR, deep=True) == []


def test_s2_a_moment_that_has_not_fired_is_found(desk: Desk) -> None:
    case = desk.open(assign=False)
    assert found(NOW + 47 * MINUTE) == []  # the warning was due two minutes ago: the sweep may be on its way
    assert found(NOW + 49 * MINUTE) == [("overdue", case.pk)]
    state = timers(NOW + 49 * MINUTE)
    assert (state.overdue, state.oldest_s, state.fine) == (1, 240, False)


def test_s2_a_pause_that_nothing_ends_is_found_and_put_right(desk: Desk) -> None:
    case = desk.held_by("mia")
    pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=NOW + HOUR, reason="buyer", evidence="asked")
    timer = Timer.objects.get(case=case, moment_key="resume")
    due = timer.due_at
    timer.delete()
    report = audit.audit_timers(now=NOW + HOUR)
    assert [(one.kind, one.case) for one in report.findings] == [("never_resumes", case.pk)]
    assert audit.repair(report=report, now=NOW + HOUR) == 1
    assert Timer.objects.get(case=case, moment_key="resume").due_at == due
    assert found(NOW + HOUR, deep=True) == []
    assert sweep.run(now=due).counts["resume"] == 1


def test_a_clock_without_its_timer_is_found_and_fires_again_after_the_repair(desk: Desk) -> None:
    case = desk.held_by("mia")
    Timer.objects.filter(case=case, moment_key="rung:second").delete()
    assert not sweep.run(now=NOW + 24 * HOUR).counts["rung"]
    report = audit.audit_timers(now=NOW + 24 * HOUR)
    assert [(one.kind, one.case) for one in report.findings] == [("missing", case.pk)]
    assert "tier has no timer for rung:second" in report.findings[0].says
    audit.repair(report=report, now=NOW + 24 * HOUR)
    event = case.events.order_by("seq").last()
    assert event is not None
    assert (event.kind, event.data, event.actor_id) == ("timers.repaired", {"found": ["missing"]}, "audit")
    assert sweep.run(now=NOW + 24 * HOUR).counts["rung"] == 1
    assert broken(case) is None


@pytest.mark.parametrize("change", [{"ended_at": NOW, "state": "met"}, {"state": "paused", "due_at": None}])
def test_a_timer_whose_clock_does_not_run_is_found(desk: Desk, change: dict[str, Any]) -> None:
    case = desk.held_by("mia")
    Clock.objects.filter(case=case, kind="first_response").update(**change)
    kinds_found = {kind for kind, _ in found()}
    assert "dead" in kinds_found
    report = audit.audit_timers(now=NOW + MINUTE)
    audit.repair(report=report, now=NOW + MINUTE)
    assert found(deep=True) == []


def test_a_timer_of_a_closed_case_is_found_and_removed(desk: Desk) -> None:
    case = desk.held_by("mia")
    Case.objects.filter(pk=case.pk).update(is_open=False)
    report = audit.audit_timers(now=NOW + MINUTE)
    assert report.counts == {"dead": 3}
    audit.repair(report=report, now=NOW + MINUTE)
    assert not Timer.objects.filter(case=case).exists()
    assert found(deep=True) == []


@pytest.mark.parametrize(
    ("kind", "change", "deep"),
    [
        ("tier", {"due_at": NOW + 99 * HOUR}, False),
        ("tier", {"due_at": NOW + HOUR}, False),
        ("first_response", {"cycle": 7}, False),
        ("first_response", {"moment_key": "resume"}, False),
        ("first_response", {"due_at": NOW + 2 * HOUR}, True),
        ("first_response", {"moment_key": "warn:60"}, True),
    ],
)
def test_a_timer_that_disagrees_with_its_clock_is_found(
    desk: Desk, kind: str, change: dict[str, Any], deep: bool
) -> None:
    case = desk.held_by("mia")
    Timer.objects.filter(case=case, clock__kind=kind).update(**change)
    assert found(deep=deep) == [("wrong", case.pk)]
    report = audit.audit_timers(now=NOW + MINUTE, deep=True)
    audit.repair(report=report, now=NOW + MINUTE)
    assert found(deep=True) == []


def test_a_case_that_was_set_aside_is_shown_with_what_stands_in_the_way(desk: Desk) -> None:
    bad, good = desk.held_by("mia"), desk.held_by("mia")
    version = desk.install(market_document(), now=NOW + MINUTE)
    Case.objects.filter(pk=bad.pk).update(policy_version=version)
    type(version).objects.filter(pk=version.pk).update(document="not JSON", policy_digest="unread")
    now = NOW + 24 * HOUR
    sweep.run(now=now)
    report = audit.audit_timers(now=now + MINUTE)
    (one,) = [one for one in report.findings if one.kind == "aside" and "tier" not in one.says][:1]
    assert one.case == bad.pk
    assert "set aside until 2026-11-24 09:15:00 UTC: JSONDecodeError" in one.says
    # What cannot be read cannot be repaired either, and does not stop the others.
    Timer.objects.filter(case=good).delete()
    assert audit.repair(report=audit.audit_timers(now=now + MINUTE), now=now + MINUTE) == 1
    Case.objects.filter(pk=bad.pk).update(policy_version=desk.version)
    audit.repair(report=audit.audit_timers(now=now + MINUTE), now=now + MINUTE)
    assert sweep.run(now=now + MINUTE).counts["rung"] == 1


def test_the_home_page_asks_twice_whatever_the_number_overdue(desk: Desk) -> None:
    for _ in range(3):
        desk.open()
    Heartbeat.objects.create(name="audit", at=NOW, detail={"found": 2})
    with CaptureQueriesContext(connection) as queries:
        state = timers(NOW + 30 * HOUR)
    assert len(queries) == 2
    assert (state.overdue, state.found, state.audited_at) == (6, 2, NOW)


# ----------------------------------------------------------------------------------------------------------- commands


def run(name: str, *arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command(name, *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_the_command_says_what_it_finds_and_ends_with_1(desk: Desk) -> None:
    assert run("audit_timers") == (
        0,
        "Every open clock has the timer that it should have, and none is overdue.\n",
    )
    case = desk.open(at=dt.datetime.now(dt.UTC))
    Timer.objects.filter(case=case, moment_key__startswith="rung").delete()
    status, said = run("audit_timers")
    assert status == 1
    assert f"case {case.pk}: tier has no timer for rung:second" in said
    assert "audit_timers --repair" in said
    status, said = run("audit_timers", "--json")
    report = json.loads(said[: said.rindex("}") + 1])
    assert (status, report["counts"], report["findings"][0]["case"]) == (1, {"missing": 1}, case.pk)
    assert Heartbeat.objects.get(name="audit").detail["found"] == 1
    status, said = run("audit_timers", "--repair")
    assert (status, said.splitlines()[0]) == (0, "Wrote the timers of 1 cases anew.")
    assert kinds(case)[-1] == "timers.repaired"
    assert Heartbeat.objects.get(name="audit").detail["found"] == 0


def test_the_sweep_command_fires_until_nothing_is_due(desk: Desk) -> None:
    ago = dt.datetime.now(dt.UTC) - 400 * HOUR
    for _ in range(2):
        desk.open(at=ago)
    due = Timer.objects.filter(due_at__lte=dt.datetime.now(dt.UTC)).count()
    status, said = run("sweep", "--dry-run")
    assert status == 0
    assert said.startswith("Would fire ")
    assert " of 2 cases: " in said
    assert Timer.objects.filter(due_at__lte=dt.datetime.now(dt.UTC)).count() == due > 0
    looked = json.loads(run("sweep", "--dry-run", "--json")[1])
    status, said = run("sweep", "--limit", "1", "--json")
    done = json.loads(said)
    assert status == 0
    # Rungs wait when the tests run at night or on a Sunday.
    assert [done.get(kind, 0) for kind in ("breach", "rung", "waits")] == [
        looked.get(kind, 0) for kind in ("breach", "rung", "waits")
    ]
    assert done["breach"] > 0
    assert run("sweep") == (0, "Nothing is due.\n")
    with pytest.raises(CommandError, match="a whole number from 1 on"):
        call_command("sweep", "--limit", "0")


def test_the_sweep_command_ends_with_1_when_cases_were_set_aside(desk: Desk) -> None:
    case = desk.open(at=dt.datetime.now(dt.UTC) - 30 * HOUR)
    Case.objects.filter(pk=case.pk).update(ladder="no-such-ladder")
    status, said = run("sweep")
    assert status == 1
    assert "1 cases were set aside" in said
