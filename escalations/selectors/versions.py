"""The states that a case's row has had: who made each, by which act, and what differs from the one before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from escalations.models import NEVER, Case
from escalations.selectors.wording import moment

PAGE = 50
LABELS = {
    "status": "status",
    "team_id": "team",
    "assignee_id": "person",
    "level_id": "level",
    "channel_id": "channel",
    "severity_band": "severity",
    "category_id": "category",
    "symptom": "symptom",
    "root_cause": "root cause",
    "is_open": "open",
    "radar_at": "next due",
    "merged_into_id": "merged into",
    "ladder": "ladder",
    "reopened": "times reopened",
}


@dataclass(frozen=True, slots=True)
class Version:
    """One state of the case row: who made it, by which act, and what differs from the one before."""

    number: int
    at: dt.datetime
    who: str
    act: str
    changes: Sequence[tuple[str, str, str]]


def record(case: Case, *, limit: int = PAGE) -> list[Version]:
    """The states that the case row has had, newest first. One query for the rows, one each for people and names."""
    history = Case.history.model.objects.filter(id=case.pk).order_by("-history_id")
    rows = list(history.select_related("team", "level", "channel", "category", "assignee", "history_user")[: limit + 1])
    found = []
    for row, older in zip(rows, [*rows[1:], None], strict=True):
        if older is None and len(rows) > limit:
            break
        changes = []
        for name, label in LABELS.items():
            before = getattr(older, name) if older is not None else None
            if older is not None and getattr(row, name) != before:
                changes.append((label, _shown(older, name), _shown(row, name)))
        by, _, act = str(row.history_change_reason or "").rpartition(": ")
        who = str(row.history_user) if row.history_user else _without_person(by, case)
        act = act.replace("_", " ")
        found.append(Version(row.version, row.history_date, who, act, changes))
    return found


def _without_person(actor: str, case: Case) -> str:
    """Who made a version when it was nobody of the desk: `integration:shop` is the shop."""
    kind, _, name = actor.partition(":")
    if kind == "party":
        return f"the {case.party.get_kind_display()}"
    return name if kind == "integration" and name else "the desk"


def _shown(row: Any, name: str) -> str:
    if name.endswith("_id"):
        related = getattr(row, name.removesuffix("_id"), None)
        return str(related) if related is not None else "nobody" if name == "assignee_id" else "none"
    display = getattr(row, f"get_{name}_display", None)
    value = display() if display else getattr(row, name)
    if isinstance(value, dt.datetime):
        return "nothing runs" if value >= NEVER else moment(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "none"
