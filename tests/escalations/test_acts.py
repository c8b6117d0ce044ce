"""The acts on one case, each through its one door: what it needs, what it changes, what it leaves on record."""

from __future__ import annotations

import datetime as dt

import pytest

from escalations.core.actor import Actor
from escalations.errors import Invalid, NotAllowed, Refused, Stale
from escalations.models import (
    Absence,
    Case,
    CaseLink,
    Escalation,
    Handoff,
    Outbox,
    Ownership,
    Pause,
    Remedy,
    Team,
    Timer,
)
from escalations.services import (
    assignment,
    closing,
    escalation,
    evidence,
    facts,
    handoffs,
    pauses,
    people,
    remedies,
    replies,
)
from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk, broken, clocks, kinds


def later(minutes: float) -> dt.datetime:
    return NOW + dt.timedelta(minutes=minutes)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def told(case: Case, kind: str) -> list[str]:
    return [to for row in Outbox.objects.filter(case=case, kind=kind) for to in row.data["to"]]


# ------------------------------------------------------------------------------------------------ answering and time


def test_c7_an_answer_meets_the_first_response_in_the_same_transaction(desk: Desk) -> None:
    case = desk.held_by("mia")
    message = replies.respond(case_id=case.pk, actor=desk.by("mia"), now=later(5), body="We look into it.")
    assert clocks(case)["first_response"] == "met, ended"
    assert clocks(case)["next_update"] == "running"
    assert fresh(case).status == "in_progress"
    assert Outbox.objects.get(case=case, kind="party.message").data == {
        "to": [f"party:{case.party_id}"],
        "message": message.pk,
    }
    assert broken(case) is None


def test_a_second_answer_starts_the_next_update_anew(desk: Desk) -> None:
    case = desk.held_by("mia")
    for minutes in (5, 60):
        replies.respond(case_id=case.pk, actor=desk.by("mia"), now=later(minutes), body="Still on it.")
    rows = case.clocks.filter(kind="next_update").order_by("cycle")
    assert [(row.state, row.cycle) for row in rows] == [("met", 1), ("running", 2)]


def test_c6_the_radar_shows_the_soonest_of_all_clocks(desk: Desk) -> None:
    case = desk.held_by("mia")
    replies.respond(case_id=case.pk, actor=desk.by("mia"), now=later(5), body="We look into it.")
    running = case.clocks.filter(ended_at__isnull=True).exclude(kind="tier")
    assert fresh(case).radar_at == min(row.due_at for row in running if row.due_at)


def test_a_promised_update_is_kept_by_the_answer_and_the_next_one_promised_anew(desk: Desk) -> None:
    case = desk.held_by("mia")
    say = {"case_id": case.pk, "actor": desk.by("mia")}
    replies.respond(**say, now=later(5), body="You hear from us at three.", promise_due=later(300))
    replies.respond(**say, now=later(290), body="Tomorrow we know.", promise_due=later(1500))
    rows = case.clocks.filter(kind="next_update").order_by("cycle")
    assert [(row.state, row.promised_at) for row in rows] == [("met", later(300)), ("running", later(1500))]


def test_a_promise_in_the_past_is_refused(desk: Desk) -> None:
    case = desk.held_by("mia")
    with pytest.raises(Invalid):
        replies.respond(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="x", promise_due=later(-5))
    assert not case.messages.exists()


def test_notes_meet_no_clock_and_reach_no_party(desk: Desk) -> None:
    case = desk.held_by("mia")
    replies.note(case_id=case.pk, actor=desk.by("pia"), now=later(1), body="Carrier says no.")
    assert clocks(case)["first_response"] == "running"
    assert told(case, "party.message") == []


# ------------------------------------------------------------------------------------------------------------- pauses


def test_c5_a_pause_stops_exactly_the_clocks_that_the_policy_names(desk: Desk) -> None:
    case = desk.held_by("mia")
    pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=later(5), reason="buyer", evidence="asked for a photo")
    assert clocks(case) == {
        "assign": "met, ended",
        "first_response": "running",
        "resolution": "paused",
        "tier": "running",
    }
    assert Timer.objects.get(case=case, moment_key="resume").due_at == later(5) + dt.timedelta(days=3)


