"""Compiling and linting an edition of 200 categories and 200 rules, against parsing and hashing its policy alone.

The edition is the starter playbook `team` five times over: each copy has its own categories, its own rules (40 each)
and its own scenarios, so lint and scenarios meet rules as people write them. It compiles without an error, which is
checked before anything is timed. Two lines come out:

    compile     `examine`: the edition's form, the policy with its holidays, lint, pages, links, every scenario run
    one row     the same after one severity has changed, as on the page of a draft: nothing is kept from the run before

The floor validates the same policy document with the same models, writes it as canonical JSON and hashes it: what any
compiler of it must at least do. The bound of ten was set before the first run: lint compares every pair of rules that
may meet, and every scenario is a decision with its due times.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from escalations.core.canonical import canonical, digest_of
from escalations.core.policy import Policy
from playbook import presets
from playbook.core.compiling import examine, with_horizon
from playbook.core.reading import read
from playbook.core.source import Source
from tests.bench.bench_diff import quickest
from tests.bench.harness import report, side_by_side

CATEGORIES, RULES, COPIES = 200, 200, 5
BOUND = "<= 10"


def edition() -> dict[str, Any]:
    """The starter playbook with four more copies of its categories, rules and scenarios, and some categories more."""
    made = copy.deepcopy(with_horizon(read(presets.folder("team")), range(2025, 2030)).document)
    central = made["policy"]["central"]
    codes, rules, scenarios = list(central["categories"]), list(central["rules"]), list(made["scenarios"])
    special = _in_variants(made["policy"])
    for number in range(2, COPIES + 1):
        for code in codes:
            central["categories"][f"{code}-{number}"] = copy.deepcopy(central["categories"][code])
        for rule in rules:
            more = copy.deepcopy(rule)
            more |= {
                "key": f"{rule['key']}-{number}",
                "priority": rule["priority"] + 1_000 * number,
                "categories": [f"{code}-{number}" for code in rule["categories"]],
            }
            central["rules"].append(more)
        for scenario in scenarios:
            if scenario["case"]["category"] not in special:
                made["scenarios"].append(_copied(scenario, number))
    for code in codes[: CATEGORIES - len(central["categories"])]:
        central["categories"][f"{code}-more"] = copy.deepcopy(central["categories"][code])
    return made


def _in_variants(policy: dict[str, Any]) -> set[str]:
    """Categories that a region or a deadline names by itself: their copies would go another way."""
    text = json.dumps(
        [policy.get("variants", {}), policy["central"].get("statutory", {}), policy["central"]["triggers"]]
    )
    return {code for code in policy["central"]["categories"] if f'"{code}"' in text}


def _copied(scenario: dict[str, Any], number: int) -> dict[str, Any]:
    more = copy.deepcopy(scenario)
    more["name"] = f"{scenario['name']} ({number})"
    more["case"]["category"] = f"{scenario['case']['category']}-{number}"
    if more["expect"].get("rule"):
        more["expect"]["rule"] = f"{more['expect']['rule']}-{number}"
    return more


def main() -> None:
    """Compare, then measure."""
    document = edition()
    central = document["policy"]["central"]
    assert len(central["categories"]) == CATEGORIES
    assert len(central["rules"]) == RULES
    found = examine(Source(copy.deepcopy(document)))
    assert found.errors == (), found.errors[:5]
    assert found.compiled is not None
    policy = found.compiled.policy.document()
    changed = copy.deepcopy(document)
    changed["policy"]["central"]["categories"]["order.damaged"]["severity"] = "high"

    compile_s, row_s, floor_s = side_by_side(
        quickest(lambda: examine(Source(document))),
        quickest(lambda: examine(Source(changed))),
        quickest(lambda: digest_of(json.loads(canonical(Policy.model_validate(policy).document())))),
    )
    floor = f"validate and hash the policy, {CATEGORIES} categories, {RULES} rules"
    unit = f"s with {len(document['scenarios'])} scenarios"
    report("compile.edition", compile_s, unit, floor, floor_s, BOUND)
    report("compile.one row", row_s, unit, floor, floor_s, BOUND)
