"""Tables as CSV: the one way in which a table leaves the desk as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from escalations.core.cells import cell

MARK = b"\xef\xbb\xbf"
"""What tells a spreadsheet that a file is UTF-8."""


def lines(rows: Iterable[Sequence[Any]], *, mark: bool = False) -> Iterator[bytes]:
    """Each row as the bytes of one record, every cell quoted and disarmed (`core.cells`), ended by CRLF (RFC 4180).

    rows    values, the heads first; taken one at a time, so that a long table needs no memory
    mark    begin with the mark by which spreadsheets know UTF-8
    """
    if mark:
        yield MARK
    for row in rows:
        text = io.StringIO(newline="")
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([cell(value) for value in row])
        yield text.getvalue().encode()
