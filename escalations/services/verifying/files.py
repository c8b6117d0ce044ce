"""Holding files to the record: the bytes in storage to the row, and the row to the last event that names it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from escalations.core.chain import Break
from escalations.models import CaseFile, Event
from escalations.services.files import storing
from escalations.services.files.adding import ADDED, CHECKED
from escalations.services.verifying.finding import Finding

BATCH = 200


def walk(
    tell: Callable[[Finding | None], None],
    walked: Counter[str],
    progress: Callable[[], None],
    *,
    only: int | None = None,
) -> None:
    """Verify the files of all cases, or of one: reads every byte that is kept. Two queries a batch of 200."""
    rows = CaseFile.objects.kept().filter(storage_key__isnull=False).select_related("case").order_by("pk")
    if only is not None:
        rows = rows.filter(case_id=only)
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        sealed = _sealed({row.case_id for row in batch})
        for row in batch:
            walked["files"] += 1
            found = _check(row, sealed.get(row.pk))
            if found is not None and CaseFile.objects.kept().filter(pk=row.pk, storage_key=row.storage_key).exists():
                tell(Finding.of("file", row.pk, f"{row.case.reference}, file {row.pk}", found))
        progress()


def _sealed(cases: set[int]) -> dict[int, tuple[int, str]]:
    """File -> number and digest of the last event that says what is kept of it."""
    events = Event.objects.filter(case__in=cases, kind__in=[ADDED, CHECKED]).order_by("case", "seq")
    return {data["file"]: (seq, data["sha256"]) for seq, data in events.values_list("seq", "data")}


def _check(row: CaseFile, sealed: tuple[int, str] | None) -> Break | None:
    if sealed is None:
        return Break(0, "altered", "no event records this file")
    seq, sha256 = sealed
    if row.sha256 != sha256:
        return Break(seq, "altered", "its digest is not the one that the record has")
    try:
        with storing.opened(row.storage_key or "") as file:
            if storing.digest(file)[0] != sha256:
                return Break(seq, "altered", "its bytes in storage were changed: they do not have the recorded digest")
    except storing.Missing:
        return Break(seq, "missing", "its bytes are not in storage any more")
    return None
