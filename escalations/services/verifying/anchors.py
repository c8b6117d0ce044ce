"""Holding the chains to what anchors have kept: their signatures, their own row, and every end in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import connection

from escalations import keys
from escalations.core import anchoring, proving
from escalations.core.anchoring import Said
from escalations.core.chain import Break
from escalations.models import AccessHead, Anchor, Case
from escalations.services.anchoring import Stored, files, stored
from escalations.services.verifying.finding import Finding

_LINKS = {"event": ("escalations_event", "case_id"), "access": ("escalations_accessentry", "chain")}
_CALLED = {"event": "case", "access": "access log"}


def walk(
    tell: Callable[[Finding | None], None],
    walked: Counter[str],
    progress: Callable[[], None],
    *,
    directory: Path | None = None,
    only: Case | None = None,
) -> None:
    """Verify all anchors in their order; where `directory` has one, that one is held to the database's and believed."""
    outside = files(directory) if directory is not None else {}
    numbers = sorted({*Anchor.objects.values_list("number", flat=True), *outside})
    prev = anchoring.FIRST
    told: set[tuple[str, int]] = set()
    cases = Case.objects.count()
    for place, number in enumerate(numbers, 1):
        one, found = _anchor(number, outside, max(outside, default=0))
        if found is not None:
            tell(_of(found))
        if one is None:
            continue
        walked["anchors"] += 1
        said, found = _signed(one)
        if said is None:
            tell(_of(found))
            prev = anchoring.digest(one.body)
            continue
        for found in (anchoring.follows(said, place, prev), anchoring.parts_hold(said, one.parts)):
            if found is not None:
                tell(_of(found))
        prev = anchoring.digest(one.body)
        if only is None and cases < said.cases:
            say = f"{cases} cases are there; anchor {number} counted {said.cases}"
            tell(_of(Break(number, "removed", say)))
            cases = said.cases  # told once
        for space, packed in one.parts:
            if space not in _LINKS or (space, anchoring.digest(packed)) not in said.parts:
                continue  # nobody signed it, which has been told
            for finding in _part(number, space, packed, only):
                if (finding.what, finding.id) not in told:
                    told.add((finding.what, finding.id))
                    tell(finding)
            walked["anchored ends"] += len(packed) // 44
            progress()


def _of(found: Break | None) -> Finding | None:
    return Finding.of("anchor", found.seq, f"anchor {found.seq}", found) if found is not None else None


def _anchor(number: int, outside: dict[int, Path], last: int) -> tuple[Stored | None, Break | None]:
    """An anchor as it is to be believed, and whether file and database agree about it."""
    inside = stored(number)
    if number not in outside:
        missing = number < last
        say = f"anchor {number} has no file among those that were exported"
        return inside, Break(number, "missing", say) if missing else None
    try:
        one = Stored.read(outside[number].read_text(encoding="utf-8"))
    except ValueError as error:
        return inside, Break(number, "altered", f"{outside[number].name}: {error}")
    if inside is None:
        return one, Break(number, "missing", f"anchor {number} is not in the database any more: its file is there")
    if inside != one:
        return one, Break(number, "altered", f"anchor {number} of the database is not the one that was exported")
    return one, None


def _signed(one: Stored) -> tuple[Said | None, Break | None]:
    try:
        if not keys.anchor_signed(one.body, one.key_id, one.signature):
            return None, Break(one.number, "altered", f"anchor {one.number} was changed after it was signed")
        said = Said.read(one.body)
    except LookupError as error:
        return None, Break(one.number, "unknown_key", f"anchor {one.number}: {error.args[0]}")
    except ValueError as error:
        return None, Break(one.number, "altered", f"anchor {one.number}: {error}")
    if (said.number, said.at) != (one.number, one.at):
        say = f"anchor {one.number} says that it is anchor {said.number} of {said.at:%Y-%m-%d %H:%M:%S} UTC"
        return None, Break(one.number, "altered", say)
    return said, None


def _part(number: int, space: str, packed: bytes, only: Case | None) -> Iterator[Finding]:
    heads = list(proving.unpack(packed))
    if only is not None:
        heads = [head for head in heads if space == "event" and head.id == only.pk]
    if not heads:
        return
    macs = _macs(space, heads)
    apart = [head for head in heads if macs.get((head.id, head.seq)) != head.mac]
    if not apart:
        return
    ids = [head.id for head in apart]
    ends, names = _ends(space, ids)
    for head in apart:
        found = proving.pinned_holds(
            head, macs.get((head.id, head.seq)), ends.get(head.id), of=_CALLED[space], anchor=number
        )
        if found is not None:
            what = "case" if space == "event" else "access"
            yield Finding.of(what, head.id, names.get(head.id, f"{_CALLED[space]} {head.id}"), found)


def _macs(space: str, heads: list[proving.Pinned]) -> dict[tuple[int, int], str]:
    """The MACs that the links of those numbers have now. One query on their unique index."""
    table, column = _LINKS[space]
    rows = ", ".join(["(%s, %s)"] * len(heads))
    sql = f"SELECT {column}, seq, mac FROM {table} WHERE ({column}, seq) IN (VALUES {rows})"  # noqa: S608 - names
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for head in heads for value in (head.id, head.seq)])
        return {(pk, seq): mac for pk, seq, mac in cursor.fetchall()}


def _ends(space: str, ids: list[int]) -> tuple[dict[int, int], dict[int, str]]:
    if space == "access":
        return dict(AccessHead.objects.filter(pk__in=ids).values_list("pk", "seq")), {}
    rows = list(Case.objects.filter(pk__in=ids).values_list("pk", "chain_seq", "reference"))
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}
