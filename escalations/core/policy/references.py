"""Checks across the document: every key that is referred to exists, bounds hold, rules cannot tie.

Each finding is (path, message). The path is that of the document, so that an author finds the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from escalations.core.facts import BUILTIN
from escalations.core.policy.document import Rule, Scope, Targets, Trigger
from escalations.core.policy.values import BANDS, Amounts, Condition, Test, tests_of

if TYPE_CHECKING:
    from escalations.core.policy import Policy

Path = tuple[str | int, ...]
Finding = tuple[Path, str]

# What a message may quote. Words that a party reads never hold internal facts.
PLACEHOLDERS = frozenset(
    [
        "reference",
        "party",
        "category",
        "summary",
        "team",
        "leader",
        "next_step",
        "due",
        "told_due",
        "done",
        "remedy",
        "amount",
        "reason",
        "status_url",
        "time_passed",
        "promise",
        "level",
        "rung",
        "asked",
        "url",
        "recipient",
        "count",
        "items",
    ]
)


def findings(policy: Policy) -> Iterator[Finding]:
    """Every broken reference of a document, in document order. Empty when the engine can run it."""
    central = policy.central
    known = _Known(policy)
    yield from _cycles("central", "regions", {key: region.parent for key, region in central.regions.items()})
    ranks: dict[int, str] = {}
    for key, level in central.levels.items():
        if level.rank in ranks:
            yield (
                ("central", "levels", key, "rank"),
                f"levels {ranks[level.rank]} and {key} share rank {level.rank}",
            )
        ranks[level.rank] = key
    for key, region in central.regions.items():
        at: Path = ("central", "regions", key)
        yield from known.need("calendars", region.calendar, (*at, "calendar"))
        if region.parent is not None:
            yield from known.need("regions", region.parent, (*at, "parent"))
    for key, team in central.teams.items():
        at = ("central", "teams", key)
        yield from known.need("calendars", team.calendar, (*at, "calendar"))
        yield from known.need("roles", team.on_call, (*at, "on_call"))
    for key, role in central.roles.items():
        yield from known.need("teams", role.team, ("central", "roles", key, "team"))
    for key, fact in central.facts.items():
        if key in BUILTIN:
            yield ("central", "facts", key), f"{key} is a fact that every case has; choose another key"
        yield from known.need("channels", fact.visibility, ("central", "facts", key, "visibility"))
    yield from known.need("ladders", central.defaults.ladder, ("central", "defaults", "ladder"))
    for code, category in central.categories.items():
        at = ("central", "categories", code)
        yield from known.outcome(category, at)
        for number, remedy in enumerate(category.remedies):
            yield from known.need("remedies", remedy, (*at, "remedies", number))
        if "." in code and code.rpartition(".")[0] not in known.prefixes:
            yield at, f"no category {code.rpartition('.')[0]!r} to stand under"
        yield from _twice((item.key for item in category.evidence), (*at, "evidence"))
        yield from _twice((stage.key for stage in category.path), (*at, "path"))
    yield from _rules(central.rules, ("central", "rules"), known)
    for number, trigger in enumerate(central.triggers):
        at = ("central", "triggers", number)
        yield from known.scope(trigger, at)
        yield from known.condition(trigger.when, (*at, "when"))
        yield from known.need("levels", trigger.raises.level, (*at, "raises", "level"))
        yield from known.need("channels", trigger.raises.channel, (*at, "raises", "channel"))
        yield from known.need("channels", trigger.visibility, (*at, "visibility"))
    yield from _twice((trigger.key for trigger in central.triggers), ("central", "triggers"))
    for key, ladder in central.ladders.items():
        for number, rung in enumerate(ladder.rungs):
            at = ("central", "ladders", key, "rungs", number)
            yield from known.need("levels", rung.level, (*at, "level"))
            yield from known.need("teams", rung.team, (*at, "team"))
            yield from known.need("roles", rung.on_call, (*at, "on_call"))
            for place, tell in enumerate(rung.tell):
                if tell.startswith("role:"):
                    yield from known.need("roles", tell[5:], (*at, "tell", place))
        yield from _twice((rung.key for rung in ladder.rungs), ("central", "ladders", key, "rungs"))
    for key, deadline in central.statutory.items():
        at = ("central", "statutory", key)
        yield from known.scope(deadline, at)
        yield from known.need("roles", deadline.legal_owner, (*at, "legal_owner"))
        yield from known.need("calendars", deadline.calendar, (*at, "calendar"))
        yield from known.condition(deadline.when, (*at, "when"))
        if deadline.after.basis == "business" and deadline.calendar is None:
            yield (*at, "calendar"), "a deadline in business time names the calendar that the law means"
    for key, reason in central.pause_reasons.items():
        if "statutory" in reason.stops:
            yield ("central", "pause_reasons", key, "stops"), "a statutory clock is never paused"
    for key, remedy_policy in central.remedies.items():
        at = ("central", "remedies", key)
        for level_key in remedy_policy.limits:
            yield from known.need("levels", level_key, (*at, "limits", level_key))
        yield from known.need("levels", remedy_policy.from_level, (*at, "from_level"))
        if remedy_policy.money != bool(remedy_policy.limits):
            yield at, "a remedy in money names limits by level; any other names from_level"
        if not remedy_policy.money and remedy_policy.from_level is None:
            yield (*at, "from_level"), "say from which level on this may be granted"
    for occasion, by_language in central.messages.items():
        for language, template in by_language.items():
            for part in ("subject", "body"):
                for name in re.findall(r"\{([^{}]*)\}", getattr(template, part)):
                    if name not in PLACEHOLDERS:
                        known_ones = ", ".join(sorted(PLACEHOLDERS))
                        at = ("central", "messages", occasion, language, part)
                        yield at, f"unknown placeholder {{{name}}}; known are {known_ones}"
    for code in central.retention.categories:
        yield from known.need("categories", code, ("central", "retention", "categories", code))
    for region_key, says in central.retention.regions.items():
        here = ("central", "retention", "regions", region_key)
        yield from known.need("regions", region_key, here)
        for code in says.categories:
            yield from known.need("categories", code, (*here, "categories", code))
    for region_key in policy.variants:
        yield from _variant(policy, region_key, known)


def _variant(policy: Policy, region: str, known: _Known) -> Iterator[Finding]:
    variant, bounds, at = policy.variants[region], policy.central.bounds, ("variants", region)
    yield from known.need("regions", region, at)
    yield from _bounded(policy, variant.targets, None, (*at, "targets"))
    for code, outcome in variant.categories.items():
        place = (*at, "categories", code)
        yield from known.need("categories", code, place)
        yield from known.outcome(outcome, place)
        for field in sorted(outcome.model_fields_set):
            if field not in bounds.fields:
                yield (
                    (*place, field),
                    f"the centre lets regions change {', '.join(bounds.fields)}, not {field}",
                )
        category = policy.central.categories.get(code)
        if category is None:
            continue
        yield from _bounded(policy, outcome.targets, code, (*place, "targets"))
        if outcome.level and known.rank("levels", outcome.level) < known.rank("levels", category.level):
            yield (*place, "level"), f"a region may not go below the centre's {category.level}"
        if outcome.channel and known.rank("channels", outcome.channel) < known.rank("channels", category.channel):
            yield (
                (*place, "channel"),
                f"a region may not move to a less strict channel than {category.channel}",
            )
        if outcome.severity and BANDS.index(outcome.severity) < BANDS.index(category.severity):
            yield (*place, "severity"), f"a region may not lower the severity {category.severity}"
    if variant.rules and not bounds.own_rules:
        yield (*at, "rules"), "the centre lets no region add rules of its own"
    yield from _rules(variant.rules, (*at, "rules"), known)


def _bounded(policy: Policy, targets: Targets, code: str | None, at: Path) -> Iterator[Finding]:
    for kind, target in targets.items():
        bound = policy.central.bounds.targets.get(kind)
        if bound is None:
            continue
        for limit, shorter in ((bound.shortest, True), (bound.longest, False)):
            if limit is None:
                continue
            if limit.basis != target.basis:
                yield (*at, kind), f"the centre bounds this target in {limit.basis} time; write it so"
            elif (target.seconds < limit.seconds) if shorter else (target.seconds > limit.seconds):
                word = "shorter" if shorter else "longer"
                yield (*at, kind), f"{word} than the centre allows ({limit.model_dump()})"


def _rules(rules: Iterable[Rule], at: Path, known: _Known) -> Iterator[Finding]:
    listed = tuple(rules)
    for number, rule in enumerate(listed):
        place: Path = (*at, number)
        yield from known.scope(rule, place)
        yield from known.condition(rule.when, (*place, "when"))
        yield from known.outcome(rule.then, (*place, "then"))
        yield from known.need("channels", rule.visibility, (*place, "visibility"))
        for other in listed[:number]:
            if other.priority == rule.priority and known.overlap(rule, other):
                message = f"rule {rule.key} and rule {other.key} share priority {rule.priority} and can both apply"
                yield (*place, "priority"), f"{message}; give them different priorities"
    yield from _twice((rule.key for rule in listed), at)


def _twice(keys: Iterable[str], at: Path) -> Iterator[Finding]:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            yield at, f"the key {key!r} stands twice; keys name a thing for ever, so each is used once"
        seen.add(key)


def _cycles(part: str, section: str, parents: Mapping[str, str | None]) -> Iterator[Finding]:
    for key in parents:
        seen, current = {key}, parents[key]
        while current is not None and current in parents:
            if current in seen:
                yield (part, section, key, "parent"), f"{key} is its own ancestor"
                break
            seen.add(current)
            current = parents[current]


class _Known:
    """The keys of a document, and the checks that need them."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.central = policy.central
        self.prefixes = {code.rsplit(".", depth)[0] for code in self.central.categories for depth in range(9)}

    def need(self, section: str, key: str | None, at: Path) -> Iterator[Finding]:
        """One finding when `key` is given and the section does not have it."""
        keys = self.prefixes if section == "scope" else getattr(self.central, section)
        if key is not None and key not in keys:
            some = ", ".join(sorted(keys)[:8]) or "none yet"
            word = {"scope": "category", "categories": "category"}.get(section, section[:-1])
            yield at, f"no {word.replace('_', ' ')} {key!r} (there are {some})"

    def rank(self, section: str, key: str) -> int:
        row = getattr(self.central, section).get(key)
        return row.rank if row is not None else 10**6

    def outcome(self, outcome: object, at: Path) -> Iterator[Finding]:
        for field, section in (
            ("owner", "teams"),
            ("channel", "channels"),
            ("level", "levels"),
            ("ladder", "ladders"),
        ):
            yield from self.need(section, getattr(outcome, field), (*at, field))
        for field, section in (("backups", "teams"), ("specialisms", "specialisms")):
            for number, key in enumerate(getattr(outcome, field) or ()):
                yield from self.need(section, key, (*at, field, number))
        owner, backups = getattr(outcome, "owner", None), getattr(outcome, "backups", None) or ()
        if owner is not None and owner in backups:
            yield (*at, "backups"), f"{owner} is the owner and cannot back itself up"

    def scope(self, scope: Scope, at: Path) -> Iterator[Finding]:
        for number, code in enumerate(scope.categories):
            yield from self.need("scope", code, (*at, "categories", number))
        for number, region in enumerate(scope.regions):
            yield from self.need("regions", region, (*at, "regions", number))

    def condition(self, condition: Condition | None, at: Path) -> Iterator[Finding]:
        if condition is None:
            return
        for test in tests_of(condition):
            definition = self.central.facts.get(test.fact)
            kind = BUILTIN.get(test.fact) or (definition.type if definition else None)
            if kind is None:
                yield at, f"no fact {test.fact!r}; declare it under central.facts"
                continue
            problem = _operand(test, kind)
            if problem:
                yield at, problem
            yield from self.need("channels", test.visibility, at)
            if definition and definition.values and test.op in ("eq", "ne", "in", "contains"):
                wanted = test.value if isinstance(test.value, tuple) else (test.value,)
                for value in wanted:
                    if value not in definition.values:
                        yield at, f"{test.fact} is one of {', '.join(definition.values)}, never {value!r}"

    def overlap(self, one: Rule | Trigger, other: Rule | Trigger) -> bool:
        """Whether two scopes share a case, unless one fact keeps their conditions apart."""
        return (
            self._share(one.categories, other.categories, self._covers_category)
            and self._share(one.regions, other.regions, self._covers_region)
            and not disjoint(one.when, other.when)
        )

    @staticmethod
    def _share(ours: tuple[str, ...], theirs: tuple[str, ...], covers: Callable[[str, str], bool]) -> bool:
        return not ours or not theirs or any(covers(a, b) or covers(b, a) for a in ours for b in theirs)

    @staticmethod
    def _covers_category(outer: str, inner: str) -> bool:
        return inner == outer or inner.startswith(outer + ".")

    def _covers_region(self, outer: str, inner: str) -> bool:
        return outer in self.policy.region_chain(inner)


