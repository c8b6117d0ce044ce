"""History rows of a case say who, when and why: for people, integrations and every part of the engine."""

from __future__ import annotations

import datetime as dt

from escalations.models import Case
from escalations.services import audit, closing, record, replies, sweep
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]

HOUR = dt.timedelta(hours=1)


def rows(case: Case) -> list[tuple[str, str | None, dt.datetime]]:
    """Why, by whom and when a case was changed, the oldest first."""
    found = record.HistoricalCase.objects.filter(id=case.pk).order_by("history_id").select_related("history_user")
    return [
        (row.history_change_reason, row.history_user.username if row.history_user else None, row.history_date)
        for row in found
    ]


def test_people_integrations_and_workers_are_named(desk: Desk) -> None:
    case = desk.held_by("mia")
    replies.respond(case_id=case.pk, actor=desk.by("mia"), now=NOW + HOUR, body="We look into it.")
    sweep.sweep(now=NOW + 60 * HOUR)
    assert rows(case)[:3] == [
        ("integration:shop: open", None, NOW),
        ("worker:assignment: assign", None, NOW),
        ("respond", "mia", NOW + HOUR),
    ]
    why, who, when = rows(case)[-1]
    assert (why, who) == ("worker:sweep: fire", None)
    assert when == NOW + 60 * HOUR


def test_the_engine_that_repairs_and_closes_is_named(desk: Desk) -> None:
    case = desk.held_by("mia")
    case.clocks.get(kind="first_response").timers.all().delete()
    report = audit.audit_timers(now=NOW)
    audit.repair(report=report, now=NOW + HOUR)
    assert rows(case)[-1] == ("worker:audit: repair", None, NOW + HOUR)


def test_no_history_row_is_without_a_reason_and_a_moment(desk: Desk) -> None:
    desk.held_by("mia"), desk.open(category="seller.appeal", symptom="suspended")
    sweep.run(now=NOW + 200 * HOUR)
    closing.close_settled(now=NOW + 400 * HOUR)
    nameless = record.HistoricalCase.objects.filter(history_user__isnull=True)
    assert nameless.exists()
    for why, date, kind in nameless.values_list("history_change_reason", "history_date", "history_type"):
        actor, _, act = (why or "").rpartition(": ")
        assert actor.startswith(("worker:", "integration:", "party:")), why
        assert act
        assert date is not None
        assert kind in "+~"
