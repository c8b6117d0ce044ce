"""Is the desk alive (`/healthz`), and can it do its work (`/readyz`)?

Both answer without a session and say nothing that a stranger should not know: names of checks, whether each
holds, and what to do. The causes go to the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from escalations.models import Heartbeat

log = logging.getLogger(__name__)

#: A worker writes its heartbeat every minute; three missed ones are no hiccup.
HEARTBEAT_MAX_AGE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: what was looked at, whether it holds, and what to do when it does not."""

    name: str
    ok: bool
    say: str


def check_database() -> Check:
    """Ask the database for one row."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        log.exception("readiness: the database does not answer")
        return Check("database", False, "No answer. Check DATABASE_URL and the server's log.")
    return Check("database", True, "answers")


_migrated = False


def check_migrations() -> Check:
    """Compare the migrations on disk with those applied.

    Once nothing is pending the answer cannot change while this process lives, so it is asked no more.
    """
    global _migrated
    if not _migrated:
        try:
            executor = MigrationExecutor(connection)
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            log.exception("readiness: the migrations cannot be read")
            return Check("migrations", False, "The list of applied migrations cannot be read.")
        if pending:
            names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in pending)
            log.warning("readiness: pending migrations: %s", names)
            return Check("migrations", False, f"{len(pending)} pending. Run `python manage.py migrate`.")
        _migrated = True
    return Check("migrations", True, "none pending")


def check_worker(now: datetime) -> Check:
    """Look at the age of the worker's last heartbeat at ``now`` (one query)."""
    last = Heartbeat.objects.filter(pk="worker").values_list("at", flat=True).first()
    if last is None:
        return Check("worker", False, "No worker has reported yet. Start one: `python manage.py qcluster`.")
    age_s = int((now - last).total_seconds())
    if now - last > HEARTBEAT_MAX_AGE:
        return Check("worker", False, f"Last heartbeat {age_s} s ago. Look at the worker's log and restart it.")
    return Check("worker", True, f"last heartbeat {age_s} s ago")


def checks() -> list[Check]:
    """Return every check of readiness; later ones are skipped once the ones they rest on have failed."""
    found = [check_database()]
    rest: list[Callable[[], Check]] = [check_migrations, lambda: check_worker(timezone.now())]
    for check in rest:
        if not found[-1].ok:
            break
        found.append(check())
    return found


@never_cache
@require_safe
def process(request: HttpRequest) -> HttpResponse:
    """`/healthz`: this process answers. Touches no database."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """`/readyz`: 200 when every check holds, else 503; the body lists them all."""
    found = checks()
    ok = all(check.ok for check in found)
    return JsonResponse({"ok": ok, "checks": [asdict(check) for check in found]}, status=200 if ok else 503)
