"""The chain of a case's events: what happened, in which order, and by whom cannot be changed without being found.

The access log has chains of the same kind, one per person; `space` keeps the two apart, so that a link of one never
fits into the other.

Each event carries a MAC over its own fields and the MAC of the event before it; the case carries its last event's
number and MAC, sealed by a MAC of their own (the head). A changed, removed, inserted or swapped event breaks the
first link after the change, a cut-off end disagrees with the head.

What an event says in words (its payload) is not in the chain. The chain holds a commitment to it: an HMAC under a
random salt that is kept beside the payload. Erasing payload and salt together leaves a valid chain and nothing that
the words could be guessed from.

What it cannot show: a whole case set back to an earlier genuine state, with its head. That is what anchors are for.

    text MACed for an event = numbers, each followed by "|": space and format, case, seq, microseconds of `at` since
    1970, and the lengths in characters of the six texts that follow; then kind, actor kind, actor id, commitment,
    history digest, the previous MAC; then `data`, to the end. Lengths first make it readable in one way only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from hmac import digest as _hmac
from typing import Literal, NamedTuple

GENESIS = ""
"""The `prev` of a case's first event: there is none before it."""

NO_PAYLOAD = ""
"""The `commitment` of an event that says everything in its `data`."""

SHORTEST_KEY = 32
"""Bytes that a key has at least."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TICK = dt.timedelta(microseconds=1)

How = Literal[
    "missing",
    "repeated",
    "altered",
    "detached",
    "unknown_key",
    "truncated",
    "beyond_head",
    "head",
    "payload",
    "history_changed",
    "history_missing",
    "history_added",
    "state",
    "removed",
    "set_back",
]
Space = Literal["event", "access"]


class UnknownKeyError(KeyError):
    """A row names a chain key that the keyring does not hold."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Keyring:
    """The chain's keys by id. New links use `current`; the others stay for links made before a rotation.

    Raises ValueError when `current` is not among them, or when a key is shorter than SHORTEST_KEY bytes.
    """

    keys: Mapping[str, bytes] = field(repr=False)
    current: str

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError(f"the current chain key {self.current!r} is not among the keys given")
        for key_id, key in self.keys.items():
            if not key_id:
                raise ValueError("a chain key needs an id, so that a rotation can tell it from the next")
            if len(key) < SHORTEST_KEY:
                raise ValueError(f"the chain key {key_id!r} has {len(key)} bytes; it needs {SHORTEST_KEY}")

    def key(self, key_id: str) -> bytes:
        """The key of that id. Raises UnknownKeyError: a key that made links must be kept as long as they are."""
        try:
            return self.keys[key_id]
        except KeyError:
            raise UnknownKeyError(
                f"no chain key {key_id!r}: put it back among the keys, older links are checked with it"
            ) from None


class Link(NamedTuple):
    """One event as stored, for `verify`. `data` is the canonical JSON text; hex texts are lower case."""

    seq: int
    kind: str
    actor_kind: str
    actor_id: str
    at: dt.datetime
    data: str
    commitment: str
    history_digest: str
    prev: str
    mac: str
    key_id: str


class Head(NamedTuple):
    """The end of the chain as the case stores it: last seq and MAC, and the MAC (`head`) that seals both."""

    seq: int
    mac: str
    head_mac: str
    key_id: str


class Break(NamedTuple):
    """The first place where a chain does not hold: the event's number, how it is broken, and that in words."""

    seq: int
    how: How
    message: str


def commitment(salt: bytes, payload: bytes) -> str:
    """The commitment to an event's payload: HMAC-SHA256 under its random salt, as 64 hexadecimal digits.

    The salt is the secret that keeps a short payload from being guessed: 16 random bytes or more, never reused,
    erased with the payload. Raises ValueError for a shorter one.
    """
    if len(salt) < 16:
        raise ValueError(f"a salt has 16 random bytes or more, not {len(salt)}")
    return _hmac(salt, payload, "sha256").hex()


def payload_matches(expected: str, salt: bytes, payload: bytes) -> bool:
    """Whether a stored payload is the one that the event was made with."""
    return len(salt) >= 16 and compare_digest(expected, commitment(salt, payload))


