"""The mapping file: what the columns of another desk's log mean here. Its form, and every way in which it can be wrong.

A mapping is YAML. `docs` of each field are its docstring below; `mappings/incident_event_log.yaml` is a whole one.
Texts are compared as the file has them, without the spaces around; keys of tables are written in quotes.
"""

from __future__ import annotations

import codecs
import datetime as dt
import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, Field, StringConstraints, ValidationError, field_validator, model_validator

from escalations.core.policy import BANDS, Band
from escalations.core.policy.values import Frozen, Key, Language, Name

SHIPPED = Path(__file__).resolve().parents[1] / "mappings"
"""Mappings that come with the program."""

PastStatus = Literal["new", "triaged", "assigned", "in_progress", "waiting", "reopened", "resolved", "closed"]
"""What a state there can mean here. What was merged there has no case here to be merged into."""

_PLACE = re.compile(r"\{([^{}]*)\}")

Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class MappingError(ValueError):
    """The mapping cannot be used. `problems` are (place, what is wrong and what to do) pairs."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("\n".join(f"{place}: {words}" for place, words in problems))
        self.problems = list(problems)


def places(pattern: str) -> list[str]:
    """The names in braces of a pattern: `Incident {number}` has `number`."""
    return _PLACE.findall(pattern)


def filled(pattern: str, values: dict[str, str]) -> str:
    """A pattern with its names replaced. Only plain replacement: no attributes, no formats."""
    return _PLACE.sub(lambda match: values.get(match[1], ""), pattern)


def _of_value(pattern: str) -> str:
    if places(pattern) != ["value"]:
        raise ValueError('write {value} once where the value of the column goes, for example "group-{value}"')
    return pattern


def _date_format(text: str) -> str:
    if text == "iso":
        return text
    probe = dt.datetime(2016, 2, 29, 13, 45)  # noqa: DTZ001: a form of writing has no zone
    try:
        read = dt.datetime.strptime(probe.strftime(text), text)  # noqa: DTZ007
    except ValueError as error:
        raise ValueError(f'write "iso", or a form such as "%d/%m/%Y %H:%M": {error}') from None
    if read.date() != probe.date():
        raise ValueError('the form must hold year, month and day, for example "%d/%m/%Y %H:%M"')
    return text


OfValue = Annotated[str, AfterValidator(_of_value), Field(max_length=200)]
DateForm = Annotated[str, AfterValidator(_date_format)]


class Missing(Frozen):
    """What stands for a team or category that the log does not name."""

    key: Key
    name: Name


class Named(Frozen):
    """A column that names a team or category.

    column   the column.
    table    its values -> keys of this desk's law. A value that is not in the table becomes a retired registry row.
    key      key of that row, behind `imported:`; `{value}` is the value.
    name     its name.
    missing  what stands for a case that never names one.
    """

    column: Column | None = None
    table: dict[str, Key] = {}
    key: OfValue = "{value}"
    name: OfValue = "{value}"
    missing: Missing


class NamedCategory(Named):
    """A column that names a category; the retired rows stand on this side of the marketplace, under `missing`."""

    side: Literal["buyer", "seller", "platform"]


class Choice(Frozen):
    """A column whose values are translated by a table; `missing` is for blanks. Other values refuse the row."""

    column: Column
    table: dict[str, str] = Field(min_length=1)
    missing: str


class Coded(Frozen):
    """A column whose values become keys: `{value}` in `key` is the value; `missing` is for blanks."""

    column: Column | None = None
    table: dict[str, Key] = {}
    key: OfValue = "{value}"
    missing: Key


class PartyColumn(Frozen):
    """Who the case is about, by their id there. `key` makes it an id here that no other party has; it must not be the
    person's name or address, which an id is never erased for."""

    column: Column | None = None
    key: OfValue
    kind: Literal["buyer", "seller", "other"]


class CaseColumns(Frozen):
    """What a case is as a whole. Where rows differ, the last one that says something counts.

    id           the column by which rows belong together.
    opened_at    when it came in; without it, its first step.
    resolved_at, closed_at
                 without a column, the last step into that state; a blank in a column stays unknown.
    summary, description
                 texts; a column's name in braces is replaced by its value.
    keep         name -> column: kept beside the case, not shown to parties. No personal data: erasing a person does
                 not reach it.
    """

    id: Column
    opened_at: Column | None = None
    resolved_at: Column | None = None
    closed_at: Column | None = None
    summary: str = Field(min_length=1, max_length=300)
    description: str = Field(default="", max_length=4000)
    party: PartyColumn
    category: NamedCategory
    symptom: Coded
    root_cause: Coded
    severity: Choice | Band = "normal"
    channel: Choice | Key = "general"
    region: Choice | Key | None = None
    level: Choice | Key | None = None
    language: Choice | Language = "en"
    keep: dict[Key, Column] = {}

    @field_validator("severity")
    @classmethod
    def _bands(cls, value: Any) -> Any:
        if isinstance(value, Choice):
            wrong = {*value.table.values(), value.missing} - set(BANDS)
            if wrong:
                raise ValueError(f"severity is {', '.join(BANDS)}, not {', '.join(sorted(wrong))}")
        return value


