"""What versions and editions say, as the values that the difference compares."""

from __future__ import annotations

import json
from typing import Any

from escalations.models import PolicyVersion
from playbook.core.compiling import Compiled
from playbook.core.diff import Address, Content
from playbook.core.diff.guarded_rows import address_in_difference, content_of_document
from playbook.core.pages import named
from playbook.models import Edition, Entry
from playbook.selectors.reading import book_of


def of_version(version: PolicyVersion) -> Content:
    """What a version says, with the scenarios and successors of the edition that it was made of, where this desk keeps
    that. One query beside those of `book_of`."""
    book = book_of(version)
    kept = Edition.objects.published_as(version.edition_digest).values_list("source", "successors").first()
    source, successors = kept if kept is not None else ("{}", {})
    return Content.of(book.policy, book.pages, scenarios_of(json.loads(source)), successors)


def of_edition(edition: Edition) -> Content:
    """What a compiled edition says, as it was compiled. No query where its two large columns were read."""
    source = json.loads(edition.source)
    return Content(
        json.loads(edition.document), named(source.get("pages", {})), scenarios_of(source), edition.successors
    )


def of_compiled(compiled: Compiled, document: dict[str, Any]) -> Content:
    """What a compiled edition says; `document` is the edition as written, where its scenarios stand."""
    return Content.of(compiled, scenarios=scenarios_of(document))


def as_written(document: dict[str, Any]) -> Content:
    """What an edition as written says, whether or not it compiles."""
    return content_of_document(document)


def scenarios_of(document: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The scenarios of an edition as written."""
    return tuple(document.get("scenarios") or ())


def rationales(edition_id: int) -> dict[Address, str]:
    """Why rows of an edition were changed, by their address in the difference. One query."""
    rows = Entry.objects.filter(edition_id=edition_id).exclude(rationale="")
    return {address_of(row): row.rationale for row in rows}


def address_of(entry: Entry) -> Address:
    """Where a row of an edition stands in the difference."""
    return address_in_difference(entry.address)
