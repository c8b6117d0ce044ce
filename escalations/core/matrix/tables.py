"""Partitions: a fact's possible values cut into classes that no condition on that fact alone can tell apart.

A condition that reads one fact is then a column of answers, one per class, made by asking the interpreter about one
representative of each class. What a case's value says to two hundred rules is a single lookup.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from escalations.core.facts import Money, Value
from escalations.core.matrix.logic import Reading, holds
from escalations.core.policy import Amounts, Condition, Test, tests_of

T = TypeVar("T")

ABSENT = 0
"""The class of a fact that nobody gave, in every partition."""


class Words(dict[Value | None, T], Generic[T]):
    """The outputs of a partition by words: each value's own, or the rest's."""

    def __init__(self, items: Iterable[tuple[Value | None, T]], rest: T) -> None:
        super().__init__(items)
        self.rest = rest

    def __missing__(self, key: Value | None) -> T:
        return self.rest


class Steps(NamedTuple, Generic[T]):
    """The outputs of a partition by size: `found[bisect_right(edges, value)]`, or `absent`."""

    edges: Sequence[Any]
    found: Sequence[T]
    absent: T


class Bands(NamedTuple, Generic[T]):
    """The outputs of a partition of money: (edges, found) of each currency, of any other one, or `absent`."""

    currencies: Mapping[str, tuple[Sequence[Decimal], Sequence[T]]]
    foreign: tuple[Sequence[Decimal], Sequence[T]]
    absent: T


Lookup = Words[T] | Steps[T] | Bands[T]


class Partition(Protocol):
    """Classes of one fact's values. `classes[ABSENT]` is None; the others hold one value for each class."""

    @property
    def classes(self) -> Sequence[Value | None]: ...

    def lookup(self, outputs: Sequence[T]) -> Lookup[T]:
        """The outputs, one for each of `classes` in their order, arranged to be looked up by value."""
        ...


def finder(lookup: Lookup[T]) -> Callable[[Value | None], T]:
    """A lookup as a function from a value to the output of its class."""
    if isinstance(lookup, Words):
        return lookup.__getitem__
    if isinstance(lookup, Steps):
        edges, found, absent = lookup

        def step(value: Value | None) -> T:
            return absent if value is None else found[bisect_right(edges, value)]

        return step
    currencies, foreign, nothing = lookup

    def band(value: Value | None) -> T:
        if value is None:
            return nothing
        amount, currency = value  # type: ignore[misc, str-unpack]
        edges, found = currencies.get(currency, foreign)
        return found[bisect_right(edges, amount)]

    return band


def partition(kind: str, tests: Iterable[Test], values: Sequence[str] = ()) -> Partition:
    """The partition of a `flag`, `number`, `money` or `text` fact for these tests of it."""
    tests = [test for test in tests if test.op != "present"]
    if kind == "flag":
        return Flags()
    if kind == "number":
        points = {value for test in tests for value in operands(test) if isinstance(value, int)}
        # The answer changes at a point or just after it.
        return Numbers(sorted({edge for point in points for edge in (point, point + 1)}))
    if kind == "money":
        edges: dict[str, set[Decimal]] = {}
        for test in tests:
            if isinstance(test.value, Amounts):
                for currency, amount in test.value.by_currency.items():
                    edge = amount if test.op == "gte" else _EXACT.next_plus(amount)
                    edges.setdefault(currency, set()).add(edge)
        return Moneys({currency: sorted(amounts) for currency, amounts in edges.items()})
    named = sorted({value for test in tests for value in operands(test) if isinstance(value, str)})
    return Texts([*named, *(value for value in values if value not in named)], closed=bool(values))


def operands(test: Test) -> tuple[object, ...]:
    """What a test compares with, as a tuple."""
    return test.value if isinstance(test.value, tuple) else (test.value,)


def answers(condition: Condition, split: Partition, no_band: bool | None) -> list[bool]:
    """For each class, whether a condition on this one fact holds. False stands for unknown too."""
    if isinstance(split, Texts):
        # A text that the condition does not name is like every other; long lists stay cheap this way.
        own = {value for test in tests_of(condition) for value in operands(test)}
        rest = holds(condition, _always(split.other), no_band) is True
        return [
            holds(condition, _always(value), no_band) is True if value is None or value in own else rest
            for value in split.classes
        ]
    return [holds(condition, _always(value), no_band) is True for value in split.classes]


def _always(value: Reading) -> Callable[[str], Reading]:
    return lambda fact: value


class Flags:
    """Flags: true, false."""

    classes: Sequence[Value | None] = (None, False, True)

    def lookup(self, outputs: Sequence[T]) -> Lookup[T]:
        return Words(zip(self.classes, outputs, strict=True), outputs[ABSENT])


class Texts:
    """Texts: one class for each text that some condition names, one for all others.

    `closed` says that the fact is declared with its values, so that the class of others never occurs.
    """

    def __init__(self, named: Sequence[str], *, closed: bool = False) -> None:
        self.other = "·" * (1 + max((len(value) for value in named), default=0))
        self.closed = closed
        self.classes: Sequence[Value | None] = (None, self.other, *named)

    def lookup(self, outputs: Sequence[T]) -> Lookup[T]:
        return Words(zip(self.classes, outputs, strict=True), outputs[1])


class Numbers:
    """Whole numbers: one class from each edge to the next, one below the first."""

    def __init__(self, edges: Sequence[int]) -> None:
        self._edges = edges
        self.classes: Sequence[Value | None] = (None, edges[0] - 1 if edges else 0, *edges)

    def lookup(self, outputs: Sequence[T]) -> Lookup[T]:
        return Steps(self._edges, outputs[1:], outputs[ABSENT])


class Moneys:
    """Money: for each currency with bands one class from each edge to the next; one for all other currencies."""

    def __init__(self, edges: Mapping[str, Sequence[Decimal]]) -> None:
        self._edges = edges
        self.classes: Sequence[Value | None] = (
            None,
            Money(Decimal(1), ""),
            *(Money(edge, currency) for currency, own in edges.items() for edge in (own[0] - 1, *own)),
        )

    def lookup(self, outputs: Sequence[T]) -> Lookup[T]:
        currencies: dict[str, tuple[Sequence[Decimal], Sequence[T]]] = {}
        begin = 2
        for currency, own in self._edges.items():
            end = begin + len(own) + 1
            currencies[currency] = (own, outputs[begin:end])
            begin = end
        return Bands(currencies, ((), outputs[1:2]), outputs[ABSENT])


_EXACT = Context(prec=60)
"""So precise that no amount lies between a bound and the next number after it."""
