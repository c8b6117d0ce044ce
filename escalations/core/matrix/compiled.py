"""The compiled matrix: a policy's conditions as tables, so that a decision costs a few lookups.

Every rule, trigger and deadline has one byte, its lane, in a long integer; bit p - 1 of a lane says that the condition
at position p fails. For every fact and every class of its values (`tables`) there is such an integer; the OR of one
per fact says of all rules at once which of their conditions fail: a lane of zero is a match, and the lowest bit of any
other is the trace. Where only the first match is asked, masks with one bit per rule do the same without positions.

What does not fit a table (a condition over several facts, or over a list) is residual: interpreted where the rest of
its rule leaves the question open.

Places (a category in a region) are compiled when first asked for. Everything published is complete; what is added to
it later is only ever the same answer again, so threads share it without a lock.
"""

from __future__ import annotations

import weakref
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from escalations.core.facts import BUILTIN, Money, Value
from escalations.core.matrix.layers import Standing, UnknownRegion, named, rules_tried, standing
from escalations.core.matrix.logic import Read, conjuncts, holds, in_region, in_scope
from escalations.core.matrix.tables import (
    ABSENT,
    Bands,
    Lookup,
    Steps,
    Words,
    answers,
    certain,
    finder,
    operands,
    partition,
)
from escalations.core.policy import Amounts, Condition, Policy, Rule, StatutoryDeadline, Test, Trigger, tests_of

PYTHON_TYPES: Mapping[str, type] = {"flag": bool, "number": int, "text": str, "list": tuple, "money": Money}
STATIC = frozenset(("category", "region"))
"""Facts that are settled by the place itself."""

LAST_POSITION = 8


class Item(NamedTuple):
    """A rule, trigger or deadline as one bit: what it asks, and how it takes money in a currency without a band."""

    of: Rule | Trigger | StatutoryDeadline
    parts: tuple[Condition, ...]
    no_band: bool | None


class Field(NamedTuple):
    """One fact as a place reads it. `evaluate` takes these apart in this order."""

    key: str
    type: type
    find: Callable[[Value | None], int]
    """The lanes of what this value fails."""
    absent: int
    masked: int
    """The lanes of what fails when the value does not count yet."""
    write: Callable[[Any], Any] | None
    """How the value is recorded; None when as it is."""


class Table(NamedTuple):
    """One fact's field, and for the quick match the masks of rules that each class does not fail."""

    field: Field
    masks: Lookup[int]
    left: float
    """How many rules a class leaves on average."""


@dataclass(frozen=True)
class Quick:
    """The masks alone, by the shape of their lookup: what `first_match` needs."""

    words: tuple[tuple[str, Words[int]], ...]
    steps: tuple[tuple[str, Sequence[Any], Sequence[int], int], ...]
    bands: tuple[tuple[str, Mapping[str, tuple[Sequence[Any], Sequence[int]]], Any, int], ...]


@dataclass(frozen=True)
class Place:
    """One category in one region, ready to decide."""

    category: str
    region: str
    chain: tuple[str, ...]
    standing: Standing
    lanes: int
    """What fails by category and region alone; what is out of scope fails at position 1."""
    unscoped: int
    """What turns the trace bytes of the rules out of scope from 1 into NOT_IN_SCOPE."""
    mask: int
    """The rules left by category and region."""
    fields: tuple[Field, ...]
    quick: Quick
    untabled: tuple[Field, ...]
    """Facts that only residual conditions read."""
    residual: Mapping[int, tuple[tuple[int, Condition], ...]]
    """Residual conditions by item, with their positions, in order."""
    recorded: Mapping[str, Any]
    followed: dict[tuple[int, int], Standing] = field(default_factory=dict)
    """The outcome after a rule, by that rule and the one that guards level and channel; filled as cases come."""