def link(
    key: bytes,
    *,
    case_id: int,
    seq: int,
    kind: str,
    actor_kind: str,
    actor_id: str,
    at: dt.datetime,
    data: str,
    commitment: str,
    history_digest: str,
    prev: str,
    space: Space = "event",
) -> str:
    """The MAC of one event, as 64 hexadecimal digits: a few microseconds.

    `seq` counts from 1 in each case; `prev` is the MAC of event `seq - 1`, or GENESIS. `at` is aware; only the instant
    counts, not the zone that it is written in. `data` is the event's canonical JSON text, `commitment` that of its
    payload or NO_PAYLOAD, `history_digest` the digest of the history row written with it, or the empty string.

    Raises ValueError for a naive `at`.
    """
    try:
        ticks = (at - _EPOCH) // _TICK
    except TypeError:
        raise ValueError(f"an event's time has a zone; {at!r} has none") from None
    text = (
        f"{space}1|{case_id}|{seq}|{ticks}|{len(kind)}|{len(actor_kind)}|{len(actor_id)}|{len(commitment)}"
        f"|{len(history_digest)}|{len(prev)}|{kind}{actor_kind}{actor_id}{commitment}{history_digest}{prev}{data}"
    )
    return _hmac(key, text.encode(), "sha256").hex()


def head(key: bytes, *, case_id: int, seq: int, mac: str, space: Space = "event") -> str:
    """The MAC that seals the end of a case's chain: without it, the last events could be cut off unseen."""
    name = "head" if space == "event" else f"{space}-head"
    return _hmac(key, f"{name}1|{case_id}|{seq}|{mac}".encode(), "sha256").hex()


def verify(
    keyring: Keyring, case_id: int, links: Iterable[Link], end: Head | None, space: Space = "event"
) -> Break | None:
    """Walk a chain and return the first break, or None when every link and the head hold.

    `links` are the case's events by `seq`; they are read once and not kept, so a cursor will do. `end` is None for a
    case without events. Payloads are checked apart, with `payload_matches`: an erased one is no break.
    """
    seq, prev = 0, GENESIS
    for item in links:
        found = _broken(keyring, case_id, item, seq + 1, prev, space)
        if found is not None:
            return found
        seq, prev = item.seq, item.mac
    if end is None:
        return None if seq == 0 else Break(seq, "head", f"the case has {seq} events but no head")
    try:
        sealed = head(keyring.key(end.key_id), case_id=case_id, seq=end.seq, mac=end.mac, space=space)
    except UnknownKeyError as error:
        return Break(end.seq, "unknown_key", f"head: {error}")
    if not compare_digest(sealed, end.head_mac):
        return Break(end.seq, "head", "the case's count of events or its seal was changed by hand")
    if end.seq > seq:
        return Break(seq + 1, "truncated", f"events {seq + 1} to {end.seq} are missing: the chain ends at {seq}")
    if end.seq < seq:
        return Break(end.seq + 1, "beyond_head", f"the case ends at event {end.seq}, but {seq} are there")
    if not compare_digest(end.mac, prev):
        return Break(seq, "head", f"event {seq} is not the one that the case was sealed with")
    return None


def _broken(keyring: Keyring, case_id: int, item: Link, seq: int, prev: str, space: Space) -> Break | None:
    if item.seq > seq:
        return Break(seq, "missing", f"event {seq} is missing: event {item.seq} follows event {seq - 1}")
    if item.seq < seq:
        return Break(item.seq, "repeated", f"event {item.seq} stands again after event {seq - 1}")
    try:
        key = keyring.key(item.key_id)
    except UnknownKeyError as error:
        return Break(seq, "unknown_key", f"event {seq}: {error}")
    mac = link(
        key,
        case_id=case_id,
        seq=item.seq,
        kind=item.kind,
        actor_kind=item.actor_kind,
        actor_id=item.actor_id,
        at=item.at,
        data=item.data,
        commitment=item.commitment,
        history_digest=item.history_digest,
        prev=item.prev,
        space=space,
    )
    if not compare_digest(mac, item.mac):
        return Break(seq, "altered", f"event {seq} was changed after it was written")
    if not compare_digest(item.prev, prev):
        return Break(seq, "detached", f"event {seq} does not follow the event {seq - 1} that is there")
    return None
