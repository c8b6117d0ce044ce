"""Import of past cases: what another desk went through, as cases of this one, to look up, count and learn from.

A past case is finished. It is written with its whole story and nothing of it is due: no clocks, no timers, no mail.
It was routed by no version of this desk's law, so it has no decision; it is pinned to the version in force at the
import, whose protections hold for it.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db import connection, transaction

from escalations.core.actor import Actor
from escalations.core.past import PastCase, Plan, Refusal
from escalations.models import ImportRow
from escalations.services.imports.desk import Desk
from escalations.services.imports.report import Report
from escalations.services.imports.writing import save_rows, write
from escalations.services.privacy.ledger import import_marks

__all__ = ["BATCH", "Desk", "Report", "import_cases"]

BATCH = 500
"""Cases per transaction: what a killed import does again."""

_REASON_LENGTH = ImportRow._meta.get_field("reason").max_length or 300


def import_cases(
    *,
    items: Iterable[PastCase | list[Refusal]],
    plan: Plan,
    desk: Desk,
    actor: Actor,
    batch: int = BATCH,
    dry_run: bool = False,
    progress: Callable[[Report], None] | None = None,
) -> Report:
    """Write past cases that are not here yet, `batch` whole cases a transaction, and return what was found and done.

    A case is imported once for its log and id, however often and by however many it is tried: a killed import goes on
    where its last transaction ended. One that was refused is tried again. One that the log tells differently now is
    counted and left as it is: what was imported is on record. `items` are read once, in their order; memory does not
    grow with their number. `progress` is called after each transaction. With `dry_run` nothing is written.

    Raises Invalid when a key of the past has another name already. About a dozen statements per table and batch.
    """
    report = Report(source=plan.source, dry_run=dry_run)
    for group in _batches(items, batch):
        with transaction.atomic():
            if not dry_run:
                _one_at_a_time(plan.source)
            known = _known(group, plan.source)
            cases = [item for item in group if isinstance(item, PastCase)]
            fresh = [past for past in cases if known.get(past.external_id, _NEW)["state"] != ImportRow.State.DONE]
            if not dry_run:
                write(fresh, desk=desk, plan=plan, actor=actor)
                save_rows(list(_refused_rows(group, known, plan=plan, now=desk.now)))
        for past in cases:
            row = known.get(past.external_id, _NEW)
            report.take(past)
            report.differing += row["state"] == ImportRow.State.DONE and row["data"].get("digest") != past.digest
        report.imported += len(fresh)
        report.already += len(cases) - len(fresh)
        for item in group:
            if not isinstance(item, PastCase):
                report.refuse(item)
        if progress is not None:
            progress(report)
    return report


_NEW: dict[str, Any] = {"state": "", "reason": "", "line": 0, "data": {}}


def _batches(items: Iterable[PastCase | list[Refusal]], size: int) -> Iterator[Sequence[PastCase | list[Refusal]]]:
    source = iter(items)
    while group := list(itertools.islice(source, size)):
        yield group


def _one_at_a_time(source: str) -> None:
    """Let one import of a log write at a time, until the transaction ends. SQLite has one writer anyhow."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"import:{source}"])


def _known(group: Sequence[PastCase | list[Refusal]], source: str) -> dict[str, dict[str, Any]]:
    ids = {item.external_id if isinstance(item, PastCase) else item[0].external_id for item in group} - {""}
    # A case that was erased since is known by its fingerprint, or it would come back with the next import.
    stored = {name: external_id for external_id in ids for name in (external_id, *import_marks(source, external_id))}
    rows = ImportRow.objects.filter(source=source, external_id__in=stored)
    columns = ("external_id", "state", "reason", "line", "data")
    return {stored[row["external_id"]]: dict(row) for row in rows.values(*columns)}


def _refused_rows(
    group: Sequence[PastCase | list[Refusal]], known: dict[str, dict[str, Any]], *, plan: Plan, now: dt.datetime
) -> Iterator[ImportRow]:
    """A row for each refused case, unless it was imported before or is refused for the same reason already."""
    for item in group:
        first = None if isinstance(item, PastCase) else next((row for row in item if row.leads), None)
        if first is None:
            continue
        row, reason = known.get(first.external_id, _NEW), first.message[:_REASON_LENGTH]
        if row["state"] == ImportRow.State.DONE or (row["reason"], row["line"]) == (reason, first.line):
            continue
        yield ImportRow(
            source=plan.source,
            external_id=first.external_id,
            line=first.line,
            state=ImportRow.State.REFUSED,
            reason=reason,
            data={"about": first.about},
            at=now,
        )
