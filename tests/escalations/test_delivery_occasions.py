"""The table of occasions against everything that uses it: services that tell, the starter playbook that words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from escalations.core.policy.references import PLACEHOLDERS
from escalations.outbound.occasions import GROUPS, OCCASIONS, occasion

ROOT = Path(__file__).resolve().parents[2]
KIND = re.compile(r"^(notice|party)\.[a-z_]+$")
#: What the engine never tells by itself: words that a person starts from.
SUGGESTIONS = {"first_response", "pause", "handoff"}
PRESETS = sorted((ROOT / "playbook" / "presets").glob("*/messages.yaml"))


def kinds_told() -> Iterator[tuple[str, str]]:
    """Every kind that a service tells, with the place: literals that look like one, names of fields left out."""
    for path in sorted((ROOT / "escalations" / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Invalid":
                for inner in ast.walk(node):
                    inner.skip = True  # type: ignore[attr-defined]
            if not isinstance(node, ast.Constant) or getattr(node, "skip", False):
                continue
            if isinstance(node.value, str) and KIND.match(node.value):
                yield node.value, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_kind_that_a_service_tells_is_in_the_table() -> None:
    told = dict(kinds_told())
    assert len(told) > 10
    assert {kind: place for kind, place in told.items() if kind not in OCCASIONS} == {}


@pytest.mark.parametrize("key", sorted(OCCASIONS))
def test_an_occasion_is_whole(key: str) -> None:
    told = OCCASIONS[key]
    assert KIND.match(key)
    assert told.told
    assert told.group in GROUPS
    for text in (told.subject, told.body):
        assert set(re.findall(r"\{([^{}]*)\}", text)) <= PLACEHOLDERS
    if told.to_party:
        # Nothing internal, no link to the desk, no label of ours.
        assert not {"{url}", "{asked}", "{reason}", "{level}", "{rung}", "{summary}"} & set(
            re.findall(r"\{[^{}]*\}", told.body)
        )
        assert not told.urgent
        assert not told.room
    elif "{asked}" in told.body:
        assert told.asked.endswith(".")


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.parent.name)
def test_a_preset_words_every_occasion_and_none_that_does_not_exist(path: Path) -> None:
    worded = set(yaml.safe_load(path.read_text(encoding="utf-8"))["policy"]["central"]["messages"])
    wanted = {told.template_key for told in OCCASIONS.values()}
    assert wanted - worded == set()
    assert worded - wanted == SUGGESTIONS


def test_there_is_a_preset() -> None:
    assert PRESETS


def test_an_unknown_kind_is_told_to_whom_it_was_meant_for() -> None:
    assert occasion("party.surprise").to_party
    assert not occasion("notice.surprise").to_party
    assert not occasion("anything").to_party
