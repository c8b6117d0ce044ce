"""From a stored decision back to its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from escalations.core.decision import (
    FIRED_NO_BAND,
    FIRED_ON_CLAIM,
    FIRED_ON_CLAIM_NO_BAND,
    MATCHED,
    NOT_IN_SCOPE,
    NOT_REACHED,
    Decision,
)
from escalations.core.matrix import recorded_facts, rules_tried
from escalations.core.matrix.logic import conjuncts, holds
from escalations.core.policy import Condition, Policy, Rule, Target, Trigger, tests_of
from escalations.core.words.phrases import (
    TARGET_NAMES,
    MaySee,
    Phrases,
    everyone,
    listing,
    span,
    unique,
)

FIELD_NAMES = {
    "owner": "owner",
    "backups": "covered by",
    "specialisms": "asks for",
    "channel": "channel",
    "level": "level",
    "severity": "severity",
    "protocol": "protocol",
    "ladder": "ladder",
    "calendar": "calendar",
}


@dataclass(frozen=True, slots=True)
class Record:
    """A decision as it is stored: what `Decision.outcome()`, `facts`, `trace` and `trigger_trace` were."""

    outcome: Mapping[str, Any]
    facts: Mapping[str, Any]
    trace: bytes
    trigger_trace: bytes

    @classmethod
    def of(cls, decision: Decision) -> Self:
        """The record of a decision that was just made."""
        return cls(decision.outcome(), decision.facts, decision.trace, decision.trigger_trace)


class PassedOver(NamedTuple):
    """A rule that was tried and did not match."""

    key: str
    name: str
    reason: str


class Raised(NamedTuple):
    """A trigger that fired. A restricted one has no key, name, reason or because."""

    key: str | None
    name: str
    reason: str
    because: str
    to: str
    """What it raised; empty when the outcome stood as high already, or waits."""
    note: str


class Held(NamedTuple):
    """What waits for a claim to be verified; the value is empty where the reader may not know it."""

    field: str
    value: str
    sentence: str


class Origin(NamedTuple):
    """One field of the outcome, its value and which layer gave it, all in words."""

    field: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Why:
    """A decision's reasons. `rule`, `rule_name`, `because` are None when no rule matched, or a restricted one did."""

    headline: str
    rule: str | None
    rule_name: str | None
    because: str | None
    passed_over: tuple[PassedOver, ...]
    restricted: int
    """How many rules were passed over that the reader may not see."""
    out_of_scope: int
    not_reached: int
    raised: tuple[Raised, ...]
    held_back: tuple[Held, ...]
    origins: tuple[Origin, ...]
    statutory: tuple[str, ...]

    def sentences(self) -> tuple[str, ...]:
        """The whole reason as a few sentences, for a brief, a log or a test."""
        said = [self.headline]
        passed = [f"{rule.key} because {rule.reason}" for rule in self.passed_over]
        if self.restricted:
            passed.append(_counted(self.restricted, "restricted rule"))
        if passed:
            said.append(f"Passed over: {'; '.join(passed)}.")
        for raised in self.raised:
            effect = f" raised {raised.to}" if raised.to else " fired, which changes nothing yet"
            reason = f" because {raised.reason}" if raised.reason else ""
            note = f"; {raised.note}" if raised.note else ""
            said.append(f"{_capital(raised.name)}{effect}{reason}{note}.")
        said += [held.sentence for held in self.held_back]
        said.append(_capital(", ".join(f"{field} {value} ({origin})" for field, value, origin in self.origins)) + ".")
        if self.statutory:
            said.append(f"Deadlines set by law: {listing(list(self.statutory))}.")
        return tuple(said)


def explain(policy: Policy, record: Record, may_see: MaySee = everyone, *, version: int | None = None) -> Why:
    """The reasons of a stored decision, for a reader who may see what `may_see` says of each guarding channel.

    `policy` is the version that decided; `version` its number, for the headline. Raises ValueError when the record
    is not one of this policy. Costs about as much as deciding a hundred times: call it for one case, not for a list.
    """
    return _Explanation(policy, record, may_see).why(version)


