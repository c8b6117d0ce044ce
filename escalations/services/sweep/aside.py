"""Cases that cannot be fired now, and pauses that end: done one by one, so that no batch waits for them."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Collection, Iterable

from django.db import transaction

from escalations.errors import DeskError
from escalations.models import Case, Clock, Timer
from escalations.services import record
from escalations.services.pauses import run_on
from escalations.services.sweep.rows import SWEEP
from escalations.services.work import working

RETRY = dt.timedelta(minutes=15)
"""After this long a case that was set aside is tried again, by itself."""

log = logging.getLogger(__name__)


def set_aside(case_ids: Collection[int], *, now: dt.datetime) -> None:
    """Let the due timers of some cases ring again later: they hold up nobody, and are not forgotten.

    The moments themselves stay: the audit tells such a timer from others by its being later than its clock's moment.
    Call inside a transaction. Two statements.
    """
    if not case_ids:
        return
    list(Case.objects.select_for_update().filter(pk__in=case_ids).order_by("pk").values_list("pk"))
    Timer.objects.filter(case_id__in=case_ids, due_at__lte=now).update(due_at=now + RETRY)


def say(failures: Iterable[tuple[int, Exception]], *, now: dt.datetime) -> None:
    """Log cases that were set aside: one line each kind of error, with the trace of the first."""
    kinds: dict[str, list[tuple[int, Exception]]] = {}
    for case_id, error in failures:
        kinds.setdefault(f"{type(error).__name__}: {error}", []).append((case_id, error))
    for why, found in kinds.items():
        ids = ", ".join(str(case_id) for case_id, _ in found[:20])
        log.error(
            "%d cases set aside until %s, because %s (case ids %s%s)",
            len(found),
            (now + RETRY).isoformat(timespec="seconds"),
            why,
            ids,
            ", ..." if len(found) > 20 else "",
            exc_info=found[0][1],
        )


def resume(case_ids: Iterable[int], *, now: dt.datetime) -> Counter[str]:
    """End the pauses of some cases whose time is over: an act of the desk for each, in a transaction of its own.

    Counts `resume`, `refused` (the case does not allow it any more) and `aside` (it failed).
    """
    counts: Counter[str] = Counter()
    for case_id in case_ids:
        try:
            counts["resume"] += _resume(case_id, now)
        except DeskError as refusal:
            log.warning("the pause of case %s did not end: %s", case_id, refusal)
            counts["refused"] += 1
            _later(case_id, now)
        except Exception as error:
            say([(case_id, error)], now=now)
            counts["aside"] += 1
            _later(case_id, now)
    return counts


def _later(case_id: int, now: dt.datetime) -> None:
    with transaction.atomic():
        set_aside([case_id], now=now)


def _resume(case_id: int, now: dt.datetime) -> int:
    """1 when the pause ended, 0 when somebody else has ended it or is at it. Locks first: only then is that certain."""
    with transaction.atomic():
        if not list(Case.objects.select_for_update(skip_locked=True).filter(pk=case_id).values_list("pk")):
            return 0
        due = Timer.objects.filter(case_id=case_id, moment_key="resume", due_at__lte=now)
        if not due.filter(clock__state=Clock.State.PAUSED).exists():
            return 0
        with working(case_id=case_id, act="resume", actor=SWEEP, now=now) as work:
            run_on(work, because="time")
            case = work.case
            work.tell("notice.resumed", [record.holder(case)])
    return 1
