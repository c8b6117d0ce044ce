"""Anchors: what moved is kept and signed, a state set back or removed is found, files outside are believed."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from escalations import append_only, tasks
from escalations.core import proving
from escalations.core.anchoring import Said
from escalations.management import checkup
from escalations.models import Anchor, AnchorPart, Case, Heartbeat
from escalations.services import anchoring, noting, replies, verifying
from tests.factories.desk import NOW, Desk, desk
from tests.factories.sweeping import every_row

__all__ = ["desk"]

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
NO_KEY = {"sign": [], "verify": settings.THROUGHLINE_ANCHOR_KEYS["verify"]}


def act(desk: Desk, case: Case, now: dt.datetime) -> None:
    replies.note(case_id=case.pk, actor=desk.by("mia"), now=now, body="looked again")


def kept(number: int, space: str = "event") -> set[int]:
    """Whose ends an anchor has kept."""
    rows = AnchorPart.objects.filter(anchor_id=number, space=space)
    return {head.id for row in rows for head in proving.unpack(bytes(row.heads))}


def run(command: str, *arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=out, no_color=True)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


def hows() -> set[tuple[str, str]]:
    return {(one.what, one.how) for one in verifying.verify().findings}


def test_only_what_moved_since_the_last_one_is_kept(desk: Desk) -> None:
    one, two = desk.held_by("mia"), desk.held_by("mia")
    first = anchoring.take(now=NOW)
    assert (first.number, first.cases, kept(1)) == (1, 2, {one.pk, two.pk})
    anchoring.take(now=NOW + DAY)  # its hour of overlap is over, the first one's as well
    act(desk, two, NOW + DAY + 2 * HOUR)
    third = anchoring.take(now=NOW + 2 * DAY)
    assert (third.number, kept(3)) == (3, {two.pk})
    assert verifying.verify().findings == []


def test_what_was_being_written_while_an_anchor_was_taken_is_in_the_next(desk: Desk) -> None:
    """Ids are given before rows are committed: the hour before an anchor is looked at once more."""
    case = desk.held_by("mia")
    anchoring.take(now=NOW)
    anchoring.take(now=NOW + dt.timedelta(minutes=10))
    assert kept(2) == {case.pk}


def test_the_access_log_is_anchored_too(desk: Desk) -> None:
    mia = desk.user("mia")
    noting.note(kind="read", person=mia, now=NOW)
    anchoring.take(now=NOW)
    assert mia.pk in kept(1, "access")


def test_many_ends_go_into_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchoring, "PART", 2)
    cases = {desk.open().pk for _ in range(5)}
    anchoring.take(now=NOW)
    assert AnchorPart.objects.filter(anchor_id=1, space="event").count() == 3
    assert kept(1) == cases
    assert verifying.verify().findings == []


def test_the_cost_follows_what_moved(desk: Desk) -> None:
    """The plan reads events since the last anchor by their ids, not all of them."""
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        list(anchoring._moved_cases({"event": 10**9, "access": 0}))
        sql = asked.captured_queries[-1]["sql"]
        cursor.execute(("EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ") + sql.rstrip(";"))
        plan = " ".join(str(row) for row in cursor.fetchall())
    if connection.vendor == "sqlite":
        assert "SEARCH U0 USING INTEGER PRIMARY KEY (rowid>?)" in plan
        assert "SCAN U0" not in plan
    else:
        assert "id > " in plan or "Index" in plan


def test_a_dry_run_writes_nothing(desk: Desk) -> None:
    desk.open()
    before = every_row()
    status, said = run("anchor", "--dry-run")
    assert (status, "Would take anchor 1: 1 cases" in said) == (0, True)
    assert every_row() == before


def test_the_command_says_what_it_kept(desk: Desk, tmp_path: Path) -> None:
    desk.open()
    status, said = run("anchor", "--json", "--export", str(tmp_path))
    assert status == 0
    report = json.loads(said)
    assert (report["number"], report["cases"], report["files"]) == (1, 1, [1])
    assert (tmp_path / "anchor-000001.jsonl").is_file()
    status, said = run("anchor", "--export", str(tmp_path))
    assert "Took anchor 2" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anchor-000001.jsonl", "anchor-000002.jsonl"]
    assert run("verify_audit", "--anchors", str(tmp_path))[0] == 0


# ------------------------------------------------------------------------------------------------------------ the key


def test_without_the_signing_key_nothing_is_taken_and_everything_is_verified(desk: Desk) -> None:
    desk.open()
    anchoring.take(now=NOW)
    with override_settings(THROUGHLINE_ANCHOR_KEYS=NO_KEY):
        status, said = run("anchor")
        assert (status, "set THROUGHLINE_ANCHOR_KEY" in said) == (1, True)
        assert Anchor.objects.count() == 1
        assert verifying.verify().findings == []
        assert tasks.anchor() == {"signs": False}


def test_a_rotated_anchor_key(desk: Desk) -> None:
    from config.keys import public_half

    desk.open()
    anchoring.take(now=NOW)
    seed, old = b"2" * 32, settings.THROUGHLINE_ANCHOR_KEYS["verify"]
    both = {"sign": [("anchor-2", seed)], "verify": [("anchor-2", public_half(seed)), *old]}
    with override_settings(THROUGHLINE_ANCHOR_KEYS=both):
        anchoring.take(now=NOW + DAY)
        assert verifying.verify().findings == []
    with override_settings(THROUGHLINE_ANCHOR_KEYS={**both, "verify": both["verify"][:1]}):
        (found,) = verifying.verify().findings
        assert found.how == "unknown_key"
        assert "put it back into THROUGHLINE_ANCHOR_PUBLIC_KEYS" in found.says


# ---------------------------------------------------------------------------------------------------------- tampering


def by_hand(sql: str, *values: object) -> None:
    append_only.unguard(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
    append_only.guard(connection)


def test_whoever_has_the_chain_key_still_cannot_rewrite_what_is_anchored(desk: Desk) -> None:
    """The web has the key of the chain, and could write a whole case anew with it: the anchor has kept the old end."""
    case = desk.held_by("mia")
    anchoring.take(now=NOW)
    by_hand("DELETE FROM escalations_eventpayload")
    rows = list(case.events.order_by("seq"))
    prev = ""
    from escalations import keys
    from escalations.core import chain
    from escalations.services import record

    ring = keys.chain_keys()
    for row in rows:
        row.actor_id, row.prev = "999", prev
        link = record.link_of(row)._asdict()
        del link["mac"], link["key_id"]
        prev = chain.link(ring.key(row.key_id), case_id=case.pk, **link)
        by_hand(
            "UPDATE escalations_event SET actor_id = %s, prev = %s, mac = %s WHERE id = %s",
            "999", row.prev, prev, row.pk,
        )  # fmt: skip
    sealed = chain.head(ring.key(ring.current), case_id=case.pk, seq=len(rows), mac=prev)
    by_hand("UPDATE escalations_case SET chain_mac = %s, head_mac = %s, key_id = %s", prev, sealed, ring.current)
    assert hows() == {("case", "set_back")}


def test_an_anchor_that_was_taken_away_is_missed(desk: Desk, tmp_path: Path) -> None:
    desk.open()
    for number in range(3):
        anchoring.take(now=NOW + number * DAY)
    anchoring.export(directory=tmp_path)
    by_hand("DELETE FROM escalations_anchorpart WHERE anchor_id = 3")
    by_hand("DELETE FROM escalations_anchor WHERE number = 3")
    assert hows() == set(), "the last one of a row: only what was written outside can tell"
    (found,) = verifying.verify(directory=tmp_path).findings
    assert (found.how, found.id) == ("missing", 3)
    by_hand("DELETE FROM escalations_anchorpart WHERE anchor_id = 1")
    by_hand("DELETE FROM escalations_anchor WHERE number = 1")
    assert ("anchor", "missing") in hows()


def test_what_was_exported_is_believed(desk: Desk, tmp_path: Path) -> None:
    """All anchors are taken away with a case: the files still know it."""
    case = desk.held_by("mia")
    anchoring.take(now=NOW)
    anchoring.export(directory=tmp_path)
    act(desk, case, NOW + HOUR)
    anchoring.take(now=NOW + DAY)
    anchoring.export(directory=tmp_path)
    by_hand("DELETE FROM escalations_anchorpart")
    by_hand("DELETE FROM escalations_anchor")
    found = verifying.verify(directory=tmp_path).findings
    assert {(one.what, one.how) for one in found} == {("anchor", "missing")}
    assert len(found) == 2


def test_a_changed_file_and_a_changed_anchor_are_told(desk: Desk, tmp_path: Path) -> None:
    desk.open()
    anchoring.take(now=NOW)
    (number,) = anchoring.export(directory=tmp_path)
    path = anchoring.file_of(tmp_path, number)
    text = path.read_text()
    path.write_text(text.replace('\\"cases\\":1', '\\"cases\\":0'))
    said = [one.says for one in verifying.verify(directory=tmp_path).findings]
    assert said[0] == "anchor 1 of the database is not the one that was exported"
    assert "changed after it was signed" in said[1]
    path.write_text(text[:40])
    assert "no file of an anchor" in verifying.verify(directory=tmp_path).findings[0].says
    status, told = run("anchor", "--export", str(tmp_path))
    assert (status, "does not say what the database says" in told) == (1, True)


def test_a_file_is_never_written_again(desk: Desk, tmp_path: Path) -> None:
    desk.open()
    anchoring.take(now=NOW)
    anchoring.file_of(tmp_path, 1).write_text("something else\n")
    status, said = run("anchor", "--export", str(tmp_path))
    assert anchoring.file_of(tmp_path, 1).read_text() == "something else\n"
    assert (status, "does not say what the database says of anchor 1" in said) == (1, True)


def test_a_case_less_than_was_counted(desk: Desk) -> None:
    desk.open()
    anchoring.take(now=NOW)
    with transaction.atomic():
        body = Said.read(Anchor.objects.get().body)
        assert body.cases == 1
        by_hand("DELETE FROM escalations_eventpayload")
        by_hand("DELETE FROM escalations_event")
        by_hand("DELETE FROM escalations_historicalcase")
        if connection.vendor == "sqlite":
            by_hand("PRAGMA defer_foreign_keys = ON")
        by_hand("DELETE FROM escalations_case")
        said = [one.says for one in verifying.verify().findings]
        transaction.set_rollback(True)
    assert "0 cases are there; anchor 1 counted 1" in said
    assert any("is gone: anchor 1 saw it at" in one for one in said)


# ---------------------------------------------------------------------------------------------- by itself, and watched


def test_the_schedule_takes_one_a_day(desk: Desk, tmp_path: Path) -> None:
    desk.open()
    with override_settings(THROUGHLINE_ANCHOR_DIR=str(tmp_path / "out")):
        assert tasks.anchor()["anchor"] == 1
        assert "anchor" not in tasks.anchor()
        assert Heartbeat.objects.get(name="anchor").detail["files"] == 0
    assert list(anchoring.files(tmp_path / "out")) == [1]


def doctor(now: dt.datetime) -> list[str]:
    from escalations.selectors.health import health

    return [item.level for item in checkup.anchored(now, health(now))]


def test_the_doctor_wants_an_anchor_of_the_last_day(desk: Desk) -> None:
    assert doctor(NOW) == ["ok"], "nothing to keep"
    desk.open()
    assert doctor(NOW + 25 * HOUR) == ["ok"], "a day of grace from the first case"
    assert doctor(NOW + 27 * HOUR) == ["fail"]
    anchoring.take(now=NOW + 27 * HOUR)
    assert doctor(NOW + 52 * HOUR) == ["ok"]
    assert doctor(NOW + 54 * HOUR) == ["fail"]
    with override_settings(THROUGHLINE_ANCHOR_KEYS={"sign": [], "verify": []}):
        assert doctor(NOW + 28 * HOUR) == ["fail"]
