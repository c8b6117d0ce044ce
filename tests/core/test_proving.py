"""Words, history rows, state and anchored ends held to what was sealed."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core import anchoring, chain, proving
from escalations.core.anchoring import Said
from escalations.core.proving import HistoryRow, Kept, Pinned

T0 = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


def sealed(count: int) -> tuple[list[tuple[int, str]], list[HistoryRow]]:
    digests = [f"{number:064x}" for number in range(1, count + 1)]
    return [(2 * n, digest) for n, digest in enumerate(digests, 1)], [
        HistoryRow(100 + n, [digest]) for n, digest in enumerate(digests, 1)
    ]


counts = st.integers(1, 6)


@given(counts)
def test_untouched_history_holds(count):
    assert proving.history_holds(*sealed(count)) is None


@given(counts, st.data())
def test_a_changed_history_row_is_named(count, data):
    events, rows = sealed(count)
    at = data.draw(st.integers(0, count - 1))
    rows[at] = HistoryRow(rows[at].id, ["f" * 64])
    found = proving.history_holds(events, rows)
    assert found is not None
    assert (found.how, found.seq) == ("history_changed", 2 * (at + 1))
    assert str(rows[at].id) in found.message


@given(counts, st.data())
def test_a_removed_history_row_is_named_by_its_event(count, data):
    events, rows = sealed(count)
    at = data.draw(st.integers(0, count - 1))
    del rows[at]
    found = proving.history_holds(events, rows)
    assert found is not None
    assert (found.how, found.seq) == ("history_missing", 2 * (at + 1))


@given(counts, st.data())
def test_an_added_history_row_is_named(count, data):
    events, rows = sealed(count)
    rows.insert(data.draw(st.integers(0, count)), HistoryRow(999, ["e" * 64]))
    found = proving.history_holds(events, rows)
    assert found is not None
    assert found.how == "history_added"
    assert "999" in found.message


@given(st.integers(2, 6), st.data())
def test_swapped_history_rows_are_found(count, data):
    events, rows = sealed(count)
    at = data.draw(st.integers(0, count - 2))
    rows[at], rows[at + 1] = rows[at + 1], rows[at]
    assert proving.history_holds(events, rows) is not None


def test_words_hold_are_changed_are_added_or_are_gone():
    salt, body = b"s" * 16, b'{"body":"x"}'
    made = chain.commitment(salt, body)
    assert proving.words_hold(1, made, Kept(salt.hex(), body)) is None
    assert proving.words_hold(1, made, None) is None, "erased"
    for kept in (Kept(salt.hex(), body + b" "), Kept("00" * 16, body), Kept("no hex", body), Kept("", body)):
        found = proving.words_hold(4, made, kept)
        assert found is not None
        assert (found.seq, found.how) == (4, "payload")
    assert proving.words_hold(1, chain.NO_PAYLOAD, Kept(salt.hex(), body)) is not None


def test_the_columns_that_differ_are_named():
    assert proving.state_holds(3, {"a": 1, "b": None}, {"a": 1, "b": None, "c": 2}) is None
    found = proving.state_holds(3, {"b": 1, "a": 2}, {"a": 0, "b": 0})
    assert found is not None
    assert "a, b differ" in found.message


heads = st.lists(
    st.builds(
        Pinned, st.integers(0, 2**63 - 1), st.integers(0, 2**32 - 1), st.binary(min_size=32, max_size=32).map(bytes.hex)
    )
)


@given(heads)
def test_heads_are_packed_and_unpacked(some):
    packed = proving.pack(some)
    assert len(packed) == 44 * len(some)
    assert list(proving.unpack(packed)) == some
    if packed:
        with pytest.raises(ValueError, match="whole number"):
            list(proving.unpack(packed[:-1]))


@pytest.mark.parametrize(
    ("mac", "end", "how", "says"),
    [
        ("a" * 64, 9, None, ""),
        (None, None, "removed", "the case is gone: anchor 3 saw it at 5"),
        (None, 2, "set_back", "the case was set back to 2: anchor 3 saw it at 5"),
        ("b" * 64, 5, "set_back", "number 5 of the case is not the one that anchor 3 saw"),
    ],
)
def test_an_anchored_end_is_still_on_the_way(mac, end, how, says):
    found = proving.pinned_holds(Pinned(1, 5, "a" * 64), mac, end, of="case", anchor=3)
    assert (found.how if found else None) == how
    assert (found.message if found else "") == says


def test_links_of_the_two_spaces_do_not_fit_into_each_other():
    about = {"case_id": 7, "seq": 1, "kind": "read", "actor_kind": "", "actor_id": "", "at": T0, "data": "{}",
             "commitment": "", "history_digest": "", "prev": ""}  # fmt: skip
    key = b"k" * 32
    assert chain.link(key, **about) != chain.link(key, **about, space="access")
    assert chain.head(key, case_id=7, seq=1, mac="x") != chain.head(key, case_id=7, seq=1, mac="x", space="access")


def test_the_text_of_an_event_is_what_it_always_was():
    """Chains that were written before the access log had chains still hold."""
    mac = chain.link(
        b"k" * 32, case_id=7, seq=1, kind="case.opened", actor_kind="user", actor_id="3", at=T0, data="{}",
        commitment="", history_digest="", prev="",
    )  # fmt: skip
    text = f"event1|7|1|{int(T0.timestamp()) * 10**6}|11|4|1|0|0|0|case.openeduser3{{}}"
    import hashlib
    import hmac

    assert mac == hmac.new(b"k" * 32, text.encode(), hashlib.sha256).hexdigest()


def said(**changes):
    about = {"number": 1, "at": T0, "cases": 4, "marks": {"event": 9, "access": 2}, "heads": 5,
             "parts": (("event", "ab" * 32),), "prev": ""}  # fmt: skip
    return Said(**{**about, **changes})


def test_an_anchor_says_what_was_read_from_it():
    assert Said.read(said().text()) == said()
    for text in ("", "{}", "[]", "null", '{"format": "anchor9"}', said().text().replace("anchor1", "anchor2")):
        with pytest.raises(ValueError, match="no anchor"):
            Said.read(text)


def test_anchors_follow_each_other():
    first, second = said(), said(number=2, prev=anchoring.digest(said().text()))
    assert anchoring.follows(first, 1, anchoring.FIRST) is None
    assert anchoring.follows(second, 2, anchoring.digest(first.text())) is None
    assert anchoring.follows(second, 1, anchoring.FIRST).how == "missing"
    assert anchoring.follows(second, 2, anchoring.digest("another")).how == "detached"
