"""How long what is said in a closed case is kept.

The nearest region that says something decides, the leaf first; within one place a category says more than the general
word, and a longer code more than a shorter one (`order` covers `order.damaged`). The centre speaks last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from escalations.core import clock as clocks
from escalations.core.calendar import Calendar
from escalations.core.policy import Keeping, Policy


def kept_for(policy: Policy, *, category: str, region: str) -> Keeping:
    """The span for which a closed case of a category and region keeps its texts and personal data.

    `policy` is the version in force: retention protects people, so it does not wait for pinned versions. Keys that it
    does not know fall to what is said in general.
    """
    rules = policy.central.retention
    for place in reversed(policy.region_chain(region)):
        says = rules.regions.get(place)
        span = says and (_of(says.categories, category) or says.closed)
        if span:
            return span
    return _of(rules.categories, category) or rules.closed


def kept_until(span: Keeping, *, at: dt.datetime, calendar: Calendar) -> dt.datetime:
    """Until when something is kept that was closed at `at`, in UTC: years end on the same day and hour of the
    calendar's zone; those of a 29 February, where there is none, when the 28th ends."""
    if not span.years:
        return clocks.due_after(span.basis, span.seconds, at=at, calendar=calendar)
    local = at.astimezone(ZoneInfo(calendar.timezone))
    return _moved(local, span.years).astimezone(dt.UTC)


def kept_since(span: Keeping, *, now: dt.datetime) -> dt.datetime:
    """What happened until this moment was kept for `span` at `now`, to the second: where there is no calendar, years
    are those of UTC and business time counts as time elapsed."""
    if not span.years:
        return now - dt.timedelta(seconds=span.seconds)
    utc = now.astimezone(dt.UTC)
    since = _moved(utc, -span.years)
    # On a 29 February that the year then did not have, what its 28th ended with.
    return since if since.day == utc.day else since - dt.datetime.resolution


def _moved(at: dt.datetime, years: int) -> dt.datetime:
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return at.replace(year=at.year + years, month=3, day=1, hour=0, minute=0, second=0, microsecond=0)


def shortest(policy: Policy) -> int:
    """Seconds for which everything is kept at least; business time and years take longer than their seconds."""
    rules = policy.central.retention
    spans = [rules.closed, *rules.categories.values()]
    for says in rules.regions.values():
        spans += [*([says.closed] if says.closed else []), *says.categories.values()]
    return min(span.seconds for span in spans)


def _of(spans: Mapping[str, Keeping], category: str) -> Keeping | None:
    code = category
    while code:
        if code in spans:
            return spans[code]
        code = code.rpartition(".")[0]
    return None
