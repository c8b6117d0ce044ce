"""The compiled matrix: a policy's conditions as tables, so that a decision costs a few lookups.

For every fact and every class of its values (`tables`), one integer has a bit for each rule that this fact does not
fail; the rules that match are the AND of one integer per fact, and the first is the lowest bit. A second integer, the
lanes, has one byte per rule, in which bit p - 1 says that the condition at position p failed: their OR gives the byte
trace. Triggers and statutory deadlines are bits above the rules'. What does not fit a table (a condition over several
facts, or over a list) is residual and interpreted, for the candidates alone.

Places (a category in a region) are compiled when first asked for. Everything published is complete and never changed,
so threads share it without a lock; at worst two of them build the same place.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from escalations.core.facts import BUILTIN, Money, Value, plain
from escalations.core.matrix.layers import Standing, UnknownRegion, named, rules_tried, standing
from escalations.core.matrix.logic import Read, conjuncts, holds, in_region, in_scope
from escalations.core.matrix.tables import ABSENT, answers, certain, operands, partition
from escalations.core.policy import Amounts, Condition, Policy, Rule, StatutoryDeadline, Test, Trigger, tests_of

PYTHON_TYPES: Mapping[str, type] = {"flag": bool, "number": int, "text": str, "list": tuple, "money": Money}
STATIC = frozenset(("category", "region"))
"""Facts that are settled by the place itself."""

LAST_POSITION = 8

Entry = tuple[int, int]
"""Of one class of one fact: the mask of items that it does not fail, and the lanes of the rules that it fails."""


class Item(NamedTuple):
    """A rule, trigger or deadline as one bit: what it asks, and how it takes money in a currency without a band."""

    of: Rule | Trigger | StatutoryDeadline
    parts: tuple[Condition, ...]
    no_band: bool | None


class Field(NamedTuple):
    """One fact as a place reads it."""

    key: str
    type: type
    find: Callable[[Value | None], Entry]
    absent: Entry
    certain: int
    """The items that this fact does not fail even when its value does not count yet."""
    write: Callable[[Any], Any] | None
    """How the value is recorded; None when as it is."""


@dataclass(frozen=True)
class Place:
    """One category in one region, ready to decide."""

    category: str
    region: str
    chain: tuple[str, ...]
    standing: Standing
    mask: int
    """The items in scope that category and region do not fail."""
    lanes: int
    unscoped: int
    """What turns the trace bytes of the rules out of scope from 1 into NOT_IN_SCOPE."""
    fields: tuple[Field, ...]
    untabled: tuple[Field, ...]
    """Facts that only residual conditions read."""
    residual: Mapping[int, tuple[tuple[int, Condition], ...]]
    """Residual conditions by item, with their positions, in order."""
    recorded: Mapping[str, Any]


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
        self.trigger_bits = ((1 << len(central.triggers)) - 1) << len(self.rules)
        self.rule_bits = (1 << len(self.rules)) - 1
        self._here = [in_region(item.of.regions, self.chain) for item in self.items]
        self._places: dict[str, Place] = {}

    @cached_property
    def _tables(self) -> dict[str, Field]:
        """Every fact that some condition reads alone, with its table over all items of this region."""
        columns: dict[str, list[tuple[int, int, Condition]]] = {}
        for index, item in enumerate(self.items):
            for position, part in enumerate(item.parts, 1):
                fact = self._alone(part)
                if fact is not None and self._here[index]:
                    columns.setdefault(fact, []).append((index, position, part))
        return {fact: self._field(fact, column) for fact, column in columns.items()}

    def _alone(self, part: Condition) -> str | None:
        """The one fact that a condition reads, when a table can hold it."""
        facts = {test.fact for test in tests_of(part)}
        fact = next(iter(facts))
        return fact if len(facts) == 1 and fact not in STATIC and self.matrix.kinds[fact] != "list" else None

    def _field(self, fact: str, column: Iterable[tuple[int, int, Condition]] = ()) -> Field:
        matrix, column = self.matrix, tuple(column)
        kind = matrix.kinds[fact]
        every = (1 << len(self.items)) - 1
        write = matrix.writers.get(fact)
        if kind == "list":
            return Field(fact, tuple, lambda value: (every, 0), (every, 0), every, write)
        split = partition(kind, (test for _, _, part in column for test in tests_of(part)))
        masks, lanes, sure = [every] * len(split.classes), [0] * len(split.classes), every
        for index, position, part in column:
            no_band = self.items[index].no_band
            for number, answer in enumerate(answers(part, split, no_band)):
                if not answer:
                    masks[number] &= ~(1 << index)
                    lanes[number] |= self._lane(index, position)
            if not certain(part, no_band):
                sure &= ~(1 << index)
        entries = list(zip(masks, lanes, strict=True))
        return Field(fact, PYTHON_TYPES[kind], split.finder(entries), entries[ABSENT], sure, write)

    def _lane(self, index: int, position: int) -> int:
        return 1 << (8 * index + min(position, LAST_POSITION) - 1) if index < len(self.rules) else 0

    def place(self, category: str) -> Place:
        """The place of a category here. Raises UnknownCategory or UnknownRegion."""
        found = self._places.get(category)
        if found is None:
            found = self._places[category] = self._build(category)
        return found

    def _build(self, category: str) -> Place:
        mask = lanes = unscoped = 0
        tabled: dict[str, int] = {}
        also: set[str] = set()
        residual: dict[int, tuple[tuple[int, Condition], ...]] = {}
        static = {"category": category, "region": self.region}
        read: set[str] = set()
        for index, item in enumerate(self.items):
            if not (self._here[index] and in_scope(item.of.categories, category)):
                lanes |= self._lane(index, 1)
                unscoped |= 0xFF << (8 * index) if index < len(self.rules) else 0
                continue
            mask |= 1 << index
            left = []
            for position, part in enumerate(item.parts, 1):
                facts = {test.fact for test in tests_of(part)}
                read |= facts
                fact = self._alone(part)
                if fact is not None:
                    tabled[fact] = tabled.get(fact, 0) + 1
                elif facts <= STATIC:
                    if holds(part, static.get, item.no_band) is not True:
                        mask &= ~(1 << index)
                        lanes |= self._lane(index, position)
                else:
                    left.append((position, part))
                    also |= facts - STATIC
            if left:
                residual[index] = tuple(left)
        tables = self._tables
        return Place(
            category=category,
            region=self.region,
            chain=self.chain,
            standing=standing(self.matrix.policy, category, self.region),
            mask=mask,
            lanes=lanes,
            unscoped=unscoped,
            # The facts that most conditions read come first: nothing is left to match the sooner.
            fields=tuple(tables[fact] for fact in sorted(tabled, key=lambda fact: (-tabled[fact], fact))),
            untabled=tuple(self._field(fact) for fact in sorted(also - tabled.keys())),
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
        place = self.place(str(values["category"]))
        mask = place.mask & self.rule_bits
        get = values.get
        for field in place.fields:
            mask &= field[2](get(field[0]))[0]
            if not mask:
                return None
        if place.residual:
            static = {"category": place.category, "region": place.region}
            index = self.first(mask, place, {**values, **static}.get)
        else:
            index = (mask & -mask).bit_length() - 1
        return index if index >= 0 else None

    def first(self, mask: int, place: Place, read: Read) -> int:
        """The lowest item of a mask whose residual conditions hold; -1 when there is none."""
        while mask:
            low = mask & -mask
            index = low.bit_length() - 1
            if index not in place.residual or self.rest_holds(index, place, read):
                return index
            mask ^= low
        return -1


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
                writers[key] = plain
            elif fact.type == "text":
                writers[key] = _known_word(words)
            elif fact.type == "list":
                writers[key] = _known_words(words)
        return writers


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
