"""Editions are read narrowly: a slip is an error with its place, and never another meaning."""

from __future__ import annotations

from pathlib import Path

import pytest

from playbook.core.source import LARGEST, SourceError, parse, read


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("12:30", "12:30"),
        ("2026-12-24", "2026-12-24"),
        ("0x1f", "0x1f"),
        ("007", "007"),
        ("1_000", "1_000"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("-12", -12),
        ("0", 0),
        ('"5"', "5"),
        ("'true'", "true"),
        ('""', ""),
        ("PT4H", "PT4H"),
        (".inf", ".inf"),
        ("<<", "<<"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ],
)
def test_a_value_means_what_it_says(written: str, value: object) -> None:
    found = parse(f"key: {written}").document["key"]
    assert found == value
    assert type(found) is type(value)


def test_json_is_read_too() -> None:
    text = '{"a": {"b": [1, true, null, "x"]}, "c": "\\u00e4\\/"}'
    assert parse(text).document == {"a": {"b": [1, True, None, "x"]}, "c": "ä/"}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3 a", "stands twice"),
        ("a:\n  x: 1\n  x: 2\n", "f.yaml:3 a.x", "stands twice"),
        ("a: &one [1]\nb: *one\n", "f.yaml:1", "anchors and aliases are not used"),
        ("a: !!python/object:os.system x\n", "f.yaml:1", "is not used here"),
        ("a: !secret x\n", "f.yaml:1", "is not used here"),
        ("? [a, b]\n: 1\n", "f.yaml:1", "a key is one word"),
        ("a: [1, 2\nb: 3\n", "f.yaml:2", "not readable as YAML"),
        ("- a\n- b\n", "f.yaml", "write a mapping"),
        ("", "f.yaml", "write a mapping"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2", "not readable as YAML"),
        ("a: \x07\n", "f.yaml", "not readable as YAML"),
    ],
)
def test_a_slip_is_an_error_with_its_place(text: str, place: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse(text, "f.yaml")
    problem = caught.value.problems[0]
    assert problem.place.startswith(place), problem
    assert words in problem.message


def test_a_value_inside_itself_by_an_alias_ends() -> None:
    with pytest.raises(SourceError, match="anchors and aliases"):
        parse("a: &a\n  b: *a\n")


def test_very_deep_nesting_is_an_error() -> None:
    with pytest.raises(SourceError, match="nested more than 100 deep"):
        parse("a: " + "[" * 30_000 + "]" * 30_000)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SourceError) as caught:
        parse("a: 1\na: 2\n? [x]\n: 3\n")
    assert len(caught.value.problems) == 2


def test_a_problem_names_the_nearest_known_line() -> None:
    source = parse("a:\n  - x: 1\n  - y: 2\n", "f.yaml")
    assert str(source.problem(("a", 1, "y", "deeper"), "wrong")) == "f.yaml:3 a.1.y.deeper: wrong"
    assert str(source.problem(("z",), "missing")) == "f.yaml:1 z: missing"


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        file = path / name.replace("__", "/").replace("_yaml", ".yaml").replace("_md", ".md")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return path


def test_a_folder_is_one_edition_in_parts(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        one_yaml="edition: 1\npolicy: {central: {teams: {a: {name: A}}}}\n",
        two_yaml="policy:\n  central:\n    rules: []\n    teams:\n      b: {name: B}\n",
        pages__en__guide_md="# Guide\n",
    )
    source = read(path)
    assert source.document == {
        "edition": 1,
        "policy": {"central": {"teams": {"a": {"name": "A"}, "b": {"name": "B"}}, "rules": []}},
        "pages": {"en": {"guide": "# Guide\n"}},
    }
    assert source.problem(("policy", "central", "teams", "b", "name"), "x").place.startswith("two.yaml:5 ")
    assert source.problem(("pages", "en", "guide"), "x").place.startswith("pages/en/guide.md:1 ")


def test_two_parts_may_not_say_the_same_thing(tmp_path: Path) -> None:
    path = folder(tmp_path, one_yaml="a: {b: 1}\n", two_yaml="c: 1\na: {b: 2}\n")
    with pytest.raises(SourceError) as caught:
        read(path)
    assert str(caught.value) == "two.yaml:2 a.b: stands in one.yaml:1 as well; keep one"


@pytest.mark.parametrize("content", [b"\xff\xfe a", b"a: \xe4\n"])
def test_a_file_that_is_not_utf8(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(content)
    with pytest.raises(SourceError, match="not UTF-8"):
        read(file)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    with file.open("wb") as handle:
        handle.truncate(LARGEST + 1)
    with pytest.raises(SourceError, match="larger than"):
        read(file)


def test_a_missing_file_and_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.yaml: cannot be read: No such file"):
        read(tmp_path / "none.yaml")
    with pytest.raises(SourceError, match=r"no \*\.yaml file"):
        read(tmp_path)
