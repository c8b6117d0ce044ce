"""From a policy and a case's facts to a decision, with its trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalations.core.decision import (
    FIRED,
    FIRED_NO_BAND,
    FIRED_ON_CLAIM,
    FIRED_ON_CLAIM_NO_BAND,
    Decision,
)
from escalations.core.facts import Fact, FactError, Facts
from escalations.core.matrix.compiled import Place, RegionMatrix, matrix_of
from escalations.core.matrix.layers import UnknownCategory, shortest, stricter
from escalations.core.matrix.logic import MASKED, Read, Reading, holds
from escalations.core.policy import Policy, Target, TargetKind

_LOWEST_BIT = bytes((byte & -byte).bit_length() for byte in range(256))
"""From a lane to the position of the first condition that failed; 0 when none did."""

_GUARDED = ("level", "channel")
"""What a claim alone does not change."""


def evaluate(policy: Policy, facts: Facts) -> Decision:
    """Where a case goes, by when, and why: pure and deterministic.

    Order: defaults, category, region chain from root to leaf; then the first rule that matches (the region's own
    rules first, then its ancestors', then the centre's; smaller priority first) changes the fields that it names; then
    every trigger that fires raises (highest level and severity, strictest channel, shortest target). Which of
    the case's regions counts is declared by the category.

    Claims. A claimed fact counts for matching, so that it speeds triage. Level and channel are decided by what holds
    without the claims, unless a rule or trigger says that claims are enough; what would differ if every claim were
    verified is `held_back`. Money in a currency without a band leaves a rule unmatched, fires a trigger and lets a
    statutory deadline apply.

    Raises UnknownCategory, UnknownRegion, and FactError for a value that does not fit the fact's declared type. The
    first decision of a place compiles it (milliseconds); every later one costs microseconds.
    """
    matrix = matrix_of(policy)
    category = facts.text("category")
    whose = matrix.region_of.get(category)
    if whose is None:
        raise UnknownCategory(category, policy)
    regional = matrix.of_region(facts.regions.get(whose) or facts.text("region"), whose)
    place = regional.place(category)
    given = facts.values

    mask, lanes, sure = place.mask, place.lanes, -1
    recorded = dict(place.recorded)
    for key, kind, find, absent, certain, write in place.fields:
        fact = given.get(key)
        if fact is None or fact.state == "dismissed":
            mask &= absent[0]
            lanes |= absent[1]
            continue
        value = fact.value
        if type(value) is not kind:
            raise _misfit(key, kind, value)
        entry = find(value)
        mask &= entry[0]
        lanes |= entry[1]
        if fact.state == "claimed":
            sure &= certain
        recorded[key] = {"value": value if write is None else write(value), "state": fact.state}
    claims = sure != -1
    if place.untabled:
        claims = _read_untabled(place, given, recorded) or claims

    case = _Case(place, given)
    read_sure = case.without_claims if claims else case.read
    matched = regional.first(mask & regional.rule_bits, place, case.read)
    surely = regional.first(mask & sure & regional.rule_bits, place, read_sure) if claims else matched
    trace = _trace(regional, place, lanes, matched, case.read)

    draft = _Draft(place)
    if matched >= 0:
        draft.follow(regional, matched, matched if regional.rules[matched].claims == "enough" else surely)
    raising = mask & regional.trigger_bits
    fired: tuple[str, ...] = ()
    trigger_trace = bytes(len(regional.triggers))
    if raising:
        fired, trigger_trace = draft.raise_by(regional, raising, mask & sure, case.read, read_sure)
    values = draft.values
    return Decision(
        category=category,
        region=place.region,
        region_chain=place.chain,
        owner=values["owner"],
        backups=values["backups"],
        specialisms=values["specialisms"],
        channel=values["channel"],
        level=values["level"],
        severity=values["severity"],
        protocol=values["protocol"],
        calendar=values["calendar"],
        ladder=values["ladder"],
        targets=draft.targets,
        statutory=_deadlines(regional, mask, place, case.read),
        rule=regional.rules[matched].key if matched >= 0 else None,
        triggers=fired,
        origins=draft.origins,
        held_back=draft.held_back() if claims else (),
        facts=recorded,
        trace=trace,
        trigger_trace=trigger_trace,
    )


class _Case:
    """How conditions that no table holds read a case."""

    __slots__ = ("_given", "_place")

    def __init__(self, place: Place, given: Mapping[str, Fact]) -> None:
        self._place = place
        self._given = given

    def read(self, key: str) -> Reading:
        if key == "category":
            return self._place.category
        if key == "region":
            return self._place.region
        fact = self._given.get(key)
        return None if fact is None or fact.state == "dismissed" else fact.value

    def without_claims(self, key: str) -> Reading:
        fact = self._given.get(key)
        claimed = fact is not None and fact.state == "claimed" and key not in ("category", "region")
        return MASKED if claimed else self.read(key)


class _Draft:
    """An outcome in the making: the standing one, then a rule's, then raised.

    Beside level and channel as they are, `verified` has them as they would be if every claim were verified.
    """

    __slots__ = ("_place", "origins", "targets", "values", "verified")

    def __init__(self, place: Place) -> None:
        self._place = place
        self.values: dict[str, Any] = dict(place.standing.values)
        self.targets: dict[TargetKind, Target] = dict(place.standing.targets)
        self.origins: dict[str, str] = dict(place.standing.origins)
        self.verified = {field: self.values[field] for field in _GUARDED}

    def follow(self, regional: RegionMatrix, matched: int, guarded: int) -> None:
        """Apply the rule that matched; its level and channel only when it is also the `guarded` one.

        Otherwise the guarded rule, which comes first when no claim counts, says those two meanwhile (-1: none does).
        """
        names, rule = regional.names[matched], regional.rules[matched]
        origin = f"rule:{rule.key}"
        for field, value in names.items():
            if field in self.verified:
                self.verified[field] = value
                if guarded != matched:
                    continue
            self.values[field] = value
            self.origins[field] = origin
        if guarded not in (matched, -1):
            for field in _GUARDED:
                if field in regional.names[guarded]:
                    self.values[field] = regional.names[guarded][field]
                    self.origins[field] = f"rule:{regional.rules[guarded].key}"
        for kind, target in rule.then.targets.items():
            self.targets[kind] = target
            self.origins[f"targets.{kind}"] = origin

    def raise_by(
        self, regional: RegionMatrix, raising: int, surely: int, read: Read, read_sure: Read
    ) -> tuple[tuple[str, ...], bytes]:
        """Let every trigger that fires raise the outcome. Returns their keys and the trace of all triggers.

        `raising` are the triggers that no table keeps from firing, `surely` those that fire without the claims.
        """
        ranks = {"level": regional.matrix.level_rank, "channel": regional.matrix.channel_rank}
        codes = bytearray(len(regional.triggers))
        fired: list[str] = []
        shorter: dict[TargetKind, list[tuple[Target, str]]] = {}
        for number, trigger in enumerate(regional.triggers):
            index = len(regional.rules) + number
            if not (raising >> index & 1 and regional.rest_holds(index, self._place, read)):
                continue
            raises, origin = trigger.raises, f"trigger:{trigger.key}"
            full = trigger.claims == "enough" or bool(
                surely >> index & 1 and regional.rest_holds(index, self._place, read_sure)
            )
            banded = number not in regional.money_triggers or holds(trigger.when, read) is True
            if full:
                codes[number] = FIRED if banded else FIRED_NO_BAND
            else:
                codes[number] = FIRED_ON_CLAIM if banded else FIRED_ON_CLAIM_NO_BAND
            fired.append(trigger.key)
            if raises.severity is not None and stricter(raises.severity, self.values["severity"]):
                self.values["severity"], self.origins["severity"] = raises.severity, origin
            for kind, target in raises.targets.items():
                shorter.setdefault(kind, []).append((target, origin))
            for field, wanted in (("level", raises.level), ("channel", raises.channel)):
                if wanted is None:
                    continue
                rank = ranks[field]
                if rank[wanted] > rank[self.verified[field]]:
                    self.verified[field] = wanted
                if full and rank[wanted] > rank[self.values[field]]:
                    self.values[field], self.origins[field] = wanted, origin
        for kind, raised in shorter.items():
            found = shortest(self.targets.get(kind), raised)
            if found is not None:
                self.targets[kind], self.origins[f"targets.{kind}"] = found
        return tuple(fired), bytes(codes)

    def held_back(self) -> tuple[tuple[str, str], ...]:
        """What waits for a claim to be verified."""
        return tuple((field, self.verified[field]) for field in _GUARDED if self.verified[field] != self.values[field])


def _trace(regional: RegionMatrix, place: Place, lanes: int, matched: int, read: Read) -> bytes:
    """One byte per rule in the order tried: see Decision."""
    size = len(regional.rules)
    trace = lanes.to_bytes(size, "little").translate(_LOWEST_BIT)
    if place.unscoped:
        trace = (int.from_bytes(trace, "little") ^ place.unscoped).to_bytes(size, "little")
    end = matched if matched >= 0 else size
    if place.residual:
        trace = _trace_residual(regional, place, trace, end, read)
    return trace if matched < 0 else trace[:matched] + b"\x00" + b"\xff" * (size - matched - 1)


def _trace_residual(regional: RegionMatrix, place: Place, trace: bytes, end: int, read: Read) -> bytes:
    """The trace with residual conditions: one that fails before the first tabled one takes its place."""
    exact = bytearray(trace)
    for index, parts in place.residual.items():
        if index >= end:
            break
        for position, part in parts:
            code = min(position, 8)
            if exact[index] and exact[index] <= code:
                break
            if holds(part, read, regional.items[index].no_band) is not True:
                exact[index] = code
                break
    return bytes(exact)


def _deadlines(regional: RegionMatrix, mask: int, place: Place, read: Read) -> tuple[str, ...]:
    first = len(regional.rules) + len(regional.triggers)
    left = mask >> first
    return (
        tuple(
            key
            for number, key in enumerate(regional.deadlines)
            if left >> number & 1 and regional.rest_holds(first + number, place, read)
        )
        if left
        else ()
    )


def _read_untabled(place: Place, given: Mapping[str, Fact], recorded: dict[str, Any]) -> bool:
    """Check and record the facts that only residual conditions read. Returns whether one of them is a claim."""
    claims = False
    for field in place.untabled:
        fact = given.get(field.key)
        if fact is None or fact.state == "dismissed":
            continue
        if type(fact.value) is not field.type:
            raise _misfit(field.key, field.type, fact.value)
        claims = claims or fact.state == "claimed"
        value = fact.value if field.write is None else field.write(fact.value)
        recorded[field.key] = {"value": value, "state": fact.state}
    return claims


def _misfit(key: str, kind: type, value: object) -> FactError:
    return FactError(key, f"the policy declares a {kind.__name__} here, but the case gives {value!r}")
