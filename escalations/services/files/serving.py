"""The one way out of storage: for somebody who sees the case, of a file that was checked, on the access log first."""

from __future__ import annotations

import datetime as dt

from escalations.core import watching
from escalations.models import CaseFile, User
from escalations.models.shown import Shown
from escalations.services import noting


def opened_by(*, person: User, case_id: int, file_id: int, now: dt.datetime, surface: str) -> CaseFile | None:
    """A file that `person` may open now, noted as opened by them; None alike for one that is not there, not checked,
    removed, or not theirs to see.

    The note is written before this returns: whoever cannot be noted gets nothing. Five queries.
    """
    row = _servable(person, case_id, file_id)
    if row is not None:
        noting.note(kind=watching.FILE, person=person, cases=[case_id], surface=surface, data={"file": row.pk}, now=now)
    return row


def thumbnail_for(*, person: User, case_id: int, file_id: int, now: dt.datetime, surface: str) -> CaseFile | None:
    """A file whose thumbnail `person` may see, as part of the case's page: noted as a look at a sensitive case once in
    ten minutes, as other parts of a page are that ask for themselves."""
    row = _servable(person, case_id, file_id)
    if row is None or not row.thumbnail_key:
        return None
    shown: Shown = {case_id: None}
    noting.note_shown(person=person, shown=shown, surface=surface, now=now, named=case_id, polled=True)
    return row


def _servable(person: User, case_id: int, file_id: int) -> CaseFile | None:
    return CaseFile.objects.visible_to(person).servable().filter(pk=file_id, case_id=case_id).first()
