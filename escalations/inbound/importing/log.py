"""A log of another desk, read by its mapping: past cases and refusals, one after the other, whatever the file's size."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

from escalations.core.past import EARLIEST, Implausible, PastCase, Plan, Reading, Refusal, Row, Story, Term, tell
from escalations.inbound.importing.lines import Record, open_text, records
from escalations.inbound.importing.mapping import Choice, Coded, Mapping, MappingError, Named, filled, places
from escalations.inbound.importing.spool import Kept, Spool

LONGEST_ID = 64
_NOT_A_KEY = re.compile(r"[^a-z0-9_.\-]+")
_IMPORTED = "imported:"


class BadValue(ValueError):
    """A value that its column cannot have. `about` is the class of fault."""

    def __init__(self, about: str, message: str) -> None:
        super().__init__(message)
        self.about = about


class _Field(NamedTuple):
    """One thing that the log says of a case as a whole: its name, its column's place, how to read a value."""

    name: str
    place: int
    read: Callable[[str], Any]


class Log:
    """A log whose rows have been brought together by case. Use as a context manager; it holds a temporary file.

    `rows` is the number of records, `total` the number of cases, refused ones included.
    """

    def __init__(self, path: str | Path, mapping: Mapping, *, now: dt.datetime) -> None:
        """Read the file through. Raises MappingError when the mapping does not fit it, OSError, lines.Damaged."""
        self.mapping = mapping
        self.rows = 0
        self._spool = Spool()
        try:
            with open_text(path, mapping.encoding) as stream:
                self._fill(records(stream, delimiter=mapping.delimiter), str(path))
            self.total = self._spool.count()
            self._reader = _CaseReader(mapping, self._header, now=now)
        except BaseException:
            self._spool.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.close()

    @property
    def plan(self) -> Plan:
        """What holds for every case of this log."""
        case = self.mapping.case
        return Plan(
            source=self.mapping.source,
            party_kind=case.party.kind,
            side=case.category.side,
            no_team=_no_term(self.mapping.step.team),
            no_category=_no_term(case.category),
        )

    def cases(self) -> Iterator[PastCase | list[Refusal]]:
        """Rows of which nobody can tell the case, each refused; then each case, or the refusals of all its bad rows.

        A case of which a row is refused is left out whole, so that it can be imported whole once the file is mended.
        """
        for line, about, message in self._spool.aside():
            yield [Refusal(line, "", about, message)]
        for external_id, kept in self._spool.cases():
            yield self._reader.case(external_id, kept)

    def _fill(self, found: Iterator[Record], path: str) -> None:
        header = next(found, None)
        if header is None:
            raise MappingError([(path, "the file is empty: it needs a header and rows")])
        if header.fault is not None:
            raise MappingError([(f"{path}, line {header.line}", f"the header cannot be read: {header.fault[1]}")])
        self._header = [name.strip() for name in header.fields]
        if twice := sorted({name for name in self._header if self._header.count(name) > 1}):
            raise MappingError([(path, f"columns stand twice in the header: {', '.join(twice)}; rename them")])
        self.mapping.check_columns(self._header)
        place, nothing = self._header.index(self.mapping.case.id), {"", *self.mapping.nothing}
        for record in found:
            self.rows += 1
            external_id = record.fields[place].strip() if place < len(record.fields) else ""
            fault = record.fault
            if external_id in nothing:
                fault = fault or ("no id", f"column {self.mapping.case.id!r} is empty: no case to put the row to")
                external_id = ""
            elif len(external_id) > LONGEST_ID or not external_id.isprintable():
                fault = fault or ("bad id", f"an id has at most {LONGEST_ID} printable characters")
                external_id = ""
            if external_id:
                self._spool.add(external_id, Kept(record.line, record.fields, fault))
            else:
                self._spool.set_aside(record.line, *(fault or ("no id", "it cannot be told of which case it is")))


