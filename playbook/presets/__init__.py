"""The starter playbooks that come with the program: one folder each, an edition in parts."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """The presets that there are, for example `team`."""
    return tuple(sorted(folder.parent.name for folder in FOLDER.glob("*/edition.yaml")))


def folder(name: str) -> Path:
    """Where a preset's files are. Raises LookupError that names the presets that there are."""
    if name not in names():
        raise LookupError(f"there is no preset {name!r}; there are {', '.join(names())}")
    return FOLDER / name
