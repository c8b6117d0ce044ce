"""Cases as a file: for those who may, on record first, and nothing in it of what one may not see or take away."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError
from django.test import Client
from guardian.shortcuts import assign_perm, remove_perm

from escalations.models import AccessEntry, Case, CaseExport, CaseGrant, Channel
from escalations.services import exporting, noting, roles
from escalations.services.channels import ensure_groups
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]

EXPORT = "/admin/escalations/case/export/"
GOOD = {"reason": "The yearly report", "written_for": "program"}


@pytest.fixture
def at_work(desk: Desk) -> Iterator[Desk]:
    """The desk at its own hour; Mia may export the general channel, and sees that of brands."""
    with time_machine.travel(NOW, tick=False):
        desk.user("mia").groups.add(ensure_groups(Channel.objects.get(key="general"))["exporters"])
        yield desk


def signed_in(desk: Desk, name: str) -> Client:
    client = Client()
    client.force_login(desk.user(name))
    return client


def moved(case: Case, channel: str) -> Case:
    Case.objects.filter(pk=case.pk).update(channel=Channel.objects.get(key=channel))
    return case


def table(answer: Any) -> list[dict[str, str]]:
    assert answer["Content-Type"].startswith("text/csv"), answer.content.decode()[:2000]
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"), newline="")))


def entries(desk: Desk, name: str) -> list[AccessEntry]:
    return list(AccessEntry.objects.filter(chain=desk.user(name).pk, kind="export").order_by("seq"))


def test_it_holds_what_the_list_shows_and_nothing_of_the_party(at_work: Desk) -> None:
    case = at_work.held_by("mia", summary="=HYPERLINK(1)", external_ref="shop-9")
    answer = signed_in(at_work, "mia").post(EXPORT, GOOD)
    assert answer["Content-Disposition"] == 'attachment; filename="cases-20261123-090000.csv"'
    assert "no-store" in answer["Cache-Control"]
    (line,) = table(answer)
    assert (line["Case"], line["Summary"], line["Person"]) == (case.reference, "'=HYPERLINK(1)", "Mia")
    assert line["Received (UTC)"] == "2026-11-23 09:00:00"
    said = str(line)
    for secret in ("Jane", "jane@", "B-17", "shop-9", "Box crushed"):
        assert secret not in said
    assert case.party.pseudonym in said


def test_only_what_is_seen_and_of_a_channel_to_export_is_in_it(at_work: Desk) -> None:
    mine = at_work.open(assign=False)
    seen = moved(at_work.open(assign=False), "brand")
    hidden = moved(at_work.open(assign=False), "fraud")
    CaseGrant.objects.create(
        case=hidden, user=at_work.user("mia"), works=True, reason="x",
        channel=Channel.objects.get(key="fraud"), given_by=at_work.user("tia"),
        given_at=NOW, expires_at=NOW.replace(year=2027),
    )  # fmt: skip
    client = signed_in(at_work, "mia")
    listed = client.get("/admin/escalations/case/?status=any").content.decode()
    assert seen.reference in listed
    assert hidden.reference in listed
    answer = client.post(f"{EXPORT}?status=any", GOOD)
    assert [line["Case"] for line in table(answer)] == [mine.reference]
    (entry,) = entries(at_work, "mia")
    assert entry.data["cases"] == [mine.pk]
    # Permission to export without seeing gives nothing.
    assign_perm("export_cases", at_work.user("pia"), Channel.objects.get(key="brand"))
    assert signed_in(at_work, "pia").post(EXPORT, GOOD).status_code == 403


def test_it_takes_the_filter_and_the_order_of_the_list(at_work: Desk) -> None:
    first, second, third = (at_work.open(assign=False) for _ in range(3))
    Case.objects.filter(pk=second.pk).update(severity_band=3)
    client = signed_in(at_work, "mia")
    newest = table(client.post(f"{EXPORT}?sort=newest", GOOD))
    assert [line["Case"] for line in newest] == [case.reference for case in (third, second, first)]
    assert [line["Case"] for line in table(client.post(f"{EXPORT}?severity=3", GOOD))] == [second.reference]
    # What says nothing is no error.
    assert len(table(client.post(f"{EXPORT}?sort=x&severity=99&team=abc&channel=9{'9' * 30}", GOOD))) == 3


def test_it_is_on_record_before_the_first_byte(at_work: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case = at_work.open(assign=False)
    client = signed_in(at_work, "mia")
    answer = client.post(EXPORT, GOOD)
    (entry,) = entries(at_work, "mia")  # nothing has been read of the answer yet
    assert (entry.data["cases"], entry.data["surface"]) == ([case.pk], "admin:escalations_case_export")
    assert "yearly" not in str(entry.data)
    row = CaseExport.objects.get()
    assert (row.entry, row.by, row.reason, row.cases) == (entry, at_work.user("mia"), "The yearly report", 1)
    b"".join(answer.streaming_content)
    assert len(entries(at_work, "mia")) == 1

    def fail(**_: Any) -> None:
        raise DatabaseError("full")

    monkeypatch.setattr(noting, "note", fail)
    client.raise_request_exception = False
    answer = client.post(EXPORT, GOOD)
    assert answer.status_code == 500
    assert case.reference not in answer.content.decode()


def test_what_is_lost_while_it_is_written_is_left_out(at_work: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PIECE", 2)
    cases = [at_work.open(assign=False) for _ in range(5)]
    answer = signed_in(at_work, "mia").post(f"{EXPORT}?sort=newest", GOOD)
    pieces = iter(answer.streaming_content)
    got = [next(pieces), next(pieces)]
    moved(cases[2], "fraud")
    got.append(next(pieces))
    at_work.user("mia").groups.clear()
    got += list(pieces)
    said = b"".join(got).decode()
    assert [case.reference in said for case in reversed(cases)] == [True, True, False, True, False]


def test_it_is_capped_and_says_so(at_work: Desk, settings: Any) -> None:
    settings.THROUGHLINE_EXPORT_CASES = 2
    for _ in range(3):
        at_work.open(assign=False)
    client = signed_in(at_work, "mia")
    page = client.get(EXPORT).content.decode()
    assert "the first 2 in the order of the table" in page
    assert len(table(client.post(EXPORT, GOOD))) == 2
    assert "the first 2" not in client.get(f"{EXPORT}?whose=mine").content.decode()


@pytest.mark.parametrize(("data", "said"), [
    ({}, "Say what the file is for"), ({"reason": "  "}, "Say what the file is for"),
    ({"reason": "x" * 301, "written_for": "sheet"}, "at most 300"),
])  # fmt: skip
def test_without_a_reason_nothing_leaves(at_work: Desk, data: dict[str, str], said: str) -> None:
    at_work.open(assign=False)
    answer = signed_in(at_work, "mia").post(EXPORT, data)
    assert said in answer.content.decode()
    assert not entries(at_work, "mia")


def test_others_have_no_button_and_read_why(at_work: Desk) -> None:
    at_work.open(assign=False)
    assert EXPORT in signed_in(at_work, "mia").get("/admin/escalations/case/?sort=newest").content.decode()
    client = signed_in(at_work, "pia")
    assert EXPORT not in client.get("/admin/escalations/case/").content.decode()
    for answer in (client.get(EXPORT), client.post(EXPORT, GOOD)):
        assert answer.status_code == 403
        assert "Ask an owner of the channel" in answer.content.decode()
    assert Client().post(EXPORT, GOOD).status_code == 302


def test_nothing_to_export_says_what_to_do(at_work: Desk) -> None:
    client = signed_in(at_work, "mia")
    assert "Choose less above the table" in client.get(f"{EXPORT}?whose=mine").content.decode()
    assert "No case that you may export fits" in client.post(EXPORT, GOOD).content.decode()


def test_a_spreadsheet_gets_its_mark(at_work: Desk) -> None:
    at_work.open(assign=False, summary="Größe")
    client = signed_in(at_work, "mia")
    assert b"".join(client.post(EXPORT, GOOD | {"written_for": "sheet"}).streaming_content)[:3] == b"\xef\xbb\xbf"
    assert b"".join(client.post(EXPORT, GOOD).streaming_content)[:3] != b"\xef\xbb\xbf"


def test_the_auditor_reads_what_it_was_for_and_the_log_holds(at_work: Desk) -> None:
    at_work.open(assign=False)
    signed_in(at_work, "mia").post(EXPORT, GOOD)
    at_work.user("ana").groups.add(roles.group_of("auditor"))
    page = signed_in(at_work, "ana").get("/admin/escalations/accessentry/?show=all").content.decode()
    assert "exported cases: 1, for: The yearly report" in page


def test_losing_the_permission_ends_it(at_work: Desk) -> None:
    at_work.open(assign=False)
    group = ensure_groups(Channel.objects.get(key="general"))["exporters"]
    remove_perm("export_cases", group, Channel.objects.get(key="general"))
    assert signed_in(at_work, "mia").post(EXPORT, GOOD).status_code == 403
