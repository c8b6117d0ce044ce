"""Reading a mapping file: every way in which one can be wrong, said with its place and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from escalations.core.policy.values import Frozen
from escalations.inbound.importing.mapping import Mapping, MappingError

SHIPPED = Path(__file__).resolve().parents[1] / "mappings"
"""Mappings that come with the program."""


class _Loader(yaml.SafeLoader):
    """YAML without its traps for tables: a key that stands twice is an error, not a lost row."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)  # type: ignore[no-untyped-call]
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} stands here twice; keep one", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]


def load(path: str | Path) -> Mapping:
    """Read a mapping file; the bare name of one that is shipped (`incident_event_log`) will do.

    Raises MappingError that names each place and what to do.
    """
    file = Path(path)
    if not file.exists() and (shipped := SHIPPED / f"{path}.yaml").is_file():
        file = shipped
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        names = ", ".join(sorted(item.stem for item in SHIPPED.glob("*.yaml")))
        raise MappingError([(str(path), f"there is no such file; name a mapping file, or one of {names}")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError([(str(path), f"cannot be read as a text in UTF-8: {error}")]) from None
    return parse(text, name=file.name)


def parse(text: str, *, name: str = "mapping") -> Mapping:
    """A mapping from its text. Raises MappingError as `load` does."""
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}, line {mark.line + 1}" if mark else name
        raise MappingError([(place, f"not YAML: {getattr(error, 'problem', None) or error}")]) from None
    if not isinstance(document, dict):
        raise MappingError([(name, "a mapping file begins with `mapping: 1`; see the shipped ones for a whole one")])
    try:
        return Mapping.model_validate(document)
    except ValidationError as error:
        raise MappingError(_in_words(error)) from None


def _in_words(error: ValidationError) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for item in error.errors(include_url=False):
        loc, kind = [str(part) for part in item["loc"]], item["type"]
        words = item["msg"].removeprefix("Value error, ")
        # A choice is a constant or a table: of the two readings, only the one that was meant is worth a word.
        if branch := next((part for part in loc if part == "Choice" or part.startswith(("literal[", "constr"))), None):
            if kind == "model_type" or (branch != "Choice" and isinstance(item["input"], dict)):
                continue
            loc.remove(branch)
        if loc[-1:] == ["[key]"]:
            loc.pop()
            words = 'write the keys of a table in quotes, so that "007", "-1" and "no" stay what they are'
        elif kind == "missing":
            words = "is missing"
        elif kind == "extra_forbidden":
            words = _unknown(loc)
        elif kind == "literal_error":
            words = f"write {item['ctx']['expected']}, not {item['input']!r}"
        found.setdefault(".".join(loc) or "mapping", words)
    return list(found.items())


def _unknown(loc: Sequence[str]) -> str:
    """What to say of an entry that does not exist: the nearest that does."""
    part: type[Frozen] | None = Mapping
    for name in loc[:-1]:
        inner = part.model_fields.get(name) if part else None
        kinds = [] if inner is None else [inner.annotation, *getattr(inner.annotation, "__args__", ())]
        part = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Frozen)), None)
    names = [field.alias or name for name, field in part.model_fields.items()] if part else []
    near = difflib.get_close_matches(loc[-1], names, n=1)
    return "there is no such entry; " + (f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}")
