"""How fast a case is decided: 200 rules of six conditions each, against a careful loop over sets.

The policy is a hard one for tables: all rules are in scope of the one category that is asked, none can be skipped, and
their conditions are spread over eleven facts of the kinds that desks have (texts, flags, numbers, money). One case in
ten lacks each fact. Four lines come out:

    match      which rule is first, from plain values         against the loop, on the same values
    trace      `evaluate`: facts with states, byte trace, outcome, origins and record, the whole decision
               against the same loop, which only finds the rule
    triggers   the same with a dozen triggers and with claims, against the loop again
    cold       compiling a region's matrix, held to a limit

The rival keeps each rule's conditions as frozen sets and bounds, most selective first, with everything looked up
beforehand. Its answers and the product's are compared on every case before anything is timed.
"""

from __future__ import annotations

import gc
import math
import random
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from escalations.core.facts import Fact, Facts, Money, Value
from escalations.core.matrix import evaluate, matrix_of
from escalations.core.policy import Policy
from tests.bench.harness import report, seconds, side_by_side
from tests.core.policies import base_document

RULES, CONDITIONS, CASES = 200, 6, 2000
ENOUGH_S = 0.4
TEXTS = {"symptom2": 8, "payment": 6, "carrier": 5, "goods": 8, "tier": 6}
FLAGS = ("chargeback", "vulnerable", "press")
NUMBERS = ("contacts", "reports")
MONEY = ("value",)
CURRENCIES = ("EUR", "USD", "GBP")
COLD_LIMIT_S = 0.5

Values = Mapping[str, Value]


def policy_document(chance: random.Random) -> dict[str, Any]:
    """Two hundred rules for one category, none of which settles much by itself."""
    document = base_document()
    central = document["central"]
    central["facts"] = {
        **{key: {"name": key, "type": "text"} for key in TEXTS},
        **{key: {"name": key, "type": "flag", "signal": True} for key in FLAGS},
        **{key: {"name": key, "type": "number"} for key in NUMBERS},
        **{key: {"name": key, "type": "money", "signal": True} for key in MONEY},
    }
    facts = [*TEXTS, *FLAGS, *NUMBERS, *MONEY]
    central["rules"] = [
        {
            "key": f"r{number}",
            "name": f"Rule {number}",
            "priority": number + 1,
            "categories": ["a"],
            "when": {"all": [condition(chance, fact) for fact in chance.sample(facts, CONDITIONS)]},
            "then": {"owner": chance.choice(["t1", "t2", "t3"]), "level": chance.choice(["L1", "L2", "L3"])},
            "because": "For the bench.",
        }
        for number in range(RULES)
    ]
    return document


def condition(chance: random.Random, fact: str) -> dict[str, Any]:
    """One comparison of one fact."""
    if fact in TEXTS:
        words = [f"w{number}" for number in range(TEXTS[fact])]
        if chance.random() < 0.5:
            return {"fact": fact, "eq": chance.choice(words)}
        return {"fact": fact, "in": chance.sample(words, chance.choice([2, 3]))}
    if fact in FLAGS:
        return {"fact": fact, "eq": chance.random() < 0.5}
    if fact in NUMBERS:
        return {"fact": fact, chance.choice(["gte", "lte"]): chance.randrange(1, 10)}
    return {"fact": fact, "gte": {currency: str(chance.choice([100, 500, 1000, 5000])) for currency in CURRENCIES}}


def case(chance: random.Random) -> dict[str, Value]:
    """The values of one case; about one fact in ten is unknown."""
    every: dict[str, Value] = {
        **{key: f"w{chance.randrange(size)}" for key, size in TEXTS.items()},
        **{key: chance.random() < 0.5 for key in FLAGS},
        **{key: chance.randrange(11) for key in NUMBERS},
        **{key: Money(Decimal(chance.randrange(800_000)) / 100, chance.choice(CURRENCIES)) for key in MONEY},
    }
    known = {key: value for key, value in every.items() if chance.random() > 0.1}
    return {"category": "a", "region": "eu", **known}


