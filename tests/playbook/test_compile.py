"""Compiling is exact: every problem with its place, and the same digest for the same edition anywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from escalations.core.edition import edition_digest, text_digest
from escalations.core.policy import Policy
from playbook import presets
from playbook.core.compiling import compile_source, with_horizon
from playbook.core.pages import normal
from playbook.core.public_holidays import expanded
from playbook.core.source import Source, SourceError
from tests.playbook.editions import central, small

ROOT = Path(__file__).resolve().parents[2]


def problems(change: Any) -> list[str]:
    with pytest.raises(SourceError) as caught:
        compile_source(small(change))
    return [str(problem) for problem in caught.value.problems]


def test_a_whole_edition_compiles() -> None:
    compiled = compile_source(small())
    assert compiled.policy.title == "Small"
    assert set(compiled.pages) == {"en/guide.start", "en/protocol.look"}
    assert compiled.digest == edition_digest(compiled.policy.digest, compiled.pages)
    assert compiled.pages["en/protocol.look"] == text_digest("# Looking\n\nLook.\n")
    assert Policy.model_validate(compiled.policy.document()).digest == compiled.policy.digest


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.pop("edition"), "edition: Field required"),
        (lambda d: d.update(editoin=1), "editoin: Extra inputs are not permitted"),
        (lambda d: d.update(edition=2), "edition: Input should be 1"),
        (
            lambda d: central(d)["categories"]["order"].update(owner="nobody"),
            "policy.central.categories.order.owner: no team 'nobody' (there are care, money)",
        ),
        (
            lambda d: central(d)["calendars"]["day"].update(timezone="Europe/Berlni"),
            (
                "policy.central.calendars.day.timezone: 'Europe/Berlni' is no IANA time zone; "
                "write one such as Europe/Berlin"
            ),
        ),
        (
            lambda d: central(d)["calendars"]["day"].update(weekly_hours={}),
            "policy.central.calendars.day.weekly_hours: the calendar never opens; give at least one day hours",
        ),
        (
            lambda d: central(d)["rules"][0]["when"].update(fact="valeu"),
            "policy.central.rules.0.when: no fact 'valeu'; declare it under central.facts",
        ),
        (
            lambda d: d["pages"]["en"].update({"guide.start": "No title\n"}),
            "pages.en.guide.start: begin the page with its title: a first line such as `# Tracing a parcel`",
        ),
        (
            lambda d: d["pages"]["en"].update({"guide.start": "# A\n\n[b](page:guide.none)\n"}),
            "pages.en.guide.start: links to page 'guide.none', which is not there",
        ),
        (
            lambda d: d["pages"]["en"].update({"guide.start": "# A\n\n[b](category:none)\n"}),
            "pages.en.guide.start: links to category 'none', which is not there",
        ),
        (
            lambda d: d["pages"]["en"].pop("protocol.look") and d["pages"]["en"].update({"guide.start": "# A\n"}),
            "policy.central.categories.order.protocol: there is no page protocol.look; write it under pages",
        ),
        (
            lambda d: d.update(successors={"teams": {"old": "gone"}}),
            "successors.teams.old: the successor gone is not there",
        ),
        (
            lambda d: d.update(successors={"teams": {"care": "money"}}),
            "successors.teams.care: care is still there, so it needs no successor",
        ),
        (
            lambda d: central(d)["calendars"]["day"].update(public_holidays={"country": "DE"}),
            (
                "policy.central.calendars.day.public_holidays: the public holidays of DE are not yet dates; "
                "compile the edition with a horizon of years"
            ),
        ),
        (
            lambda d: (
                central(d)["calendars"]["day"].update(public_holidays={"country": "XX"}),
                d.update(horizon={"first": 2026, "last": 2026}),
            ),
            (
                "policy.central.calendars.day.public_holidays: the public holidays of XX are not known; "
                "check the codes (ISO 3166), or list the dates under `holidays` instead"
            ),
        ),
        (
            lambda d: d.update(horizon={"first": 2029, "last": 2026}),
            "horizon: a horizon goes forward, and over at most 15 years",
        ),
    ],
)
def test_a_problem_says_where_and_what_to_do(change: Any, told: str) -> None:
    assert told in problems(change)


def test_what_lint_calls_an_error_stops_the_edition_and_a_warning_does_not() -> None:
    def shadow(document: dict[str, Any]) -> None:
        rule = central(document)["rules"][0]
        central(document)["rules"].append(
            {**rule, "key": "larger", "priority": 20, "when": {"fact": "value", "gte": 200}}
        )

    assert any("rules.1: rule larger never matches" in line for line in problems(shadow))
    compiled = compile_source(small(lambda d: central(d)["categories"]["order"].update(backups=[])))
    assert [(problem.code, problem.place) for problem in compiled.warnings if problem.code == "no-backup"] == [
        ("no-backup", "policy.central.categories.order.backups")
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda d: d["scenarios"][0]["expect"].update(level="L1"),
            "scenarios.0: A large order: level: expected L1, got L2 (from rule:large)",
        ),
        (
            lambda d: d["scenarios"][0].update(
                received="2026-11-20T16:00+01:00",
                expect={"due": {"first_response": "2026-11-23T11:00+01:00"}},
            ),
            (
                "scenarios.0: A large order: due.first_response: expected 2026-11-23 11:00:00+01:00, "
                "got 2026-11-23 12:00:00+01:00 (from default, calendar day)"
            ),
        ),
        (
            lambda d: d["scenarios"][0]["case"].update(symptom="sad"),
            "scenarios.0: A large order: case.symptom: order has no 'sad'; choose one of late",
        ),
        (
            lambda d: d["scenarios"].append(dict(d["scenarios"][0])),
            "scenarios.1.name: 'A large order' stands twice; give each scenario a name of its own",
        ),
        (lambda d: d["scenarios"][0].update(expct={}), "scenarios.0.expct: Extra inputs are not permitted"),
        (
            lambda d: d["scenarios"][0].update(expect={}),
            "scenarios.0.expect: say what must come of the case, for example {owner: payments, level: L2}",
        ),
    ],
)
def test_a_scenario_that_fails_stops_the_edition(change: Any, told: str) -> None:
    assert told in problems(change)


def test_problems_of_calendars_and_of_the_document_are_told_together() -> None:
    def change(document: dict[str, Any]) -> None:
        central(document)["calendars"]["day"]["timezone"] = "Mars/Olympus"
        central(document)["teams"]["care"]["nmae"] = "x"

    told = problems(change)
    assert any("Mars/Olympus" in line for line in told)
    assert any("teams.care.nmae" in line for line in told)


def test_public_holidays_become_dates_beside_the_authors_own() -> None:
    spec = {
        "timezone": "Europe/Berlin",
        "weekly_hours": {"mon": [["09:00", "17:00"]]},
        "holidays": ["--12-24", "2026-06-01"],
        "public_holidays": {"country": "DE", "subdivision": "BE"},
    }
    found = expanded(Source({}), spec, (), range(2026, 2028))
    assert isinstance(found, dict)
    assert {"--12-24", "2026-06-01", "2026-03-08", "2026-10-03", "2027-12-25"} <= set(found["holidays"])
    assert not any(day.startswith(("2025", "2028")) for day in found["holidays"])
    assert found["holidays"] == sorted(found["holidays"])
    assert found["expanded_until"] == "2027-12-31"
    assert found["public_holidays"] == {"country": "DE", "subdivision": "BE"}


def test_an_edition_keeps_its_own_horizon_and_gets_one_when_it_names_none() -> None:
    years = range(2025, 2029)
    assert with_horizon(small(), years).document["horizon"] == {"first": 2025, "last": 2028}
    own = small(lambda d: d.update(horizon={"first": 2030, "last": 2031}))
    assert with_horizon(own, years).document["horizon"] == {"first": 2030, "last": 2031}


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["pages"]["en"].update({"guide.start": "# Start\n\nOther words.\n"}),
        lambda d: d["pages"]["en"].update({"guide.more": "# More\n"}),
        lambda d: d["pages"].update(de={"guide.start": "# Anfang\n"}),
        lambda d: central(d)["rules"][0].update(because="Other reason."),
        lambda d: d.update(successors={"teams": {"old": "care"}}),
    ],
)
def test_the_edition_digest_changes_with_what_it_names(change: Any) -> None:
    assert compile_source(small(change)).digest != compile_source(small()).digest


def test_the_edition_digest_does_not_change_with_the_way_it_is_written() -> None:
    def other_way(document: dict[str, Any]) -> None:
        pages = document["pages"]["en"]
        document["pages"]["en"] = {key: pages[key].replace("\n", "\r\n") + "  \n\n" for key in reversed(pages)}
        teams = central(document)["teams"]
        central(document)["teams"] = dict(reversed(teams.items()))
        central(document)["categories"]["order"]["severity"] = "normal"

    assert compile_source(small(other_way)).digest == compile_source(small()).digest


def test_a_page_is_kept_in_one_form() -> None:
    assert normal("\ufeff# Cafe\u0301  \r\n\r\ntext\t\n\n\n") == "# Café\n\ntext\n"


def test_the_starter_playbook_compiles_to_the_same_bytes_in_every_process() -> None:
    code = (
        "from playbook import presets\n"
        "from playbook.core.source import read\n"
        "from playbook.core.compiling import compile_source, with_horizon\n"
        "c = compile_source(with_horizon(read(presets.folder('team')), range(2025, 2030)))\n"
        "print(c.policy.digest, c.digest)\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin", "TZ": zone, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(told) == 1


def test_presets_are_found_by_name() -> None:
    assert "team" in presets.names()
    with pytest.raises(LookupError, match="there are founder, global, team"):
        presets.folder("../team")
