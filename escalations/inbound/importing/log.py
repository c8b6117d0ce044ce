"""A log of another desk, read by its mapping: past cases and refusals, one by one, whatever the size of the file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from escalations.core.past import PastCase, Plan, Refusal
from escalations.inbound.importing.lines import Record, open_text, records
from escalations.inbound.importing.mapping import Mapping, MappingError
from escalations.inbound.importing.reader import CaseReader
from escalations.inbound.importing.spool import Kept, Spool
from escalations.inbound.importing.values import no_term

LONGEST_ID = 64


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
                self._fill(records(stream, delimiter=mapping.delimiter, multiline=mapping.multiline), str(path))
            self.total = self._spool.count()
            self._reader = CaseReader(mapping, self._header, now=now)
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
            no_team=no_term(self.mapping.step.team),
            no_category=no_term(case.category),
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
