"""The matrix done slowly and plainly: what `evaluate` must agree with. It shares no code with the compiled form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from escalations.core.facts import Facts
from escalations.core.policy import BANDS, All, Amounts, AnyOf, Not, Policy, Test

CLAIM = object()
"""Stands for a claimed value when claims do not count."""


@dataclass
class Told:
    """What the oracle says of one case."""

    rule: str | None
    trace: list[int]
    triggers: list[tuple[str, int]]
    values: dict[str, Any]
    held_back: dict[str, str]
    statutory: list[str]


def say(condition: Any, read: Any, bandless: str) -> str:
    """'yes', 'no' or 'unknown'. `bandless` is the answer for money in a currency that is not named."""
    if isinstance(condition, Not):
        swapped = {"yes": "no", "no": "yes", "unknown": "unknown"}
        return swapped[say(condition.negated, read, swapped[bandless])]
    if isinstance(condition, All | AnyOf):
        said = {say(part, read, bandless) for part in getattr(condition, "all", None) or condition.any}
        strong = "no" if isinstance(condition, All) else "yes"
        if strong in said:
            return strong
        return "unknown" if "unknown" in said else ("yes" if strong == "no" else "no")
    assert isinstance(condition, Test)
    value = read(condition.fact)
    if value is CLAIM:
        return "unknown"
    if condition.op == "present":
        return "yes" if (value is not None) == condition.value else "no"
    if value is None:
        return "unknown"
    operand: Any = condition.value
    if isinstance(operand, Amounts):
        if value.currency not in operand.by_currency:
            return bandless
        value, operand = value.amount, operand.by_currency[value.currency]
    answer = {
        "eq": lambda: value == operand,
        "ne": lambda: value != operand,
        "in": lambda: value in operand,
        "gte": lambda: value >= operand,
        "lte": lambda: value <= operand,
        "contains": lambda: operand in value,
    }[condition.op]()
    return "yes" if answer else "no"


def decide(policy: Policy, facts: Facts) -> Told:
    """The whole decision, rule by rule."""
    central = policy.central
    category = facts.text("category")
    own = central.categories[category]
    region = facts.regions.get(own.region_of) or facts.text("region")
    chain = policy.region_chain(region)

    def reading(claims_count: bool) -> Any:
        def read(key: str) -> Any:
            if key in ("category", "region"):
                return {"category": category, "region": region}[key]
            fact = facts.values.get(key)
            if fact is None or fact.state == "dismissed":
                return None
            return CLAIM if fact.state == "claimed" and not claims_count else fact.value

        return read

    def covers(of: Any) -> bool:
        by_category = [category == code or category.startswith(f"{code}.") for code in of.categories]
        return (any(by_category) or not of.categories) and (not of.regions or bool(set(of.regions) & set(chain)))

    def applies(of: Any, bandless: str, claims_count: bool) -> bool:
        return covers(of) and (of.when is None or say(of.when, reading(claims_count), bandless) == "yes")

    rules = []
    for key in (*reversed(chain), None):
        part = central.rules if key is None else policy.variants[key].rules if key in policy.variants else ()
        rules += sorted(part, key=lambda rule: rule.priority)
    matching = [rule for rule in rules if applies(rule, "unknown", True)]
    certain = [rule for rule in rules if applies(rule, "unknown", False)]
    first = matching[0] if matching else None

    trace = []
    for rule in rules:
        if 0 in trace:
            trace.append(255)
        elif not covers(rule):
            trace.append(254)
        elif rule is first:
            trace.append(0)
        else:
            parts = rule.when.all if isinstance(rule.when, All) else [rule.when]
            said = [say(part, reading(True), "unknown") for part in parts]
            trace.append(min(8, 1 + next(place for place, answer in enumerate(said) if answer != "yes")))

    fired = [trigger for trigger in central.triggers if applies(trigger, "yes", True)]
    triggers = [
        (trigger.key, _code(trigger, applies(trigger, "yes", False), say(trigger.when, reading(True), "unknown")))
        for trigger in fired
    ]

    def outcome(rule: Any, guarding: Any, raising: list[Any]) -> dict[str, Any]:
        values: dict[str, Any] = {
            "ladder": central.defaults.ladder,
            "protocol": None,
            "targets": dict(central.defaults.targets),
        }
        layers: list[Any] = [own]
        for key in chain:
            if key in policy.variants:
                variant = policy.variants[key]
                values_of_region = variant.categories.get(category)
                layers += [variant.targets, *([values_of_region] if values_of_region else [])]
        for layer in layers:
            _lay(values, layer)
        if rule is not None:
            _lay(values, rule.then, skip=() if rule is guarding else ("level", "channel"))
        if guarding is not None and guarding is not rule:
            for field in ("level", "channel"):
                if getattr(guarding.then, field) is not None:
                    values[field] = getattr(guarding.then, field)
        for trigger in raising:
            for field, ranks in (("level", central.levels), ("channel", central.channels)):
                wanted = getattr(trigger.raises, field)
                if wanted and ranks[wanted].rank > ranks[values[field]].rank:
                    values[field] = wanted
        return values

    guarding = first if first is not None and first.claims == "enough" else (certain[0] if certain else None)
    full = [trigger for trigger in fired if dict(triggers)[trigger.key] in (1, 3)]
    values = outcome(first, guarding, full)
    verified = outcome(first, first, fired)
    for trigger in fired:
        wanted = trigger.raises.severity
        if wanted and BANDS.index(wanted) > BANDS.index(values["severity"]):
            values["severity"] = wanted
    for kind in {kind for trigger in fired for kind in trigger.raises.targets}:
        standing = values["targets"].get(kind)
        options = [trigger.raises.targets[kind] for trigger in fired if kind in trigger.raises.targets]
        allowed = [target for target in options if standing is None or _never_later(target, standing)]
        best = min(allowed, key=lambda target: (target.seconds, target.basis != "elapsed"), default=None)
        if best is not None and (standing is None or (best.basis, best.seconds) != (standing.basis, standing.seconds)):
            values["targets"][kind] = best
    return Told(
        rule=first.key if first else None,
        trace=trace,
        triggers=triggers,
        values=values,
        held_back={f: verified[f] for f in ("level", "channel") if verified[f] != values[f]},
        statutory=[key for key, deadline in central.statutory.items() if applies(deadline, "yes", True)],
    )


def _code(trigger: Any, certain: bool, banded: str) -> int:
    if trigger.claims == "enough" or certain:
        return 1 if banded == "yes" else 3
    return 2 if banded == "yes" else 4


def _lay(values: dict[str, Any], layer: Any, skip: tuple[str, ...] = ()) -> None:
    if isinstance(layer, dict):
        values["targets"].update(layer)
        return
    for field in ("owner", "backups", "specialisms", "channel", "level", "severity", "protocol", "ladder"):
        value = getattr(layer, field)
        if value is not None and field not in skip:
            values[field] = value
    values["targets"].update(layer.targets)


def _never_later(one: Any, other: Any) -> bool:
    return one.seconds <= other.seconds and not (one.basis == "business" and other.basis == "elapsed")