def test_c8_a_reply_by_any_way_in_ends_the_pause_that_waited_for_it(desk: Desk) -> None:
    case = desk.held_by("mia")
    pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=later(5), reason="buyer", evidence="asked for a photo")
    replies.receive(case_id=case.pk, actor=Actor.party(case.party_id), now=later(65), body="Here it is", means="chat")
    assert clocks(case)["resolution"] == "running"
    assert fresh(case).status == "in_progress"
    assert not Pause.objects.filter(ends_at__isnull=True).exists()
    assert told(case, "notice.reply") == [f"user:{case.assignee_id}"]


def test_c2_off_hours_are_not_counted_twice(desk: Desk) -> None:
    case = desk.held_by("mia")
    before = case.clocks.get(kind="resolution")
    pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=later(60), reason="buyer", evidence="asked")
    overnight = later(60) + dt.timedelta(hours=23)  # seven working hours later: 11 to 17 today, 9 to 10 tomorrow
    pauses.resume(case_id=case.pk, actor=desk.by("mia"), now=overnight)
    after = case.clocks.get(kind="resolution")
    assert before.due_at == dt.datetime(2026, 11, 27, 9, tzinfo=dt.UTC)
    assert after.due_at == dt.datetime(2026, 11, 27, 16, tzinfo=dt.UTC)


def test_g2_a_pause_needs_evidence_and_beyond_the_count_a_lead(desk: Desk) -> None:
    case = desk.held_by("mia")
    with pytest.raises(Invalid) as refused:
        pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason="buyer", evidence=" ")
    assert refused.value.field == "evidence"
    for turn in (10, 20):
        pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=later(turn), reason="buyer", evidence="asked")
        pauses.resume(case_id=case.pk, actor=desk.by("mia"), now=later(turn + 5))
    with pytest.raises(NotAllowed):
        pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=later(30), reason="buyer", evidence="asked")
    pauses.pause(case_id=case.pk, actor=desk.by("ana"), now=later(30), reason="buyer", evidence="asked")
    assert Pause.objects.filter(ends_at__isnull=True).values_list("approved_by", flat=True)[0].startswith("user:")


# ----------------------------------------------------------------------------------------------------------- handoffs


def test_m4_a_handoff_moves_ownership_and_nothing_else(desk: Desk) -> None:
    case = desk.held_by("mia")
    before = clocks(case)
    row = handoffs.hand_off(
        case_id=case.pk, actor=desk.by("mia"), now=later(30), to_team_id=_team("payments"), note="A chargeback."
    )
    moved = fresh(case)
    assert (moved.team.key, moved.assignee, moved.status, moved.party_id) == (
        "payments",
        None,
        "triaged",
        case.party_id,
    )
    assert clocks(case) == before
    assert row.brief["impact"][0] == "The vase arrived in pieces"
    assert told(case, "notice.handoff") == [f"leads:{_team('payments')}"]
    handoffs.accept(case_id=case.pk, actor=desk.by("pia"), now=later(40))
    assert fresh(case).assignee == desk.user("pia")
    assert [(row.team.key, row.ends_at is None) for row in Ownership.objects.filter(case=case)][-1] == (
        "payments",
        True,
    )
    assert broken(case) is None


def test_a_misrouted_handoff_goes_back_to_who_sent_it_with_the_reason(desk: Desk) -> None:
    case = desk.held_by("mia")
    handoffs.hand_off(case_id=case.pk, actor=desk.by("mia"), now=later(1), to_team_id=_team("payments"), note="Yours?")
    handoffs.return_misrouted(case_id=case.pk, actor=desk.by("pia"), now=later(2), reason="No payment in it.")
    back = fresh(case)
    assert (back.team.key, back.assignee, back.status) == ("orders", desk.user("mia"), "assigned")
    row = Handoff.objects.get(case=case)
    assert (row.state, row.returned_because) == ("returned", "No payment in it.")
    assert told(case, "notice.returned") == [f"user:{desk.user('mia').pk}"]


def test_a_misrouted_handoff_of_somebody_who_is_away_goes_to_the_queue(desk: Desk) -> None:
    case = desk.held_by("mia")
    handoffs.hand_off(case_id=case.pk, actor=desk.by("mia"), now=later(1), to_team_id=_team("payments"), note="Yours?")
    Absence.objects.create(person=desk.user("mia"), starts_at=later(1), ends_at=later(9000))
    handoffs.return_misrouted(case_id=case.pk, actor=desk.by("pia"), now=later(2), reason="No.")
    assert (fresh(case).assignee, fresh(case).status) == (None, "triaged")