class _Explanation:
    def __init__(self, policy: Policy, record: Record, may_see: MaySee) -> None:
        self.policy, self.central, self.record = policy, policy.central, record
        self.category, self.region = record.outcome["category"], record.outcome["region"]
        facts = recorded_facts(policy, record.facts, self.category, self.region)
        self.phrases = Phrases(policy, may_see, facts)
        self.rules = rules_tried(policy, self.region)
        if (len(record.trace), len(record.trigger_trace)) != (len(self.rules), len(self.central.triggers)):
            raise ValueError("this decision was made by another version of the policy; explain it with that one")
        found = record.trace.find(MATCHED)
        self.matched: Rule | None = self.rules[found] if found >= 0 else None

    def why(self, version: int | None) -> Why:
        trace = self.record.trace
        shown, restricted = [], 0
        for rule, code in zip(self.rules, trace, strict=True):
            if code in (MATCHED, NOT_IN_SCOPE, NOT_REACHED):
                continue
            if self.phrases.hidden(rule.visibility):
                restricted += 1
            else:
                shown.append(PassedOver(rule.key, rule.name, self._failing(rule, code)))
        visible = self.matched if self.matched and not self.phrases.hidden(self.matched.visibility) else None
        return Why(
            headline=self._headline(version),
            rule=visible.key if visible else None,
            rule_name=visible.name if visible else None,
            because=visible.because if visible else None,
            passed_over=tuple(shown),
            restricted=restricted,
            out_of_scope=trace.count(NOT_IN_SCOPE),
            not_reached=trace.count(NOT_REACHED),
            raised=tuple(self._raised()),
            held_back=tuple(
                dict.fromkeys(self._held(field, value) for field, value in self.record.outcome["held_back"])
            ),
            origins=tuple(self._origins()),
            statutory=tuple(self.central.statutory[key].name for key in self.record.outcome["statutory"]),
        )

    def _headline(self, version: int | None) -> str:
        start = f"Version {version}, " if version is not None else ""
        rule = self.matched
        if rule is None:
            own = self.central.categories[self.category].name
            return _capital(f"{start}no rule matched: what stands for {own} holds.")
        if self.phrases.hidden(rule.visibility):
            return _capital(f"{start}one restricted rule matched.")
        reasons = []
        if rule.categories:
            reasons.append(f"category is {self.central.categories[self.category].name}")
        if rule.regions:
            reasons.append(f"region is {self.central.regions[self.region].name}")
        reasons += [self.phrases.because(part) for part in conjuncts(rule.when)]
        why = " and ".join(unique(reasons)) or "it applies to every case"
        return _capital(f"{start}rule {rule.key} (priority {rule.priority}): {why}.")

    def _failing(self, rule: Rule, code: int) -> str:
        parts = conjuncts(rule.when)[code - 1 :]
        failing = next(part for part in parts if holds(part, self.phrases.read) is not True)
        return self.phrases.because(failing)

    def _raised(self) -> list[Raised]:
        told = []
        for trigger, code in zip(self.central.triggers, self.record.trigger_trace, strict=True):
            if not code:
                continue
            origin = f"trigger:{trigger.key}"
            fields = [field for field in self._fields() if self.record.outcome["origins"].get(field) == origin]
            to = listing([self._raised_to(field) for field in fields])
            on_claim = code in (FIRED_ON_CLAIM, FIRED_ON_CLAIM_NO_BAND)
            notes = [
                "it is a claim, so level and channel wait" if on_claim and _guards(trigger) else "",
                "a currency without an amount counts as reached"
                if code in (FIRED_NO_BAND, FIRED_ON_CLAIM_NO_BAND)
                else "",
            ]
            note = "; ".join(filter(None, notes))
            if self.phrases.hidden(trigger.visibility):
                told.append(Raised(None, "one restricted trigger", "", "", to, ""))
            else:
                reason = self.phrases.because(trigger.when, no_band=True)
                told.append(Raised(trigger.key, trigger.name, reason, trigger.because, to, note))
        return told

    def _raised_to(self, field: str) -> str:
        return f"{self._field(field)}{' ' if field.startswith('targets.') else ' to '}{self._value(field)}"

    def _held(self, field: str, value: str) -> Held:
        """Which claims a held-back value waits for. What only hidden rules and triggers would do is not named."""
        sources: list[tuple[Condition | None, str | None]] = []
        if self.matched is not None and getattr(self.matched.then, field) == value:
            sources.append((self.matched.when, self.matched.visibility))
        sources += [
            (trigger.when, trigger.visibility)
            for trigger, code in zip(self.central.triggers, self.record.trigger_trace, strict=True)
            if code in (FIRED_ON_CLAIM, FIRED_ON_CLAIM_NO_BAND) and getattr(trigger.raises, field) == value
        ]
        seen = [condition for condition, visibility in sources if not self.phrases.hidden(visibility)]
        if sources and not seen:
            return Held("", "", "One restricted change waits until a claim is verified.")
        waiting = [
            "a restricted fact" if self.phrases.test_hidden(test) else self.phrases.fact(test.fact)
            for condition in seen
            if condition is not None
            for test in tests_of(condition)
            if self.phrases.state(test.fact)
        ]
        words = self._value(field, value)
        claims = listing(unique(waiting)) or "a claim"
        return Held(field, words, f"{_capital(FIELD_NAMES[field])} {words} waits until {claims} is verified.")

    def _origins(self) -> list[Origin]:
        origins = self.record.outcome["origins"]
        return [
            Origin(self._field(field), self._value(field), self._origin(origins[field]))
            for field in self._fields()
            if field in origins and self._value(field)
        ]

    def _fields(self) -> list[str]:
        targets = self.record.outcome["targets"]
        return [*FIELD_NAMES, *(f"targets.{kind}" for kind in TARGET_NAMES if kind in targets)]

    def _origin(self, origin: str) -> str:
        kind, _, key = origin.partition(":")
        if kind == "region":
            return self.central.regions[key].name
        if kind == "rule":
            of: Rule | Trigger | None = (
                self.matched
                if self.matched is not None and self.matched.key == key
                else next((rule for rule in self.rules if rule.key == key), None)
            )
            if of is self.matched and of is not None and not self.phrases.hidden(of.visibility):
                return "from the rule"
        else:
            of = next((trigger for trigger in self.central.triggers if trigger.key == key), None)
        if of is None:
            return kind
        return f"one restricted {kind}" if self.phrases.hidden(of.visibility) else f"{kind} {key}"

    def _field(self, field: str) -> str:
        return TARGET_NAMES[field.partition(".")[2]] if field.startswith("targets.") else FIELD_NAMES[field]

    def _value(self, field: str, value: Any = None) -> str:
        """The value of a field of the outcome by its name; empty when it has none."""
        if field.startswith("targets."):
            return span(Target.model_validate(self.record.outcome["targets"][field.partition(".")[2]]))
        value = self.record.outcome[field] if value is None else value
        if isinstance(value, list):
            return listing([self._name(field, item) for item in value])
        return self._name(field, value) if value else ""

    def _name(self, field: str, key: str) -> str:
        sections: dict[str, Mapping[str, Any]] = {
            "owner": self.central.teams,
            "backups": self.central.teams,
            "specialisms": self.central.specialisms,
            "channel": self.central.channels,
            "ladder": self.central.ladders,
            "level": self.central.levels,
        }
        named = sections.get(field, {}).get(key)
        if named is None:
            return key
        return f"{key} {named.name}" if field == "level" and named.name != key else str(named.name)


def _guards(trigger: Trigger) -> bool:
    return trigger.raises.level is not None or trigger.raises.channel is not None


def _counted(count: int, thing: str) -> str:
    return f"one {thing}" if count == 1 else f"{count} {thing}s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
