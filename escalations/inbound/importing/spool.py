"""Rows of one case brought together on disk, however far apart they stand in the file and however large it is."""

from __future__ import annotations

import itertools
import marshal
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MOST_ROWS = 10_000
"""Steps that one case can have; a column with more rows of one value is no column of ids."""

_BATCH = 2_000


class Kept(NamedTuple):
    """One record as kept: its line and fields, or the fault for which it is refused."""

    line: int
    fields: Sequence[str]
    fault: tuple[str, str] | None


class Spool:
    """A private temporary database that goes away with the process, killed or not."""

    def __init__(self) -> None:
        # The empty name is SQLite's for a database of one's own that spills to a file when it outgrows its cache.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4000;"
            "CREATE TABLE row (id TEXT NOT NULL, line INTEGER NOT NULL, body BLOB NOT NULL);"
            "CREATE TABLE aside (line INTEGER NOT NULL, about TEXT NOT NULL, message TEXT NOT NULL);"
        )
        self._waiting: list[tuple[str, int, bytes]] = []

    def add(self, external_id: str, kept: Kept) -> None:
        """Keep a record under the id of its case."""
        self._waiting.append((external_id, kept.line, marshal.dumps((list(kept.fields), kept.fault))))
        if len(self._waiting) >= _BATCH:
            self._write()

    def set_aside(self, line: int, about: str, message: str) -> None:
        """Keep the refusal of a record of which nobody can tell the case."""
        self._db.execute("INSERT INTO aside VALUES (?, ?, ?)", (line, about, message))

    def aside(self) -> Iterator[tuple[int, str, str]]:
        """What was set aside, by line."""
        yield from self._db.execute("SELECT line, about, message FROM aside ORDER BY line")

    def count(self) -> int:
        """How many cases there are."""
        self._write()
        found: tuple[int] = self._db.execute("SELECT count(DISTINCT id) FROM row").fetchone()
        return found[0]

    def cases(self) -> Iterator[tuple[str, list[Kept]]]:
        """Each case with its records in the order of the file; cases in the order of their first line.

        Of a case with more than MOST_ROWS only the first record comes, as a fault.
        """
        self._write()
        self._db.execute("CREATE INDEX IF NOT EXISTS by_case ON row (id, line)")
        rows = self._db.execute(
            "SELECT row.id, row.line, row.body, item.rows "
            "FROM (SELECT id, min(line) AS first, count(*) AS rows FROM row GROUP BY id) AS item "
            "CROSS JOIN row ON row.id = item.id AND (item.rows <= ? OR row.line = item.first) "
            "ORDER BY item.first, row.line",
            [MOST_ROWS],
        )
        for external_id, group in itertools.groupby(rows, key=lambda row: row[0]):
            found = []
            for _, line, body, count in group:
                fields, fault = marshal.loads(body)  # noqa: S302 - our own bytes, from our own file
                if count > MOST_ROWS:
                    fault = ("too many rows", f"{count:,} rows carry this id, more than a case can have: is it an id?")
                found.append(Kept(line, fields, fault))
            yield external_id, found

    def close(self) -> None:
        """Give the disk back."""
        self._db.close()

    def _write(self) -> None:
        if self._waiting:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO row VALUES (?, ?, ?)", self._waiting)
            self._db.execute("COMMIT")
            self._waiting.clear()
