"""Which span of retention holds: the nearest region first, in it the longest code of the category."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from escalations.core.policy import Policy
from escalations.core.retention import kept_for, shortest
from tests.core.policies import market_document

DAY = 86_400


def policy(**retention: Any) -> Policy:
    document = market_document()
    document["central"]["retention"] = retention
    return Policy.model_validate(document)


LAW = {
    "closed": {"elapsed": "P100D"},
    "categories": {"order": {"elapsed": "P90D"}, "order.damaged": {"elapsed": "P80D"}},
    "regions": {
        "eu": {"closed": {"elapsed": "P60D"}, "categories": {"order": {"elapsed": "P50D"}}},
        "eu-de": {"categories": {"counterfeit": {"elapsed": "P40D"}}},
    },
}


@pytest.mark.parametrize(
    ("category", "region", "days"),
    [
        ("order.damaged", "us", 80),
        ("order.late", "us", 90),
        ("counterfeit", "us", 100),
        ("counterfeit", "eu-de", 40),
        ("order.damaged", "eu-de", 50),
        ("seller.appeal", "eu-de", 60),
        ("nothing.known", "nowhere", 100),
    ],
)
def test_who_says_how_long(category: str, region: str, days: int) -> None:
    assert kept_for(policy(**LAW), category=category, region=region).seconds == days * DAY


def test_the_shortest_bounds_the_search() -> None:
    assert shortest(policy(**LAW)) == 40 * DAY
    assert shortest(policy(closed={"elapsed": "P7D"})) == 7 * DAY


def test_unknown_regions_and_categories_are_refused() -> None:
    wrong = {"closed": {"elapsed": "P7D"}, "regions": {"atlantis": {"categories": {"fish": {"elapsed": "P1D"}}}}}
    with pytest.raises(ValidationError) as caught:
        policy(**wrong)
    assert {".".join(map(str, item["loc"])) for item in caught.value.errors()} == {
        "central.retention.regions.atlantis",
        "central.retention.regions.atlantis.categories.fish",
    }


def test_a_law_that_says_nothing_by_region_keeps_its_digest() -> None:
    """The field is new: documents written before it read and digest as before."""
    assert "regions" not in policy(closed={"elapsed": "P7D"}).document()["central"]["retention"]
