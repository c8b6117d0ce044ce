"""The sweep: what fires, for whom, once, and what it leaves behind. On whichever database the suite runs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalations.models import (
    Absence,
    Case,
    Clock,
    Escalation,
    Event,
    Heartbeat,
    Membership,
    OnCallShift,
    Outbox,
    Role,
    Timer,
)
from escalations.services import closing, pauses, record, replies, sweep
from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk, broken, clocks, desk, kinds
from tests.factories.sweeping import every_row

__all__ = ["desk"]

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)


def told(case: Case, kind: str) -> list[list[str]]:
    """To whom each notice of a kind about a case goes, oldest first."""
    return [row.data["to"] for row in Outbox.objects.filter(case=case, kind=kind).order_by("id")]


def last(case: Case) -> Event:
    event = case.events.order_by("seq").last()
    assert event is not None
    return event


# ------------------------------------------------------------------------------------------------------ what fires


def test_a_warning_is_told_to_whoever_has_the_case(desk: Desk) -> None:
    case = desk.held_by("mia")
    done = sweep.sweep(now=NOW + 3 * HOUR)
    assert (done.fired, dict(done.counts)) == (1, {"warning": 1})
    assert told(case, "notice.warning") == [[f"user:{desk.user('mia').pk}"]]
    due = NOW + 4 * HOUR
    assert last(case).data == {"clock": "first_response", "share": 75, "due": due.isoformat()}
    clock = case.clocks.get(kind="first_response")
    assert (clock.state, clock.cursor, clock.due_at) == ("running", 1, due)
    timer = Timer.objects.get(clock=clock)
    assert (timer.moment_key, timer.due_at, timer.occurrence_key) == ("breach", due, f"{clock.pk}:breach:1")
    assert broken(case) is None


def test_a_warning_about_a_case_that_nobody_has_is_told_to_the_leads(desk: Desk) -> None:
    case = desk.open(assign=False)
    sweep.sweep(now=NOW + 50 * MINUTE)
    assert told(case, "notice.warning") == [[f"leads:{case.team_id}"]]


def test_a_breach_dates_from_its_moment_and_is_told_to_both(desk: Desk) -> None:
    case = desk.held_by("mia")
    for minute in range(175, 260, 5):
        sweep.sweep(now=NOW + minute * MINUTE)
    clock = case.clocks.get(kind="first_response")
    assert (clock.state, clock.breached_at, clock.ended_at) == ("breached", NOW + 4 * HOUR, None)
    assert not Timer.objects.filter(clock=clock).exists()
    assert told(case, "notice.breach") == [[f"user:{desk.user('mia').pk}", f"leads:{case.team_id}"]]
    assert kinds(case)[-2:] == ["clock.warned", "clock.breached"]


def test_a_promise_that_is_not_kept_is_noticed_before_its_target_is(desk: Desk) -> None:
    case = desk.held_by("mia")
    until, anew = NOW + 2 * HOUR, NOW + 6 * HOUR
    say = {"case_id": case.pk, "actor": desk.by("mia"), "body": "You hear from us."}
    replies.promise_party(**say, now=NOW, due=until)
    case.refresh_from_db()
    assert case.radar_at == until
    done = sweep.sweep(now=until + MINUTE)
    assert done.counts == {"promise": 1}
    assert last(case).kind == "promise.broken"
    assert last(case).data == {"clock": "resolution", "due": until.isoformat()}
    assert told(case, "notice.promise") == [[f"user:{desk.user('mia').pk}", f"leads:{case.team_id}"]]
    clock = case.clocks.get(kind="resolution")
    assert (clock.state, clock.promise_broken_at, clock.breached_at) == ("running", until, None)
    assert sweep.sweep(now=until + 2 * MINUTE).fired == 0
    # Promised anew, with the reason: kept in sight again, and told again when it is broken again.
    replies.promise_party(**say, now=until + 3 * MINUTE, due=anew, reason="The lab is late.")
    sweep.run(now=anew + MINUTE)
    assert len(told(case, "notice.promise")) == 2
    assert case.clocks.get(kind="resolution").promise_broken_at == anew
    assert broken(case) is None


def test_a_legal_deadline_alerts_its_legal_owner_at_half_at_four_fifths_and_when_it_has_passed(desk: Desk) -> None:
    case = desk.open(party={"kind": "seller", "external_id": "S-1"}, category="seller.appeal", symptom="suspended")
    clock = case.clocks.get(kind="statutory")
    day = 24 * HOUR
    for days in (3, 3.5, 5.6, 6.9, 7):
        sweep.sweep(now=NOW + days * day)
    rows = Outbox.objects.filter(case=case, kind="notice.statutory").order_by("id")
    assert [row.data["moment"] for row in rows] == ["warn:50", "warn:80", "breach"]
    assert all(row.data["to"][0] == "role:counsel" for row in rows)
    assert [row.data["clock"] for row in rows] == [clock.pk] * 3


def test_all_that_is_due_in_a_case_fires_in_one_go(desk: Desk) -> None:
    case = desk.held_by("mia")
    version = Case.objects.get(pk=case.pk).version
    seq = Case.objects.get(pk=case.pk).chain_seq
    done = sweep.sweep(now=NOW + 30 * HOUR)  # the first answer is late, and the first rung is due
    assert (done.cases, done.counts["breach"], done.counts["rung"]) == (1, 1, 1)
    case.refresh_from_db()
    assert (case.version, case.chain_seq) == (version + 1, seq + 2)
    history = record.HistoricalCase.objects.filter(id=case.pk, version=case.version).get()
    assert (history.level_id, history.history_change_reason, history.history_user_id) == (
        case.level_id,
        "worker:sweep: fire",
        None,
    )
    assert broken(case) is None


# ------------------------------------------------------------------------------------------------------- how it climbs


def test_a_rung_raises_the_case_into_the_queue_of_those_who_may_decide(desk: Desk) -> None:
    case = desk.held_by("mia")
    sweep.sweep(now=NOW + 24 * HOUR + MINUTE)
    now = NOW + 24 * HOUR + MINUTE
    case.refresh_from_db()
    assert (case.level.key, case.team.key, case.assignee, case.status) == ("L2", "orders", None, "triaged")
    climb = Escalation.objects.get(case=case)
    assert (climb.type, climb.cause, climb.rung_key, climb.state) == ("time", "time", "second", "standing")
    assert (climb.from_level.key, climb.to_level.key, climb.actor_id, climb.at) == ("L1", "L2", "sweep", now)
    before, after = case.ownerships.order_by("id")[1:]
    assert (before.ends_at, before.business_s) == (now, 8 * 3600 + 60)
    assert (after.starts_at, after.ends_at, after.assignee, after.level.key) == (now, None, None, "L2")
    mia, ana = desk.user("mia").pk, desk.user("ana").pk
    assert told(case, "notice.rung") == [[f"user:{mia}", f"user:{ana}"]]
    fired = case.clocks.get(kind="tier", tier="second")
    following = case.clocks.get(kind="tier", tier="head")
    assert (fired.state, fired.breached_at, fired.ended_at) == ("breached", NOW + 24 * HOUR, now)
    assert (following.started_at, following.due_at) == (NOW + 24 * HOUR, NOW + 48 * HOUR)
    timer = Timer.objects.get(clock=following)
    assert (timer.moment_key, timer.occurrence_key) == ("rung:head", f"{following.pk}:rung:head:1")
    assert broken(case) is None


def test_whoever_may_decide_at_the_new_level_keeps_the_case(desk: Desk) -> None:
    case = desk.held_by("ana")
    sweep.sweep(now=NOW + 24 * HOUR)
    case.refresh_from_db()
    assert (case.level.key, case.assignee, case.status) == ("L2", desk.user("ana"), "assigned")
    assert case.ownerships.count() == 3  # opened, assigned, escalated


def test_whoever_loses_a_case_is_told_even_when_the_rung_does_not_name_them(desk: Desk) -> None:
    document = market_document()
    document["central"]["ladders"]["slow"]["rungs"][0]["tell"] = ["team_lead"]
    desk.install(document, now=NOW - HOUR)
    case = desk.held_by("mia")
    sweep.sweep(now=NOW + 24 * HOUR)
    assert told(case, "notice.rung") == [[f"user:{desk.user('ana').pk}", f"user:{desk.user('mia').pk}"]]


def test_a_rung_that_only_tells_moves_nothing(desk: Desk) -> None:
    document = market_document()
    del document["central"]["ladders"]["slow"]["rungs"][0]["level"]
    desk.install(document, now=NOW - HOUR)
    case = desk.held_by("mia")
    sweep.sweep(now=NOW + 24 * HOUR)
    case.refresh_from_db()
    assert (case.level.key, case.assignee, case.escalations.count()) == ("L1", desk.user("mia"), 0)
    assert last(case).kind == "rung.reminded"
    assert len(told(case, "notice.rung")) == 1
    assert case.ownerships.count() == 2


def test_a_rung_may_lead_to_another_team(desk: Desk) -> None:
    document = market_document()
    document["central"]["ladders"]["slow"]["rungs"][0]["team"] = "trust"
    desk.install(document, now=NOW - HOUR)
    case = desk.held_by("ana")  # she may decide at that level, but not in that team
    sweep.sweep(now=NOW + 24 * HOUR)
    case.refresh_from_db()
    assert (case.team.key, case.level.key, case.assignee, case.status) == ("trust", "L2", None, "triaged")
    assert case.ownerships.get(ends_at__isnull=True).team == case.team
    climb = case.escalations.get()
    assert (climb.from_team.key, climb.to_team.key) == ("orders", "trust")
    assert (last(case).data["from_team"], last(case).data["to_team"]) == ("orders", "trust")


def test_s1_an_empty_step_does_not_wait_its_full_delay(desk: Desk) -> None:
    Membership.objects.filter(team__key="brand").delete()
    desk.person("chief", team="orders", level="L3", leads=True)
    document = market_document()
    document["central"]["ladders"]["slow"]["rungs"][0]["team"] = "brand"
    desk.install(document, now=NOW - HOUR)
    case = desk.held_by("mia")
    sweep.sweep(now=NOW + 24 * HOUR)
    case.refresh_from_db()
    # Nobody in brand could be asked: on record, and the next rung fires at once.
    assert (case.level.key, case.team.key) == ("L3", "orders")
    assert last(case).kind == "rung.fired"
    assert (last(case).data["rung"], last(case).data["passed_over"]) == ("head", [["second", "nobody"]])


def test_s1_off_hours_the_rung_waits_for_the_calendar_and_then_fires_once(desk: Desk) -> None:
    friday = dt.datetime(2026, 11, 27, 14, tzinfo=dt.UTC)  # 15:00 in Berlin; 24 hours later is Saturday
    case = desk.open(at=friday)
    done = sweep.sweep(now=friday + 24 * HOUR)
    assert done.counts["waits"] == 1
    monday = dt.datetime(2026, 11, 30, 8, tzinfo=dt.UTC)
    timer = Timer.objects.get(case=case, moment_key="rung:second")
    assert timer.due_at == monday
    assert (last(case).kind, last(case).data["until"]) == ("rung.waits", monday.isoformat())
    assert told(case, "notice.rung") == []
    sweep.sweep(now=friday + 30 * HOUR)
    assert Escalation.objects.filter(case=case).count() == 0
    sweep.sweep(now=monday)
    assert Escalation.objects.filter(case=case).count() == 1
    assert len(told(case, "notice.rung")) == 1


def test_off_hours_whoever_is_on_call_is_asked(desk: Desk) -> None:
    leo = desk.user("leo")
    OnCallShift.objects.create(role=Role.objects.get(key="duty"), person=leo, starts_at=NOW - HOUR)
    friday = dt.datetime(2026, 11, 27, 14, tzinfo=dt.UTC)
    case = desk.open(at=friday)
    sweep.sweep(now=friday + 24 * HOUR)
    event = case.events.get(kind="rung.fired")
    assert (event.data["on_call"], event.data["asked"]) == ("duty", [leo.pk])
    assert f"user:{leo.pk}" in told(case, "notice.rung")[0]


def test_absent_people_are_answered_for_by_whoever_stands_in(desk: Desk) -> None:
    ana, tia = desk.user("ana"), desk.user("tia")
    Absence.objects.create(person=ana, starts_at=NOW, ends_at=NOW + 99 * HOUR)
    tia.covers.create(person=ana, starts_at=NOW, ends_at=NOW + 99 * HOUR)
    case = desk.held_by("mia")
    sweep.sweep(now=NOW + 24 * HOUR)
    assert last(case).data["asked"] == [tia.pk]


def test_a_level_that_is_away_without_cover_is_passed_over(desk: Desk) -> None:
    Absence.objects.create(person=desk.user("ana"), starts_at=NOW, ends_at=NOW + 99 * HOUR)
    case = desk.held_by("mia")
    sweep.sweep(now=NOW + 24 * HOUR)
    assert last(case).kind == "rung.passed"
    assert last(case).data["passed_over"][0] == ["second", "nobody"]


def test_s7_every_ladder_ends(desk: Desk) -> None:
    desk.person("chief", team="orders", level="L3")
    case = desk.held_by("mia")
    for hours in range(20, 400, 6):
        sweep.sweep(now=NOW + hours * HOUR)
    assert list(case.escalations.order_by("id").values_list("rung_key", flat=True)) == ["second", "head"]
    assert not Timer.objects.filter(case=case).exists()
    assert clocks(case)["tier"] == "breached, ended"
    assert broken(case) is None


# --------------------------------------------------------------------------------------------------- after downtime


def test_s3b_after_downtime_a_case_climbs_one_rung_and_the_others_follow_at_their_distance(desk: Desk) -> None:
    desk.person("chief", team="orders", level="L3")
    case = desk.held_by("mia")
    late = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)  # three days and three hours later, in opening hours
    done = sweep.run(now=late)
    case.refresh_from_db()
    assert case.level.key == "L2"
    assert case.escalations.count() == 1
    assert done.counts["delayed"] == 1
    event = case.events.get(kind="rung.fired")
    assert event.data["delayed"] == ["head"]
    assert case.clocks.get(tier="head").due_at == late + 24 * HOUR
    breach = case.events.get(kind="clock.breached", data__clock="first_response")
    assert breach.data["passed_over"] == ["warn:75"]
    assert sweep.run(now=late + 24 * HOUR).counts["rung"] == 1


def test_invariant_4_safety_climbs_all_that_is_due(desk: Desk) -> None:
    desk.person("chief", team="orders", level="L3")
    case = desk.held_by("mia")
    Case.objects.filter(pk=case.pk).update(severity_band=3)
    sweep.run(now=dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC))
    case.refresh_from_db()
    assert case.level.key == "L3"
    assert case.events.get(kind="rung.fired").data["rungs"] == ["second", "head"]


def test_decision_15_the_leads_get_one_digest_after_the_desk_stood_still(desk: Desk) -> None:
    cases = [desk.open(assign=False) for _ in range(6)]
    other = desk.open(category="seller.appeal", symptom="suspended", party={"kind": "seller", "external_id": "S"})
    sweep.run(now=NOW + MINUTE)
    back = NOW + 26 * HOUR
    sweep.run(now=back, limit=2)
    digest = Outbox.objects.get(kind="notice.digest")
    team = cases[0].team_id
    assert digest.data["to"] == [f"leads:{team}"]
    assert digest.data["count"] == 6
    assert sorted(digest.data["cases"]) == [case.pk for case in cases]
    assert other.team_id != team
    # A short stop, or a second worker that comes back after the same one, tells nobody again.
    Heartbeat.objects.filter(name="sweep").update(at=NOW + MINUTE)
    sweep.sweep(now=back + MINUTE)
    sweep.sweep(now=back + 9 * MINUTE)
    assert Outbox.objects.filter(kind="notice.digest").count() == 1


# ------------------------------------------------------------------------------------------------ once, and not again


def test_invariant_3_what_has_fired_does_not_fire_again(desk: Desk) -> None:
    desk.open()
    desk.open(assign=False)
    now = NOW + 30 * HOUR
    assert sweep.run(now=now).fired > 0
    before = every_row()
    assert not sweep.run(now=now)
    after = every_row()
    before.pop(Heartbeat._meta.db_table), after.pop(Heartbeat._meta.db_table)
    assert before == after


def test_s4_a_second_real_event_is_told_too(desk: Desk) -> None:
    case = desk.held_by("ana")
    for start in (0, 60):
        replies.respond(case_id=case.pk, actor=desk.by("ana"), now=NOW + start * HOUR, body="We look into it")
        sweep.run(now=NOW + (start + 59) * HOUR)
    rows = Outbox.objects.filter(case=case, kind="notice.breach", data__kind="next_update")
    assert len({row.occurrence_key for row in rows}) == len(rows) == 2


def test_c7_an_answer_given_in_time_leaves_nothing_to_escalate(desk: Desk) -> None:
    case = desk.held_by("mia")
    replies.respond(case_id=case.pk, actor=desk.by("mia"), now=NOW + HOUR, body="Hello")
    sweep.run(now=NOW + 5 * HOUR)
    assert told(case, "notice.breach") == []
    assert clocks(case)["first_response"] == "met, ended"


def test_c9_a_newer_policy_does_not_make_old_cases_escalate_differently(desk: Desk) -> None:
    case = desk.held_by("mia")
    document = market_document()
    document["central"]["ladders"]["slow"]["rungs"] = [{"key": "now", "after": {"elapsed": "PT1H"}, "level": "L3"}]
    desk.install(document, now=NOW + MINUTE)
    sweep.run(now=NOW + 24 * HOUR)
    case.refresh_from_db()
    assert case.level.key == "L2"
    assert case.escalations.get().rung_key == "second"


def test_c10_a_merged_case_does_not_escalate(desk: Desk) -> None:
    dead, living = desk.held_by("mia"), desk.held_by("mia")
    closing.merge(case_id=dead.pk, actor=desk.by("mia"), now=NOW + HOUR, into_id=living.pk, reason="the same vase")
    sweep.run(now=NOW + 50 * HOUR)
    assert not dead.escalations.exists()
    assert living.escalations.exists()
    assert kinds(dead)[-1] == "case.merged"


def test_a_timer_of_a_closed_case_is_removed_and_nothing_else_happens(desk: Desk) -> None:
    case = desk.held_by("mia")
    Case.objects.filter(pk=case.pk).update(is_open=False)
    before = Case.objects.get(pk=case.pk).version
    done = sweep.sweep(now=NOW + 30 * HOUR)
    assert done.counts == {"stale": 2}
    assert Case.objects.get(pk=case.pk).version == before
    assert not Timer.objects.filter(case=case, due_at__lte=NOW + 30 * HOUR).exists()


def test_invariant_2_a_finished_clock_never_changes(desk: Desk) -> None:
    case = desk.held_by("mia")
    row = case.clocks.get(kind="assign")
    before = Clock.objects.filter(pk=row.pk).values().get()
    Timer.objects.create(case=case, clock=row, moment_key="breach", due_at=NOW, occurrence_key=f"{row.pk}:breach:1")
    done = sweep.sweep(now=NOW + 2 * HOUR)
    assert dict(done.counts) == {"stale": 1}
    assert Clock.objects.filter(pk=row.pk).values().get() == before
    assert not Timer.objects.filter(clock=row).exists()


def test_a_timer_that_rings_too_early_is_put_right_and_fires_nothing(desk: Desk) -> None:
    case = desk.held_by("mia")
    first = case.clocks.get(kind="first_response")
    Timer.objects.filter(clock=first).update(due_at=NOW)
    done = sweep.sweep(now=NOW + MINUTE)
    assert (done.fired, dict(done.counts)) == (0, {"stale": 1})
    assert Timer.objects.get(clock=first).due_at == NOW + 3 * HOUR


# ------------------------------------------------------------------------------------------------------------ pauses


def test_a_pause_ends_by_itself_and_the_holder_is_told(desk: Desk) -> None:
    case = desk.held_by("mia")
    pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=NOW + HOUR, reason="buyer", evidence="asked for a photo")
    paused = case.clocks.get(kind="resolution")
    assert (paused.state, paused.due_at) == ("paused", None)
    # Elapsed clocks that were not stopped fire meanwhile; the stopped one has no moment.
    sweep.run(now=NOW + 60 * HOUR)
    assert Clock.objects.get(pk=paused.pk).state == "paused"
    done = sweep.run(now=NOW + 73 * HOUR)
    assert done.counts["resume"] == 1
    assert clocks(case)["resolution"] == "running"
    resumed = case.events.get(kind="case.resumed")
    assert (resumed.data["because"], resumed.actor_kind, resumed.actor_id) == ("time", "worker", "sweep")
    assert len(told(case, "notice.resumed")) == 1
    assert not sweep.run(now=NOW + 73 * HOUR).counts["resume"]
    assert broken(case) is None


def test_a_resume_that_is_not_allowed_any_more_is_set_aside(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case = desk.held_by("mia")
    pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=NOW + HOUR, reason="buyer", evidence="asked")
    Case.objects.filter(pk=case.pk).update(status="in_progress")
    done = sweep.run(now=NOW + 74 * HOUR)
    assert done.counts["refused"] == 1
    assert not sweep.run(now=NOW + 74 * HOUR + MINUTE)


# --------------------------------------------------------------------------------------------------- what goes wrong


def test_a_case_whose_law_cannot_be_read_stops_nobody(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = desk.held_by("mia"), desk.held_by("mia")
    version = desk.install(market_document(), now=NOW + MINUTE)
    Case.objects.filter(pk=bad.pk).update(policy_version=version)
    type(version).objects.filter(pk=version.pk).update(document="not JSON", policy_digest="unread")
    now = NOW + 24 * HOUR
    done = sweep.run(now=now)
    assert done.aside == [bad.pk]
    assert good.escalations.count() == 1
    assert bad.escalations.count() == 0
    assert "1 cases set aside" in caplog.text
    assert str(bad.pk) in caplog.text
    # It does not spin, and it is not forgotten.
    assert not sweep.run(now=now + MINUTE)
    assert sweep.run(now=now + 16 * MINUTE).aside == [bad.pk]
    Case.objects.filter(pk=bad.pk).update(policy_version=desk.version)
    sweep.run(now=now + 40 * MINUTE)
    assert bad.escalations.count() == 1


def test_a_case_that_the_database_refuses_stops_nobody(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    cases = [desk.held_by("mia", party={"kind": "buyer", "external_id": f"B-{n}"}) for n in range(5)]
    clock = cases[2].clocks.get(kind="tier")
    # Somebody restored an older state of this case by hand: what it comes to was told already.
    Outbox.objects.create(occurrence_key=f"{clock.pk}:rung:second:1", kind="notice.rung", at=NOW)
    done = sweep.run(now=NOW + 24 * HOUR)
    assert done.aside == [cases[2].pk]
    assert [case.escalations.count() for case in cases] == [1, 1, 0, 1, 1]
    assert "set aside" in caplog.text
    assert all(broken(case) is None for case in cases)


def test_nothing_is_left_of_a_batch_that_fails(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.held_by("mia")
    before = every_row()
    writer = sweep.write_postgres if connection.vendor == "postgresql" else sweep.write_sqlite

    def fail(batch: Any, sent: Any) -> None:
        raise RuntimeError("pulled the plug")

    monkeypatch.setattr(writer, "write_state", fail)
    with pytest.raises(RuntimeError, match="pulled the plug"):
        sweep.sweep(now=NOW + 30 * HOUR)
    assert every_row() == before


# ------------------------------------------------------------------------------------------------------------ looking


def test_s8_a_dry_run_changes_no_row_of_any_table(desk: Desk) -> None:
    for _ in range(3):
        desk.open()
    held = desk.held_by("mia")
    pauses.pause(case_id=held.pk, actor=desk.by("mia"), now=NOW + HOUR, reason="buyer", evidence="asked")
    now = NOW + 90 * HOUR
    before = every_row()
    looked = sweep.sweep(now=now, dry_run=True)
    assert every_row() == before
    assert looked.counts["resume"] == 1
    # It says what would happen.
    done = sweep.sweep(now=now)
    assert {kind: done.counts[kind] for kind in sweep.FIRED} == {kind: looked.counts[kind] for kind in sweep.FIRED}


def test_a_dry_run_in_working_hours_says_which_rung_would_fire(desk: Desk) -> None:
    """A rung that fires begins the clock of the next one, whose id is given out only to who may write."""
    desk.open()
    now = NOW + 30 * HOUR
    before = every_row()
    looked = sweep.sweep(now=now, dry_run=True)
    assert (looked.aside, looked.counts["rung"]) == ([], 1)
    assert every_row() == before
    assert sweep.sweep(now=now).counts == looked.counts


def test_the_number_of_statements_does_not_grow_with_the_number_due(desk: Desk) -> None:
    counts = []
    for number in (3, 30):
        for n in range(number):
            desk.open(party={"kind": "buyer", "external_id": f"B-{number}-{n}"}, assign=n % 2 == 0)
        now = desk.now + 30 * HOUR
        with CaptureQueriesContext(connection) as queries:
            done = sweep.sweep(now=now)
        assert done.cases == number
        counts.append(len([query for query in queries if "SAVEPOINT" not in query["sql"]]))
        Timer.objects.all().delete()
    assert counts[1] <= counts[0]


def test_the_sweep_writes_its_heartbeat(desk: Desk) -> None:
    desk.open()
    sweep.sweep(now=NOW + 30 * HOUR)
    beat = Heartbeat.objects.get(name="sweep")
    assert beat.at == NOW + 30 * HOUR
    assert beat.detail["fired"] == 2


def test_the_time_is_the_databases_unless_given(desk: Desk) -> None:
    Timer.objects.all().delete()
    done = sweep.sweep()
    assert done.now is not None
    assert abs(done.now - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1)
