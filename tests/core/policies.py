"""Policies and facts for tests of the matrix: a small one that a person can read, and random ones."""

from __future__ import annotations

import copy
import random
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from escalations.core.facts import Fact, Facts, FactState, Money
from escalations.core.policy import Policy

DATA = Path(__file__).resolve().parents[1] / "data"

CATEGORIES = ("a", "a.x", "a.x.y", "a.z", "b", "b.w")
REGIONS = ("world", "eu", "eu-de", "us")
LEVELS = ("L1", "L2", "L3", "L4")
CHANNELS = ("open", "guarded", "secret")
TEAMS = ("t1", "t2", "t3")
WORDS = ("red", "green", "blue", "grey")
CURRENCIES = ("EUR", "USD", "JPY")
FACTS = {
    "f1": "flag",
    "f2": "flag",
    "n1": "number",
    "n2": "number",
    "m1": "money",
    "w1": "text",
    "w2": "text",
    "l1": "list",
}


@cache
def _market() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DATA / "market.yaml").read_text(encoding="utf-8"))
    return loaded


def market_document() -> dict[str, Any]:
    """The small marketplace's document, a fresh copy to change."""
    return copy.deepcopy(_market())


def market() -> Policy:
    """The small marketplace's policy."""
    return Policy.model_validate(market_document())


def base_document() -> dict[str, Any]:
    """A document of four regions, six categories and eight facts, without rules."""
    hours = {"timezone": "UTC", "weekly_hours": {"mon": [["09:00", "17:00"]]}}
    return {
        "schema_version": 1,
        "title": "Random",
        "central": {
            "levels": {key: {"name": key, "rank": rank} for rank, key in enumerate(LEVELS, 1)},
            "channels": {key: {"name": key, "rank": rank} for rank, key in enumerate(CHANNELS)},
            "teams": {key: {"name": key, "calendar": "c"} for key in TEAMS},
            "roles": {"counsel": {"name": "Counsel"}},
            "calendars": {"c": hours},
            "regions": {
                "world": {"name": "World", "calendar": "c"},
                "eu": {"name": "EU", "parent": "world", "calendar": "c"},
                "eu-de": {"name": "Germany", "parent": "eu", "calendar": "c"},
                "us": {"name": "US", "parent": "world", "calendar": "c"},
            },
            "facts": {
                key: {"name": key, "type": kind, "signal": key in ("f1", "n1", "m1")} for key, kind in FACTS.items()
            },
            "defaults": {
                "targets": {"resolution": {"business": "PT40H"}},
                "ladder": "main",
                "reopen_within": {"elapsed": "P7D"},
            },
            "categories": {code: _category(code) for code in CATEGORIES},
            "ladders": {
                key: {"name": key, "rungs": [{"key": "r", "after": {"elapsed": "PT24H"}, "level": "L2"}]}
                for key in ("main", "other")
            },
            "bounds": {
                "fields": ["owner", "backups", "channel", "level", "severity", "ladder", "targets"],
            },
            "retention": {"closed": {"elapsed": "P90D"}},
        },
        "variants": {},
    }


def _category(code: str) -> dict[str, Any]:
    return {
        "name": code,
        "side": "buyer",
        "summary": "For tests.",
        "owner": "t1",
        "channel": "open",
        "level": "L1",
        "region_of": "seller" if code.startswith("b") else "buyer",
        "symptoms": {"s": "S"},
        "root_causes": {"c": "C"},
        "path": [{"key": "p", "name": "P"}],
    }


SEEDS = st.integers(0, 2**32)


