"""References in articles are resolved from the policy, and what should be one is refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from escalations.core.policy import Policy
from escalations.core.policy.values import Span
from playbook import presets
from playbook.core import references
from playbook.core.compiling import compile_source, with_horizon
from playbook.core.reading import read

EXAMPLES = yaml.safe_load((Path(__file__).resolve().parents[1] / "data" / "literals.yaml").read_text())


@cache
def team() -> Policy:
    return compile_source(with_horizon(read(presets.folder("team")), range(2025, 2030))).policy


@pytest.fixture(scope="module")
def policy() -> Policy:
    return team()


@pytest.mark.parametrize("text", EXAMPLES["stays"])
def test_what_is_no_promise_stays(text: str, policy: Policy) -> None:
    assert references.literals(text, policy) == []


@pytest.mark.parametrize(
    ("text", "kind", "words"), [(row["text"], row["kind"], row["words"]) for row in EXAMPLES["refused"]]
)
def test_what_the_playbook_says_is_not_written_out(text: str, kind: str, words: str, policy: Policy) -> None:
    assert [(found.kind, found.words) for found in references.literals(text, policy)] == [(kind, words)]


@pytest.mark.parametrize(
    ("written", "language", "said"),
    [
        ("{owner:order.damaged}", "en", "Delivery and returns"),
        ("{team:payments}", "de", "Payments"),
        ("{fact:3 to 5 days}", "en", "3 to 5 days"),
        ("{target:order.damaged resolution}", "en", "{span}"),
    ],
)
def test_a_reference_says_what_the_policy_says(written: str, language: str, said: str, policy: Policy) -> None:
    central = policy.central
    target = central.categories["order.damaged"].targets.get("resolution") or central.defaults.targets["resolution"]
    expected = said.format(span=references.span(target, language)) if "{span}" in said else said
    assert references.resolved(f"See {written}.", policy, language) == f"See {expected}."
    assert references.problems(written, policy) == []


def test_a_limit_is_the_amount_of_its_level(policy: Policy) -> None:
    amounts = policy.central.remedies["refund"].limits["L1"].by_currency
    said = references.resolved("{limit:refund L1 EUR}", policy, "en")
    assert said.replace(",", "") == f"EUR {amounts['EUR']:.0f}"


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("{target:order.nothing first_response}", "category"),
        ("{target:order.damaged soon}", "first_response"),
        ("{target:order.damaged}", "CATEGORY KIND"),
        ("{limit:refund L9 EUR}", "L1"),
        ("{limit:refund L1 XYZ}", "EUR"),
        ("{limit:hug L1 EUR}", "refund"),
        ("{owner:nobody}", "category"),
        ("{team:nobody}", "team"),
        ("{fact:}", "fact"),
        ("{price:12}", "{target:"),
    ],
)
def test_a_reference_to_nothing_is_refused_with_words(written: str, word: str, policy: Policy) -> None:
    (problem,) = references.problems(written, policy)
    assert word in problem
    assert references.stale(written, policy)
    assert "no longer in the playbook" in references.resolved(written, policy, "en")


@pytest.mark.parametrize(
    ("basis", "seconds", "language", "said"),
    [
        ("business", 4 * 3600, "en", "4 working hours"),
        ("business", 3600, "de", "1 Arbeitsstunde"),
        ("business", 5400, "es", "1 hora laborable 30 minutos laborables"),
        ("elapsed", 86_400, "en", "1 day"),
        ("elapsed", 3 * 86_400, "de", "3 Tage"),
        ("elapsed", 36 * 3600, "en", "36 hours"),
        ("business", 24 * 3600, "en", "24 working hours"),
        ("elapsed", 1800, "xx", "30 minutes"),
    ],
)
def test_lengths_of_time_in_words(basis: str, seconds: int, language: str, said: str) -> None:
    assert references.span(Span(basis=basis, seconds=seconds), language) == said


@given(st.text(max_size=400))
def test_no_text_breaks_the_reading(text: str) -> None:
    references.literals(text, team())
    references.problems(text, team())
    assert references.resolved(text.replace("{", ""), team(), "en") == text.replace("{", "")


def test_names_do_not_become_markup(policy: Policy) -> None:
    team = policy.central.teams["payments"].model_copy(update={"name": "Pay [me](https://x.example) *now*"})
    teams = {**policy.central.teams, "payments": team}
    changed = policy.model_copy(update={"central": policy.central.model_copy(update={"teams": teams})})
    assert references.resolved("{team:payments}", changed, "en") == r"Pay \[me\]\(https://x.example\) \*now\*"
