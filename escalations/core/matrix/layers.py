"""What holds for a category in a region before any rule: defaults, category, regions from root to leaf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from escalations.core.policy import (
    CategoryPolicy,
    Outcome,
    Policy,
    Rule,
    Target,
    TargetKind,
)

FIELDS = ("owner", "backups", "specialisms", "channel", "level", "severity", "protocol", "ladder")
"""What an outcome may name, besides targets."""


class UnknownCategory(ValueError):
    """The policy has no such category. The message names it and says what to do."""

    def __init__(self, category: str, policy: Policy) -> None:
        some = ", ".join(sorted(policy.central.categories)[:8])
        super().__init__(
            f"the policy has no category {category!r} (there are {some}); "
            "choose one of its categories, or move the case to a version that has this one"
            if category
            else f"the case names no category; choose one (there are {some})"
        )
        self.category = category


class UnknownRegion(ValueError):
    """The policy has no such region. The message names it and says what to do."""

    def __init__(self, region: str, whose: str, policy: Policy) -> None:
        some = ", ".join(sorted(policy.central.regions)[:8])
        super().__init__(
            f"the policy has no region {region!r} (the {whose}'s region counts here; there are {some})"
            if region
            else f"the case names no region; this category goes by the {whose}'s (there are {some})"
        )
        self.region = region


@dataclass(frozen=True, slots=True)
class Standing:
    """The outcome that stands in one place unless a rule or trigger changes it, and where each value comes from.

    `values` has the FIELDS and `calendar`; `origins` uses the same names and `targets.KIND`.
    """

    values: Mapping[str, Any]
    targets: Mapping[TargetKind, Target]
    origins: Mapping[str, str]


def standing(policy: Policy, category: str, region: str) -> Standing:
    """The standing outcome of a category in a region: what the pages show as the rule of the place.

    Raises UnknownCategory or UnknownRegion.
    """
    central = policy.central
    own = central.categories.get(category)
    if own is None:
        raise UnknownCategory(category, policy)
    if region not in central.regions:
        raise UnknownRegion(region, own.region_of, policy)
    values: dict[str, Any] = {
        "ladder": central.defaults.ladder,
        "calendar": central.regions[region].calendar,
    }
    targets: dict[TargetKind, Target] = dict(central.defaults.targets)
    origins = {
        "ladder": "default",
        "calendar": f"region:{region}",
        **{f"targets.{kind}": "default" for kind in targets},
    }

    def lay(outcome: CategoryPolicy | Outcome, origin: str) -> None:
        names = named(outcome)
        values.update(names)
        targets.update(outcome.targets)
        origins.update(dict.fromkeys(names, origin))
        origins.update({f"targets.{kind}": origin for kind in outcome.targets})

    lay(own, "category")
    values.setdefault("protocol", None)
    origins.setdefault("protocol", "category")
    for key in policy.region_chain(region):
        variant = policy.variants.get(key)
        if variant is not None:
            lay(Outcome(targets=variant.targets), f"region:{key}")
            if category in variant.categories:
                lay(variant.categories[category], f"region:{key}")
    return Standing(values, targets, origins)


def named(outcome: CategoryPolicy | Outcome) -> dict[str, Any]:
    """The fields that an outcome names; one that is null or left out stays as it is."""
    return {field: value for field in FIELDS if (value := getattr(outcome, field)) is not None}


def rules_tried(policy: Policy, region: str) -> tuple[Rule, ...]:
    """The rules of a region in the order tried: its own, its ancestors', the centre's, each by priority.

    Rules that share a priority cannot both apply (the document refuses it), so their order never matters.
    """
    parts = [policy.variants[key].rules for key in reversed(policy.region_chain(region)) if key in policy.variants]
    return tuple(
        rule for rules in (*parts, policy.central.rules) for rule in sorted(rules, key=lambda rule: rule.priority)
    )


def surely_no_later(one: Target, other: Target | None) -> bool:
    """Whether the first target can never be due after the second, on whatever calendar and from whatever start.

    In the same basis the seconds decide. Business time stands still off hours, so it never passes faster than time
    elapsed: an elapsed target is surely no later than a business one of at least as many seconds, and a business one
    is never surely sooner than an elapsed one. No target at all is later than any.
    """
    if other is None:
        return True
    if one.basis == "business" and other.basis == "elapsed":
        return False
    return one.seconds <= other.seconds


def shortest(standing_target: Target | None, raised: list[tuple[Target, str]]) -> tuple[Target, str] | None:
    """The target that fired triggers leave, with its origin; None when the standing one stays.

    Only what is surely no later than the standing target counts, so a trigger never gives more time. Among several,
    the one of the fewest seconds, elapsed before business, then the first in the document.
    """
    sooner = [
        (target, origin)
        for target, origin in raised
        if surely_no_later(target, standing_target)
        and (
            standing_target is None
            or (target.seconds, target.basis) != (standing_target.seconds, standing_target.basis)
        )
    ]
    return min(sooner, key=lambda pair: (pair[0].seconds, pair[0].basis != "elapsed"), default=None)
