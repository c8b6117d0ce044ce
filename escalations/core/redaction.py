"""Taking other people out of a text before it is handed to the person whom it is about."""

from __future__ import annotations

import re
from collections.abc import Collection

A_COLLEAGUE = "[a colleague]"
AN_ADDRESS = "[an address]"
A_NUMBER = "[a number]"

MAIL = re.compile(r"[^\s<>@,;:()\"']+@[^\s<>@,;:()\"']+\.[^\s<>@,;:()\"'.]+")
# A number that is dialled: with the sign or zeros of a country, or an area code set off. Order numbers have neither.
PHONE = re.compile(r"(?<![\w+])(?:(?:\+|00)\d[\d ()/.\-]{5,}\d|0\d{2,5}[ /\-]\d[\d \-]{2,}\d)(?!\w)")


def redact(text: str, *, own: Collection[str] = (), colleagues: Collection[str] = ()) -> str:
    """`text` without the desk's people by name and without addresses and telephone numbers other than the person's
    `own`. Names of others that only the text knows are beyond it: a person reads it through."""
    mine = {_plain(value) for value in own}

    def mail(found: re.Match[str]) -> str:
        return found.group() if _plain(found.group()) in mine else AN_ADDRESS

    def phone(found: re.Match[str]) -> str:
        return found.group() if _plain(found.group()) in mine else A_NUMBER

    text = PHONE.sub(phone, MAIL.sub(mail, text))
    names = sorted({name for name in colleagues if len(name) > 2}, key=len, reverse=True)
    if names:
        text = re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", A_COLLEAGUE, text, flags=re.IGNORECASE)
    return text


def _plain(value: str) -> str:
    value = value.casefold()
    if "@" in value:
        return value
    return "".join(character for character in value if character.isdigit()).lstrip("0")
