"""The index that articles are searched by, kept by the database itself from the rows of `ArticleText`.

PostgreSQL: a generated column of weighted words, each language by its own rules, with a GIN index. SQLite: an FTS5
table that reads its content from the rows, followed by triggers. A migration that makes the table anew on SQLite loses
the triggers: such a one ends with `forwards`.
"""

# ruff: noqa: S608  (what is put into the SQL are names of our own tables and words of ours)

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLE, INDEX = "playbook_articletext", "playbook_articlewords"
CONFIGURATIONS = {"en": "english", "de": "german", "es": "spanish", "fr": "french", "it": "italian", "nl": "dutch"}
"""Language -> how PostgreSQL reads it; any other by its words as they stand."""

_WHICH = " ".join(f"WHEN '{language}' THEN '{name}'::regconfig" for language, name in CONFIGURATIONS.items())
_BY = f"(CASE language {_WHICH} ELSE 'simple'::regconfig END)"
_POSTGRES = f"""
ALTER TABLE {TABLE} ADD COLUMN IF NOT EXISTS found tsvector GENERATED ALWAYS AS (
  setweight(to_tsvector({_BY}, title), 'A') || setweight(to_tsvector({_BY}, words), 'C')) STORED;
CREATE INDEX IF NOT EXISTS {INDEX} ON {TABLE} USING gin (found);
"""
_INSERT = f"INSERT INTO {INDEX}(rowid, title, words) VALUES (new.article_id, new.title, new.words)"
_DELETE = f"INSERT INTO {INDEX}({INDEX}, rowid, title, words) VALUES ('delete', old.article_id, old.title, old.words)"
_READ = f"content='{TABLE}', content_rowid='article_id', tokenize='porter unicode61 remove_diacritics 2', prefix='3'"
_SQLITE = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {INDEX} USING fts5(title, words, {_READ})",
    f"DROP TRIGGER IF EXISTS {INDEX}_insert",
    f"DROP TRIGGER IF EXISTS {INDEX}_delete",
    f"DROP TRIGGER IF EXISTS {INDEX}_update",
    f"CREATE TRIGGER {INDEX}_insert AFTER INSERT ON {TABLE} BEGIN {_INSERT}; END",
    f"CREATE TRIGGER {INDEX}_delete AFTER DELETE ON {TABLE} BEGIN {_DELETE}; END",
    f"CREATE TRIGGER {INDEX}_update AFTER UPDATE ON {TABLE} BEGIN {_DELETE}; {_INSERT}; END",
    f"INSERT INTO {INDEX}({INDEX}) VALUES ('rebuild')",
)


def build(connection: BaseDatabaseWrapper) -> None:
    """Make the index and what keeps it. Twice is as once."""
    with connection.cursor() as cursor:
        for statement in [_POSTGRES] if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)


def drop(connection: BaseDatabaseWrapper) -> None:
    """Take the index away: only for reversing the migration."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {TABLE} DROP COLUMN IF EXISTS found")
            return
        for name in ("insert", "delete", "update"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {INDEX}_{name}")
        cursor.execute(f"DROP TABLE IF EXISTS {INDEX}")


def forwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The migration's step."""
    build(schema_editor.connection)


def backwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The migration's step back."""
    drop(schema_editor.connection)
