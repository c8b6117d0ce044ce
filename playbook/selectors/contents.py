"""What versions and editions say, as the values that the difference compares."""

from __future__ import annotations

import json
from typing import Any

from escalations.models import PolicyText, PolicyVersion
from playbook.core.compiling import Compiled
from playbook.core.diff import Address, Content
from playbook.core.diff.guarded_rows import address_in_difference, content_of_document
from playbook.models import Edition, Entry


def of_version(version: PolicyVersion) -> Content:
    """What a version says: its document and pages, and the scenarios and successors of the edition that it was made
    of, where this desk keeps that. Three queries."""
    document = PolicyVersion.objects.filter(pk=version.pk).values_list("document", flat=True).get()
    texts = dict(PolicyText.objects.filter(digest__in=set(version.pages.values())).values_list("digest", "body"))
    kept = (
        Edition.objects.filter(edition_digest=version.edition_digest, state=Edition.State.PUBLISHED)
        .defer("document")
        .first()
    )
    return Content(
        json.loads(document),
        {name: texts[digest] for name, digest in version.pages.items()},
        scenarios_of(json.loads(kept.source)) if kept is not None else (),
        kept.successors if kept is not None else {},
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
