"""The pages of files: adding under limits, and handing out what was checked to those who see the case, noted first."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from escalations.core.vetting import REFUSALS
from escalations.models import AccessEntry, Case, CaseFile, Evidence
from escalations.services.files import adding
from tests.core.policies import market_document
from tests.escalations.filing import add, lying, stored
from tests.factories.desk import NOW, Desk, desk
from tests.factories.samples import pdf, photo, told_png

__all__ = ["desk", "stored"]


@pytest.fixture
def case(desk: Desk, stored: Path) -> Case:
    made = desk.held_by("mia")
    Evidence.objects.get_or_create(case=made, key="photo", defaults={"name": "Photo of it", "at": NOW})
    return made


@pytest.fixture
def mia(client: Client, desk: Desk) -> Client:
    client.force_login(desk.user("mia"))
    return client


def at(name: str, *args: int) -> str:
    return reverse(f"admin:escalations_case_{name}", args=args)


def send(client: Client, case: Case, *files: Any, **typed: Any) -> Any:
    return client.post(at("files", case.pk), {"file": list(files), "item": "photo", "completes": "1", **typed})


def upload(sent: bytes | None = None, name: str = "vase.jpg", declared: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, photo() if sent is None else sent, declared)


def body(answer: Any) -> bytes:
    """What was handed out; read to its end, as the server does, so that the file is closed."""
    return b"".join(answer.streaming_content) if answer.streaming else b""


def words(answer: Any) -> str:
    return str(answer.content.decode())


# -------------------------------------------------------------------------------------------------------------- adding


def test_several_at_once_those_that_are_taken_stay(mia: Client, case: Case) -> None:
    answer = send(
        mia, case, upload(), upload(told_png(), "b.png", "image/png"), upload(b"<svg>", "c.svg", "image/svg+xml")
    )
    said = words(answer)
    assert "2 files added." in said
    assert "c.svg" in said
    assert REFUSALS["drawing"] in said
    assert CaseFile.objects.count() == 2
    assert Evidence.objects.get(case=case, key="photo").state == "received"
    assert "vase.jpg" in said, "what is here is in the list already"


def test_all_well_leads_back_to_the_list(mia: Client, case: Case) -> None:
    answer = send(mia, case, upload())
    assert answer.headers["Location"] == f"{at('change', case.pk)}?tab=evidence"
    said = words(mia.get(answer.headers["Location"]))
    for part in ("vase.jpg", "JPEG picture", "from Mia", "/small/"):
        assert part in said


def test_what_was_chosen_beside_the_files_is_kept(mia: Client, case: Case) -> None:
    said = words(send(mia, case, upload(b"", "empty.jpg"), item="photo", completes=""))
    assert '<option value="photo" selected' in said
    assert REFUSALS["empty"] in said
    assert words(send(mia, case)).count("Choose at least one file.") == 1


def test_the_script_is_answered_in_short(mia: Client, case: Case) -> None:
    def ask(file: SimpleUploadedFile) -> Any:
        return mia.post(at("files", case.pk), {"file": file}, headers={"X-Desk-Upload": "1"})

    good, bad = ask(upload()), ask(upload(b"MZ123", "a.exe"))
    assert (good.status_code, good.json()) == (200, {"added": 1, "errors": []})
    assert (bad.status_code, bad.json()) == (422, {"added": 0, "errors": [REFUSALS["script"]]})


def test_who_only_reads_is_offered_nothing_and_refused(client: Client, desk: Desk, case: Case) -> None:
    client.force_login(desk.user("pia"))
    said = words(client.get(at("change", case.pk), {"tab": "evidence"}))
    assert "upload-file" not in said
    assert "may do this" in said
    assert "may do this" in words(send(client, case, upload()))
    assert not CaseFile.objects.exists()


class Endless(io.RawIOBase):
    """A body of so many bytes that is never in memory or on disk as a whole, and knows how much of it was read."""

    def __init__(self, head: bytes, size: int, tail: bytes) -> None:
        self.parts, self.size, self.read_bytes = [head, tail], size, 0

    def read(self, size: int = -1) -> bytes:
        if self.parts[0]:
            piece, self.parts[0] = self.parts[0][:size], self.parts[0][size:]
        elif self.size:
            piece = bytes(min(size, self.size))
            self.size -= len(piece)
        else:
            piece, self.parts[1] = self.parts[1][:size], self.parts[1][size:]
        self.read_bytes += len(piece)
        return piece


def stream(client: Client, case: Case, size: int) -> tuple[Any, Endless]:
    head = b'--B\r\nContent-Disposition: form-data; name="file"; filename="big.txt"\r\nContent-Type: text/plain\r\n\r\n'
    body = Endless(head, size, b"\r\n--B--\r\n")
    length = len(head) + size + 9
    given = {"wsgi.input": body, "CONTENT_LENGTH": str(length), "CONTENT_TYPE": "multipart/form-data; boundary=B"}
    answer = client.generic("POST", at("files", case.pk), **given)
    return answer, body


def test_200_megabytes_are_refused_before_they_are_read(mia: Client, case: Case) -> None:
    answer, source = stream(mia, case, 200 * 1024 * 1024)
    assert answer.status_code == 413
    assert "at most 25 MB each" in words(answer)
    assert source.read_bytes == 0


def test_a_file_over_the_limit_is_read_past_and_never_written(
    mia: Client, case: Case, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.THROUGHLINE_FILE_MB = 1
    written = 0
    from escalations.inbound import uploads

    real = uploads.TemporaryFileUploadHandler.receive_data_chunk

    def count(self: Any, raw_data: bytes, start: int) -> None:
        nonlocal written
        written += len(raw_data)
        real(self, raw_data, start)

    monkeypatch.setattr(uploads.TemporaryFileUploadHandler, "receive_data_chunk", count)
    answer, source = stream(mia, case, 20 * 1024 * 1024)
    assert "This file is bigger than 1 MB." in words(answer)
    assert "big.txt" in words(answer)
    assert written <= 1024 * 1024
    assert source.size == 0, "read past to its end, so that the browser gets the answer"


@pytest.mark.parametrize(("count", "status", "taken"), [(25, 200, 20), (3000, 400, 0)])
def test_many_parts(mia: Client, case: Case, count: int, status: int, taken: int) -> None:
    files = [upload(f"words {number}\n".encode(), f"{number}.txt", "text/plain") for number in range(count)]
    monkey = pytest.MonkeyPatch()
    calls: list[str] = []
    with monkey.context() as patch:
        patch.setattr(adding, "add_file", lambda **given: calls.append(given["name"]))
        answer = send(mia, case, *files)
    assert (answer.status_code, len(calls)) == (status, taken)
    if taken:
        assert words(answer).count(REFUSALS["too_many"]) == 5


def test_nothing_is_taken_in_anywhere_else(
    client: Client, mia: Client, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    from escalations.inbound import uploads

    monkeypatch.setattr(uploads.TemporaryFileUploadHandler, "new_file", lambda *_a, **_k: pytest.fail("written"))
    typed = {"file": upload(), "username": "mia", "password": "x"}
    mia.post(reverse("admin:escalations_case_act", args=[case.pk, "note"]), typed)
    Client().post(reverse("admin:login"), typed)
    Client().post(at("files", case.pk), typed)


@pytest.mark.parametrize("name", ["../../../etc/passwd.txt", "C:\\x\\a.txt", "a\u202etxt.exe.txt", "x" * 300 + ".txt"])
def test_names_lead_nowhere(name: str, mia: Client, case: Case, stored: Path) -> None:
    send(mia, case, upload(b"words", name, "text/plain"))
    row = CaseFile.objects.get()
    assert not set(row.name) & set("/\\\u202e")
    assert len(row.name) <= 150
    assert [path.parent.parent.name for path in lying(stored)] == ["case-files"]


# ------------------------------------------------------------------------------------------------------------- serving


def test_a_file_is_handed_out_so_that_nothing_runs(mia: Client, desk: Desk, case: Case) -> None:
    row = add(desk, case, name="Väse “1”.jpg")
    answer = mia.get(at("file", case.pk, row.pk))
    assert (answer.status_code, len(body(answer))) == (200, row.size)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''V%C3%A4se")
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert {"private", "no-store"} <= set(answer.headers["Cache-Control"].split(", "))
    assert answer.headers["Content-Length"] == str(row.size)
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    ("sent", "name", "mime", "look"),
    [
        (photo(), "a.jpg", "image/jpeg", "inline"),
        (pdf(), "a.pdf", "application/pdf", "attachment"),
        (b"words", "a.txt", "text/plain; charset=utf-8", "attachment"),
        (b"id\n1\n", "a.csv", "text/csv; charset=utf-8", "attachment"),
    ],
)
def test_only_pictures_that_were_written_anew_are_looked_at(
    sent: bytes, name: str, mime: str, look: str, mia: Client, desk: Desk, case: Case
) -> None:
    row = add(desk, case, sent, name)
    answer = mia.get(at("file", case.pk, row.pk), {"look": ""})
    assert answer.headers["Content-Type"] == mime
    assert answer.headers["Content-Disposition"].split(";")[0] == look
    body(answer)


def test_the_thumbnail_is_a_picture_of_ours(mia: Client, desk: Desk, case: Case) -> None:
    row = add(desk, case)
    answer = mia.get(at("thumbnail", case.pk, row.pk))
    assert body(answer)[8:12] == b"WEBP"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert mia.get(at("thumbnail", case.pk, add(desk, case, pdf(), "a.pdf").pk)).status_code == 404


def test_head_and_ranges(mia: Client, desk: Desk, case: Case) -> None:
    row = add(desk, case)
    head = mia.head(at("file", case.pk, row.pk))
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(row.size))
    part = mia.get(at("file", case.pk, row.pk), headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.headers["Accept-Ranges"]) == (200, "none")
    assert len(body(part)) == row.size
    assert mia.post(at("file", case.pk, row.pk)).status_code == 405


@pytest.fixture
def each(desk: Desk, case: Case) -> dict[str, int]:
    """A file in every state, and none."""
    rows = {name: add(desk, case, f"{name}\n".encode(), f"{name}.txt") for name in ("waiting", "refused", "removed")}
    CaseFile.objects.filter(pk=rows["waiting"].pk).update(scan_state="waiting")
    CaseFile.objects.filter(pk=rows["refused"].pk).update(scan_state="refused", refused_because="active")
    CaseFile.objects.filter(pk=rows["removed"].pk).update(removed_at=NOW)
    return {name: row.pk for name, row in rows.items()} | {"none": 987654}


def test_what_may_not_be_opened_is_as_if_it_did_not_exist(
    mia: Client, desk: Desk, case: Case, each: dict[str, int]
) -> None:
    other = desk.open(summary="Another")
    answers = {name: mia.get(at("file", case.pk, pk)) for name, pk in each.items()}
    answers["another case"] = mia.get(at("file", other.pk, add(desk, case).pk))
    assert {answer.status_code for answer in answers.values()} == {404}
    told = {
        re.sub(r'/case/\d+/files/\d+/|name="csrfmiddlewaretoken" value="\w+"', "", words(one))
        for one in answers.values()
    }
    assert len(told) == 1
    said = words(mia.get(at("change", case.pk), {"tab": "evidence"}))
    assert "is being checked; nobody can open it yet" in said
    assert REFUSALS["active"] in said
    assert "removed.txt" not in said or "removed or refused" in said


def test_each_role(client: Client, desk: Desk, stored: Path) -> None:
    """Who sees the case opens its files; for all others there is none."""
    hidden = desk.open(assign=False, category="counterfeit", symptom="copy")
    row = CaseFile.objects.create(
        case=hidden, name="a.txt", size=1, sha256="0" * 64, received_sha256="0" * 64, storage_key="case-files/00/x",
        scan_state="clean", sniffed_type="text", actor_kind="party", actor_id="1", at=NOW,
    )  # fmt: skip
    (stored / "case-files/00").mkdir(parents=True)
    (stored / "case-files/00/x").write_bytes(b"x")
    assert hidden.channel.key == "brand"
    found = {}
    for name in ("bob", "mia", "tia", "pia", "leo"):
        client.force_login(desk.user(name))
        answer = client.get(at("file", hidden.pk, row.pk))
        found[name] = answer.status_code
        body(answer)
    assert found == {"bob": 200, "mia": 200, "tia": 200, "pia": 404, "leo": 404}
    assert Client().get(at("file", hidden.pk, row.pk)).status_code == 302


def test_each_opening_is_on_the_access_log_before_the_first_byte(
    mia: Client, desk: Desk, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add(desk, case)
    answer = mia.get(at("file", case.pk, row.pk))
    entry = AccessEntry.objects.get(kind="file")
    assert (entry.chain, entry.data["cases"], entry.data["file"]) == (desk.user("mia").pk, [case.pk], row.pk)
    assert entry.data["surface"] == "admin:escalations_case_file"
    body(answer)
    mia.get(at("file", case.pk, 987654))
    assert AccessEntry.objects.filter(kind="file").count() == 1

    def fail(**_: Any) -> None:
        raise RuntimeError("the log cannot be written")

    monkeypatch.setattr("escalations.services.noting.note", fail)
    with pytest.raises(RuntimeError):
        mia.get(at("file", case.pk, row.pk))


def test_thumbnails_of_a_sensitive_case_are_one_look(client: Client, desk: Desk, stored: Path) -> None:
    desk.install(market_document())
    case = desk.open(assign=False)
    case.channel.__class__.objects.filter(pk=case.channel_id).update(sensitive=True)
    rows = [add(desk, case, by="ana"), add(desk, case, told_png(), "b.png", by="ana")]
    client.force_login(desk.user("ana"))
    for row in rows:
        body(client.get(at("thumbnail", case.pk, row.pk)))
    entry = AccessEntry.objects.get(kind="read")
    assert (entry.data["case"], entry.data["surface"]) == (case.pk, "admin:escalations_case_thumbnail")


def test_lost_bytes_are_said(mia: Client, desk: Desk, case: Case, stored: Path) -> None:
    row = add(desk, case)
    (stored / str(row.storage_key)).unlink()
    answer = mia.get(at("file", case.pk, row.pk))
    assert answer.status_code == 503
    assert "Tell whoever keeps the desk running" in words(answer)


# ------------------------------------------------------------------------------------------------------------- removing


def test_removing_asks_why_and_keeps_what_was_typed(mia: Client, desk: Desk, case: Case) -> None:
    row = add(desk, case)
    said = words(mia.post(at("file_remove", case.pk, row.pk), {"reason": "x" * 301}))
    assert "at most 300 characters, this has 301" in said
    assert "x" * 301 in said
    mia.post(at("file_remove", case.pk, row.pk), {"reason": "Somebody else's passport"})
    said = words(mia.get(at("change", case.pk), {"tab": "evidence"}))
    assert "1 file was removed or refused" in said
    assert "Somebody else&#x27;s passport" in said
    assert "removed by Mia" in said
    assert "vase.jpg" not in said
    timeline = words(mia.get(at("change", case.pk), {"tab": "timeline"}))
    assert f"File {row.pk} added (JPEG picture" in timeline
    assert f"File {row.pk} removed" in timeline


def test_removing_is_offered_to_those_who_may(client: Client, desk: Desk, case: Case) -> None:
    add(desk, case)
    for name, offered in (("mia", True), ("ana", True), ("jon", False)):
        client.force_login(desk.user(name))
        assert ("Remove it for good" in words(client.get(at("change", case.pk), {"tab": "evidence"}))) is offered


def test_the_list_asks_for_itself_while_something_waits(mia: Client, desk: Desk, case: Case) -> None:
    row = add(desk, case)
    asks = 'hx-trigger="every 5s'
    assert asks not in words(mia.get(at("change", case.pk), {"tab": "evidence"}))
    CaseFile.objects.filter(pk=row.pk).update(scan_state="waiting")
    part = words(mia.get(at("change", case.pk), {"tab": "evidence"},
                         headers={"HX-Request": "true", "HX-Target": "evidence-list"}))  # fmt: skip
    assert asks in part
    assert "<html" not in part