def test_taking_a_case_that_was_handed_over_accepts_it(desk: Desk) -> None:
    case = desk.held_by("mia")
    handoffs.hand_off(case_id=case.pk, actor=desk.by("mia"), now=later(1), to_team_id=_team("payments"), note="Yours?")
    assignment.take(case_id=case.pk, actor=desk.by("pia"), now=later(2))
    assert Handoff.objects.get(case=case).state == "accepted"
    assert told(case, "notice.accepted") == [f"user:{desk.user('mia').pk}"]


@pytest.mark.parametrize("note", ["", "   "])
def test_a_handoff_without_a_note_is_refused(desk: Desk, note: str) -> None:
    case = desk.held_by("mia")
    with pytest.raises(Invalid) as refused:
        handoffs.hand_off(case_id=case.pk, actor=desk.by("mia"), now=NOW, to_team_id=_team("payments"), note=note)
    assert refused.value.field == "note"
    assert not Handoff.objects.exists()


# -------------------------------------------------------------------------------------------------------- escalations


def test_an_escalation_is_a_record_and_can_be_taken_back(desk: Desk) -> None:
    case = desk.held_by("mia")
    row = escalation.escalate(
        case_id=case.pk, actor=desk.by("mia"), now=later(5), cause="knowledge", reason="I do not know glass."
    )
    up = fresh(case)
    assert (up.level.key, up.assignee, up.status) == ("L2", None, "triaged")
    assert (row.type, row.cause, row.from_level.key, row.to_level.key) == ("manual", "knowledge", "L1", "L2")
    assignment.take(case_id=case.pk, actor=desk.by("ana"), now=later(6))
    escalation.de_escalate(
        case_id=case.pk, actor=desk.by("ana"), now=later(7), escalation_id=row.pk, reason="Explained."
    )
    assert fresh(case).level.key == "L1"
    assert Escalation.objects.get(pk=row.pk).state == "de_escalated"
    assert broken(case) is None


def test_whoever_may_decide_at_the_higher_level_keeps_the_case(desk: Desk) -> None:
    case = desk.held_by("ana")
    escalation.escalate(case_id=case.pk, actor=desk.by("ana"), now=NOW, cause="authority", reason="Mine to decide.")
    assert (fresh(case).assignee, fresh(case).level.key) == (desk.user("ana"), "L2")


def test_above_the_highest_level_there_is_nothing(desk: Desk) -> None:
    case = desk.held_by("ana")
    for _ in range(2):
        escalation.escalate(case_id=case.pk, actor=desk.by("ana"), now=NOW, cause="authority", reason="Up.")
    with pytest.raises(Refused, match="highest"):
        escalation.escalate(case_id=case.pk, actor=desk.by("ana"), now=NOW, cause="authority", reason="Up.")


# -------------------------------------------------------------------------------------------------------------- facts


def test_g5_a_claim_speeds_triage_and_only_a_verified_fact_raises_the_level(desk: Desk) -> None:
    case = desk.held_by("mia")
    claim = {"money_at_risk": {"amount": "9000.00", "currency": "EUR"}}
    facts.change_facts(case_id=case.pk, actor=desk.by("mia"), now=later(1), changes=claim)
    assert (fresh(case).level.key, fresh(case).get_severity_band_display()) == ("L1", "high")
    facts.change_facts(case_id=case.pk, actor=desk.by("mia"), now=later(2), states={"money_at_risk": "verified"})
    assert fresh(case).level.key == "L3"
    assert Escalation.objects.get(case=case).type == "severity"


def test_what_a_fact_does_not_raise_is_offered_with_the_difference(desk: Desk) -> None:
    case = desk.held_by("mia")
    change = facts.change_facts(
        case_id=case.pk, actor=desk.by("mia"), now=later(1), changes={"payment_method": "transfer"}
    )
    assert change.offered["owner"] == ["orders", "payments"]
    assert fresh(case).team.key == "orders"
    facts.accept_route(case_id=case.pk, actor=desk.by("mia"), now=later(2), decision_id=change.decision.pk)
    assert fresh(case).team.key == "payments"
    with pytest.raises(Refused, match="no longer open"):
        facts.accept_route(case_id=case.pk, actor=desk.by("pia"), now=later(3), decision_id=change.decision.pk)


def test_dismissing_a_fact_needs_a_reason(desk: Desk) -> None:
    case = desk.held_by("mia", signals={"legal": True})
    with pytest.raises(Invalid) as refused:
        facts.change_facts(case_id=case.pk, actor=desk.by("mia"), now=NOW, states={"legal": "dismissed"})
    assert refused.value.field == "reason"


