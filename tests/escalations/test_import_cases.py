"""`import_cases`: another desk's log becomes past cases, whole or not at all, once, with nothing due to anybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml

from escalations.core.actor import Actor
from escalations.errors import Invalid, Refused
from escalations.inbound.importing.spool import Spool
from escalations.models import (
    NEVER,
    Case,
    CaseDecision,
    CaseText,
    Category,
    Clock,
    Delivery,
    Event,
    Handoff,
    ImportRow,
    Outbox,
    Ownership,
    Party,
    Team,
    Timer,
)
from escalations.selectors import law, timeline
from escalations.selectors.brief import brief_of
from escalations.services import closing, handoffs, record, registry, replies
from tests.core.policies import market_document
from tests.escalations.importing import DATA, MAPPING, case_rows, csv_text, everything, row, run
from tests.factories.desk import NOW, Desk, broken

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_the_day_of_the_desk() -> Iterator[None]:
    """The command takes the time of the machine; the desk of the tests has its own."""
    with time_machine.travel(NOW, tick=True):
        yield


def imported(external_id: str) -> Case:
    return Case.objects.get(external_ref=external_id)


def refusals(report: dict[str, Any]) -> dict[int, str]:
    return {item["line"]: item["reason"] for item in report["refused"]["first"]}


# ------------------------------------------------------------------------------------------------------ a whole log


def test_a_small_log_of_another_desk_by_everything_a_mapping_can_say(desk: Desk, tmp_path: Path) -> None:
    """Encoding, separator, zone, dates by column, fields with line breaks, rows of a case far apart, tables."""
    ran = run(tmp_path, DATA / "helpdesk.csv", mapping=DATA / "helpdesk.yaml")
    assert ran.status == 1, ran.err
    one = imported("T-1")
    assert (one.status, one.is_open, one.radar_at, one.source) == ("closed", False, NEVER, "import")
    assert one.reference == f"TL-2025-{one.pk:06d}"
    assert one.opened_at == dt.datetime(2025, 3, 3, 7, 30, tzinfo=dt.UTC), "08:30 in Berlin, in winter"
    assert one.resolved_at == dt.datetime(2025, 3, 4, 16, 15, tzinfo=dt.UTC)
    assert one.closed_at == dt.datetime(2025, 3, 5, 17, 0, tzinfo=dt.UTC), "no column: the step that closed it"
    assert (one.category.key, one.team.key, one.level.key, one.region.key) == (
        "order.damaged", "orders", "L2", "eu-de",
    )  # fmt: skip
    assert (one.channel.key, one.language, one.severity_band, one.root_cause) == ("general", "de", 2, "carrier-damage")
    assert (one.party.external_id, one.party.kind) == ("B-17", "buyer")
    assert one.text.summary == "Vase für Jürgen broken"
    assert one.text.description == "Vase für Jürgen broken, for B-17"
    assert [(item.from_team.key, item.to_team.key) for item in one.handoffs.order_by("id")] == [
        ("orders", "imported:queue-payments-" + Team.objects.get(name="Queue Payments").key[-8:]),
        (Team.objects.get(name="Queue Payments").key, "orders"),
    ]
    assert [item.seq for item in one.events.order_by("at")] == [1, 2, 3, 4], "put in order by time, as mapped"
    row_one = ImportRow.objects.get(external_id="T-1")
    assert row_one.data["kept"] == {"stars": "4", "solved_there": "2025-03-04T16:15:00+00:00"}
    assert (row_one.data["handoffs_shown"], row_one.data["handoffs_counted"]) == (2, 3)

    two = imported("T-2")
    assert two.opened_at == dt.datetime(2025, 6, 1, 11, 59, tzinfo=dt.UTC), "13:59 in Berlin, in summer"
    assert two.events.get(seq=1).at == dt.datetime(2025, 6, 1, 12, 0, tzinfo=dt.UTC), "names its own offset"
    assert two.resolved_at is None
    assert two.category.name == "Lost (old helpdesk)"
    assert two.category.parent is not None
    assert (two.category.parent.key, two.category.side) == ("imported:helpdesk", "buyer")
    assert two.party.external_id == "", "a case that names nobody has a party of its own"
    assert two.team.name == "Queue Söhne & Co"
    assert two.text.summary == "Parcel"

    three = imported("T-3")
    assert (three.status, three.is_open, three.team.key) == ("resolved", True, "orders")
    assert three.party_id == one.party_id
    assert three.ownerships.get().ends_at is None
    assert (three.severity_band, three.region.key, three.language) == (0, "eu", "en")

    assert refusals(ran.report) == {
        11: "the case is resolved but not closed there, and its team or category is none of this desk: map both to "
        "this desk's by their tables, or close it there",
        12: "the case is not finished there (in_progress): only past cases are imported; open it here as a new case",
        13: "Opened: '31.02.2025 09:00' is not a date in the form %d.%m.%Y %H:%M: mend it",
        14: "Moves: 'x' is not a whole number: mend it",
        15: "State: 'lost' is not in the mapping's table of state: add it",
        16: "Land: 'FR' is not in the mapping's table of region: add it",
        17: "Logged is empty: when was the step?",
        18: "column 'Ticket' is empty: no case to put the row to",
        19: "13 fields, the header has 14: is there a stray separator?",
        20: "closed at 2025-07-02 08:00, before it was opened: check the dates",
        21: "the case is resolved but not closed there, and it is not said when: say it, or close it there",
    }
    assert ran.report["cases"]["refused"] == 9
    assert Case.objects.count() == 3
    for case in Case.objects.all():
        assert broken(case) is None


def test_a_past_case_has_its_whole_record(desk: Desk, tmp_path: Path) -> None:
    """Party, text, owners, handoffs, chained events, history row, row of the import; no decision, none was taken."""
    assert run(tmp_path, csv_text(case_rows("7", "1", "2", "1"))).status == 0
    case = imported("7")
    assert case.policy_version == law.in_force(NOW), "pinned to the version in force at the import"
    assert case.text.summary == "Case 7"
    assert [event.kind for event in case.events.order_by("seq")] == [
        "import.opened", "import.handed_off", "import.handed_off", "import.closed",
    ]  # fmt: skip
    assert case.events.get(seq=2).data == {"line": 3, "from": "imported:group-1", "team": "imported:group-2"}
    assert {(event.actor_kind, event.actor_id) for event in case.events.all()} == {("integration", "import")}
    first = case.handoffs.order_by("id").first()
    assert first is not None
    assert (first.state, first.actor_kind, first.actor_id) == ("accepted", "integration", "import")
    assert first.note == "From Group 1 to Group 2: line 3 of log."
    assert (first.at, first.answered_at) == (case.events.get(seq=2).at, case.events.get(seq=2).at)
    stays = list(case.ownerships.order_by("id"))
    assert [stay.team.name for stay in stays] == ["Group 1", "Group 2", "Group 1"]
    calendar = law.policy_calendar(law.policy_of(case.policy_version), "office")
    assert [stay.business_s for stay in stays] == [round(calendar.elapsed(s.starts_at, s.ends_at)) for s in stays]
    assert record.HistoricalCase.objects.filter(id=case.pk, history_type="+").count() == 1
    assert Party.history.filter(id=case.party_id).count() == 1  # type: ignore[attr-defined]
    assert broken(case) is None
    assert not CaseDecision.objects.exists()


def test_closed_cases_fire_no_timers_and_send_no_mail(desk: Desk, tmp_path: Path, mailoutbox: list[Any]) -> None:
    run(tmp_path, csv_text([line for case in range(20) for line in case_rows(case, "1", "2")]))
    assert Case.objects.count() == 20
    assert not Clock.objects.exists()
    assert not Timer.objects.exists()
    assert not Outbox.objects.exists()
    assert not Delivery.objects.exists()
    assert mailoutbox == []
    assert not Case.objects.open().exists()


def test_who_may_see_past_cases_is_decided_by_their_channel(desk: Desk, tmp_path: Path) -> None:
    run(tmp_path, csv_text(case_rows("7", "1")))
    assert Case.objects.visible_to(desk.user("mia")).count() == 1
    assert Case.objects.visible_to(desk.user("bob")).count() == 0


# ------------------------------------------------------------------------------------------------- teams of the past


def test_teams_of_the_past_are_retired_rows_that_no_law_can_use(desk: Desk, tmp_path: Path) -> None:
    run(tmp_path, csv_text(case_rows("7", "1", "2")))
    teams = Team.objects.filter(key__startswith="imported:")
    assert {(team.key, team.name) for team in teams} == {
        ("imported:group-1", "Group 1"),
        ("imported:group-2", "Group 2"),
    }
    assert all(team.retired_at is not None and team.successor_id is None for team in teams)
    case = desk.held_by("mia")
    with pytest.raises(Invalid, match="exists in the playbook in force"):
        handoffs.hand_off(
            case_id=case.pk, actor=desk.by("mia"), now=NOW, to_team_id=teams[0].pk, note="To a team that is gone"
        )


def test_a_past_case_is_not_reopened_into_nobody_s_hands(desk: Desk, tmp_path: Path) -> None:
    """Closed yesterday, so within the time for reopening; but its team takes no cases any more."""
    rows = [line | {"opened": "2026-11-20 08:00", "at": f"2026-11-2{1 + day} 12:00"}
            for day, line in enumerate(case_rows("7", "1"))]  # fmt: skip
    assert run(tmp_path, csv_text(rows)).status == 0
    case = imported("7")
    with pytest.raises(Refused, match="open a new one and link it"):
        closing.reopen(case_id=case.pk, actor=Actor.party(case.party_id), now=NOW, reason="Broken again")
    case.refresh_from_db()
    assert (case.status, case.is_open) == ("closed", False)


def test_what_can_be_said_of_a_closed_case_can_be_said_of_a_past_one(desk: Desk, tmp_path: Path) -> None:
    run(tmp_path, csv_text(case_rows("7", "1", "2")))
    case = imported("7")
    replies.note(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Seen again today")
    assert broken(case) is None
    assert brief_of(imported("7"), now=NOW)["path"][0]["team"] == "Group 1"
    assert [line.sentence for line in timeline.story(imported("7")).lines] == [
        "Note",
        "Closed there",
        "Handed off there, from Group 1 to Group 2",
        "Opened at another desk, with Group 1",
    ]
    assert not Clock.objects.exists()


def test_a_new_version_leaves_teams_and_categories_of_the_past_alone(desk: Desk, tmp_path: Path) -> None:
    run(tmp_path, csv_text(case_rows("7", "1", "2")))
    before = list(Team.objects.filter(key__startswith="imported:").values())
    before += list(Category.objects.filter(key__startswith="imported:").values())
    document = market_document() | {"title": "Another"}
    desk.install(document, now=NOW)
    assert registry.bring_into_force(now=NOW)["retired"] == 0
    after = list(Team.objects.filter(key__startswith="imported:").values())
    after += list(Category.objects.filter(key__startswith="imported:").values())
    assert after == before


def test_a_case_that_never_names_a_team_has_no_owner_in_its_past(desk: Desk, tmp_path: Path) -> None:
    ran = run(tmp_path, csv_text(case_rows("7", "?")))
    assert (imported("7").team.key, Ownership.objects.count(), Handoff.objects.count()) == ("imported:no-group", 0, 0)
    assert ran.report["never_named"] == {"team": 1}


def test_names_of_the_past_that_differ_only_in_signs_stay_apart(desk: Desk, tmp_path: Path) -> None:
    groups = ("Care & Co", "care-co", "Care+Co", "Ä", "ä", "-", "x" * 90, "x" * 91)
    run(tmp_path, csv_text(case_rows("7", *groups)))
    assert Team.objects.filter(key__startswith="imported:").count() == len(groups)
    assert Team.objects.filter(key__regex=r"^imported:[a-z0-9_.-]{1,55}$").count() == len(groups)


def test_two_logs_that_use_one_key_for_different_teams_are_told(desk: Desk, tmp_path: Path) -> None:
    run(tmp_path, csv_text(case_rows("7", "1")))
    other = MAPPING.replace("source: log", "source: other").replace('"Group {value}"', '"Squad {value}"')
    ran = run(tmp_path, csv_text(case_rows("8", "1")), mapping=other)
    assert ran.status == 1
    assert "'imported:group-1' was imported as 'Group 1' before, and would be 'Squad 1' now" in ran.err
    assert not Case.objects.filter(external_ref="8").exists()


def test_one_party_for_each_caller_and_never_one_that_was_erased(desk: Desk, tmp_path: Path) -> None:
    rows = [*case_rows(1, "1", caller="a"), *case_rows(2, "1", caller="a"), *case_rows(3, "1", caller="b")]
    run(tmp_path, csv_text(rows), batch=2)
    assert {party.external_id for party in Party.objects.all()} == {"log:a", "log:b"}
    assert imported("1").party_id == imported("2").party_id
    Party.objects.filter(external_id="log:a").update(erased_at=NOW)
    run(tmp_path, csv_text(case_rows(4, "1", caller="a")))
    assert imported("4").party_id != imported("1").party_id


# ------------------------------------------------------------------------------------- what is shown, what is counted


def test_what_the_log_counts_but_does_not_show_is_reported_and_not_made_up(desk: Desk, tmp_path: Path) -> None:
    rows = [
        *case_rows(1, "1", "2", moves=3),  # two hidden
        *case_rows(2, "1", moves=1),  # one hidden
        *case_rows(3, "1", "2", "1", moves=1),  # one more than counted
        *case_rows(4, "1", moves=0),
    ]
    found = run(tmp_path, csv_text(rows)).report["handoffs"]
    assert found == {
        "shown": {"0": 2, "1": 1, "2": 1},
        "shown_total": 3,
        "counted": {"0": 1, "1": 2, "3": 1},
        "counted_total": 5,
        "difference": 2,
        "counted_not_shown": {"changes": 3, "cases": 2},
        "shown_not_counted": {"changes": 1, "cases": 1},
    }
    assert Handoff.objects.count() == 3
    kept = {item.external_id: item.data for item in ImportRow.objects.all()}
    assert {name: (data["handoffs_shown"], data["handoffs_counted"]) for name, data in kept.items()} == {
        "1": (1, 3), "2": (0, 1), "3": (2, 1), "4": (0, 0),
    }  # fmt: skip


def test_reopenings_are_those_that_show(desk: Desk, tmp_path: Path) -> None:
    states = ("new", "resolved", "active", "resolved", "closed")
    rows = [row(1, state, day, reopened=5) for day, state in enumerate(states, 1)]
    found = run(tmp_path, csv_text(rows)).report["reopened"]
    assert found == {"shown": {"moves": 1, "cases": 1}, "counted": {"moves": 5, "cases": 1}}
    assert imported("1").reopened == 1


def test_steps_dated_before_the_step_ahead_are_kept_and_counted(desk: Desk, tmp_path: Path) -> None:
    rows = [row(1, "new", 3), row(1, "active", 2), row(1, "closed", 4)]
    ran = run(tmp_path, csv_text(rows))
    assert ran.report["dated_before_the_step_ahead"] == {"steps": 1, "cases": 1}
    assert [event.at.day for event in imported("1").events.order_by("seq")] == [3, 2, 4]


# ---------------------------------------------------------------------------------------------------------- bad input


def test_a_case_with_a_bad_row_is_left_out_whole_and_the_rest_goes_on(desk: Desk, tmp_path: Path) -> None:
    rows = [*case_rows(1, "1", "2"), *case_rows(2, "1", "2"), *case_rows(3, "1", "2")]
    rows[4]["at"] = "2025-13-01 12:00"
    ran = run(tmp_path, csv_text(rows))
    assert ran.status == 1
    assert refusals(ran.report) == {6: "at: '2025-13-01 12:00' is not a date in the form iso: mend it"}
    assert ran.report["refused"]["about"] == {"date in at": 1}
    assert "line 6 (case 2): at: '2025-13-01 12:00'" in ran.err
    assert set(Case.objects.values_list("external_ref", flat=True)) == {"1", "3"}
    kept = ImportRow.objects.get(external_id="2")
    assert (kept.state, kept.line, kept.case, kept.data) == ("refused", 6, None, {"about": "date in at"})


def test_a_refused_case_is_imported_once_the_file_is_mended(desk: Desk, tmp_path: Path) -> None:
    rows = case_rows(1, "1", "2")
    assert run(tmp_path, csv_text([rows[0] | {"state": "odd"}, *rows[1:]])).status == 1
    ran = run(tmp_path, csv_text(rows))
    assert (ran.status, ran.report["cases"]["imported"]) == (0, 1)
    kept = ImportRow.objects.get()
    assert (kept.state, kept.reason, kept.case) == ("done", "", imported("1"))


HOSTILE: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "quote": (lambda text: text.replace("2,active", '2,"active', 1), "broken quoting"),
    "nul": (lambda text: text.replace("2,active", "2,act\x00ive", 1), "unreadable characters"),
    "encoding": (lambda text: text.replace("2,active", "2,act\xffive", 1).encode("latin-1"), "unreadable characters"),
    "huge field": (lambda text: text.replace("2,active", "2," + "a" * 200_000, 1), "field too long"),
    "huge line": (lambda text: text.replace("2,active", "2," + "a" * 2_000_000, 1), "line too long"),
    "far future": (lambda text: text.replace("2,active,2025", "2,active,9999", 1), "date in at"),
    "before 1970": (lambda text: text.replace("2,active,2025", "2,active,1025", 1), "date in at"),
    "day first": (lambda text: text.replace("2,active,2025-03-01", "2,active,01/03/2025", 1), "date in at"),
    "a negative count": (lambda text: text.replace(",0,0,c2", ",-1,0,c2", 1), "value in moves"),
    "digits of another script": (lambda text: text.replace(",0,0,c2", ",٣,0,c2", 1), "value in moves"),
    "a field too many": (lambda text: text.replace("2,active", "2,active,active", 1), "wrong number of fields"),
    "unknown state": (lambda text: text.replace("2,active", "2,Active", 1), "unknown state"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_rows_cost_only_their_case(desk: Desk, tmp_path: Path, name: str) -> None:
    spoil, about = HOSTILE[name]
    good = csv_text([line for case in (1, 2, 3) for line in case_rows(case, "1", "2", caller=f"c{case}")])
    ran = run(tmp_path, spoil(good))
    assert ran.status == 1
    assert ran.report["refused"]["about"] == {about: 1}
    assert set(Case.objects.values_list("external_ref", flat=True)) == {"1", "3"}


def test_rows_of_a_case_may_stand_anywhere(desk: Desk, tmp_path: Path) -> None:
    cases = [case_rows(case, "1", "2", "1") for case in range(1, 6)]
    mixed = [line for step in zip(*cases, strict=True) for line in step]
    ran = run(tmp_path, csv_text(mixed), batch=2)
    assert (ran.status, ran.report["cases"]["imported"], ran.report["handoffs"]["shown"]) == (0, 5, {"2": 5})
    assert [case.external_ref for case in Case.objects.order_by("id")] == ["1", "2", "3", "4", "5"]


def test_a_case_that_is_told_differently_now_is_counted_and_left(desk: Desk, tmp_path: Path) -> None:
    run(tmp_path, csv_text([*case_rows(1, "1"), *case_rows(2, "1")]))
    before = everything()
    ran = run(tmp_path, csv_text([*case_rows(1, "1"), *case_rows(2, "1", "2")]))
    assert ran.status == 0
    assert ran.report["cases"]["imported_before_and_different_now"] == 1
    assert everything() == before


def test_a_column_that_is_no_id_is_told(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("escalations.inbound.importing.spool.MOST_ROWS", 5)
    ran = run(tmp_path, csv_text([*case_rows(1, "1"), *(row(9, "active") for _ in range(6))]))
    assert ran.report["refused"]["about"] == {"too many rows": 1}
    assert Case.objects.count() == 1


@pytest.mark.parametrize("identity", ["x" * 65, "a\tb", "a\u202eb"])
def test_an_id_that_cannot_be_one_is_refused(desk: Desk, tmp_path: Path, identity: str) -> None:
    ran = run(tmp_path, csv_text([*case_rows(1, "1"), row(identity)]))
    assert ran.report["refused"]["about"] == {"bad id": 1}
    assert Case.objects.count() == 1


# ------------------------------------------------------------------------------------------ once, dry, exit status


def test_twice_is_as_once(desk: Desk, tmp_path: Path) -> None:
    rows = [line for case in range(12) for line in case_rows(case, "1", "2")] + [row(99, "odd")]
    log = csv_text(rows)
    first = run(tmp_path, log, batch=5)
    before = everything()
    second = run(tmp_path, log, batch=3)
    assert everything() == before
    assert (first.status, second.status) == (1, 1)
    assert (first.report["cases"]["imported"], second.report["cases"]["imported"]) == (12, 0)
    assert second.report["cases"]["imported_before"] == 12
    for part in ("handoffs", "events", "reopened", "never_named", "refused"):
        assert second.report[part] == first.report[part]


def test_a_dry_run_reports_the_same_and_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    log = csv_text([*case_rows(1, "1", "2"), row(99, "odd")])
    before = everything()
    dry = run(tmp_path, log, dry_run=True)
    assert everything() == before
    wet = run(tmp_path, log)
    assert dry.status == wet.status == 1
    assert dry.report | {"dry_run": False} == wet.report


def test_a_log_without_cases_is_no_error(desk: Desk, tmp_path: Path) -> None:
    ran = run(tmp_path, csv_text([]))
    assert (ran.status, ran.report["cases"]["told"]) == (0, 0)


def test_the_report_for_people(desk: Desk, tmp_path: Path) -> None:
    ran = run(tmp_path, csv_text([*case_rows(1, "1", "2", moves=3), row(9, "odd")]), json=False)
    assert "handoffs       1 shown by the log; cases with 0 / 1 / 2: 0.0 % / 100.0 % / 0.0 %" in ran.out
    assert "difference     2: 2 counted and not shown (1 cases)" in ran.out
    assert "line 5 (case 9): state: 'odd' is not in the mapping's table of state: add it" in ran.out
    assert "2 of 2 cases (100 %)" in ran.err, "progress goes to standard error"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("id: id", "id: ident"), "case.id: the file has no column 'ident'; did you mean 'id'?"),
        (("column: group", "column: grup"), "step.team.column: the file has no column 'grup'; did you mean 'group'?"),
        (
            ("region: eu", "region: eu-d"),
            "case.region: the playbook in force has no region 'eu-d'; did you mean 'eu-de'?",
        ),
        (("{column: group,", '{column: group, table: {"1": ordres},'), "did you mean 'orders'?"),
        (("case:\n", "channel: general\ncase:\n"), "channel: there is no such entry"),
        (('"new": new', "1: new"), "step.status.table.1: write the keys of a table in quotes"),
    ],
)
def test_a_wrong_mapping_is_told_by_its_place(desk: Desk, tmp_path: Path, change: tuple[str, str], words: str) -> None:
    before = everything()
    ran = run(tmp_path, csv_text(case_rows(1, "1")), mapping=MAPPING.replace(*change))
    assert ran.status == 2
    assert words in ran.err
    assert everything() == before


def test_the_region_must_be_named_when_the_playbook_has_several_roots(desk: Desk, tmp_path: Path) -> None:
    document = market_document()
    document["central"]["regions"]["moon"] = {"name": "Moon", "calendar": "always", "languages": ["en"]}
    desk.install(document, now=NOW)
    ran = run(tmp_path, csv_text(case_rows(1, "1")), mapping=MAPPING.replace("  region: eu\n", ""))
    assert ran.status == 1
    assert "name the region of these cases; the playbook has moon, world" in ran.err


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (Path("nowhere.csv"), "cannot be read: No such file"),
        ("", "the file is empty"),
        ("id,id,state\n", "columns stand twice in the header: id"),
    ],
)
def test_a_wrong_file_is_told(desk: Desk, tmp_path: Path, log: str | Path, words: str) -> None:
    ran = run(tmp_path, log)
    assert ran.status == 2
    assert words in ran.err


def test_a_damaged_file_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    import gzip

    whole = gzip.compress(csv_text(line for case in range(500) for line in case_rows(case, str(case * 7))).encode())
    before = everything()
    ran = run(tmp_path, whole[: len(whole) // 2])
    assert ran.status == 1
    assert "Nothing was imported; fetch the file again" in ran.err
    assert everything() == before


def test_without_a_playbook_nothing_can_be_imported(db: None, tmp_path: Path) -> None:
    ran = run(tmp_path, csv_text(case_rows(1, "1")))
    assert ran.status == 1
    assert "install_playbook" in ran.err


def test_the_shipped_mapping_fits_its_own_words(desk: Desk) -> None:
    from escalations.inbound.importing.loading import SHIPPED, load

    for path in SHIPPED.glob("*.yaml"):
        mapping = load(path.stem)
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["source"] == mapping.source


def test_statements_do_not_grow_with_the_cases_of_a_batch(
    desk: Desk, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    run(tmp_path, csv_text(case_rows(0, "1", "2")))
    log = csv_text([line for case in range(1, 31) for line in case_rows(case, "1", "2", caller=f"c{case}")])
    with django_assert_max_num_queries(45):
        run(tmp_path, log)
    assert Case.objects.count() == 31
    assert CaseText.objects.count() == 31
    assert Event.objects.count() == 93


def test_the_spool_gives_cases_in_the_order_of_their_first_line() -> None:
    from escalations.inbound.importing.spool import Kept

    spool = Spool()
    for line, name in enumerate(["b", "a", "b", "c", "a"], 2):
        spool.add(name, Kept(line, [name], None))
    assert spool.count() == 3
    assert [(name, [item.line for item in found]) for name, found in spool.cases()] == [
        ("b", [2, 4]), ("a", [3, 6]), ("c", [5]),
    ]  # fmt: skip
    spool.close()


def test_the_actor_of_an_import_is_an_integration(desk: Desk, tmp_path: Path) -> None:
    run(tmp_path, csv_text(case_rows(1, "1")))
    row = record.HistoricalCase.objects.get(id=imported("1").pk)
    assert row.history_change_reason == f"{Actor.integration('import')}: import"
    assert row.history_user_id is None
