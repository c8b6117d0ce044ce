"""The mapping file: what the columns of another desk's log mean here. Its form, and every way in which it can be wrong.

A mapping is YAML; the docstrings below say what each entry means, `mappings/incident_event_log.yaml` is a whole one.
Texts are compared as the file has them, without the spaces around; keys of tables are written in quotes.
"""

from __future__ import annotations

import codecs
import datetime as dt
import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from escalations.core.policy import BANDS, Band
from escalations.core.policy.values import Frozen, Key, Language, Name

PastStatus = Literal["new", "triaged", "assigned", "in_progress", "waiting", "reopened", "resolved", "closed"]
"""What a state there can mean here. What was merged there has no case here to be merged into."""

_PLACE = re.compile(r"\{([^{}]*)\}")

_FROM_COLUMNS = ("party", "category", "symptom", "root_cause", "severity", "channel", "region", "level", "language")

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
    probe = dt.datetime(2016, 2, 29, 13, 45)  # noqa: DTZ001 - a form of writing has no zone
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
               how the file is written. multiline: fields in quotes may hold line breaks.
    timezone   IANA name of the zone that its times are meant in; a time that names its own offset keeps it.
    nothing    texts that stand for a blank.
    dates      column -> form; `default` for the others. A form is `iso` or one of strptime's.
    """

    mapping: Literal[1]
    source: Key
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    multiline: bool = False
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
            raise ValueError(f"no encoding is called {value!r}; usual are utf-8, latin-1, cp1252, utf-16") from None
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
        for name in _FROM_COLUMNS:
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
        for value, key in self.step.team.table.items():
            yield "team", key, f"step.team.table.{value}"
        for value, key in self.case.category.table.items():
            yield "category", key, f"case.category.table.{value}"
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