def test_c3_g4_another_category_counts_the_time_used_so_far(desk: Desk) -> None:
    case = desk.held_by("mia")
    facts.reclassify(
        case_id=case.pk,
        actor=desk.by("mia"),
        now=later(120),
        category="order",
        symptom="other",
        reason="Not damaged at all.",
    )
    first = case.clocks.get(kind="first_response")
    assert first.due_at == later(240)  # four hours from receipt, not from the change
    assert "case.reclassified" in kinds(case)


# ------------------------------------------------------------------------------------------------------------ remedies


def test_a_remedy_within_authority_is_granted_and_beyond_it_asked_for(desk: Desk) -> None:
    case = desk.held_by("mia")
    give = {"case_id": case.pk, "actor": desk.by("mia"), "kind": "refund", "currency": "EUR", "reason": "Broken."}
    assert remedies.remedy(**give, now=later(1), amount="30.00").state == "granted"
    # Limits count what the case was granted in all: a second 30 is beyond the 50 of the level.
    asked = remedies.remedy(**give, now=later(2), amount="30.00")
    assert (asked.state, asked.approval.level.key) == ("requested", "L2")
    with pytest.raises(NotAllowed, match="somebody else"):
        remedies.decide_remedy(
            approval_id=asked.approval.pk, actor=desk.by("mia"), now=later(3), approve=True, reason="Mine."
        )
    with pytest.raises(NotAllowed, match="level"):
        remedies.decide_remedy(
            approval_id=asked.approval.pk, actor=desk.by("jon"), now=later(3), approve=True, reason="Sure."
        )
    remedies.decide_remedy(
        approval_id=asked.approval.pk, actor=desk.by("ana"), now=later(3), approve=True, reason="Fair."
    )
    assert Remedy.objects.get(pk=asked.pk).state == "granted"
    with pytest.raises(Refused):
        remedies.decide_remedy(
            approval_id=asked.approval.pk, actor=desk.by("ana"), now=later(4), approve=False, reason="No."
        )
    assert broken(case) is None


@pytest.mark.parametrize("amount", ["", "abc", "-5", "0", "1.001", "NaN", "1e30"])
def test_a_wrong_amount_is_refused_with_its_field(desk: Desk, amount: str) -> None:
    case = desk.held_by("mia")
    with pytest.raises(Invalid) as refused:
        remedies.remedy(
            case_id=case.pk, actor=desk.by("mia"), now=NOW, kind="refund", amount=amount, currency="EUR", reason="r"
        )
    assert refused.value.field == "amount"


# ------------------------------------------------------------------------------------------------------------- the end


def test_c11_resolution_ends_every_clock_and_timer(desk: Desk) -> None:
    case = _resolved(desk)
    assert not case.clocks.filter(ended_at__isnull=True).exists()
    assert not Timer.objects.filter(case=case).exists()
    assert fresh(case).status == "resolved"
    assert told(case, "party.resolution") == [f"party:{case.party_id}"]


def test_a_case_is_resolved_only_with_a_root_cause_of_its_category(desk: Desk) -> None:
    case = desk.held_by("mia")
    with pytest.raises(Invalid) as refused:
        closing.resolve(case_id=case.pk, actor=desk.by("mia"), now=NOW, root_cause="aliens", message="Done.")
    assert refused.value.field == "root_cause"


def test_g3_closing_and_reopening_gives_no_fresh_clock(desk: Desk) -> None:
    case = _resolved(desk, at=later(60))
    closing.close(case_id=case.pk, actor=desk.by("mia"), now=later(70))
    assert not fresh(case).is_open
    closing.reopen(case_id=case.pk, actor=desk.by("mia"), now=later(120), reason="The second vase broke too.")
    resolution = case.clocks.get(kind="resolution", ended_at__isnull=True)
    first = case.clocks.get(kind="resolution", ended_at__isnull=False)
    assert first.due_at is not None
    assert resolution.due_at == first.due_at + dt.timedelta(minutes=60)
    assert (fresh(case).status, fresh(case).reopened, fresh(case).is_open) == ("reopened", 1, True)
    assert broken(case) is None


def test_a_case_is_not_reopened_past_its_window(desk: Desk) -> None:
    case = _resolved(desk)
    with pytest.raises(Refused, match="new case"):
        closing.reopen(case_id=case.pk, actor=desk.by("mia"), now=NOW + dt.timedelta(days=15), reason="Again.")


