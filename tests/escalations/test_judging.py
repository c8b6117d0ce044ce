"""Working out what is unusual in the access log: once, in batches, none forgotten, and anew when rules change."""

from __future__ import annotations

import datetime as dt
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalations.core import watching
from escalations.management.checks.privacy import privacy_kept
from escalations.models import AccessEntry, AccessJudged, AccessMark, Case
from escalations.selectors.health import health
from escalations.services import judging, noting, roles
from tests.escalations.test_access_review import look
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]

NIGHT = NOW - dt.timedelta(hours=7)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def case(desk: Desk) -> Case:
    made = desk.held_by("mia")
    newest = AccessEntry.objects.order_by("-pk").values_list("pk", flat=True)[0]
    AccessJudged.objects.create(pk=1, until=newest, rules=watching.RULES)  # what setting up the desk left
    return made


def marked() -> set[int]:
    return set(AccessMark.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_batches_find_what_one_look_over_all_finds(
    desk: Desk, case: Case, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five failed sign-ins in an hour are one too many, wherever a batch ends between them."""
    monkeypatch.setattr(judging, "BATCH", batch)
    failed = [
        noting.note(kind=watching.SIGN_IN_FAILED, now=NOW + n * MINUTE).pk for n in range(watching.FAILURES + 1)
    ]  # fmt: skip
    odd = look(desk, "mia", case=case, at=NIGHT)
    done = judging.judge(now=NOW)
    assert marked() == {odd.pk, *failed[-2:]}
    assert (done.looked, done.unusual) == (len(failed) + 1, 3)
    assert AccessMark.objects.get(pk=odd.pk).reasons == ["outside the hours of their team"]


def test_nothing_is_looked_at_twice_but_what_is_young(desk: Desk, case: Case) -> None:
    look(desk, "mia", case=case, at=NIGHT)
    young = look(desk, "mia", case=case, at=NOW - MINUTE)
    assert judging.judge(now=NOW).looked == 2
    assert judging.judge(now=NOW).looked == 1, "an id below it may still come into sight"
    assert judging.judge(now=NOW + judging.SETTLES).looked == 1
    assert judging.judge(now=NOW + judging.SETTLES).looked == 0
    assert AccessJudged.objects.get().until == young.pk


def test_an_entry_that_comes_into_sight_late_is_not_forgotten(desk: Desk, case: Case) -> None:
    """Its id was given before that of an entry which was seen first."""
    later = look(desk, "mia", case=case, at=NOW)
    judging.judge(now=NOW)
    values = {"chain": later.chain, "seq": 999, "kind": "sign_in", "at": NIGHT, "mac": "", "key_id": ""}
    AccessEntry.objects.bulk_create([AccessEntry(pk=later.pk + 2, **{**values, "seq": 1000})])
    late = AccessEntry.objects.bulk_create([AccessEntry(pk=later.pk + 1, **values)])[0]
    judging.judge(now=NOW + MINUTE)
    assert late.pk in marked()


def test_it_stops_when_its_time_is_up_and_goes_on(desk: Desk, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "BATCH", 2)
    odd = [look(desk, "mia", case=case, at=NIGHT + n * MINUTE).pk for n in range(5)]
    first = judging.judge(now=NOW, within_s=-1)
    assert (first.looked, first.unfinished) == (2, True)
    assert judging.judge(now=NOW).unfinished is False
    assert marked() == set(odd)


def test_noting_costs_what_it_did(desk: Desk, case: Case) -> None:
    look(desk, "mia", case=case)
    with CaptureQueriesContext(connection) as asked:
        noting.note(kind="read", person=desk.user("mia"), now=NOW, cases=[case.pk])
    assert len(asked) == 6, "four of its own, one for the person here, one more for the savepoint's end"


def test_rules_that_changed_are_told_and_judge_anew_what_nobody_reviewed(
    desk: Desk, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed, kept = look(desk, "mia", case=case, at=NIGHT), look(desk, "mia", case=case, at=NIGHT)
    plain = look(desk, "mia", case=case, at=NOW - 20 * MINUTE)
    judging.judge(now=NOW)
    desk.user("pia").groups.add(roles.group_of("auditor"))
    noting.review(entry_ids=[reviewed.pk], actor=desk.user("pia"), now=NOW)
    judging.judge(now=NOW + judging.SETTLES)
    assert said() == []
    monkeypatch.setattr(watching, "RULES", watching.RULES + 1)
    monkeypatch.setattr(watching, "_odd", lambda look, people: ["by day"] if look.at == plain.at else [])
    assert "judge_looks --again" in said()[0]
    judging.judge(now=NOW + judging.SETTLES)
    assert said(), "what comes in is judged by the new rules, what was there is not"
    call_command("judge_looks", again=True, dry_run=True, stdout=StringIO())
    assert not AccessMark.objects.filter(pk=plain.pk).exists()
    call_command("judge_looks", again=True, stdout=StringIO())
    assert AccessMark.objects.get(pk=plain.pk).reasons == ["by day"]
    assert kept.pk not in marked()
    assert (AccessMark.objects.get(pk=reviewed.pk).open, said()) == (False, [])


def test_the_doctor_counts_what_waits_too_long(desk: Desk, case: Case) -> None:
    look(desk, "mia", case=case, at=NIGHT)
    hour = dt.timedelta(hours=1)
    assert "for 8 h" in said(NOW + hour)[0], "not worked out at all"
    judging.judge(now=NOW + hour)
    assert said(NOW + hour) == []
    (say,) = said(NOW + dt.timedelta(days=8))
    assert say.startswith("1 unusual entry nobody has reviewed for more than 7 days, the oldest for 8 days.")


def said(now: dt.datetime = NOW + 2 * judging.SETTLES) -> list[str]:
    found = [item for item in privacy_kept(now, health(now)) if item.name == "access log"]
    return [item.say for item in found if item.level != "ok"]
