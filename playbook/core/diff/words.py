"""What a difference is told with: the names, spans, amounts and conditions of both editions, for one reader."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from escalations.core.facts import Fact, Facts
from escalations.core.matrix.logic import conjuncts
from escalations.core.policy import (
    Amounts,
    AnyOf,
    CategoryPolicy,
    Condition,
    FactDefinition,
    Policy,
    Region,
    Span,
    Target,
    Test,
    tests_of,
)
from escalations.core.policy.document import Central
from escalations.core.words import MaySee, Phrases, amount, everyone, span
from escalations.core.words.phrases import RESTRICTED, TARGET_NAMES, listing
from playbook.core.diff.value import ABSENT, Content, mapping
from playbook.core.entries import CENTRE, VARIANT

Row = Mapping[str, Any]
Model = TypeVar("Model", bound=BaseModel)
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
PEOPLE = {"assignee": "whoever has the case", "team_lead": "the team's lead", "receiver": "the lead who receives it"}
SIDES = {"buyer": "buyers", "seller": "sellers", "platform": "the marketplace as a whole"}
TARGETS = {**TARGET_NAMES, "tier": "step of the ladder", "statutory": "deadline by law"}
# What is not written holds these values: as in `escalations.core.policy.document`, where a test compares them.
DEFAULTS: Mapping[str, Any] = {
    "channel": "general",
    "severity": "normal",
    "region_of": "buyer",
    "claims": "verified",
    "needed_from": "party",
    "required": True,
    "signal": False,
    "sensitive": False,
    "kind": "severity",
    "tell": ["assignee", "team_lead"],
    "starts": "receipt",
    "confirmed_by_counsel": False,
    "most": 2,
    "warn": [75],
    "money": True,
    "languages": ["en"],
    "currency": "EUR",
    "fields": ["owner", "backups", "targets"],
    "own_rules": True,
    "mask_contact": True,
    "reason_to_unmask": True,
    "keep": 1,
}


class Side:
    """One of the two editions, looked things up in. Nothing is taken for granted: drafts are compared too."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.central = mapping(mapping(content.policy).get("central"))
        self._lists: dict[tuple[str, str], dict[Any, Row]] = {}
        self._covered: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.scenarios = [mapping(scenario) for scenario in content.scenarios]
        self.variants = {key: mapping(part) for key, part in mapping(content.policy.get("variants")).items()}

    def section(self, name: str) -> Row:
        """A section of the centre, by key."""
        return mapping(self.central.get(name))

    def row(self, section: str, key: str) -> Row:
        """A thing of the centre, empty when it is not there."""
        return mapping(self.section(section).get(key))

    def name(self, section: str, key: str) -> str | None:
        """The name of a thing, None when it has none."""
        name = self.row(section, key).get("name")
        return name if isinstance(name, str) and name else None

    def listed(self, part: str, section: str) -> list[Row]:
        """The rules or triggers of a part."""
        return list(self._keyed(part, section).values())

    def find(self, part: str, section: str, key: str) -> Row:
        """A rule or trigger by its key, empty when it is not there."""
        return self._keyed(part, section).get(key, {})

    def _keyed(self, part: str, section: str) -> dict[Any, Row]:
        """The things of a list by their keys; one without a key of its own stands under its number."""
        if (part, section) not in self._lists:
            holder = self.central if part == CENTRE else self.variants.get(part.removeprefix(VARIANT), {})
            things = holder.get(section)
            found: dict[Any, Row] = {}
            for number, thing in enumerate(things if isinstance(things, list) else []):
                row = mapping(thing)
                key = row.get("key")
                found[key if isinstance(key, str) and key not in found else number] = row
            self._lists[part, section] = found
        return self._lists[part, section]

    @cached_property
    def rules(self) -> list[tuple[str, Row]]:
        """All rules with the part that each stands in."""
        parts = [CENTRE, *(VARIANT + region for region in sorted(self.variants))]
        return [(part, rule) for part in parts for rule in self.listed(part, "rules")]

    @cached_property
    def ruling(self) -> list[tuple[Row, tuple[Test, ...]]]:
        """All rules and triggers, with the comparisons that each makes."""
        rows = [*(rule for _, rule in self.rules), *self.listed(CENTRE, "triggers")]
        conditions = [condition_of(row["when"]) if "when" in row else None for row in rows]
        return [
            (row, tuple(tests_of(condition)) if condition is not None else ())
            for row, condition in zip(rows, conditions, strict=True)
        ]

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Codes of all categories."""
        return tuple(sorted(self.section("categories")))

    @cached_property
    def policy(self) -> Policy:
        """As much of a policy as phrases are made from, unchecked."""
        models: tuple[tuple[str, type[BaseModel]], ...] = (
            ("facts", FactDefinition),
            ("regions", Region),
            ("categories", CategoryPolicy),
        )
        central: dict[str, Any] = {section: _Loose(model, self.section(section)) for section, model in models}
        whole: dict[str, Any] = {"central": Central.model_construct(**central)}
        return Policy.model_construct(**whole)

    def stands(self, region: str | None, code: str | None, kind: str) -> tuple[Any, str]:
        """The target of a category where the place itself says nothing of it, and whose it is.

        The place is the centre for `region` None, and every category of the region for `code` None. (ABSENT, "") when
        there is none, or none that holds for all of the place.
        """
        if region is not None:
            for here in (region, *self.above(region)):
                variant = self.variants.get(here, {})
                of_category = mapping(mapping(variant.get("categories")).get(code)) if here != region and code else {}
                of_all = variant if here != region or code else {}
                for targets in (of_category, of_all):
                    if kind in (own := mapping(targets.get("targets"))):
                        return own[kind], self.name("regions", here) or here
            if code is None:
                return ABSENT, ""
            if kind in (own := mapping(self.row("categories", code).get("targets"))):
                return own[kind], "the centre"
        default = mapping(self.row_of("defaults").get("targets")).get(kind, ABSENT)
        return default, "the default" if default is not ABSENT else ""

    def above(self, region: str) -> Iterator[str]:
        """A region's ancestors, nearest first."""
        seen = {region}
        current = self.row("regions", region).get("parent")
        while isinstance(current, str) and current not in seen:
            yield current
            seen.add(current)
            current = self.row("regions", current).get("parent")

    def row_of(self, section: str) -> Row:
        """A section that is one thing."""
        return mapping(self.central.get(section))

    def covered(self, scope: Row) -> tuple[str, ...]:
        """Codes of the categories that a scope covers."""
        codes = texts(scope.get("categories"))
        if codes not in self._covered:
            # `matrix.logic.in_scope`, for many codes at once.
            below = tuple(f"{code}." for code in codes)
            self._covered[codes] = tuple(
                code for code in self.codes if not codes or code in codes or code.startswith(below)
            )
        return self._covered[codes]


