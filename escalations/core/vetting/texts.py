"""Plain text and tables: that they are that, and nothing that opens as something else."""

from __future__ import annotations

import codecs
import csv
import re

from escalations.core.vetting.kinds import HEAD, RefusedFile

FORMULA = re.compile(r"^\s*(?:[=@＝＠]|[+＋－-](?![\d.,\s'()/-]*[A-Za-z€$£%]{0,4}\s*$))")
"""A cell that a spreadsheet would run: it begins with = or @, or with a sign before something that is no number."""
_ODD = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_MARKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("drawing", re.compile(r"<svg[\s>]", re.I)),
    (
        "page",
        re.compile(r"<(?:!doctype|html|head|body|script|iframe|object|embed|frameset|meta|link|style)[\s>/]", re.I),
    ),
    ("script", re.compile(r"<\?(?:php|=)|<%", re.I)),
    ("page", re.compile(r"^\s*<\?xml", re.I)),
    ("script", re.compile(r"^\s*(?:#!|@echo off)", re.I)),
    ("mail", re.compile(r"^(?:received|return-path|mime-version|delivered-to|x-mailer): ", re.I | re.M)),
    ("office", re.compile(r"^\s*\{\\rtf", re.I)),
)


def decoded(raw: bytes) -> str | None:
    """The text in some bytes (UTF-8, UTF-16 with its mark, or the western Windows set); None where they are none."""
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encodings = ["utf-16"] if wide else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if _ODD.search(text) else text
    return None


def marked(text: str) -> str:
    """Why a text is no plain text: it begins like a page, a script or a mail. Nothing when it is plain."""
    head = text[:HEAD]
    return next((code for code, pattern in _MARKS if pattern.search(head)), "")


def look(raw: bytes, *, table: bool) -> None:
    """Look through a whole text, or a table. Raises RefusedFile."""
    text = decoded(raw)
    if text is None:
        raise RefusedFile("damaged")
    if code := marked(text):
        raise RefusedFile(code)
    if table and _formulas(text):
        raise RefusedFile("formulas")


def _formulas(text: str) -> bool:
    """Whether some spreadsheet would find a formula, whatever it takes for the separator."""
    if any(FORMULA.match(cell.strip("\"' ")) for line in text.splitlines() for cell in re.split(r"[,;\t|]", line)):
        return True
    try:
        rows = csv.reader(text.splitlines())
        return any(FORMULA.match(cell) for row in rows for cell in row)
    except csv.Error:
        raise RefusedFile("damaged") from None
