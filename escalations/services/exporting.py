"""Cases as a file for those who may take them away: on the access log before the first byte leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction

from escalations.core import watching
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import CaseExport, User
from escalations.outbound import sheets
from escalations.selectors import caselist, exporting
from escalations.services import noting

PIECE = 500
"""Cases that are read at once while a file is written; whether they may still be seen is asked for each piece."""

REASON_LENGTH = 300
SURFACE = "admin:escalations_case_export"


@dataclass(frozen=True, slots=True)
class Export:
    """An export that is on record: which cases, in their order, and whether there were more than one file takes."""

    by: User
    cases: list[int]
    cut: bool
    words: exporting.Words = field(default_factory=exporting.Words)
    heads: exporting.Line = field(default_factory=exporting.heads)


def export_cases(*, asked: caselist.Filters, sort: str, reason: str, actor: User, now: dt.datetime) -> Export:
    """Put an export of the cases that were asked for on record, and return it; `written` then gives the file.

    asked    the filters of the table of cases
    sort     one of `caselist.ORDERINGS`
    reason   what it is for, in a few words: kept beside the access log

    Takes the first `settings.THROUGHLINE_EXPORT_CASES` cases at most. A dozen queries. Raises NotAllowed for whoever
    may export nothing, Invalid without a reason or with one that is too long, Refused when no case fits.
    """
    if not exporting.may_export(actor):
        raise NotAllowed("You may not export cases. The owners of a channel let people export its cases.")
    said = " ".join(reason.split())
    if not said:
        raise Invalid("reason", "Say what the file is for: it stays on the access log.")
    if len(said) > REASON_LENGTH:
        raise Invalid("reason", f"At most {REASON_LENGTH} characters; this has {len(said)}.")
    most = settings.THROUGHLINE_EXPORT_CASES
    found = exporting.ids(asked, actor, now, sort, limit=most + 1)
    if not found:
        raise Refused("No case that you may export fits. Choose less above the table, and try again.")
    cases = found[:most]
    with transaction.atomic():
        entry = noting.note(kind=watching.EXPORT, person=actor, cases=cases, surface=SURFACE, now=now)
        CaseExport.objects.create(entry=entry, by=actor, at=now, reason=said, cases=len(cases))
    return Export(actor, cases, cut=len(found) > most)


def written(export: Export, *, mark: bool = False) -> Iterator[bytes]:
    """The file, piece by piece, as CSV. `mark` is for spreadsheets (`sheets.MARK`).

    Four queries for each `PIECE` cases, and nothing is held between them: what the person may not see or export any
    more when its piece comes is left out.
    """
    yield from sheets.lines([export.heads], mark=mark)
    for start in range(0, len(export.cases), PIECE):
        person = User.objects.get(pk=export.by.pk)  # anew: what was known of their reach is old
        lines = exporting.lines(export.cases[start : start + PIECE], person, export.words)
        yield b"".join(sheets.lines(lines))
