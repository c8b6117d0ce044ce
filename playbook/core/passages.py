"""What the page of a category says, as typed values: templates print them and work nothing out.

    passage(policy, code, region)          as it holds there, for a reader who may see everything
    passage(policy, code, region, classes) for a reader with these visibility classes

What is said of where a case goes and by when comes from `matrix.evaluate`, asked with the category and the region and
nothing else that is known of a case; so the page is the rule that runs. What guards itself (rules, triggers,
conditions) is told as the case page tells it: that there is something restricted, and no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from escalations.core.decision import Decision
from escalations.core.facts import Fact, Facts
from escalations.core.matrix import evaluate, rules_tried
from escalations.core.matrix.logic import in_region, in_scope
from escalations.core.policy import (
    TARGET_KINDS,
    EvidenceItem,
    MessageTemplate,
    Policy,
    Rule,
    Span,
    Target,
    Targets,
    Trigger,
)
from escalations.core.policy.document import DecisionPoint, Stage
from escalations.core.retention import kept_for
from escalations.core.words import Phrases
from playbook.core.steps import Climb, climb


class Thing(NamedTuple):
    """Something with a key, by the name that people know."""

    key: str
    name: str


class Goal(NamedTuple):
    """By when: `kind` as in the policy, and the region that says so where the centre says otherwise."""

    kind: str
    target: Target
    region: Thing | None


class Effect(NamedTuple):
    """One thing that a rule or trigger does: the field, and what it becomes."""

    field: str
    things: tuple[Thing, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A rule or trigger that moves a case of this category. `when` is empty where it always does."""

    key: str
    name: str
    when: str
    effects: tuple[Effect, ...]
    because: str
    on_claim: bool
    """Whether somebody's word is enough for it to raise the level."""
    region: Thing | None
    """The region whose own rule this is."""
    regions: tuple[Thing, ...]
    """The regions in which it applies; empty: everywhere."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline that a law sets. `when` is empty where it always applies."""

    key: str
    name: str
    basis: str
    after: Span
    starts: str
    legal_owner: Thing
    when: str
    confirmed: bool


class Limit(NamedTuple):
    """What one level may grant in all: currency -> amount; empty where it may grant nothing."""

    level: Thing
    amounts: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Remedy:
    """A remedy and who may grant it: by amounts, one row for each level from the lowest, or from a level on."""

    key: str
    name: str
    limits: tuple[Limit, ...]
    from_level: Thing | None


@dataclass(frozen=True, slots=True)
class Pause:
    """A reason for which clocks may stand still."""

    key: str
    name: str
    stops: tuple[str, ...]
    longest: Span
    most: int
    evidence: str
    resumes_on: tuple[str, ...]