class Telling:
    """Words for one difference and one reader. Names are the new edition's, or the old one's for what is gone."""

    def __init__(self, old: Side, new: Side, may_see: MaySee = everyone) -> None:
        self.old, self.new, self.may_see = old, new, may_see

    def name(self, section: str, key: str) -> str:
        """The name of a thing, its key where it has none; of a level also the key, which people use."""
        name = self.new.name(section, key) or self.old.name(section, key)
        if section == "levels" and name and name != key:
            return f"{key} {name}"
        return name or key

    def names(self, section: str, keys: Any, none: str = "nobody") -> str:
        """Several of them in one phrase. Names of categories are sentences now and then, and so are quoted."""
        mark = "'" if section == "categories" else ""
        return listing([f"{mark}{self.name(section, key)}{mark}" for key in texts(keys)]) or none

    def hidden(self, row: Row) -> bool:
        """Whether a rule or trigger is kept from the reader."""
        visibility = row.get("visibility")
        return isinstance(visibility, str) and not self.may_see(visibility)

    def asks(self, condition: Any, *, old: bool, scope: Row) -> str | None:
        """What a condition demands of cases in a scope; None for one that cannot be read."""
        read = condition_of(condition)
        return None if read is None else _holding(self._phrases(old, scope).asks(read))

    def asked(self, before: Any, after: Any, old_scope: Row, new_scope: Row) -> Asked | None:
        """What the one condition demands and the other does not, both ways. None when one of them cannot be read."""
        one, other = condition_of(before), condition_of(after)
        if one is None or other is None:
            return None
        ours, theirs = conjuncts(one), conjuncts(other)
        gone, come = _only(ours, theirs), _only(theirs, ours)
        stays = len(gone) < len(ours) or len(come) < len(theirs)
        among = False
        if len(gone) == len(come) == 1:
            (left,), (right,) = gone, come
            if isinstance(left, AnyOf) and isinstance(right, AnyOf):
                fewer, more = _only(left.any, right.any), _only(right.any, left.any)
                if len(fewer) == len(more) == 1 and len(fewer) < len(left.any):
                    (left,), (right,), among = fewer, more, True
            gone, come = ([part] for part in _without_equal_amounts(left, right))
        ours_in_words = self._phrases(True, old_scope)
        theirs_in_words = self._phrases(False, new_scope)
        return Asked(
            _holding(" and ".join(dict.fromkeys(ours_in_words.asks(part) for part in gone))),
            _holding(" and ".join(dict.fromkeys(theirs_in_words.asks(part) for part in come))),
            stays,
            among,
        )

    def _phrases(self, old: bool, scope: Row) -> Phrases:
        """Phrases of one edition; where a scope is one category, its symptoms are called by their names."""
        codes = texts(scope.get("categories"))
        facts = Facts({"category": Fact(codes[0])}) if len(codes) == 1 else None
        return Phrases((self.old if old else self.new).policy, self.may_see, facts)


