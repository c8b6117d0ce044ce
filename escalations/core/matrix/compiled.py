"""A whole policy, compiled region by region as cases come in, and the one copy of it that threads share."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from escalations.core.facts import BUILTIN, Money
from escalations.core.matrix.layers import UnknownRegion
from escalations.core.matrix.regional import RegionMatrix
from escalations.core.matrix.tables import operands
from escalations.core.policy import Policy, Test, tests_of


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
