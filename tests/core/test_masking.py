"""Masks never show more than they say, whatever comes in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core.masking import HIDDEN, masked_email, masked_name, masked_phone

DIGITS = "0123456789"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("jane@example.org", "j***@example.org"),
        (" jane@example.org ", "j***@example.org"),
        ("j@example.org", "***@example.org"),
        ('"jane doe"@example.org', "***@example.org"),
        ("jane", "***"),
        ("jane@", "***"),
        ("@example.org", "***"),
        ("jane@doe@example.org", "***"),
        ("jane@example.org <jane doe>", "***"),
        ("", ""),
    ],
)
def test_an_address(address: str, shown: str) -> None:
    assert masked_email(address) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+49 30 901820 34", "+49 *** 34"),
        ("0049 30 901820 34", "+49 *** 34"),
        ("+1 (212) 555-0134", "+1 *** 34"),
        ("+351 21 123 45 67", "+351 *** 67"),
        ("030 901820 34", "*** 34"),
        ("110", "***"),
        ("+49 30 12", "***"),
        ("call me: 030 90182034", "***"),
        ("", ""),
    ],
)
def test_a_number(number: str, shown: str) -> None:
    assert masked_phone(number) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Jane Roe", "J. R."),
        ("jane maria roe", "J. R."),
        ("Cher", "C."),
        ("Ø Åse", "Å."),
        ("12 34", "***"),
        ("X", "***"),
        ("", ""),
    ],
)
def test_a_name(name: str, shown: str) -> None:
    assert masked_name(name) == shown


ANY = st.text(max_size=60)
ADDRESS = st.one_of(ANY, st.builds("{}@{}".format, ANY, ANY), st.emails())


@given(ADDRESS)
def test_an_address_shows_one_letter_and_the_domain(address: str) -> None:
    shown = masked_email(address)
    if shown in ("", HIDDEN):
        return
    first, rest = shown.split(HIDDEN)
    name, _, domain = address.strip().rpartition("@")
    assert rest == f"@{domain}"
    assert all(character.isalnum() or character in ".-" for character in domain)
    assert first in ("", name[0])
    assert len(first) < len(name), "never the whole name"


PHONE = st.one_of(ANY, st.text(alphabet=DIGITS + " +()-/.", max_size=30))


@given(PHONE)
def test_a_number_shows_the_country_and_two_digits(number: str) -> None:
    shown = masked_phone(number)
    if shown in ("", HIDDEN):
        return
    digits = "".join(character for character in number if character in DIGITS)
    code, _, end = shown.partition(HIDDEN)
    assert end.strip() == digits[-2:]
    assert len(digits) >= 8, "a short number would be shown nearly whole"
    said = code.strip().removeprefix("+")
    assert len(said) <= 3
    assert digits.removeprefix("00").startswith(said) or digits.startswith(said)
    assert set(shown) <= set(DIGITS + "+* ")


@given(ANY)
def test_a_name_shows_two_letters_at_most(name: str) -> None:
    shown = masked_name(name)
    if shown in ("", HIDDEN):
        return
    letters = shown.replace(".", "").split()
    assert 1 <= len(letters) <= 2
    assert all(len(letter) == 1 for letter in letters)
    assert all(any(word[0].upper().startswith(letter) and len(word) > 1 for word in name.split()) for letter in letters)
