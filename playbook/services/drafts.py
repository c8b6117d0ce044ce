"""Writing a draft: begun from the edition in force or from a file, changed row by row, each change with its reason."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Max

from escalations.core.canonical import canonical
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import PolicyText, PolicyVersion, User
from playbook.core import rows
from playbook.core.compiling import examine
from playbook.core.entries import Address, finder, section_of, split
from playbook.core.entries import Entry as Row
from playbook.core.source import Problem, Source
from playbook.core.writing import as_yaml
from playbook.models import Edition, Entry
from playbook.services.editions import begin_edition, compile_edition, written

MAY_WRITE = "playbook.write_edition"
"""The permission to write drafts. Bringing one into force is another matter, and another app's."""

_GONE = "That row is not there any more: somebody has put the draft back to what it was there."

OPEN = (Edition.State.DRAFT, Edition.State.COMPILED)
"""States in which an edition may still be written."""


def begin_draft(*, base: PolicyVersion, title: str, actor: User, now: dt.datetime) -> Edition:
    """Begin a draft as a copy of the edition that a version was made of, row by row.

    Raises NotAllowed. About ten queries, whatever the number of rows.
    """
    _may_write(actor)
    with transaction.atomic():
        edition = begin_edition(source=source_of(base), now=now, origin=f"version {base.number}", base=base, by=actor)
        Entry.objects.filter(edition=edition).update(before=F("body"))
        _name(edition, title)
    return edition


def _name(edition: Edition, title: str) -> None:
    """Give a draft its author's working title. That of the playbook itself is a row of it."""
    if title.strip() and title.strip() != edition.title:
        edition.title = title.strip()[:120]
        edition.save(update_fields=["title"])


def source_of(version: PolicyVersion) -> Source:
    """The edition that a version was made of, as it was written. A version whose edition this desk does not keep is
    put together from its document and pages; its scenarios are not part of it then. Two or three queries."""
    kept = Edition.objects.published_as(version.edition_digest).first()
    if kept is not None:
        return Source(written(kept) or json.loads(kept.source))  # without rows: from before there were any
    texts = dict(PolicyText.objects.filter(digest__in=set(version.pages.values())).values_list("digest", "body"))
    pages: dict[str, dict[str, str]] = {}
    for name, digest in version.pages.items():
        language, _, key = name.partition("/")
        pages.setdefault(language, {})[key] = texts[digest]
    whole = PolicyVersion.objects.defer(None).get(pk=version.pk)
    return Source({"edition": 1, "policy": json.loads(whole.document), **({"pages": pages} if pages else {})})


def as_file(edition: Edition) -> str:
    """The edition as one YAML file. Read with `source.parse` and begun from again, it is the same edition, with
    the same digests. One query."""
    return as_yaml(written(edition))


def begin_from_file(
    *, source: Source, origin: str, base: PolicyVersion | None, actor: User, now: dt.datetime, title: str = ""
) -> Edition:
    """Begin a draft from an edition that was written elsewhere. With a `base`, its rows are compared with that one's.
    Without a `title`, the draft is called as the file calls its playbook.

    Raises NotAllowed, and SourceError for a document that is no edition.
    """
    _may_write(actor)
    with transaction.atomic():
        edition = begin_edition(source=source, now=now, origin=origin, base=base, by=actor)
        _name(edition, title)
        if base is not None:
            _compare(edition, source_of(base))
    return edition


def begin_again(*, version: PolicyVersion, base: PolicyVersion, title: str, actor: User, now: dt.datetime) -> Edition:
    """Begin a draft that says again what an earlier version said, compared with `base`: the way back from a change that
    proved wrong. It is proposed and approved as any other. Raises NotAllowed."""
    origin = f"version {version.number}"
    return begin_from_file(source=source_of(version), origin=origin, base=base, title=title, actor=actor, now=now)


def _compare(edition: Edition, base: Source) -> None:
    """Say of each row what it was in the base, and keep the base's other rows as taken out."""
    before = {entry.address: canonical(entry.body).decode() for entry in split(base)}
    there = {entry.address: entry for entry in Entry.objects.filter(edition=edition)}
    for address, entry in there.items():
        entry.before = before.get(address, "")
    Entry.objects.bulk_update(there.values(), ["before"], batch_size=500)
    gone = [(address, body) for address, body in before.items() if address not in there]
    Entry.objects.bulk_create(
        Entry(edition=edition, **address._asdict(), position=number, body=body, before=body, removed=True)
        for number, (address, body) in enumerate(gone, start=len(there))
    )


