"""A case, locked for one act; and an event that is chained to it without an act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from escalations.core import chain
from escalations.core.actor import Actor
from escalations.models import CHAIN_FIELDS, Case, Event
from escalations.services import record

#: What an act looks at beside the case. The party apart: erasing must not need the key of what it erases.
_FOLLOWED = ("category", "region", "channel", "team", "level", "assignee")


def locked(case_id: int, *also: str) -> Case:
    """The case, locked, with what it points at. One query; three when somebody else has just moved it."""
    rows = Case.objects.select_for_update(of=("self",)).select_related(*_FOLLOWED, *also).filter(pk=case_id)
    # Whoever waited for the lock on PostgreSQL gets no row when the one before has changed team or channel: the joined
    # rows are those from before the wait, and no longer fit. Once the lock is held, asking again finds it.
    found = next(iter(rows), None)
    if found is None:
        Case.objects.select_for_update().only("pk").get(pk=case_id)
        found = rows.get()
    return found


def since(case: Case, version: int) -> Iterable[Event]:
    """Events since the history row of a version was written. For showing what changed."""
    history = record.HistoricalCase.objects.filter(id=case.pk, version=version)
    seen = history.values_list("history_date", flat=True).first()
    rows = Event.objects.filter(case=case)
    return rows.none() if seen is None else rows.filter(at__gt=seen)


def witness(
    *,
    case_id: int,
    kind: str,
    data: Mapping[str, Any],
    actor: Actor,
    now: dt.datetime,
    words: Mapping[str, Any] | None = None,
) -> None:
    """Chain an event that changes nothing of the case: a look, a finding. Its version stays, so nobody's open form
    grows stale, and nobody is told. One transaction, four statements. Raises Case.DoesNotExist."""
    with transaction.atomic():
        case = locked(case_id)
        head = record.Head(case.chain_seq, case.chain_mac or chain.GENESIS)
        entries = [record.Entry(kind, data, words)]
        made = record.make_events(case_id=case.pk, head=head, entries=entries, actor=actor, now=now)
        record.seal(case, head)
        case.skip_history_when_saving = True  # type: ignore[attr-defined]
        case.save(update_fields=CHAIN_FIELDS)
        record.save_events(made)
