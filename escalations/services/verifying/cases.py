"""Walking the cases: batches by id, each a few queries, merged as they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Model, QuerySet

from escalations import keys
from escalations.core import chain, proving
from escalations.core.canonical import canonical
from escalations.core.chain import Break
from escalations.models import CHAIN_FIELDS, Case, Event
from escalations.services import record
from escalations.services.verifying.finding import Finding

BATCH = 500
_CHUNK = 2000
_EVENT = (
    *("case_id", "seq", "kind", "actor_kind", "actor_id", "at", "data", "commitment", "history_digest", "prev", "mac"),
    *("key_id", "payload__salt", "payload__body"),
)
_CASE = (*record.TRACKED, *CHAIN_FIELDS)
_HISTORY = (*record.TRACKED, *record.ABOUT)
_ID = record.TRACKED.index("id")


class Stored(NamedTuple):
    """Everything that is stored of one case: its row (None when only leavings are there), events, history rows."""

    id: int
    case: dict[str, Any] | None
    events: list[tuple[Any, ...]]
    history: list[tuple[Any, ...]]


def walk(
    tell: Callable[[Finding | None], None],
    walked: Counter[str],
    progress: Callable[[], None],
    *,
    only: int | None = None,
) -> None:
    """Verify all cases, or one. Counts what was walked as it goes."""
    for batch in [_one(only)] if only is not None else _batches():
        for stored in batch:
            walked["cases"] += stored.case is not None
            walked["events"] += len(stored.events)
            walked["history rows"] += len(stored.history)
            if check(stored) is not None:
                tell(_again(stored.id))
        progress()


def check(stored: Stored) -> Break | None:
    """The first thing of a stored case that does not hold."""
    if stored.case is None:
        left = f"{len(stored.events)} events and {len(stored.history)} history rows are there without their case"
        return Break(0, "removed", f"the case is gone: {left}")
    values = stored.case
    end = None
    if values["chain_seq"] or values["chain_mac"] or values["head_mac"] or values["key_id"]:
        end = chain.Head(values["chain_seq"], values["chain_mac"], values["head_mac"], values["key_id"])
    found = chain.verify(keys.chain_keys(), stored.id, map(_link, stored.events), end)
    if found is None:
        found = next(filter(None, map(_words, stored.events)), None)
    if found is None:
        changed = record.attested((row[2], row[6]) for row in stored.events)
        sealed = [(row[1], record.digest_now(row[8], changed)) for row in stored.events if row[8]]
        rows = [dict(zip(_HISTORY, row[1:], strict=True)) for row in stored.history]
        found = proving.history_holds(
            sealed,
            [
                proving.HistoryRow(row[0], record.history_digests(values))
                for row, values in zip(stored.history, rows, strict=True)
            ],
        )
        if found is None and rows:
            last = {name: rows[-1][name] for name in record.TRACKED}
            found = proving.state_holds(values["chain_seq"], last, values)
    if found is None and not stored.events:
        found = Break(0, "truncated", "the case has no events: each has one from its first moment")
    return found


def _again(pk: int) -> Finding | None:
    """A case that did not fit, read once more while nobody can write it: was it merely read in the middle of an act?"""
    with transaction.atomic():
        Case.objects.select_for_update(of=("self",)).filter(pk=pk).first()
        (stored,) = _one(pk)
        found = check(stored)
    if found is None:
        return None
    name = stored.case["reference"] if stored.case else f"case {pk}"
    return Finding.of("case", pk, name, found)


# -------------------------------------------------------------------------------------------------------------- reading


def _one(pk: int) -> list[Stored]:
    rows = list(Case.objects.filter(pk=pk).values_list(*_CASE))
    return list(_merged([pk], rows, _events().filter(case_id=pk), _history().filter(id=pk)))


def _batches() -> Iterator[Iterator[Stored]]:
    """The cases by id, and whatever is stored under an id that no case has."""
    after: int | None = None
    while True:
        cases, events, history = Case.objects.order_by("pk"), _events(), _history()
        if after is not None:
            cases, events, history = (
                cases.filter(pk__gt=after), events.filter(case_id__gt=after), history.filter(id__gt=after)
            )  # fmt: skip
        rows = list(cases.values_list(*_CASE)[:BATCH])
        whole = len(rows) == BATCH
        if whole:
            after = rows[-1][_ID]
            events, history = events.filter(case_id__lte=after), history.filter(id__lte=after)
        yield _merged(None, rows, events, history)
        if not whole:
            return


def _events() -> QuerySet[Event, tuple[Any, ...]]:
    return Event.objects.order_by("case_id", "seq").values_list(*_EVENT)


def _history() -> QuerySet[Model, tuple[Any, ...]]:
    rows: QuerySet[Model, tuple[Any, ...]] = record.HistoricalCase.objects.order_by("id", "history_id")
    return rows.values_list("history_id", *_HISTORY)


def _merged(
    wanted: Iterable[int] | None,
    cases: list[tuple[Any, ...]],
    events: QuerySet[Any, Any],
    history: QuerySet[Any, Any],
) -> Iterator[Stored]:
    """Rows of three tables, each in the order of the case's id, as one case after the other."""
    own = {row[_ID]: dict(zip(_CASE, row, strict=True)) for row in cases}
    happened = _grouped(events, itemgetter(0))
    kept = _grouped(history, itemgetter(1 + _ID))
    rest = {"events": next(happened, None), "history": next(kept, None)}
    ids = sorted({*own, *(wanted or ())})
    while ids or any(rest.values()):
        heads = [group[0] for group in rest.values() if group is not None]
        pk = min([*heads, *ids[:1]])
        if ids and ids[0] == pk:
            ids.pop(0)
        found: dict[str, list[Any]] = {"events": [], "history": []}
        for name, source in (("events", happened), ("history", kept)):
            group = rest[name]
            if group is not None and group[0] == pk:
                found[name], rest[name] = group[1], next(source, None)
        yield Stored(pk, own.get(pk), found["events"], found["history"])


def _grouped(rows: QuerySet[Any, Any], of: Callable[[Any], int]) -> Iterator[tuple[int, list[Any]]]:
    for pk, group in groupby(rows.iterator(chunk_size=_CHUNK), key=of):
        yield pk, list(group)


def _link(row: tuple[Any, ...]) -> chain.Link:
    _, seq, kind, actor_kind, actor_id, at, data, commitment, history_digest, prev, mac, key_id, *_words = row
    text = canonical(data).decode()
    return chain.Link(seq, kind, actor_kind, actor_id, at, text, commitment, history_digest, prev, mac, key_id)


def _words(row: tuple[Any, ...]) -> Break | None:
    salt, body = row[12:]
    return proving.words_hold(row[1], row[7], None if salt is None else proving.Kept(salt, canonical(body)))
