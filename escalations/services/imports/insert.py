"""Many rows of one table in one prepared statement.

`bulk_create` composes its SQL anew for every batch and spends ten times what the database does; an import writes
300,000 rows. What it gives up: the ids of the rows are not read back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, models

_AS_THEY_ARE = (
    models.AutoField,
    models.BigAutoField,
    models.BooleanField,
    models.CharField,
    models.ForeignKey,
    models.IntegerField,
    models.OneToOneField,
    models.PositiveIntegerField,
    models.PositiveSmallIntegerField,
    models.TextField,
)


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model, each column from its attribute. Ids that are set are kept; the others are not told.

    One statement, run for each row. Raises what the database raises.
    """
    if not rows:
        return
    meta = rows[0]._meta
    fields: list[models.Field[Any, Any]] = [
        field for field in meta.concrete_fields if not (field.primary_key and rows[0].pk is None)
    ]
    names = [field.attname for field in fields]
    adapted = [(place, adapt) for place, field in enumerate(fields) if (adapt := _adapter(field)) is not None]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields if field.column)
    marks = ", ".join(["%s"] * len(fields))

    def values(row: models.Model) -> list[Any]:
        found = [getattr(row, name) for name in names]
        for place, adapt in adapted:
            found[place] = adapt(found[place])
        return found

    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({marks})",  # noqa: S608 - names of our own tables
            [values(row) for row in rows],
        )


def _adapter(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    """How a value becomes the database's; None when it is one already."""
    if type(field) in _AS_THEY_ARE:
        return None
    if type(field) is models.DateTimeField:
        to_database = connection.ops.adapt_datetimefield_value
        return lambda value: None if value is None else to_database(value)
    return lambda value: field.get_db_prep_save(value, connection)
