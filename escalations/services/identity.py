"""Ids and references of cases, given out before the rows are written."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from escalations.models import Case

_TABLE = Case._meta.db_table


def case_ids(count: int) -> list[int]:
    """`count` fresh case ids, ascending. Call inside the transaction that uses them. One or two statements.

    PostgreSQL takes them from the table's sequence, so that nobody waits for anybody; SQLite moves its counter, under
    the write lock that the transaction holds.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [_TABLE, count]
            )
            return sorted(row[0] for row in cursor.fetchall())
        cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s RETURNING seq", [count, _TABLE])
        row = cursor.fetchone()
        if row is None:
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [_TABLE, count])
            row = (count,)
        return list(range(row[0] - count + 1, row[0] + 1))


def reference(case_id: int, at: dt.datetime) -> str:
    """The reference that people read and write: `TL-2026-004217`."""
    return f"TL-{at.year}-{case_id:06d}"
