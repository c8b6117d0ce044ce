"""Database triggers that keep a published edition and its rows as they are, whoever asks and by whatever way.

Kept apart from the migrations so that a test run can take them off for the moment in which it empties the tables.
On SQLite a migration that alters one of the two makes it anew, without triggers: such a one ends with `forwards`.
"""

# ruff: noqa: S608  (what is put into the SQL are names of our own tables and words of ours)

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_EDITION, _ENTRY = "playbook_edition", "playbook_entry"
_SAY = "a published edition stays as it is: begin a new draft from it"
_SAY_ROW = "the rows of an edition change while it is a draft: begin a new draft from it"
_WRITABLE = "('draft', 'compiled')"

# The lock waits for whoever is publishing the edition just now; what is asked after it sees what became of it.
_POSTGRES = f"""
CREATE OR REPLACE FUNCTION throughline_published() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{_SAY}' USING ERRCODE = 'restrict_violation'; END $$;
CREATE OR REPLACE FUNCTION throughline_rows_of_drafts() RETURNS trigger LANGUAGE plpgsql AS
$$ DECLARE
  old_id bigint := CASE WHEN TG_OP = 'INSERT' THEN NEW.edition_id ELSE OLD.edition_id END;
  new_id bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.edition_id ELSE NEW.edition_id END;
BEGIN
  PERFORM 1 FROM {_EDITION} e WHERE e.id IN (old_id, new_id) ORDER BY e.id FOR SHARE;
  IF EXISTS (SELECT 1 FROM {_EDITION} e WHERE e.state NOT IN {_WRITABLE} AND e.id IN (old_id, new_id))
  THEN RAISE EXCEPTION '{_SAY_ROW}' USING ERRCODE = 'restrict_violation'; END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER throughline_published BEFORE UPDATE OR DELETE ON {_EDITION}
  FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION throughline_published();
CREATE TRIGGER throughline_published_whole BEFORE TRUNCATE ON {_EDITION}
  FOR EACH STATEMENT EXECUTE FUNCTION throughline_published();
CREATE TRIGGER throughline_rows_of_drafts BEFORE INSERT OR UPDATE OR DELETE ON {_ENTRY}
  FOR EACH ROW EXECUTE FUNCTION throughline_rows_of_drafts();
CREATE TRIGGER throughline_rows_whole BEFORE TRUNCATE ON {_ENTRY}
  FOR EACH STATEMENT EXECUTE FUNCTION throughline_published();
"""
_TRIGGERS = (
    (_EDITION, "throughline_published"),
    (_EDITION, "throughline_published_whole"),
    (_ENTRY, "throughline_rows_of_drafts"),
    (_ENTRY, "throughline_rows_whole"),
)


def _of_sqlite() -> dict[str, str]:
    """Name of each trigger -> how it is made. `OR REPLACE` takes away the row that has the id, without a trigger of its
    own, so inserting, and changing an id, ask for that row."""
    kept = f"EXISTS (SELECT 1 FROM {_EDITION} WHERE id = NEW.id AND state = 'published')"
    rows_of = f"(SELECT state FROM {_EDITION} WHERE id = %s) NOT IN {_WRITABLE}"
    old, new = rows_of % "OLD.edition_id", rows_of % "NEW.edition_id"
    replaced = rows_of % f"(SELECT edition_id FROM {_ENTRY} WHERE id = NEW.id)"
    return {
        f"{table}_published_{act.lower()}": (
            f"CREATE TRIGGER {table}_published_{act.lower()} BEFORE {act} ON {table} WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, '{say}'); END"
        )
        for table, act, when, say in (
            (_EDITION, "INSERT", kept, _SAY),
            (_EDITION, "UPDATE", f"OLD.state = 'published' OR (NEW.id <> OLD.id AND {kept})", _SAY),
            (_EDITION, "DELETE", "OLD.state = 'published'", _SAY),
            (_ENTRY, "INSERT", f"{new} OR {replaced}", _SAY_ROW),
            (_ENTRY, "UPDATE", f"{old} OR {new} OR (NEW.id <> OLD.id AND {replaced})", _SAY_ROW),
            (_ENTRY, "DELETE", old, _SAY_ROW),
        )
    }


def guard(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers on, where the tables are. Twice is as once."""
    unguard(connection)
    with connection.cursor() as cursor:
        if _ENTRY not in connection.introspection.table_names(cursor):
            return
        for statement in [_POSTGRES] if connection.vendor == "postgresql" else _of_sqlite().values():
            cursor.execute(statement)


def unguard(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers off: only for emptying a test database and for reversing the migration."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            tables = connection.introspection.table_names(cursor)
            for table, name in _TRIGGERS:
                if table in tables:
                    cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
            return
        for name in _of_sqlite():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """What could be changed because a trigger is off or gone, in words; empty when all is well. One query."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            wanted = [name for _table, name in _TRIGGERS]
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname = ANY(%s) AND tgenabled <> 'D'", [wanted])
        else:
            wanted = list(_of_sqlite())
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        there = {name for (name,) in cursor.fetchall()}
    return [] if there.issuperset(wanted) else ["published editions"]


def forwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The migration's step."""
    guard(schema_editor.connection)


def backwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The migration's step back."""
    unguard(schema_editor.connection)
