"""Which visibility classes guard the rows of an edition, for pages on which rows are read and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from playbook.core.diff.comparing import Edit
from playbook.core.diff.guarding import guards, guards_inside
from playbook.core.diff.value import ABSENT, EDITION, Address, Content
from playbook.core.diff.words import Side, Telling
from playbook.core.entries import OUTSIDE, section_of
from playbook.core.entries import Address as RowAddress


class Guarded(NamedTuple):
    """Classes without which nothing is said of a row, and those without which not all of it may be read."""

    thing: frozenset[str]
    parts: frozenset[str]


def address_in_difference(row: RowAddress) -> Address:
    """Where a row of an edition stands in the difference, which knows pages by language and key together, and names
    what else is nested by the first key and a path."""
    part = EDITION if row.section in OUTSIDE else row.part
    if section_of(row).shape == "nested" and row.section != "pages":
        first, _, second = row.key.partition("/")
        return Address(part, row.section, first, (second,))
    return Address(part, row.section, row.key or None)


def content_of_document(document: Mapping[str, Any]) -> Content:
    """What an edition says as it is written, whether or not it would compile."""
    pages = document.get("pages") or {}
    return Content(
        document.get("policy") or {},
        {f"{language}/{key}": text for language, texts in pages.items() for key, text in texts.items()},
        tuple(document.get("scenarios") or ()),
        document.get("successors") or {},
    )


class Guards:
    """Asks of rows which classes guard them, in a draft and in what it was written from."""

    def __init__(self, old: Content, new: Content) -> None:
        self._telling = Telling(Side(old), Side(new))

    def of(self, row: RowAddress, *bodies: Any) -> Guarded:
        """What guards a row that says any of these. A row was as secret as it is, and is as secret as it was."""
        address = address_in_difference(row)
        thing: frozenset[str] = frozenset()
        parts: frozenset[str] = frozenset()
        for body in bodies:
            edit = Edit(address.place, address, ABSENT, body)
            thing |= guards(self._telling, edit)
            parts |= guards_inside(self._telling, edit)
        return Guarded(thing, thing | parts)
