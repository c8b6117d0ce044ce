"""`install_playbook`: an empty desk gets its first playbook, whole or not at all."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from escalations.models import CalendarSnapshot, Category, PolicyText, PolicyVersion, Team
from governance.models import Publication
from playbook.models import Edition
from tests.playbook.editions import central, write

pytestmark = pytest.mark.django_db

TABLES = (PolicyVersion, PolicyText, CalendarSnapshot, Category, Team, Edition, Publication)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("install_playbook", *arguments, stdout=out)
    return out.getvalue()


def fails(*arguments: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return caught.value.returncode, str(caught.value)


def edition_file(folder: Path, change: Any = None) -> str:
    return write(folder / "mine.yaml", change)


def rows() -> list[int]:
    return [table.objects.count() for table in TABLES]


def test_the_preset_is_installed_and_on_record() -> None:
    told = run("--preset", "team")
    assert "Installed preset team as version 1." in told
    version = PolicyVersion.objects.get()
    assert Publication.objects.get().version == version
    assert "install_playbook" in version.approved_by
    assert Category.objects.count() >= 25
    assert Edition.objects.get().notes["horizon"][1] >= version.effective_at.year + 3


def test_twice_is_as_once() -> None:
    run("--preset", "team")
    before = rows()
    assert "Installed already, as version 1." in run("--preset", "team")
    assert rows() == before


def test_a_dry_run_writes_nothing() -> None:
    assert "Would install preset team as version 1. Nothing was written." in run("--preset", "team", "--dry-run")
    assert rows() == [0] * len(TABLES)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    told = json.loads(run("--file", edition_file(tmp_path), "--json"))
    assert (told["installed"], told["version"], told["title"], told["categories"]) == (True, 1, "Small", 2)
    assert told["edition_digest"] == PolicyVersion.objects.get().edition_digest


def test_another_playbook_on_a_desk_that_has_one(tmp_path: Path) -> None:
    run("--preset", "team")
    before = rows()
    status, told = fails("--file", edition_file(tmp_path))
    assert status == 1
    assert "has a playbook or cases already" in told
    assert rows() == before


@pytest.mark.parametrize("arguments", [("--preset", "galaxy"), ("--file", "/none/such.yaml")])
def test_what_is_not_there_is_a_wrong_argument(arguments: tuple[str, str]) -> None:
    status, told = fails(*arguments)
    assert status == 2
    assert arguments[0] in told


@pytest.mark.parametrize("arguments", [(), ("--preset", "team", "--file", "x.yaml"), ("--preset",)])
def test_wrong_arguments(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)
    assert rows() == [0] * len(TABLES)


def test_every_problem_is_told_with_its_line_and_nothing_is_written(tmp_path: Path) -> None:
    def break_it(document: dict[str, Any]) -> None:
        central(document)["categories"]["order"]["owner"] = "nobody"
        central(document)["calendars"]["day"]["timezone"] = "Mars/Olympus"

    file = edition_file(tmp_path, break_it)
    status, told = fails("--file", file)
    assert status == 1
    assert "nothing was written" in told
    assert "2 to put right" in told
    lines = Path(file).read_text().splitlines()
    number = next(place for place, line in enumerate(lines, 1) if "owner: nobody" in line)
    assert f"mine.yaml:{number} policy.central.categories.order.owner: no team 'nobody'" in told
    assert rows() == [0] * len(TABLES)


def test_problems_as_json(tmp_path: Path) -> None:
    out = StringIO()
    file = edition_file(tmp_path, lambda d: central(d)["categories"]["order"].update(owner="nobody"))
    with pytest.raises(CommandError):
        call_command("install_playbook", "--file", file, "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["installed"] is False
    assert told["problems"][0]["message"].startswith("no team 'nobody'")


def test_a_file_that_is_no_yaml(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("a: [1\n", encoding="utf-8")
    status, told = fails("--file", str(file))
    assert status == 1
    assert "broken.yaml:2" in told
