"""Reading an edition together with the preset that it extends.

`extends: team` names a preset that comes with the program, never a path. So a folder that is copied elsewhere goes on
working, and nothing outside the presets can be drawn in.
"""

from __future__ import annotations

from pathlib import Path

from playbook.core import source as sources
from playbook.core.overlay import overlay
from playbook.core.source import Source, SourceError

PRESETS = Path(__file__).parent.parent / "presets"


def read(path: Path, presets: Path = PRESETS) -> Source:
    """Read an edition or a policy document as one flat whole, whatever it extends.

    `presets` is the folder in which bases are found. Raises SourceError that names file and line: of what cannot be
    read, of a base that is not there, and of presets that extend each other in a circle.
    """
    return flat(sources.read(path), presets)


def flat(source: Source, presets: Path = PRESETS) -> Source:
    """A document that was read already, such as an uploaded one, laid over what it extends. Raises as `read` does."""
    return _flat(source, presets, ())


def _flat(source: Source, presets: Path, seen: tuple[str, ...]) -> Source:
    if "extends" not in source.document:
        return source
    name = source.document["extends"]
    there = sorted(folder.parent.name for folder in presets.glob("*/edition.yaml"))
    if name not in there:
        message = f"there is no preset {name!r} to extend; there are {', '.join(there)}"
        raise SourceError(source.problem(("extends",), message))
    if name in seen:
        circle = " extends ".join((*seen[seen.index(name) :], name))
        raise SourceError(source.problem(("extends",), f"a circle: {circle}"))
    base = sources.read(presets / name)
    base = Source(base.document, {at: f"{name}/{mark}" for at, mark in base.marks.items()})
    over = Source({key: value for key, value in source.document.items() if key != "extends"}, source.marks)
    return overlay(_flat(base, presets, (*seen, name)), over)