class StatusColumn(Frozen):
    """The column of states. A value that the table gives as null says nothing; others refuse the row."""

    column: Column
    table: dict[str, PastStatus | None] = Field(min_length=1)

    @model_validator(mode="after")
    def _finishes(self) -> Self:
        if not {"resolved", "closed"} & set(self.table.values()):
            raise ValueError("no value means resolved or closed: only finished cases are imported")
        return self


class StepColumns(Frozen):
    """What a row says: when the step was, the state and the team after it.

    order   file: the rows of a case stand in their order; time: they are put in order by `at`.
    """

    at: Column
    status: StatusColumn
    team: Named
    order: Literal["file", "time"] = "file"


class Handoffs(Frozen):
    """A change of the named team is a handoff. With `across_gaps`, rows that name none do not interrupt.

    counted   the log's own count of them, kept beside; the difference is reported and nothing is made up.
    """

    across_gaps: bool = True
    counted: Column | None = None


class Reopenings(Frozen):
    """A move from one of these states to one of those is a reopening; `counted` is the log's own count."""

    frm: frozenset[PastStatus] = Field(default=frozenset({"resolved", "closed"}), alias="from", min_length=1)
    to: frozenset[PastStatus] = Field(
        default=frozenset({"new", "triaged", "assigned", "in_progress", "waiting", "reopened"}), min_length=1
    )
    counted: Column | None = None


class Mapping(Frozen):
    """A whole mapping.

    source     name of the log: a case is imported once for each name and id.
    encoding, delimiter
               how the file is written.
    timezone   IANA name of the zone that its times are meant in; a time that names its own offset keeps it.
    nothing    texts that stand for a blank.
    dates      column -> form; `default` for the others. A form is `iso` or one of strptime's.
    """

    mapping: Literal[1]
    source: Key
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    timezone: str = "UTC"
    nothing: tuple[str, ...] = ("",)
    dates: dict[str, DateForm] = {"default": "iso"}
    case: CaseColumns
    step: StepColumns
    handoffs: Handoffs = Handoffs()
    reopenings: Reopenings = Reopenings()

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            codecs.lookup(value)
        except LookupError:
            raise ValueError(f"no encoding is called {value!r}; usual ones are utf-8, latin-1, cp1252, utf-16") from None
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (LookupError, ValueError, OSError):
            raise ValueError(f"no time zone is called {value!r}; write one such as Europe/Berlin or UTC") from None
        return value

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column that the mapping names, with its place in the mapping."""
        case, step = self.case, self.step
        yield "case.id", case.id
        for name in ("opened_at", "resolved_at", "closed_at"):
            if (column := getattr(case, name)) is not None:
                yield f"case.{name}", column
        for name in ("party", "category", "symptom", "root_cause", "severity", "channel", "region", "level", "language"):
            if (column := getattr(getattr(case, name), "column", None)) is not None:
                yield f"case.{name}.column", column
        for name in ("summary", "description"):
            for column in places(getattr(case, name)):
                yield f"case.{name}", column
        for name, column in case.keep.items():
            yield f"case.keep.{name}", column
        yield "step.at", step.at
        yield "step.status.column", step.status.column
        if step.team.column is not None:
            yield "step.team.column", step.team.column
        for name, part in (("handoffs", self.handoffs), ("reopenings", self.reopenings)):
            if part.counted is not None:
                yield f"{name}.counted", part.counted
        for column in self.dates:
            if column != "default":
                yield f"dates.{column}", column

    def keys_here(self) -> Iterator[tuple[str, str, str]]:
        """Every key of this desk that the mapping names: kind of registry row, key, and its place in the mapping."""
        for kind, place, named in (("team", "step.team", self.step.team), ("category", "case.category", self.case.category)):
            for value, key in named.table.items():
                yield kind, key, f"{place}.table.{value}"
        for kind in ("channel", "region", "level"):
            choice: Choice | str | None = getattr(self.case, kind)
            if isinstance(choice, str):
                yield kind, choice, f"case.{kind}"
            elif choice is not None:
                for value, key in choice.table.items():
                    yield kind, key, f"case.{kind}.table.{value}"
                yield kind, choice.missing, f"case.{kind}.missing"

    def check_columns(self, header: Sequence[str]) -> None:
        """Raise MappingError for columns that the file does not have, each with the nearest that it has."""
        known = set(header)
        wrong = [(place, column) for place, column in self.columns() if column not in known]
        if not wrong:
            return
        found = []
        for place, column in wrong:
            near = difflib.get_close_matches(column, header, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(header)}."
            found.append((place, f"the file has no column {column!r}; {hint}"))
        raise MappingError(found)


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
        document = yaml.load(text, Loader=_Loader)  # noqa: S506: a SafeLoader
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
