"""Reading an edition as written: YAML that means what it says, from one file or from a folder of parts.

YAML is read narrowly, because an author's slip must be an error and never another meaning: only `true` and `false`
are flags (`no` is a word, and Norway's), dates and times stay text, a key stands once, and nothing is included by
anchors. JSON is a part of YAML, so JSON files are read too.

A folder is one edition in parts: every `*.yaml` file is merged at its top levels, and `pages/LANGUAGE/KEY.md` are its
pages. Every value remembers the file and line where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]

LARGEST = 8 * 1024 * 1024
DEEPEST = 100
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9]\d*)")
_FLOAT = re.compile(r"-?\d+\.\d*([eE][+-]?\d+)?|-?\d+[eE][+-]?\d+")
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where it stands, and what to do."""

    place: str
    message: str
    code: str = ""
    """The kind of finding, for programs; lint's findings have one."""

    path: Place = ()
    """Where in the document it is, for pages that show it beside what is wrong; empty when it is of the whole."""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class SourceError(ValueError):
    """An edition or policy that cannot be read or compiled. `problems` lists all that was found."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(frozen=True, slots=True)
class Source:
    """A document as plain values, with the file and line of each part."""

    document: dict[str, Any]
    marks: Mapping[Place, str] = field(default_factory=dict)

    def problem(self, path: Place, message: str, code: str = "") -> Problem:
        """A problem at a path of the document, named by path and by the nearest line that is known."""
        dotted = ".".join(str(part) for part in path) or "document"
        for depth in range(len(path), -1, -1):
            if (mark := self.marks.get(path[:depth])) is not None:
                return Problem(f"{mark} {dotted}", message, code, path)
        return Problem(dotted, message, code, path)


def read(path: Path) -> Source:
    """Read an edition or a policy document from a YAML or JSON file, or an edition from a folder.

    Raises SourceError that names file and line, or the missing file.
    """
    if path.is_dir():
        return _folder(path)
    return parse(_text(path), path.name)


def parse(text: str, name: str = "document") -> Source:
    """Read one YAML or JSON text. `name` stands for the file in messages. Raises SourceError."""
    try:
        if strange := list(_not_plain(text, name)):
            raise SourceError(*strange)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SourceError(Problem(f"{name}:{line}", f"not readable as YAML: {error.problem or error}")) from None
    except yaml.YAMLError as error:
        raise SourceError(Problem(name, f"not readable as YAML: {error}")) from None
    reader = _Reader(name)
    if not isinstance(node, yaml.MappingNode):
        raise SourceError(Problem(name, "write a mapping of keys to values, such as `title: Our playbook`"))
    document = reader.value(node, ())
    if reader.problems:
        raise SourceError(*reader.problems)
    return Source(document, reader.marks)


def _not_plain(text: str, name: str) -> Iterator[Problem]:
    """What YAML can do and an edition may not. Reads events, which never recurse: the parser written in C would crash
    the process on deep nesting, so this comes first."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        place = f"{name}:{event.start_mark.line + 1}" if event.start_mark else name
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            yield Problem(place, "write it out here: anchors and aliases are not used")
        elif (tag := getattr(event, "tag", None)) is not None:
            yield Problem(place, f"the tag {tag} is not used here; write plain values")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                yield Problem(place, f"nested more than {DEEPEST} deep")
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Reader:
    """Turns YAML nodes into plain values, remembering where each stood."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: dict[Place, str] = {}
        self.problems: list[Problem] = []

    def value(self, node: yaml.Node, path: Place) -> Any:
        mark = f"{self.name}:{node.start_mark.line + 1}"
        self.marks[path] = mark
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
        return _scalar(node)

    def _pairs(self, node: yaml.MappingNode, path: Place) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            mark = f"{self.name}:{key_node.start_mark.line + 1}"
            if not isinstance(key_node, yaml.ScalarNode):
                self._wrong(mark, path, "a key is one word")
                continue
            key = key_node.value
            if key in seen:
                self._wrong(mark, (*path, key), "this key stands twice; keep one")
                continue
            seen.add(key)
            yield key, self.value(value_node, (*path, key))

    def _wrong(self, mark: str, path: Place, message: str) -> None:
        dotted = ".".join(str(part) for part in path)
        self.problems.append(Problem(f"{mark} {dotted}".rstrip(), message))


def means_itself(text: str) -> bool:
    """Whether a text that stands without quotes is read as that text."""
    return isinstance(_plain(text), str)


def _scalar(node: yaml.Node) -> Any:
    text: str = node.value
    return text if getattr(node, "style", None) else _plain(text)  # with a style: quoted, or a block of text


def _plain(text: str) -> Any:
    """What a scalar without quotes means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and len(text) < 19:
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _folder(folder: Path) -> Source:
    document: dict[str, Any] = {}
    marks: dict[Place, str] = {}
    problems: list[Problem] = []
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise SourceError(Problem(str(folder), "there is no *.yaml file in this folder"))
    for file in files:
        try:
            part = read(file)
        except SourceError as error:
            problems += error.problems
            continue
        problems += _merge(document, part.document, part.marks, marks, ())
    for page in sorted(folder.glob("pages/*/*.md")):
        language = page.parent.name
        path: Place = ("pages", language, page.stem)
        document.setdefault("pages", {}).setdefault(language, {})[page.stem] = _text(page)
        marks[path] = f"pages/{language}/{page.name}:1"
    if problems:
        raise SourceError(*problems)
    return Source(document, marks)


def _merge(
    into: dict[str, Any], part: dict[str, Any], theirs: Mapping[Place, str], marks: dict[Place, str], path: Place
) -> Iterator[Problem]:
    """Add one file's mapping to the whole; what both name must be mappings, whose keys differ."""
    for key, value in part.items():
        place = (*path, key)
        if isinstance(into.get(key), dict) and isinstance(value, dict):
            yield from _merge(into[key], value, theirs, marks, place)
        elif key in into:
            yield Problem(f"{theirs[place]} {'.'.join(map(str, place))}", f"stands in {marks[place]} as well; keep one")
        else:
            into[key] = value
            marks.update({at: mark for at, mark in theirs.items() if at[: len(place)] == place})


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise SourceError(Problem(str(path), f"larger than {LARGEST // 2**20} MiB: this cannot be a playbook"))
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(Problem(str(path), f"not UTF-8 text: byte {error.start} cannot be read")) from None
    except OSError as error:
        raise SourceError(Problem(str(path), f"cannot be read: {error.strerror or error}")) from None
