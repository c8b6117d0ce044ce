"""How long what is said in a closed case is kept.

The nearest region that says something decides, the leaf first; within one place a category says more than the general
word, and a longer code more than a shorter one (`order` covers `order.damaged`). The centre speaks last.
"""

from __future__ import annotations

from collections.abc import Mapping

from escalations.core.policy import Policy, Span


def kept_for(policy: Policy, *, category: str, region: str) -> Span:
    """The span for which a closed case of a category and region keeps its texts and personal data.

    `policy` is the version in force: retention protects people, so it does not wait for pinned versions. Keys that it
    does not know fall to what is said in general.
    """
    rules = policy.central.retention
    for place in reversed(policy.region_chain(region)):
        says = rules.regions.get(place)
        span = says and (_of(says.categories, category) or says.closed)
        if span:
            return span
    return _of(rules.categories, category) or rules.closed


def shortest(policy: Policy) -> int:
    """Seconds for which everything is kept at least; a span of business time takes longer than its seconds."""
    rules = policy.central.retention
    spans = [rules.closed, *rules.categories.values()]
    for says in rules.regions.values():
        spans += [*([says.closed] if says.closed else []), *says.categories.values()]
    return min(span.seconds for span in spans)


def _of(spans: Mapping[str, Span], category: str) -> Span | None:
    code = category
    while code:
        if code in spans:
            return spans[code]
        code = code.rpartition(".")[0]
    return None
