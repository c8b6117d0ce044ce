"""What a precedent may say: nothing by which somebody of its case could be found, and everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from playbook.core.neutral import Known, folded, personal, vocabulary
from tests.playbook.shelves import compiled

TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "data" / "neutral.yaml").read_text("utf-8"))
ORDINARY = vocabulary(["The price will be kept. Damaged goods are decided.", "regards hello grüße"])
KNOWN = Known(
    names=("Jane Roe", "Mia Berg", "Tom Price"),
    contacts=("jane.roe@example.org", "+49 30 901820 34"),
    references=("TL-0042", "S-20418"),
    words=TABLE["case"],
    ordinary=ORDINARY,
)
NEUTRAL = [line for line in TABLE["stays"] if line]


@pytest.mark.parametrize("text", TABLE["stays"])
def test_what_stays(text: str) -> None:
    assert personal(text, KNOWN) == []


@pytest.mark.parametrize("row", TABLE["refused"], ids=lambda row: row["text"])
def test_what_is_refused(row: dict[str, str]) -> None:
    found = personal(row["text"], KNOWN)
    assert [(one.words, one.kind) for one in found][:1] == [(row["words"], row["kind"])]
    assert row["words"] in str(found[0])


SPELT = st.sampled_from([str, str.upper, str.lower, str.title])
PLANTED = st.sampled_from(
    [
        "Jane Roe",
        "jane.roe@example.org",
        "+49 30 901820 34",
        "TL-0042",
        "S-20418",
        "LX-99-2041-7",
        "4711982",
        "Peter Miller",
    ]
)


@given(st.lists(st.sampled_from(NEUTRAL), max_size=3), PLANTED, SPELT, st.lists(st.sampled_from(NEUTRAL), max_size=3))
def test_whatever_the_case_holds_is_found_wherever_it_stands(
    before: list[str], needle: str, spelt: Any, after: list[str]
) -> None:
    text = " ".join([*before, spelt(needle), *after])
    assert any(
        folded(needle) in folded(one.words) or folded(one.words) in folded(needle) for one in personal(text, KNOWN)
    )


@given(st.text(max_size=200))
def test_nothing_that_is_typed_is_an_error(text: str) -> None:
    for one in personal(text, KNOWN):
        assert one.words


@given(st.text(alphabet="ab @.-+()0123456789,\n", max_size=400))
def test_nothing_that_is_typed_takes_for_ever(text: str) -> None:
    personal(text, Known(words=text, contacts=("+49 30 901820 34", "a@b.cc"), names=("ab ba",)))


def test_the_texts_of_the_presets_are_neutral() -> None:
    """Prose of the desk's own kind is not refused: what is found in it would be refused in a precedent, too."""
    texts = compiled("team").texts
    ordinary = vocabulary(list(texts.values()))
    known = Known(
        names=("Jane Roe",), contacts=("jane@example.org",), references=("TL-0042",), words="", ordinary=ordinary
    )
    found = {name: [str(one) for one in hits] for name, text in texts.items() if (hits := personal(text, known))}
    assert found == {}
