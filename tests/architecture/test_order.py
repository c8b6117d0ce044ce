"""The order of the apps and of their rooms holds, and whoever breaks it is told what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "governance", "playbook", "escalations")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", "--no-logo"],
        cwd=folder,
        text=True,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "1000", "PYTHONPATH": str(folder)},
    )


def test_imports_go_one_way() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the house in which every order is broken, once inside a function."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for app in APPS:
        shutil.copytree(ROOT / app, folder / app, ignore=shutil.ignore_patterns("__pycache__"))
    for path, line in {
        "escalations/core/wrong.py": "from django.db import models\n",
        "escalations/wrong.py": "def late():\n    import playbook.apps\n",
        "playbook/wrong.py": "import governance.apps\n",
        "governance/wrong.py": "import config.run\n",
        "escalations/services/wrong.py": "import escalations.admin.wrong\n",
        "escalations/services/__init__.py": "",
        "escalations/admin/__init__.py": "",
        "escalations/admin/wrong.py": "",
    }.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(line)
    result = lint_imports(folder)
    assert result.returncode == 1, result.stdout + result.stderr
    return " ".join(result.stdout.split())


@pytest.mark.parametrize(
    "contract",
    tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"],
    ids=lambda c: c["id"],
)
def test_a_broken_order_says_what_to_do_instead(contract: dict[str, object], broken: str) -> None:
    name = str(contract["name"])
    assert f"{name} BROKEN" in broken
    assert any(word in name for word in (": pass", ": name", ": register", ": read", ": move"))
