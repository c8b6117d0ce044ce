"""What a database, queues, sessions and caches keep of rows that are gone: cleaned after an erasure has committed.

SQLite leaves deleted text in free pages and in its write-ahead log until VACUUM and a checkpoint. PostgreSQL leaves
dead rows until VACUUM; its own log and base backups live by their own retention, which the operator's notes say.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django_q.models import OrmQ, Task

from escalations.services.files import storing

SIGNED_IN = ("_auth_user", "_csrftoken", "_language", "_session_expiry", "account_", "mfa", "socialaccount_")
"""What stays of a session: who is signed in, how and since when. Messages and whatever pages put beside go."""

CHECKPOINT_TRIES = 40
CHECKPOINT_PAUSE_S = 0.25


@dataclass(slots=True)
class Cleaned:
    """What was cleaned, and what could not be, in sentences."""

    tasks: int = 0
    sessions: int = 0
    database: str = ""
    left: list[str] = field(default_factory=list)


def clean(*, tables: Iterable[str], now: dt.datetime) -> Cleaned:
    """Clean queue, sessions, cache and database after rows of `tables` (`app.Model`) were erased.

    Call outside a transaction: a database cleans itself only of what has committed. The queue is emptied (schedules
    bring the work back within a minute), the cache too; sessions keep who is signed in.
    """
    done = Cleaned()
    done.tasks = Task.objects.all().delete()[0] + OrmQ.objects.all().delete()[0]
    done.sessions = _sessions(now)
    cache.clear()
    left = storing.discard()
    if left:
        done.left.append(
            f"{left} files could not be removed from storage: the next sweep tries again, the log says why."
        )
    if connection.in_atomic_block:
        done.left.append("The database was not cleaned: it stands in a transaction.")
    elif connection.vendor == "sqlite":
        _sqlite(done)
    else:
        _postgres(done, tables)
    return done


def _sessions(now: dt.datetime) -> int:
    count = Session.objects.filter(expire_date__lt=now).delete()[0]
    for row in Session.objects.iterator():
        data = row.get_decoded()
        left = {key: value for key, value in data.items() if key.startswith(SIGNED_IN)}
        if left != data:
            encoded = SessionStore().encode(left)
            count += Session.objects.filter(pk=row.pk, session_data=row.session_data).update(session_data=encoded)
    return count


def _sqlite(done: Cleaned) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE 'sqlite_stat%'")
        if cursor.fetchone() != (0,):
            cursor.execute("ANALYZE")  # the planner's statistics may keep samples of what stood there
        cursor.execute("VACUUM")
        for _ in range(CHECKPOINT_TRIES):
            # Another process may be at its own checkpoint, or in the middle of reading: both are over in a moment.
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy = cursor.fetchone()
            if busy is None or not busy[0]:
                break
            time.sleep(CHECKPOINT_PAUSE_S)
    done.database = "VACUUM, and the write-ahead log emptied"
    if busy is not None and busy[0]:
        done.left.append(
            "The write-ahead log is being read and could not be emptied: stop web and worker for a moment and run "
            "`python manage.py apply_retention` once, or restart them."
        )


def _postgres(done: Cleaned, tables: Iterable[str]) -> None:
    named = sorted({apps.get_model(label)._meta.db_table for label in tables} | {Task._meta.db_table})
    with connection.cursor() as cursor:
        for table in named:
            # With ANALYZE: the planner's statistics keep samples of what stood there.
            cursor.execute(f"VACUUM (ANALYZE) {connection.ops.quote_name(table)}")
    done.database = f"VACUUM of {len(named)} tables"