class RegionMatrix:
    """A region's part of the matrix: its rules in the order tried, and the tables of its facts."""

    def __init__(self, matrix: Matrix, region: str) -> None:
        policy = matrix.policy
        self.matrix = matrix
        self.region = region
        self.chain = policy.region_chain(region)
        self.rules = rules_tried(policy, region)
        self.names = tuple(named(rule.then) for rule in self.rules)
        central = policy.central
        self.triggers = central.triggers
        self.deadlines = tuple(central.statutory)
        self.money_triggers = frozenset(
            number
            for number, trigger in enumerate(central.triggers)
            if any(isinstance(test.value, Amounts) for test in tests_of(trigger.when))
        )
        # Rules that lack a band do not match; what protects (triggers, deadlines) applies all the same.
        self.items = tuple(
            Item(of, conjuncts(of.when), no_band)
            for group, no_band in ((self.rules, None), (central.triggers, True), (central.statutory.values(), True))
            for of in group
        )
        self.first_trigger = len(self.rules)
        self.first_deadline = len(self.rules) + len(central.triggers)
        self.silent = bytes(len(central.triggers))
        self._here = [in_region(item.of.regions, self.chain) for item in self.items]
        self._places: dict[str, Place] = {}

    @cached_property
    def _tables(self) -> dict[str, Table]:
        """Every fact that some condition reads alone, with its table over all items of this region."""
        columns: dict[str, list[tuple[int, int, Condition]]] = {}
        for index, item in enumerate(self.items):
            for position, part in enumerate(item.parts, 1):
                fact = self._alone(part)
                if fact is not None and self._here[index]:
                    columns.setdefault(fact, []).append((index, position, part))
        return {fact: self._table(fact, column) for fact, column in columns.items()}

    def _alone(self, part: Condition) -> str | None:
        """The one fact that a condition reads, when a table can hold it."""
        facts = {test.fact for test in tests_of(part)}
        fact = next(iter(facts))
        return fact if len(facts) == 1 and fact not in STATIC and self.matrix.kinds[fact] != "list" else None

    def _table(self, fact: str, column: Sequence[tuple[int, int, Condition]]) -> Table:
        kind = self.matrix.kinds[fact]
        split = partition(kind, (test for _, _, part in column for test in tests_of(part)))
        every = (1 << len(self.rules)) - 1
        masks, lanes, masked = [every] * len(split.classes), [0] * len(split.classes), 0
        for index, position, part in column:
            no_band, lane = self.items[index].no_band, _lane(index, position)
            for number, answer in enumerate(answers(part, split, no_band)):
                if not answer:
                    masks[number] &= ~(1 << index)
                    lanes[number] |= lane
            if not certain(part, no_band):
                masked |= lane
        return Table(
            Field(
                fact,
                PYTHON_TYPES[kind],
                finder(split.lookup(lanes)),
                lanes[ABSENT],
                masked,
                self.matrix.writers.get(fact),
            ),
            split.lookup(masks),
            sum(mask.bit_count() for mask in masks) / len(masks),
        )

    def _untabled(self, fact: str) -> Field:
        kind = PYTHON_TYPES[self.matrix.kinds[fact]]
        return Field(fact, kind, lambda value: 0, 0, 0, self.matrix.writers.get(fact))

    def place(self, category: str) -> Place:
        """The place of a category here. Raises UnknownCategory or UnknownRegion."""
        found = self._places.get(category)
        if found is None:
            found = self._places[category] = self._build(category)
        return found

    def _build(self, category: str) -> Place:
        mask = lanes = unscoped = 0
        tabled: set[str] = set()
        also: set[str] = set()
        residual: dict[int, tuple[tuple[int, Condition], ...]] = {}
        static = {"category": category, "region": self.region}
        read: set[str] = set()
        for index, item in enumerate(self.items):
            rule = index < len(self.rules)
            if not (self._here[index] and in_scope(item.of.categories, category)):
                lanes |= _lane(index, 1)
                unscoped |= 0xFF << (8 * index) if rule else 0
                continue
            failed, left = 0, []
            for position, part in enumerate(item.parts, 1):
                facts = {test.fact for test in tests_of(part)}
                read |= facts
                fact = self._alone(part)
                if fact is not None:
                    tabled.add(fact)
                elif facts <= STATIC:
                    if holds(part, static.get, item.no_band) is not True:
                        failed |= _lane(index, position)
                else:
                    left.append((position, part))
                    also |= facts - STATIC
            lanes |= failed
            mask |= 1 << index if rule and not failed else 0
            if left:
                residual[index] = tuple(left)
        tables = [self._tables[fact] for fact in sorted(tabled)]
        return Place(
            category=category,
            region=self.region,
            chain=self.chain,
            standing=standing(self.matrix.policy, category, self.region),
            lanes=lanes,
            unscoped=unscoped,
            mask=mask,
            fields=tuple(table.field for table in tables),
            quick=_quick(tables),
            untabled=tuple(self._untabled(fact) for fact in sorted(also - tabled)),
            residual=residual,
            recorded={fact: {"value": static[fact], "state": "given"} for fact in sorted(read & STATIC)},
        )

    def rest_holds(self, index: int, place: Place, read: Read) -> bool:
        """Whether an item's residual conditions hold."""
        no_band = self.items[index].no_band
        return all(holds(part, read, no_band) is True for _, part in place.residual.get(index, ()))

    def first_match(self, values: Mapping[str, Value]) -> int | None:
        """The position in `rules` of the first rule that matches, without trace or claims; None when none does.

        `values` are plain values by fact, `category` among them; a fact that is not there is unknown. Raises
        UnknownCategory. This is the matching that `evaluate` does, alone.
        """
        category = values["category"]
        place = self._places.get(category) or self.place(category)  # type: ignore[arg-type]
        quick, get = place.quick, values.get
        mask = place.mask
        for key, table in quick.words:
            mask &= table[get(key)]
            if not mask:
                return None
        for key, edges, found, absent in quick.steps:
            value = get(key)
            mask &= absent if value is None else found[bisect_right(edges, value)]
        if not mask:
            return None
        for key, currencies, foreign, absent in quick.bands:
            value = get(key)
            if value is None:
                mask &= absent
            else:
                amount, currency = value  # type: ignore[misc, str-unpack]
                edges, found = currencies.get(currency, foreign)
                mask &= found[bisect_right(edges, amount)]
        if not mask:
            return None
        if place.residual:
            read = {**values, "category": place.category, "region": place.region}.get
            while mask and not self.rest_holds((mask & -mask).bit_length() - 1, place, read):
                mask &= mask - 1
        return (mask & -mask).bit_length() - 1 if mask else None

    def first_open(self, lanes: bytes, start: int, end: int, place: Place, read: Read) -> int:
        """The first item between two whose lane is zero and whose residual conditions hold; -1 when there is none."""
        index = lanes.find(0, start, end)
        while index in place.residual and not self.rest_holds(index, place, read):
            index = lanes.find(0, index + 1, end)
        return index