def _operand(test: Test, kind: str) -> str | None:
    """Why a comparison does not fit the fact's type, or None when it does."""
    if test.op == "present":
        return None
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    allowed = {
        "flag": ("eq", "ne"),
        "number": ("eq", "ne", "in", "gte", "lte"),
        "money": ("gte", "lte"),
        "text": ("eq", "ne", "in"),
        "list": ("contains",),
    }[kind]
    if test.op not in allowed:
        return f"{test.fact} is a {kind}: use {', '.join(allowed)} or present, not {test.op}"
    if not all(_fits(value, kind) for value in values):
        return f"{test.fact} is a {kind}; {test.value!r} is not"
    return None


def _fits(value: object, kind: str) -> bool:
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, Amounts if kind == "money" else str)


def disjoint(one: Condition | None, other: Condition | None) -> bool:
    """True when one fact's required values show that both conditions can never hold together.

    A sufficient test over top-level `eq` and `in` comparisons; False means "not shown", never "they overlap".
    """
    ours, theirs = _required(one), _required(other)
    return any(not (ours[fact] & theirs[fact]) for fact in ours.keys() & theirs.keys())


def _required(condition: Condition | None) -> dict[str, frozenset[object]]:
    required: dict[str, frozenset[object]] = {}
    parts = getattr(condition, "all", (condition,)) if condition is not None else ()
    for part in parts:
        if isinstance(part, Test) and part.op in ("eq", "in"):
            values = frozenset(part.value if isinstance(part.value, tuple) else (part.value,))
            required[part.fact] = required.get(part.fact, values) & values
    return required
