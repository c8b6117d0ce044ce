"""What holds of every difference: nothing is swallowed, nothing made up, and nothing restricted is told."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalations.core.canonical import canonical
from playbook.core.diff import ABSENT, Change, Content, apply, changelog, comparing, diff, for_reader, grouped, said
from playbook.core.diff import applying as applying_module
from playbook.core.diff import differing as differing_module
from playbook.core.diff import guarding as guarding_module
from playbook.core.diff.saying import say
from tests.playbook.differences import CLASSES, content_of, make, team, tree_of

SEEDS = st.integers(0, 2**32)
QUIET = settings(deadline=None, max_examples=25)


class Editor:
    """Edits a tree at random, as a hasty author might: any leaf, any thing, any order; also what makes no sense."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def edit(self, tree: dict[str, Any], within: tuple[str, ...] = ()) -> None:
        """Make one edit in place, in one of these sections when they are given."""
        holder, step = self._somewhere(tree, within)
        acts = [self._alter, self._alter, self._remove, self._unknown, self._double, self._empty, self._twist]
        self.chance.choice(acts)(holder, step)

    def shuffle(self, tree: dict[str, Any]) -> None:
        """Put some list of things into another order."""
        lists = [tree["scenarios"], tree["policy"]["central"]["rules"], tree["policy"]["central"]["triggers"]]
        lists += [ladder["rungs"] for ladder in tree["policy"]["central"]["ladders"].values()]
        self.chance.shuffle(self.chance.choice(lists))

    def _somewhere(self, tree: dict[str, Any], within: tuple[str, ...]) -> tuple[Any, Any]:
        """A place: a section first, so that the large ones do not take every edit."""
        central = tree["policy"]["central"]
        roots: list[tuple[Any, Any]] = [(central, section) for section in central if section in within or not within]
        roots += [(tree, name) for name in ("pages", "scenarios") if name in within or not within]
        if not within:
            roots += [(tree["policy"], "variants")] * (3 if "variants" in tree["policy"] else 0)
        holder, step = self.chance.choice(roots)
        while holder is tree or self.chance.random() < 0.85:
            value = holder[step]
            steps = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
            if not steps:
                if holder is tree:
                    return central, next(iter(central))
                break
            holder, step = value, self.chance.choice(list(steps))
        return holder, step

    def _alter(self, holder: Any, step: Any) -> None:
        value = holder[step]
        if isinstance(value, bool):
            holder[step] = self.chance.choice([not value, int(value)])
        elif isinstance(value, int):
            holder[step] = self.chance.choice([value + 1, str(value)])
        elif isinstance(value, str):
            holder[step] = self.chance.choice([value + " x", value[::-1], "PT5H", "L2", "fraud"])
        elif isinstance(value, list) and value:
            value.insert(self.chance.randrange(len(value)), value.pop())
        elif isinstance(value, dict):
            self._unknown(holder, step)

    def _remove(self, holder: Any, step: Any) -> None:
        del holder[step]

    def _unknown(self, holder: Any, step: Any) -> None:
        if isinstance(holder[step], dict):
            holder[step][f"unknown_{self.chance.randrange(3)}"] = self.chance.choice([1, True, None, "x", [], {}, [1]])

    def _double(self, holder: Any, step: Any) -> None:
        double = copy.deepcopy(holder[step])
        if isinstance(holder, list):
            if isinstance(double, dict):
                double[self.chance.choice(["key", "name", "id"])] = f"double-{self.chance.randrange(3)}"
            holder.insert(self.chance.randrange(len(holder) + 1), double)
        elif isinstance(step, str):
            holder[f"{step}-double"] = double

    def _empty(self, holder: Any, step: Any) -> None:
        holder[step] = self.chance.choice([{}, []])

    def _twist(self, holder: Any, step: Any) -> None:
        holder[step] = self.chance.choice([None, 7, "text", True, ["a", "b"], {"key": "k"}, [{"key": "one"}]])


def edits(seed: int, count: int, tree: dict[str, Any], within: tuple[str, ...] = ()) -> dict[str, Any]:
    """The tree with so many random edits."""
    editor = Editor(seed)
    for _ in range(count):
        if editor.chance.random() < 0.1:
            try:
                editor.shuffle(tree)
            except (KeyError, TypeError, AttributeError):
                continue  # an edit before has made something else of the list
        else:
            editor.edit(tree, within)
    return tree


