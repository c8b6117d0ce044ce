"""Records of a CSV file that somebody else wrote: read as a stream, each with its line; a bad one costs only itself.

The csv module alone would let one stray quote swallow the rest of the file. Here a line is a record, unless the mapping
says that fields may hold line breaks; then a record goes over several lines only as far as its quotes call for it, and
only when it has as many fields as the header. Otherwise its first line is refused and reading goes on with the next.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

LONGEST_LINE = 1_000_000
"""Characters of a line; what is longer is skipped without being held in memory."""

_HEAD = 2_000
"""Characters of a line too long that are looked at to tell its case."""

MOST_LINES = 200
"""Lines that one record may span."""

_UNREADABLE = re.compile(r"[\ud800-\udfff]")


class Damaged(Exception):
    """The file as a whole cannot be read, or stops being readable in the middle."""


class Record(NamedTuple):
    """One record: the line that it begins on and its fields. `fault` says why it is refused: a class and a reason; its
    fields are then what could be made out."""

    line: int
    fields: Sequence[str]
    fault: tuple[str, str] | None = None


class _Line(NamedTuple):
    number: int
    text: str
    too_long: bool = False


def open_text(path: str | Path, encoding: str) -> io.TextIOWrapper:
    """The file as text, unpacked when it is gzip (by its first bytes, whatever its name). What does not decode stays
    recognisable and is refused row by row. Raises OSError."""
    raw: BinaryIO = open(path, "rb")  # noqa: SIM115 - closed with the wrapper
    magic = raw.read(2)
    raw.seek(0)
    if magic == b"\x1f\x8b":
        raw = gzip.GzipFile(fileobj=raw)  # type: ignore[assignment]
    encoding = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    return io.TextIOWrapper(raw, encoding=encoding, errors="surrogateescape", newline="")


def records(stream: io.TextIOWrapper, *, delimiter: str, multiline: bool = False) -> Iterator[Record]:
    """The records of a stream, the header first. Blank lines are passed over.

    `multiline` says that fields in quotes may hold line breaks. Two stray quotes some lines apart can then look like
    one such field: say it only of a file that has them.

    Raises Damaged when the stream breaks off or was packed badly.
    """
    waiting: deque[_Line] = deque()
    source = _lines(stream)
    width = 0

    def ahead(place: int) -> _Line | None:
        while len(waiting) <= place:
            line = next(source, None)
            if line is None:
                return None
            waiting.append(line)
        return waiting[place]

    while (first := ahead(0)) is not None:
        taken = 1
        if first.too_long:
            fault = ("line too long", f"the line has more than {LONGEST_LINE:,} characters: is a line break missing?")
            record = Record(first.number, _made_out(first.text, delimiter), fault)
        elif not first.text.strip("\r\n"):
            waiting.popleft()
            continue
        elif multiline and first.text.count('"') % 2:
            record, taken = _spanning(first, ahead, delimiter, width)
        else:
            record = _parsed(first.number, first.text, delimiter, width)
        for _ in range(taken):
            waiting.popleft()
        width = width or len(record.fields)
        yield record


def _spanning(first: _Line, ahead: Callable[[int], _Line | None], delimiter: str, width: int) -> tuple[Record, int]:
    """A record whose quotes are open at the end of its first line, and the number of lines that it takes."""
    texts, size = [first.text], len(first.text)
    for place in range(1, MOST_LINES):
        line = ahead(place)
        if line is None or line.too_long or (size := size + len(line.text)) > LONGEST_LINE:
            break
        texts.append(line.text)
        if line.text.count('"') % 2:
            record = _parsed(first.number, "".join(texts), delimiter, width)
            if record.fault is None:
                return record, len(texts)
            break
    fault = ("broken quoting", "a quote is opened and never closed: double the quotes inside a field, or remove it")
    return Record(first.number, _made_out(first.text, delimiter), fault), 1


def _parsed(number: int, text: str, delimiter: str, width: int) -> Record:
    try:
        fields = _fields(text, delimiter)
    except csv.Error as error:
        about = "field too long" if "limit" in str(error) else "broken quoting"
        hint = "put a field that holds quotes into quotes and double them; for fields with line breaks set `multiline`"
        found = _made_out(text, delimiter)
        return Record(number, found, (about, f"{error}: {hint if about == 'broken quoting' else 'a quote missing?'}"))
    fault = None
    if width and len(fields) != width:
        fault = ("wrong number of fields", f"{len(fields)} fields, the header has {width}: is there a stray separator?")
    elif "\x00" in text:
        fault = ("unreadable characters", "there is a NUL character in it: export the file again as text")
    elif not text.isascii() and _UNREADABLE.search(text):
        fault = ("unreadable characters", "it has bytes that are not in the mapping's encoding: set `encoding`")
    return Record(number, fields, fault)


def _fields(text: str, delimiter: str, *, strict: bool = True) -> list[str]:
    return next(csv.reader((text,), delimiter=delimiter, strict=strict), [])


def _made_out(text: str, delimiter: str) -> list[str]:
    """The fields at the beginning of a bad line, as far as they can be made out: enough to tell its case."""
    try:
        return _fields(text, delimiter, strict=False)
    except csv.Error:
        return [field.strip().strip('"') for field in text[:_HEAD].split(delimiter)[:-1]]


def _lines(stream: io.TextIOWrapper) -> Iterator[_Line]:
    number = 0
    try:
        while text := stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(text) <= LONGEST_LINE:
                yield _Line(number, text)
                continue
            head = text[:_HEAD]
            while text and not text.endswith(("\n", "\r")):
                text = stream.readline(LONGEST_LINE)
            yield _Line(number, head, too_long=True)
    except (EOFError, zlib.error, OSError) as error:
        raise Damaged(
            f"the file breaks off after line {number:,}: {error}. Nothing was imported; fetch the file again"
        ) from error
    except UnicodeError as error:
        raise Damaged(
            f"after line {number:,} the file is not in the mapping's encoding: {error}. Nothing was imported; "
            f"set `encoding` in the mapping"
        ) from error
