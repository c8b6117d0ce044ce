"""The policy document: round trip, digests that stay, and errors that name their place."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from pydantic import ValidationError

from escalations.core.policy import Policy, format_duration, parse_duration, problems
from tests.core import policies
from tests.core.policies import DATA, market, market_document

# Digests of tests/data/market.yaml. Cases, votes and publications name digests for ever: when one of these changes
# though the file did not, documents that are in force would no longer be found by theirs.
MARKET = {
    "whole": "13c1250dfe9d036e08e41e7e67dcbdadc56fcb88aa4a1ccedbdb16ff074b113c",
    "central": "b8fff825f7f1ef40edaa512ee58c3d55e5eb64c4d6a1ca28a32feb3b23d79f55",
    "variants.eu": "717d7d10abcd64e25e97bf976e76596d8d00d75f62f7042e78130def494f58d8",
    "variants.eu-de": "63eaf3bde19649457d84c63c8e681fe9bd5a61a627fdbcd2dde0ee2b9387acaa",
}


def test_digests_are_what_they_always_were() -> None:
    policy = market()
    assert {"whole": policy.digest, **policy.part_digests} == MARKET


def test_digests_are_the_same_in_another_process() -> None:
    """Not by the luck of one process's hash seed."""
    script = "from tests.core.policies import market; print(market().digest)"
    for seed in ("0", "1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        )
        assert told.stdout.strip() == MARKET["whole"]


@settings(deadline=None, max_examples=150)
@given(policies.documents())
def test_a_document_survives_the_way_through_json(document: dict[str, Any]) -> None:
    policy = Policy.model_validate(document)
    written = json.loads(json.dumps(policy.document()))
    again = Policy.model_validate(written)
    assert again == policy
    assert again.document() == written
    assert (again.digest, again.part_digests) == (policy.digest, policy.part_digests)


def test_the_order_of_keys_and_defaults_written_out_change_no_digest() -> None:
    document = _shuffled(market_document(), random.Random(1))
    document["central"]["rules"][0].update(claims="verified", regions=[], visibility=None)
    document["central"]["categories"]["order"]["severity"] = "normal"
    assert Policy.model_validate(document).digest == MARKET["whole"]


@pytest.mark.parametrize(
    ("written", "as_well"), [({"elapsed": "P1D"}, {"elapsed": "PT24H"}), ({"business": "PT1H"}, {"business": "PT60M"})]
)
def test_the_same_length_of_time_is_the_same_however_it_is_written(
    written: dict[str, str], as_well: dict[str, str]
) -> None:
    digests = set()
    for span in (written, as_well):
        document = market_document()
        document["central"]["defaults"]["targets"]["assign"] = span
        digests.add(Policy.model_validate(document).digest)
    assert len(digests) == 1


def test_a_change_of_a_region_changes_its_own_part_alone() -> None:
    document = market_document()
    document["variants"]["eu"]["targets"]["next_update"] = {"business": "PT15H"}
    policy = Policy.model_validate(document)
    changed = {part for part, digest in policy.part_digests.items() if digest != MARKET[part]}
    assert changed == {"variants.eu"}
    assert policy.digest != MARKET["whole"]


def test_region_chain_and_levels() -> None:
    policy = market()
    assert policy.region_chain("eu-de") == ("world", "eu", "eu-de")
    assert policy.region_chain("mars") == ()
    assert policy.levels_by_rank() == ("L1", "L2", "L3")
    assert [policy.level_rank(level) for level in ("L1", "L3", "L9")] == [1, 3, 0]


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT30M", 1800), ("P1DT1H", 90_000), ("P2W", 1_209_600), ("PT1H1M1S", 3661)]
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds == parse_duration(format_duration(seconds))


@pytest.mark.parametrize("text", ["", "P", "PT", "PT0S", "P1M", "P1Y", "1H", "PT1.5H", "PT-1H", "PT1M1H", 3600])
def test_what_is_no_duration(text: Any) -> None:
    with pytest.raises(ValueError, match="write a duration such as PT4H"):
        parse_duration(text)


ERRORS = yaml.safe_load((DATA / "policy_errors.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ERRORS, ids=[row["what"] for row in ERRORS])
def test_an_error_names_its_place_and_what_was_expected(row: dict[str, Any]) -> None:
    document = market_document()
    part: Any = document
    *parents, last = row["at"].split("/")
    for parent in parents:
        part = part[int(parent) if isinstance(part, list) else parent]
    part[last] = row["put"]
    with pytest.raises(ValidationError) as refused:
        Policy.model_validate(document)
    found = dict(problems(refused.value))
    assert row["place"] in found, found
    assert row["says"] in found[row["place"]]


def test_every_error_is_told_at_once() -> None:
    document = market_document()
    document["central"]["teams"]["orders"]["calendar"] = "x"
    document["central"]["categories"]["order"]["owner"] = "y"
    document["central"]["rules"][0]["categories"] = ["z"]
    with pytest.raises(ValidationError) as refused:
        Policy.model_validate(document)
    assert {place for place, _ in problems(refused.value)} == {
        "central.teams.orders.calendar",
        "central.categories.order.owner",
        "central.rules.0.categories.0",
    }


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        items = [(key, _shuffled(item, chance)) for key, item in value.items()]
        chance.shuffle(items)
        return dict(items)
    return value
