"""What in the access log deserves a second look is worked out after the fact, by a worker: noting costs no more, and an
auditor's page is read off an index.

The rules are `core.watching`; what they find is kept as marks. A mark is not part of the record: it can be made anew.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from itertools import takewhile

from django.db import transaction

from escalations.core import watching
from escalations.models import AccessEntry, AccessJudged, AccessMark
from escalations.selectors import accesslog

BATCH = 500
"""Entries that are judged at once: a dozen queries, and as many values in memory with those of the hour before."""
SETTLES = dt.timedelta(minutes=10)
"""An id is given before its row is seen, so younger entries are looked at again by the next run: one with a lower
number may appear beside them until then."""


@dataclass(slots=True)
class Judged:
    """What a run looked at, and how much of it is unusual."""

    looked: int = 0
    unusual: int = 0
    unfinished: bool = False


def judge(*, now: dt.datetime, within_s: float | None = None, again: bool = False) -> Judged:
    """Mark what is unusual since the last run, oldest first, in transactions of 500 entries.

    `again` judges all of them anew, by the rules and with what is known of hours and owners now: marks that nobody has
    reviewed are made or taken away, reviewed ones stay as they were read. Can be killed and run again; several runs
    at once wait for each other. With `within_s` it stops after so many seconds and says that something is left.
    """
    began, done = time.monotonic(), Judged()
    cursor: int | None = 0 if again else None
    settled = True
    while True:
        with transaction.atomic():
            state = _state()
            if cursor is None:
                cursor = state.until
            rows = list(AccessEntry.objects.filter(pk__gt=cursor).order_by("pk")[:BATCH])
            done.unusual += _mark(rows, now, again=again)
            done.looked += len(rows)
            older = list(takewhile(lambda row: row.at <= now - SETTLES, rows)) if settled else []
            settled = len(older) == len(rows)
            if older:
                state.until = max(state.until, older[-1].pk)
            if len(rows) < BATCH:
                state.at = now
                state.rules = watching.RULES if again or not state.rules else state.rules
            state.save()
        if len(rows) < BATCH:
            return done
        cursor = rows[-1].pk
        if within_s is not None and time.monotonic() - began > within_s:
            done.unfinished = True
            return done


def _state() -> AccessJudged:
    """The one row, locked."""
    AccessJudged.objects.bulk_create([AccessJudged(pk=1)], ignore_conflicts=True)
    return AccessJudged.objects.select_for_update().get(pk=1)


def _mark(rows: list[AccessEntry], now: dt.datetime, *, again: bool) -> int:
    wanted = [row for row in rows if row.kind != watching.REVIEW]
    reasons = accesslog.unusual(wanted, now)
    ids = [row.pk for row in wanted]
    if again:
        AccessMark.objects.filter(pk__in=ids, entry__review__isnull=True).delete()
    reviewed = set(AccessEntry.objects.filter(pk__in=reasons, review__isnull=False).values_list("pk", flat=True))
    AccessMark.objects.bulk_create(
        (
            AccessMark(entry_id=row.pk, chain=row.chain, reasons=reasons[row.pk], open=row.pk not in reviewed)
            for row in wanted
            if row.pk in reasons
        ),
        ignore_conflicts=True,
    )
    return len(reasons)
