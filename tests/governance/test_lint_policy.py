"""`lint_policy`: says what is wrong with an edition, a document or the playbook in force, and writes nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from escalations.models import Level, Membership, OnCallShift, PolicyVersion, Role, Specialism, Team, User
from escalations.selectors.roster import roster
from playbook import presets
from playbook.models import Edition
from tests.playbook.editions import central, write

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("lint_policy", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def as_json(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    with contextlib.suppress(CommandError):
        call_command("lint_policy", "--json", *arguments, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def file(folder: Path, change: Any = None, name: str = "mine.yaml") -> str:
    return write(folder / name, change)


def test_the_starter_playbook_is_clean() -> None:
    status, told = run(str(presets.folder("team")), "--strict")
    assert status == 0
    assert "no errors, no warnings" in told
    assert "scenarios passed" in told


def test_an_edition_with_errors_and_warnings(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        central(document)["categories"]["order"]["backups"] = []
        central(document)["rules"].append({**central(document)["rules"][0], "key": "again", "priority": 20})

    status, told = run(file(tmp_path, change))
    assert status == 1
    assert "policy.central.rules.1: rule again never matches" in told
    assert "policy.central.categories.order.backups: nobody covers order" in told
    found = as_json(file(tmp_path, change))
    assert found["ok"] is False
    assert {problem["code"] for problem in found["errors"]} == {"shadowed"}
    assert "no-backup" in {problem["code"] for problem in found["warnings"]}


def test_warnings_alone_are_told_and_pass_unless_strict(tmp_path: Path) -> None:
    path = file(tmp_path, lambda d: central(d)["categories"]["order"].update(backups=[]))
    assert run(path)[0] == 0
    assert run(path, "--strict")[0] == 1


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("a: [1\n", encoding="utf-8")
    status, told = run(str(path))
    assert status == 1
    assert "broken.yaml:2" in told
    assert run(str(tmp_path / "none.yaml"))[0] == 2


def test_a_policy_document_that_was_exported(tmp_path: Path) -> None:
    call_command("install_playbook", "--preset", "team", stdout=StringIO())
    for name, arguments in (("policy.yaml", ()), ("policy.json", ("--json",))):
        path = tmp_path / name
        call_command("export_policy", "--output", str(path), *arguments, stdout=StringIO())
        assert run(str(path), "--strict")[0] == 0
        assert as_json(str(path))["policy_digest"] == PolicyVersion.objects.get().policy_digest


def test_without_a_playbook() -> None:
    status, told = run()
    assert status == 1
    assert "install_playbook" in told


@pytest.fixture
def desk(tmp_path: Path) -> None:
    call_command("install_playbook", "--file", file(tmp_path), stdout=StringIO())


def join(name: str, team: str, level: str = "L2", **more: Any) -> Membership:
    person = User.objects.create_user(name)
    return Membership.objects.create(
        person=person,
        team=Team.objects.get(key=team),
        level=Level.objects.get(key=level),
        starts_at=timezone.now() - dt.timedelta(days=1),
        **{"languages": ["en"], **more},
    )


def test_in_force_with_nobody_there(desk: None) -> None:
    status, told = run()
    assert status == 1
    assert "central.teams.care: nobody is in care, which owns order" in told
    assert "version 1" in told


def test_in_force_with_somebody_there(desk: None) -> None:
    join("ana", "care", leads=True)
    join("jon", "money")
    found = as_json()
    assert (found["checked"], found["ok"], found["errors"]) == ("version 1", True, [])


def test_a_file_is_checked_against_the_people_when_asked(desk: None, tmp_path: Path) -> None:
    assert run(file(tmp_path))[0] == 0
    assert run(file(tmp_path), "--staff")[0] == 1


def test_nothing_is_written(tmp_path: Path) -> None:
    run(file(tmp_path))
    assert not Edition.objects.exists()
    assert not PolicyVersion.objects.exists()


def test_the_roster_is_who_is_there_now(desk: None) -> None:
    now = timezone.now()
    here = join("ana", "care", leads=True, languages=["en", "de"])
    here.specialisms.add(Specialism.objects.get(key="parcels"))
    gone = join("old", "care", ends_at=now - dt.timedelta(hours=1))
    inactive = join("out", "care")
    inactive.person.is_active = False
    inactive.person.save()
    role = Role.objects.get(key="duty")
    for person, ends_at in ((here.person, None), (gone.person, now - dt.timedelta(minutes=1))):
        OnCallShift.objects.create(role=role, person=person, starts_at=now - dt.timedelta(days=1), ends_at=ends_at)
    found = roster(now)
    assert [(post.person, post.team, post.level, post.leads) for post in found.posts] == [
        (str(here.person_id), "care", "L2", True)
    ]
    assert found.posts[0].specialisms == {"parcels"}
    assert found.posts[0].languages == {"en", "de"}
    assert found.roles == {"duty": (str(here.person_id),)}
