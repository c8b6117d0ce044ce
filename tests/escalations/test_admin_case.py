"""One case's page: who may see it, what may be done on it, and that nothing typed is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from escalations.admin import acts
from escalations.admin.act_table import ACTS
from escalations.admin.tabs import TABS
from escalations.core.actor import Actor
from escalations.core.policy import Policy
from escalations.core.words import Phrases
from escalations.models import (
    Approval,
    Case,
    Escalation,
    Evidence,
    Handoff,
    Level,
    Message,
    Note,
    Party,
    Pause,
    Remedy,
    Team,
)
from escalations.selectors import versions
from escalations.services import closing, facts, handoffs, replies, sweep
from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk, broken


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


class Page:
    """The pages of the desk as one person uses them."""

    def __init__(self, client: Client, desk: Desk) -> None:
        self.client, self.desk = client, desk

    def as_(self, name: str) -> Page:
        self.client.force_login(self.desk.user(name))
        return self

    def get(self, case: Case, tab: str = "", **headers: str) -> Any:
        query = {"tab": tab} if tab else {}
        return self.client.get(reverse("admin:escalations_case_change", args=[case.pk]), query, headers=headers)

    def form(self, case: Case, act: str) -> Any:
        return self.client.get(reverse("admin:escalations_case_act", args=[case.pk, act]))

    def do(self, case: Case, act: str, *, version: int | None = None, **typed: Any) -> Any:
        case.refresh_from_db()
        data = {"version": case.version if version is None else version, **typed}
        return self.client.post(reverse("admin:escalations_case_act", args=[case.pk, act]), data)


@pytest.fixture
def page(client: Client, desk: Desk) -> Page:
    return Page(client, desk).as_("mia")


def done(answer: Any) -> bool:
    return bool(answer.status_code == 302 and "done=" in answer.headers["Location"])


# ------------------------------------------------------------------------------------------------------ who may see it


@pytest.mark.parametrize("tab", ["", *TABS])
def test_every_tab_opens(page: Page, desk: Desk, tab: str) -> None:
    case = desk.held_by("mia")
    replies.respond(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="We look at it.")
    answer = page.get(case, tab)
    assert answer.status_code == 200
    assert case.reference in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("address", ["change", "history", "delete", "act"])
def test_a_case_of_another_channel_is_as_if_it_did_not_exist(page: Page, desk: Desk, address: str) -> None:
    hidden = desk.open(assign=False, category="counterfeit", symptom="copy", summary="A forged watch")
    page.as_("pia")

    def answer(pk: int) -> tuple[int, bytes]:
        name, args = f"admin:escalations_case_{address}", [pk]
        if address == "act":
            args = [pk, "note"]  # type: ignore[list-item]
        found = page.client.get(reverse(name, args=args), follow=True)
        return found.status_code, found.content

    for status, body in (answer(hidden.pk), answer(hidden.pk + 1000)):
        assert status in (403, 404) or b"exist" in body
        assert b"forged" not in body
        assert hidden.reference.encode() not in body
        assert b"Brand protection" not in body


def test_nobody_reads_a_case_of_their_own(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    Party.objects.filter(pk=case.party_id).update(staff_user=desk.user("mia"))
    assert page.get(case).status_code == 404
    assert page.as_("jon").get(case).status_code == 200


def test_the_partys_name_is_for_those_who_may_see_personal_data(page: Page, desk: Desk) -> None:
    case = desk.open(assign=False)
    desk.person("sam", team="orders", parts=("general:specialists",))
    for tab in TABS:
        assert "Jane Roe" not in page.as_("mia").get(case, tab).content.decode(), tab
        shown = page.as_("sam").get(case, tab).content.decode()
        assert "jane@" not in shown, "contact data stays masked"
        assert "Jane Roe" not in shown, "and so does the name"
    assert "J. R." in page.get(case).content.decode()
    assert case.party.pseudonym in page.as_("mia").get(case).content.decode()


def test_a_restricted_fact_and_rule_are_not_shown_to_everybody(page: Page, desk: Desk) -> None:
    case = desk.open(
        category="seller.appeal",
        symptom="suspended",
        signals={"ring": True},
        party={"kind": "seller", "external_id": "S-1"},
        assign=False,
    )
    facts.change_facts(case_id=case.pk, actor=desk.by("pia"), now=NOW, states={"ring": "verified"})
    case.refresh_from_db()
    assert case.channel.key == "fraud"
    seen = page.as_("tia").get(case, "why").content.decode()
    assert "Appeal of a linked account" in seen
    Case.objects.filter(pk=case.pk).update(channel=desk.open(assign=False).channel)
    for tab in TABS:
        body = page.as_("mia").get(Case.objects.get(pk=case.pk), tab).content.decode()
        assert "linked" not in body.lower(), tab
        assert "known ring" not in body, tab


def test_panels_name_no_case_that_is_hidden(page: Page, desk: Desk) -> None:
    """L2: side panels show subjects of hidden cases."""
    case = desk.open(assign=False)
    hidden = desk.open(assign=False, category="counterfeit", symptom="copy", summary="A forged watch")
    beside = desk.open(assign=False, summary="The second vase")
    assert case.party_id == hidden.party_id == beside.party_id
    closing.link(case_id=case.pk, actor=desk.by("ana"), now=NOW, other_id=hidden.pk)
    body = page.as_("pia").get(case).content.decode()
    assert "The second vase" in body
    assert "forged" not in body
    assert "forged" in page.as_("ana").get(case).content.decode()


def test_a_page_costs_the_same_however_long_the_story(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    for tab in TABS:
        page.get(case, tab)

    def queries(tab: str) -> int:
        with CaptureQueriesContext(connection) as found:
            page.get(case, tab)
        return len(found)

    replies.note(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="One.")
    replies.respond(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="One.")
    before = {tab: queries(tab) for tab in TABS}
    for number in range(8):
        replies.note(case_id=case.pk, actor=desk.by("jon" if number % 2 else "mia"), now=NOW, body=f"Note {number}")
        replies.respond(case_id=case.pk, actor=desk.by("mia"), now=NOW, body=f"Answer {number}")
    assert {tab: queries(tab) for tab in TABS} == before


def test_a_part_of_the_page_is_answered_as_a_part(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    part = page.get(case, "timeline", **{"HX-Request": "true", "HX-Target": "tab"}).content.decode()
    assert "<html" not in part
    assert "Given to Mia" in part
    top = page.get(case, **{"HX-Request": "true", "HX-Target": "case-top"}).content.decode()
    assert "<html" not in top
    assert f'data-version="{case.version}"' in top


# ------------------------------------------------------------------------------------------------- what may be done now


@pytest.mark.parametrize("state", ["new", "mine", "resolved", "closed"])
def test_every_acts_form_opens_or_says_why_not(page: Page, desk: Desk, state: str) -> None:
    case = desk.open(assign=False) if state == "new" else desk.held_by("mia")
    if state in ("resolved", "closed"):
        closing.resolve(case_id=case.pk, actor=desk.by("mia"), now=NOW, root_cause="carrier", message="Done.")
    if state == "closed":
        closing.close(case_id=case.pk, actor=desk.by("mia"), now=NOW)
    for act in ACTS:
        answer = page.form(case, act)
        assert answer.status_code == 200, act
        offered = answer.context["act_offer"]
        said = answer.content.decode().replace("&#x27;", "'")
        assert ("data-draft" in said) if offered.possible else (offered.reason.split(".")[0] in said), act


def test_each_state_has_one_primary_act_and_reasons_for_what_is_not_possible(page: Page, desk: Desk) -> None:
    def bar(case: Case) -> dict[str, Any]:
        case.refresh_from_db()
        found = page.get(case).context["offers"].bar
        assert sum(item.primary for item in found) <= 1
        assert all(item.reason.strip() for item in found if not item.possible)
        return {item.act.name: item for item in found}

    case = desk.open(assign=False)
    assert bar(case)["take"].primary
    assert "Take it or assign it first" in bar(case)["pause"].reason
    page.do(case, "take")
    assert bar(case)["reply"].primary
    assert "take" not in bar(case), "nobody takes what they have"
    page.do(case, "reply", body="We look at it today.")
    page.do(case, "pause", reason="buyer", evidence="The question of today.")
    assert bar(case)["resume"].primary
    page.do(case, "resume")
    page.do(case, "resolve", root_cause="carrier", message="Here is your refund.")
    assert bar(case)["close"].primary
    page.do(case, "close")
    assert bar(case)["reopen"].primary


def test_somebody_who_only_reads_is_told_so_on_every_act(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    desk.person("ria", team="payments", parts=("general:readers",))
    offers = page.as_("ria").get(case).context["offers"]
    assert not any(item.possible for item in (*offers.bar, *offers.menu))
    answer = page.do(case, "note", body="I should not write here")
    assert answer.status_code == 200
    assert "may not work on this case" in answer.content.decode()
    assert "I should not write here" in answer.content.decode()
    assert not Note.objects.exists()


def test_the_table_of_acts_knows_every_act_of_people() -> None:
    from escalations.core import lifecycle

    by_people = {move.act for move in lifecycle.MOVES if set(move.who) - {"engine", "party"}}
    elsewhere = {"triage", "start", "waive_evidence", "promise", "move_version", "receive"}
    elsewhere |= {"break_glass", "review_glass", "remove_file"}
    assert by_people - elsewhere <= {act.rule for act in ACTS.values()}
    assert set(acts.PRIMARY) == set(lifecycle.STATUSES)


# --------------------------------------------------------------------------------------------------------- doing it


def test_taking_replying_handing_off_and_accepting(page: Page, desk: Desk) -> None:
    case = desk.open(assign=False)
    assert done(page.do(case, "take"))
    assert done(page.do(case, "reply", body="We look at it today."))
    assert Message.objects.get(case=case).body == "We look at it today."
    payments = Team.objects.get(key="payments")
    assert done(page.do(case, "hand-off", to=f"team:{payments.pk}", note="Please refund: the carrier pays."))
    case.refresh_from_db()
    assert (case.team, case.assignee) == (payments, None)
    assert "to be accepted" in page.as_("pia").get(case).content.decode()
    assert done(page.do(case, "accept"))
    case.refresh_from_db()
    assert case.assignee == desk.user("pia")
    assert Handoff.objects.get(case=case).state == "accepted"
    assert broken(case) is None


def test_handing_to_a_person_and_returning_it(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    tia = desk.user("tia")
    trust = Team.objects.get(key="trust")
    assert done(page.do(case, "hand-off", to=f"person:{trust.pk}:{tia.pk}", note="Could be poison."))
    assert done(page.as_("tia").do(case, "return", reason="It is vinegar."))
    case.refresh_from_db()
    assert case.assignee == desk.user("mia")
    body = page.as_("mia").get(case, "moves").content.decode()
    assert "It is vinegar." in body


def test_only_people_who_may_work_the_channel_are_offered(page: Page, desk: Desk) -> None:
    case = desk.open(assign=False, category="counterfeit", symptom="copy")
    handoff = page.as_("bob").form(case, "hand-off").content.decode()
    assert "Tia (L2)" in handoff
    assert "Pia (L1)" not in handoff


def test_promise_pause_escalate_and_back(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    assert done(page.do(case, "reply", body="By tomorrow.", promise_due="2026-11-24T12:00"))
    body = page.get(case).content.decode()
    assert "told the buyer: Tue 24 Nov, 12:00" in body
    assert done(page.do(case, "pause", reason="buyer", evidence="The question of today.", until="2026-11-25T09:00"))
    assert Pause.objects.filter(clock__case=case).first().resume_at == dt.datetime(2026, 11, 25, 9, tzinfo=dt.UTC)  # type: ignore[union-attr]
    assert "paused: Waiting for the buyer" in page.get(case).content.decode()
    assert done(page.do(case, "resume"))
    assert done(page.do(case, "escalate", type="manual", cause="authority", to_level="", reason="More than I may."))
    row = Escalation.objects.get(case=case)
    assert done(page.as_("ana").do(case, "de-escalate", escalation_id=row.pk, reason="It was enough after all."))
    row.refresh_from_db()
    assert row.state == "de_escalated"


def test_a_promise_is_read_in_the_readers_zone(page: Page, desk: Desk) -> None:
    mia = desk.user("mia")
    mia.timezone = "Asia/Tokyo"
    mia.save(update_fields=["timezone"])
    case = desk.held_by("mia")
    assert done(page.as_("mia").do(case, "reply", body="Soon.", promise_due="2026-11-24T12:00"))
    promised = [clock.promised_at for clock in case.clocks.filter(kind="next_update")]
    assert promised == [dt.datetime(2026, 11, 24, 3, tzinfo=dt.UTC)]


def test_a_remedy_within_authority_and_one_above_it(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    form = page.form(case, "remedy").content.decode()
    assert "up to EUR 50.00 in all" in form
    assert "Specialist (L2) decides" in form
    assert done(page.do(case, "remedy", kind="refund", amount="20", currency="EUR", reason="Half of it."))
    assert done(page.do(case, "remedy", kind="refund", amount="40,00", currency="eur", reason="The rest."))
    assert list(Remedy.objects.order_by("id").values_list("state", flat=True)) == ["granted", "requested"]
    approval = Approval.objects.get()
    refused = page.do(case, "decide", approval_id=approval.pk, approve="1", reason="I asked myself.")
    assert "somebody else decides" in refused.content.decode()
    answer = page.as_("ana").do(case, "decide", approval_id=approval.pk, approve="1", reason="Fair.")
    assert done(answer)
    approval.refresh_from_db()
    assert approval.state == "approved"


def test_evidence_that_is_missing_is_named_and_recorded_or_waived(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    for key, name in (("photo", "Photo of it"), ("order", "Order number")):
        Evidence.objects.create(case=case, key=key, name=name, at=NOW)
    answer = page.form(case, "resolve")
    assert "2 required items are open" in answer.content.decode()
    assert done(page.do(case, "evidence", key="photo", state="received", note="In the mail of today"))
    missing = page.do(case, "evidence", key="order", state="waived", note="")
    assert "Say why" in missing.content.decode()
    assert done(page.do(case, "evidence", key="order", state="waived", note="Known from the payment."))
    assert set(Evidence.objects.values_list("state", flat=True)) == {"received", "waived"}
    assert done(page.do(case, "resolve", root_cause="carrier", message="Refunded."))


def test_facts_are_saved_and_a_change_of_route_is_offered(page: Page, desk: Desk) -> None:
    case = desk.open(
        assign=False, category="seller.appeal", symptom="suspended", party={"kind": "seller", "external_id": "S-1"}
    )
    page.as_("tia").do(case, "take")
    answer = page.do(case, "facts", **{
        "fact-money_at_risk": "4100", "currency-money_at_risk": "EUR", "fact-safety": "", "reason": "",
    })  # fmt: skip
    assert done(answer)
    case.refresh_from_db()
    assert case.team.key == "trust", "the owner changes only when somebody accepts it"
    row = case.facts.get(key="money_at_risk")
    assert row.value == {"amount": "4100", "currency": "EUR"}
    body = page.get(case, "why").content.decode()
    assert "What would change" in body
    offer = page.get(case).context["top"].offer
    page.do(case, "apply-route", decision_id=offer.pk)
    case.refresh_from_db()
    assert case.team.key == "payments"


def test_a_wrong_fact_is_named_beside_its_field(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    answer = page.do(case, "facts", **{"fact-money_at_risk": "a lot", "currency-money_at_risk": "EUR"})
    assert answer.status_code == 200
    assert "fact-money_at_risk" in answer.context["form"].errors
    nothing = page.do(case, "facts")
    assert "change at least one fact" in nothing.content.decode()


def test_reclassify_link_and_merge(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    assert done(page.do(case, "reclassify", what="order|other", reason="Nothing is broken."))
    case.refresh_from_db()
    assert case.category.key == "order"
    other = desk.held_by("mia")
    assert done(page.do(case, "link", other=other.reference.lower(), kind="related"))
    hidden = desk.open(assign=False, category="counterfeit", symptom="copy")
    page_pia = page.as_("pia")
    for reference in (hidden.reference, "TL-2026-999999", ""):
        answer = page_pia.do(case, "link", other=reference, kind="related")
        assert answer.status_code == 200
        assert answer.context["form"].errors["other"]
    answer = page.as_("mia").do(case, "merge", other=other.reference, reason="The same parcel.")
    assert answer.headers["Location"] == reverse("admin:escalations_case_change", args=[other.pk])
    case.refresh_from_db()
    assert case.merged_into == other
    assert other.reference in page.get(case).content.decode()


# ----------------------------------------------------------------------------------------------- nothing typed is lost


def test_a_stale_save_is_refused_says_what_changed_and_keeps_the_text(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    seen = case.version
    replies.note(case_id=case.pk, actor=desk.by("jon"), now=NOW, body="The carrier has called: it was them.")
    answer = page.do(case, "reply", version=seen, body="We do not know yet who broke it.")
    body = answer.content.decode()
    assert answer.status_code == 409
    assert not Message.objects.exists()
    assert "We do not know yet who broke it." in body
    assert "The carrier has called: it was them." in body
    assert "Jon" in body
    case.refresh_from_db()
    assert f'name="version" value="{case.version}"' in body, "saving again is about what is there now"
    assert done(page.do(case, "reply", body="The carrier broke it, and pays."))


@pytest.mark.parametrize(
    ("act", "typed", "says"),
    [
        ("reply", {"body": "  "}, "Write something here."),
        ("reply", {"body": "Soon", "promise_due": "2020-01-01T10:00"}, "still to come"),
        ("pause", {"reason": "", "evidence": "asked today"}, "Choose why the case waits."),
        ("pause", {"reason": "none-such", "evidence": "asked today"}, "Select a valid choice"),
        ("escalate", {"type": "manual", "cause": "", "reason": "too hard for me"}, "Choose the cause."),
        ("hand-off", {"to": "", "note": "they know more"}, "Choose who takes it over."),
        ("remedy", {"kind": "refund", "amount": "much", "currency": "EUR", "reason": "it broke"}, "amount such as"),
        ("resolve", {"root_cause": "", "message": "all is well"}, "Choose the root cause."),
        ("note", {"body": "x" * 60_000}, "at most 50,000 characters"),
        ("merge", {"other": "TL-1", "reason": "the same"}, "no such case"),
        ("note", {"body": "hello", "version": "not a number"}, "lost the state"),
    ],
)
def test_an_error_is_said_and_everything_typed_is_still_there(
    page: Page, desk: Desk, act: str, typed: dict[str, str], says: str
) -> None:
    case = desk.held_by("mia")
    events = case.chain_seq
    answer = page.client.post(
        reverse("admin:escalations_case_act", args=[case.pk, act]), {"version": case.version, **typed}
    )
    assert answer.status_code == 200
    body = answer.content.decode()
    assert says in body
    for name, value in typed.items():
        if name not in ("reason", "version") and value.strip():
            assert str(answer.context["form"][name].value()) == value
    case.refresh_from_db()
    assert case.chain_seq == events, "a refused act leaves nothing behind"


def test_an_expired_session_leads_back_to_the_form(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    page.client.logout()
    answer = page.do(case, "reply", body="half a page")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(f"next=/admin/escalations/case/{case.pk}/act/reply/")


def test_a_quick_act_that_is_refused_says_so_and_goes_back(page: Page, desk: Desk) -> None:
    case = desk.held_by("jon")
    answer = page.client.post(
        reverse("admin:escalations_case_act", args=[case.pk, "take"]), {"version": case.version}, follow=True
    )
    assert "Somebody has the case already" in answer.content.decode()


def test_getting_an_act_changes_nothing(page: Page, desk: Desk) -> None:
    case = desk.open(assign=False)
    for name in ACTS:
        page.form(case, name)
    case.refresh_from_db()
    assert case.version == desk.open(assign=False, party={"kind": "buyer", "external_id": "B-9"}).version


# ---------------------------------------------------------------------------------------------------- several at once


def test_several_cases_go_to_one_person_after_a_preview(page: Page, desk: Desk) -> None:
    fits = [desk.open(assign=False) for _ in range(2)]
    high = desk.open(assign=False, signals={"safety": True})
    foreign = desk.open(
        assign=False, category="seller", symptom="other", party={"kind": "seller", "external_id": "S-2"}
    )
    address = reverse("admin:escalations_case_reassign")
    ids = [case.pk for case in (*fits, high, foreign)]
    jon = desk.user("jon")
    page.as_("ana")
    preview = page.client.post(address, {"case": ids, "person": jon.pk, "preview": "1"})
    obstacles = {item.case.pk: item.obstacles for item in preview.context["preview"]}
    assert [bool(obstacles[case.pk]) for case in (*fits, high, foreign)] == [False, False, True, True]
    assert Case.objects.filter(assignee=jon).count() == 0, "a preview writes nothing"
    answer = page.client.post(address, {"case": ids, "person": jon.pk, "confirm": "1"}, follow=True)
    assert "2 given to Jon" in answer.content.decode()
    assert set(Case.objects.filter(assignee=jon)) == set(fits)


def test_cases_that_one_may_not_see_are_not_reassigned_nor_named(page: Page, desk: Desk) -> None:
    hidden = desk.open(assign=False, category="counterfeit", symptom="copy", summary="A forged watch")
    answer = page.as_("leo").client.post(
        reverse("admin:escalations_case_reassign"), {"case": [hidden.pk], "person": desk.user("bob").pk}, follow=True
    )
    assert "forged" not in answer.content.decode()
    assert hidden.reference not in answer.content.decode()


# ----------------------------------------------------------------------------------------------------------- the record


def test_the_record_shows_who_changed_what(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    handoffs.hand_off(
        case_id=case.pk, actor=desk.by("mia"), now=NOW, to_team_id=Team.objects.get(key="payments").pk, note="x"
    )
    rows = versions.record(Case.objects.get(pk=case.pk))
    assert [row.number for row in rows] == sorted((row.number for row in rows), reverse=True)
    assert ("team", "Order care", "Payments") in rows[0].changes
    assert rows[0].who == "Mia"


# ------------------------------------------------------------------------------------------------- the story in words


def test_why_here_says_what_has_moved_the_case_since_its_route(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    assert "Since then" not in page.get(case, "why").content.decode()
    later = NOW + dt.timedelta(minutes=5)
    brand = Team.objects.get(key="trust")
    handoffs.hand_off(case_id=case.pk, actor=desk.by("mia"), now=later, to_team_id=brand.pk, note="A pattern, I think.")
    sweep.run(now=NOW + dt.timedelta(hours=25))
    words = page.as_("tia").get(case, "why").content.decode()
    since = words[words.index("Since then") : words.index("</section>")]
    told = [f"to {brand.name}", "A pattern, I think.", "Climbed by time from"]
    assert sorted(told, key=since.index) == told


def test_nothing_is_above_the_highest_level(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    highest = Level.objects.order_by("rank").last()
    assert highest is not None
    Case.objects.filter(pk=case.pk).update(level=highest)
    assert "The highest level has it already" in page.get(case).content.decode()


def test_the_way_ahead_names_no_rung_as_climbed_that_the_case_began_above(page: Page, desk: Desk) -> None:
    case = desk.held_by("mia")
    rungs = page.get(case).content.decode().split('<ol class="rungs">')[1].split("</ol>")[0]
    assert "climbed" not in rungs
    sweep.run(now=NOW + dt.timedelta(hours=25))
    rungs = page.get(case).content.decode().split('<ol class="rungs">')[1].split("</ol>")[0]
    assert rungs.count("climbed") == 1


def test_the_record_says_which_integration_opened_a_case(page: Page, desk: Desk) -> None:
    case = desk.open(actor=Actor.integration("shop"))
    assert [version.who for version in versions.record(case)][-1] == "shop"


def test_a_text_of_its_own_is_kept_letter_by_letter_and_a_value_of_the_playbook_is_told_in_words(desk: Desk) -> None:
    document = market_document()
    document["central"]["facts"]["parcel"] = {"name": "Parcel number", "type": "text"}
    document["central"]["facts"]["stage"] = {"name": "Stage", "type": "text", "values": ["chargeback_received"]}
    phrases = Phrases(Policy.model_validate(document))
    assert phrases.value("parcel", "DE_12_X") == "DE_12_X"
    assert phrases.value("stage", "chargeback_received") == "chargeback received"
