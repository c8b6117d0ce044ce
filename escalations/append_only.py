"""Database triggers that refuse to change or remove what is on record, whoever asks and by whatever way.

Kept apart from the migrations so that a test run can take them off for the moment in which it empties the tables.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

#: Tables that only grow, with what a row of each is called.
TABLES: dict[str, str] = {
    "escalations_event": "events",
    "escalations_accessentry": "entries of the access log",
    "escalations_accessreview": "reviews of the access log",
    "escalations_caseexport": "reasons of exports",
    "escalations_anchor": "anchors",
    "escalations_anchorpart": "parts of anchors",
    "governance_step": "steps of proposals",
    "playbook_feedback": "words of readers on articles",
    "playbook_solved": "cases that articles solved",
}

_FUNCTION = """
CREATE OR REPLACE FUNCTION throughline_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% are append-only: write a new one that corrects the old one', TG_ARGV[0]
USING ERRCODE = 'restrict_violation'; END $$;
"""
_ROWS, _WHOLE = "throughline_append_only", "throughline_no_truncate"


def _there(connection: BaseDatabaseWrapper) -> list[str]:
    """Those of the tables that the database has: migrations call this when some are still to come."""
    with connection.cursor() as cursor:
        known = set(connection.introspection.table_names(cursor))
    return [table for table in TABLES if table in known]


def guard(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers on. Twice is as once."""
    tables = _there(connection)
    unguard(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
            for table in tables:
                run = f"EXECUTE FUNCTION throughline_append_only('{TABLES[table]}')"
                cursor.execute(
                    f"CREATE TRIGGER {_ROWS} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {run};"
                    f"CREATE TRIGGER {_WHOLE} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {run}"
                )
            return
        for table in tables:
            say = f"{TABLES[table]} are append-only: write a new one that corrects the old one"
            for act in ("UPDATE", "DELETE"):
                cursor.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{say}'); END"
                )


def unguard(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers off: only for emptying a test database and for reversing the migration."""
    tables = _there(connection)
    with connection.cursor() as cursor:
        for table in tables:
            if connection.vendor == "postgresql":
                for name in (_ROWS, _WHOLE):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
            else:
                for act in ("update", "delete"):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{act}")


def unguarded(connection: BaseDatabaseWrapper) -> list[str]:
    """The tables whose triggers are not all on; empty when all is well."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
                "WHERE t.tgname = ANY(%s) AND t.tgenabled <> 'D' GROUP BY c.relname HAVING count(*) = 2",
                [[_ROWS, _WHOLE]],
            )
        else:
            cursor.execute(
                "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' GROUP BY tbl_name HAVING count(*) = 2"
            )
        guarded = {name for (name,) in cursor.fetchall()}
    return [table for table in TABLES if table not in guarded]


Missing = Callable[[BaseDatabaseWrapper], list[str]]
_elsewhere: dict[str, Missing] = {}


def register(key: str, missing: Missing) -> None:
    """Let an app above say which guards of its own are missing, each in words such as "published editions"."""
    _elsewhere[key] = missing


def unguarded_elsewhere(connection: BaseDatabaseWrapper) -> list[str]:
    """What of the apps above can be changed that should stay as it is; empty when all is well."""
    return [what for missing in _elsewhere.values() for what in missing(connection)]


def forwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The migration's step."""
    guard(schema_editor.connection)


def backwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The migration's step back."""
    unguard(schema_editor.connection)
