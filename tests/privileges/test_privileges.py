"""The table of who may do what is true: every cell is tried, through the door or page that people use."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.db import transaction

from escalations.core import lifecycle, privileges
from escalations.core.privileges import COLUMNS
from escalations.errors import NotAllowed
from escalations.models import Case
from tests.factories.desk import Desk, desk
from tests.privileges import at_the_desk, on_cases, on_pages
from tests.privileges.office import AT, Office, Tried

__all__ = ["desk"]

READ = Path(__file__).parents[1] / "data" / "privileges.md"
CODE = Path(privileges.__file__)
WRITE = bool(os.environ.get("THROUGHLINE_WRITE_PRIVILEGES"))


@pytest.fixture
def office(desk: Desk) -> Iterator[Office]:
    with time_machine.travel(AT, tick=False):
        yield Office(desk)


def cell(row: Tried, who: str) -> str:
    """What the table should say of this act for this person: each way is really tried, and taken back."""
    open_ = [way.word for way in row.ways if _succeeds(row, way.go, who)]
    if len(open_) == len(row.ways):
        return "yes"
    return ", ".join(open_) or "no"


def _succeeds(row: Tried, go: object, who: str) -> bool:
    with transaction.atomic():
        try:
            with transaction.atomic():
                go(who)  # type: ignore[operator]
        except (NotAllowed, Case.DoesNotExist, *row.refusals):
            return False
        except Exception as error:
            raise AssertionError(f"{row.key} as {who} could not be tried: {error!r}") from error
        finally:
            transaction.set_rollback(True)
    return True


def differences(tried: list[Tried]) -> list[str]:
    """What the table says otherwise than it is."""
    said = {row.key: row for row in privileges.ROWS}
    found = {row.key: {who: cell(row, who) for who in COLUMNS} for row in tried}
    if WRITE:
        _write(tried, found)
        return []
    missing = [f"{key}: not in the table" for key in found if key not in said and set(found[key].values()) != {"no"}]
    return missing + [
        f"{key}, {who}: the table says {said[key].cells[who]!r}, it is {is_!r}"
        for key, cells in found.items()
        if key in said
        for who, is_ in cells.items()
        if said[key].cells[who] != is_
    ]


def _write(tried: list[Tried], found: dict[str, dict[str, str]]) -> None:
    """Take what was found into the table, in its place; rows that were not tried here stay."""
    kept = {row.key: (row.section, row.label, row.cells) for row in privileges.ROWS}
    for row in tried:
        kept[row.key] = (row.section, row.label, found[row.key])
        if row.section == on_pages.WRITTEN and set(found[row.key].values()) == {"no"}:
            del kept[row.key]
    text = CODE.read_text()
    made = privileges.written(privileges.Row(key, *rest) for key, rest in kept.items())
    CODE.write_text(re.sub(r'TABLE = """\\\n.*?"""', lambda _: f'TABLE = """\\\n{made}"""', text, flags=re.S))
    privileges.ROWS = privileges.read(made)
    READ.write_text(privileges.as_markdown())


def test_acts_on_cases(office: Office) -> None:
    assert differences(on_cases.rows(office)) == []


def test_doors_of_the_desk(office: Office) -> None:
    assert differences(at_the_desk.rows(office)) == []


def test_pages(office: Office) -> None:
    assert differences(on_pages.rows(office)) == []


def test_every_row_of_the_table_is_tried(office: Office) -> None:
    tried = [row for room in (on_cases, at_the_desk, on_pages) for row in room.rows(office)]
    assert len(tried) == len({row.key for row in tried})
    assert {row.key for row in privileges.ROWS} - {row.key for row in tried} == set()
    assert {row.key: (row.section, row.label) for row in tried if row.key in {r.key for r in privileges.ROWS}} == {
        row.key: (row.section, row.label) for row in privileges.ROWS
    }


def test_every_act_has_a_row() -> None:
    assert set(lifecycle.ACTS) - {row.key for row in privileges.ROWS} == set()


def test_the_table_that_people_read_is_the_same() -> None:
    """Regenerate both with THROUGHLINE_WRITE_PRIVILEGES=1, and read the difference before it is committed."""
    assert READ.read_text() == privileges.as_markdown()
