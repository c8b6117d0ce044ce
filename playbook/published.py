"""Database triggers that keep a published edition and its rows as they are, whoever asks and by whatever way.

Kept apart from the migrations so that a test run can take them off for the moment in which it empties the tables.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_EDITION, _ENTRY = "playbook_edition", "playbook_entry"
_SAY = "a published edition stays as it is: begin a new draft from it"
_SAY_ROW = "the rows of an edition change while it is a draft: begin a new draft from it"
_WRITABLE = "('draft', 'compiled')"

_POSTGRES = f"""
CREATE OR REPLACE FUNCTION throughline_published() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{_SAY}' USING ERRCODE = 'restrict_violation'; END $$;
CREATE OR REPLACE FUNCTION throughline_rows_of_drafts() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF EXISTS (SELECT 1 FROM {_EDITION} e WHERE e.state NOT IN {_WRITABLE} AND
             e.id IN (CASE WHEN TG_OP = 'INSERT' THEN NEW.edition_id ELSE OLD.edition_id END,
                      CASE WHEN TG_OP = 'DELETE' THEN OLD.edition_id ELSE NEW.edition_id END))
  THEN RAISE EXCEPTION '{_SAY_ROW}' USING ERRCODE = 'restrict_violation'; END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER throughline_published BEFORE UPDATE OR DELETE ON {_EDITION}
  FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION throughline_published();
CREATE TRIGGER throughline_rows_of_drafts BEFORE INSERT OR UPDATE OR DELETE ON {_ENTRY}
  FOR EACH ROW EXECUTE FUNCTION throughline_rows_of_drafts();
"""


def _of_sqlite() -> list[str]:
    said = [
        f"CREATE TRIGGER {_EDITION}_published_{act.lower()} BEFORE {act} ON {_EDITION} "
        f"WHEN OLD.state = 'published' BEGIN SELECT RAISE(ABORT, '{_SAY}'); END"
        for act in ("UPDATE", "DELETE")
    ]
    for act, rows in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")):
        said.append(
            f"CREATE TRIGGER {_ENTRY}_of_drafts_{act.lower()} BEFORE {act} ON {_ENTRY} "
            f"WHEN (SELECT state FROM {_EDITION} WHERE id = {rows}.edition_id) NOT IN {_WRITABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{_SAY_ROW}'); END"
        )
    return said


def guard(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers on, where the tables are. Twice is as once."""
    unguard(connection)
    with connection.cursor() as cursor:
        if _ENTRY not in connection.introspection.table_names(cursor):
            return
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRES)
            return
        for statement in _of_sqlite():
            cursor.execute(statement)


def unguard(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers off: only for emptying a test database and for reversing the migration."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            tables = connection.introspection.table_names(cursor)
            for table, name in ((_EDITION, "throughline_published"), (_ENTRY, "throughline_rows_of_drafts")):
                if table in tables:
                    cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
            return
        for act in ("update", "delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {_EDITION}_published_{act}")
        for act in ("insert", "update", "delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {_ENTRY}_of_drafts_{act}")


def forwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The migration's step."""
    guard(schema_editor.connection)


def backwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The migration's step back."""
    unguard(schema_editor.connection)
