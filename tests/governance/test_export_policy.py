"""`export_policy`: what is written is the law, to the last byte, and can be read back."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from escalations.core.policy import Policy
from escalations.models import PolicyVersion
from playbook.core.source import parse

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("export_policy", *arguments, stdout=out)
    return out.getvalue()


def fails(*arguments: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return caught.value.returncode, str(caught.value)


@pytest.fixture
def version() -> PolicyVersion:
    call_command("install_playbook", "--preset", "team", stdout=StringIO())
    return PolicyVersion.objects.get()


def test_yaml_reads_back_as_the_same_policy(version: PolicyVersion) -> None:
    text = run()
    assert text.startswith("# Marketplace escalation playbook, version 1, in force from")
    assert Policy.model_validate(parse(text).document).digest == version.policy_digest


def test_json_reads_back_as_the_same_policy(version: PolicyVersion) -> None:
    text = run("--json")
    assert Policy.model_validate(json.loads(text)).digest == version.policy_digest
    assert parse(text).document == json.loads(text)


def test_a_version_by_number(version: PolicyVersion) -> None:
    assert run("--policy-version", "1") == run()
    status, told = fails("--policy-version", "7")
    assert (status, told) == (2, "--policy-version: there is no version 7 (there are 1)")


def test_without_a_playbook() -> None:
    status, told = fails()
    assert status == 1
    assert "install_playbook" in told


def test_a_file_is_written_once_and_never_over_another(version: PolicyVersion, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    assert "Would write version 1" in run("--output", str(file), "--dry-run")
    assert not file.exists()
    run("--output", str(file))
    assert file.read_text(encoding="utf-8") == run()
    file.write_text("mine", encoding="utf-8")
    assert fails("--output", str(file))[0] == 2
    assert file.read_text(encoding="utf-8") == "mine"
    assert fails("--output", str(tmp_path / "none" / "x.yaml"))[0] == 1
