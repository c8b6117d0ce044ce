"""How much a precedent is like a case: by what the engine knows of both, and by the words that both use.

Category, region and facts count first, because rules are made of them; words tell cases of one category apart. The
weights order a handful of candidates for a person to read, they decide nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from playbook.core.neutral import vocabulary

CATEGORY, KIN, REGION, FACTS, WORDS = 4.0, 1.5, 0.5, 2.0, 3.0
ENOUGH = 2.5
"""Below this nothing is suggested: kin alone is too little, kin that shares its facts or its words is not."""
_SHORTEST = 4

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is compared of a case or of a precedent. `facts` are those with a choice of values, by key."""

    category: str
    region: str = ""
    facts: Mapping[str, str | bool] = field(default_factory=dict)
    words: frozenset[str] = frozenset()


def words_of(*texts: str) -> frozenset[str]:
    """The words of some texts that are long enough to tell anything, folded."""
    return frozenset(word for word in vocabulary(texts) if len(word) >= _SHORTEST)


def alike(
    case: Circumstances, others: Mapping[Key, Circumstances], *, most: int, last: Collection[Key] = ()
) -> Sequence[Key]:
    """The keys of the others that are most like the case, best first; those of `last` after all the rest.

    A word counts by how few of the others have it (inverse document frequency), as in any ranked search.
    """
    frequency = Counter(word for one in others.values() for word in one.words)
    weight = {word: math.log(1 + len(others) / count) for word, count in frequency.items()}
    scored = [(key in last, -_score(case, one, weight), place, key) for place, (key, one) in enumerate(others.items())]
    return [key for _, score, _, key in sorted(scored, key=lambda item: item[:3]) if -score >= ENOUGH][:most]


def _score(case: Circumstances, other: Circumstances, weight: Mapping[str, float]) -> float:
    score = REGION if case.region == other.region else 0.0
    if case.category == other.category:
        score += CATEGORY
    elif case.category.partition(".")[0] == other.category.partition(".")[0]:
        score += KIN
    common = case.facts.keys() & other.facts.keys()
    if common:
        same = sum(case.facts[key] == other.facts[key] for key in common)
        score += FACTS * (2 * same - len(common)) / len(common)
    shared = sum(weight[word] for word in case.words & other.words)
    possible = sum(weight[word] for word in other.words)
    return score + (WORDS * math.sqrt(shared / possible) if possible else 0.0)
