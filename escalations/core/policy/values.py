"""The small values that a policy document is made of: keys, spans of time, amounts, conditions.

Every model is frozen and refuses unknown fields, so that a misspelt word is an error with its path and never a
setting that is silently ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    field_serializer,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]

Basis = Literal["business", "elapsed"]
TargetKind = Literal["assign", "first_response", "next_update", "resolution"]
TARGET_KINDS: tuple[TargetKind, ...] = ("assign", "first_response", "next_update", "resolution")
Band = Literal["low", "normal", "high", "critical"]
BANDS: tuple[Band, ...] = ("low", "normal", "high", "critical")


class Frozen(BaseModel):
    """Base of every part of the document: immutable, strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


_ISO = re.compile(r"^P(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?(?:T(?=\d)(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)S)?)?$")
_UNIT = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DAY = 86_400
_YEARS = re.compile(r"^P([1-9]\d?)Y$")


def parse_duration(text: str) -> int:
    """Seconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds.

    Raises ValueError for anything else (months and years have no fixed length) and for zero.
    """
    match = _ISO.match(text) if isinstance(text, str) else None
    seconds = sum(int(match[unit]) * _UNIT[unit] for unit in _UNIT if match[unit]) if match else 0
    if seconds <= 0:
        raise ValueError(f"write a duration such as PT4H, PT30M or P3D (ISO 8601, longer than zero), not {text!r}")
    return seconds


def format_duration(seconds: int) -> str:
    """The ISO 8601 text of `seconds`, in hours, minutes and seconds: the inverse of `parse_duration` in value."""
    hours, rest = divmod(seconds, 3600)
    minutes, secs = divmod(rest, 60)
    parts = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes) + f"{secs}S" * bool(secs)
    return f"PT{parts}"