def test_settled_cases_close_by_themselves_and_silence_is_what_counts(desk: Desk) -> None:
    quiet, loud = _resolved(desk), _resolved(desk)
    replies.receive(case_id=loud.pk, actor=Actor.party(loud.party_id), now=NOW + dt.timedelta(days=2), body="But wait")
    assert closing.close_settled(now=NOW + dt.timedelta(days=4)) == 1
    assert (fresh(quiet).status, fresh(loud).status) == ("closed", "resolved")


@pytest.mark.parametrize("closes", [False, True], ids=["resolved", "closed"])
def test_a_word_of_thanks_after_the_end_starts_no_clock(desk: Desk, closes: bool) -> None:
    case = _resolved(desk)
    if closes:
        closing.close(case_id=case.pk, actor=desk.by("mia"), now=later(90))
    replies.receive(case_id=case.pk, actor=Actor.party(case.party_id), now=later(200), body="Thank you!")
    assert not case.clocks.filter(ended_at__isnull=True).exists()
    assert not Timer.objects.filter(case=case).exists()


def test_c10_a_merged_case_escalates_no_more_and_its_mail_finds_the_living_one(desk: Desk) -> None:
    old = desk.held_by("mia")
    new = desk.open(at=later(60))
    living = closing.merge(case_id=old.pk, actor=desk.by("ana"), now=later(90), into_id=new.pk, reason="The same vase.")
    assert living.pk == new.pk
    assert not Timer.objects.filter(case=old).exists()
    assert fresh(old).status == "merged"
    # Earliest start, time used and all: merging gives nobody a fresh clock.
    assert new.clocks.get(kind="resolution", ended_at__isnull=True).started_at == NOW
    message = replies.receive(case_id=old.pk, actor=Actor.party(old.party_id), now=later(95), body="Hello?")
    assert message.case_id == new.pk
    assert broken(old) is None
    assert broken(new) is None
    assert CaseLink.objects.get().other_id == old.pk


def test_a_sensitive_case_is_not_merged_into_an_open_channel(desk: Desk) -> None:
    secret = desk.open(category="counterfeit", symptom="copy", assign=False)
    public = desk.open(assign=False)
    with pytest.raises((Refused, NotAllowed)):
        closing.merge(case_id=secret.pk, actor=desk.by("tia"), now=NOW, into_id=public.pk, reason="Same.")
    assert fresh(secret).status == "new"


# ----------------------------------------------------------------------------------------------- who, and at one time


def test_a_stale_save_is_refused_with_what_changed(desk: Desk) -> None:
    case = desk.held_by("mia")
    seen = fresh(case).version
    replies.note(case_id=case.pk, actor=desk.by("jon"), now=later(1), body="I called them.")
    with pytest.raises(Stale) as refused:
        replies.respond(case_id=case.pk, actor=desk.by("mia"), now=later(2), body="Hello", version=seen)
    assert [event.kind for event in refused.value.events] == ["note.added"]
    assert not case.messages.exists()


def test_somebody_outside_the_channel_can_do_nothing(desk: Desk) -> None:
    case = desk.open(category="counterfeit", symptom="copy", assign=False)
    with pytest.raises(NotAllowed):
        replies.note(case_id=case.pk, actor=desk.by("pia"), now=NOW, body="Hm")


def test_l7_nobody_works_a_case_of_their_own(desk: Desk) -> None:
    case = desk.open(assign=False)
    party = case.party
    party.staff_user = desk.user("mia")
    party.save()
    assert not Case.objects.visible_to(desk.user("mia")).exists()
    with pytest.raises(NotAllowed):
        assignment.take(case_id=case.pk, actor=desk.by("mia"), now=NOW)
    assignment.assign(case_id=case.pk, actor=Actor.worker("assignment"), now=NOW)
    assert fresh(case).assignee == desk.user("jon")


def test_a_superuser_sees_no_more_than_their_channels(desk: Desk) -> None:
    desk.open(assign=False)
    root = desk.user("pia")
    root.is_superuser = True
    root.save()
    root.groups.clear()
    assert not Case.objects.visible_to(desk.user("pia")).exists()


def test_m5_absence_and_capacity_are_part_of_assignment_and_a_return_drains_the_queue(desk: Desk) -> None:
    for name in ("mia", "jon", "ana"):
        Absence.objects.create(person=desk.user(name), starts_at=NOW, ends_at=later(60))
    case = desk.open()
    assert case.assignee is None
    assert assignment.assign_waiting(now=later(1)) == 0
    assert assignment.assign_waiting(now=later(61)) == 1
    assert fresh(case).assignee is not None


