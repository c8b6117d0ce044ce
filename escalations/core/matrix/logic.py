"""Three-valued logic over facts: what a condition says when not everything is known.

This small interpreter is the reference: the compiled tables are built with it and tested against it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from escalations.core.facts import Money, Value
from escalations.core.policy import All, Amounts, AnyOf, Condition, Not, Test


class Masked(Enum):
    """A fact that is there, but whose value must not count yet: a claim, when only what is certain is asked."""

    MASKED = "masked"


MASKED = Masked.MASKED

Reading = Value | Masked | None
"""What reading a fact may give: its value, MASKED, or None when nobody gave it."""

Read = Callable[[str], Reading]


def holds(condition: Condition, read: Read, no_band: bool | None = None) -> bool | None:
    """Whether a condition is true, false, or unknown (None), after Kleene.

    An absent fact makes every comparison with it unknown; only `present` answers. A masked one makes `present`
    unknown too: so what holds with claims masked holds whatever becomes of the claims.

    `no_band` is the answer of a comparison with money in a currency that it names no amount for: None (unknown) for
    rules; True for what can only protect, and then under `not` the other way round, so that a missing band never
    keeps a trigger from firing.
    """
    if isinstance(condition, Test):
        return _test(condition, read(condition.fact), no_band)
    if isinstance(condition, Not):
        inner = holds(condition.negated, read, None if no_band is None else not no_band)
        return None if inner is None else not inner
    decisive = isinstance(condition, AnyOf)
    unknown = False
    for part in condition.any if isinstance(condition, AnyOf) else condition.all:
        answer = holds(part, read, no_band)
        if answer is decisive:
            return decisive
        unknown = unknown or answer is None
    return None if unknown else not decisive


def _test(test: Test, value: Reading, no_band: bool | None) -> bool | None:
    if value is MASKED:
        return None
    if test.op == "present":
        return (value is not None) is test.value
    if value is None:
        return None
    wanted = test.value
    if isinstance(wanted, Amounts) and isinstance(value, Money):
        band = wanted.by_currency.get(value.currency)
        if band is None:
            return no_band
        return value.amount >= band if test.op == "gte" else value.amount <= band
    if test.op == "eq":
        return bool(value == wanted)
    if test.op == "ne":
        return bool(value != wanted)
    if test.op == "in":
        return value in wanted  # type: ignore[operator]
    if test.op == "contains":
        return wanted in value  # type: ignore[operator]
    return value >= wanted if test.op == "gte" else value <= wanted  # type: ignore[operator]


def conjuncts(condition: Condition | None) -> tuple[Condition, ...]:
    """The conditions that must all hold, in the order written: what the byte trace counts from 1."""
    if condition is None:
        return ()
    return condition.all if isinstance(condition, All) else (condition,)


def in_scope(scope_categories: tuple[str, ...], category: str) -> bool:
    """Whether a scope covers a category: empty covers all, a code covers itself and the codes below it."""
    return not scope_categories or any(category == code or category.startswith(code + ".") for code in scope_categories)


def in_region(scope_regions: tuple[str, ...], chain: tuple[str, ...]) -> bool:
    """Whether a scope covers a region, given as its chain of ancestors and itself."""
    return not scope_regions or any(region in chain for region in scope_regions)
