"""Walking the access log: the chain of each person, and the reviews beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import transaction

from escalations import keys
from escalations.core import chain
from escalations.core.canonical import canonical
from escalations.core.chain import Break
from escalations.core.watching import REVIEW
from escalations.models import AccessEntry, AccessHead, AccessReview, User
from escalations.services.verifying.finding import Finding

_ENTRY = ("chain", "seq", "kind", "at", "data", "prev", "mac", "key_id")
_HEAD = ("seq", "mac", "head_mac", "key_id")
_CHUNK = 2000
_NOBODY = "nobody signed in"


def walk(
    tell: Callable[[Finding | None], None],
    walked: Counter[str],
    progress: Callable[[], None],
    *,
    only: int | None = None,
) -> None:
    """Verify the chains of all people, or of one. Heads are few, one a person; entries are read once and not kept."""
    heads = {row[0]: chain.Head(*row[1:]) for row in AccessHead.objects.values_list("chain", *_HEAD)}
    entries = AccessEntry.objects.order_by("chain", "seq").values_list(*_ENTRY)
    reviewed: set[int] = set()
    for number, group in groupby(entries.iterator(chunk_size=_CHUNK), key=itemgetter(0)):
        links = _counted(group, walked, reviewed)
        found = chain.verify(keys.chain_keys(), number, links, heads.pop(number, None), "access")
        for _rest in links:
            pass
        if found is not None:
            tell(_again(number))
        progress()
    for number in heads:
        tell(_again(number))
    for review in _unproved(reviewed):
        tell(review)


def _counted(group: Iterator[tuple[Any, ...]], walked: Counter[str], reviewed: set[int]) -> Iterator[chain.Link]:
    for row in group:
        walked["access entries"] += 1
        if row[2] == REVIEW:
            reviewed.update(_entries(row[4]))
        yield _link(row)


def _entries(data: Any) -> list[int]:
    """The entries that a review names; none where somebody has put something else there."""
    found = data.get("entries") if isinstance(data, dict) else None
    return [pk for pk in found if isinstance(pk, int)] if isinstance(found, list) else []


def _link(row: tuple[Any, ...]) -> chain.Link:
    _, seq, kind, at, data, prev, mac, key_id = row
    return chain.Link(seq, kind, "", "", at, canonical(data).decode(), chain.NO_PAYLOAD, "", prev, mac, key_id)


def _again(number: int) -> Finding | None:
    with transaction.atomic():
        row = AccessHead.objects.select_for_update().filter(pk=number).values_list(*_HEAD).first()
        rows = AccessEntry.objects.filter(chain=number).order_by("seq").values_list(*_ENTRY)
        end = chain.Head(*row) if row is not None else None
        links = map(_link, rows.iterator(chunk_size=_CHUNK))
        found = chain.verify(keys.chain_keys(), number, links, end, "access")
    if found is None:
        return None
    name = str(User.objects.filter(pk=number).first() or f"person {number}") if number else _NOBODY
    said = Break(found.seq, found.how, found.message.replace("event", "entry").replace("the case", "the access log"))
    return Finding.of("access", number, name, said)


def _unproved(reviewed: set[int]) -> Iterator[Finding]:
    """Reviews that no entry of the reviewer's own chain records as they stand, and recorded ones that are gone."""
    rows = AccessReview.objects.values_list(
        "entry_id", "by_id", "note", "at", "recorded__kind", "recorded__chain", "recorded__at", "recorded__data"
    )
    for entry, by, note, at, kind, number, recorded_at, data in rows.iterator(chunk_size=_CHUNK):
        reviewed.discard(entry)
        holds = kind == REVIEW and number == by and recorded_at == at
        if not holds or entry not in _entries(data) or data.get("note", "") != note:
            say = f"the review of entry {entry} is not the one that its reviewer's access log records"
            yield Finding("access", by, f"review of entry {entry}", 0, "altered", say)
    for entry in sorted(reviewed):
        name = f"review of entry {entry}"
        yield Finding("access", entry, name, 0, "missing", f"the {name} is gone: its reviewer's access log records it")