def write_entry(
    *,
    edition_id: int,
    address: Address,
    body: Any,
    actor: User,
    now: dt.datetime,
    rationale: str = "",
    version: int | None = None,
) -> Entry:
    """Write one row of a draft: a new one at the end of its section, or another body for one that is there.

    `version` is that of the row that the author saw; None for a new row. What others wrote in between is not
    overwritten. A row must be well written in itself; whether all of them work together is found by compiling.

    Raises NotAllowed; Refused for an edition that is no draft any more, a row that has changed since, a new row whose
    key is taken; Invalid, naming the field, for a body that cannot be.
    """
    try:
        wrong = list(rows.problems(address, body))
    except LookupError as error:
        raise Invalid("section", str(error)) from None
    if wrong:
        raise Invalid(wrong[0].place, "; ".join(str(problem) for problem in wrong))
    with _writing(edition_id, actor) as edition:
        entry = Entry.objects.filter(edition=edition, **address._asdict()).first()
        if entry is None:
            if version is not None:
                raise Refused(f"{address} is not there any more. Write it as a new row if it is still wanted.")
            last = Entry.objects.filter(edition=edition).aggregate(last=Max("position"))["last"]
            entry = Entry(edition=edition, **address._asdict(), position=(last or 0) + 1, version=0)
        elif version is not None:
            _unchanged(entry, version)
        elif not entry.removed:
            raise Refused(f"There is {address} already: open it to change it, or choose another key.")
        _keep_begun(entry, edition)
        entry.body, entry.removed = canonical(body).decode(), False
        _sign(entry, actor, now, rationale)
    return entry


def remove_entry(*, entry_id: int, version: int, actor: User, now: dt.datetime, rationale: str) -> Entry:
    """Take a row out of a draft. It stays with its reason until the edition is published; `restore_entry` puts it back.

    Raises NotAllowed, Invalid without a reason, Refused as `write_entry` does.
    """
    if not rationale.strip():
        raise Invalid("rationale", "Say why it goes: whoever decides on the draft reads it.")
    with _writing_row(entry_id, version, actor) as entry:
        if section_of(entry.address).key == "settings":
            raise Refused("An edition has its settings always.")
        entry.removed = True
        _sign(entry, actor, now, rationale)
    return entry


def restore_entry(*, entry_id: int, version: int, actor: User, now: dt.datetime) -> Entry | None:
    """Make a row again what it was in the edition that the draft was written from. A row that was new goes, None is
    returned, and its history stays. Raises NotAllowed and Refused."""
    with _writing_row(entry_id, version, actor) as entry:
        if not entry.before:
            entry._history_user, entry._history_date = actor, now  # type: ignore[attr-defined]
            entry.delete()
            return None
        entry.body, entry.removed = entry.before, False
        _sign(entry, actor, now, "")
    return entry


def move_entry(*, entry_id: int, before_id: int | None, version: int, actor: User, now: dt.datetime) -> None:
    """Put a row of an ordered section before another one of it, or at its end. Raises NotAllowed, Invalid, Refused."""
    with _writing_row(entry_id, version, actor) as entry:
        if section_of(entry.address).shape != "listed":
            raise Invalid("section", "These rows have no order of their own.")
        beside = Entry.objects.filter(edition=entry.edition_id, part=entry.part, section=entry.section)
        order = [row for row in beside.order_by("position", "id") if row.pk != entry.pk]
        places = sorted(row.position for row in (*order, entry))
        at = next((number for number, row in enumerate(order) if row.pk == before_id), None)
        if before_id is not None and at is None:
            raise Invalid("before", "That row is in another section.")
        order.insert(len(order) if at is None else at, entry)
        for row, place in zip(order, places, strict=True):
            row.position = place
        Entry.objects.bulk_update(order, ["position"])
        _sign(entry, actor, now, entry.rationale)


def withdraw(*, edition_id: int, actor: User, now: dt.datetime, reason: str) -> None:
    """Give a draft up. It stays to be read, with who gave it up and why; nobody writes it any more.

    Raises NotAllowed, Invalid without a reason, Refused.
    """
    if not reason.strip():
        raise Invalid("reason", "Say why the draft is given up: others may have written in it.")
    with _writing(edition_id, actor) as edition:
        edition.state = Edition.State.WITHDRAWN
        edition.withdrawn_at, edition.withdrawn_by, edition.withdrawn_reason = now, actor, reason.strip()
        edition.save(update_fields=["state", "withdrawn_at", "withdrawn_by", "withdrawn_reason"])


