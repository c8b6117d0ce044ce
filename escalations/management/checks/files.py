"""Whether files are stored, read where workers run, checked in time, and nothing dangles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django_q.models import Task
from django_q.tasks import async_task, result

from escalations import tasks
from escalations.management.checks.finding import Finding
from escalations.models import CaseFile
from escalations.outbound import scanner
from escalations.selectors.health import Health
from escalations.services.files import probing, storing

FILES_GO = dt.timedelta(hours=3)
FILES_WAIT = dt.timedelta(hours=1)
PROBE_MS = 10_000


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
