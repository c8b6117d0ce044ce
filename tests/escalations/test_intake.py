"""Opening a case: routed with its reason, clocks from receipt, given to somebody; bad input leaves nothing behind."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from guardian.shortcuts import assign_perm

from escalations.core.actor import Actor
from escalations.errors import Invalid, NoPolicy
from escalations.models import (
    Absence,
    Case,
    Channel,
    Event,
    Outbox,
    Ownership,
    Party,
    PolicyVersion,
    Team,
    Timer,
)
from escalations.selectors import people
from escalations.services import intake
from tests.factories.desk import NOW, Desk, broken, clocks, kinds


def test_a_case_is_routed_and_says_why(desk: Desk) -> None:
    case = desk.open(party={"kind": "seller", "external_id": "S-1"}, category="seller.appeal", symptom="suspended",
                     signals={"money_at_risk": {"amount": "4100.00", "currency": "EUR"}})  # fmt: skip
    decision = case.decisions.get()
    assert (case.team.key, decision.rule_key) == ("payments", "appeal-with-funds-held")
    assert case.policy_version == desk.version
    # A claim speeds up triage; the level waits until somebody has verified it.
    assert case.level.key == "L2"
    assert ["level", "L3"] in decision.outcome["held_back"]
    assert set(case.clocks.values_list("kind", "name")) >= {("statutory", "eu-notice")}


def test_clocks_start_at_receipt_in_the_calendar_of_the_region(desk: Desk) -> None:
    friday = dt.datetime(2026, 11, 20, 15, 30, tzinfo=dt.UTC)  # 16:30 in Berlin, half an hour before closing
    case = intake.open_case(document=desk.document(), actor=desk.by("mia"), now=NOW, received_at=friday)
    first = case.clocks.get(kind="first_response")
    assert first.started_at == friday
    assert first.due_at == dt.datetime(2026, 11, 23, 11, 30, tzinfo=dt.UTC)
    assert case.opened_at == friday
    rung = case.clocks.get(kind="tier")
    assert (rung.tier, rung.due_at) == ("second", friday + dt.timedelta(hours=24))


def test_each_open_clock_has_exactly_one_timer_and_the_radar_the_soonest(desk: Desk) -> None:
    case = desk.open()
    open_clocks = case.clocks.filter(ended_at__isnull=True)
    assert sorted(Timer.objects.filter(case=case).values_list("clock_id", flat=True)) == sorted(
        open_clocks.values_list("pk", flat=True)
    )
    due = open_clocks.exclude(kind="tier").order_by("due_at").first()
    assert due is not None
    assert case.radar_at == due.due_at


def test_it_goes_to_the_best_free_person_at_once(desk: Desk) -> None:
    case = desk.open()
    assert case.assignee is not None
    assert case.assignee.username in ("mia", "jon")  # an L1 case does not take the L2's room
    assert case.status == "assigned"
    assert clocks(case)["assign"] == "met, ended"
    assert Ownership.objects.get(case=case, ends_at__isnull=True).assignee == case.assignee


def test_nobody_free_leaves_it_in_the_queue_with_its_clock_running(desk: Desk) -> None:
    night = NOW.replace(hour=23)
    case = desk.open(at=night)
    assert (case.assignee, case.status) == (None, "new")
    assert clocks(case)["assign"] == "running"


def test_g1_an_automatic_acknowledgement_is_no_first_response(desk: Desk) -> None:
    case = desk.open()
    assert Outbox.objects.filter(case=case, kind="party.acknowledgement").count() == 1
    first = case.clocks.get(kind="first_response")
    assert (first.state, first.promised_at) == ("running", first.due_at)


def test_a_known_party_is_found_again_and_not_overwritten(desk: Desk) -> None:
    one = desk.open()
    two = desk.open(party={"kind": "buyer", "name": "Somebody Else", "external_id": "B-17"})
    assert one.party == two.party
    assert Party.objects.get(pk=one.party_id).name == "Jane Roe"


def test_personal_data_is_stored_encrypted_and_named_nowhere(desk: Desk, django_db_blocker: Any) -> None:
    from django.db import connection

    case = desk.open()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, email, phone FROM escalations_party")
        stored = str(cursor.fetchall())
    assert "Jane" not in stored
    assert "jane@" not in stored
    assert str(case.party).startswith("P-")
    assert str(case) == case.reference
    assert "Jane" not in str(list(Event.objects.values("data"))) + str(list(Outbox.objects.values("data")))


def test_the_chain_holds_and_the_first_event_tells_how_it_came(desk: Desk) -> None:
    case = desk.open()
    assert kinds(case)[0] == "case.opened"
    assert broken(case) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"category": "no.such"}, "category"),
        ({"symptom": "singing"}, "symptom"),
        ({"region": "atlantis"}, "region"),
        ({"summary": "  "}, "summary"),
        ({"summary": "x" * 301}, "summary"),
        ({"party": None}, "party"),
        ({"party": {"kind": "alien"}}, "party.kind"),
        ({"party": {"kind": "buyer", "email": "not an address"}}, "party.email"),
        ({"party": {"kind": "buyer", "shoe": "42"}}, "party.shoe"),
        ({"source": "pigeon"}, "source"),
        ({"external_ref": 7}, "external_ref"),
    ],
)
def test_bad_input_names_the_field_and_leaves_nothing_behind(desk: Desk, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        desk.open(**changes)
    assert refused.value.field == field
    assert str(refused.value)
    assert not Case.objects.exists()
    assert not Party.objects.exists()


def test_without_a_playbook_it_says_how_to_install_one(db: None) -> None:
    assert not PolicyVersion.objects.exists()
    with pytest.raises(NoPolicy, match="install_playbook"):
        intake.open_case(document={}, actor=Actor.worker("test"), now=NOW)


def test_the_number_of_statements_does_not_grow_with_facts(desk: Desk, django_assert_max_num_queries: Any) -> None:
    desk.open()
    many = {"money_at_risk": {"amount": "5.00", "currency": "EUR"}, "legal": True, "safety": False}
    with django_assert_max_num_queries(30):
        desk.open(signals=many, party={"kind": "buyer", "external_id": "B-18"})


def test_who_is_away_loaded_and_allowed_is_the_same_asked_at_once_or_one_by_one(desk: Desk) -> None:
    for number in range(5):
        desk.open(party={"kind": "buyer", "external_id": f"B-{number}"})
    closed = desk.held_by("mia")
    Case.objects.filter(pk=closed.pk).update(is_open=False)
    Absence.objects.create(person=desk.user("jon"), starts_at=NOW - dt.timedelta(hours=1), ends_at=NOW)
    Absence.objects.create(person=desk.user("ana"), starts_at=NOW, ends_at=NOW + dt.timedelta(days=1))
    Absence.objects.create(
        person=desk.user("mia"), starts_at=NOW + dt.timedelta(seconds=1), ends_at=NOW + dt.timedelta(days=1)
    )
    desk.user("ana").groups.clear()
    assign_perm("work_cases", desk.user("ana"), Channel.objects.get(key="fraud"))
    for team in Team.objects.all():
        for channel in Channel.objects.all():
            ids = [row.person_id for row in people.members(NOW, team_ids=[team.pk])]
            absent, load, allowed = people.presence(team.pk, channel.pk, NOW)
            assert absent == people.away(NOW, ids)
            assert load == people.open_load(ids)
            assert allowed == people.holders(channel.pk, "work_cases") & set(ids)
    assert people.away(NOW, [desk.user("ana").pk]) == {desk.user("ana").pk}
