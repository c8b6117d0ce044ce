"""PDF: that it is one and nothing besides, can be read, and does nothing when it is opened."""

from __future__ import annotations

import logging
import re
import zipfile
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, StreamObject

from escalations.core.vetting import texts
from escalations.core.vetting.kinds import RefusedFile

OBJECTS = 300_000
DEPTH = 60
ACTIVE = frozenset(
    {
        *("/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/AF", "/RichMedia", "/XFA"),
        *("/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/Rendition", "/Movie", "/Sound", "/3D", "/AA"),
    }
)
"""Keys and names by which a PDF acts, or carries other files."""
_RAW = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToE)\b")
_SCRIPT = re.compile(rb"/JS\s*[(<\d]")
_STREAM = re.compile(rb"stream\r?\n.*?endstream", re.S)
_ESCAPED = re.compile(rb"#([0-9a-fA-F]{2})")


def look(path: Path) -> None:
    """Look through a PDF. Raises RefusedFile."""
    raw = path.read_bytes()
    _alone(path, raw)
    if _acts(raw):
        raise RefusedFile("active")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(path, strict=False)
        if reader.is_encrypted:
            raise RefusedFile("locked")
        if not len(reader.pages):
            raise RefusedFile("damaged")
        _walk(reader)
    except RefusedFile:
        raise
    except Exception:  # whatever a damaged document makes the reader stumble over
        raise RefusedFile("damaged") from None


def _acts(raw: bytes) -> bool:
    """Whether the bytes of objects name something that acts. Names may be written with escapes: /J#61vaScript."""
    plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), raw)
    return bool(_RAW.search(plain) or _SCRIPT.search(_STREAM.sub(b"", plain)))


def _alone(path: Path, raw: bytes) -> None:
    """It begins with its own mark, ends with its own end, and no other reader finds its kind in it."""
    end = raw.rfind(b"%%EOF")
    if end < 0:
        raise RefusedFile("damaged")
    if raw[end + 5 :].strip(b"\r\n\t \x00") or zipfile.is_zipfile(path):
        raise RefusedFile("two_in_one")
    head = raw[:1024].decode("latin-1")
    if texts.marked(head) or b"PK\x03\x04" in raw[:1024]:
        raise RefusedFile("two_in_one")


def _walk(reader: PdfReader) -> None:
    """Every object that the tables of the document name, and what hangs in it."""
    named = {(number, generation) for generation, rows in reader.xref.items() for number in rows}
    named |= {(number, 0) for number in reader.xref_objStm}
    if len(named) > OBJECTS:
        raise RefusedFile("too_long")
    budget = [OBJECTS * 10]
    _active(reader.trailer, budget)
    for number, generation in sorted(named):
        if number:
            _active(IndirectObject(number, generation, reader).get_object(), budget)


def _active(value: Any, budget: list[int], depth: int = 0) -> None:
    """Raise RefusedFile where something acts. References are not followed: each object is walked once by itself."""
    budget[0] -= 1
    if budget[0] < 0 or depth > DEPTH:
        raise RefusedFile("too_long")
    if isinstance(value, NameObject):
        if str(value) in ACTIVE:
            raise RefusedFile("active")
    elif isinstance(value, DictionaryObject):
        if isinstance(value, StreamObject) and value.get("/Type") == "/ObjStm" and _acts(value.get_data()):
            # Also one that no table names: other readers look for objects by themselves.
            raise RefusedFile("active")
        for key in value:
            if str(key) in ACTIVE:
                raise RefusedFile("active")
            _active(value.raw_get(key), budget, depth + 1)
    elif isinstance(value, ArrayObject):
        for item in list.__iter__(value):
            _active(item, budget, depth + 1)
