"""Database triggers that refuse to change or remove events, whoever asks and by whatever way.

Kept apart from the migration so that a test run can take them off for the moment in which it empties the tables.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLE = "escalations_event"
MESSAGE = "events are append-only: write a new event that corrects the old one"

_POSTGRES = f"""
CREATE OR REPLACE FUNCTION throughline_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation'; END $$;
DROP TRIGGER IF EXISTS throughline_append_only ON {TABLE};
CREATE TRIGGER throughline_append_only BEFORE UPDATE OR DELETE ON {TABLE}
FOR EACH ROW EXECUTE FUNCTION throughline_append_only();
"""


def guard(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers on. Twice is as once."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRES)
            return
        for act in ("UPDATE", "DELETE"):
            cursor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            )


def unguard(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers off: only for emptying a test database and for reversing the migration."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER IF EXISTS throughline_append_only ON {TABLE}")
            return
        for act in ("update", "delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_no_{act}")


def guarded(connection: BaseDatabaseWrapper) -> bool:
    """Whether the triggers are on."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT count(*) FROM pg_trigger WHERE tgname = 'throughline_append_only' AND tgenabled <> 'D' "
                "AND tgrelid = to_regclass(%s)",
                [TABLE],
            )
            return cursor.fetchone() == (1,)
        cursor.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        return cursor.fetchone() == (2,)


def forwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The migration's step."""
    guard(schema_editor.connection)


def backwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The migration's step back."""
    unguard(schema_editor.connection)