class _CaseReader:
    """A mapping made ready for one header: reads the records of one case."""

    def __init__(self, mapping: Mapping, header: Sequence[str], *, now: dt.datetime) -> None:
        self._mapping = mapping
        self._header = list(header)
        self._nothing = frozenset({"", *mapping.nothing})
        self._zone: dt.tzinfo = dt.UTC if mapping.timezone == "UTC" else ZoneInfo(mapping.timezone)
        self._latest = now + dt.timedelta(days=1)
        case, step = mapping.case, mapping.step
        self._at = self._place(step.at), self._date(step.at)
        self._status = self._place(step.status.column), self._table(step.status.column, step.status.table, "state")
        self._team = (self._place(step.team.column), lru_cache(4096)(lambda value: _term(step.team, value)))
        self._fields = list(self._case_fields())
        self._texts = {
            name: self._place(name) for pattern in (case.summary, case.description) for name in places(pattern)
        }
        self._no_category = _no_term(case.category)
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
            ("party", case.party.column, lambda value: _cut(filled(case.party.key, {"value": value}), 64)),
            ("category", case.category.column, lambda value: _term(case.category, value)),
            ("symptom", case.symptom.column, lambda value: _code(case.symptom, value)),
            ("root_cause", case.root_cause.column, lambda value: _code(case.root_cause, value)),
            ("handoffs_counted", self._mapping.handoffs.counted, _whole),
            ("reopenings_counted", self._mapping.reopenings.counted, _whole),
        ]
        for name in ("severity", "channel", "region", "level", "language"):
            if isinstance(choice := getattr(case, name), Choice):
                named.append((name, choice.column, self._table(choice.column, choice.table, name)))
        for name, column in case.keep.items():
            named.append((f"keep.{name}", column, self._date(column) if column in self._mapping.dates else str))
        for name, column, read in named:
            if column is not None:
                yield _Field(name, self._place(column), _remembered(column, read))

    def _date(self, column: str) -> Callable[[str], dt.datetime]:
        form = self._mapping.dates.get(column, self._mapping.dates.get("default", "iso"))

        @lru_cache(8192)
        def read(text: str) -> dt.datetime:
            try:
                moment = dt.datetime.fromisoformat(text) if form == "iso" else dt.datetime.strptime(text, form)  # noqa: DTZ007
                moment = (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(dt.UTC)
            except (ValueError, OverflowError):
                raise BadValue(
                    f"date in {column}", f"{column}: {_short(text)} is not a date in the form {form}: mend it"
                ) from None
            if not EARLIEST <= moment <= self._latest:
                when = "before 1970" if moment < EARLIEST else "in the future"
                raise BadValue(f"date in {column}", f"{column}: {_short(text)} is {when}; is its form {form}?")
            return moment

        return read

    def _table(self, column: str, table: dict[str, Any], what: str) -> Callable[[str], Any]:
        def read(text: str) -> Any:
            try:
                return table[text]
            except KeyError:
                raise BadValue(
                    f"unknown {what}", f"{column}: {_short(text)} is not in the mapping's table of {what}: add it"
                ) from None

        return read

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
            raise Implausible("no opening", f"{case.opened_at} is empty in all its rows: when was it opened?", kept[0].line)
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
            summary=_cut(filled(case.summary, texts).strip() or external_id, 300),
            description=filled(case.description, texts).strip(),
            counted_changes=said.get("handoffs_counted"),
            counted_reopenings=said.get("reopenings_counted"),
            kept={name: _plain(value) for name in case.keep if (value := said.get(f"keep.{name}")) is not None},
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
    """A case that is resolved but not closed is still this desk's to close or reopen: it needs an owner here."""
    if story.status == "closed" or (story.team is not None and story.team.here and category.here):
        return
    raise Implausible(
        "resolved, not closed",
        "the case is resolved but not closed there, and its team or category is none of this desk: map both to this "
        "desk's by their tables, or close it there",
        line,
    )


def _term(named: Named, value: str) -> Term:
    if (key := named.table.get(value)) is not None:
        return Term(key, key, here=True)
    return Term(imported_key(filled(named.key, {"value": value})), _cut(filled(named.name, {"value": value}), 120), False)


def _no_term(named: Named) -> Term:
    return Term(imported_key(named.missing.key), named.missing.name, False)


def imported_key(text: str) -> str:
    """The registry key of something that exists only for the past. No key of a policy can equal it (they have no
    colon), and different texts give different keys."""
    return _IMPORTED + key_of(text, 64 - len(_IMPORTED))


def key_of(text: str, longest: int) -> str:
    """A text as a key. What had to be changed in it gets a mark of the original, so that no two texts fall together."""
    plain = _NOT_A_KEY.sub("-", text.lower()).strip("-")
    if plain == text and 0 < len(plain) <= longest:
        return plain
    mark = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    return f"{plain[: longest - 9]}-{mark}".strip("-")


def _code(coded: Coded, value: str) -> str:
    return coded.table.get(value) or key_of(filled(coded.key, {"value": value}), 64)


def _remembered(column: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A reader that remembers its answers, and says the column with what is wrong."""

    @lru_cache(8192)
    def remembered(text: str) -> Any:
        try:
            return read(text)
        except BadValue:
            raise
        except ValueError as error:
            raise BadValue(f"value in {column}", f"{column}: {error}") from None

    return remembered


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(f"{_short(text)} is not a whole number: mend it")
    return int(text)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _short(text: str) -> str:
    return repr(_cut(text, 40))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value


def _digest(kept: Sequence[Kept]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for item in kept:
        found.update("\x1f".join(item.fields).encode())
        found.update(b"\x1e")
    return found.hexdigest()
