"""The one way a JSON value is written before it is digested, so that equal values have equal digests."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> bytes:
    """The one byte string of a JSON value: keys sorted, no spaces, UTF-8. Equal values give equal bytes."""
    return _ENCODER.encode(value).encode()


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()
