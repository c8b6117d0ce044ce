"""The pages of erasures: the ledger with its certificates, and what a person asks of their data, in two steps."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from escalations.core.actor import Actor
from escalations.errors import NotAllowed, Refused
from escalations.models import (
    AccessEntry,
    Case,
    CaseText,
    Channel,
    Erasure,
    ErasureRequest,
    Event,
    LegalHold,
    Party,
    User,
)
from escalations.services import roles
from escalations.services.files import storing
from escalations.services.privacy import erasing, requests
from tests.escalations.filing import add, stored
from tests.factories.desk import NOW, Desk, desk
from tests.privacy.test_erasing import closed

__all__ = ["desk", "stored"]

LIST, PERSON = "admin:escalations_erasure_changelist", "admin:escalations_erasure_person"
JANE = ("Jane Roe", "jane@example.org", "B-17", "The vase arrived in pieces")


@pytest.fixture
def office(desk: Desk) -> Iterator[Desk]:
    """Ana answers requests about data, Pia is an auditor, Root an administrator."""
    desk.user("ana").user_permissions.add(Permission.objects.get(codename=requests.IN_CHARGE))
    desk.user("pia").groups.add(roles.group_of("auditor"))
    User.objects.create_superuser("root", password="correct horse battery")
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        yield desk


def client(desk: Desk, name: str = "ana") -> Client:
    made = Client()
    made.force_login(desk.user(name))
    return made


def said(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def erased(case: Case) -> Erasure:
    return erasing.erase_party(
        party_id=case.party_id, reason="Letter of 24 November", actor=Actor.worker("operator"),
        now=NOW + dt.timedelta(days=1),
    )  # fmt: skip


def test_auditors_administrators_and_those_in_charge_read_and_nobody_else(office: Desk) -> None:
    entry = erased(closed(office))
    page = reverse("admin:escalations_erasure_change", args=[entry.pk])
    file = reverse("admin:escalations_erasure_certificate", args=[entry.pk])
    for name in ("ana", "pia", "root"):
        listed, certificate = client(office, name).get(reverse(LIST)), client(office, name).get(page)
        assert "Letter of 24 November" in said(listed)
        assert "whoever operates this desk" in said(listed)
        assert "holds: as it was written" in said(certificate)
        document = json.loads(client(office, name).get(file).content)
        assert document["certificate"] == entry.certificate
        assert document["certificate_digest"] == entry.certificate_digest
        for word in JANE:
            assert word not in said(listed) + said(certificate) + json.dumps(document)
    for address in (reverse(LIST), page, file):
        assert client(office, "mia").get(address).status_code == 403
    assert reverse(LIST) not in said(client(office, "mia").get("/admin/"))
    assert reverse(LIST) in said(client(office, "pia").get("/admin/"))


def test_an_empty_ledger_and_an_entry_that_is_not_there(office: Desk) -> None:
    assert "Nothing was erased yet" in said(client(office).get(reverse(LIST)))
    assert client(office).get(reverse("admin:escalations_erasure_change", args=[987654])).status_code == 302
    assert client(office).get(reverse("admin:escalations_erasure_certificate", args=[987654])).status_code == 403


def test_a_certificate_that_was_changed_says_so(office: Desk) -> None:
    entry = erased(closed(office))
    Erasure.objects.filter(pk=entry.pk).update(certificate={**entry.certificate, "cases": []})
    page = client(office).get(reverse("admin:escalations_erasure_change", args=[entry.pk]))
    assert "does not hold: it was changed" in said(page)


def test_nobody_else_answers_requests_an_administrator_neither(office: Desk) -> None:
    case = closed(office)
    for name in ("root", "pia", "mia"):
        assert client(office, name).get(reverse(PERSON)).status_code == 403
        assert client(office, name).post(reverse(PERSON), {"reference": case.reference}).status_code == 403
        with pytest.raises(NotAllowed):
            requests.find(reference=case.reference, actor=office.user(name))


def test_first_what_there_is_then_the_pseudonym_typed_again_then_a_worker(office: Desk) -> None:
    case = closed(office)
    asker, name = client(office), case.party.pseudonym
    shown = said(asker.get(reverse(PERSON), {"reference": case.reference.lower()}))
    assert case.reference in shown
    assert "This cannot be undone." in shown
    counts = dict(asker.get(reverse(PERSON), {"reference": name}).context["counts"])
    assert counts["Messages"] == 2
    assert {"Words of cases", "Words of events", "Earlier states of cases"} <= set(counts)
    for data, answer in (
        ({"reason": "Asked", "confirmed": "P-0"}, f"Type {name} to confirm."),
        ({"reason": "Asked", "confirmed": ""}, "Type the pseudonym."),
        ({"reason": "Jane asked", "confirmed": name}, "Say it without naming the person"),
    ):
        refused = asker.post(reverse(PERSON), {"reference": name, "do": "erase", **data})
        assert answer in said(refused)
    assert not ErasureRequest.objects.exists()
    data = {"reference": name, "do": "erase", "reason": "Letter of 24 November", "confirmed": name.lower()}
    asked = said(asker.post(reverse(PERSON), data, follow=True))
    assert "waits for a worker" in asked
    assert "every 5s" in asked
    assert 'hx-select-oob="#ledger"' in asked, "what is asked every 5 s brings the list with its new certificate"
    assert 'id="ledger"' in asked
    assert "It was asked for already, and is under way." in said(asker.post(reverse(PERSON), data))
    assert Party.objects.get(pk=case.party_id).name == "Jane Roe", "nothing is erased by the page itself"

    assert requests.work_off() == 1
    row = ErasureRequest.objects.get()
    assert (row.state, row.entry) == (ErasureRequest.State.DONE, Erasure.objects.get())
    assert Erasure.objects.get().asked_by == f"user:{office.user('ana').pk}"
    assert CaseText.objects.get(case=case).summary == "(erased)"
    assert "Ana" in said(asker.get(reverse(LIST)))
    assert "It was erased on" in said(asker.get(reverse(PERSON), {"reference": name}))


def test_what_stands_against_it_is_said_before_and_after(office: Desk) -> None:
    case = office.open(assign=False)
    shown = said(client(office).get(reverse(PERSON), {"reference": case.reference}))
    assert f"Work goes on in {case.reference}." in shown
    assert 'value="erase"' not in shown
    name = case.party.pseudonym
    about = {"reference": name, "reason": "Asked", "confirmed": name, "actor": office.user("ana"), "now": NOW}
    with pytest.raises(Refused, match="Work goes on"):
        requests.ask_to_erase(**about)  # type: ignore[arg-type]
    Case.objects.filter(pk=case.pk).update(is_open=False)
    requests.ask_to_erase(**about)  # type: ignore[arg-type]
    LegalHold.objects.create(
        party=case.party, basis="b", review_at=NOW.date(), asked_by=office.user("max"), asked_at=NOW
    )
    assert requests.work_off() == 0
    row = ErasureRequest.objects.get()
    assert row.state == ErasureRequest.State.FAILED
    assert "A legal hold stands" in row.said
    assert "A legal hold stands" in said(client(office).get(reverse(LIST)))
    audited = said(client(office, "pia").get(reverse(LIST)))
    assert "did not go through" in audited
    assert "legal hold" not in audited, "who reads the ledger learns of no hold"


@pytest.mark.parametrize("killed", ["before", "after"])
def test_a_worker_that_was_killed(office: Desk, killed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its transaction it is done anew, after it what is left is finished; never twice."""
    case = closed(office)
    name = case.party.pseudonym
    requests.ask_to_erase(reference=name, reason="Asked", confirmed=name, actor=office.user("ana"), now=NOW)

    def die(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(*((erasing, "erase_party", die) if killed == "before" else (requests.residue, "clean", die)))
        with pytest.raises(KeyboardInterrupt):
            requests.work_off()
    assert requests.work_off() == 0, "somebody may still be at it"
    with time_machine.travel(NOW + dt.timedelta(days=1) + 2 * requests.LOST_AFTER, tick=False):
        assert requests.work_off() == 1
    assert Erasure.objects.count() == 1
    row = ErasureRequest.objects.get()
    assert (row.state, row.entry_id) == (ErasureRequest.State.DONE, Erasure.objects.get().pk)


def test_an_export_is_a_file_and_on_record(office: Desk) -> None:
    case = closed(office)
    name = case.party.pseudonym
    asker = client(office)
    data = {"reference": name, "do": "export"}
    assert f"Type {name} to confirm." in said(asker.post(reverse(PERSON), {**data, "confirmed": "P-0"}))
    assert not Event.objects.filter(case=case, kind="party.exported").exists()
    answer = asker.post(reverse(PERSON), {**data, "confirmed": name})
    assert answer["Content-Disposition"] == f'attachment; filename="{name}.json"'
    assert "no-store" in answer["Cache-Control"]
    assert json.loads(answer.getvalue())["person"]["email"] == "jane@example.org"
    assert Event.objects.filter(case=case, kind="party.exported", actor_id=str(office.user("ana").pk)).count() == 1
    assert AccessEntry.objects.filter(chain=office.user("ana").pk, kind="export").count() == 1


def test_their_files_are_handed_out_with_it_or_nothing_is(office: Desk, stored: Path) -> None:
    """A file that is missing is said, and then no export is on record."""
    case = office.held_by("mia")
    row = add(office, case)
    name = case.party.pseudonym
    asker, data = client(office), {"reference": name, "do": "export", "confirmed": name}
    answer = asker.post(reverse(PERSON), data)
    assert answer["Content-Disposition"] == f'attachment; filename="{name}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert archive.namelist() == [f"{name}.json", f"files/{row.pk} {row.name}"]
        assert hashlib.sha256(archive.read(f"files/{row.pk} {row.name}")).hexdigest() == row.sha256
        assert json.loads(archive.read(f"{name}.json"))["cases"][0]["files"][0]["file"] == row.pk
    storing.drop([row.storage_key or ""])
    assert "A file is not in storage" in said(asker.post(reverse(PERSON), data))
    assert Event.objects.filter(case=case, kind="party.exported").count() == 1


def test_nobody_answers_a_request_about_themselves(office: Desk) -> None:
    case = closed(office)
    Party.objects.filter(pk=case.party_id).update(staff_user=office.user("ana"))
    shown = said(client(office).get(reverse(PERSON), {"reference": case.party.pseudonym}))
    assert "This is about yourself" in shown
    entry = erased(case)
    Party.objects.filter(pk=case.party_id).update(staff_user=office.user("pia"))
    assert (
        client(office, "pia").get(reverse("admin:escalations_erasure_certificate", args=[entry.pk])).status_code == 403
    )


def test_the_preview_of_a_sensitive_case_is_a_look(office: Desk) -> None:
    case = office.open(assign=False)
    Case.objects.filter(pk=case.pk).update(channel=Channel.objects.get(key="fraud"))
    client(office).get(reverse(PERSON), {"reference": case.reference})
    noted = AccessEntry.objects.get(chain=office.user("ana").pk, kind="list")
    assert noted.data["cases"] == [case.pk]