def leaves(value: Any, path: tuple[str, ...] = (), top: str = "") -> Iterator[tuple[tuple[str, ...], bytes]]:
    """Every leaf of a tree with its path; things in lists by their key. Written apart from the code under test."""
    if isinstance(value, dict):
        yield (path, b"{}")
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        name = "name" if path == ("scenarios",) else "key"
        keys = [item.get(name) if isinstance(item, dict) else None for item in value]
        if not value or not all(isinstance(key, str) for key in keys) or len(set(keys)) < len(keys):
            yield (path, json.dumps(value, sort_keys=True).encode())
        else:
            yield (path, json.dumps(keys).encode())
            for key, item in zip(keys, value, strict=True):
                yield from leaves(item, (*path, key))
    else:
        yield (path, json.dumps(value).encode())


def check(old: Content, new: Content) -> tuple[Change, ...]:
    """All that must hold of a difference. Returns it."""
    changes = diff(old, new)
    equal = canonical(old.tree) == canonical(new.tree)
    assert (not changes) == equal
    before = canonical(old.tree)
    assert canonical(apply(old, changes).tree) == canonical(new.tree)
    assert canonical(old.tree) == before, "the old edition was changed"
    addresses = [(change.address, change.kind == "moved" and change.listed) for change in changes]
    assert len(set(addresses)) == len(addresses)
    places = {change.address.place for change in changes}
    assert uncovered(old, new, places) == []
    for change in changes:
        if change.kind != "moved":
            assert comparing.same(change.before, change.after) is False
        assert change.sentence.strip()
        assert not change.sentence.startswith((" ", ":"))
        for mark in ("ABSENT", "Absent", "{'", "['"):
            assert mark not in change.sentence
        one, arrow, other = change.sentence.rpartition(" -> ")
        same_words = re.search(rf"(?:: |\bwithin |\bmost |\bwhen |\bafter ){re.escape(other)}$", one)
        assert not (arrow and same_words), change.sentence
    return changes


