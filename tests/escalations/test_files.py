"""Files come to a case checked or not at all, are on its record, and go without a trace of what they held."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoCaptureOnCommitCallbacks

from escalations.core.actor import Actor
from escalations.core.vetting import REFUSALS
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, CaseFile, Evidence, LegalHold
from escalations.selectors import personal
from escalations.services import evidence, pauses, verifying
from escalations.services.files import adding, checking, storing
from escalations.services.privacy import erasing
from tests.core.policies import market_document
from tests.databases import Database
from tests.escalations.at_once import at_once, desk_on
from tests.escalations.filing import IN_ITS_OWN_PROCESS, VIRUS, add, clamd, lying, stored
from tests.factories.desk import NOW, Desk, broken, desk, kinds
from tests.factories.samples import pdf, photo, picture, told_png

__all__ = ["desk", "stored"]

LATER = NOW + dt.timedelta(minutes=5)


@pytest.fixture
def case(desk: Desk, stored: Path) -> Case:
    """Mia has a case that needs a photo."""
    made = desk.held_by("mia")
    Evidence.objects.get_or_create(case=made, key="photo", defaults={"name": "Photo", "at": NOW})
    return made


def state_of(key: str, case: Case) -> str:
    return str(Evidence.objects.get(case=case, key=key).state)


# -------------------------------------------------------------------------------------------------------------- adding


def test_a_photo_is_kept_without_its_secrets_and_is_on_record(
    case: Case, desk: Desk, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_vetted", IN_ITS_OWN_PROCESS)
    row = add(desk, case, key="photo", completes=True, declared="image/jpeg")
    assert (row.scan_state, row.sniffed_type, row.name) == ("clean", "jpeg", "vase.jpg")
    assert row.received_sha256 == hashlib.sha256(photo()).hexdigest()
    with storing.opened(row.storage_key or "") as file:
        kept = bytes(file.read())
    assert (row.sha256, row.size) == (hashlib.sha256(kept).hexdigest(), len(kept))
    assert b"Jane" not in kept
    assert len(lying(stored)) == 2, "the picture and its thumbnail"
    assert all("vase" not in str(path) and len(path.name) == 48 for path in lying(stored))
    assert state_of("photo", case) == "received"
    event = case.events.get(kind="file.added")
    assert event.data == {"item": "photo", "file": row.pk, "sha256": row.sha256, "size": row.size, "kind": "jpeg",
                          "waits": False}  # fmt: skip
    assert not hasattr(event, "payload"), "nothing of a name is on the chain"
    assert broken(case) is None


def test_the_name_is_encrypted_where_it_lies(case: Case, desk: Desk) -> None:
    row = add(desk, case, name="passport of Jane Roe.jpg")
    (raw,) = CaseFile.objects.filter(pk=row.pk).extra(select={"raw": "name"}).values_list("raw", flat=True)
    assert "Jane" not in str(raw)
    assert CaseFile.objects.get(pk=row.pk).name == "passport of Jane Roe.jpg"


def test_a_file_of_no_item_leaves_the_items_alone(case: Case, desk: Desk) -> None:
    row = add(desk, case, completes=True)
    assert row.evidence is None
    assert state_of("photo", case) == "open"


def test_another_file_of_an_item_changes_nothing_of_it(case: Case, desk: Desk) -> None:
    evidence.add_evidence(case_id=case.pk, actor=desk.by("mia"), now=NOW, key="photo", note="In the mail of Monday")
    add(desk, case, key="photo", completes=True, now=LATER)
    item = Evidence.objects.get(case=case, key="photo")
    assert (item.note, item.at) == ("In the mail of Monday", NOW)
    assert kinds(case).count("evidence.received") == 1


def test_it_ends_a_pause_that_waited_for_evidence(desk: Desk, stored: Path) -> None:
    document = market_document()
    document["central"]["pause_reasons"]["buyer"]["resumes_on"] = ["evidence"]
    desk.install(document, now=NOW - dt.timedelta(days=1))
    case = desk.held_by("mia")
    Evidence.objects.get_or_create(case=case, key="photo", defaults={"name": "Photo", "at": NOW})
    pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason="buyer", evidence="Asked for a photo")
    case.refresh_from_db()
    assert case.status == "waiting"
    add(desk, case, key="photo", completes=True, now=LATER)
    case.refresh_from_db()
    assert case.status == "in_progress"


def test_what_is_not_taken_leaves_nothing_anywhere(case: Case, desk: Desk, stored: Path) -> None:
    before = kinds(case)
    with pytest.raises(Invalid) as refused:
        add(desk, case, b"<svg><script>alert(1)</script></svg>", "a.svg")
    assert (refused.value.field, str(refused.value)) == ("file", REFUSALS["drawing"])
    assert (CaseFile.objects.count(), lying(stored), kinds(case)) == (0, [], before)


def test_limits_of_a_file_and_of_a_case(case: Case, desk: Desk, stored: Path, settings: Any) -> None:
    settings.THROUGHLINE_FILE_MB = 1
    settings.THROUGHLINE_CASE_FILES_MB = 1
    with pytest.raises(Invalid, match="bigger than 1 MB"):
        add(desk, case, b"x" * 1_100_000, "a.txt")
    add(desk, case, b"x" * 600_000, "a.txt")
    with pytest.raises(Invalid, match="at their limit"):
        add(desk, case, b"y" * 600_000, "b.txt")
    assert len(lying(stored)) == 1


def test_the_same_file_twice_is_told_with_the_first(case: Case, desk: Desk, stored: Path) -> None:
    first = add(desk, case)
    with pytest.raises(Invalid, match=r"here already, since 23 November 2026: vase\.jpg"):
        add(desk, case, name="again.jpg", by="ana")
    assert len(lying(stored)) == 2
    adding.remove_file(case_id=case.pk, file_id=first.pk, actor=desk.by("mia"), now=NOW, reason="Wrong one")
    assert add(desk, case).pk != first.pk, "what was removed may come again"


def test_who_may_add_and_where(case: Case, desk: Desk, stored: Path) -> None:
    with pytest.raises(NotAllowed):
        add(desk, case, by="bob")
    with pytest.raises(Invalid, match="this case needs no 'nothing'"):
        add(desk, case, key="nothing")
    add(desk, case, by="jon")
    Case.objects.filter(pk=case.pk).update(status="closed", is_open=False)
    with pytest.raises(Refused, match="closed"):
        add(desk, case, told_png(), "b.png")
    assert len(lying(stored)) == 2, "a refused act leaves no bytes"


# ------------------------------------------------------------------------------------------------------------- waiting


def test_a_large_file_waits_and_a_worker_checks_it(
    case: Case, desk: Desk, stored: Path, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    monkeypatch.setattr(adding, "IN_REQUEST", 100)
    row = add(desk, case, key="photo", completes=True)
    assert (row.scan_state, row.sniffed_type, row.thumbnail_key) == ("waiting", "", "")
    assert not CaseFile.objects.servable().exists()
    assert state_of("photo", case) == "open", "not before it is checked"
    with django_capture_on_commit_callbacks(execute=True):
        assert adding.check_waiting(now=LATER) == {"clean": 1}
    row.refresh_from_db()
    assert (row.scan_state, row.sniffed_type, row.checked_at) == ("clean", "jpeg", LATER)
    assert len(lying(stored)) == 2, "what came is gone, what was made of it is kept"
    assert b"Jane" not in b"".join(path.read_bytes() for path in lying(stored))
    assert state_of("photo", case) == "received"
    assert [kind for kind in kinds(case) if kind.startswith(("file", "evidence"))] == [
        "file.added", "file.checked", "evidence.received",
    ]  # fmt: skip
    assert adding.check_waiting(now=LATER) == {}
    assert broken(case) is None


def test_what_a_worker_refuses_is_said_and_its_bytes_go(
    case: Case, desk: Desk, stored: Path, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    monkeypatch.setattr(adding, "IN_REQUEST", 100)
    row = add(desk, case, pdf(tail=b"<html>" * 50), "a.pdf", key="photo", completes=True)
    with django_capture_on_commit_callbacks(execute=True):
        adding.check_waiting(now=LATER)
    row.refresh_from_db()
    assert (row.scan_state, row.refused_because, row.storage_key) == ("refused", "two_in_one", None)
    assert row.refusal == REFUSALS["two_in_one"]
    assert lying(stored) == []
    assert state_of("photo", case) == "open"
    assert case.events.get(kind="file.refused").data == {"file": row.pk, "because": "two_in_one"}


def test_a_file_removed_while_it_waited_stays_removed(
    case: Case, desk: Desk, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "IN_REQUEST", 100)
    row = add(desk, case)
    real = adding.checked

    def meanwhile(*args: Any, **kwargs: Any) -> Any:
        adding.remove_file(case_id=case.pk, file_id=row.pk, actor=desk.by("mia"), now=NOW, reason="Wrong")
        return real(*args, **kwargs)

    monkeypatch.setattr(adding, "checked", meanwhile)
    assert adding.check_waiting(now=LATER) == {"gone": 1}
    storing.discard()
    assert lying(stored) == []


def test_a_reader_that_breaks_or_takes_too_long_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(photo())
    monkeypatch.setattr(checking.sys, "executable", "/bin/false")
    with checking.checked(tmp_path / "a", name="a.jpg", declared="") as found:
        assert found.verdict.refused == "damaged"
    monkeypatch.undo()
    with checking.checked(tmp_path / "a", name="a.jpg", declared="", patience_s=0.001) as found:
        assert found.verdict.refused == "too_long"


def test_the_reader_is_given_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(photo())
    given: dict[str, Any] = {}

    def run(*args: Any, **kwargs: Any) -> Any:
        given.update(kwargs)
        raise checking.subprocess.TimeoutExpired("x", 1)

    monkeypatch.setenv("THROUGHLINE_CHAIN_KEYS", "a secret")
    monkeypatch.setattr(checking.subprocess, "run", run)
    with checking.checked(tmp_path / "a", name="a.jpg", declared=""):
        pass
    assert set(given["env"]) == {"PATH", "PYTHONDONTWRITEBYTECODE", "LC_ALL"}


def test_one_that_cannot_be_looked_at_keeps_no_other_waiting(
    case: Case, desk: Desk, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = add(desk, case, b"one\n", "a.txt", later=True), add(desk, case, b"two\n", "b.txt", later=True)
    real = adding.checked

    def breaks(path: Path, *, name: str, **more: Any) -> Any:
        if name == "a.txt":
            raise RuntimeError("no room on the disk")
        return real(path, name=name, **more)

    monkeypatch.setattr(adding, "checked", breaks)
    assert adding.check_waiting(now=LATER) == {"failed": 1, "clean": 1}
    assert CaseFile.objects.get(pk=first.pk).scan_state == "waiting"
    assert CaseFile.objects.get(pk=second.pk).scan_state == "clean"


def test_what_takes_long_is_left_to_a_worker(
    case: Case, desk: Desk, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_vetted", IN_ITS_OWN_PROCESS)
    monkeypatch.setattr(adding, "IN_REQUEST_S", 0.001)
    assert add(desk, case).scan_state == "waiting"
    assert adding.check_waiting(now=LATER) == {"clean": 1}


# ------------------------------------------------------------------------------------------------------- virus scanner


def test_the_scanner_has_the_last_word(case: Case, desk: Desk, stored: Path, settings: Any) -> None:
    with clamd(settings):
        assert add(desk, case, b"Nothing in here.\n", "a.txt").scan_state == "clean"
        with pytest.raises(Invalid, match="virus scanner found something"):
            add(desk, case, b"words " + VIRUS, "b.txt")
    assert len(lying(stored)) == 1


@pytest.mark.parametrize("says", [b"", b"INSTREAM size limit exceeded. ERROR"])
def test_without_its_word_files_wait(
    says: bytes, case: Case, desk: Desk, stored: Path, settings: Any,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    settings.THROUGHLINE_SCAN_URL = "tcp://127.0.0.1:1"
    if says:
        with clamd(settings, says):
            row = add(desk, case)
    else:
        row = add(desk, case)
    assert row.scan_state == "waiting"
    assert adding.check_waiting(now=LATER) == {"waiting": 1}
    with clamd(settings), django_capture_on_commit_callbacks(execute=True):
        assert adding.check_waiting(now=LATER) == {"clean": 1}
    assert len(lying(stored)) == 2


# ------------------------------------------------------------------------------------------------------------- removing


def test_a_wrong_upload_goes_and_its_removal_stays(
    case: Case, desk: Desk, stored: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    row = add(desk, case, name="passport of Someone Else.jpg")
    with pytest.raises(Invalid, match="Say why"):
        adding.remove_file(case_id=case.pk, file_id=row.pk, actor=desk.by("mia"), now=NOW, reason="  ")
    with django_capture_on_commit_callbacks(execute=True):
        adding.remove_file(case_id=case.pk, file_id=row.pk, actor=desk.by("mia"), now=NOW, reason="Of somebody else")
    row.refresh_from_db()
    assert (row.name, row.storage_key, row.thumbnail_key, lying(stored)) == ("", None, "", [])
    assert (row.removed_by, row.removed_because, row.sha256 != "") == (
        str(desk.user("mia").pk),
        "Of somebody else",
        True,
    )
    event = case.events.get(kind="file.removed")
    assert (event.data, event.payload.body) == (
        {"file": row.pk, "sha256": row.sha256}, {"reason": "Of somebody else"},
    )  # fmt: skip
    with pytest.raises(Refused, match="not here any more"):
        adding.remove_file(case_id=case.pk, file_id=row.pk, actor=desk.by("mia"), now=NOW, reason="Again")
    assert verifying.verify(case=case).ok


def test_who_may_remove(case: Case, desk: Desk) -> None:
    row = add(desk, case, by="mia")
    with pytest.raises(NotAllowed, match="whoever added the file"):
        adding.remove_file(case_id=case.pk, file_id=row.pk, actor=desk.by("jon"), now=NOW, reason="Not mine")
    mine = add(desk, case, told_png(), "b.png", by="jon")
    Case.objects.filter(pk=case.pk).update(status="merged", is_open=False)
    for who, file in (("jon", mine), ("ana", row)):  # the uploader, and the team's lead; also of a case that is over
        adding.remove_file(case_id=case.pk, file_id=file.pk, actor=desk.by(who), now=NOW, reason="Wrong")


def test_under_a_hold_bytes_stay_sealed_until_it_is_lifted(
    case: Case, desk: Desk, stored: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    row = add(desk, case)
    hold = LegalHold.objects.create(party_id=case.party_id, case=case, basis="Court", review_at=NOW.date(),
                                    asked_by=desk.user("max"), asked_at=NOW)  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        adding.remove_file(case_id=case.pk, file_id=row.pk, actor=desk.by("mia"), now=NOW, reason="Wrong")
    assert len(lying(stored)) == 2
    assert not CaseFile.objects.servable().exists()
    LegalHold.objects.filter(pk=hold.pk).update(state="lifted")
    storing.sweep(now=LATER)
    assert lying(stored) == []


# ------------------------------------------------------------------------------------------------------------- sweeping


def old(path: Path) -> None:
    moment = time.time() - 10 * 24 * 3600
    os.utime(path, (moment, moment))


def test_a_crash_leaves_nothing_for_ever(case: Case, desk: Desk, stored: Path, tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    add(desk, case)
    (tmp_path / "left").write_bytes(b"left behind")
    young, aged = storing.keep(tmp_path / "left"), storing.keep(tmp_path / "left")
    old(stored / aged)
    for path in lying(stored):
        if path != stored / young:
            old(path)
    assert storing.sweep(now=now, dry_run=True).removed == 1
    done = storing.sweep(now=now)
    assert (done.removed, done.young, done.left) == (1, 1, 0)
    assert len(lying(stored)) == 3, "what a row names, and what may still get one"
    assert storing.sweep(now=now).removed == 0


def test_the_storage_of_another_desk_is_left_alone(stored: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    room = stored / storing.ROOM / "aa"
    room.mkdir(parents=True)
    for number in range(storing.MANY + 1):
        (room / f"{number}").write_bytes(b"x")
        old(room / f"{number}")
    done = storing.sweep(now=dt.datetime.now(dt.UTC))
    assert (done.removed, done.too_many) == (0, storing.MANY + 1)
    assert len(lying(stored)) == storing.MANY + 1


def test_bytes_that_could_not_be_removed_are_tried_again(
    case: Case, desk: Desk, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add(desk, case)
    CaseFile.objects.filter(pk=row.pk).update(removed_at=NOW)

    def refuse(_key: str) -> None:
        raise PermissionError("read-only")

    with monkeypatch.context() as patch:
        patch.setattr(storing.default_storage, "delete", refuse)
        assert storing.sweep(now=LATER).left == 1
    assert storing.sweep(now=LATER).left == 0
    assert lying(stored) == []


# ------------------------------------------------------------------------------------------------------- proof, privacy


def test_changed_and_missing_bytes_are_named(case: Case, desk: Desk, stored: Path) -> None:
    row, other = add(desk, case), add(desk, case, told_png(), "b.png")
    assert verifying.verify(case=case).walked["files"] == 2
    path = stored / str(row.storage_key)
    path.write_bytes(path.read_bytes() + b"!")
    (stored / str(other.storage_key)).unlink()
    with pytest.raises(CommandError):
        call_command("verify_audit", stdout=(out := StringIO()))
    assert f"{case.reference}, file {row.pk}: its bytes in storage were changed" in out.getvalue()
    assert f"{case.reference}, file {other.pk}: its bytes are not in storage any more" in out.getvalue()
    call_command("verify_audit", no_files=True, stdout=out)


def test_a_row_that_was_changed_with_its_bytes_is_found(case: Case, desk: Desk, stored: Path) -> None:
    row = add(desk, case)
    path = stored / str(row.storage_key)
    path.write_bytes(b"another")
    CaseFile.objects.filter(pk=row.pk).update(sha256=hashlib.sha256(b"another").hexdigest())
    (finding,) = verifying.verify(case=case).findings
    assert "digest is not the one that the record has" in finding.says


def test_retention_takes_files_with_the_words(
    case: Case, desk: Desk, stored: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    row = add(desk, case, name="Jane.jpg", declared="image/jpeg")
    Case.objects.filter(pk=case.pk).update(status="closed", is_open=False)
    with django_capture_on_commit_callbacks(execute=True):
        erasing.erase_cases(case_ids=[case.pk], actor=Actor.worker("retention"), now=LATER)
    row.refresh_from_db()
    assert (row.name, row.key_id, row.declared, row.storage_key, lying(stored)) == ("", "", "", None, [])
    assert row.removed_at == LATER


def test_a_person_is_given_their_files(case: Case, desk: Desk, stored: Path, tmp_path: Path) -> None:
    row = add(desk, case, name="vase of Jane.jpg")
    adding.remove_file(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason="No",
                       file_id=add(desk, case, told_png(), "gone.png").pk)  # fmt: skip
    call_command("export_party", case.reference, to=str(tmp_path / "data.json"), stdout=StringIO())
    told = personal.personal_data(party=case.party, now=NOW)["cases"][0]["files"]
    assert [(item["file"], item["name"], item["sha256"]) for item in told] == [(row.pk, "vase of Jane.jpg", row.sha256)]
    (given,) = (tmp_path / "data.json.files").iterdir()
    assert given.name == f"{row.pk} vase of Jane.jpg"
    assert hashlib.sha256(given.read_bytes()).hexdigest() == row.sha256


def test_of_a_restricted_case_a_person_is_given_what_was_asked_of_them(case: Case, desk: Desk, stored: Path) -> None:
    case.channel.sensitive = True
    add(desk, case, picture("PNG"), "internal.png")
    theirs = add(desk, case, key="photo")
    assert [row.pk for row in personal.own_files(case)] == [theirs.pk]


# --------------------------------------------------------------------------------------------------------- two at once


@pytest.mark.postgres
def test_two_uploads_at_once(postgres_database: Database, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    with desk_on(postgres_database) as desk:
        case = desk.held_by("mia")
        said = at_once(lambda: add(desk, case), lambda: add(desk, case, by="ana"))
        assert said == {"done": 1, "Invalid": 1}, "the same file: one is first"
        said = at_once(lambda: add(desk, case, told_png(), "a.png"), lambda: add(desk, case, pdf(), "b.pdf", by="ana"))
        assert said == {"done": 2}
        assert CaseFile.objects.filter(case=case).count() == 3
        assert len(lying(tmp_path / "files")) == 5, "two pictures with thumbnails, and a PDF"
        assert broken(case) is None
