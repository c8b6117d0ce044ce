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
from escalations.core.matrix.compiled import matrix_of
from escalations.core.matrix.layers import Standing, UnknownCategory, shortest
from escalations.core.matrix.logic import MASKED, Read, Reading, holds
from escalations.core.matrix.regional import PYTHON_TYPES, SEVERITY_RANK, Place, RegionMatrix
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
    given = facts.values
    about = given.get("category")
    category = about.value if about is not None else ""
    whose = matrix.region_of.get(category)  # type: ignore[arg-type]
    if whose is None or not isinstance(category, str):
        raise UnknownCategory(facts.text("category"), policy)
    regional = matrix.of_region(facts.regions.get(whose) or facts.text("region"), whose)
    place = regional.place(category)

    lanes, doubts, claims = place.lanes, 0, False
    recorded = dict(place.recorded)
    for key, kind, find, absent, masked, write in place.fields:
        fact = given.get(key)
        if fact is None or (state := fact.state) == "dismissed":
            lanes |= absent
            continue
        value = fact.value
        if type(value) is not kind:
            raise _misfit(key, kind, value)
        lanes |= find(value)
        if state == "claimed":
            doubts |= masked
            claims = True
        recorded[key] = {"value": value if write is None else write(value), "state": state}
    if place.untabled:
        claims = _read_untabled(place, given, recorded) or claims

    case = _Case(place, given)
    rules = regional.rules
    failed = lanes.to_bytes(len(regional.items), "little").translate(_LOWEST_BIT)
    unsure = (lanes | doubts).to_bytes(len(regional.items), "little") if claims else failed
    matched = regional.first_open(failed, 0, len(rules), place, case.read)
    guarded = matched
    if claims and matched >= 0 and rules[matched].claims != "enough":
        guarded = regional.first_open(unsure, 0, len(rules), place, case.without_claims)

    outcome = _after_rule(regional, place, matched, guarded)
    values, targets, origins = outcome.values, dict(outcome.targets), dict(outcome.origins)
    held_back: tuple[tuple[str, str], ...] = ()
    fired: tuple[str, ...] = ()
    trigger_trace = regional.silent
    raising = failed.find(0, regional.first_trigger, regional.first_deadline) >= 0
    if raising or claims:
        verified = _after_rule(regional, place, matched, matched).values
        draft = _Draft(dict(values), targets, origins, {field: verified[field] for field in _GUARDED})
        if raising:
            fired, trigger_trace = draft.raise_by(regional, failed, unsure, case)
        values, held_back = draft.values, draft.held_back()
    deadlines = failed.find(0, regional.first_deadline) >= 0
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
        targets=targets,
        statutory=_deadlines(regional, failed, case) if deadlines else (),
        rule=rules[matched].key if matched >= 0 else None,
        triggers=fired,
        origins=origins,
        held_back=held_back,
        facts=recorded,
        trace=_trace(regional, place, failed, matched, case.read),
        trigger_trace=trigger_trace,
    )


class _Case:
    """How conditions that no table holds read a case."""

    __slots__ = ("_given", "place")

    def __init__(self, place: Place, given: Mapping[str, Fact]) -> None:
        self.place = place
        self._given = given

    def read(self, key: str) -> Reading:
        if key == "category":
            return self.place.category
        if key == "region":
            return self.place.region
        fact = self._given.get(key)
        return None if fact is None or fact.state == "dismissed" else fact.value

    def without_claims(self, key: str) -> Reading:
        fact = self._given.get(key)
        claimed = fact is not None and fact.state == "claimed" and key not in ("category", "region")
        return MASKED if claimed else self.read(key)


