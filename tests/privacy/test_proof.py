"""Before an erasure a search finds every needle at every listed site; afterwards it finds none, anywhere."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.db import connection

from escalations.models import Case, Event, Heartbeat, Party
from escalations.services.privacy import residue
from escalations.services.privacy.columns import COLUMNS, Kept
from tests.factories.desk import NOW, Desk, broken, desk
from tests.postgres import find_binaries
from tests.privacy.full_desk import LATER, Full, stored_files

__all__ = ["desk"]

pytestmark = pytest.mark.django_db(transaction=True)

#: Django's three names of one table.
SAME_TABLE = {"django_q.Success", "django_q.Failure"}


def dumped() -> bytes:
    """The whole database as bytes: SQLite's files as they lie there, of PostgreSQL a dump."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        name = str(connection.settings_dict["NAME"])
        return b"".join(path.read_bytes() for part in ("", "-wal") if (path := Path(f"{name}{part}")).exists())
    params = connection.get_connection_params()
    told = {"host": params["host"], "port": str(params["port"]), "username": params["user"]}
    options = [f"--{name}={value}" for name, value in told.items()]
    env = os.environ | {"PGPASSWORD": str(params.get("password") or "")}
    command = [str(find_binaries() / "pg_dump"), *options, params["dbname"]]
    return subprocess.run(command, env=env, capture_output=True, check=True).stdout


@pytest.fixture(autouse=True)
def _own_storage(settings: Any, tmp_path: Path) -> None:
    """Files of other tests hold the same needles."""
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture(autouse=True)
def _careless_sqlite(transactional_db: None) -> None:
    """Some builds of SQLite overwrite what they delete, others do not: the proof must hold for both."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = OFF")


def listed() -> set[str]:
    return {
        f"{label}.{name}"
        for label, table in COLUMNS.items()
        for name, rule in table.columns.items()
        if not isinstance(rule, Kept) and label not in SAME_TABLE
    }


def test_nothing_of_a_person_is_left_anywhere(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with time_machine.travel(NOW, tick=False):
        full = Full(desk)
    before = full.sites()
    assert [name for name, sites in before.items() if not sites] == []
    there = set().union(*before.values())
    # Blind indexes hold fingerprints, which the search for words cannot see; the bytes below have them.
    assert listed() - there == INDEXES | SALTS | KEYS
    assert (
        there - listed() - {"cache", "storage", *(f"{label}.{name}" for label in SAME_TABLE for name in TASK)} == set()
    )
    raw = full.in_bytes(dumped()) | full.in_bytes(stored_files())
    assert raw >= set(full.needles) - SEALED, "the search of the bytes finds what is there"
    assert broken(full.case) is None

    caplog.set_level(logging.DEBUG)
    mail.outbox.clear()
    out = StringIO()
    with time_machine.travel(LATER, tick=True):
        call_command("erase_party", full.party.pseudonym, reason="Asked for by letter of 3 November", stdout=out)

    assert {name: sites for name, sites in full.sites().items() if sites} == {}
    assert full.in_bytes(dumped()) == set()
    assert full.in_bytes(stored_files()) == set()
    assert full.in_bytes(caplog.text.encode()) == set()
    assert full.in_bytes(out.getvalue().encode()) == set()
    assert full.in_bytes(b"".join(bytes(sent.message()) for sent in mail.outbox)) == set()
    for case in Case.objects.all():
        assert broken(case) is None, case
    _still_knows_what_happened(full, out.getvalue())


INDEXES = {"escalations.Party.email_index", "escalations.Party.phone_index"}
#: Random names of what lies in storage; what they name is searched itself.
KEYS = {"escalations.CaseFile.storage_key", "escalations.CaseFile.thumbnail_key"}
SALTS = {"escalations.EventPayload.salt"}
TASK = ("args", "kwargs", "result")
#: What is encrypted, or packed and signed: not to be found in bytes even before.
SEALED = {
    *("name", "email", "phone", "filename", "findingsource", "finding", "settled", "found", "findingfrom"),
    *("session", "taskargs", "taskkwargs", "taskresult", "payload", "cached"),
}


def _still_knows_what_happened(full: Full, said: str) -> None:
    """What remains is a case with its state, its path and its record: who did what, when."""
    case = Case.objects.get(pk=full.case.pk)
    assert (case.status, case.external_ref) == ("closed", "")
    assert Event.objects.filter(case=case).count() == case.chain_seq > 20
    assert Event.objects.get(case=case, seq=case.chain_seq).kind == "case.erased"
    party = Party.objects.get(pk=full.party.pk)
    assert (party.name, party.email, party.phone, party.external_id, party.staff_user) == ("", "", "", "", None)
    assert party.pseudonym == full.party.pseudonym
    assert party.pseudonym in said
    assert "rows of escalations.Message" in said


def test_once_more_after_a_restore(desk: Desk) -> None:
    """A backup brings the person back; the ledger's file knows, and the erasure is done again."""
    with time_machine.travel(NOW, tick=False):
        full = Full(desk)
    kept = {model: list(model.objects.filter(pk=full.party.pk).values()) for model in (Party,)}
    with time_machine.travel(LATER, tick=True):
        call_command("erase_party", full.party.pseudonym, reason="Asked for by letter", stdout=StringIO())
    Party.objects.filter(pk=full.party.pk).update(**{k: v for k, v in kept[Party][0].items() if k != "id"})
    with time_machine.travel(LATER, tick=True):
        said = StringIO()
        call_command("replay_erasures", dry_run=True, stdout=said)
        assert "would be erased again" in said.getvalue()
        assert Party.objects.get(pk=full.party.pk).erased_at is None
        call_command("replay_erasures", stdout=said)
    assert "1 erased again" in said.getvalue()
    assert full.in_bytes(dumped()) == set()


def test_the_certificate_is_a_document_without_a_person(desk: Desk) -> None:
    with time_machine.travel(NOW, tick=False):
        full = Full(desk)
    out = StringIO()
    with time_machine.travel(LATER, tick=True):
        call_command("erase_party", full.case.reference, reason="Asked for by letter", json=True, stdout=out)
    certificate = json.loads(out.getvalue())
    assert certificate["pseudonym"] == full.party.pseudonym
    assert full.case.reference in certificate["cases"]
    assert certificate["erased"]["escalations.EventPayload"] > 10
    assert len(certificate["digests"]["email"][0]) == 64


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite's log is emptied by hand")
def test_a_log_that_is_being_read_is_waited_for_and_else_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(residue, "CHECKPOINT_PAUSE_S", 0)
    Heartbeat.objects.create(name="x", at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 1")
    reader = sqlite3.connect(str(connection.settings_dict["NAME"]), isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM escalations_heartbeat").fetchall()
    Heartbeat.objects.create(name="y", at=NOW)
    assert "could not be emptied" in residue.clean(tables=[], now=NOW).left[0]
    tries = 0

    def pause(_seconds: float) -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            reader.close()

    monkeypatch.setattr(residue.time, "sleep", pause)
    assert residue.clean(tables=[], now=NOW).left == []
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 20000")
