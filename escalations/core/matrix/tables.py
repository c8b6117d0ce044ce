"""Partitions: a fact's possible values cut into classes that no condition on that fact alone can tell apart.

A condition that reads one fact is then a column of answers, one per class, made by asking the interpreter about one
representative of each class. What a case's value says to two hundred rules is a single lookup.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from escalations.core.facts import Money, Value
from escalations.core.matrix.logic import MASKED, Reading, holds
from escalations.core.policy import Amounts, Condition, Test, tests_of

T = TypeVar("T")

ABSENT = 0
"""The class of a fact that nobody gave, in every partition."""


class Partition(Protocol):
    """Classes of one fact's values. `classes[ABSENT]` is None; the others hold one value for each class."""

    @property
    def classes(self) -> Sequence[Value | None]: ...

    def finder(self, outputs: Sequence[T]) -> Callable[[Value | None], T]:
        """A quick function from a value to the output of its class, in the order of `classes`."""
        ...


def partition(kind: str, tests: Iterable[Test], values: Sequence[str] = ()) -> Partition:
    """The partition of a `flag`, `number`, `money` or `text` fact for these tests of it."""
    tests = [test for test in tests if test.op != "present"]
    if kind == "flag":
        return Named((False, True))
    if kind == "number":
        return Numbers(sorted({value for test in tests for value in operands(test) if isinstance(value, int)}))
    if kind == "money":
        points: dict[str, set[Decimal]] = {}
        for test in tests:
            if isinstance(test.value, Amounts):
                for currency, amount in test.value.by_currency.items():
                    points.setdefault(currency, set()).add(amount)
        return Moneys({currency: sorted(amounts) for currency, amounts in points.items()})
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


def certain(condition: Condition, no_band: bool | None) -> bool:
    """Whether a condition holds even when its fact's value does not count yet."""
    return holds(condition, _always(MASKED), no_band) is True


def _always(value: Reading) -> Callable[[str], Reading]:
    return lambda fact: value


class Named:
    """Flags: one class for each value."""

    def __init__(self, values: Sequence[Value]) -> None:
        self.classes: Sequence[Value | None] = (None, *values)

    def finder(self, outputs: Sequence[T]) -> Callable[[Value | None], T]:
        return dict(zip(self.classes, outputs, strict=True)).__getitem__


class Texts:
    """Texts: one class for each text that some condition names, one for all others.

    `closed` says that the fact is declared with its values, so that the class of others never occurs.
    """

    def __init__(self, named: Sequence[str], *, closed: bool = False) -> None:
        self.other = "·" * (1 + max((len(value) for value in named), default=0))
        self.closed = closed
        self.classes: Sequence[Value | None] = (None, self.other, *named)

    def finder(self, outputs: Sequence[T]) -> Callable[[Value | None], T]:
        return _WithRest(zip(self.classes, outputs, strict=True), outputs[1]).__getitem__


class _WithRest(dict[Value | None, T], Generic[T]):
    def __init__(self, items: Iterable[tuple[Value | None, T]], rest: T) -> None:
        super().__init__(items)
        self._rest = rest

    def __missing__(self, key: Value | None) -> T:
        return self._rest


class Numbers:
    """Whole numbers: one class at each number that some condition names, one in each gap around them."""

    def __init__(self, points: Sequence[int]) -> None:
        # A condition changes its answer only at a point or just after it.
        self._edges = sorted({edge for point in points for edge in (point, point + 1)})
        lowest = self._edges[0] - 1 if self._edges else 0
        self.classes: Sequence[Value | None] = (None, lowest, *self._edges)

    def finder(self, outputs: Sequence[T]) -> Callable[[Value | None], T]:
        absent, found, edges = outputs[ABSENT], tuple(outputs[1:]), self._edges

        def find(value: Value | None) -> T:
            return absent if value is None else found[bisect_right(edges, value)]

        return find


class Moneys:
    """Money: for each currency with bands a class at each amount named and in each gap; one for other currencies."""

    def __init__(self, points: dict[str, list[Decimal]]) -> None:
        self._points = points
        classes: list[Value | None] = [None, Money(Decimal(1), "")]
        for currency, amounts in points.items():
            classes += [Money(amount, currency) for amount in _around(amounts)]
        self.classes: Sequence[Value | None] = classes

    def finder(self, outputs: Sequence[T]) -> Callable[[Value | None], T]:
        absent, foreign = outputs[ABSENT], outputs[1]
        bands: dict[str, tuple[list[Decimal], tuple[T, ...]]] = {}
        begin = 2
        for currency, amounts in self._points.items():
            end = begin + 2 * len(amounts) + 1
            bands[currency] = (amounts, tuple(outputs[begin:end]))
            begin = end

        def find(value: Value | None) -> T:
            if value is None:
                return absent
            amount, currency = value  # type: ignore[misc, str-unpack]
            band = bands.get(currency)
            if band is None:
                return foreign
            # Twice the number of points below, one more when at a point.
            return band[1][bisect_left(band[0], amount) + bisect_right(band[0], amount)]

        return find


def _around(points: list[Decimal]) -> list[Decimal]:
    """An amount below the first point, each point, one between neighbours, one above the last."""
    around = [points[0] - 1]
    for one, following in zip(points, [*points[1:], points[-1] + 2], strict=True):
        around += [one, (one + following) / 2]
    return around
