"""An edition in rows is the same edition: rows and document turn into each other, and compile to the same bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbook import presets
from playbook.core.compiling import compile_source, examine, with_horizon
from playbook.core.entries import (
    CENTRE,
    OF_A_REGION,
    SECTIONS,
    VARIANT,
    Address,
    Entry,
    finder,
    join,
    section_of,
    split,
)
from playbook.core.reading import read
from playbook.core.source import Source, SourceError, parse
from playbook.core.writing import as_yaml
from tests.playbook.editions import central, small

KEYS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,12}", fullmatch=True)
TRAPS = (
    *("no", "on", "12:30", "2026-12-24", "1e5", "1.", "-0", "~", "null", "true", "0x1f", "1_000", "007", "é", "\u2028"),
    *("=", "<<", "!x", "&a", "*a", "'", '"', "", "# x", "- a", "a: b", " lead", "trail ", "\ta"),
    *("\n", "a\n", "a\n\n", "\n a", "a \nb"),
)
"""What YAML reads in ways of its own."""
TEXTS = st.sampled_from(TRAPS) | st.text("aé: #-\n'\"\t", max_size=12)
NUMBERS = st.integers(-(10**16), 10**16) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = TEXTS | st.booleans() | st.none() | NUMBERS
BODIES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=4
)


@st.composite
def editions(draw: st.DrawFn) -> list[Entry]:
    """Rows that an edition may have, in the order in which `split` gives them."""
    rows = []
    for part in (CENTRE, *(VARIANT + region for region in draw(st.lists(KEYS, max_size=2, unique=True)))):
        for section in SECTIONS if part == CENTRE else OF_A_REGION:
            if section.key == "settings":
                if said := draw(st.dictionaries(st.sampled_from(["edition", "title", "horizon"]), SCALARS, max_size=3)):
                    rows.append(Entry(Address(part, section.key), dict(sorted(said.items()))))
                continue
            if section.shape == "alone":
                rows += [Entry(Address(part, section.key), body) for body in draw(st.lists(_said(BODIES), max_size=1))]
                continue
            names = draw(st.lists(KEYS, max_size=3, unique=True))
            for name in names:
                body = draw(BODIES)
                if section.shape == "nested":
                    for second in draw(st.lists(KEYS, min_size=1, max_size=2, unique=True)):
                        rows.append(Entry(Address(part, section.key, f"{name}/{second}"), draw(BODIES)))
                elif section.shape == "listed":
                    others = draw(
                        st.dictionaries(TEXTS.filter(lambda key: key not in ("key", "name")), BODIES, max_size=2)
                    )
                    rows.append(Entry(Address(part, section.key, name), {**others, section.named_by: name}))
                else:
                    rows.append(Entry(Address(part, section.key, name), body))
    return rows


def _said(bodies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return bodies.filter(lambda body: body is not None)


@given(editions())
@settings(max_examples=40, deadline=None)
def test_rows_make_a_document_that_splits_into_the_same_rows(rows: list[Entry]) -> None:
    again = split(Source(join(rows)))
    assert {entry.address: entry.body for entry in again} == {entry.address: entry.body for entry in rows}
    for part in {entry.address.part for entry in rows}:
        for section in {entry.address.section for entry in rows}:
            ordered = [e for e in rows if e.address.part == part and e.address.section == section]
            assert [e for e in again if e.address.part == part and e.address.section == section] == ordered


@given(editions())
@settings(max_examples=40, deadline=None)
def test_a_written_file_is_read_as_it_was(rows: list[Entry]) -> None:
    document = join(rows)
    if document:
        assert parse(as_yaml(document)).document == document


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_compiles_to_the_same_bytes_from_its_rows(name: str) -> None:
    written = with_horizon(read(presets.folder(name)), range(2025, 2030))
    compiled = compile_source(written)
    rows = split(written)
    by_rows = compile_source(Source(join(rows)))
    by_file = compile_source(parse(as_yaml(join(rows))))
    assert by_rows.digest == by_file.digest == compiled.digest
    assert by_rows.policy.document() == compiled.policy.document()
    assert by_rows.texts == by_file.texts == compiled.texts
    assert (by_rows.scenarios, by_rows.successors) == (compiled.scenarios, compiled.successors)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_every_place_is_found_in_its_row(data: st.DataObject) -> None:
    """Walk down to any value of the joined document: the row that is found there holds this very value."""
    rows = data.draw(editions())
    find, bodies = finder(rows), {entry.address: entry.body for entry in rows}
    value: Any = join(rows)
    place: tuple[str | int, ...] = ()
    while isinstance(value, (dict, list)) and value:
        step = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        value, place = value[step], (*place, step)
    address = find(place)
    if address is None:
        assert not rows
        return
    section = section_of(address)
    if section.key == "settings":
        assert bodies[address][place[-1]] == value or place[:1] == ("horizon",)
        return
    depth = len(section.within) if address.part == CENTRE else len(("policy", "variants", "a region"))
    inner: Any = bodies[address]
    for step in place[depth + {"alone": 1, "keyed": 2, "listed": 2, "nested": 3}[section.shape] :]:
        inner = inner[step]
    assert inner == value


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.update(editoin=1), "editoin: there is no editoin here; there are policy, edition, horizon, pages"),
        (
            lambda d: central(d).update(rule=[]),
            "policy.central.rule: there is no rule here; there are levels, channels",
        ),
        (lambda d: central(d).update(rules={}), "policy.central.rules: write a list here"),
        (lambda d: central(d).update(teams=[]), "policy.central.teams: write keys with their values here"),
        (lambda d: central(d)["rules"].append({"name": "x"}), "policy.central.rules.1: give it a key of its own"),
        (lambda d: central(d)["rules"].append("x"), "policy.central.rules.1: give it a key of its own"),
        (lambda d: d["scenarios"].append(d["scenarios"][0]), "scenarios.1: 'A large order' stands twice; keep one"),
        (lambda d: d["pages"].update(de="text"), "pages.de: write keys with their values here"),
        (
            lambda d: d["policy"].update(variants={"eu": {"ladders": {}}}),
            "policy.variants.eu.ladders: there is no ladders here; there are categories, targets, rules",
        ),
    ],
)
def test_what_cannot_be_a_row_is_told_with_its_place(change: Any, told: str) -> None:
    with pytest.raises(SourceError) as caught:
        split(small(change))
    assert str(caught.value).startswith(told)


def test_what_is_wrong_inside_a_row_is_kept_and_found_by_compiling() -> None:
    source = small(lambda d: central(d)["categories"]["order"].update(owner="nobody"))
    rows = split(source)
    examined = examine(Source(join(rows)))
    (problem,) = examined.errors
    assert finder(rows)(problem.path) == Address(CENTRE, "categories", "order")


def test_a_failing_scenario_is_found_in_its_row() -> None:
    source = small(lambda d: d["scenarios"][0]["expect"].update(level="L1"))
    rows = split(source)
    (problem,) = examine(Source(join(rows))).errors
    assert finder(rows)(problem.path) == Address(CENTRE, "scenarios", "A large order")


def test_a_region_may_be_called_central() -> None:
    """Its own part is not the centre's: each keeps its rules."""
    source = small(lambda d: d["policy"].update(variants={"central": {"rules": [{"key": "own", "name": "Own"}]}}))
    assert join(split(source)) == source.document


def test_an_unknown_section_is_refused_when_joining() -> None:
    with pytest.raises(LookupError, match=r"no section 'ladders' in its part 'variants\.eu'"):
        join([Entry(Address("variants.eu", "ladders", "x"), {})])


def test_the_table_covers_the_policy_document() -> None:
    """A section that the document gets and this table does not know could not be written in rows."""
    from escalations.core.policy.document import Central, Variant
    from playbook.core.compiling import EditionDocument

    of_the_centre = {section.key for section in SECTIONS if section.within}
    assert of_the_centre == set(Central.model_fields)
    assert {section.key for section in OF_A_REGION} == set(Variant.model_fields)
    outside = {section.key for section in SECTIONS if not section.within} - {"settings"}
    assert outside | {"edition", "horizon", "policy"} == set(EditionDocument.model_fields)


def test_files_have_no_anchors_and_keep_their_order() -> None:
    same = {"a": 1}
    text = as_yaml({"edition": 1, "z": same, "b": same})
    assert "&" not in text
    assert list(json.loads(json.dumps(parse(text).document))) == ["edition", "z", "b"]