def compile_draft(*, edition_id: int, actor: User, now: dt.datetime) -> Edition:
    """Compile a draft, for an author: as `compile_edition`, with what that raises, and NotAllowed."""
    _may_write(actor)
    return compile_edition(edition_id=edition_id, now=now)


@dataclass(frozen=True, slots=True)
class Found:
    """One thing to look at in a draft: what it is, whether it keeps the draft from compiling, and the row that causes
    it (None for what is of the edition as a whole)."""

    problem: Problem
    stops: bool
    entry: Entry | None


def findings(edition: Edition, entries: Sequence[Entry] | None = None) -> list[Found]:
    """What compiling and lint find in a draft as it is written now, each with its row. Changes nothing. `entries` are
    all its rows in order, for a caller who has them; otherwise one query."""
    kept = [entry for entry in entries or entries_of(edition) if not entry.removed]
    by_address = {entry.address: entry for entry in kept}
    find = finder([Row(entry.address, entry.says) for entry in kept])
    examined = examine(Source(written(edition, kept)))

    def row(problem: Problem) -> Entry | None:
        address = find(problem.path) if problem.path else None
        return by_address.get(address) if address is not None else None

    return [
        Found(problem, stops, row(problem))
        for stops, problems in ((True, examined.errors), (False, examined.warnings))
        for problem in problems
    ]


def entries_of(edition: Edition) -> Sequence[Entry]:
    """All rows of an edition, those that were taken out included, in reading order. One query."""
    return list(Entry.objects.filter(edition=edition).order_by("position", "id"))


# ---------------------------------------------------------------------------------------------------------- within it


def _may_write(actor: User) -> None:
    if not actor.has_perm(MAY_WRITE):
        raise NotAllowed("Drafts of the playbook are written by those whose role says so.")


@contextmanager
def _writing(edition_id: int, actor: User) -> Iterator[Edition]:
    """A draft that may be written, locked; afterwards it is to be compiled anew."""
    _may_write(actor)
    with transaction.atomic():
        edition = Edition.objects.select_for_update().get(pk=edition_id)
        if edition.state not in OPEN:
            raise Refused(f"This edition is {edition.get_state_display()}; begin a new draft from it.")
        yield edition
        if edition.state == Edition.State.COMPILED:
            edition.state, edition.edition_digest, edition.policy_digest = Edition.State.DRAFT, "", ""
            edition.part_digests = {}
            edition.save(update_fields=["state", "edition_digest", "policy_digest", "part_digests"])


@contextmanager
def _writing_row(entry_id: int, version: int, actor: User) -> Iterator[Entry]:
    edition_id = Entry.objects.values_list("edition_id", flat=True).filter(pk=entry_id).first()
    if edition_id is None:
        raise Refused(_GONE)
    with _writing(edition_id, actor) as edition:
        entry = Entry.objects.filter(pk=entry_id).first()
        if entry is None:
            raise Refused(_GONE)
        _unchanged(entry, version)
        _keep_begun(entry, edition)
        yield entry


def _unchanged(entry: Entry, version: int) -> None:
    if entry.version != version:
        who = f" by {entry.changed_by}" if entry.changed_by else ""
        raise Refused(f"{entry.address} was changed{who} since you opened it. Look at it again, then write yours.")


def _keep_begun(entry: Entry, edition: Edition) -> None:
    """Put on record what a row said when the draft was begun, before it says anything else for the first time.

    Not for every row at the beginning: most are never changed, and there are hundreds.
    """
    if entry.pk is None or entry.changed_at is not None or entry.history.exists():
        return
    Entry.history.create(
        history_date=edition.created_at,
        history_type="+",
        history_user=edition.created_by,
        **{field.attname: getattr(entry, field.attname) for field in Entry.history.model.tracked_fields},
    )


def _sign(entry: Entry, actor: User, now: dt.datetime, rationale: str) -> None:
    entry.rationale = rationale.strip()
    entry.changed_by, entry.changed_at, entry.version = actor, now, entry.version + 1
    entry._history_user, entry._history_date = actor, now  # type: ignore[attr-defined]
    entry.save()
