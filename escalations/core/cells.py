"""Cells of a table that leaves the desk: nothing in them is a formula to whatever opens the file.

A spreadsheet reads a cell as a formula by its first character, also after spaces and quotes and in full width, and
some cut a text at a semicolon or a tab whatever the quotes say. Such places get an apostrophe before them, which
spreadsheets show as nothing and which people read over. Numbers stay numbers.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from typing import Any

GUARD = "'"
_NUMBER = re.compile(r"-?(\d{1,15}|\d{1,3}(,\d{3}){1,4})(\.\d{1,15})?", re.ASCII)
#: What starts a formula or a command, in the plain form that NFKC gives; minus signs have no plain form there.
_STARTS = frozenset("=+-@|%\u2212")
_QUOTES = frozenset("'\"`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\uff07\uff02")
#: Where a program with another idea of the delimiter may begin a new cell.
_CUTS = re.compile(r"([;\t\r\n\uff1b]+)")


def cell(value: Any) -> str:
    """A value as the text of a cell.

    Numbers are written plainly, moments in UTC as `2026-11-23 09:00:00`, None as nothing, and every other value as its
    text with formulas disarmed. NUL characters and halves of characters, which no reader of CSV takes, are left out.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    return disarmed(str(value))


def disarmed(text: str) -> str:
    """`text` in which no place begins a formula. Texts that are numbers, negative ones among them, stay as they are."""
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    if _NUMBER.fullmatch(text):
        return text
    if text[:1] in ("\t", "\r", "\n"):
        text = GUARD + text
    parts = _CUTS.split(text)
    return "".join(
        GUARD + part if place % 2 == 0 and starts_formula(part) else part for place, part in enumerate(parts)
    )


def starts_formula(text: str) -> bool:
    """Whether the first character that counts would make a formula of `text`: not a space, a quote or something
    invisible."""
    for character in text:
        plain = unicodedata.normalize("NFKC", character)[:1] or character
        if plain in _QUOTES or plain.isspace() or unicodedata.category(plain) in ("Cc", "Cf", "Zs"):
            continue
        return plain in _STARTS
    return False
