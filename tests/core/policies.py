"""Policies and facts for tests of the matrix: a small one that a person can read, and random ones."""

from __future__ import annotations

import copy
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from escalations.core.facts import Fact, Facts, Money
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


def tests_of_fact(fact: str, kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Every comparison that fits a fact of this kind."""
    present = st.booleans().map(lambda value: {"fact": fact, "present": value})
    amounts = st.dictionaries(
        st.sampled_from(CURRENCIES[:2]), st.sampled_from(["0", "10", "10.5", "99.99", "100"]), min_size=1
    )
    options: dict[str, list[st.SearchStrategy[dict[str, Any]]]] = {
        "flag": [
            st.tuples(st.sampled_from(["eq", "ne"]), st.booleans()).map(lambda pair: {"fact": fact, pair[0]: pair[1]})
        ],
        "number": [
            st.tuples(st.sampled_from(["eq", "ne", "gte", "lte"]), st.integers(-1, 4)).map(
                lambda pair: {"fact": fact, pair[0]: pair[1]}
            ),
            st.lists(st.integers(-1, 4), min_size=1, max_size=3).map(lambda values: {"fact": fact, "in": values}),
        ],
        "money": [
            st.tuples(st.sampled_from(["gte", "lte"]), amounts).map(lambda pair: {"fact": fact, pair[0]: pair[1]})
        ],
        "text": [
            st.tuples(st.sampled_from(["eq", "ne"]), st.sampled_from(WORDS[:3])).map(
                lambda pair: {"fact": fact, pair[0]: pair[1]}
            ),
            st.lists(st.sampled_from(WORDS[:3]), min_size=1, max_size=3).map(
                lambda values: {"fact": fact, "in": values}
            ),
        ],
        "list": [st.sampled_from(WORDS[:3]).map(lambda word: {"fact": fact, "contains": word})],
    }
    return st.one_of(*options[kind], *options[kind], present)


def single_tests() -> st.SearchStrategy[dict[str, Any]]:
    """One comparison of any fact, the built-in category and region included."""
    builtin = st.one_of(
        st.sampled_from(CATEGORIES).map(lambda code: {"fact": "category", "eq": code}),
        st.lists(st.sampled_from(REGIONS), min_size=1).map(lambda keys: {"fact": "region", "in": keys}),
    )
    return st.one_of(*(tests_of_fact(fact, kind) for fact, kind in FACTS.items()), builtin)


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    """Any condition: comparisons under all, any and not, over one fact or several."""
    grown = st.recursive(
        single_tests(),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
            inner.map(lambda part: {"not": part}),
        ),
        max_leaves=5,
    )
    one_fact = st.sampled_from(sorted(FACTS.items())).flatmap(
        lambda item: st.lists(tests_of_fact(*item), min_size=2, max_size=3).map(lambda parts: {"any": parts})
    )
    part = st.one_of(single_tests(), one_fact, grown)
    return st.one_of(
        part,
        st.lists(part, min_size=1, max_size=4).map(lambda parts: {"all": parts}),
        st.lists(single_tests(), min_size=8, max_size=10).map(lambda parts: {"all": parts}),
    )


def targets() -> st.SearchStrategy[dict[str, Any]]:
    """Targets of any kind, in either basis."""
    span = st.tuples(st.sampled_from(["business", "elapsed"]), st.integers(1, 60)).map(
        lambda pair: {pair[0]: f"PT{pair[1]}H"}
    )
    return st.dictionaries(st.sampled_from(["assign", "first_response", "resolution"]), span, max_size=2)


def _some_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def outcomes() -> st.SearchStrategy[dict[str, Any]]:
    return _some_of(
        owner=st.sampled_from(TEAMS),
        channel=st.sampled_from(CHANNELS),
        level=st.sampled_from(LEVELS),
        severity=st.sampled_from(["low", "normal", "high", "critical"]),
        ladder=st.sampled_from(["main", "other"]),
        targets=targets(),
    )


def _regional() -> st.SearchStrategy[dict[str, Any]]:
    return _some_of(owner=st.sampled_from(TEAMS), level=st.sampled_from(LEVELS), targets=targets())


def raises() -> st.SearchStrategy[dict[str, Any]]:
    return _some_of(
        channel=st.sampled_from(CHANNELS),
        level=st.sampled_from(LEVELS),
        severity=st.sampled_from(["low", "normal", "high", "critical"]),
        targets=targets(),
    )


def scopes() -> st.SearchStrategy[dict[str, Any]]:
    return _some_of(
        categories=st.lists(st.sampled_from(CATEGORIES), max_size=2),
        regions=st.lists(st.sampled_from(REGIONS), max_size=2),
    )


@st.composite
def rule_lists(draw: st.DrawFn, prefix: str, most: int) -> list[dict[str, Any]]:
    count = draw(st.integers(0, most))
    priorities = draw(st.permutations(range(1, count + 1)))
    return [
        {
            "key": f"{prefix}{number}",
            "name": f"Rule {number}",
            "priority": priorities[number],
            "then": draw(outcomes()),
            "because": "For tests.",
            "claims": draw(st.sampled_from(["verified", "verified", "enough"])),
            **draw(scopes()),
            **({"when": draw(conditions())} if draw(st.integers(0, 9)) else {}),
        }
        for number in range(count)
    ]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A whole valid document with random rules, triggers, deadlines and variants."""
    document = base_document()
    central = document["central"]
    central["rules"] = draw(rule_lists("c", 8))
    central["triggers"] = [
        {
            "key": f"t{number}",
            "name": f"Trigger {number}",
            "when": draw(conditions()),
            "raises": draw(raises()),
            "because": "For tests.",
            "claims": draw(st.sampled_from(["verified", "enough"])),
            **draw(scopes()),
        }
        for number in range(draw(st.integers(0, 4)))
    ]
    central["statutory"] = {
        f"s{number}": {
            "name": f"Deadline {number}",
            "basis": "For tests.",
            "after": {"elapsed": "P30D"},
            "legal_owner": "counsel",
            **draw(scopes()),
            **({"when": draw(conditions())} if draw(st.booleans()) else {}),
        }
        for number in range(draw(st.integers(0, 2)))
    }
    for region in draw(st.lists(st.sampled_from(REGIONS), unique=True, max_size=2)):
        document["variants"][region] = {
            "targets": draw(targets()),
            "categories": draw(st.dictionaries(st.sampled_from(CATEGORIES), _regional(), max_size=2)),
            "rules": draw(rule_lists(f"{region}-", 3)),
        }
    return document


def _values(kind: str) -> st.SearchStrategy[Any]:
    return {
        "flag": st.booleans(),
        "number": st.integers(-3, 6),
        "money": st.builds(
            Money,
            st.sampled_from(["0", "9.99", "10", "10.50", "10.51", "99.99", "100", "5000"]).map(Decimal),
            st.sampled_from(CURRENCIES),
        ),
        "text": st.sampled_from(WORDS),
        "list": st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    }[kind]


def facts(states: tuple[str, ...] = ("given", "claimed", "verified", "dismissed")) -> st.SearchStrategy[Facts]:
    """The facts of a case: each declared fact in one of these states, or unknown."""
    given = st.fixed_dictionaries(
        {},
        optional={key: st.builds(Fact, _values(kind), st.sampled_from(states)) for key, kind in FACTS.items()},
    )
    return st.builds(
        lambda category, region, seller, values: Facts(
            {"category": Fact(category), "region": Fact(region), **values},
            {"seller": seller} if seller else {},
        ),
        st.sampled_from(CATEGORIES),
        st.sampled_from(REGIONS),
        st.sampled_from([None, *REGIONS]),
        given,
    )
