"""After the desk stood still: one digest for the leads of each team, instead of hoping that they read every notice."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from django.db.models import Count

from escalations.core.ladder import CATCH_UP_GRACE
from escalations.models import Heartbeat, Outbox, Timer
from escalations.services import record

FROM = 5
"""A team with at least so many cases due hears of them together."""

LISTED = 10
"""Cases that a digest names, the oldest first; the others are counted."""


def last_swept() -> dt.datetime | None:
    """When a sweep last ended; None when there was none yet."""
    return Heartbeat.objects.filter(name="sweep").values_list("at", flat=True).first()


def write(*, since: dt.datetime | None, now: dt.datetime) -> int:
    """Tell the leads how much fell due while no sweep ran since `since`, once for each such time; how many are told.

    Nothing when the pause was no longer than CATCH_UP_GRACE. Call inside the transaction of the first batch, before
    it is written. Three statements.
    """
    if since is None or now - since <= CATCH_UP_GRACE:
        return 0
    due = Timer.objects.filter(due_at__lte=now, case__is_open=True)
    per_team = due.values_list("case__team_id").annotate(cases=Count("case_id", distinct=True)).order_by()
    counts = {team: number for team, number in per_team if number >= FROM}
    if not counts:
        return 0
    oldest: dict[int, list[int]] = defaultdict(list)
    rows = due.filter(case__team_id__in=counts).order_by("due_at", "id").values_list("case__team_id", "case_id")
    for team, case_id in rows[: 50 * LISTED]:
        if case_id not in oldest[team] and len(oldest[team]) < LISTED:
            oldest[team].append(case_id)
    # The same pause has the same key: a second worker, or one that was killed and started anew, tells nobody again.
    Outbox.objects.bulk_create(
        (
            record.intent(
                kind="notice.digest",
                occurrence=f"digest:{since:%Y%m%dT%H%M%S}:{team}",
                case_id=None,
                now=now,
                to=[f"leads:{team}"],
                data={"count": number, "cases": oldest[team], "since": since.isoformat()},
            )
            for team, number in sorted(counts.items())
        ),
        ignore_conflicts=True,
    )
    return len(counts)
