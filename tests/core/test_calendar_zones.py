"""What the building of a calendar's table relies on, held against the zone data itself."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from itertools import pairwise

from escalations.core.calendar import FIRST_YEAR


def changes_of(zone: str) -> Iterator[int]:
    """Seconds since 1970 at which a zone's UTC offset changed, read from the zone data itself (RFC 8536)."""
    data = files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()

    def counts(at: int) -> tuple[int, ...]:
        return struct.unpack(">6l", data[at + 20 : at + 44])

    # The first block has 32-bit times and is passed over; the second repeats it with 64-bit ones.
    utcs, stds, leaps, times, types, chars = counts(0)
    at = 44 + times * 5 + types * 6 + chars + leaps * 8 + stds + utcs
    *_, times, types, _ = counts(at)
    at += 44
    moments = struct.unpack(f">{times}q", data[at : at + 8 * times])
    kinds = data[at + 8 * times : at + 9 * times]
    offsets = [struct.unpack(">l", data[o : o + 4])[0] for o in range(at + 9 * times, at + 9 * times + 6 * types, 6)]
    for (_, before), (moment, after) in pairwise(zip(moments, kinds, strict=True)):
        if offsets[before] != offsets[after]:
            yield moment


def test_no_zone_changes_its_clocks_twice_within_six_days() -> None:
    since = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
    zones = files("tzdata").joinpath("zones").read_text().split()
    assert len(zones) > 400
    for zone in zones:
        for one, next_one in pairwise(moment for moment in changes_of(zone) if moment >= since):
            assert next_one - one > 6 * 86_400, zone
