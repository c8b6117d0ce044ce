"""Erasing persons, holding what must be kept, keeping no longer than the law says."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from escalations import keys
from escalations.core.actor import Actor
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import (
    Case,
    CaseFact,
    CaseText,
    Delivery,
    Erasure,
    Event,
    EventPayload,
    ImportRow,
    LegalHold,
    Message,
    Party,
    User,
)
from escalations.services import closing, replies
from escalations.services import imports as importing
from escalations.services.privacy import erasing, holds, ledger, retention
from escalations.services.verifying import verify
from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk, broken, desk

__all__ = ["desk"]

DAY = dt.timedelta(days=1)
OPERATOR = Actor.worker("operator")


def closed(desk: Desk, *, at: dt.datetime = NOW, **changes: Any) -> Case:
    """A case that Mia answered, resolved and closed at `at`."""
    case = desk.held_by("mia", **changes)
    common: dict[str, Any] = {"case_id": case.pk, "actor": desk.by("mia"), "now": at}
    replies.respond(**common, body="We look into it, Jane.")
    closing.resolve(**common, root_cause=root_cause(case), message="Here is a new vase.")
    closing.close(**common)
    return Case.objects.get(pk=case.pk)


def root_cause(case: Case) -> str:
    document = json.loads(case.policy_version.document)
    return str(next(iter(document["central"]["categories"][case.category.key]["root_causes"])))


def erase(case: Case, *, reason: str = "Asked for by letter", now: dt.datetime = NOW + DAY) -> Erasure:
    return erasing.erase_party(party_id=case.party_id, reason=reason, actor=OPERATOR, now=now)


def charge(desk: Desk, *names: str) -> list[User]:
    """People in charge of legal holds."""
    for name in names:
        desk.user(name).user_permissions.add(Permission.objects.get(codename="hold_data"))
    return [desk.user(name) for name in names]


# ------------------------------------------------------------------------------------------------------------- persons


def test_a_case_keeps_its_path_and_loses_its_words(desk: Desk) -> None:
    case = closed(desk, external_ref="shop-881")
    events = Event.objects.filter(case=case).count()
    entry = erase(case)
    case.refresh_from_db()
    assert (case.status, case.external_ref, case.text.summary, case.text.description) == ("closed", "", "(erased)", "")
    assert Event.objects.filter(case=case).count() == events + 1
    assert not EventPayload.objects.filter(event__case=case).exists()
    assert set(Message.objects.filter(case=case).values_list("body", flat=True)) == {"(erased)"}
    assert broken(case) is None
    assert verify(case=case).ok
    assert entry.certificate["erased"]["escalations.Message"] == 2


def test_a_history_row_that_no_erasure_attests_is_still_found(desk: Desk) -> None:
    """The way out of the chain for erasures is none for others."""
    case = closed(desk, external_ref="shop-881")
    erase(case)
    row = case.history.order_by("history_id").first()
    type(row).objects.filter(pk=row.pk).update(external_ref="shop-882")
    with pytest.raises(AssertionError, match="history rows that are not there"):
        broken(case)
    assert [found.name for found in verify(case=case).findings] == [case.reference]


def test_work_that_goes_on_stops_it(desk: Desk) -> None:
    case = desk.held_by("mia")
    with pytest.raises(Refused, match=f"Work goes on in {case.reference}"):
        erase(case)


def test_twice_is_refused_and_changes_nothing(desk: Desk) -> None:
    case = closed(desk)
    erase(case)
    seq = Case.objects.get(pk=case.pk).chain_seq
    with pytest.raises(Refused, match="erased on 2026-11-24 already"):
        erase(case)
    assert Case.objects.get(pk=case.pk).chain_seq == seq


@pytest.mark.parametrize("reason", ["Jane wishes it", "for jane@example.org", "customer B-17", "  "])
def test_a_reason_that_names_the_person_is_refused(desk: Desk, reason: str) -> None:
    case = closed(desk)
    with pytest.raises(Invalid) as caught:
        erase(case, reason=reason)
    assert caught.value.field == "reason"
    assert not Erasure.objects.exists()


def test_nothing_is_sent_to_an_erased_person_any_more(desk: Desk) -> None:
    case = closed(desk)
    from escalations.services import delivery

    delivery.expand(now=NOW)
    token = f"party:{case.party_id}"
    assert Delivery.objects.filter(recipient=token, state="waiting").exists()
    erase(case)
    assert set(Delivery.objects.filter(recipient=token).values_list("state", flat=True)) == {"dropped"}


def test_the_case_of_another_person_keeps_its_own_words(desk: Desk) -> None:
    """Merged cases of two people: each loses what was said by and about the one, not the other."""
    other = closed(desk, party={"kind": "seller", "external_id": "S-1", "name": "Sam Sell"})
    case = desk.held_by("mia")
    living = desk.held_by("jon", party={"kind": "buyer", "external_id": "B-99", "name": "Bea Buy"}, summary="A lamp")
    closing.merge(case_id=case.pk, actor=desk.by("mia"), now=NOW, into_id=living.pk, reason="The same parcel")
    replies.receive(case_id=case.pk, actor=Actor.party(case.party_id), now=NOW, body="It is Jane again.")
    erase(case)
    assert Message.objects.get(case=living, direction="in").body == "(erased)"
    assert CaseText.objects.get(case=living).summary == "A lamp"
    assert CaseText.objects.get(case=other).summary == "The vase arrived in pieces"
    for one in (case, living, other):
        assert broken(one) is None


def test_facts_in_free_words_go_and_numbers_stay(desk: Desk) -> None:
    facts = {"seller_note": "Jane's cousin", "previous_appeals": 2, "payment_method": "card"}
    case = closed(desk, facts=facts)
    erase(case)
    assert set(CaseFact.objects.filter(case=case).values_list("key", flat=True)) == {
        "previous_appeals",
        "payment_method",
    }


def test_a_lost_field_key_stops_no_erasure(desk: Desk, settings: Any) -> None:
    case = closed(desk)
    settings.THROUGHLINE_KEYS = {**settings.THROUGHLINE_KEYS, "field": [("field-3", b"3" * 32)]}
    with pytest.raises(LookupError, match="field key 'field-2' is not configured"):
        _ = Party.objects.get(pk=case.party_id).email
    erase(case)
    assert Party.objects.get(pk=case.party_id).email == ""


def test_a_dry_run_says_what_would_go_and_writes_nothing(desk: Desk) -> None:
    case = closed(desk)
    before = (CaseText.objects.get(case=case).summary, Case.objects.get(pk=case.pk).version)
    out = StringIO()
    call_command("erase_party", case.reference, reason="x", dry_run=True, stdout=out)
    assert case.reference in out.getvalue()
    assert "2 rows of escalations.Message" in out.getvalue()
    assert (CaseText.objects.get(case=case).summary, Case.objects.get(pk=case.pk).version) == before
    assert not Erasure.objects.exists()


def test_an_unknown_reference_is_a_wrong_argument(db: None) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("erase_party", "TL-2026-999999", reason="x")
    assert caught.value.returncode == 2


def test_an_imported_case_is_not_imported_again_after_its_erasure(desk: Desk) -> None:
    case = closed(desk)
    ImportRow.objects.create(
        source="old", external_id="X-1", line=1, state="done", data={"digest": "d"}, case=case, at=NOW
    )
    erase(case)
    assert not ImportRow.objects.filter(external_id="X-1").exists()

    refusal = importing.Refusal(line=1, external_id="X-1", about="", message="", leads=True)
    assert importing._known([[refusal]], "old")["X-1"]["state"] == "done"
    assert importing._known([[refusal]], "other") == {}


# --------------------------------------------------------------------------------------------------------------- holds


def test_a_hold_takes_two_people_and_so_does_lifting_it(desk: Desk) -> None:
    case = closed(desk)
    ana, leo = charge(desk, "ana", "leo")
    hold = holds.ask(
        party_id=case.party_id, basis="Claim 7 O 12/26", review_at=NOW.date() + 90 * DAY, actor=ana, now=NOW
    )
    with pytest.raises(Refused, match="legal hold stands until two people lift it"):
        erase(case)
    with pytest.raises(NotAllowed, match="not who asked"):
        holds.answer(hold_id=hold.pk, agree=True, actor=ana, now=NOW)
    holds.answer(hold_id=hold.pk, agree=True, actor=leo, now=NOW)
    assert Party.objects.get(pk=case.party_id).legal_hold
    holds.ask_to_lift(hold_id=hold.pk, reason="Settled", actor=leo, now=NOW)
    with pytest.raises(NotAllowed):
        holds.answer(hold_id=hold.pk, agree=True, actor=leo, now=NOW)
    with pytest.raises(Refused):
        erase(case)
    holds.answer(hold_id=hold.pk, agree=True, actor=ana, now=NOW)
    assert not Party.objects.get(pk=case.party_id).legal_hold
    erase(case)
    assert LegalHold.objects.get(pk=hold.pk).basis == "(erased)"


def test_a_refused_lifting_leaves_the_hold(desk: Desk) -> None:
    case = closed(desk)
    ana, leo = charge(desk, "ana", "leo")
    hold = holds.ask(party_id=case.party_id, basis="A claim", review_at=NOW.date() + DAY, actor=ana, now=NOW)
    holds.answer(hold_id=hold.pk, agree=True, actor=leo, now=NOW)
    holds.ask_to_lift(hold_id=hold.pk, reason="Settled?", actor=ana, now=NOW)
    assert holds.answer(hold_id=hold.pk, agree=False, actor=leo, now=NOW).state == "standing"


def test_an_administrator_has_no_say_in_holds_by_being_one(desk: Desk) -> None:
    case = closed(desk)
    root = User.objects.create_superuser("root", "root@desk.example", "x" * 20)
    with pytest.raises(NotAllowed, match="given charge of legal holds"):
        holds.ask(party_id=case.party_id, basis="b", review_at=NOW.date() + DAY, actor=root, now=NOW)


def test_nobody_has_a_say_in_a_hold_about_themselves(desk: Desk) -> None:
    case, (ana, leo) = closed(desk), charge(desk, "ana", "leo")
    Party.objects.filter(pk=case.party_id).update(staff_user=leo)
    leo = desk.user("leo")
    hold = holds.ask(party_id=case.party_id, basis="b", review_at=NOW.date() + DAY, actor=ana, now=NOW)
    with pytest.raises(NotAllowed):
        holds.answer(hold_id=hold.pk, agree=False, actor=leo, now=NOW)
    client = Client()
    client.force_login(leo)
    assert f"/{hold.pk}/change/" not in client.get(reverse("admin:escalations_legalhold_changelist")).content.decode()


def test_the_database_too_wants_two_people(desk: Desk) -> None:
    case, (ana,) = closed(desk), charge(desk, "ana")
    hold = holds.ask(party_id=case.party_id, basis="b", review_at=NOW.date() + DAY, actor=ana, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalHold.objects.filter(pk=hold.pk).update(confirmed_by=ana)


def test_a_hold_on_one_case_keeps_the_person_and_that_case(desk: Desk) -> None:
    kept, other = closed(desk), closed(desk)
    (ana,) = charge(desk, "ana")
    holds.ask(party_id=kept.party_id, case_id=kept.pk, basis="b", review_at=NOW.date() + DAY, actor=ana, now=NOW)
    with pytest.raises(Refused):
        erase(other)
    done = retention.apply(now=NOW + 5000 * DAY, actor=OPERATOR)
    assert (done.held, done.cases) == (1, 1)
    assert CaseText.objects.get(case=kept).summary == "The vase arrived in pieces"
    assert Party.objects.get(pk=kept.party_id).name == "Jane Roe"
    assert CaseText.objects.get(case=other).summary == "(erased)"


# ----------------------------------------------------------------------------------------------------------- retention


def law(desk: Desk, **retention_: Any) -> None:
    document = market_document()
    document["central"]["retention"] = retention_
    desk.install(document, now=NOW)


def test_what_was_kept_long_enough_goes_and_the_person_with_the_last_of_it(desk: Desk) -> None:
    law(desk, closed={"elapsed": "P30D"})
    early, late = closed(desk, at=NOW), closed(desk, at=NOW + 10 * DAY)
    assert early.party_id == late.party_id
    done = retention.apply(now=NOW + 30 * DAY, actor=OPERATOR)
    assert (done.cases, done.document()["due"][0]["examples"]) == (1, [early.reference])
    assert Party.objects.get(pk=early.party_id).name == "Jane Roe"
    retention.apply(now=NOW + 40 * DAY, actor=OPERATOR)
    party = Party.objects.get(pk=early.party_id)
    assert (party.name, party.email_index, party.erased_at) == ("", "", NOW + 40 * DAY)
    for case in (early, late):
        assert broken(case) is None


def test_a_moment_too_early_nothing_goes(desk: Desk) -> None:
    law(desk, closed={"elapsed": "P30D"})
    closed(desk)
    assert retention.apply(now=NOW + 30 * DAY - dt.timedelta(seconds=1), actor=OPERATOR).cases == 0


def test_open_cases_are_kept_for_ever(desk: Desk) -> None:
    law(desk, closed={"elapsed": "P30D"})
    case = desk.held_by("mia")
    assert retention.apply(now=NOW + 5000 * DAY, actor=OPERATOR).cases == 0
    assert CaseText.objects.get(case=case).summary == "The vase arrived in pieces"


def test_a_merged_case_goes_with_the_one_that_lives_on(desk: Desk) -> None:
    law(desk, closed={"elapsed": "P30D"})
    dead, living = desk.held_by("mia"), desk.held_by("jon")
    closing.merge(case_id=dead.pk, actor=desk.by("mia"), now=NOW, into_id=living.pk, reason="The same")
    assert retention.apply(now=NOW + 100 * DAY, actor=OPERATOR).cases == 0
    common: dict[str, Any] = {"case_id": living.pk, "actor": desk.by("jon"), "now": NOW + 100 * DAY}
    closing.resolve(**common, root_cause=root_cause(living), message="Done")
    closing.close(**common)
    assert retention.apply(now=NOW + 129 * DAY, actor=OPERATOR).cases == 0
    assert retention.apply(now=NOW + 130 * DAY, actor=OPERATOR).cases == 2
    assert CaseText.objects.get(case=dead).summary == "(erased)"


def test_a_dry_run_counts_and_writes_nothing(desk: Desk) -> None:
    law(desk, closed={"elapsed": "P30D"})
    case = closed(desk)
    out = StringIO()
    with time_machine.travel(NOW + 31 * DAY, tick=False):
        call_command("apply_retention", dry_run=True, json=True, stdout=out)
    document = json.loads(out.getvalue())
    assert document["due"] == [
        {"category": "order.damaged", "region": "eu-de", "cases": 1, "examples": [case.reference]}
    ]
    assert (document["erased_cases"], document["certificate"]) == (0, None)
    assert CaseText.objects.get(case=case).erased_at is None


def test_it_stops_when_its_time_is_up_and_goes_on_with_the_next_run(desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    cases = [closed(desk) for _ in range(3)]
    first = retention.apply(now=NOW + 5000 * DAY, actor=OPERATOR, within_s=-1)
    assert (first.cases, first.unfinished) == (1, True)
    second = retention.apply(now=NOW + 5000 * DAY, actor=OPERATOR)
    assert (second.cases, second.unfinished) == (2, False)
    assert CaseText.objects.filter(case__in=cases, erased_at__isnull=False).count() == 3


def test_refused_rows_of_imports_are_kept_as_long_as_a_closed_case(desk: Desk) -> None:
    law(desk, closed={"elapsed": "P30D"})
    row = ImportRow.objects.create(
        source="old", external_id="X", line=3, state="refused", reason="'Jane' is no date", at=NOW
    )
    retention.apply(now=NOW + 29 * DAY, actor=OPERATOR)
    row.refresh_from_db()
    assert row.reason
    retention.apply(now=NOW + 30 * DAY, actor=OPERATOR)
    row.refresh_from_db()
    assert row.reason == ""


@pytest.mark.parametrize("written", ["P10Y", "P3653D"])
def test_ten_years_are_ten_years(desk: Desk, written: str) -> None:
    """From 23 November 2026 to the same day of 2036, three leap days on the way; the nearer region says six."""
    law(desk, closed={"elapsed": written}, regions={"us": {"closed": {"elapsed": "P6Y"}}})
    here, there = closed(desk), closed(desk, region="us", party={"kind": "buyer", "external_id": "B-6"})
    row = ImportRow.objects.create(source="old", external_id="X", line=3, state="refused", reason="'Jane'", at=NOW)
    for years, due in ((6, there), (10, here)):
        until = NOW.replace(year=NOW.year + years)
        assert retention.apply(now=until - dt.timedelta(seconds=1), actor=OPERATOR).cases == 0
        done = retention.apply(now=until, actor=OPERATOR)
        assert [item["examples"] for item in done.document()["due"]] == [[due.reference]]
    assert CaseText.objects.get(case=here).summary == "(erased)"
    row.refresh_from_db()
    assert row.reason == ""


# ---------------------------------------------------------------------------------------------------------- the ledger


def lines() -> list[str]:
    path = Path(settings.THROUGHLINE_ERASURE_LEDGER)
    return path.read_text().splitlines() if path.exists() else []


def test_an_entry_leaves_the_database_when_it_commits(desk: Desk, django_capture_on_commit_callbacks: Any) -> None:
    case, before = closed(desk), len(lines())
    with django_capture_on_commit_callbacks(execute=True):
        entry = erase(case)
    assert len(lines()) == before + 1
    entry.refresh_from_db()
    assert entry.copied_at is not None
    assert ledger.copy_out(now=NOW) == 0


def test_a_ledger_that_cannot_be_written_waits(desk: Desk, settings: Any, tmp_path: Path) -> None:
    settings.THROUGHLINE_ERASURE_LEDGER = tmp_path  # a folder
    case = closed(desk)
    erase(case)
    assert ledger.copy_out(now=NOW) == 1
    settings.THROUGHLINE_ERASURE_LEDGER = tmp_path / "erasures.jsonl"
    assert ledger.copy_out(now=NOW) == 0


def test_a_line_that_somebody_wrote_erases_nobody(desk: Desk, settings: Any, tmp_path: Path) -> None:
    case = closed(desk)
    settings.THROUGHLINE_ERASURE_LEDGER = tmp_path / "erasures.jsonl"
    entry = erase(case)
    ledger.copy_out(now=NOW)
    other = desk.open(party={"kind": "buyer", "external_id": "B-55", "name": "Bea Buy"})
    line = json.loads((tmp_path / "erasures.jsonl").read_text())
    line["digests"]["pseudonym"] = other.party.pseudonym
    (tmp_path / "forged.jsonl").write_text(json.dumps(line) + "\nnot even a line\n")
    with pytest.raises(CommandError, match=r"line 1 was changed after it was written(.|\n)*line 2 is no entry"):
        call_command("replay_erasures", file=str(tmp_path / "forged.jsonl"), stdout=StringIO())
    assert Party.objects.get(pk=other.party_id).erased_at is None
    assert entry.mac


def test_who_came_back_after_the_erasure_is_somebody_new(desk: Desk, settings: Any, tmp_path: Path) -> None:
    case = closed(desk)
    settings.THROUGHLINE_ERASURE_LEDGER = tmp_path / "erasures.jsonl"
    erase(case, now=NOW + DAY)
    ledger.copy_out(now=NOW)
    (entry,) = ledger.read(tmp_path / "erasures.jsonl")
    assert not isinstance(entry, ledger.Broken)
    back = desk.open(at=NOW + 2 * DAY)
    assert back.party_id != case.party_id
    assert ledger.concerned(entry) == []
    Party.objects.filter(pk=back.party_id).update(created_at=NOW)
    assert ledger.concerned(entry) == [back.party_id]


def test_fingerprints_in_the_ledger_are_no_blind_indexes(desk: Desk) -> None:
    case = closed(desk)
    index = Party.objects.get(pk=case.party_id).email_index
    entry = erase(case)
    assert entry.digests["email"][0] not in {index, *keys.blind_indexes("email", "jane@example.org")}
    assert entry.digests["email"] == keys.lasting_digests("email", " JANE@example.org")[:1]


def test_holds_are_placed_and_lifted_on_pages_that_nobody_else_finds(desk: Desk) -> None:
    case = closed(desk)
    charge(desk, "ana", "leo")
    root = User.objects.create_superuser("root", "root@desk.example", "x" * 20)

    def client(name: str) -> Client:
        made = Client()
        made.force_login(desk.user(name))
        return made

    with time_machine.travel(NOW, tick=False):
        add, rows = reverse("admin:escalations_legalhold_add"), reverse("admin:escalations_legalhold_changelist")
        given = {"about": case.reference, "basis": "Claim 7 O 12/26", "review_at": "2027-02-01"}
        wrong = client("ana").post(add, {**given, "about": "TL-1", "review_at": "2026-01-01"})
        assert "no case is called" in wrong.content.decode()
        client("ana").post(add, given)
        hold = LegalHold.objects.get()
        assert (hold.case, hold.asked_by, hold.state) == (case, desk.user("ana"), "asked")
        page = reverse("admin:escalations_legalhold_change", args=[hold.pk])
        answer = reverse("admin:escalations_legalhold_answer", args=[hold.pk])
        assert "Place the hold" not in client("ana").get(page).content.decode()
        assert "Place the hold" in client("leo").get(page).content.decode()
        for name in ("mia", root.username):
            assert client(name).get(rows).status_code == 403
            assert client(name).get(page).status_code in (302, 403)
            client(name).post(answer, {"answer": "agree"})
            assert "Legal holds" not in client(name).get(reverse("admin:index")).content.decode()
        assert LegalHold.objects.get().state == "asked"
        client("leo").post(answer, {"answer": "agree"})
        client("leo").post(answer, {"answer": "lift", "reason": "Settled"})
        assert LegalHold.objects.get().state == "lift_asked"
        client("ana").post(answer, {"answer": "agree"})
    assert LegalHold.objects.get().state == "lifted"
