"""Tokens of parties' links: made again when needed, stored nowhere, and nothing beside them matches."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations import keys

NONCE = "n" * 43
OLD, NEW = ("old", b"o" * 32), ("new", b"w" * 32)


def _ring(settings: Any, *ring: tuple[str, bytes]) -> None:
    settings.THROUGHLINE_KEYS = {**settings.THROUGHLINE_KEYS, "token": list(ring)}


def test_a_token_is_made_again_and_fits_an_address() -> None:
    key_id, token = keys.link_token(NONCE)
    assert keys.link_token(NONCE, key_id) == (key_id, token)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert token not in keys.link_digests(token)


def test_nonces_and_keys_make_other_tokens(settings: Any) -> None:
    assert keys.new_nonce() != keys.new_nonce()
    _ring(settings, NEW, OLD)
    made = {keys.link_token(nonce, key)[1] for nonce in (NONCE, "m" * 43) for key in ("old", "new")}
    assert len(made) == 4


def test_links_outlive_a_rotation_until_their_key_goes(settings: Any) -> None:
    _ring(settings, OLD)
    key_id, token = keys.link_token(NONCE)
    stored = keys.link_digests(token)[0]
    _ring(settings, NEW, OLD)
    assert keys.link_token(NONCE, key_id) == (key_id, token)
    assert stored in keys.link_digests(token)
    _ring(settings, NEW)
    assert stored not in keys.link_digests(token)
    with pytest.raises(LookupError, match="THROUGHLINE_TOKEN_KEYS"):
        keys.link_token(NONCE, key_id)


@given(st.data())
def test_nothing_beside_the_token_has_its_digest(data: st.DataObject) -> None:
    _key, token = keys.link_token(NONCE)
    at = data.draw(st.integers(0, len(token) - 1))
    more = data.draw(st.text(min_size=1, max_size=50))
    stored = set(keys.link_digests(token))
    changed = [token[:at], token + more, more + token, token[:at] + more + token[at:], token + "\0", token * 1000]
    others = [token.swapcase(), more, token[:at] + more[0] + token[at + 1 :], keys.link_token(NONCE + more)[1]]
    for other in (*changed, *others):
        assert other == token or not stored & set(keys.link_digests(other))


@pytest.mark.parametrize("strange", ["", "\ud800", "\0", "ü" * 43, "a" * 1_000_000])
def test_strange_tokens_have_digests_like_others(strange: str) -> None:
    assert [len(digest) for digest in keys.link_digests(strange)] == [64] * len(keys.link_digests("a"))
