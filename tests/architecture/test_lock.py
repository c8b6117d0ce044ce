"""The lock: every package by exact version and hash, from wherever the installer is set up to look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) > 20
    for line in lines:
        assert re.match(r"^[A-Za-z0-9._\[\],-]+==[^\s;]+(\s*;[^#]*?)?\s+--hash=sha256:[0-9a-f]{64}", line), line


@pytest.mark.parametrize("name", [*LOCKS, "requirements.in", "requirements-dev.in", "pyproject.toml", "Makefile"])
def test_no_package_index_is_named(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"(?m)^\s*(-i|--index-url|--extra-index-url|--find-links|-f)\b", text)
    assert "file://" not in text
    assert not re.search(r"https?://(?!127\.0\.0\.1)", text)


def test_the_development_lock_holds_everything_of_the_running_lock() -> None:
    """What is tested is what runs: the same versions in both."""
    pins = [
        set(
            re.findall(
                r"(?m)^([A-Za-z0-9._-]+==\S+)(?:[^#\n]*?python_full_version ([<>=]+ '[\d.]+'))?",
                (ROOT / name).read_text(),
            )
        )
        for name in LOCKS
    ]
    assert pins[0] <= pins[1]