def _lane(index: int, position: int) -> int:
    return 1 << (8 * index + min(position, LAST_POSITION) - 1)


def _quick(tables: Sequence[Table]) -> Quick:
    # Those that leave the fewest rules come first: where nothing is left, the rest need not be asked.
    lookups = [(table.field.key, table.masks) for table in sorted(tables, key=lambda table: table.left)]
    return Quick(
        words=tuple((key, masks) for key, masks in lookups if isinstance(masks, Words)),
        steps=tuple((key, *masks) for key, masks in lookups if isinstance(masks, Steps)),
        bands=tuple((key, *masks) for key, masks in lookups if isinstance(masks, Bands)),
    )


class Matrix:
    """A policy, compiled place by place as cases come in. Get it from `matrix_of`; safe to share between threads."""

    def __init__(self, policy: Policy) -> None:
        # The cache holds a matrix no longer than its policy lives, so the matrix must not keep the policy alive.
        self._policy = weakref.ref(policy)
        central = policy.central
        self.kinds: Mapping[str, str] = {**BUILTIN, **{key: fact.type for key, fact in central.facts.items()}}
        self.level_rank = {key: level.rank for key, level in central.levels.items()}
        self.channel_rank = {key: channel.rank for key, channel in central.channels.items()}
        self.region_of = {code: category.region_of for code, category in central.categories.items()}
        self.writers = self._writers(policy)
        self._regions: dict[str, RegionMatrix] = {}

    @property
    def policy(self) -> Policy:
        """The policy that this is compiled from."""
        policy = self._policy()
        if policy is None:
            raise ReferenceError("the policy of this matrix is gone; keep the policy while you use its matrix")
        return policy

    def of_region(self, region: str, whose: str = "case") -> RegionMatrix:
        """The matrix of one region, by its key. Raises UnknownRegion, in words that say whose region it is."""
        found = self._regions.get(region)
        if found is None:
            if region not in self.policy.central.regions:
                raise UnknownRegion(region, whose, self.policy)
            found = self._regions[region] = RegionMatrix(self, region)
        return found

    def _writers(self, policy: Policy) -> dict[str, Callable[[Any], Any]]:
        """How the facts are recorded that cannot be recorded as they are.

        A text or list is recorded as far as the policy itself names its words: what a party wrote never gets into a
        decision, and the decision can be made again from its record all the same.
        """
        named_words: dict[str, set[str]] = {}
        for test in every_test(policy):
            named_words.setdefault(test.fact, set()).update(word for word in operands(test) if isinstance(word, str))
        writers: dict[str, Callable[[Any], Any]] = {}
        for key, fact in policy.central.facts.items():
            words = frozenset(named_words.get(key, set())) | frozenset(fact.values)
            if fact.type == "money":
                writers[key] = _money
            elif fact.type == "text":
                writers[key] = _known_word(words)
            elif fact.type == "list":
                writers[key] = _known_words(words)
        return writers


def _money(value: Money) -> dict[str, str]:
    text = str(value.amount)
    return {"amount": text if "E" not in text else f"{value.amount:f}", "currency": value.currency}


def _known_word(words: frozenset[str]) -> Callable[[Any], Any]:
    return lambda value: value if value in words else None


def _known_words(words: frozenset[str]) -> Callable[[Any], Any]:
    return lambda value: [item for item in value if item in words]


def every_test(policy: Policy) -> Iterable[Test]:
    """Every comparison of a policy, of rules (the centre's and the regions'), triggers and deadlines."""
    central = policy.central
    conditions = (
        *(rule.when for rules in (central.rules, *(part.rules for part in policy.variants.values())) for rule in rules),
        *(trigger.when for trigger in central.triggers),
        *(deadline.when for deadline in central.statutory.values()),
    )
    for condition in conditions:
        if condition is not None:
            yield from tests_of(condition)


_COMPILED: dict[int, Matrix] = {}


def matrix_of(policy: Policy) -> Matrix:
    """The compiled matrix of a policy object: made once, kept as long as the policy lives, shared by threads."""
    found = _COMPILED.get(id(policy))
    if found is None:
        found = _COMPILED[id(policy)] = Matrix(policy)
        weakref.finalize(policy, _COMPILED.pop, id(policy), None)
    return found
