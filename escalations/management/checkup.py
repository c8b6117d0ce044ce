"""What `manage.py doctor` looks at, in order. Each check answers with findings; more of them lie in `checks`."""

from __future__ import annotations

import datetime as dt
import os
import smtplib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.conf import settings
from django.core import checks as django_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.db import DatabaseError, models

from escalations import keys, schedules
from escalations.management.checks.database import database, database_options, migrations, orphans
from escalations.management.checks.files import files_kept
from escalations.management.checks.finding import Finding, Level
from escalations.management.checks.privacy import privacy_kept
from escalations.models import Anchor, Case, CaseFile, Event, Indicator, Party, PolicyVersion
from escalations.outbound import hosts, notify
from escalations.selectors import law
from escalations.selectors.health import Health, health

HORIZON = dt.timedelta(days=365)
ANCHOR_AGE = dt.timedelta(hours=26)


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
    """The addresses of short-message services and chat rooms are understood, their hosts allowed. Nothing is sent."""
    addresses = {f"THROUGHLINE_CHAT_URLS, {team}": url for team, url in settings.THROUGHLINE_CHAT_URLS.items()}
    if settings.THROUGHLINE_SMS_URL:
        addresses["THROUGHLINE_SMS_URL"] = settings.THROUGHLINE_SMS_URL
    for name, url in addresses.items():
        if not notify.understands(url):
            yield Finding("other ways out", "fail", f"{name}: Apprise does not know such an address.")
        elif why := notify.obstacle(url):
            yield Finding("other ways out", "fail", f"{name}: {why}")
        else:
            yield Finding("other ways out", "ok", f"{name} is understood.")
    for entry in hosts.misread():
        say = f"THROUGHLINE_OUTBOUND_HOSTS: {entry!r} names no host of the public internet."
        yield Finding("other ways out", "fail", say)


Check = Callable[[dt.datetime, Health], Iterator[Finding]]
