"""Acts on editions: begin a draft, compile it, mark it as published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from escalations.core.canonical import canonical, digest_of
from escalations.errors import Refused
from escalations.models import PolicyVersion
from playbook.core.compiling import Compiled, compile_source, with_horizon
from playbook.core.entries import Entry as Row
from playbook.core.entries import join, split
from playbook.core.public_holidays import default_years
from playbook.core.rows import of_the_address
from playbook.core.source import Problem, Source, SourceError
from playbook.models import Edition, Entry


def begin_edition(
    *,
    source: Source,
    now: dt.datetime,
    origin: str = "",
    base: PolicyVersion | None = None,
    by: Any = None,
) -> Edition:
    """Keep an edition as written, as a draft. `origin` says which preset or file it came from.

    Its rows are kept beside it: from then on they are what is written. An edition that names no horizon for public
    holidays gets one here (last year to three years ahead), and keeps it: compiling the same draft again, in any year,
    gives the same digest. Raises SourceError when the document is not an edition at all, or cannot be taken apart into
    rows; everything else is found by compiling. Two queries, and one for every 500 rows.
    """
    if "policy" not in source.document:
        raise SourceError(
            Problem("document", "this is no edition: write `edition: 1` and put the policy document under `policy`")
        )
    whole = with_horizon(source, default_years(now.date())).document
    policy = whole["policy"]
    title = policy.get("title") if isinstance(policy, dict) else None  # until its author gives it one
    rows = split(Source(whole, source.marks))
    if wrong := [Problem(str(row.address), str(problem)) for row in rows for problem in of_the_address(row.address)]:
        raise SourceError(*wrong)
    with transaction.atomic():
        edition = Edition.objects.create(
            title=str(title or "Untitled")[:120],
            origin=origin[:200],
            base_version=base,
            source=canonical(whole).decode(),
            source_digest=digest_of(whole),
            created_at=now,
            created_by=by,
        )
        Entry.objects.bulk_create(
            (
                Entry(edition=edition, **row.address._asdict(), position=number, body=canonical(row.body).decode())
                for number, row in enumerate(rows)
            ),
            batch_size=500,
        )
    return edition


def written(edition: Edition, kept: Iterable[Entry] | None = None) -> dict[str, Any]:
    """The edition that its rows make now, those that were taken out left away. `kept` are these rows, in order, for a
    caller who has them; otherwise one query."""
    if kept is None:
        kept = Entry.objects.filter(edition=edition, removed=False).order_by("position", "id")
    return join(Row(entry.address, entry.says) for entry in kept)


@transaction.atomic
def compile_edition(*, edition_id: int, now: dt.datetime, marks: Source | None = None) -> Edition:
    """Compile a draft from its rows: policy document, pages, digests, warnings. Compiling it again gives the same.

    `marks` is the source as it was read, so that problems name file and line. Raises SourceError with every problem
    (broken references, lint errors, failing scenarios), and Refused for an edition that was published or withdrawn;
    nothing is written then.
    """
    edition = Edition.objects.select_for_update().defer(None).get(pk=edition_id)
    if edition.state not in (Edition.State.DRAFT, Edition.State.COMPILED):
        raise Refused(f"This edition is {edition.get_state_display()}; begin a new one from it.")
    document = written(edition)
    compiled = compile_source(Source(document, marks.marks if marks is not None else {}))
    edition.source, edition.source_digest = canonical(document).decode(), digest_of(document)
    _put(edition, compiled)
    edition.state, edition.compiled_at = Edition.State.COMPILED, now
    edition.save()
    return edition


def _put(edition: Edition, compiled: Compiled) -> None:
    edition.document = canonical(compiled.policy.document()).decode()
    edition.policy_digest = compiled.policy.digest
    edition.edition_digest = compiled.digest
    edition.part_digests = compiled.policy.part_digests
    edition.pages = compiled.pages
    edition.successors = {section: dict(keys) for section, keys in compiled.successors.items()}
    edition.warnings = [str(problem) for problem in compiled.warnings]
    edition.notes = dict(compiled.notes)


def mark_published(*, edition: Edition, version: PolicyVersion) -> None:
    """Close an edition that has become a policy version. It never changes again.

    Raises Refused when the version is not this edition's.
    """
    if version.edition_digest != edition.edition_digest:
        raise Refused(f"Version {version.number} was made of another edition than {edition}.")
    Edition.objects.filter(pk=edition.pk).update(state=Edition.State.PUBLISHED, effective_at=version.effective_at)
    edition.state, edition.effective_at = Edition.State.PUBLISHED, version.effective_at
