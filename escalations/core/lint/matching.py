"""Rules that can never matter: conditions that nothing meets, rules that an earlier one always forestalls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from escalations.core.facts import BUILTIN, Value
from escalations.core.lint.finding import Cell, Finding, Map, Path, some
from escalations.core.matrix.compiled import every_test
from escalations.core.matrix.layers import surely_no_later
from escalations.core.matrix.logic import conjuncts, holds
from escalations.core.matrix.regional import STATIC
from escalations.core.matrix.tables import Partition, Texts, answers, partition
from escalations.core.policy import Condition, Rule, Scope, Trigger, tests_of

MOST_TRIED = 20_000
"""How many combinations of facts are tried before a condition is taken to be possible."""


def findings(places: Map) -> Iterator[Finding]:
    """Impossible conditions, rules without a place, shadowed rules, triggers without effect, keys used twice."""
    space = _Space(places)
    asked = [_asked(space, rule, rule.when, None, region) for rule, _, region in places.rules]
    for (rule, at, _), one in zip(places.rules, asked, strict=True):
        yield from _impossible(one, f"rule {rule.key}", at)
    for number, trigger in enumerate(places.policy.central.triggers):
        path: Path = ("central", "triggers", number)
        yield from _impossible(_asked(space, trigger, trigger.when, True, None), f"trigger {trigger.key}", path)
        yield from _trigger(places, trigger, path)
    for key, deadline in places.policy.central.statutory.items():
        path = ("central", "statutory", key)
        yield from _impossible(_asked(space, deadline, deadline.when, True, None), f"deadline {key}", path)
    yield from _shadowed(places, asked)
    yield from _keys(places)


class _Space:
    """All places as bits, and every fact's values as classes, for exact comparison of what rules ask."""

    def __init__(self, places: Map) -> None:
        self.places = places
        central = places.policy.central
        self.cells = tuple(places.standings)
        self.bit: Mapping[Cell, int] = {cell: 1 << number for number, cell in enumerate(self.cells)}
        self.kinds = {**BUILTIN, **{key: fact.type for key, fact in central.facts.items()}}
        tests = list(every_test(places.policy))
        self.splits: dict[str, Partition] = {
            fact: partition(
                self.kinds[fact],
                [test for test in tests if test.fact == fact],
                central.facts[fact].values if fact in central.facts else (),
            )
            for fact in {test.fact for test in tests} - STATIC
            if self.kinds[fact] != "list"
        }
        self.items = {
            fact: sorted({str(test.value) for test in tests if test.fact == fact and test.op == "contains"})
            for fact, kind in self.kinds.items()
            if kind == "list"
        }

    def whole(self, fact: str) -> int:
        """Every class that a fact's value can be in."""
        split = self.splits[fact]
        every = (1 << len(split.classes)) - 1
        # A text that is declared with its values is never anything else.
        return every & ~0b10 if isinstance(split, Texts) and split.closed else every

    def values(self, fact: str, allowed: int | None) -> list[Value | None]:
        """One value for each class allowed; of a list, every combination of the items that conditions name."""
        if fact in self.splits:
            classes = self.splits[fact].classes
            mask = self.whole(fact) if allowed is None else allowed
            return [value for number, value in enumerate(classes) if mask >> number & 1]
        items = self.items[fact][:8]
        chosen = product((False, True), repeat=len(items))
        lists = [tuple(item for item, taken in zip(items, bits, strict=True) if taken) for bits in chosen]
        return [None, *lists]


@dataclass
class _Asked:
    """What one rule asks: where, which classes of each fact, and what no single fact answers."""

    space: _Space
    no_band: bool | None
    cells: int
    allowed: dict[str, int] = field(default_factory=dict)
    residual: tuple[Condition, ...] = ()

    def empty_fact(self) -> str | None:
        """A fact of which no value is allowed."""
        return next((fact for fact, mask in self.allowed.items() if not mask), None)

    def residual_holds_somewhere(self) -> bool:
        """Whether some case meets the residual conditions; True also when there are too many cases to try."""
        facts = sorted({test.fact for part in self.residual for test in tests_of(part)} - STATIC)
        choices = [self.space.values(fact, self.allowed.get(fact)) for fact in facts]
        cells = [cell for cell in self.space.cells if self.space.bit[cell] & self.cells]
        if not any(test.fact in STATIC for part in self.residual for test in tests_of(part)):
            del cells[1:]
        tried = 0
        for cell in cells:
            for values in product(*choices):
                tried += 1
                case: dict[str, Value | None] = dict(zip(facts, values, strict=True))
                case |= {"category": cell.category, "region": cell.region}
                if tried > MOST_TRIED or all(holds(part, case.get, self.no_band) is True for part in self.residual):
                    return True
        return False

    def implies(self, other: _Asked) -> bool:
        """Whether every case that meets this also meets the other, place apart. False means "not shown"."""
        return all(
            not self.allowed.get(fact, self.space.whole(fact)) & ~mask for fact, mask in other.allowed.items()
        ) and all(part in self.residual for part in other.residual)


