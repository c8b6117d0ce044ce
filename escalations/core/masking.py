"""A person's contact data as colleagues see it by default: enough to recognise, too little to use elsewhere.

    address    the first letter or digit and the domain         j***@example.org
    number     the code of the country and the last two digits   +49 *** 34
    name       the first letters of its first and last word      J. R.

Whatever the input, nothing else of it is shown: what does not look like an address or a number is hidden whole.
"""

from __future__ import annotations

import re

HIDDEN = "***"

_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"[0-9 ()/.\-]+", re.ASCII)
_SHORTEST_NUMBER = 8
# Codes of countries: one digit, or two; every other one has three.
_ONE = frozenset("17")
_TWO = frozenset(
    str(code)
    for code in (
        *(20, 27, *range(30, 35), 36, 39, 40, 41, *range(43, 50), *range(51, 59), *range(60, 67)),
        *(81, 82, 84, 86, *range(90, 96), 98),
    )
)


def masked_email(address: str) -> str:
    """`jane@example.org` as `j***@example.org`. The empty text stays empty."""
    address = address.strip()
    if not address:
        return ""
    name, at, domain = address.rpartition("@")
    if not at or not name or "@" in name or not _DOMAIN.fullmatch(domain):
        return HIDDEN
    first = name[0] if name[0].isalnum() and len(name) > 1 else ""
    return f"{first}{HIDDEN}@{domain}"


def masked_phone(number: str) -> str:
    """`+49 30 901820 34` as `+49 *** 34`; without the code of a country `*** 34`. The empty text stays empty."""
    number = number.strip()
    if not number:
        return ""
    abroad = number.startswith(("+", "00"))
    rest = number.removeprefix("+") if number.startswith("+") else number
    if not _NUMBER.fullmatch(rest):
        return HIDDEN
    digits = "".join(character for character in rest if character.isdigit())
    if len(digits) < _SHORTEST_NUMBER:
        return HIDDEN
    end = f"{HIDDEN} {digits[-2:]}"
    if not abroad:
        return end
    digits = digits.removeprefix("00") if not number.startswith("+") else digits
    code = digits[:1] if digits[:1] in _ONE else digits[:2] if digits[:2] in _TWO else digits[:3]
    return f"+{code} {end}" if len(digits) >= _SHORTEST_NUMBER else end


def masked_name(name: str) -> str:
    """`Jane Maria Roe` as `J. R.`: first letters of the first and the last word that begin with one."""
    letters = [word[0] for word in name.split() if word[0].isalpha() and len(word) > 1]
    if not letters:
        return HIDDEN if name.strip() else ""
    ends = letters[:1] if len(letters) == 1 else [letters[0], letters[-1]]
    return " ".join(f"{letter.upper()[:1]}." for letter in ends)