def test_m6_cover_is_followed_to_its_end_and_a_circle_refused(desk: Desk) -> None:
    from escalations.selectors.people import standing_in

    mia, jon, ana = (desk.user(name) for name in ("mia", "jon", "ana"))
    span = {"starts_at": NOW, "ends_at": later(600), "actor": ana, "now": NOW}
    people.set_cover(person_id=mia.pk, by_id=jon.pk, **span)
    people.set_cover(person_id=jon.pk, by_id=ana.pk, **span)
    assert standing_in(mia.pk, later(5)) == ana.pk
    with pytest.raises(Invalid, match="circle"):
        people.set_cover(person_id=ana.pk, by_id=mia.pk, **span)


def test_evidence_holds_up_resolution_until_it_is_there_or_waived(desk: Desk) -> None:
    case = desk.held_by("mia")
    from escalations.models import Evidence

    Evidence.objects.create(case=case, key="photo", name="Photo", at=NOW)
    with pytest.raises(Refused, match="evidence"):
        closing.resolve(case_id=case.pk, actor=desk.by("mia"), now=NOW, root_cause="carrier", message="Done.")
    evidence.add_evidence(case_id=case.pk, actor=desk.by("mia"), now=NOW, key="photo", note="In the mail.")
    closing.resolve(case_id=case.pk, actor=desk.by("mia"), now=NOW, root_cause="carrier", message="Done.")
    assert fresh(case).root_cause == "carrier"


def _resolved(desk: Desk, at: dt.datetime = NOW) -> Case:
    case = desk.held_by("mia")
    return closing.resolve(case_id=case.pk, actor=desk.by("mia"), now=at, root_cause="carrier", message="We refund it.")


def _team(key: str) -> int:
    return Team.objects.get(key=key).pk


# ---------------------------------------------------------------------------------------------- the table of the acts


def test_every_act_of_the_table_has_one_door() -> None:
    from escalations.core.lifecycle import ACTS
    from escalations.services.acts import DOORS

    assert set(DOORS) == set(ACTS)
    assert len(set(DOORS.values())) == len(ACTS)


def test_c9_a_new_version_moves_no_case_until_somebody_moves_it_on_record(desk: Desk) -> None:
    case = desk.held_by("mia")
    changed = market_document()
    changed["central"]["categories"]["order.damaged"]["owner"] = "payments"
    changed["central"]["categories"]["order.damaged"]["targets"] = {"resolution": {"business": "PT8H"}}
    second = desk.install(changed, now=later(1))
    assert fresh(case).policy_version == desk.version
    assert facts.preview_version(case_id=case.pk, number=second.number, now=later(2))["owner"] == ["orders", "payments"]
    with pytest.raises(NotAllowed):
        facts.move_version(case_id=case.pk, actor=desk.by("mia"), now=later(3), number=second.number, reason="Newer.")
    facts.move_version(case_id=case.pk, actor=desk.by("ana"), now=later(3), number=second.number, reason="Newer.")
    assert (fresh(case).policy_version, fresh(case).team.key) == (second, "payments")
    assert case.clocks.get(kind="resolution").target_s == 32 * 3600  # Germany's own, which the variant sets
    assert "case.version_moved" in kinds(case)
    assert broken(case) is None


def test_a_promised_decision_is_put_off_only_with_a_reason(desk: Desk) -> None:
    case = desk.held_by("mia")
    say = {"case_id": case.pk, "actor": desk.by("mia"), "body": "We decide by then."}
    replies.promise_party(**say, now=later(5), due=later(300))
    with pytest.raises(Invalid) as refused:
        replies.promise_party(**say, now=later(290), due=later(1500))
    assert refused.value.field == "promise_reason"
    replies.promise_party(**say, now=later(290), due=later(1500), reason="The lab is late.")
    assert case.clocks.get(kind="resolution").promised_at == later(1500)


def test_a_case_whose_version_lacks_its_category_is_not_resolved_into_nothing(desk: Desk) -> None:
    from escalations.models import Category

    case = desk.held_by("mia")
    stray = Category.objects.create(key="imported:stray", name="Stray", side="buyer", retired_at=NOW)
    Case.objects.filter(pk=case.pk).update(category=stray)
    with pytest.raises(Refused, match="move the case"):
        closing.resolve(case_id=case.pk, actor=desk.by("mia"), now=NOW, root_cause="carrier", message="Done.")
