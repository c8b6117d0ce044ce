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

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from escalations.core.facts import Money, Value
from escalations.core.matrix.layers import Standing, named, rules_tried, standing
from escalations.core.matrix.logic import Read, conjuncts, holds, in_region, in_scope
from escalations.core.matrix.tables import (
    ABSENT,
    Bands,
    Lookup,
    Steps,
    Words,
    answers,
    finder,
    partition,
)
from escalations.core.policy import (
    BANDS,
    Amounts,
    Band,
    Condition,
    Rule,
    StatutoryDeadline,
    Target,
    TargetKind,
    Trigger,
    tests_of,
)

if TYPE_CHECKING:
    from escalations.core.matrix.compiled import Matrix

PYTHON_TYPES: Mapping[str, type] = {"flag": bool, "number": int, "text": str, "list": tuple, "money": Money}
STATIC = frozenset(("category", "region"))
"""Facts that are settled by the place itself."""

SEVERITY_RANK: Mapping[Band, int] = {band: rank for rank, band in enumerate(BANDS)}
LAST_POSITION = 8


class Item(NamedTuple):
    """A rule, trigger or deadline as one bit: what it asks, and how it takes money in a currency without a band."""

    of: Rule | Trigger | StatutoryDeadline
    parts: tuple[Condition, ...]
    no_band: bool | None


class Raising(NamedTuple):
    """A trigger, ready to be compared: ranks are -1 where it raises nothing."""

    key: str
    origin: str
    enough: bool
    banded: bool
    """Whether no comparison with money can lack its currency."""
    level: str | None
    level_rank: int
    channel: str | None
    channel_rank: int
    severity: Band | None
    severity_rank: int
    targets: tuple[tuple[TargetKind, Target], ...]


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

    words: tuple[tuple[str, Callable[[Any, int], int], int], ...]
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
        self.raising = tuple(_raising(matrix, trigger) for trigger in central.triggers)
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
            # Whatever is asked of a value that does not count yet is unknown, so every condition on it fails.
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
        for key, look, rest in quick.words:
            mask &= look(get(key), rest)
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
        words=tuple((key, masks.get, masks.rest) for key, masks in lookups if isinstance(masks, Words)),
        steps=tuple((key, *masks) for key, masks in lookups if isinstance(masks, Steps)),
        bands=tuple((key, *masks) for key, masks in lookups if isinstance(masks, Bands)),
    )


def _raising(matrix: Matrix, trigger: Trigger) -> Raising:
    level, channel, severity = trigger.raises.level, trigger.raises.channel, trigger.raises.severity
    return Raising(
        key=trigger.key,
        origin=f"trigger:{trigger.key}",
        enough=trigger.claims == "enough",
        banded=not any(isinstance(test.value, Amounts) for test in tests_of(trigger.when)),
        level=level,
        level_rank=matrix.level_rank[level] if level is not None else -1,
        channel=channel,
        channel_rank=matrix.channel_rank[channel] if channel is not None else -1,
        severity=severity,
        severity_rank=SEVERITY_RANK[severity] if severity is not None else -1,
        targets=tuple(trigger.raises.targets.items()),
    )
