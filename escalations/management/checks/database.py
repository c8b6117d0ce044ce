"""Whether the database answers, runs as measured, and holds together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import connection, models

from escalations import append_only
from escalations.management.checks.finding import Finding, Level
from escalations.models import Event
from escalations.selectors.health import Health

APPS = ("escalations", "playbook", "governance")
SKEW_S = 5
ORPHANS_COUNTED = 1000


def database(state: Health) -> Iterator[Finding]:
    """It answers."""
    if state.database:
        yield Finding("database", "ok", f"{connection.vendor} answers.")
    else:
        yield Finding("database", "fail", "No answer. Check DATABASE_URL and the server's log.")


def database_options(now: dt.datetime) -> Iterator[Finding]:
    """The options that this program was measured with, the guard of events, and the clock."""
    problems: list[tuple[Level, str]] = []
    if settings.DATABASES["default"].get("ATOMIC_REQUESTS"):
        problems.append(("fail", "ATOMIC_REQUESTS is on: pages that only read would hold the write lock"))
    asked = _sqlite_options if connection.vendor == "sqlite" else _postgres_options
    problems += asked()
    problems += _skew(now)
    if Event._meta.db_table in connection.introspection.table_names():
        open_to_change = [append_only.TABLES[table] for table in append_only.unguarded(connection)]
        for what in [*open_to_change, *append_only.unguarded_elsewhere(connection)]:
            problems.append(("fail", f"{what} can be changed: their trigger is missing. Apply the migrations again"))
    for level, problem in problems:
        yield Finding("database options", level, problem[:1].upper() + problem[1:] + ".")
    if not problems:
        yield Finding("database options", "ok", "As measured; events are guarded by the database itself.")


def _sqlite_options() -> list[tuple[Level, str]]:
    wanted = {"journal_mode": {"wal"}, "foreign_keys": {"1"}}
    found: list[tuple[Level, str]] = []
    with connection.cursor() as cursor:
        for name, good in wanted.items():
            value = str(cursor.execute(f"PRAGMA {name}").fetchone()[0])
            if value not in good:
                found.append(("fail", f"PRAGMA {name} is {value}, expected {' or '.join(sorted(good))}"))
        if int(cursor.execute("PRAGMA busy_timeout").fetchone()[0]) < 5000:
            found.append(("fail", "PRAGMA busy_timeout is below 5000: writers would fail instead of waiting"))
        if str(cursor.execute("PRAGMA synchronous").fetchone()[0]) == "0":
            found.append(("warn", "PRAGMA synchronous is OFF: a power cut may lose what was committed"))
    if settings.DATABASES["default"].get("OPTIONS", {}).get("transaction_mode") != "IMMEDIATE":
        found.append(("fail", "transaction_mode is not IMMEDIATE: writers would meet 'database is locked'"))
    return found


def _postgres_options() -> list[tuple[Level, str]]:
    found: list[tuple[Level, str]] = []
    with connection.cursor() as cursor:
        for name, say in (
            ("fsync", "a power cut may damage the database"),
            ("full_page_writes", "a power cut may damage the database"),
            ("synchronous_commit", "a crash may lose what was committed"),
        ):
            cursor.execute("SELECT current_setting(%s)", [name])
            row = cursor.fetchone()
            if row and row[0] == "off":
                found.append(("warn", f"{name} is off: {say}"))
        cursor.execute("SELECT current_setting('server_version_num')::int")
        row = cursor.fetchone()
        if row and row[0] < 140000:
            found.append(("fail", f"PostgreSQL {row[0] // 10000} is older than 14"))
    return found


def _skew(now: dt.datetime) -> list[tuple[Level, str]]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            return []  # the file's clock is this machine's
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        row = cursor.fetchone()
    apart = abs(float(row[0]) - dt.datetime.now(dt.UTC).timestamp()) if row else 0.0
    if apart > SKEW_S:
        return [("fail", f"this machine's clock and the database's are {apart:.0f} s apart: set both by NTP")]
    return []


def migrations(state: Health) -> Iterator[Finding]:
    """None is pending."""
    if state.pending_migrations:
        some = ", ".join(state.pending_migrations[:5])
        yield Finding("migrations", "fail", f"Pending: {some}. Run: python manage.py migrate")
    else:
        yield Finding("migrations", "ok", "None is pending.")


def orphans(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """References without a database constraint (history, actors, registry rows of logs) lead somewhere."""
    looked, lost = 0, 0
    for model in (model for label in APPS for model in apps.get_app_config(label).get_models()):
        for column in model._meta.concrete_fields:
            if not isinstance(column, models.ForeignKey) or column.db_constraint:  # type: ignore[attr-defined]
                continue
            looked += 1
            target = column.related_model
            there = target._base_manager.filter(**{column.target_field.name: models.OuterRef(column.attname)})
            rows = model._base_manager.filter(~models.Exists(there), **{f"{column.attname}__isnull": False})
            count = rows.values("pk")[:ORPHANS_COUNTED].count()
            if count:
                lost += 1
                more = " or more" if count == ORPHANS_COUNTED else ""
                yield Finding(
                    "references",
                    "fail",
                    f"{count}{more} rows of {model._meta.label} point by {column.name} at a {target.__name__} that is "
                    "not there. Restore it from a backup; nothing here deletes such rows.",
                )
    if not lost:
        yield Finding("references", "ok", f"{looked} references that the database does not hold lead somewhere.")
