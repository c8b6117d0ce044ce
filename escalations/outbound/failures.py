"""How a sending can fail. The reasons are kept on the delivery and shown to people, so they never hold an address."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^\s<>\"'(),;:=]+@[^\s<>\"'(),;]+")
_NUMBER = re.compile(r"\+?\d[\d ()/-]{6,}\d")
LONGEST = 300


class SendingFailed(Exception):
    """Base: nothing was accepted. `str()` of it is the reason, without addresses."""

    def __init__(self, reason: str) -> None:
        super().__init__(scrub(reason))


class Temporary(SendingFailed):
    """It may work later: a busy server, a network that is down, our own settings to be put right."""


class Permanent(SendingFailed):
    """It will not work as it is: no address, or the address is refused for good."""


def scrub(text: str, *secrets: str) -> str:
    """`text` on one line, clipped, with `secrets`, mail addresses and telephone numbers left out."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    text = _NUMBER.sub("…", _ADDRESS.sub("…", text))
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
