"""What lint returns, and what the checks share: the policy seen place by place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from escalations.core.matrix import Standing, standing
from escalations.core.matrix.logic import in_region, in_scope
from escalations.core.policy import Policy, Rule, Scope, Span
from escalations.core.words import span

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """One thing to change. An error would hurt cases; a warning is to be looked at, and may be meant.

    `code` names the kind of finding for ever; `path` is the place in the policy document.
    """

    severity: Severity
    code: str
    path: Path
    message: str

    @property
    def place(self) -> str:
        """The path as one text, such as `central.rules.3.when`."""
        return ".".join(str(part) for part in self.path)

    def __str__(self) -> str:
        return f"{self.severity}: {self.place}: {self.message}"


class Cell(NamedTuple):
    """One category in one region."""

    category: str
    region: str


@dataclass(frozen=True)
class Map:
    """A policy and what stands in each of its places."""

    policy: Policy

    @cached_property
    def chains(self) -> Mapping[str, tuple[str, ...]]:
        """Each region's ancestors and itself."""
        return {region: self.policy.region_chain(region) for region in self.policy.central.regions}

    @cached_property
    def standings(self) -> Mapping[Cell, Standing]:
        """The standing outcome of every place."""
        central = self.policy.central
        return {
            Cell(category, region): standing(self.policy, category, region)
            for category in central.categories
            for region in central.regions
        }

    @cached_property
    def rules(self) -> tuple[tuple[Rule, Path, str | None], ...]:
        """Every rule, its path, and the region whose own it is (None: the centre's)."""
        central = [(rule, ("central", "rules", number), None) for number, rule in enumerate(self.policy.central.rules)]
        own = [
            (rule, ("variants", region, "rules", number), region)
            for region, variant in self.policy.variants.items()
            for number, rule in enumerate(variant.rules)
        ]
        return (*central, *own)

    def cells(self, scope: Scope, region: str | None = None) -> Iterator[Cell]:
        """The places that a scope covers; of a region's own rule, those in it and below."""
        regions = [
            key
            for key, chain in self.chains.items()
            if (region is None or region in chain) and in_region(scope.regions, chain)
        ]
        for category in self.policy.central.categories:
            if in_scope(scope.categories, category):
                yield from (Cell(category, key) for key in regions)

    def rank_step(self, lower: str, higher: str) -> int:
        """How many levels one is above another, counted in the levels that there are."""
        order = self.policy.levels_by_rank()
        return order.index(higher) - order.index(lower)


def surely_later(one: Span, other: Span) -> bool:
    """Whether one length of time ends after another whatever the calendar and the start. Mixed bases seldom tell."""
    return one.seconds > other.seconds and not (one.basis == "elapsed" and other.basis == "business")


def some(keys: Iterable[str], most: int = 5) -> str:
    """A few keys, and how many more: `a, b and 3 more`."""
    listed = sorted(set(keys))
    rest = len(listed) - most
    return f"{', '.join(listed[:most])} and {rest} more" if rest > 0 else ", ".join(listed)


__all__ = ["Cell", "Finding", "Map", "Path", "Severity", "some", "span", "surely_later"]
