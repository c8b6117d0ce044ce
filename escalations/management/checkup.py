"""What `manage.py doctor` looks at. Each check answers with findings: what was looked at, how it is, what to do.

`ok` holds; `warn` will bite some day or is a choice to be aware of; `fail` is wrong now.
"""

from __future__ import annotations

import datetime as dt
import os
import smtplib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.apps import apps
from django.conf import settings
from django.core import checks as django_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.db import DatabaseError, connection, models
from django_q.models import Task
from django_q.tasks import async_task, result

from escalations import append_only, keys, schedules, tasks
from escalations.models import Anchor, Case, CaseFile, Erasure, Event, Indicator, LegalHold, Party, PolicyVersion
from escalations.outbound import notify, scanner
from escalations.selectors import law
from escalations.selectors.health import Health, health
from escalations.services.files import probing, storing

Level = Literal["ok", "warn", "fail"]
APPS = ("escalations", "playbook", "governance")
HORIZON = dt.timedelta(days=365)
SKEW_S = 5
ANCHOR_AGE = dt.timedelta(hours=26)
ORPHANS_COUNTED = 1000
FILES_GO = dt.timedelta(hours=3)
FILES_WAIT = dt.timedelta(hours=1)
PROBE_MS = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    level: Level
    say: str


def checkup(now: dt.datetime) -> Iterator[Finding]:
    """Every finding, in an order in which one would look. What needs a database in order is left out without one."""
    yield from settings_hold()
    yield from keys_hold()
    yield from queue_settings()
    state = health(now)
    yield from database(state)
    if not state.database:
        return
    yield from database_options(now)
    yield from migrations(state)
    if not state.pending_migrations:
        law_and_record = (keys_in_use, anchored, policy_in_force, privacy_kept, orphans)
        for check in (*law_and_record, engine_runs, post_leaves, files_kept, schedules_in_sync):
            try:
                yield from check(now, state)
            except DatabaseError as error:
                yield Finding(check.__name__.replace("_", " "), "fail", f"Could not be looked at: {error}.")
    yield from mail_server()
    yield from other_ways_out()


# ------------------------------------------------------------------------------------------------ settings and keys


def settings_hold() -> Iterator[Finding]:
    """Django's own checks, and what this program needs beside them."""
    found = [item for item in django_checks.run_checks() if item.level >= django_checks.WARNING]
    for item in found:
        level: Level = "fail" if item.level >= django_checks.ERROR else "warn"
        yield Finding("settings", level, f"{item.id}: {item.msg}")
    if settings.DEBUG:
        yield Finding("settings", "warn", "DEBUG is on: pages of errors show the source. Unset it for real use.")
    host = urlsplit(settings.THROUGHLINE_BASE_URL).hostname or ""
    if host not in settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS:
        named = any(item.startswith(".") and host.endswith(item) for item in settings.ALLOWED_HOSTS)
        if not named:
            yield Finding("settings", "warn", f"Messages link to {host}, which ALLOWED_HOSTS does not name.")
    if not settings.THROUGHLINE_HTTPS and host not in {"127.0.0.1", "localhost", "::1"}:
        yield Finding("settings", "warn", "THROUGHLINE_HTTPS is off: passwords and cookies cross the network readable.")
    backend = str(settings.CACHES["default"]["BACKEND"])
    if backend.endswith(("LocMemCache", "DummyCache")):
        yield Finding("settings", "warn", "The cache is not shared between processes: limits count per process.")
    if not found:
        yield Finding("settings", "ok", "Django's checks find nothing.")


def keys_hold() -> Iterator[Finding]:
    """Keys of every kind are there, differ from one another, and work."""
    problems = []
    bodies: dict[bytes, str] = {}
    for kind in ("chain", "field", "token"):
        pairs = settings.THROUGHLINE_KEYS.get(kind) or []
        if not pairs:
            problems.append(f"there is no {kind} key")
        for key_id, body in pairs:
            other = bodies.setdefault(body, f"{kind} key {key_id}")
            if other != f"{kind} key {key_id}":
                problems.append(f"{kind} key {key_id} is the same as {other}; make one for each use")
            if body == settings.SECRET_KEY.encode():
                problems.append(f"{kind} key {key_id} is SECRET_KEY; make one for each use")
    if not problems and keys.decrypt(keys.encrypt("throughline")) != "throughline":
        problems.append("the field key does not open what it has closed")
    for problem in problems:
        yield Finding("keys", "fail", problem[:1].upper() + problem[1:] + ".")
    if not problems:
        yield Finding("keys", "ok", "Separate keys for chain, fields and links.")