class Maker:
    """Makes random parts of documents and cases. Each is made from one seed: Hypothesis draws seeds, which is two
    hundred times faster than drawing every word, and still shrinks to the few rules that matter."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def test_of(self, fact: str, kind: str) -> dict[str, Any]:
        """Some comparison that fits a fact of this kind."""
        pick = self.chance.choice
        if not self.chance.randrange(6):
            return {"fact": fact, "present": pick([True, False])}
        if kind == "flag":
            return {"fact": fact, pick(["eq", "ne"]): pick([True, False])}
        if kind == "money":
            amounts = {pick(CURRENCIES[:2]): pick(["0", "10", "10.5", "99.99", "100"]) for _ in range(pick([1, 2]))}
            return {"fact": fact, pick(["gte", "lte"]): amounts}
        if kind == "list":
            return {"fact": fact, "contains": pick(WORDS[:3])}
        some: list[Any] = list(WORDS[:3]) if kind == "text" else list(range(-1, 5))
        op = pick(["eq", "ne", "in"] if kind == "text" else ["eq", "ne", "in", "gte", "lte"])
        return {"fact": fact, op: self.chance.choices(some, k=pick([1, 2, 3])) if op == "in" else pick(some)}

    def test(self) -> dict[str, Any]:
        """Some comparison, of a declared fact or of category or region."""
        number = self.chance.randrange(len(FACTS) + 2)
        if number == 0:
            return {"fact": "category", "eq": self.chance.choice(CATEGORIES)}
        if number == 1:
            return {"fact": "region", "in": self.chance.choices(REGIONS, k=2)}
        return self.test_of(*list(FACTS.items())[number - 2])

    def part(self, depth: int = 0) -> dict[str, Any]:
        """One condition: a comparison, several of one fact, or a group of others."""
        word = self.chance.choice(["test", "test", "test", "one", "any", "all", "not"] if depth < 2 else ["test"])
        if word == "test":
            return self.test()
        if word == "not":
            return {"not": self.part(depth + 1)}
        if word == "one":
            fact = self.chance.choice(list(FACTS.items()))
            return {"any": [self.test_of(*fact) for _ in range(self.chance.choice([2, 3]))]}
        return {word: [self.part(depth + 1) for _ in range(self.chance.choice([1, 2, 3]))]}

    def condition(self) -> dict[str, Any]:
        """What a rule may ask: one part, several, or now and then more than the trace can number."""
        size = self.chance.choice([1, 1, 1, 1, 2, 2, 3, 4, 10])
        parts = [self.part() for _ in range(min(size, 4))]
        if size > 4:
            # Parts that always hold, so that a late one is the first to fail.
            fact = self.chance.choice(list(FACTS))
            always = {"any": [{"fact": fact, "present": True}, {"fact": fact, "present": False}]}
            parts = [always] * 6 + parts
        return {"all": parts} if size > 1 else parts[0]

    def targets(self) -> dict[str, Any]:
        """Targets of any kind, in either basis."""
        kinds = self.chance.sample(["assign", "first_response", "resolution"], k=self.chance.choice([0, 1, 2]))
        return {
            kind: {self.chance.choice(["business", "elapsed"]): f"PT{self.chance.randint(1, 60)}H"} for kind in kinds
        }

    def outcome(self, *fields: str) -> dict[str, Any]:
        """Some of these fields, with some value each."""
        pick = self.chance.choice
        every = {
            "owner": lambda: pick(TEAMS),
            "channel": lambda: pick(CHANNELS),
            "level": lambda: pick(LEVELS),
            "severity": lambda: pick(["low", "normal", "high", "critical"]),
            "ladder": lambda: pick(["main", "other"]),
            "protocol": lambda: pick(["p1", "p2"]),
            "targets": self.targets,
        }
        return {field: every[field]() for field in fields if pick([True, False])}

    def scope(self) -> dict[str, Any]:
        """Everywhere, or some categories, or some regions."""
        pick = self.chance.choice
        return {
            "categories": self.chance.sample(CATEGORIES, k=pick([0, 0, 0, 0, 1, 2])),
            "regions": self.chance.sample(REGIONS, k=pick([0, 0, 0, 0, 0, 1, 2])),
        }

    def rule(self, key: str) -> dict[str, Any]:
        """A rule, without its priority."""
        when = {"when": self.condition()} if self.chance.randrange(12) else {}
        then = self.outcome("owner", "channel", "level", "severity", "ladder", "protocol", "targets")
        claims = self.chance.choice(["verified", "verified", "enough"])
        return {"key": key, "name": key, "then": then, "because": "Test.", "claims": claims, **self.scope(), **when}

    def trigger(self, key: str) -> dict[str, Any]:
        """A trigger."""
        raises = self.outcome("channel", "level", "severity", "targets")
        claims = self.chance.choice(["verified", "enough"])
        return {
            "key": key,
            "name": key,
            "when": self.condition(),
            "raises": raises,
            "because": "Test.",
            "claims": claims,
            **self.scope(),
        }

    def deadline(self, key: str) -> dict[str, Any]:
        """A statutory deadline."""
        when = {"when": self.condition()} if self.chance.randrange(2) else {}
        after = {"elapsed": "P30D"}
        return {"name": key, "basis": "Test.", "after": after, "legal_owner": "counsel", **self.scope(), **when}

    def value(self, kind: str) -> Any:
        """A value that tests of this kind may or may not tell from others."""
        pick = self.chance.choice
        return {
            "flag": lambda: pick([True, False]),
            "number": lambda: self.chance.randint(-3, 6),
            "money": lambda: Money(
                Decimal(pick(["0", "9.99", "10", "10.50", "10.51", "99.99", "100", "5000"])), pick(CURRENCIES)
            ),
            "text": lambda: pick(WORDS),
            "list": lambda: tuple(self.chance.sample(WORDS, k=pick([0, 1, 2]))),
        }[kind]()

    def facts(self, states: tuple[FactState, ...]) -> Facts:
        """The facts of a case: each declared one in one of these states, or unknown."""
        pick = self.chance.choice
        values = {"category": Fact(pick(CATEGORIES)), "region": Fact(pick(REGIONS))}
        for key, kind in FACTS.items():
            if self.chance.randrange(8):
                values[key] = Fact(self.value(kind), pick(states))
        return Facts(values, {"seller": pick(REGIONS)} if pick([True, False]) else {})


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    """Any condition: comparisons under all, any and not, over one fact or several."""
    return SEEDS.map(lambda seed: Maker(seed).condition())


def facts(
    states: tuple[FactState, ...] = ("claimed", "claimed", "given", "verified", "dismissed"),
) -> st.SearchStrategy[Facts]:
    """The facts of a case."""
    return SEEDS.map(lambda seed: Maker(seed).facts(states))


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A whole valid document with random rules, triggers, deadlines and variants."""
    document = base_document()
    central = document["central"]
    central["rules"] = _rules(draw(st.lists(SEEDS, min_size=2, max_size=9)), "c")
    triggers = draw(st.lists(SEEDS, min_size=1, max_size=4))
    central["triggers"] = [Maker(seed).trigger(f"t{number}") for number, seed in enumerate(triggers)]
    deadlines = draw(st.lists(SEEDS, max_size=2))
    central["statutory"] = {f"s{number}": Maker(seed).deadline(f"s{number}") for number, seed in enumerate(deadlines)}
    for region, seeds in draw(
        st.dictionaries(st.sampled_from(REGIONS), st.lists(SEEDS, max_size=3), max_size=2)
    ).items():
        maker = Maker(sum(seeds))
        document["variants"][region] = {
            "targets": maker.targets(),
            "categories": {code: maker.outcome("owner", "level", "targets") for code in maker.scope()["categories"]},
            "rules": _rules(seeds, f"{region}-"),
        }
    return document


def _rules(seeds: list[int], prefix: str) -> list[dict[str, Any]]:
    priorities = random.Random(sum(seeds)).sample(range(1, 1 + len(seeds)), k=len(seeds))
    return [
        {**Maker(seed).rule(f"{prefix}{number}"), "priority": priority}
        for number, (seed, priority) in enumerate(zip(seeds, priorities, strict=True))
    ]
