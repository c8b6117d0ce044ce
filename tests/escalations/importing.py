"""For tests of imports: small logs written as needed, and the command run on them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from django.core.management import CommandError, call_command

from escalations.models import (
    Case,
    CaseText,
    Category,
    Event,
    EventPayload,
    Handoff,
    ImportRow,
    Outbox,
    Ownership,
    Party,
    Team,
    Timer,
)
from escalations.services import record

DATA = Path(__file__).resolve().parents[1] / "data" / "imports"

MAPPING = """
mapping: 1
source: log
nothing: ["?"]
case:
  id: id
  opened_at: opened
  summary: "Case {id}"
  party: {column: caller, key: "log:{value}", kind: other}
  category: {missing: {key: past, name: Past cases}, side: platform}
  symptom: {missing: not-named}
  root_cause: {missing: not-named}
  region: eu
step:
  at: at
  status: {column: state, table: {"new": new, "active": in_progress, "resolved": resolved, "closed": closed}}
  team: {column: group, key: "group-{value}", name: "Group {value}", missing: {key: no-group, name: No group}}
handoffs: {counted: moves}
reopenings: {counted: reopened}
"""
COLUMNS = ("id", "state", "at", "opened", "group", "moves", "reopened", "caller")


class Ran(NamedTuple):
    """What the command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """Its report, when JSON was asked for."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def row(case: object, state: str = "closed", day: int = 1, **more: object) -> dict[str, object]:
    """One row, opened on the first of March 2025 and of that day, 12:00."""
    values = {"opened": "2025-03-01 08:00", "group": "1", "moves": 0, "reopened": 0, "caller": "c1"}
    return {"id": case, "state": state, "at": f"2025-03-{day:02d} 12:00"} | values | more


def case_rows(case: object, *groups: str, **more: object) -> list[dict[str, object]]:
    """A case that goes through groups, a day each, and is closed in the last."""
    steps = [row(case, "active", day, group=group, **more) for day, group in enumerate(groups, 1)]
    return [*steps, row(case, "closed", len(groups) + 1, group=groups[-1], **more)]


def csv_text(rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as the text of a log."""
    lines = [",".join(str(item[column]) for column in COLUMNS) for item in rows]
    return "\n".join([",".join(COLUMNS), *lines, ""])


def run(folder: Path, log: str | bytes | Path, *, mapping: str | Path = MAPPING, **options: Any) -> Ran:
    """Run `import_cases` on a log, given as its text or its path; JSON report unless told otherwise."""
    out, err = io.StringIO(), io.StringIO()
    if not isinstance(log, Path):
        (folder / "log.csv").write_bytes(log.encode() if isinstance(log, str) else log)
        log = folder / "log.csv"
    if not isinstance(mapping, Path):
        (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
        mapping = folder / "mapping.yaml"
    options = {"json": True, **options}
    try:
        call_command("import_cases", str(log), mapping=str(mapping), stdout=out, stderr=err, **options)
    except CommandError as error:
        return Ran(error.returncode, out.getvalue(), f"{err.getvalue()}{error}")
    except SystemExit as error:
        return Ran(int(error.code or 0), out.getvalue(), err.getvalue())
    return Ran(0, out.getvalue(), err.getvalue())


WRITTEN = (
    *(Case, CaseText, Category, Event, EventPayload, Handoff, ImportRow, Outbox, Ownership, Party, Team, Timer),
    *(record.HistoricalCase, Party.history.model),
)


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of the tables that an import could touch."""
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in WRITTEN}
