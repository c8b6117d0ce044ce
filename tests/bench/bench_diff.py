"""The difference of two editions in words, against a plain recursive comparison that tells nothing but paths.

Both editions have 200 categories and 200 rules; the new one differs in forty places of all kinds. Two lines come out:

    words      `diff`: matched by key, told in sentences, with whom it affects, lanes and visibility
    equal      `diff` of an edition and a copy of it, which has no difference to tell

Both take documents as plain values, as they are stored. The floor walks both side by side and gathers the paths whose
values differ. It is given what makes it quick: lists are compared by number, nothing is sorted, leaves are compared
where they stand. It stands for what any comparison must at least look at. That everything which it finds is covered by
a change, and that the changes lead to the new edition, is checked before.
"""

from __future__ import annotations

import copy
import gc
import math
import random
import time
from collections.abc import Callable
from typing import Any

from escalations.core.policy import Policy
from playbook.core.diff import Content, apply, diff
from tests.bench.harness import report, side_by_side
from tests.core.policies import Maker, base_document

CATEGORIES, RULES, EDITS = 200, 200, 40
ENOUGH_S = 0.5
Path = tuple[str | int, ...]


def policy_document(chance: random.Random) -> dict[str, Any]:
    """A document of 200 categories and 200 rules, as it is kept."""
    document = base_document()
    central = document["central"]
    model = central["categories"].pop("a")
    for code in list(central["categories"]):
        del central["categories"][code]
    tops = [f"k{number}" for number in range(20)]
    codes = tops + [f"{tops[number % 20]}.s{number}" for number in range(CATEGORIES - len(tops))]
    for code in codes:
        central["categories"][code] = {
            **copy.deepcopy(model),
            "name": f"Category {code}",
            "owner": chance.choice(["t1", "t2"]),
            "backups": ["t3"],
            "symptoms": {f"s{number}": f"Symptom {number}" for number in range(5)},
            "root_causes": {f"c{number}": f"Cause {number}" for number in range(5)},
            "evidence": [{"key": f"e{number}", "name": f"Item {number}"} for number in range(3)],
            "targets": {"resolution": {"business": f"PT{chance.randrange(4, 60)}H"}},
        }
    central["rules"] = [
        {
            **Maker(number).rule(f"r{number}"),
            "priority": number + 1,
            "categories": [chance.choice(codes)],
            "regions": [],
        }
        for number in range(RULES)
    ]
    known = [rule for rule in central["rules"] if "category" not in str(rule.get("when"))]
    central["rules"] = known + [
        {**rule, "when": {"fact": "f1", "eq": True}} for rule in central["rules"] if rule not in known
    ]
    return Policy.model_validate(document).document()


def edited(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The same document with forty edits: fields, targets, names, conditions, priorities, things that come and go."""
    new = copy.deepcopy(document)
    central = new["central"]
    codes = list(central["categories"])
    for number, code in enumerate(chance.sample(codes, EDITS // 2)):
        category = central["categories"][code]
        match number % 5:
            case 0:
                category["targets"]["resolution"] = {"business": "PT3H"}
            case 1:
                category["owner"], category["backups"] = "t3", ["t1"]
            case 2:
                category["name"] += ", renamed"
            case 3:
                category["evidence"].append({"key": "more", "name": "One more"})
            case _:
                category["severity"] = "high"
    for number, rule in enumerate(chance.sample(central["rules"], EDITS // 2)):
        match number % 4:
            case 0:
                rule["priority"] += 1000
            case 1:
                rule["when"] = {"fact": "n1", "gte": 4}
            case 2:
                rule["then"] = {"level": "L4"}
            case _:
                rule["because"] = "For another reason."
    return Policy.model_validate(new).document()


def plain(old: Any, new: Any) -> list[Path]:
    """The floor: paths of the values that differ. Leaves are compared where they stand; a path is made for what has
    parts, and for what differs."""
    found: list[Path] = []
    absent = object()

    def differing(one: Any, other: Any, path: Path) -> None:
        if type(one) is not type(other) or (type(one) is list and len(one) != len(other)):
            found.append(path)
            return
        if type(one) is dict:
            for key, value in one.items():
                beside = other.get(key, absent)
                if type(value) in (dict, list):
                    differing(value, beside, (*path, key))
                elif value != beside:
                    found.append((*path, key))
            found.extend((*path, key) for key in other.keys() - one.keys())
        else:
            for number, value in enumerate(one):
                if type(value) in (dict, list):
                    differing(value, other[number], (*path, number))
                elif value != other[number]:
                    found.append((*path, number))

    differing(old, new, ())
    return found


def quickest(work: Callable[[], object]) -> Callable[[], float]:
    """Seconds of the quickest of as many runs as fit."""

    def measure() -> float:
        gc.collect()
        best, stop = math.inf, time.perf_counter() + ENOUGH_S
        while (began := time.perf_counter()) < stop:
            work()
            best = min(best, time.perf_counter() - began)
        return best

    return measure


def reaches(document: Any, path: Path) -> bool:
    """Whether a document has something at a path."""
    try:
        for step in path:
            document = document[step]
    except (KeyError, IndexError):
        return False
    return True


def named(document: dict[str, Any], path: Path) -> tuple[str, ...]:
    """A path with the keys of rules and the like for their numbers."""
    steps: list[str] = []
    current: Any = document
    for step in path:
        current = current[step]
        steps.append(current["key"] if isinstance(step, int) and isinstance(current, dict) else str(step))
    return ("policy", *steps)


def main() -> None:
    """Compare, then measure."""
    chance = random.Random(2026)
    old = policy_document(chance)
    new = edited(old, chance)
    again = copy.deepcopy(old)
    assert len(old["central"]["categories"]) == CATEGORIES
    assert len(old["central"]["rules"]) == RULES
    changes = diff(Content(old), Content(new))
    assert len(changes) >= EDITS
    assert apply(Content(old), changes).tree == Content(new).tree
    assert diff(Content(old), Content(again)) == ()
    places = {change.address.place for change in changes}
    for path in plain(old, new):
        if "evidence" in path:
            continue  # lists of other lengths: the floor only says that they differ
        spelt = named(old if reaches(old, path) else new, path)
        assert any(spelt[: len(place)] == place or place[: len(spelt)] == spelt for place in places), spelt

    words_s, equal_s, floor_s, floor_equal_s = side_by_side(
        quickest(lambda: diff(Content(old), Content(new))),
        quickest(lambda: diff(Content(old), Content(again))),
        quickest(lambda: plain(old, new)),
        quickest(lambda: plain(old, again)),
    )
    floor = f"plain recursive comparison, {CATEGORIES} categories, {RULES} rules"
    unit = f"s for {len(changes)} changes told"
    report("diff.words", words_s, unit, floor, floor_s, "<= 5")
    report("diff.equal", equal_s, "s when nothing differs", floor, floor_equal_s, "<= 1")
