"""The doctor: each thing that can be wrong is named with what to do; a desk that is well gets 0."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django_q.models import Schedule

from escalations import append_only, schedules
from escalations.management import checkup
from escalations.models import CaseFile, Event, Handoff, PolicyVersion, Team
from escalations.selectors import law
from escalations.services.heartbeat import beat
from playbook import published
from tests.factories.telling import NOW, SmallDesk, small_desk
from tests.mailserver import MailServer
from tests.postgres import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(mail_server: MailServer) -> SmallDesk:
    """A desk that is well, at this very moment."""
    desk = small_desk()
    for name in ("worker", "sweep"):
        beat(name=name, now=timezone.now())
    schedules.sync(now=timezone.now())
    return desk


def doctor(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def found(level: str, name: str) -> list[str]:
    return [item.say for item in checkup.checkup(timezone.now()) if (item.level, item.name) == (level, name)]


def test_a_desk_that_is_well(desk: SmallDesk) -> None:
    status, said = doctor()
    assert status == 0, said
    assert "FAIL" not in said
    assert "The desk is well." in said
    status, said = doctor("--json")
    report = json.loads(said)
    assert (status, report["ok"]) == (0, True)
    assert {"keys", "database", "migrations", "worker", "schedules", "playbook", "references", "mail"} <= {
        item["name"] for item in report["findings"]
    }


def test_an_empty_desk_is_told_what_to_do_first(mail_server: MailServer) -> None:
    status, said = doctor()
    assert status == 1
    for words in (
        "The worker has never reported. Start one: python manage.py qcluster",
        "No playbook is in force. Run: python manage.py install_playbook --preset team",
        "Run: python manage.py sync_schedules",
    ):
        assert words in said
    status, said = doctor("--json")
    assert (status, json.loads(said)["ok"]) == (1, False)


def test_looking_writes_nothing(desk: SmallDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db.backends.utils import CursorWrapper

    Schedule.objects.all().delete()
    seen: list[str] = []
    original = CursorWrapper.execute
    monkeypatch.setattr(
        CursorWrapper, "execute", lambda self, sql, *rest: seen.append(str(sql)) or original(self, sql, *rest)
    )
    doctor()
    assert seen
    assert not [sql for sql in seen if sql.split()[0].upper() in {"INSERT", "UPDATE", "DELETE"}]


# --------------------------------------------------------------------------------------------------- mail, other ways


def test_a_mail_server_that_does_not_answer(desk: SmallDesk, settings: Any) -> None:
    settings.EMAIL_PORT = port = free_port()
    assert found("fail", "mail") == [
        f"The mail server at 127.0.0.1:{port} does not answer (ConnectionRefusedError). Check EMAIL_URL."
    ]


def test_mail_in_files_or_nowhere_is_said(desk: SmallDesk, settings: Any, tmp_path: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    assert "kept as files" in found("warn", "mail")[0]
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert found("warn", "mail") == ["Mail goes nowhere (backend console). Set EMAIL_URL."]


def test_an_address_that_apprise_does_not_know(desk: SmallDesk, settings: Any) -> None:
    settings.THROUGHLINE_CHAT_URLS = {"care": "carrier-pigeon://roof"}
    settings.THROUGHLINE_SMS_URL = "json://sms.example.test/{to}"
    settings.THROUGHLINE_OUTBOUND_HOSTS = {"eu": ["sms.example.test"]}
    assert found("fail", "other ways out") == ["THROUGHLINE_CHAT_URLS, care: Apprise does not know such an address."]
    assert found("ok", "other ways out") == ["THROUGHLINE_SMS_URL is understood."]


def test_a_host_that_is_not_on_the_list_is_named_with_its_cure(desk: SmallDesk, settings: Any) -> None:
    settings.THROUGHLINE_CHAT_URLS = {"care": "json://chat.example.test/secret-token"}
    settings.THROUGHLINE_OUTBOUND_HOSTS = {"*": ["localhost"]}
    why = "chat.example.test is not among the hosts that may be spoken to. Add it to THROUGHLINE_OUTBOUND_HOSTS."
    assert found("fail", "other ways out") == [
        f"THROUGHLINE_CHAT_URLS, care: {why}",
        "THROUGHLINE_OUTBOUND_HOSTS: 'localhost' names no host of the public internet.",
    ]


# ------------------------------------------------------------------------------------------------- keys and settings


def test_keys_that_are_the_same(desk: SmallDesk, settings: Any) -> None:
    one = ("k", b"k" * 32)
    settings.THROUGHLINE_KEYS = {"chain": [one], "field": [("f", b"k" * 32)], "token": []}
    said = found("fail", "keys")
    assert "Field key f is the same as chain key k; make one for each use." in said
    assert "There is no token key." in said


def test_a_key_that_rows_need_and_nobody_has(desk: SmallDesk) -> None:
    Event.objects.create(case=desk.case(), seq=1, kind="x", at=NOW, mac="m" * 64, key_id="lost")
    assert found("fail", "keys in use") == ["Rows need the chain key 'lost': add it to THROUGHLINE_CHAIN_KEYS again."]


def test_queue_numbers_that_would_run_tasks_twice(desk: SmallDesk, settings: Any) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"retry": 90, "max_attempts": 0}
    assert len(found("fail", "queue")) == 2


# ------------------------------------------------------------------------------------------------------- the database


@pytest.fixture
def unguarded() -> Iterator[None]:
    append_only.unguard(connection)
    yield
    append_only.guard(connection)


def test_events_without_their_guard(desk: SmallDesk, unguarded: None) -> None:
    assert any("events can be changed" in say.lower() for say in found("fail", "database options"))


def test_published_editions_without_their_guard(desk: SmallDesk) -> None:
    said = "Published editions can be changed: their trigger is missing. Apply the migrations again."
    assert said not in found("fail", "database options")
    with connection.cursor() as cursor:
        on = "" if connection.vendor == "sqlite" else " ON playbook_entry"
        name = "playbook_entry_published_delete" if connection.vendor == "sqlite" else "throughline_rows_of_drafts"
        cursor.execute(f"DROP TRIGGER {name}{on}")
    try:
        assert said in found("fail", "database options")
    finally:
        published.guard(connection)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="options of SQLite")
def test_sqlite_without_its_options(desk: SmallDesk) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            said = found("fail", "database options")
        finally:
            cursor.execute("PRAGMA busy_timeout = 20000")
    assert said == ["PRAGMA busy_timeout is below 5000: writers would fail instead of waiting."]


def test_references_that_lead_nowhere(desk: SmallDesk) -> None:
    """Decision 30: where the database does not hold a reference, somebody looks."""
    level = desk.case().level
    rows = {"from_level": level, "note": "x", "actor_kind": "user", "actor_id": "1", "at": NOW}
    lost = Team.objects.order_by("-pk")[0].pk + 1000
    Handoff.objects.create(case=desk.case(), from_team=desk.care, to_team_id=lost, from_person=None, **rows)
    (say,) = found("fail", "references")
    assert say.startswith("1 rows of escalations.Handoff point by to_team at a Team that is not there.")


def test_a_schedule_changed_by_hand(desk: SmallDesk) -> None:
    Schedule.objects.filter(name="sweep").update(func="os.system")
    Schedule.objects.create(name="stray", func="os.system", schedule_type="I")
    assert found("fail", "schedules") == ["changed: sweep; not ours: stray. Run: python manage.py sync_schedules"]


# ------------------------------------------------------------------------------------------------------------ the law


def test_files_that_a_worker_does_not_find(desk: SmallDesk, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("ok", "files") == ["What is stored here is read by a worker."]
    monkeypatch.setattr("escalations.tasks.read_probe", lambda token: "")
    assert "give all hosts one THROUGHLINE_FILES_DIR" in found("fail", "files")[0]
    settings.MEDIA_ROOT = "/proc/nowhere"
    assert "Files cannot be stored" in found("fail", "files")[0]


def test_files_that_wait_are_lost_or_left(desk: SmallDesk, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.THROUGHLINE_SCAN_URL = "tcp://127.0.0.1:1"
    case, long_ago = desk.case(), timezone.now() - dt.timedelta(days=1)
    for number, columns in enumerate(({"scan_state": "waiting"}, {"removed_at": long_ago, "scan_state": "clean"}), 1):
        CaseFile.objects.create(
            case=case, name="a.txt", size=1, sha256="0" * 64, received_sha256=str(number) * 64, at=long_ago,
            storage_key=f"case-files/00/{number}", actor_kind="user", actor_id="1", **columns,
        )  # fmt: skip
    (tmp_path / "case-files" / "00").mkdir(parents=True)
    (tmp_path / "case-files" / "00" / "left").write_bytes(b"x")
    os.utime(tmp_path / "case-files" / "00" / "left", (0, 0))
    assert [say[:32] for say in found("fail", "files")] == [
        "1 files are not in storage (numb", "1 files wait to be checked for m",
    ]  # fmt: skip
    assert [say[:32] for say in found("warn", "files")] == [
        "1 stored files belong to no case", "1 removed files still lie in sto",
    ]  # fmt: skip
    assert found("fail", "virus scanner") == [
        "No verdicts: no scanner at THROUGHLINE_SCAN_URL (ConnectionRefusedError). New files wait until it answers."
    ]


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [(400, "ok", "in force from"), (300, "warn", "are known until"), (-1, "fail", "have run out")],
)
def test_public_holidays_that_run_out(desk: SmallDesk, days: int, level: str, words: str) -> None:
    until = (timezone.now() + dt.timedelta(days=days)).date()
    document = json.loads(PolicyVersion.objects.values_list("document", flat=True).get())
    calendar = document["central"]["calendars"]["day"]
    calendar["public_holidays"], calendar["expanded_until"] = {"country": "DE"}, until.isoformat()
    PolicyVersion.objects.update(document=json.dumps(document))
    law.forget()
    (say,) = found(level, "playbook")
    assert words in say
