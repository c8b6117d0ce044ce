"""The chain: whatever is done to stored events is found, and the first broken one is named."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core import chain
from escalations.core.chain import GENESIS, NO_PAYLOAD, Break, Head, Keyring, Link

OLD, NEW = b"o" * 32, b"n" * 32
RING = Keyring({"2025": OLD, "2026": NEW}, "2026")
T0 = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)
CASE = 4217


def built(
    contents: list[tuple[str, str]], *, case_id: int = CASE, key_ids: list[str] | None = None
) -> tuple[list[Link], Head]:
    links: list[Link] = []
    prev = GENESIS
    for number, (kind, data) in enumerate(contents, 1):
        key_id = key_ids[number - 1] if key_ids else RING.current
        fields = {
            "seq": number,
            "kind": kind,
            "actor_kind": "user",
            "actor_id": "7",
            "at": T0 + dt.timedelta(minutes=number),
            "data": data,
            "commitment": chain.commitment(bytes([number % 256]) * 16, b"words"),
            "history_digest": hashlib.sha256(data.encode()).hexdigest(),
            "prev": prev,
        }
        prev = chain.link(RING.key(key_id), case_id=case_id, **fields)
        links.append(Link(**fields, mac=prev, key_id=key_id))
    key_id = links[-1].key_id
    seal = chain.head(RING.key(key_id), case_id=case_id, seq=len(links), mac=prev)
    return links, Head(len(links), prev, seal, key_id)


contents = st.lists(st.tuples(st.text(max_size=12), st.text(max_size=30)), min_size=2, max_size=8)


@given(contents, st.data())
def test_an_untouched_chain_holds_across_a_rotation_of_keys(items, data):
    switch = data.draw(st.integers(0, len(items)))
    links, head = built(items, key_ids=["2025"] * switch + ["2026"] * (len(items) - switch))
    assert chain.verify(RING, CASE, iter(links), head) is None


def other_digit(value: str) -> str:
    """Another text of the same length."""
    return value[:-1] + ("0" if value[-1] != "0" else "1")


CHANGES = {
    "kind": lambda value: value + "x",
    "actor_kind": other_digit,
    "actor_id": other_digit,
    "at": lambda value: value + dt.timedelta(microseconds=1),
    "data": lambda value: value + " ",
    "commitment": other_digit,
    "commitment, taken away": lambda value: NO_PAYLOAD,
    "history_digest": other_digit,
    "history_digest, taken away": lambda value: "",
    "prev": lambda value: other_digit(value) if value else "f" * 64,
    "mac": other_digit,
    "key_id": lambda value: "2025",
}


@given(contents, st.sampled_from(sorted(CHANGES)), st.data())
def test_a_change_of_any_field_of_any_event_is_found_there(items, field, data):
    links, head = built(items)
    at = data.draw(st.integers(0, len(links) - 1))
    name = field.partition(",")[0]
    links[at] = links[at]._replace(**{name: CHANGES[field](getattr(links[at], name))})
    found = chain.verify(RING, CASE, links, head)
    assert found is not None
    assert (found.seq, found.how) == (at + 1, "altered")


@given(contents, st.data())
def test_a_removed_event_is_found_where_it_stood(items, data):
    links, head = built(items)
    at = data.draw(st.integers(0, len(links) - 2))
    del links[at]
    found = chain.verify(RING, CASE, links, head)
    assert found is not None
    assert (found.seq, found.how) == (at + 1, "missing")


@given(contents, st.data())
def test_a_removed_event_is_found_even_when_the_rest_is_renumbered(items, data):
    links, head = built(items)
    at = data.draw(st.integers(0, len(links) - 2))
    del links[at]
    links = [item._replace(seq=number) for number, item in enumerate(links, 1)]
    found = chain.verify(RING, CASE, links, head)
    assert found is not None
    assert found.seq == at + 1


@given(contents, st.data())
def test_a_chain_cut_off_at_the_end_is_found(items, data):
    links, head = built(items)
    kept = data.draw(st.integers(0, len(links) - 1))
    found = chain.verify(RING, CASE, links[:kept], head)
    assert found is not None
    assert (found.seq, found.how) == (kept + 1, "truncated")


@given(contents, st.data())
def test_cutting_the_head_back_with_the_chain_is_found(items, data):
    links, head = built(items)
    kept = data.draw(st.integers(1, len(links) - 1))
    forged = head._replace(seq=kept, mac=links[kept - 1].mac)
    found = chain.verify(RING, CASE, links[:kept], forged)
    assert found is not None
    assert found.how == "head"


@given(contents, st.data())
def test_two_events_swapped_are_found_at_the_first(items, data):
    links, head = built(items)
    at = data.draw(st.integers(0, len(links) - 2))
    links[at], links[at + 1] = links[at + 1]._replace(seq=at + 1), links[at]._replace(seq=at + 2)
    found = chain.verify(RING, CASE, links, head)
    assert found is not None
    assert (found.seq, found.how) == (at + 1, "altered")


@given(contents, st.data())
def test_an_inserted_event_is_found(items, data):
    links, head = built(items)
    at = data.draw(st.integers(0, len(links) - 1))
    prev = links[at - 1].mac if at else GENESIS
    # The forger holds no key: the best guess is a MAC seen elsewhere.
    forged = links[at]._replace(data="{}x", prev=prev)
    rest = [item._replace(seq=item.seq + 1) for item in links[at:]]
    found = chain.verify(RING, CASE, [*links[:at], forged, *rest], head)
    assert found is not None
    assert found.seq == at + 1


@given(contents, st.data())
def test_an_event_shown_twice_is_found(items, data):
    links, head = built(items)
    at = data.draw(st.integers(0, len(links) - 1))
    found = chain.verify(RING, CASE, [*links[: at + 1], links[at], *links[at + 1 :]], head)
    assert found is not None
    assert (found.seq, found.how) == (at + 1, "repeated")


def test_an_event_of_another_case_does_not_fit():
    ours, head = built([("opened", "{}"), ("note", "{}")])
    theirs, _ = built([("opened", "{}"), ("note", "{}")], case_id=CASE + 1)
    assert chain.verify(RING, CASE, [ours[0], theirs[1]], head) == Break(
        2, "altered", "event 2 was changed after it was written"
    )


def test_a_genuine_event_of_an_earlier_state_of_the_same_case_does_not_fit():
    first, _ = built([("opened", "{}"), ("note", '{"a":1}'), ("note", "{}")])
    second, head = built([("opened", "{}"), ("note", '{"a":2}'), ("note", "{}")])
    found = chain.verify(RING, CASE, [second[0], first[1], second[2]], head)
    assert found is not None
    assert (found.seq, found.how) == (3, "detached")
    found = chain.verify(RING, CASE, first, head)
    assert found is not None
    assert (found.seq, found.how) == (3, "head")


def test_events_beyond_the_head_are_found():
    links, _ = built([("opened", "{}"), ("note", "{}"), ("note", "{}")])
    _, earlier = built([("opened", "{}"), ("note", "{}")])
    found = chain.verify(RING, CASE, links, earlier)
    assert found is not None
    assert (found.seq, found.how) == (3, "beyond_head")


def test_a_case_without_events_has_no_head_and_holds():
    assert chain.verify(RING, CASE, [], None) is None
    links, _ = built([("opened", "{}")])
    found = chain.verify(RING, CASE, links, None)
    assert found is not None
    assert found.how == "head"


def test_a_key_that_is_gone_is_named_with_what_to_do():
    links, head = built([("opened", "{}"), ("note", "{}")], key_ids=["2025", "2026"])
    found = chain.verify(Keyring({"2026": NEW}, "2026"), CASE, links, head)
    assert found is not None
    assert (found.seq, found.how) == (1, "unknown_key")
    assert "'2025'" in found.message
    assert "put it back" in found.message


def test_the_key_that_sealed_the_head_may_be_gone_too():
    links, head = built([("opened", "{}")])
    found = chain.verify(RING, CASE, links, head._replace(key_id="2019"))
    assert found is not None
    assert (found.seq, found.how) == (1, "unknown_key")


texts = st.text(max_size=6)


@given(
    st.lists(texts, min_size=7, max_size=7),
    st.lists(texts, min_size=7, max_size=7),
    st.integers(0, 99),
    st.integers(0, 99),
)
def test_no_two_different_events_are_written_alike(one, other, seq, other_seq):
    def mac(values: list[str], number: int) -> str:
        kind, actor_kind, actor_id, data, commitment, history, prev = values
        return chain.link(
            NEW, case_id=1, seq=number, kind=kind, actor_kind=actor_kind, actor_id=actor_id, at=T0,
            data=data, commitment=commitment, history_digest=history, prev=prev,
        )  # fmt: skip

    assert (mac(one, seq) == mac(other, other_seq)) == ((one, seq) == (other, other_seq))


def test_text_moved_from_one_field_to_the_next_changes_the_mac():
    common = {"case_id": 1, "seq": 1, "at": T0, "data": "{}", "commitment": "", "history_digest": "", "prev": GENESIS}
    assert chain.link(NEW, kind="no", actor_kind="teuser", actor_id="7", **common) != chain.link(
        NEW, kind="note", actor_kind="user", actor_id="7", **common
    )


def test_a_head_is_never_a_link():
    assert chain.head(NEW, case_id=1, seq=1, mac=GENESIS) != chain.link(
        NEW, case_id=1, seq=1, kind="", actor_kind="", actor_id="", at=T0, data="", commitment="",
        history_digest="", prev=GENESIS,
    )  # fmt: skip


def test_only_the_instant_counts_not_the_zone_that_it_is_written_in():
    plus_two = dt.timezone(dt.timedelta(hours=2))
    common = {"case_id": 1, "seq": 1, "kind": "k", "actor_kind": "user", "actor_id": "7", "data": "{}",
              "commitment": "", "history_digest": "", "prev": GENESIS}  # fmt: skip
    assert chain.link(NEW, at=T0, **common) == chain.link(NEW, at=T0.astimezone(plus_two), **common)
    with pytest.raises(ValueError, match="has none"):
        chain.link(NEW, at=T0.replace(tzinfo=None), **common)


def test_the_mac_is_the_documented_text_under_hmac_sha256():
    """Golden: another program can check a chain from this text alone."""
    text = f"event1|4217|1|1772355600000000|4|4|1|0|2|0|noteuser7ab{GENESIS}" + '{"ä":1}'
    assert chain.link(
        NEW, case_id=4217, seq=1, kind="note", actor_kind="user", actor_id="7", at=T0, data='{"ä":1}',
        commitment=NO_PAYLOAD, history_digest="ab", prev=GENESIS,
    ) == hmac.new(NEW, text.encode(), hashlib.sha256).hexdigest()  # fmt: skip
    assert chain.head(NEW, case_id=4217, seq=3, mac="ab") == (
        hmac.new(NEW, b"head1|4217|3|ab", hashlib.sha256).hexdigest()
    )


def test_erasing_a_payload_with_its_salt_leaves_the_chain_whole():
    salt, words = b"s" * 16, b"the buyer's own words"
    committed = chain.commitment(salt, words)
    mac = chain.link(
        NEW, case_id=1, seq=1, kind="note", actor_kind="user", actor_id="7", at=T0, data="{}",
        commitment=committed, history_digest="", prev=GENESIS,
    )  # fmt: skip
    row = Link(1, "note", "user", "7", T0, "{}", committed, "", GENESIS, mac, "2026")
    assert chain.payload_matches(committed, salt, words)
    assert not chain.payload_matches(committed, salt, words + b"!")
    assert not chain.payload_matches(committed, b"t" * 16, words)
    # Nothing of the payload is among what verify reads, so nothing is missed when it is gone.
    assert chain.verify(RING, 1, [row], Head(1, mac, chain.head(NEW, case_id=1, seq=1, mac=mac), "2026")) is None


def test_the_same_words_under_two_salts_cannot_be_matched_to_each_other():
    assert chain.commitment(b"a" * 16, b"yes") != chain.commitment(b"b" * 16, b"yes")
    with pytest.raises(ValueError, match="16 random bytes"):
        chain.commitment(b"short", b"yes")
    assert not chain.payload_matches(NO_PAYLOAD, b"", b"yes")


def test_a_keyring_refuses_what_would_fail_later():
    with pytest.raises(ValueError, match="'2027' is not among"):
        Keyring({"2026": NEW}, "2027")
    with pytest.raises(ValueError, match="has 3 bytes; it needs 32"):
        Keyring({"2026": b"abc"}, "2026")
    with pytest.raises(ValueError, match="needs an id"):
        Keyring({"": NEW}, "")


def test_a_keyring_never_prints_its_keys():
    assert "nnn" not in repr(RING)
    assert {item.name for item in dataclasses.fields(RING) if item.repr} == {"current"}
