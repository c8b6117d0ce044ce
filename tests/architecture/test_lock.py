"""The lock: every package by exact version and hash, from wherever the installer is set up to look."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) > 20
    for line in lines:
        assert re.match(r"^[A-Za-z0-9._\[\], -]+==[^\s;]+(\s*;[^#]*?)?\s+--hash=sha256:[0-9a-f]{64}", line), line


@pytest.mark.parametrize("name", LOCKS)
def test_extras_that_others_ask_for_are_pinned_with_their_extra(name: str) -> None:
    """`coverage==7.1` does not pin `coverage[toml]` for every installer: older pips take the newest, and refuse it."""
    pinned = {}
    for line in re.findall(r"(?m)^([A-Za-z0-9._\[\], -]+==[^\s;]+)", (ROOT / name).read_text()):
        pin = Requirement(line)
        pinned[canonicalize_name(pin.name)] = pin.extras
    asked = {
        (canonicalize_name(wanted.name), extra)
        for holder, extras in pinned.items()
        for wanted in map(Requirement, _requires(holder))
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        for extra in wanted.extras
    }
    assert {(of, extra) for of, extra in asked if extra not in pinned.get(of, set())} == set()
    assert asked or name == "requirements.txt"


def _requires(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # for another platform or Python
        return []


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
                r"(?m)^([A-Za-z0-9._\[\], -]+==\S+)(?:[^#\n]*?python_full_version ([<>=]+ '[\d.]+'))?",
                (ROOT / name).read_text(),
            )
        )
        for name in LOCKS
    ]
    assert pins[0] <= pins[1]
