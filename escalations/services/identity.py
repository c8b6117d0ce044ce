"""Ids given out before the rows are written, and the references of cases."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.db.models import Model

from escalations.models import Case


def case_ids(count: int) -> list[int]:
    """`count` fresh case ids, ascending."""
    return fresh_ids(Case, count)


def fresh_ids(model: type[Model], count: int) -> list[int]:
    """`count` fresh ids of a table, ascending. Call inside the transaction that uses them. One or two statements.

    PostgreSQL takes them from the table's sequence, so that nobody waits for anybody; SQLite moves its counter, under
    the write lock that the transaction holds.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                # The sequence's name is looked up once, not for each id.
                "SELECT nextval((SELECT pg_get_serial_sequence(%s, 'id')::regclass)) FROM generate_series(1, %s)",
                [table, count],
            )
            return sorted(row[0] for row in cursor.fetchall())
        cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s RETURNING seq", [count, table])
        row = cursor.fetchone()
        if row is None:
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, count])
            row = (count,)
        return list(range(row[0] - count + 1, row[0] + 1))


def reference(case_id: int, at: dt.datetime) -> str:
    """The reference that people read and write: `TL-2026-004217`."""
    return f"TL-{at.year}-{case_id:06d}"