def keys_in_use(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """The keys of the oldest and the newest events, and of all encrypted rows, are still configured."""
    known = {kind: {key_id for key_id, _body in settings.THROUGHLINE_KEYS[kind]} for kind in ("chain", "field")}
    used = {
        "chain": _ends(Event.objects.order_by("id"), "key_id"),
        "field": _field_keys_used(),
    }
    missing = [(kind, key) for kind, found in used.items() for key in sorted(found - known[kind] - {""})]
    for kind, key in missing:
        variable = {"chain": "THROUGHLINE_CHAIN_KEYS", "field": "THROUGHLINE_FIELD_KEYS"}[kind]
        yield Finding("keys in use", "fail", f"Rows need the {kind} key {key!r}: add it to {variable} again.")
    if not missing:
        yield Finding("keys in use", "ok", "The keys that rows were written with are configured.")


def _field_keys_used() -> set[str]:
    """Every key that some row needs: after a rotation an old one may be left in the middle of a table."""
    return {
        key
        for model in (Party, Indicator, CaseFile)
        for key in model.objects.values_list("key_id", flat=True).distinct()
    }


def anchored(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """The ends of all chains were anchored within the last day, and whoever looks can check the signature."""
    newest = Anchor.objects.order_by("-number").first()
    if newest is not None and newest.key_id not in dict(settings.THROUGHLINE_ANCHOR_KEYS["verify"]):
        say = f"The last anchor was signed with {newest.key_id}: add its public half to THROUGHLINE_ANCHOR_PUBLIC_KEYS."
        yield Finding("anchors", "fail", say)
        return
    # When the first case came to this desk; its events may be older, where it was imported.
    first = Case.history.model.objects.order_by("history_id").values_list("history_date", flat=True).first()
    since = newest.at if newest is not None else first
    if since is None:
        yield Finding("anchors", "ok", "Nothing to keep yet: there is no case.")
    elif now - since > ANCHOR_AGE:
        what = f"The last anchor is {_hours(now - since)} old" if newest else "No anchor was ever taken"
        cure = "Run `python manage.py anchor` where THROUGHLINE_ANCHOR_KEY is set, and give that key to the workers"
        yield Finding("anchors", "fail", f"{what}: a case set back or removed would not be found. {cure}.")
    elif newest is None:
        yield Finding("anchors", "ok", "The first one is taken within a day of the first case.")
    else:
        yield Finding("anchors", "ok", f"Anchor {newest.number} is {_hours(now - since)} old.")


def _hours(age: dt.timedelta) -> str:
    return f"{max(0, int(age.total_seconds() // 3600))} h"


def _ends(rows: models.QuerySet, column: str) -> set[str]:
    return {
        row for row in (rows.values_list(column, flat=True).first(), rows.values_list(column, flat=True).last()) if row
    }


def privacy_kept(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """Erasures are noted outside the database; legal holds are looked at when they said they would be."""
    waiting = Erasure.objects.filter(copied_at__isnull=True).count()
    if waiting:
        path = settings.THROUGHLINE_ERASURE_LEDGER
        say = f"{waiting} are not in {path}: a restore would bring the data back. The log says why."
        yield Finding("erasures", "fail", say)
    else:
        yield Finding("erasures", "ok", "Each is noted in the ledger outside the database.")
    late = LegalHold.objects.filter(state__in=LegalHold.HOLDS, review_at__lt=now.date()).count()
    if late:
        yield Finding("legal holds", "warn", f"{late} were to be reviewed before today: lift them or ask again.")


def queue_settings() -> Iterator[Finding]:
    """The queue's numbers are such that a task is neither run twice nor repeated for ever."""
    q = settings.Q_CLUSTER
    problems = []
    if q.get("orm") != "default":
        problems.append("Q_CLUSTER['orm'] is not 'default': enqueueing would not commit together with the write")
    least = q["timeout"] * (2 + q["queue_limit"] / q["workers"])
    if q["retry"] < least:
        problems.append(f"Q_CLUSTER['retry'] is {q['retry']} s, less than {least:.0f} s: a backlog would run twice")
    if not q.get("max_attempts"):
        problems.append("Q_CLUSTER['max_attempts'] is not set: a failing task would be repeated for ever")
    for problem in problems:
        yield Finding("queue", "fail", problem + ".")
    if not problems:
        yield Finding("queue", "ok", "Rows of the same database; retry, timeout and attempts fit together.")


# ---------------------------------------------------------------------------------------------------------- database


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
        for table in append_only.unguarded(connection):
            say = f"{append_only.TABLES[table]} can be changed: their trigger is missing. Apply the migrations again"
            problems.append(("fail", say))
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


# ------------------------------------------------------------------------------------------------------- the engine


def engine_runs(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """Workers and sweeps have reported, and no timer is overdue."""
    engine = state.engine
    if engine is None:
        return
    cures = {
        "worker": "Start one: python manage.py qcluster (or restart it; its log says why it stopped)",
        "sweep": "Look at the failed tasks of the queue",
    }
    ages = {"worker": engine.worker_s, "sweep": engine.sweep_s}
    for name, age in ages.items():
        if name in engine.stale:
            when = "has never reported" if age is None else f"reported {age} s ago"
            yield Finding(name, "fail", f"The {name} {when}. {cures[name]}.")
        else:
            yield Finding(name, "ok", f"Reported {age} s ago.")
    if engine.overdue:
        say = f"{engine.overdue} timers should have fired, the oldest {engine.oldest_overdue_s} s ago."
        yield Finding("timers", "fail", f"{say} Run: python manage.py audit_timers")
    else:
        yield Finding("timers", "ok", "None is overdue.")


def post_leaves(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """Messages leave."""
    post = state.post
    if post is None:
        return
    if post.unexpanded:
        yield Finding("messages", "fail", f"{post.unexpanded} messages wait for a worker to work out who is told.")
    if post.overdue:
        yield Finding("messages", "fail", f"{post.overdue} deliveries are due and were not tried. Is a worker running?")
    if post.dead:
        say = f"{post.dead} deliveries were given up. Look at them under Engine, Deliveries, and send them again."
        yield Finding("messages", "warn", say)
    if post.fine:
        yield Finding("messages", "ok", "Nothing is stuck or given up.")


def files_kept(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """What is stored here is read by a worker, nothing dangles, and nothing waits for a scanner in vain."""
    try:
        with probing.written() as (token, says):
            if probing.read(token) != says:
                raise OSError("what was written cannot be read back")
            yield from _read_by_worker(token, says, state)
    except OSError as error:
        say = f"Files cannot be stored: {error}. Check THROUGHLINE_FILES_DIR and who may write there"
        yield Finding("files", "fail", f"{say}.")
        return
    lost = storing.missing()
    if lost:
        some = ", ".join(map(str, lost[:5]))
        say = f"{len(lost)} files are not in storage (numbers {some}): put them back from a backup of it"
        yield Finding("files", "fail", f"{say}.")
    swept = storing.sweep(now=now, dry_run=True)
    if swept.too_many:
        say = f"{swept.too_many} stored files belong to no case, more than do: is this the storage of another desk?"
        yield Finding("files", "fail", f"{say} They are left alone.")
    elif swept.removed:
        yield Finding("files", "warn", f"{swept.removed} stored files belong to no case: the next sweep removes them.")
    due = CaseFile.objects.to_discard().filter(removed_at__lt=now - FILES_GO).count()
    if due:
        say = f"{due} removed files still lie in storage: a legal hold keeps them, or they could not be deleted"
        yield Finding("files", "warn", f"{say}; the log of the worker says which.")
    late = CaseFile.objects.filter(scan_state=CaseFile.Scan.WAITING, removed_at__isnull=True, at__lt=now - FILES_WAIT)
    if count := late.count():
        yield Finding("files", "fail", f"{count} files wait to be checked for more than an hour, and cannot be opened.")
    if scanner.wanted():
        try:
            scanner.answers()
            yield Finding("virus scanner", "ok", "It answers.")
        except scanner.Unreachable as error:
            yield Finding("virus scanner", "fail", f"No verdicts: {error}. New files wait until it answers.")


def _read_by_worker(token: str, says: str, state: Health) -> Iterator[Finding]:
    """A worker is asked to read what was written here, where one works."""
    engine = state.engine
    if not settings.Q_CLUSTER.get("sync") and (engine is None or "worker" in engine.stale):
        yield Finding("files", "warn", "They can be stored here. No worker runs that could say whether it reads them.")
        return
    found = _asked(token)
    if found == says:
        yield Finding("files", "ok", "What is stored here is read by a worker.")
    elif found is None:
        yield Finding("files", "warn", "They can be stored here. No worker said in time whether it reads them.")
    else:
        say = "What is stored here is not found by a worker: give all hosts one THROUGHLINE_FILES_DIR, on a shared disk"
        yield Finding("files", "fail", f"{say}.")


def _asked(token: str) -> str | None:
    """What a worker reads of a probe; None when none answered in time. Leaves nothing in the queue's tables."""
    if settings.Q_CLUSTER.get("sync"):
        return tasks.read_probe(token)
    task = async_task("escalations.tasks.read_probe", token, group="probe")
    found: str | None = result(task, wait=PROBE_MS)
    Task.objects.filter(pk=task).delete()
    return found


def schedules_in_sync(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """The schedules in the database are the declared ones."""
    changes = schedules.sync(now=now, dry_run=True)
    if not changes:
        yield Finding("schedules", "ok", f"{len(changes.unchanged)} as declared.")
        return
    parts = [
        f"{word} {', '.join(names)}"
        for word, names in (("missing:", changes.added), ("changed:", changes.changed), ("not ours:", changes.removed))
        if names
    ]
    yield Finding("schedules", "fail", f"{'; '.join(parts)}. Run: python manage.py sync_schedules")


# ------------------------------------------------------------------------------------------------------------ the law


def policy_in_force(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """A version is in force, its time zones are known here, and its public holidays reach far enough."""
    versions = _in_force_or_to_come(now)
    if not versions or versions[0].effective_at > now:
        say = "No playbook is in force. Run: python manage.py install_playbook --preset team"
        yield Finding("playbook", "fail", say)
    for version in versions:
        yield from _calendars(version, now)


def _in_force_or_to_come(now: dt.datetime) -> list[PolicyVersion]:
    current = PolicyVersion.objects.filter(effective_at__lte=now).order_by("-effective_at", "-number")[:1]
    return [*current, *PolicyVersion.objects.filter(effective_at__gt=now).order_by("effective_at", "number")]


def _calendars(version: PolicyVersion, now: dt.datetime) -> Iterable[Finding]:
    fine = True
    for key, calendar in law.policy_of(version).central.calendars.items():
        if calendar.timezone not in available_timezones():
            fine = False
            yield Finding(
                "playbook", "fail", f"{version}, calendar {key}: this machine does not know {calendar.timezone}."
            )
        until = calendar.expanded_until
        if calendar.public_holidays is None:
            continue
        if until is None or until < now.date():
            fine = False
            yield Finding(
                "playbook", "fail", f"{version}, calendar {key}: public holidays have run out. Publish it anew."
            )
        elif until < (now + HORIZON).date():
            fine = False
            yield Finding(
                "playbook", "warn", f"{version}, calendar {key}: public holidays are known until {until} only."
            )
    if fine:
        yield Finding("playbook", "ok", f"{version} in force from {version.effective_at:%Y-%m-%d %H:%M} UTC.")


# ------------------------------------------------------------------------------------------------------- the ways out


def mail_server() -> Iterator[Finding]:
    """The mail server answers, or the folder for mail can be written. Nothing is sent."""
    backend = settings.EMAIL_BACKEND.rsplit(".", 2)[-2]
    if backend in {"locmem", "dummy", "console"}:
        yield Finding("mail", "warn", f"Mail goes nowhere (backend {backend}). Set EMAIL_URL.")
        return
    if backend == "filebased":
        yield from _mail_folder(settings.EMAIL_FILE_PATH)
        return
    link = get_connection(fail_silently=False)
    try:
        link.open()
        inner = getattr(link, "connection", None)
        if isinstance(inner, smtplib.SMTP):
            code, _text = inner.noop()
            if code != 250:
                yield Finding("mail", "fail", f"The mail server answers {code}. Look at its log.")
                return
    except (smtplib.SMTPException, OSError, ImproperlyConfigured) as error:
        say = f"The mail server at {settings.EMAIL_HOST}:{settings.EMAIL_PORT} does not answer"
        yield Finding("mail", "fail", f"{say} ({type(error).__name__}). Check EMAIL_URL.")
        return
    finally:
        link.close()
    yield Finding("mail", "ok", "The mail server answers.")


def _mail_folder(path: str | None) -> Iterator[Finding]:
    folder = Path(path or "")
    exists = next((place for place in (folder, *folder.parents) if place.exists()), None)
    if exists is None or not os.access(exists, os.W_OK):
        yield Finding("mail", "fail", f"Mail is kept in files, but {folder} cannot be written.")
    else:
        yield Finding(
            "mail", "warn", f"Mail leaves for nobody: it is kept as files in {folder}. Set EMAIL_URL for real use."
        )


def other_ways_out() -> Iterator[Finding]:
    """The addresses of short-message services and chat rooms can be understood. Nothing is sent."""
    addresses = {f"THROUGHLINE_CHAT_URLS, {team}": url for team, url in settings.THROUGHLINE_CHAT_URLS.items()}
    if settings.THROUGHLINE_SMS_URL:
        addresses["THROUGHLINE_SMS_URL"] = settings.THROUGHLINE_SMS_URL
    for name, url in addresses.items():
        if notify.understands(url):
            yield Finding("other ways out", "ok", f"{name} is understood.")
        else:
            yield Finding("other ways out", "fail", f"{name}: Apprise does not know such an address.")


Check = Callable[[dt.datetime, Health], Iterator[Finding]]
