"""When to send, when to wait, when to give up: the arithmetic of deliveries, without clocks or tables of its own."""

from __future__ import annotations

import datetime as dt
import hashlib
import random

MAX_ATTEMPTS = 12
"""Attempts before a delivery is given up and shown to a person: about twenty hours with the waits below."""

FIRST_WAIT_S = 60
LONGEST_WAIT_S = 6 * 3600
JITTER = 0.2

LEASE_S = 300
"""How long a worker may hold a delivery before another may take it: well above the longest task (60 s)."""

GAP_S = 60
SLOW_GAP_S = 600
BURST = 10
"""Messages to one colleague: at most one a minute, and one in ten minutes after ten within an hour. What waits
meanwhile goes out together (field case S3: hundreds of mails after one deadline)."""

AUTOMATIC_A_DAY = 10
"""Automatic messages to one party in 24 hours; more is taken for two robots that answer each other (field case S5)."""


def wait_after(attempt: int, key: str) -> int:
    """Seconds to wait after the failed attempt of that number (1 is the first): doubling, at most six hours, spread by
    a fifth to both sides so that what failed together does not come again together.

    The spread depends on `key` and the attempt alone: the same failure always gives the same wait.
    """
    wait = min(LONGEST_WAIT_S, FIRST_WAIT_S << min(attempt - 1, 20))
    spread = random.Random(f"{key}/{attempt}").uniform(1 - JITTER, 1 + JITTER)
    return round(wait * spread)


def gives_up(attempts: int) -> bool:
    """Whether that many failed attempts are enough."""
    return attempts >= MAX_ATTEMPTS


def not_before(last: dt.datetime | None, in_last_hour: int, *, urgent: bool) -> dt.datetime | None:
    """The earliest moment for the next message to a colleague, or None for at once.

    `last` is when they were last written to, `in_last_hour` how often within an hour. What is urgent never waits.
    """
    if urgent or last is None:
        return None
    return last + dt.timedelta(seconds=SLOW_GAP_S if in_last_hour >= BURST else GAP_S)


def delivery_key(occurrence: str, recipient: str, means: str) -> str:
    """The idempotency key of a delivery, for ever: what a provider may recognise a repetition by."""
    return hashlib.sha256(f"{occurrence}\n{recipient}\n{means}".encode()).hexdigest()[:40]


def message_id(key: str, domain: str) -> str:
    """The Message-ID of the mail with an idempotency key."""
    return f"<{key}@{domain}>"