def _asked(space: _Space, scope: Scope, when: Condition | None, no_band: bool | None, region: str | None) -> _Asked:
    cells = 0
    parts = conjuncts(when)
    static = [part for part in parts if {test.fact for test in tests_of(part)} <= STATIC]
    for cell in space.places.cells(scope, region):
        at: dict[str, Value] = {"category": cell.category, "region": cell.region}
        if all(holds(part, at.get) is True for part in static):
            cells |= space.bit[cell]
    asked = _Asked(space, no_band, cells)
    residual = []
    for part in parts:
        facts = {test.fact for test in tests_of(part)}
        if facts <= STATIC:
            continue
        fact = next(iter(facts))
        if len(facts) > 1 or fact not in space.splits:
            residual.append(part)
            continue
        mask = sum(1 << number for number, yes in enumerate(answers(part, space.splits[fact], no_band)) if yes)
        asked.allowed[fact] = asked.allowed.get(fact, space.whole(fact)) & mask
    asked.residual = tuple(residual)
    return asked


def _impossible(asked: _Asked, name: str, path: Path) -> Iterator[Finding]:
    if not asked.cells:
        yield Finding(
            "error",
            "no-place",
            path,
            f"{name} applies to no category in any region; widen its scope, or what it asks of category and region",
        )
    elif (fact := asked.empty_fact()) is not None:
        yield Finding(
            "error",
            "impossible",
            (*path, "when"),
            f"{name} can never match: no value of {fact} meets all that is asked of it; change one of the comparisons",
        )
    elif not asked.residual_holds_somewhere():
        facts = some(test.fact for part in asked.residual for test in tests_of(part))
        yield Finding(
            "error",
            "impossible",
            (*path, "when"),
            f"{name} can never match: what it asks of {facts} contradicts itself; change one of the conditions",
        )


def _shadowed(places: Map, asked: list[_Asked]) -> Iterator[Finding]:
    rules = list(zip(places.rules, asked, strict=True))
    for (rule, path, region), one in rules:
        if not one.cells or one.empty_fact() is not None:
            continue
        covered, before = 0, []
        for (earlier, _, other_region), other in rules:
            if (
                earlier is not rule
                and one.cells & other.cells & ~covered
                and _tried_before(places, earlier, other_region, rule, region)
                and one.implies(other)
            ):
                covered |= other.cells
                before.append(f"{earlier.key} (priority {earlier.priority})")
        if before and not one.cells & ~covered:
            yield Finding(
                "error",
                "shadowed",
                path,
                f"rule {rule.key} never matches: whatever meets it is taken before by {some(before)}; "
                "try it earlier (a smaller priority number), or remove it",
            )


def _tried_before(places: Map, one: Rule, one_region: str | None, other: Rule, other_region: str | None) -> bool:
    """Whether the first rule is tried before the second wherever both are."""
    if one_region == other_region:
        return one.priority < other.priority
    if one_region is None or other_region is None:
        return other_region is None
    return len(places.chains[one_region]) > len(places.chains[other_region])


def _trigger(places: Map, trigger: Trigger, path: Path) -> Iterator[Finding]:
    raises = trigger.raises
    if not (raises.level or raises.channel or raises.severity or raises.targets):
        yield Finding(
            "error", "raises-nothing", (*path, "raises"), f"trigger {trigger.key} raises nothing; say what it raises"
        )
    for kind, target in raises.targets.items():
        standing = {places.standings[cell].targets.get(kind) for cell in places.cells(trigger)}
        if standing and not any(surely_no_later(target, before) and target != before for before in standing):
            yield Finding(
                "warning",
                "never-shortens",
                (*path, "raises", "targets", kind),
                f"trigger {trigger.key} never shortens this target: what stands already is as short, or counted in "
                "time elapsed, which business time cannot be relied on to beat; give fewer seconds, or elapsed time",
            )


def _keys(places: Map) -> Iterator[Finding]:
    central = {rule.key for rule in places.policy.central.rules}
    for rule, path, region in places.rules:
        if region is None:
            continue
        others = {other.key for other, _, owner in places.rules if owner is not None and owner != region} | central
        if rule.key in others:
            yield Finding(
                "error",
                "key-twice",
                path,
                f"another rule has the key {rule.key} too; traces could not tell them apart, so give this one its own",
            )