def uncovered(old: Content, new: Content, places: set[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Paths of leaves that differ and that no change is about: neither they, nor what they are in, nor, of a list's
    order and of a value that became a thing, what is in them."""
    ours, theirs = dict(leaves(old.tree)), dict(leaves(new.tree))
    differ = [path for path in {*ours, *theirs} if ours.get(path) != theirs.get(path)]
    above = {place[:depth] for place in places for depth in range(len(place) + 1)}
    return [path for path in differ if path not in above and not any(path[: len(at)] == at for at in places)]


@QUIET
@given(SEEDS, st.integers(0, 6))
def test_nothing_is_swallowed_and_nothing_made_up(seed: int, count: int) -> None:
    old, new = team(), content_of(edits(seed, count, tree_of(team())))
    check(old, new)
    check(new, old)


@QUIET
@given(SEEDS, SEEDS, st.integers(1, 5))
def test_between_any_two_drafts(one: int, other: int, count: int) -> None:
    check(content_of(edits(one, count, tree_of(team()))), content_of(edits(other, count, tree_of(team()))))


def test_an_edition_does_not_differ_from_itself() -> None:
    assert diff(team(), team()) == ()
    assert diff(team(), content_of(tree_of(team()))) == ()


def test_true_is_not_one() -> None:
    tree = tree_of(team())
    tree["policy"]["central"]["channels"]["fraud"]["sensitive"] = 1
    (change,) = check(team(), content_of(tree))
    assert change.before is True
    assert change.after == 1


@QUIET
@given(SEEDS)
def test_the_order_of_keys_changes_nothing(seed: int) -> None:
    tree = edits(seed, 4, tree_of(team()))
    expected = diff(team(), content_of(tree))
    assert diff(content_of(turned(team().tree)), content_of(turned(tree))) == expected


def turned(value: Any) -> Any:
    """The same JSON value with all its keys the other way round."""
    if isinstance(value, dict):
        return {key: turned(item) for key, item in reversed(value.items())}
    return [turned(item) for item in value] if isinstance(value, list) else value


# ------------------------------------------------------------------------------------------------ what is restricted

SECRET = "zqx"
NUMBERS = ("7654301", "7654302")


@cache
def guarded() -> Content:
    """The starter playbook with a mark in all that is restricted: names, keys, reasons, amounts and facts."""
    tree = tree_of(team())
    central = tree["policy"]["central"]
    renamed = {}
    for row in (*central["rules"], *central["triggers"]):
        if "visibility" in row:
            renamed[row["key"]] = f"{SECRET}-{row['key']}"
            row.update(key=renamed[row["key"]], name=f"{SECRET} name", because=f"{SECRET} because")
            mark_amounts(row["when"])
    open_rule = next(rule for rule in central["rules"] if rule["key"] == "reviews-organised")
    restricted = [
        {"fact": "items_affected", "gte": int(NUMBERS[1]), "visibility": "fraud"},
        {"fact": "ring_indicator", "eq": True},
    ]
    open_rule["when"] = {"all": [{"fact": "items_affected", "gte": 20}, {"any": restricted}]}
    central["facts"]["ring_indicator"]["name"] = f"{SECRET} fact"
    for scenario in tree["scenarios"]:
        expect = scenario["expect"]
        if expect.get("rule") in renamed or set(expect.get("triggers", ())) & set(renamed):
            expect["rule"] = renamed.get(expect.get("rule"), expect.get("rule"))
            scenario["name"] = f"{SECRET} {scenario['name']}"
    return content_of(tree)


def mark_amounts(condition: Any) -> None:
    """Every threshold under a condition becomes one that can be found again."""
    if isinstance(condition, list):
        for part in condition:
            mark_amounts(part)
    elif isinstance(condition, dict):
        if "gte" in condition:
            condition["gte"] = {"EUR": NUMBERS[0]} if isinstance(condition["gte"], dict) else int(NUMBERS[0])
        for part in condition.values():
            mark_amounts(part)


def check_secrets(pair: tuple[Content, Content]) -> None:
    """Nothing that is marked stands in anything that a reader without the class is given."""
    changes = diff(*pair)
    for classes in ((), ("general", "legal")):
        shown = for_reader(changes, classes)
        rationales = {change.address: "An open reason." for change in changes}
        told = [repr(shown), repr(grouped(changes, classes)), changelog(changes, rationales, classes)]
        told += [said(change, classes) for change in changes]
        for text in told:
            for mark in (SECRET, *NUMBERS, "ring_indicator"):
                assert mark not in text
        nameless = [change.sentence for change in shown if not change.address.part]
        assert len(nameless) == len(set(nameless)), "how many there are is told"
    every = {one for change in changes for one in change.guards | change.guarded_parts | change.follows_guards}
    assert for_reader(changes, every) == changes


def secret_pair(seed: int, count: int) -> tuple[Content, Content]:
    """The marked playbook and a random edit of it where secrets are; every other time the other way round."""
    tree = edits(seed, count, tree_of(guarded()), ("rules", "triggers", "facts", "scenarios", "statutory"))
    pair = (guarded(), content_of(tree))
    return pair if seed % 2 else (pair[1], pair[0])


@settings(deadline=None, max_examples=80)
@given(SEEDS, st.integers(1, 4))
def test_nothing_restricted_is_told_to_who_may_not_know_it(seed: int, count: int) -> None:
    check_secrets(secret_pair(seed, count))


@pytest.mark.parametrize(
    ("step", "to"),
    [
        # The guarded part stays, so no sentence speaks of it; the values hold it.
        (("all",), [{"fact": "items_affected", "gte": 30}]),
        # No condition, so it would be told as it is written.
        (("unknown",), 1),
    ],
    ids=["a part stays", "not to be read"],
)
def test_what_a_condition_keeps_is_kept(step: tuple[str], to: Any) -> None:
    tree = tree_of(guarded())
    rule = next(rule for rule in tree["policy"]["central"]["rules"] if rule["key"] == "reviews-organised")
    rule["when"][step[0]] = [*to, *rule["when"]["all"][1:]] if isinstance(to, list) else to
    check_secrets((guarded(), content_of(tree)))


# --------------------------------------------------------------------------------------------------- deliberate faults


def loose(one: Any, other: Any) -> bool:
    """As Python compares: `true` is `1`."""
    return bool(one == other)


def without_order(keys: Any, position: Any) -> frozenset[str]:
    """As if nothing ever moved in a list."""
    return frozenset(keys)


FAULTS: dict[str, tuple[Any, str, Any]] = {
    "true is one": (comparing, "same", loose),
    "order does not count": (comparing, "_longest_run", without_order),
    "what is empty is not there": (applying_module, "_prune", lambda tree, place, keep: None),
    "every added thing comes first": (applying_module, "_number", lambda things, key, place: 0),
    "all that is whole is pruned": (
        applying_module,
        "_prune",
        lambda tree, place, keep, prune=applying_module._prune: prune(tree, place, set()),
    ),
    "one section is forgotten": (
        differing_module,
        "edits",
        lambda old, new, edits=differing_module.edits: [
            edit for edit in edits(old, new) if edit.address.section != "remedies"
        ],
    ),
    "unknown fields are forgotten": (
        differing_module,
        "edits",
        lambda old, new, edits=differing_module.edits: [
            edit for edit in edits(old, new) if not any("unknown" in step for step in edit.address.path)
        ],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The properties can fail: each of these faults breaks them within a few hundred random edits."""
    module, name, wrong = FAULTS[fault]
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises((AssertionError, LookupError, TypeError)):
        hunt(400)


LEAKS: dict[str, tuple[Any, str, Any]] = {
    "nothing is guarded": (differing_module, "guards", lambda telling, edit: frozenset()),
    "scenarios are open": (guarding_module, "_of_scenario", lambda side, scenario: iter(())),
    "values are not looked into": (differing_module, "guards_inside", lambda telling, edit: frozenset()),
    "conditions are read out": (
        differing_module._Teller,
        "_for_less",
        lambda teller, edit, guarding, parts: [(frozenset(), say(teller._all, edit))],
    ),
    "what is unread is open": (guarding_module, "_unread", lambda edit, written: False),
    "what it follows is told": (differing_module._Teller, "_follows", lambda teller, edit: frozenset()),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_caught(leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So can the property of secrets."""
    module, name, wrong = LEAKS[leak]
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(AssertionError):
        hunt_secrets(200)


def hunt_secrets(count: int) -> None:
    """Look for secrets in so many random edits."""
    test_what_a_condition_keeps_is_kept(("all",), [{"fact": "items_affected", "gte": 30}])
    test_what_a_condition_keeps_is_kept(("unknown",), 1)
    for seed in range(count):
        check_secrets(secret_pair(seed, 1 + seed % 4))


SHARP: tuple[tuple[list[str], Any], ...] = (
    (["central", "channels", "fraud", "sensitive"], 1),
    (["central", "rules", "press-today", "then"], {}),
    (["variants", "jp", "categories", "order.damaged"], {"unknown": True}),
    (["variants"], {}),
    (["central", "remedies", "refund", "limits", "L1", "EUR"], "151"),
)


def hunt(count: int) -> None:
    """Check a few edits that are easily got wrong, then so many random ones."""
    for at, to in SHARP:
        tree = tree_of(team())
        make(tree, {"at": at, "to": to})
        check(team(), content_of(tree))
        check(content_of(tree), team())
    for seed in range(count):
        check(team(), content_of(edits(seed, 3, tree_of(team()))))


def test_what_is_withheld_cannot_be_applied() -> None:
    tree = tree_of(team())
    next(rule for rule in tree["policy"]["central"]["rules"] if rule["key"] == "ring-large")["priority"] = 111
    changes = diff(team(), content_of(tree))
    assert apply(team(), for_reader(changes, CLASSES)).tree == tree
    with pytest.raises(ValueError, match="withheld"):
        apply(team(), for_reader(changes))


def test_changes_of_another_edition_are_refused() -> None:
    tree = tree_of(team())
    changes = diff(team(), content_of(edits(1, 0, tree)))
    assert apply(team(), changes).tree == team().tree
    tree["policy"]["central"]["rules"].pop(0)
    gone = diff(team(), content_of(tree))
    assert gone[0].after is ABSENT
    with pytest.raises(LookupError, match="were the changes made for this edition"):
        apply(content_of(tree), gone)
