"""Which files the desk takes, what it calls them, and why it refuses others."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

HEAD = 8192
"""Bytes at the beginning of a file that say what it is."""
NAME_LENGTH = 150
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that is taken: how people call it, its type on the wire, the endings of its names, and what
    browsers declare it as beside that type."""

    label: str
    mime: str
    endings: tuple[str, ...]
    declared: frozenset[str] = frozenset()
    picture: bool = False

    def agrees(self, ending: str, declared: str) -> bool:
        """Whether a name's ending and a declared type say the same. Nothing declared contradicts nothing."""
        told = declared.partition(";")[0].strip().lower()
        return ending in self.endings and (told in UNTOLD or told == self.mime or told in self.declared)


UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/x-unknown"})
_TABLES = frozenset({"text/plain", "application/csv", "application/vnd.ms-excel", "text/comma-separated-values"})

KINDS: Mapping[str, Kind] = {
    "jpeg": Kind("JPEG picture", "image/jpeg", ("jpg", "jpeg", "jpe"), frozenset({"image/jpg"}), picture=True),
    "png": Kind("PNG picture", "image/png", ("png",), frozenset({"image/x-png"}), picture=True),
    "webp": Kind("WebP picture", "image/webp", ("webp",), picture=True),
    "pdf": Kind("PDF", "application/pdf", ("pdf",), frozenset({"application/x-pdf"})),
    "text": Kind("Text", "text/plain", ("txt", "text", "log")),
    "csv": Kind("CSV table", "text/csv", ("csv",), _TABLES),
}
"""Every kind that is taken. `text` and `csv` look alike inside: the name's ending tells them apart."""

ACCEPT = "image/jpeg,image/png,image/webp,application/pdf,text/plain,text/csv,.csv,.txt,.log"
"""The same for a browser's picker."""

TAKEN = "pictures (JPEG, PNG, WebP), PDF, plain text and CSV"

REFUSALS: Mapping[str, str] = {
    "empty": "This file is empty. Choose it again, or ask for it once more.",
    "too_big": "This file is too big. Send pictures in a smaller size, or a long document in parts.",
    "too_many": "Too many files at once. Add the others afterwards.",
    "too_much": "Too much at once. Add this one by itself.",
    "case_full": "The files of this case are at their limit. Remove what is not needed, or keep this one elsewhere "
    "and say in a note where.",
    "kind": f"Files of this kind are not taken. Send {TAKEN}.",
    "no_ending": "Its name has no ending that says what it is. Name it like photo.jpg or letter.pdf, and add it again.",
    "mismatch": "Its name, its sender and its content say different things about what it is. Open it, save it anew as "
    "what it is, and add that.",
    "picture_kind": "Pictures of this kind are not taken. Save it as JPEG or PNG, and add that.",
    "drawing": "SVG drawings can carry scripts. Save it as PNG, and add that.",
    "page": "Web pages can carry scripts. Print the page as PDF, and add that.",
    "script": "Programs and scripts are not taken. If it is the evidence itself, keep it where it is and write a note.",
    "archive": "Archives are not taken, because nobody can see what is in them. Unpack it, and add the files.",
    "office": "Office documents can carry macros. Print it as PDF, and add that.",
    "mail": "Mails are not taken as files. Print it as PDF, and add its attachments singly.",
    "two_in_one": "This file is two kinds of file in one. Open it, save or print it anew, and add that.",
    "active": "This PDF holds scripts, attached files or actions. Print it as a new PDF, and add that.",
    "locked": "This PDF is locked with a password. Save it without one, and add that.",
    "damaged": "This file cannot be read: it is damaged or incomplete. Ask for it once more.",
    "huge": "This picture has more points than can be shown. Save it in a smaller size, and add that.",
    "moving": "This picture moves. Add the one frame that matters as JPEG or PNG.",
    "formulas": "This table holds formulas, which run when it is opened. Save it as PDF, and add that.",
    "too_long": "This file took too long to look through. Print it as a new PDF, or save it in a smaller size.",
    "virus": "The virus scanner found something in it. Do not open it anywhere, and tell whoever looks after security.",
    "lost": "Its content did not arrive where files are kept. Add it again.",
}
"""Why a file is refused, with what to do, by the word that is stored."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of looking through a file: its kind, or why it is refused. `cleaned` says that another file has taken
    the place of what was given, `thumbnail` that there is a small picture of it."""

    kind: str = ""
    refused: str = ""
    cleaned: bool = False
    thumbnail: bool = False


class RefusedFile(Exception):
    """A file is not taken; `code` is one of `REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(REFUSALS[code])
        self.code = code


def ending(name: str) -> str:
    """What follows the last dot of a name, in small letters; nothing where there is none."""
    stem, dot, last = name.rpartition(".")
    return last.strip().lower() if dot and stem else ""


def tidy_name(name: str) -> str:
    """A name as it may be shown and offered for saving: no path, no invisible or turning characters, not too long.

    Never empty, and its ending is kept.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    last = unicodedata.normalize("NFC", last)
    # Controls, formats (zero width, right-to-left overrides), surrogates, private use: none of them is seen.
    seen = "".join(character for character in last if unicodedata.category(character)[0] != "C")
    seen = " ".join("".join("_" if character in '<>:"|?*/' else character for character in seen).split())
    seen = seen.strip(". ")
    if not seen:
        return "file"
    if len(seen) <= NAME_LENGTH:
        return seen
    tail = ending(seen)[:10]
    return f"{seen[: NAME_LENGTH - len(tail) - 2].rstrip('. ')}….{tail}" if tail else seen[:NAME_LENGTH]