def careful_loop(document: Mapping[str, Any]) -> Callable[[Values], int | None]:
    """The rival: rules one after another, each as sets and bounds, the most selective conditions first."""
    rules = []
    for number, rule in enumerate(document["central"]["rules"]):
        sets, bounds, money = [], [], []
        for test in rule["when"]["all"]:
            fact = test["fact"]
            if fact in MONEY:
                money.append((fact, {currency: Decimal(amount) for currency, amount in test["gte"].items()}))
            elif fact in NUMBERS:
                bounds.append((fact, test.get("gte", -1), test.get("lte", 1_000_000)))
            else:
                sets.append((fact, frozenset(test["in"] if "in" in test else [test["eq"]])))
        sets.sort(key=lambda pair: len(pair[1]) / TEXTS.get(pair[0], 2))
        rules.append((number, tuple(sets), tuple(bounds), tuple(money)))
    listed = tuple(rules)

    def first_match(values: Values) -> int | None:
        get = values.get
        for number, sets, bounds, money in listed:
            for fact, accepted in sets:
                if get(fact) not in accepted:
                    break
            else:
                for fact, low, high in bounds:
                    value: Any = get(fact)
                    if value is None or not low <= value <= high:
                        break
                else:
                    for fact, bands in money:
                        value = get(fact)
                        if value is None:
                            break
                        band = bands.get(value.currency)
                        if band is None or value.amount < band:
                            break
                    else:
                        return number
        return None

    return first_match


def with_triggers(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The same document with a dozen triggers."""
    facts = [*FLAGS, *NUMBERS, *MONEY]
    document["central"]["triggers"] = [
        {
            "key": f"t{number}",
            "name": f"Trigger {number}",
            "when": condition(chance, chance.choice(facts)),
            "raises": {"level": chance.choice(["L2", "L3"]), "severity": chance.choice(["high", "critical"])},
            "because": "For the bench.",
        }
        for number in range(12)
    ]
    return document


def given(values: Values, *, claims: bool = False) -> Facts:
    """The values as the facts of a case; with claims, what a party can claim is claimed."""
    signals = {*FLAGS, *MONEY} if claims else set()
    return Facts({key: Fact(value, "claimed" if key in signals else "given") for key, value in values.items()})


def each(work: Callable[[Any], object], items: list[Any]) -> Callable[[], float]:
    """Seconds that one call of the work takes: of as many passes over all items as fit, the quickest. A pass takes
    milliseconds, so a single one tells more about what else the machine does."""

    def measure() -> float:
        gc.collect()
        quickest, stop = math.inf, time.perf_counter() + ENOUGH_S
        while (began := time.perf_counter()) < stop:
            for item in items:
                work(item)
            quickest = min(quickest, time.perf_counter() - began)
        return quickest / len(items)

    return measure


def main() -> None:
    """Compare, then measure."""
    chance = random.Random(2026)
    document = policy_document(chance)
    policy, cases = Policy.model_validate(document), [case(chance) for _ in range(CASES)]
    loop, match = careful_loop(document), matrix_of(policy).of_region("eu").first_match
    facts = [given(values) for values in cases]
    decided = [evaluate(policy, one) for one in facts]
    expected = [loop(values) for values in cases]
    found = [match(values) for values in cases]
    assert found == expected, "the tables and the loop disagree"
    assert [decision.rule for decision in decided] == [None if n is None else f"r{n}" for n in expected]
    assert all(
        decision.trace.find(0) == (-1 if n is None else n) for decision, n in zip(decided, expected, strict=True)
    )
    matched = [n for n in expected if n is not None]
    assert 0.2 < len(matched) / len(cases) < 0.8, "neither nothing nor everything matches"

    triggered = Policy.model_validate(with_triggers(policy_document(random.Random(2026)), chance))
    claimed = [given(values, claims=True) for values in cases]
    assert [evaluate(triggered, one).rule for one in claimed] == [decision.rule for decision in decided]

    loop_s, match_s, decide_s, trigger_s = side_by_side(
        each(loop, cases),
        each(match, cases),
        each(lambda one: evaluate(policy, one), facts),
        each(lambda one: evaluate(triggered, one), claimed),
    )
    rival = f"careful loop over sets, {RULES} rules x {CONDITIONS} conditions, {len(matched) / len(cases):.0%} match"
    report("evaluate.match", 1 / match_s, "matches/s", rival, 1 / loop_s, ">= 10")
    report("evaluate.trace", 1 / decide_s, "whole decisions with byte trace/s", rival, 1 / loop_s, ">= 1")
    report("evaluate.triggers", 1 / trigger_s, "the same with 12 triggers and claims/s", rival, 1 / loop_s, ">= 0.5")

    def cold() -> float:
        fresh = Policy.model_validate(document)
        return seconds(lambda: evaluate(fresh, facts[0]))

    (cold_s,) = side_by_side(cold)
    report("evaluate.cold", cold_s, "s to compile a region", "limit", COLD_LIMIT_S, "<= 1")
