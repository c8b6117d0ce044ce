"""`verify_audit`: a record that is whole holds, one that is not is said where; on whichever database the suite runs."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from escalations.models import Case, Event
from escalations.services import anchoring, record, sweep, verifying
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]

#: The columns of a case's history when the first rows of it were written. A column that comes later goes into
#: `services.record.LATER`, with what the rows that were there before hold in it: or no older row can be proved.
FIRST_COLUMNS = {
    *("id", "reference", "external_ref", "party_id", "category_id", "symptom", "channel_id", "region_id", "team_id"),
    *("assignee_id", "level_id", "status", "severity_band", "is_open", "radar_at", "version", "policy_version_id"),
    *("ladder", "calendar_digest", "source", "language", "merged_into_id", "parent_id", "root_cause", "opened_at"),
    *("resolved_at", "closed_at", "reopened"),
}


def said(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out, stderr=out, no_color=True)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


def test_a_desk_at_work_holds(desk: Desk) -> None:
    cases = [desk.held_by("mia"), desk.open(), desk.open(category="seller.appeal", symptom="suspended")]
    sweep.sweep(now=NOW + dt.timedelta(hours=30))
    anchoring.take(now=NOW)
    done = verifying.verify()
    assert done.findings == []
    assert done.walked["cases"] == len(cases)
    assert done.walked["events"] == Event.objects.count()
    assert done.walked["history rows"] == record.HistoricalCase.objects.count()
    assert done.walked["anchored ends"] >= len(cases)
    status, text = said()
    assert (status, "Every link holds." in text) == (0, True)


def test_one_case_by_its_reference(desk: Desk) -> None:
    case, other = desk.open(), desk.open()
    Case.objects.filter(pk=other.pk).update(status="closed")
    assert said("--case", case.reference)[0] == 0
    status, text = said("--case", other.reference.lower())
    assert status == 1
    assert f"{other.reference}: the case was changed past its record: status differ" in text
    assert said("--case", "TL-1999-000001")[0] == 2


def test_programs_read_the_first_broken_link_of_each_case(desk: Desk) -> None:
    cases = [desk.open(), desk.open()]
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(severity_band=3)
    status, text = said("--json")
    report = json.loads(text[: text.rindex("}") + 1])
    assert status == 1
    assert (report["ok"], report["broken"]) == (False, 2)
    assert [one["name"] for one in report["findings"]] == [case.reference for case in cases]
    assert {one["how"] for one in report["findings"]} == {"state"}


def test_an_empty_desk_holds(db: None) -> None:
    assert said()[0] == 0


def test_many_cases_are_walked_in_batches(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying.cases, "BATCH", 2)
    cases = [desk.open() for _ in range(5)]
    done = verifying.verify()
    assert (done.walked["cases"], done.walked["events"]) == (5, Event.objects.count())
    Case.objects.filter(pk=cases[2].pk).update(symptom="late")
    assert [one.id for one in verifying.verify().findings] == [cases[2].pk]


def test_a_case_read_in_the_middle_of_an_act_is_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An act that commits between two queries of the walk is no finding."""
    case = desk.open()
    first = verifying.cases._events

    def in_between():
        monkeypatch.setattr(verifying.cases, "_events", first)
        sweep.sweep(now=NOW + dt.timedelta(hours=30))
        return first()

    rows = verifying.cases._batches
    monkeypatch.setattr(verifying.cases, "_batches", lambda: [_late(rows, in_between)])
    assert verifying.verify().findings == []
    assert case.events.count() > 1


def _late(rows, act):
    (batch,) = list(rows())
    found = list(batch)
    act()
    return [one._replace(events=list(verifying.cases._events().filter(case_id=one.id))) for one in found]


def test_history_rows_that_are_older_than_a_column_still_hold(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column that came later is left out of older rows' digests, as long as it holds nothing there."""
    values = {"id": 1, "status": "new", "history_date": NOW}
    older = record.history_digest(values)
    monkeypatch.setattr(record, "LATER", (("mood", ""),))
    assert older in record.history_digests({**values, "mood": ""})
    assert older not in record.history_digests({**values, "mood": "bad"})
    assert record.history_digest({**values, "mood": ""}) in record.history_digests({**values, "mood": ""})


def test_a_new_column_of_a_case_says_what_older_rows_hold() -> None:
    later = [name for name, _ in record.LATER]
    assert set(record.TRACKED) - set(later) == FIRST_COLUMNS, "put the new column into services.record.LATER"


# --------------------------------------------------------------------------------------------------------- keys rotate

OLD, NEW = ("old", b"o" * 32), ("new", b"n" * 32)


def ring(*chain: tuple[str, bytes]):
    from django.conf import settings

    desk_own = settings.THROUGHLINE_KEYS["chain"]  # the desk's people were let in under these
    return override_settings(THROUGHLINE_KEYS={**settings.THROUGHLINE_KEYS, "chain": [*chain, *desk_own]})


def test_a_rotated_key_verifies_what_the_old_one_wrote(desk: Desk) -> None:
    with ring(OLD):
        older, quiet = desk.held_by("mia"), desk.open()
    with ring(NEW, OLD):
        newer = desk.open()
        sweep.sweep(now=NOW + dt.timedelta(hours=30))
        assert verifying.verify().findings == []
        assert set(Event.objects.filter(case=older).values_list("key_id", flat=True)) == {"old", "new"}
        assert set(Event.objects.filter(case=newer).values_list("key_id", flat=True)) == {"new"}
        assert Case.objects.get(pk=quiet.pk).chain_seq >= 1


def test_an_old_key_that_is_gone_is_said_and_is_no_tampering(desk: Desk) -> None:
    with ring(OLD):
        case = desk.open()
    with ring(NEW):
        (found,) = [one for one in verifying.verify().findings if one.what == "case"]
        assert found.how == "unknown_key"
        assert "no chain key 'old': put it back" in found.says
        assert "changed" not in found.says
        assert said("--case", case.reference)[0] == 1


def test_anchors_found_where_they_were_written(desk: Desk, tmp_path: Path) -> None:
    status, text = said("--anchors", str(tmp_path / "nowhere"))
    assert (status, "is no directory" in text) == (2, True)
