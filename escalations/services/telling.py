"""Telling colleagues of something that is no case, for the apps above: the door to the outbox that they use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from escalations.models import Outbox
from escalations.outbound import matters
from escalations.services import record


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell once, by its `occurrence`, to recipients as `record.intent` knows them; `data` are ids and
    dates, never words: those are found when the letter is written."""

    kind: str
    occurrence: str
    to: Sequence[str]
    data: Mapping[str, Any]


def tell(*, notices: Iterable[Notice], now: dt.datetime) -> None:
    """Write the intents of some notices; one whose occurrence was told is left as it is. One statement.

    Raises LookupError for a kind that no app has declared (`outbound.matters`): nobody would know what it is about.
    """
    rows = []
    for one in notices:
        if not matters.knows(one.kind):
            raise LookupError(f"No app has declared the occasion {one.kind!r}.")
        rows.append(
            record.intent(kind=one.kind, occurrence=one.occurrence, case_id=None, now=now, to=one.to, data=one.data)
        )
    Outbox.objects.bulk_create(rows, ignore_conflicts=True)