class Differs(NamedTuple):
    """One field that is otherwise in a region."""

    field: str
    things: tuple[Thing, ...]
    target: Target | None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A region that differs from the place of the page: in which fields, and by which rules of its own."""

    region: Thing
    fields: tuple[Differs, ...]
    rules: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """The page of a category, as it holds in one region."""

    code: str
    name: str
    side: str
    summary: str
    region: Thing
    region_of: str
    currency: str
    owner: Thing
    backups: tuple[Thing, ...]
    specialisms: tuple[Thing, ...]
    channel: Thing
    sensitive: bool
    level: Thing
    severity: str
    protocol: str | None
    origins: Mapping[str, Thing]
    """Field -> the region that says so, where the centre says otherwise."""
    symptoms: tuple[Thing, ...]
    evidence: tuple[EvidenceItem, ...]
    path: tuple[Stage, ...]
    decision_points: tuple[DecisionPoint, ...]
    goals: tuple[Goal, ...]
    ladder: Climb
    reopen_within: Span
    kept: Span
    rules: tuple[Moved, ...]
    triggers: tuple[Moved, ...]
    restricted: bool
    """Whether something restricted moves these cases that the reader may not see."""
    deadlines: tuple[Deadline, ...]
    remedies: tuple[Remedy, ...]
    currencies: tuple[str, ...]
    pauses: tuple[Pause, ...]
    messages: tuple[tuple[str, tuple[tuple[str, MessageTemplate], ...]], ...]
    """What we write to the party: key -> (language, words)."""
    elsewhere: tuple[Elsewhere, ...]
    alike: tuple[Thing, ...]
    """The other regions, in which it is as here but for the hours of the place."""


def home_region(policy: Policy) -> str:
    """The region that a page speaks of when none is named: the first that lies in no other."""
    return next(key for key, region in policy.central.regions.items() if region.parent is None)


def known(code: str, region: str) -> Facts:
    """All that is known of a case when only its category and region are."""
    return Facts({"category": Fact(code), "region": Fact(region)})


def passage(
    policy: Policy,
    code: str,
    region: str,
    classes: Collection[str] | None = None,
    *,
    authority: Policy | None = None,
) -> Passage:
    """What holds for a category in a region, for a reader with these visibility classes (None: all of them).

    `authority` is the policy that says who may grant what, where that is another one: limits protect, so those in force
    count for a case that is pinned to an older version. Raises UnknownCategory or UnknownRegion, as `evaluate`.
    """
    return _Writer(policy, code, region, classes, authority or policy).passage()


def differing_in(policy: Policy, code: str, region: str, classes: Collection[str] | None = None) -> Elsewhere | None:
    """In what a category is otherwise in a region than where the pages begin (`home_region`); None when in nothing."""
    home = home_region(policy)
    return None if region == home else _Writer(policy, code, home, classes, policy).compared(region)


class _Writer:
    def __init__(
        self, policy: Policy, code: str, region: str, classes: Collection[str] | None, authority: Policy
    ) -> None:
        self.policy, self.code, self.region, self.authority = policy, code, region, authority
        self.central = policy.central
        self.decision = evaluate(policy, known(code, region))
        self.category = self.central.categories[code]
        self.phrases = Phrases(
            policy,
            (lambda _: True) if classes is None else classes.__contains__,
            Facts({"category": Fact(code)}),  # so that symptoms are called by their names
        )

    def passage(self) -> Passage:
        decision, category, central = self.decision, self.category, self.central
        rules, hidden_rule = self._moved(self._rules(self.region))
        triggers, hidden_trigger = self._moved(
            (trigger, None) for trigger in central.triggers if self._applies(trigger, self.region)
        )
        elsewhere, alike = self._elsewhere()
        return Passage(
            code=self.code,
            name=category.name,
            side=category.side,
            summary=category.summary,
            region=self._thing("regions", self.region),
            region_of=category.region_of,
            currency=central.regions[self.region].currency,
            owner=self._thing("teams", decision.owner),
            backups=self._things("teams", decision.backups),
            specialisms=self._things("specialisms", decision.specialisms),
            channel=self._thing("channels", decision.channel),
            sensitive=central.channels[decision.channel].sensitive,
            level=self._thing("levels", decision.level),
            severity=decision.severity,
            protocol=decision.protocol,
            origins={field: found for field in decision.origins if (found := self._origin(decision, field))},
            symptoms=tuple(Thing(key, name) for key, name in category.symptoms.items()),
            evidence=category.evidence,
            path=category.path,
            decision_points=category.decision_points,
            goals=tuple(
                Goal(kind, decision.targets[kind], self._origin(decision, f"targets.{kind}"))
                for kind in TARGET_KINDS
                if kind in decision.targets
            ),
            ladder=climb(self.policy, decision.ladder),
            reopen_within=category.reopen_within or central.defaults.reopen_within,
            kept=kept_for(self.policy, category=self.code, region=self.region),
            rules=rules,
            triggers=triggers,
            restricted=hidden_rule or hidden_trigger,
            deadlines=tuple(self._deadlines()),
            remedies=tuple(self._remedies()),
            currencies=self._currencies(),
            pauses=tuple(
                Pause(key, row.name, row.stops, row.longest, row.most, row.evidence, row.resumes_on)
                for key, row in central.pause_reasons.items()
            ),
            messages=tuple(
                (key, tuple(texts.items())) for key, texts in central.messages.items() if not key.startswith("notice.")
            ),
            elsewhere=elsewhere,
            alike=alike,
        )

    def _thing(self, section: str, key: str) -> Thing:
        found = getattr(self.central, section).get(key)
        return Thing(key, found.name if found else key)

    def _things(self, section: str, keys: Collection[str]) -> tuple[Thing, ...]:
        return tuple(self._thing(section, key) for key in keys)

    def _origin(self, decision: Decision, field: str) -> Thing | None:
        """The region that gave a field its value, if one did."""
        kind, _, key = decision.origins.get(field, "").partition(":")
        return self._thing("regions", key) if kind == "region" and field != "calendar" else None

    # ------------------------------------------------------------------------------------------------- what moves it

    def _applies(self, scope: Any, region: str) -> bool:
        chain = self.policy.region_chain(region)
        return in_scope(scope.categories, self.code) and in_region(scope.regions, chain)

    def _rules(self, region: str) -> Iterator[tuple[Rule, str | None]]:
        """The rules of the category in a region, in the order tried, each with the region whose own it is."""
        own = {
            id(rule): key
            for key in self.policy.region_chain(region)
            if key in self.policy.variants
            for rule in self.policy.variants[key].rules
        }
        for rule in rules_tried(self.policy, region):
            if self._applies(rule, region):
                yield rule, own.get(id(rule))

    def _moved(self, found: Any) -> tuple[tuple[Moved, ...], bool]:
        """What the reader may see of rules or triggers, and whether there are others."""
        told, hidden = [], False
        for row, region in found:
            if self.phrases.hidden(row.visibility):
                hidden = True
            else:
                told.append(self._told(row, region))
        return tuple(told), hidden

    def _told(self, row: Rule | Trigger, region: str | None) -> Moved:
        outcome = row.then if isinstance(row, Rule) else row.raises
        return Moved(
            key=row.key,
            name=row.name,
            when="" if row.when is None else self.phrases.asks(row.when),
            effects=tuple(self._effects(outcome)),
            because=row.because,
            on_claim=row.claims == "enough",
            region=None if region is None else self._thing("regions", region),
            regions=self._things("regions", row.regions),
        )

    def _effects(self, outcome: Any) -> Iterator[Effect]:
        for field, section in FIELDS.items():
            named = getattr(outcome, field, None)
            if named is not None:
                yield Effect(field, self._named(section, named))
        targets: Targets = outcome.targets
        for kind in TARGET_KINDS:
            if kind in targets:
                yield Effect(f"targets.{kind}", span=targets[kind])

    def _named(self, section: str, named: Any) -> tuple[Thing, ...]:
        keys = named if isinstance(named, tuple) else (named,)
        return self._things(section, keys) if section else tuple(Thing(key, key) for key in keys)

    # ----------------------------------------------------------------------------------------- law, money, elsewhere

    def _deadlines(self) -> Iterator[Deadline]:
        for key, row in self.central.statutory.items():
            if self._applies(row, self.region):
                yield Deadline(
                    key=key,
                    name=row.name,
                    basis=row.basis,
                    after=row.after,
                    starts=row.starts,
                    legal_owner=self._thing("roles", row.legal_owner),
                    when="" if row.when is None else self.phrases.asks(row.when),
                    confirmed=row.confirmed_by_counsel,
                )

    def _remedies(self) -> Iterator[Remedy]:
        """Who may grant what. A higher level may whatever a lower one may, so a level without an amount of its own has
        that of the one below it."""
        central = self.authority.central
        for key in self.category.remedies:
            found = central.remedies.get(key)
            if found is None:
                continue
            limits, so_far = [], dict[str, Decimal]()
            for level in self.authority.levels_by_rank() if found.money else ():
                own = found.limits[level].by_currency if level in found.limits else {}
                for currency, amount in own.items():
                    so_far[currency] = max(amount, so_far.get(currency, Decimal(0)))
                limits.append(Limit(Thing(level, central.levels[level].name), dict(sorted(so_far.items()))))
            from_level = None
            if not found.money and found.from_level is not None:
                from_level = Thing(found.from_level, central.levels[found.from_level].name)
            yield Remedy(key, found.name, tuple(limits), from_level)

    def _currencies(self) -> tuple[str, ...]:
        """The currencies in which something may be granted here, the region's own first."""
        found = {currency for remedy in self._remedies() for limit in remedy.limits for currency in limit.amounts}
        own = self.central.regions[self.region].currency
        return tuple(sorted(found, key=lambda currency: (currency != own, currency)))

    def _elsewhere(self) -> tuple[tuple[Elsewhere, ...], tuple[Thing, ...]]:
        differing, alike = [], []
        for region in self.central.regions:
            if region == self.region:
                continue
            there = self.compared(region)
            if there is None:
                alike.append(self._thing("regions", region))
            else:
                differing.append(there)
        return tuple(differing), tuple(alike)

    def compared(self, region: str) -> Elsewhere | None:
        """In what another region differs from the place of the page; None when in nothing that the reader may see."""
        there = evaluate(self.policy, known(self.code, region))
        here = {id(rule) for rule, _ in self._rules(self.region)}
        fields = tuple(self._differing(there))
        rules, _ = self._moved((rule, own) for rule, own in self._rules(region) if id(rule) not in here)
        return Elsewhere(self._thing("regions", region), fields, rules) if fields or rules else None

    def _differing(self, there: Decision) -> Iterator[Differs]:
        for field, section in FIELDS.items():
            value = getattr(there, field)
            if value != getattr(self.decision, field):
                yield Differs(field, self._named(section, value) if value is not None else (), None)
        for kind in TARGET_KINDS:
            target = there.targets.get(kind)
            if target != self.decision.targets.get(kind):
                yield Differs(f"targets.{kind}", (), target)


FIELDS: Mapping[str, str] = {
    "owner": "teams",
    "backups": "teams",
    "specialisms": "specialisms",
    "channel": "channels",
    "level": "levels",
    "severity": "",
    "protocol": "",
    "ladder": "ladders",
}
"""The fields of an outcome, with the section whose keys they hold."""
