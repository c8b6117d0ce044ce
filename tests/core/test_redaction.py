"""Others are taken out of a text that is handed to somebody."""

from __future__ import annotations

import pytest

from escalations.core.redaction import redact


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to bea@home.example.", "Write to [an address]."),
        ("You are JANE@example.org", "You are JANE@example.org"),
        ("Call +49 30 123 45 67 or 0049-30-1234567", "Call [a number] or [a number]"),
        ("Your 0049 30 5555 123 is right", "Your 0049 30 5555 123 is right"),
        ("Order 100200300 of 2026-11-23, EUR 1,250.00", "Order 100200300 of 2026-11-23, EUR 1,250.00"),
        ("Mia Berg says; mia too. Miami is fine", "[a colleague] says; [a colleague] too. Miami is fine"),
        ("", ""),
    ],
)
def test_what_is_left(text: str, left: str) -> None:
    own = ["jane@example.org", "+49 30 5555 123"]
    said = redact(text, own=own, colleagues=["Mia", "Mia Berg", "mb"])
    assert said == left
