"""What a stored case is held to beside its chain: its words, its history rows, its state, and what anchors have kept.

Everything here takes what was read and says the first thing that does not fit, in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from escalations.core import chain
from escalations.core.chain import Break


class Kept(NamedTuple):
    """The words of an event as they are stored: both empty where there are none."""

    salt: str
    body: bytes


def words_hold(seq: int, commitment: str, kept: Kept | None) -> Break | None:
    """Whether an event's words are those that it was made with.

    Words that are not there are no break: that is what erasing them leaves. Words beside an event that had none are
    one.
    """
    if kept is None:
        return None
    if commitment == chain.NO_PAYLOAD:
        return Break(seq, "payload", f"words were put beside event {seq}, which had none")
    try:
        salt = bytes.fromhex(kept.salt)
    except ValueError:
        salt = b""
    if not chain.payload_matches(commitment, salt, kept.body):
        return Break(seq, "payload", f"the words of event {seq} were changed after it was written")
    return None


class HistoryRow(NamedTuple):
    """A stored history row: its id, and the digests that it may have been sealed with."""

    id: int
    digests: Sequence[str]


def history_holds(sealed: Sequence[tuple[int, str]], rows: Sequence[HistoryRow]) -> Break | None:
    """Whether a case's history rows are those that its events have sealed, in their order.

    `sealed` are number and digest of each event that was written with a row.
    """
    for place, (seq, digest) in enumerate(sealed):
        row = rows[place] if place < len(rows) else None
        if row is not None and digest in row.digests:
            continue
        if any(digest in later.digests for later in rows[place + 1 :]):
            added = rows[place].id
            return Break(seq, "history_added", f"history row {added} belongs to no event: it was added, or moved")
        if row is None or any(known in row.digests for _, known in sealed[place + 1 :]):
            return Break(seq, "history_missing", f"the history row of event {seq} is missing")
        return Break(seq, "history_changed", f"history row {row.id}, of event {seq}, was changed after it was written")
    if len(rows) > len(sealed):
        last, row = sealed[-1][0] if sealed else 0, rows[len(sealed)]
        return Break(last, "history_added", f"history row {row.id} belongs to no event: it was added")
    return None


def state_holds(seq: int, last: Mapping[str, Any], now: Mapping[str, Any]) -> Break | None:
    """Whether a case stands as its last history row says; the columns that differ are named."""
    differ = sorted(name for name, value in last.items() if now[name] != value)
    if not differ:
        return None
    named = ", ".join(differ)
    return Break(seq, "state", f"the case was changed past its record: {named} differ from the last history row")


# ------------------------------------------------------------------------------------------------------------- anchors


class Pinned(NamedTuple):
    """The end of one chain as an anchor has kept it."""

    id: int
    seq: int
    mac: str


_HEAD = 8 + 4 + 32
"""Bytes of one head in an anchor: id, number, MAC."""


def pack(heads: Iterable[Pinned]) -> bytes:
    """Heads as an anchor keeps them: 44 bytes each."""
    return b"".join(
        item.id.to_bytes(8, "big") + item.seq.to_bytes(4, "big") + bytes.fromhex(item.mac) for item in heads
    )


def unpack(packed: bytes) -> Iterator[Pinned]:
    """The inverse of `pack`. Raises ValueError for bytes that were cut."""
    if len(packed) % _HEAD:
        raise ValueError(f"{len(packed)} bytes are not a whole number of heads of {_HEAD} bytes each")
    for start in range(0, len(packed), _HEAD):
        one = packed[start : start + _HEAD]
        yield Pinned(int.from_bytes(one[:8], "big"), int.from_bytes(one[8:12], "big"), one[12:].hex())


def pinned_holds(kept: Pinned, mac: str | None, end: int | None, *, of: str, anchor: int) -> Break | None:
    """Whether a chain still goes through the head that an anchor has kept.

    mac   of the link that has the kept head's number now; None when there is none
    end   the number at which the chain ends now; None when whose chain it was is gone
    of    what the chain is called in the sentence: `case`, `access log`
    """
    if mac is not None and mac == kept.mac:
        return None
    if end is None:
        return Break(kept.seq, "removed", f"the {of} is gone: anchor {anchor} saw it at {kept.seq}")
    if mac is None:
        say = f"the {of} was set back to {end}: anchor {anchor} saw it at {kept.seq}"
        return Break(end + 1 if end < kept.seq else kept.seq, "set_back", say)
    return Break(kept.seq, "set_back", f"number {kept.seq} of the {of} is not the one that anchor {anchor} saw")
