"""The rows of one case, read by the mapping: a past case, or what is wrong with its rows."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from escalations.core.past import Implausible, PastCase, Reading, Refusal, Row, Story, Term, tell
from escalations.inbound.importing.mapping import Choice, Mapping, filled, places
from escalations.inbound.importing.spool import Kept
from escalations.inbound.importing.values import (
    REMEMBERED,
    BadValue,
    code,
    cut,
    dates,
    looked_up,
    no_term,
    plain,
    remembered,
    term,
    whole,
)


class _Field(NamedTuple):
    """One thing that the log says of a case as a whole: its name, its column's place, how to read a value."""

    name: str
    place: int
    read: Callable[[str], Any]


class CaseReader:
    """A mapping made ready for one header: reads the records of one case."""

    def __init__(self, mapping: Mapping, header: Sequence[str], *, now: dt.datetime) -> None:
        self._mapping = mapping
        self._header = list(header)
        self._nothing = frozenset({"", *mapping.nothing})
        self._zone: dt.tzinfo = dt.UTC if mapping.timezone == "UTC" else ZoneInfo(mapping.timezone)
        self._latest = now + dt.timedelta(days=1)
        case, step = mapping.case, mapping.step
        self._at = self._place(step.at), self._date(step.at)
        self._status = self._place(step.status.column), looked_up(step.status.column, step.status.table, "state")
        self._team = (self._place(step.team.column), lru_cache(REMEMBERED)(lambda value: term(step.team, value)))
        self._fields = list(self._case_fields())
        self._texts = {
            name: self._place(name) for pattern in (case.summary, case.description) for name in places(pattern)
        }
        self._no_category = no_term(case.category)
        self._mapped = [item.name for item in self._fields if not item.name.startswith("keep.")]
        dated = {"resolved": case.resolved_at is None, "closed": case.closed_at is None}
        self._reading = Reading(
            reopened_from=frozenset(mapping.reopenings.frm),
            reopened_to=frozenset(mapping.reopenings.to),
            across_gaps=mapping.handoffs.across_gaps,
            dated_by_steps=frozenset(status for status, by_steps in dated.items() if by_steps),  # type: ignore[misc]
        )

    def _place(self, column: str | None) -> int:
        return -1 if column is None else self._header.index(column)

    def _case_fields(self) -> Iterator[_Field]:
        case = self._mapping.case
        for name in ("opened_at", "resolved_at", "closed_at"):
            if (column := getattr(case, name)) is not None:
                yield _Field(name, self._place(column), self._date(column))
        named: list[tuple[str, str | None, Callable[[str], Any]]] = [
            ("party", case.party.column, lambda value: cut(filled(case.party.key, {"value": value}), 64)),
            ("category", case.category.column, lambda value: term(case.category, value)),
            ("symptom", case.symptom.column, lambda value: code(case.symptom, value)),
            ("root_cause", case.root_cause.column, lambda value: code(case.root_cause, value)),
            ("handoffs_counted", self._mapping.handoffs.counted, whole),
            ("reopenings_counted", self._mapping.reopenings.counted, whole),
        ]
        for name in ("severity", "channel", "region", "level", "language"):
            if isinstance(choice := getattr(case, name), Choice):
                named.append((name, choice.column, looked_up(choice.column, choice.table, name)))
        for name, column in case.keep.items():
            is_date = column in {*self._mapping.dates, case.opened_at, case.resolved_at, case.closed_at}
            named.append((f"keep.{name}", column, self._date(column) if is_date else str))
        for name, column, read in named:
            if column is not None:
                yield _Field(name, self._place(column), remembered(column, read))

    def _date(self, column: str) -> Callable[[str], dt.datetime]:
        form = self._mapping.dates.get(column, self._mapping.dates.get("default", "iso"))
        return dates(column, form, zone=self._zone, latest=self._latest)

    def case(self, external_id: str, kept: Sequence[Kept]) -> PastCase | list[Refusal]:
        """One case, or the refusals of its bad rows, the first of which stands for it."""
        bad = [Refusal(item.line, external_id, *item.fault) for item in kept if item.fault is not None]
        rows: list[Row] = []
        said: dict[str, Any] = {}
        for item in kept:
            if item.fault is not None:
                continue
            try:
                rows.append(self._row(item))
                self._case_values(item, said)
            except BadValue as error:
                bad.append(Refusal(item.line, external_id, error.about, str(error)))
        if not bad:
            try:
                return self._assembled(external_id, kept, rows, said)
            except Implausible as error:
                bad.append(Refusal(error.line, external_id, error.about, str(error)))
        bad.sort()
        return [bad[0]._replace(leads=True), *bad[1:]]

    def _row(self, item: Kept) -> Row:
        place, read_date = self._at
        text = item.fields[place].strip()
        if text in self._nothing:
            raise BadValue("step without a date", f"{self._mapping.step.at} is empty: when was the step?")
        at = read_date(text)
        place, read_status = self._status
        text = item.fields[place].strip()
        status = None if text in self._nothing else read_status(text)
        place, read_team = self._team
        text = item.fields[place].strip() if place >= 0 else ""
        team = None if place < 0 or text in self._nothing else read_team(text)
        return Row(item.line, at, status, team)

    def _case_values(self, item: Kept, said: dict[str, Any]) -> None:
        for name, place, read in self._fields:
            text = item.fields[place].strip()
            if text not in self._nothing:
                said[name] = read(text)

    def _assembled(self, external_id: str, kept: Sequence[Kept], rows: list[Row], said: dict[str, Any]) -> PastCase:
        case = self._mapping.case
        if self._mapping.step.order == "time":
            rows = sorted(rows, key=lambda row: row.at)
        opened_at = said.get("opened_at") or (rows[0].at if case.opened_at is None else None)
        if opened_at is None:
            message = f"{case.opened_at} is empty in all its rows: when was it opened?"
            raise Implausible("no opening", message, kept[0].line)
        story = tell(
            rows,
            reading=self._reading,
            opened_at=opened_at,
            resolved_at=said.get("resolved_at"),
            closed_at=said.get("closed_at"),
        )
        category = said.get("category", self._no_category)
        _check_has_owner(story, category, kept[-1].line)
        texts = self._last_texts(kept)
        constants = {
            name: (choice.missing if isinstance(choice := getattr(case, name), Choice) else choice or "")
            for name in ("severity", "channel", "region", "level", "language")
        }
        missing = [name for name in self._mapped if name not in said]
        if self._team[0] >= 0 and not story.stays:
            missing.append("team")
        return PastCase(
            external_id=external_id,
            first_line=kept[0].line,
            last_line=kept[-1].line,
            digest=_digest(kept),
            story=story,
            opened_at=opened_at,
            category=category,
            symptom=said.get("symptom", case.symptom.missing),
            root_cause=said.get("root_cause", case.root_cause.missing),
            party=said.get("party", ""),
            summary=cut(filled(case.summary, texts).strip() or external_id, 300),
            description=filled(case.description, texts).strip(),
            counted_changes=said.get("handoffs_counted"),
            counted_reopenings=said.get("reopenings_counted"),
            kept={name: plain(value) for name in case.keep if (value := said.get(f"keep.{name}")) is not None},
            missing=tuple(missing),
            **{name: said.get(name, value) for name, value in constants.items()},
        )

    def _last_texts(self, kept: Sequence[Kept]) -> dict[str, str]:
        found = {}
        for column, place in self._texts.items():
            said = (text for item in reversed(kept) if (text := item.fields[place].strip()) not in self._nothing)
            found[column] = next(said, "–")
        return found


def _check_has_owner(story: Story, category: Term, line: int) -> None:
    """A case that is resolved but not closed is still this desk's to close or reopen: it needs an owner here, and the
    moment from which on the time for closing counts."""
    if story.status == "closed":
        return
    if story.resolved_at is None:
        message = "the case is resolved but not closed there, and it is not said when: say it, or close it there"
        raise Implausible("resolved, not closed", message, line)
    if story.team is not None and story.team.here and category.here:
        return
    raise Implausible(
        "resolved, not closed",
        "the case is resolved but not closed there, and its team or category is none of this desk: map both to this "
        "desk's by their tables, or close it there",
        line,
    )


def _digest(kept: Sequence[Kept]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for item in kept:
        found.update("\x1f".join(item.fields).encode())
        found.update(b"\x1e")
    return found.hexdigest()