class Span(Frozen):
    """A length of time, counted on a business calendar or as time elapsed.

    Written as `{business: PT4H}` or `{elapsed: P3D}`. Business spans take no days or weeks: a working day's length
    differs from calendar to calendar, and a promise must not depend on which one the author had in mind.
    """

    basis: Basis
    seconds: int = Field(gt=0, le=400 * _DAY)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        # As it is written, not as it is kept: `{business: PT4H}`.
        schema = handler.resolve_ref_schema(handler(core))
        for kept in ("basis", "seconds"):
            schema["properties"].pop(kept, None)
        duration = {"type": "string", "pattern": "^P", "description": "ISO 8601, for example PT4H or P3D"}
        schema["properties"] |= {"business": duration, "elapsed": duration}
        schema.pop("required", None)
        schema["oneOf"] = [{"required": ["business"]}, {"required": ["elapsed"]}]
        return schema

    @model_validator(mode="before")
    @classmethod
    def _from_written(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "basis" in data:
            return data
        named = [basis for basis in ("business", "elapsed") if basis in data]
        if len(named) != 1:
            raise ValueError("say either business or elapsed, for example {business: PT4H}")
        basis = named[0]
        text = data[basis]
        seconds = parse_duration(text)
        if basis == "business" and re.match(r"^P\d", text):
            raise ValueError("business time is written in hours: a working day's length depends on the calendar")
        rest = {key: value for key, value in data.items() if key != basis}
        return {**rest, "basis": basis, "seconds": seconds}

    @model_serializer(mode="wrap")
    def _as_written(self, handler: Any) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        data.pop("basis", None)
        data.pop("seconds", None)
        return {self.basis: format_duration(self.seconds), **data}


class Keeping(Span):
    """How long something is kept: a span, or years of the calendar, as statutes count them: `{elapsed: P10Y}`.

    Ten years from 29 February 2028 end with 28 February 2038: `core.retention.kept_until` counts. `seconds` is then
    what they last at least, short of a day for changes of the clock. Only time elapsed may be longer than 400 days.
    """

    seconds: int = Field(gt=0, le=100 * 366 * _DAY)
    years: int = Field(default=0, ge=0, le=99)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = super().__get_pydantic_json_schema__(core, handler)
        schema["properties"].pop("years", None)
        schema["properties"]["elapsed"] = {
            "type": "string",
            "pattern": "^P",
            "description": "ISO 8601, for example P90D; or whole years of the calendar, for example P10Y",
        }
        return schema

    @model_validator(mode="before")
    @classmethod
    def _from_written_years(cls, data: Any) -> Any:
        written = data.get("elapsed") if isinstance(data, dict) and "business" not in data else None
        found = _YEARS.match(written) if isinstance(written, str) else None
        if found is None:
            return data
        years = int(found[1])
        rest = {key: value for key, value in data.items() if key != "elapsed"}
        return {**rest, "basis": "elapsed", "seconds": _least(years), "years": years}

    @model_validator(mode="after")
    def _long_only_elapsed(self) -> Self:
        if self.years and (self.basis, self.seconds) != ("elapsed", _least(self.years)):
            raise ValueError("years are written as elapsed, for example {elapsed: P10Y}")
        if self.basis == "business" and self.seconds > 400 * _DAY:
            raise ValueError("business time is at most 400 days; write longer ones as elapsed, for example P2Y")
        return self

    @model_serializer(mode="wrap")
    def _as_written_years(self, handler: Any) -> dict[str, Any]:
        return {"elapsed": f"P{self.years}Y"} if self.years else {self.basis: format_duration(self.seconds)}


def _least(years: int) -> int:
    """Seconds that so many years last at least, wherever they begin and whatever clocks do meanwhile."""
    return (years * 365 - 1) * _DAY


class Target(Span):
    """A target: a span, and at which shares of it (percent, in the span's own time) a warning is given."""

    warn: tuple[Annotated[int, Field(gt=0, lt=100)], ...] = (75,)

    @model_validator(mode="after")
    def _warnings_in_order(self) -> Self:
        if list(self.warn) != sorted(set(self.warn)):
            raise ValueError("list each warning once, smallest first, for example [50, 80]")
        return self


def _amount(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError(f'write amounts as text, for example "{value:.2f}": floats lose cents')
    return value


Amount = Annotated[Decimal, BeforeValidator(_amount), Field(ge=0, max_digits=14, decimal_places=2)]


class Amounts(Frozen):
    """Amounts by currency, for example `{EUR: "150", USD: "160"}`. A currency that is not named has no band."""

    by_currency: dict[Currency, Amount] = Field(min_length=1)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        handler(core)
        return {
            "type": "object",
            "description": cls.__doc__,
            "propertyNames": {"pattern": "^[A-Z]{3}$"},
            "additionalProperties": {"type": ["string", "integer"], "pattern": r"^\d+(\.\d{1,2})?$"},
            "minProperties": 1,
        }

    @model_validator(mode="before")
    @classmethod
    def _from_written(cls, data: Any) -> Any:
        if isinstance(data, dict) and "by_currency" not in data:
            return {"by_currency": data}
        return data

    @model_serializer
    def _as_written(self) -> dict[str, str]:
        return {currency: f"{amount.normalize():f}" for currency, amount in sorted(self.by_currency.items())}


Scalar = bool | int | str
OPERATORS = ("eq", "ne", "in", "gte", "lte", "contains", "present")
Operator = Literal["eq", "ne", "in", "gte", "lte", "contains", "present"]


class Test(Frozen):
    """One comparison of one fact, written `{fact: money_at_risk, gte: {EUR: "1000"}}`.

    A comparison with a fact that is not known is unknown, not false; only `present` tests for it (decision 7 of the
    design: `not unknown` is unknown, and unknown does not match).
    """

    __test__ = False  # pytest: not a test case

    fact: Key
    op: Operator
    value: Scalar | tuple[Scalar, ...] | Amounts
    visibility: Key | None = None

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core))
        for kept in ("op", "value"):
            schema["properties"].pop(kept, None)
        scalar = {"type": ["string", "integer", "boolean"]}
        amounts = {"type": "object", "propertyNames": {"pattern": "^[A-Z]{3}$"}, "minProperties": 1}
        schema["properties"] |= {
            "eq": scalar,
            "ne": scalar,
            "contains": scalar,
            "in": {"type": "array", "items": scalar, "minItems": 1},
            "gte": {"anyOf": [{"type": "integer"}, amounts]},
            "lte": {"anyOf": [{"type": "integer"}, amounts]},
            "present": {"type": "boolean"},
        }
        schema["required"] = ["fact"]
        schema["oneOf"] = [{"required": [op]} for op in OPERATORS]
        return schema

    @model_validator(mode="before")
    @classmethod
    def _from_written(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "op" in data:
            return data
        named = [op for op in OPERATORS if op in data]
        if len(named) != 1:
            raise ValueError(f"name exactly one comparison of {', '.join(OPERATORS)}")
        rest = {key: value for key, value in data.items() if key != named[0]}
        value = data[named[0]]
        return {**rest, "op": named[0], "value": tuple(value) if isinstance(value, list) else value}

    @model_validator(mode="after")
    def _operand_fits(self) -> Self:
        if self.op == "in" and (not isinstance(self.value, tuple) or not self.value):
            raise ValueError("in takes a list of at least one value")
        if self.op != "in" and isinstance(self.value, tuple):
            raise ValueError(f"{self.op} takes one value, not a list")
        if self.op == "present" and not isinstance(self.value, bool):
            raise ValueError("present takes true or false")
        if isinstance(self.value, Amounts) and self.op not in ("gte", "lte"):
            raise ValueError("money is compared with gte or lte")
        if self.op in ("gte", "lte") and not (
            isinstance(self.value, Amounts) or (isinstance(self.value, int) and not isinstance(self.value, bool))
        ):
            raise ValueError(f"{self.op} takes a whole number, or amounts by currency")
        return self

    @model_serializer
    def _as_written(self) -> dict[str, Any]:
        value = self.value.model_dump(mode="json") if isinstance(self.value, Amounts) else self.value
        written: dict[str, Any] = {
            "fact": self.fact,
            self.op: list(value) if isinstance(value, tuple) else value,
        }
        if self.visibility is not None:
            written["visibility"] = self.visibility
        return written


class All(Frozen):
    """True when every part is; an empty group is an error, never silently true."""

    all: tuple[Condition, ...] = Field(min_length=1)


class AnyOf(Frozen):
    """True when at least one part is."""

    any: tuple[Condition, ...] = Field(min_length=1)


class Not(Frozen):
    """True when the part is false; unknown stays unknown."""

    negated: Condition = Field(alias="not")

    @field_serializer("negated")
    def _plain(self, value: Condition) -> Any:
        return value.model_dump(mode="json", by_alias=True)


def _which(data: Any) -> Any:
    """Pick the kind of condition by its word first, so that an error speaks of that kind alone."""
    if isinstance(data, (All, AnyOf, Not, Test)) or not isinstance(data, dict):
        return data
    for word, kind in (("all", All), ("any", AnyOf), ("not", Not), ("fact", Test)):
        if word in data:
            return kind.model_validate(data)
    raise ValueError("a condition starts with all, any, not or fact")


Condition = Annotated[All | AnyOf | Not | Test, BeforeValidator(_which)]

for _model in (All, AnyOf, Not):
    _model.model_rebuild()


def tests_of(condition: All | AnyOf | Not | Test) -> Iterator[Test]:
    """Every comparison inside a condition, in reading order."""
    if isinstance(condition, Test):
        yield condition
    elif isinstance(condition, Not):
        yield from tests_of(condition.negated)
    else:
        for part in condition.all if isinstance(condition, All) else condition.any:
            yield from tests_of(part)