class Asked(NamedTuple):
    """What two conditions demand of each other's; `stays`: beside what both demand, `among`: as one of several ways.

    Both are the same where the reader may not see what differs, and empty where only the order does.
    """

    gone: str
    come: str
    stays: bool
    among: bool


def _holding(said: str) -> str:
    """A phrase after `when`: a restricted condition by itself is not yet one."""
    return f"{said} holds" if said.endswith(RESTRICTED) else said


def _only(ours: Iterable[Condition], theirs: Iterable[Condition]) -> list[Condition]:
    """The parts of the one that the other does not have."""
    others = tuple(theirs)
    return [part for part in ours if part not in others]


def _without_equal_amounts(one: Condition, other: Condition) -> tuple[Condition, Condition]:
    """Two comparisons of one fact with money, each without the currencies in which they are the same."""
    if not (isinstance(one, Test) and isinstance(other, Test)) or (one.fact, one.op) != (other.fact, other.op):
        return one, other
    if not (isinstance(one.value, Amounts) and isinstance(other.value, Amounts)):
        return one, other
    ours, theirs = one.value.by_currency, other.value.by_currency
    differ = {currency for currency in {*ours, *theirs} if ours.get(currency) != theirs.get(currency)}
    if not differ or not (differ & ours.keys() and differ & theirs.keys()):
        return one, other

    def only(test: Test, amounts: Mapping[str, Any]) -> Test:
        kept = Amounts(by_currency={currency: amounts[currency] for currency in amounts if currency in differ})
        return test.model_copy(update={"value": kept})

    return only(one, ours), only(other, theirs)


class _Loose(Mapping[str, Model]):
    """Models of what is there, unchecked, each made when it is asked for, with some name at least."""

    def __init__(self, model: type[Model], rows: Row) -> None:
        self._model, self._rows = model, rows

    def __getitem__(self, key: str) -> Model:
        values = mapping(self._rows[key])
        name = values.get("name")
        known = {field: values[field] for field in self._model.model_fields if field in values}
        return self._model.model_construct(**{**known, "name": name if isinstance(name, str) and name else key})

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def condition_of(value: Any) -> Condition | None:
    """A condition as it is written, None when it is none."""
    try:
        return _CONDITION.validate_python(value)
    except ValidationError:
        return None


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list, none when it is no list."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def span_of(value: Any) -> str:
    """A span as it is written, in words."""
    try:
        return span(Span.model_validate({key: item for key, item in mapping(value).items() if key != "warn"}))
    except ValidationError:
        return plainly(value)


def warned(value: Any) -> str:
    """When a target is warned of: `at 50 % and 80 %`."""
    try:
        shares = Target.model_validate(value).warn
    except ValidationError:
        return ""
    return f"at {listing([f'{share} %' for share in shares])}" if shares else "not at all"


def amounts_of(value: Any, only: Iterable[str] | None = None, last: str = "or") -> str:
    """Amounts as they are written, in words: `EUR 1,000 or USD 1,100`."""
    try:
        named = Amounts.model_validate(value).by_currency
    except ValidationError:
        return plainly(value)
    chosen = named if only is None else {currency: named[currency] for currency in only if currency in named}
    return listing([amount(number, currency) for currency, number in sorted(chosen.items())], last)


def quoted(text: Any, most: int = 140) -> str:
    """A text in quotation marks, cut to its first words when it is long."""
    return f"“{textwrap.shorten(text if isinstance(text, str) else plainly(text), most, placeholder=' …')}”"


def spoken(word: str) -> str:
    """A field's or key's word as one says it."""
    return word.replace("_", " ")


def plainly(value: Any) -> str:
    """Any JSON value in words, for what no sayer knows."""
    if value is ABSENT or value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{spoken(key)} {plainly(item)}" for key, item in sorted(value.items())) or "nothing"
    if isinstance(value, list | tuple):
        return listing([plainly(item) for item in value]) or "nothing"
    return textwrap.shorten(str(value), 140, placeholder=" …") or "an empty text"
