"""The exported JSON Schema describes documents as they are written."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from escalations.core.policy import Policy
from tests.core.policies import market, market_document


def errors(document: dict[str, Any]) -> list[str]:
    schema = Policy.json_schema()
    Draft202012Validator.check_schema(schema)
    return [".".join(str(part) for part in error.path) for error in Draft202012Validator(schema).iter_errors(document)]


def test_what_people_write_and_what_is_exported_both_fit() -> None:
    assert errors(market_document()) == []
    assert errors(market().document()) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("central", "defaults", "targets", "assign"), {"basis": "business", "seconds": 3600}),
        (("central", "defaults", "targets", "assign"), {"business": "PT1H", "elapsed": "PT1H"}),
        (("central", "ladders", "slow", "rungs"), []),
        (("central", "levels", "L1"), {"name": "Agent", "rank": 1, "colour": "red"}),
        (("central", "remedies", "refund", "limits", "L1"), {"euro": "5"}),
        (("central", "rules", 1, "when"), {"fact": "ring", "eq": True, "present": True}),
    ],
)
def test_a_wrong_document_is_wrong_to_the_schema_at_its_place(place: tuple[str | int, ...], value: Any) -> None:
    document = market_document()
    part: Any = document
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    found = errors(document)
    assert found
    assert any(
        ".".join(map(str, place)).startswith(path) or path.startswith(".".join(map(str, place))) for path in found
    )