class _Draft:
    """An outcome that triggers raise in place.

    Beside level and channel as they are, `verified` has them as they would be if every claim were verified.
    """

    __slots__ = ("origins", "targets", "values", "verified")

    def __init__(
        self,
        values: dict[str, Any],
        targets: dict[TargetKind, Target],
        origins: dict[str, str],
        verified: dict[str, str],
    ) -> None:
        self.values = values
        self.targets = targets
        self.origins = origins
        self.verified = verified

    def raise_by(
        self, regional: RegionMatrix, failed: bytes, unsure: bytes, case: _Case
    ) -> tuple[tuple[str, ...], bytes]:
        """Let every trigger that fires raise the outcome. Returns their keys and the trace of all triggers.

        A lane of zero in `failed` says that no table keeps the trigger from firing, one in `unsure` that none does
        without the claims either.
        """
        values, verified, residual = self.values, self.verified, case.place.residual
        level_rank, channel_rank = regional.matrix.level_rank, regional.matrix.channel_rank
        codes = bytearray(len(regional.triggers))
        fired: list[str] = []
        shorter: dict[TargetKind, list[tuple[Target, str]]] = {}
        index = failed.find(0, regional.first_trigger, regional.first_deadline)
        while index >= 0:
            if index not in residual or regional.rest_holds(index, case.place, case.read):
                number = index - regional.first_trigger
                raises = regional.raising[number]
                full = raises.enough or (
                    not unsure[index]
                    and (index not in residual or regional.rest_holds(index, case.place, case.without_claims))
                )
                banded = raises.banded or holds(regional.triggers[number].when, case.read) is True
                if full:
                    codes[number] = FIRED if banded else FIRED_NO_BAND
                else:
                    codes[number] = FIRED_ON_CLAIM if banded else FIRED_ON_CLAIM_NO_BAND
                fired.append(raises.key)
                if raises.severity_rank > SEVERITY_RANK[values["severity"]]:
                    values["severity"], self.origins["severity"] = raises.severity, raises.origin
                for kind, target in raises.targets:
                    shorter.setdefault(kind, []).append((target, raises.origin))
                if raises.level is not None:
                    if raises.level_rank > level_rank[verified["level"]]:
                        verified["level"] = raises.level
                    if full and raises.level_rank > level_rank[values["level"]]:
                        values["level"], self.origins["level"] = raises.level, raises.origin
                if raises.channel is not None:
                    if raises.channel_rank > channel_rank[verified["channel"]]:
                        verified["channel"] = raises.channel
                    if full and raises.channel_rank > channel_rank[values["channel"]]:
                        values["channel"], self.origins["channel"] = raises.channel, raises.origin
            index = failed.find(0, index + 1, regional.first_deadline)
        for kind, raised in shorter.items():
            found = shortest(self.targets.get(kind), raised)
            if found is not None:
                self.targets[kind], self.origins[f"targets.{kind}"] = found
        return tuple(fired), bytes(codes)

    def held_back(self) -> tuple[tuple[str, str], ...]:
        """What waits for a claim to be verified."""
        return tuple((field, self.verified[field]) for field in _GUARDED if self.verified[field] != self.values[field])


def _after_rule(regional: RegionMatrix, place: Place, matched: int, guarded: int) -> Standing:
    """The standing outcome as the rule `matched` changes it (-1: none does); not to be changed itself.

    Level and channel are said by the rule `guarded`: the same one, or the one that comes first when no claim counts
    (-1: none does).
    """
    found = place.followed.get((matched, guarded))
    if found is not None:
        return found
    values, origins = dict(place.standing.values), dict(place.standing.origins)
    targets = dict(place.standing.targets)
    for index, mine in ((matched, False), (guarded, True)):
        if index < 0:
            continue
        for field, value in regional.names[index].items():
            if (field in _GUARDED) is mine:
                values[field] = value
                origins[field] = f"rule:{regional.rules[index].key}"
    if matched >= 0:
        rule = regional.rules[matched]
        targets.update(rule.then.targets)
        origins.update({f"targets.{kind}": f"rule:{rule.key}" for kind in rule.then.targets})
    found = place.followed[(matched, guarded)] = Standing(values, targets, origins)
    return found


def _trace(regional: RegionMatrix, place: Place, failed: bytes, matched: int, read: Read) -> bytes:
    """One byte per rule in the order tried: see Decision."""
    size = len(regional.rules)
    trace = failed[:size]
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


def _deadlines(regional: RegionMatrix, failed: bytes, case: _Case) -> tuple[str, ...]:
    return tuple(
        key
        for index, key in enumerate(regional.deadlines, regional.first_deadline)
        if not failed[index] and regional.rest_holds(index, case.place, case.read)
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
    word = next(word for word, python in PYTHON_TYPES.items() if python is kind)
    return FactError(key, f"the policy declares a {word} here, but the case gives {value!r}")
