"""Extending a preset: what an edition writes is laid over its base, and nothing outside the presets is drawn in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbook.core.overlay import overlay
from playbook.core.reading import read
from playbook.core.source import Source, SourceError, parse

leaves = st.one_of(st.booleans(), st.integers(0, 9), st.text("ab", max_size=2))
keys = st.sampled_from(["a", "b", "c", "d"])
documents = st.recursive(
    st.dictionaries(keys, leaves, max_size=3), lambda inner: st.dictionaries(keys, inner | leaves, max_size=3)
)
#: Documents in which a key is a mapping everywhere or nowhere, as in every edition that can be read.
shaped = st.fixed_dictionaries(
    {},
    optional={
        "a": leaves,
        "c": st.fixed_dictionaries({}, optional={"a": leaves, "d": st.dictionaries(st.just("b"), leaves)}),
        "d": st.dictionaries(st.sampled_from(["a", "b"]), leaves),
    },
)


def over(base: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    return overlay(Source(base), Source(above)).document


@given(documents)
def test_nothing_laid_over_it_changes_nothing(document: dict[str, Any]) -> None:
    assert over(document, {}) == document
    assert over({}, document) == document
    assert over(document, document) == document


@given(shaped, shaped, shaped)
def test_it_does_not_matter_which_two_are_laid_together_first(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    assert over(over(one, two), three) == over(one, over(two, three))


@given(documents, documents)
def test_what_lies_above_is_what_counts(base: dict[str, Any], above: dict[str, Any]) -> None:
    def holds(whole: Any, said: Any) -> bool:
        if isinstance(said, dict) and isinstance(whole, dict):
            return all(key in whole and holds(whole[key], value) for key, value in said.items())
        return bool(whole == said)

    whole = over(base, above)
    assert holds(whole, above)
    assert set(whole) == set(base) | set(above)


@given(documents.filter(bool))
def test_null_removes(document: dict[str, Any]) -> None:
    key = next(iter(document))
    assert over(document, {key: None}) == {name: value for name, value in document.items() if name != key}


def test_items_of_a_list_are_changed_removed_and_added_by_key() -> None:
    base = {"rules": [{"key": "one", "because": "x", "then": {"level": "L1"}}, {"key": "two"}]}
    above = {"rules": {"one": {"then": {"owner": "desk"}}, "two": None, "three": {"because": "y"}}}
    assert over(base, above) == {
        "rules": [
            {"key": "one", "because": "x", "then": {"level": "L1", "owner": "desk"}},
            {"key": "three", "because": "y"},
        ]
    }


def test_a_list_a_condition_and_a_length_of_time_are_replaced_whole() -> None:
    base = {"path": [{"key": "a"}], "when": {"all": []}, "first": {"business": "PT1H", "warn": [75]}}
    above = {"path": [{"key": "b"}], "when": {"fact": "x"}, "first": {"elapsed": "PT4H"}}
    assert over(base, above) == above


def test_a_scenario_is_replaced_whole_by_its_name() -> None:
    base = {"scenarios": [{"name": "A", "case": {"x": 1}, "received": "now", "expect": {"owner": "a"}}]}
    above = {"scenarios": {"A": {"case": {"x": 1}, "expect": {"rule": None}}}}
    assert over(base, above) == {"scenarios": [{"name": "A", "case": {"x": 1}, "expect": {"rule": None}}]}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("a:\n  gone: null\n", "own.yaml:2 a.gone: there is nothing to remove"),
        ("rules:\n  gone: null\n", "own.yaml:2 rules.gone: there is nothing to remove"),
        ("rules:\n  one: 3\n", "own.yaml:2 rules.one: write a mapping"),
        ("plain:\n  one: 3\n", "own.yaml:2 plain: the items of this list have no `key`"),
    ],
)
def test_what_cannot_be_laid_over_is_told_with_file_and_line(written: str, told: str) -> None:
    base = parse("a: {b: 1}\nrules: [{key: one}]\nplain: [1]\n", "base.yaml")
    with pytest.raises(SourceError) as caught:
        overlay(base, parse(written, "own.yaml"))
    assert told in str(caught.value)


def test_every_part_knows_the_file_it_stands_in() -> None:
    base = parse("a:\n  b: 1\n  c: 2\nrules:\n  - {key: one}\n  - {key: two, x: 1}\n", "base.yaml")
    whole = overlay(base, parse("a:\n  c: 3\nrules:\n  one: null\n  two:\n    y: 2\n", "own.yaml"))
    assert str(whole.problem(("a", "b"), "wrong")).startswith("base.yaml:2 ")
    assert str(whole.problem(("a", "c"), "wrong")).startswith("own.yaml:2 ")
    assert str(whole.problem(("rules", 0, "x"), "wrong")).startswith("base.yaml:6 ")
    assert str(whole.problem(("rules", 0, "y"), "wrong")).startswith("own.yaml:6 ")


def edition(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "edition.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_copied_folder_extends_the_preset_wherever_it_stands(tmp_path: Path) -> None:
    base = edition(tmp_path / "presets" / "base", "edition: 1\npolicy: {title: Base, x: 1}\n")
    (base / "pages" / "en").mkdir(parents=True)
    (base / "pages" / "en" / "guide.start.md").write_text("# Start\n", encoding="utf-8")
    own = edition(tmp_path / "elsewhere", "extends: base\npolicy: {title: Own}\n")
    whole = read(own, tmp_path / "presets")
    assert whole.document == {
        "edition": 1,
        "policy": {"title": "Own", "x": 1},
        "pages": {"en": {"guide.start": "# Start\n"}},
    }
    assert str(whole.problem(("policy", "x"), "wrong")).startswith("base/edition.yaml:2 ")
    alone = tmp_path / "own.yaml"
    alone.write_text("extends: base\npolicy: {title: One file}\n", encoding="utf-8")
    assert read(alone, tmp_path / "presets").document["policy"] == {"title": "One file", "x": 1}


@pytest.mark.parametrize("name", ["../outside", "/etc", "missing", ".", "[base]", "3", "null"])
def test_only_a_preset_can_be_extended(tmp_path: Path, name: str) -> None:
    edition(tmp_path / "presets" / "base", "edition: 1\n")
    edition(tmp_path / "outside", "edition: 1\n")
    own = edition(tmp_path / "own", f"edition: 1\nextends: {name}\n")
    with pytest.raises(SourceError, match=r"edition.yaml:2 extends: there is no preset .* there are base"):
        read(own, tmp_path / "presets")


def test_presets_do_not_extend_each_other_in_a_circle(tmp_path: Path) -> None:
    edition(tmp_path / "presets" / "one", "extends: two\n")
    edition(tmp_path / "presets" / "two", "extends: one\n")
    with pytest.raises(SourceError, match="a circle: two extends one extends two"):
        read(tmp_path / "presets" / "one", tmp_path / "presets")
