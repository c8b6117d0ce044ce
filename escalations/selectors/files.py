"""The files of a case as its page shows them, beside the items of evidence that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalations.core import lifecycle
from escalations.models import CaseFile, Evidence
from escalations.selectors import casepage
from escalations.selectors.casepage import Top


@dataclass(frozen=True, slots=True)
class Line:
    """One file: who added it, who removed it, and whether the reader may remove it."""

    row: CaseFile
    who: str
    removed_by: str
    removable: bool


@dataclass(frozen=True, slots=True)
class Filed:
    """What the evidence tab shows. `refusal` says why the reader may not add a file; empty when they may."""

    items: Sequence[tuple[Evidence, Sequence[Line]]]
    loose: Sequence[Line]
    gone: Sequence[Line]
    refusal: str

    @property
    def waiting(self) -> bool:
        """Whether some file is still being checked."""
        here = [*self.loose, *(line for _, lines in self.items for line in lines)]
        return any(line.row.scan_state == CaseFile.Scan.WAITING for line in here)

    @property
    def open_items(self) -> list[Evidence]:
        """The items that are still open."""
        return [row for row, _ in self.items if row.state == Evidence.State.OPEN]


def filed(top: Top) -> Filed:
    """Items of evidence with their files, files beside them, and those that were removed or refused. Three queries."""
    items = casepage.evidence(top.case)
    rows = list(CaseFile.objects.filter(case=top.case).order_by("pk"))
    ids = {row.actor_id for row in rows if row.actor_kind == "user"} | {row.removed_by for row in rows}
    names = casepage.people_by_id(ids - {""}) if rows else {}
    party = f"the {top.case.party.get_kind_display()}"
    lines = [
        Line(row, casepage.who_of(row, names, party), names.get(row.removed_by, ""), _removable(row, top))
        for row in rows
    ]
    here = [line for line in lines if line.row.removed_at is None and line.row.scan_state != CaseFile.Scan.REFUSED]
    return Filed(
        items=[(item, [line for line in here if line.row.evidence_id == item.pk]) for item in items],
        loose=[line for line in here if line.row.evidence_id is None],
        gone=[line for line in lines if line not in here],
        refusal=may_add(top),
    )


def may_add(top: Top) -> str:
    """Why the reader may not add a file to a case; empty when they may. No queries."""
    return _refusal(top, "add_evidence", top.standing)


def _removable(row: CaseFile, top: Top) -> bool:
    mine = row.actor_kind == "user" and row.actor_id == str(top.reader)
    roles = top.standing | {"uploader"} if mine else top.standing
    return row.removed_at is None and not _refusal(top, "remove_file", roles)


def _refusal(top: Top, act: lifecycle.Act, roles: frozenset[str]) -> str:
    if not top.works:
        return "You may read this case, not work on it: its channel's owner decides who does."
    move = lifecycle.allowed(top.case.status, act)
    return str(move) if isinstance(move, lifecycle.Refused) else move.refusal_for(roles)
