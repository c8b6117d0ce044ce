"""Anchors: once a day the ends of the chains that have moved are kept, signed, and written out as files.

A chain alone cannot show that a whole case was set back to an earlier genuine state, or removed with all that belongs
to it. An anchor can: it has kept the later end.

What an anchor costs follows what has happened, not what there is: events and entries since the last one are read by
their ids (a range of the primary key), and the ends of their chains looked up. A million cases of which 50,000 moved in
a day make an anchor of 50,000 ends, 44 bytes each, in parts of 2,000.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.db import IntegrityError, transaction
from django.db.models import Max

from escalations import keys
from escalations.core import anchoring, proving
from escalations.core.anchoring import Said
from escalations.errors import Refused
from escalations.models import AccessEntry, AccessHead, Anchor, AnchorPart, Case, Event

PART = 2000
"""Ends in one part."""
DAILY = dt.timedelta(hours=23)
"""After how long the schedule, which looks every hour, takes the next one."""
OVERLAP = dt.timedelta(hours=1)
"""Ids are given before rows are committed: events of this long before an anchor are looked at by the next one again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An anchor that was taken, or would be."""

    number: int
    cases: int
    heads: int


def take(*, now: dt.datetime, dry_run: bool = False) -> Taken:
    """Take an anchor of everything that has moved since the last one.

    Raises LookupError where no key signs (nothing is written), Refused when another one is being taken at this moment.
    Memory holds one part at a time.
    """
    if not keys.may_sign() and not dry_run:
        keys.sign_anchor("")
    try:
        with transaction.atomic():
            last = Anchor.objects.order_by("-number").first()
            said = _take(last, now, write=not dry_run)
    except IntegrityError as error:
        raise Refused("Another anchor is being taken at this moment.") from error
    return Taken(said.number, said.cases, said.heads)


def _take(last: Anchor | None, now: dt.datetime, *, write: bool) -> Said:
    number = last.number + 1 if last is not None else 1
    since = _since(now)
    # In this order: what happens meanwhile is then looked at by the next anchor again.
    marks = {
        "event": Event.objects.aggregate(top=Max("id"))["top"] or 0,
        "access": AccessEntry.objects.aggregate(top=Max("id"))["top"] or 0,
    }
    cases = Case.objects.count()
    digests: list[tuple[str, str]] = []
    heads = 0
    for space, rows in (("event", _moved_cases(since)), ("access", _moved_people(since))):
        while batch := list(islice(rows, PART)):
            packed = proving.pack(batch)
            digests.append((space, anchoring.digest(packed)))
            heads += len(batch)
            if write:
                # Before its anchor, which names its digest: foreign keys are looked at when the transaction ends.
                AnchorPart.objects.create(anchor_id=number, place=len(digests), space=space, heads=packed)
    prev = anchoring.digest(last.body) if last is not None else anchoring.FIRST
    said = Said(number, now, cases, marks, heads, tuple(digests), prev)
    if write:
        body = said.text()
        key_id, signature = keys.sign_anchor(body)
        Anchor.objects.create(number=number, at=now, body=body, signature=signature, key_id=key_id)
    return said


def _since(now: dt.datetime) -> dict[str, int]:
    """Up to where earlier anchors have certainly seen everything."""
    sure = Anchor.objects.filter(at__lte=now - OVERLAP).order_by("-number").values_list("body", flat=True).first()
    return Said.read(sure).marks if sure is not None else {"event": 0, "access": 0}


def _moved_cases(since: dict[str, int]) -> Iterator[proving.Pinned]:
    moved = Event.objects.filter(pk__gt=since["event"]).values("case_id")
    rows = Case.objects.filter(pk__in=moved, chain_seq__gt=0).order_by("pk")
    yield from _pinned(rows.values_list("pk", "chain_seq", "chain_mac").iterator(chunk_size=PART))


def _moved_people(since: dict[str, int]) -> Iterator[proving.Pinned]:
    moved = AccessEntry.objects.filter(pk__gt=since["access"]).values("chain")
    rows = AccessHead.objects.filter(pk__in=moved, seq__gt=0).order_by("pk")
    yield from _pinned(rows.values_list("pk", "seq", "mac").iterator(chunk_size=PART))


def _pinned(rows: Iterable[tuple[int, int, str]]) -> Iterator[proving.Pinned]:
    for pk, seq, mac in rows:
        if len(mac) == 64:  # a head that was made unreadable is the walk's to tell
            yield proving.Pinned(pk, seq, mac)


def take_daily(*, now: dt.datetime) -> Taken | None:
    """Take the day's anchor when it is due; None when the last one is young enough."""
    newest = Anchor.objects.order_by("-number").values_list("at", flat=True).first()
    return take(now=now) if newest is None or now - newest >= DAILY else None


# --------------------------------------------------------------------------------------------------- outside as files


@dataclass(frozen=True, slots=True)
class Stored:
    """An anchor as it is stored, in the database or in a file."""

    number: int
    at: dt.datetime
    body: str
    signature: str
    key_id: str
    parts: tuple[tuple[str, bytes], ...]

    def text(self) -> str:
        """The content of its file: a line of JSON for the anchor, one for each part."""
        first = {
            "number": self.number,
            "at": self.at.astimezone(dt.UTC).isoformat(),
            "key_id": self.key_id,
            "signature": self.signature,
            "body": self.body,
        }
        lines = [first, *({"space": space, "heads": b64encode(heads).decode()} for space, heads in self.parts)]
        return "".join(json.dumps(line) + "\n" for line in lines)

    @classmethod
    def read(cls, text: str) -> Stored:
        """The inverse of `text`. Raises ValueError for a file that is none, or was cut."""
        try:
            first, *rest = [json.loads(line) for line in text.splitlines()]
            parts = tuple((str(line["space"]), b64decode(line["heads"], validate=True)) for line in rest)
            at = dt.datetime.fromisoformat(first["at"])
            return cls(int(first["number"]), at, first["body"], first["signature"], first["key_id"], parts)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"this is no file of an anchor: {error}") from error


def stored(number: int) -> Stored | None:
    """An anchor of the database with its parts. Two queries."""
    row = Anchor.objects.filter(pk=number).first()
    if row is None:
        return None
    parts = AnchorPart.objects.filter(anchor_id=number).order_by("place").values_list("space", "heads")
    packed = tuple((space, bytes(heads)) for space, heads in parts)
    return Stored(row.number, row.at, row.body, row.signature, row.key_id, packed)


def file_of(directory: Path, number: int) -> Path:
    """Where an anchor is kept as a file."""
    return directory / f"anchor-{number:06d}.jsonl"


def files(directory: Path) -> dict[int, Path]:
    """The files of anchors in a directory, by number. Raises OSError when it cannot be read."""
    found = {}
    for path in sorted(directory.iterdir()):
        name = path.name.removeprefix("anchor-").removesuffix(".jsonl")
        if path.name == f"anchor-{name}.jsonl" and name.isdecimal():
            found[int(name)] = path
    return found


def export(*, directory: Path, dry_run: bool = False) -> list[int]:
    """Write the anchors that the directory does not have yet, each as a file that is never written again.

    Returns their numbers. Raises OSError when it cannot be written, Refused when a file is there that says something
    else than the database: then one of the two was changed.
    """
    there = files(directory) if directory.is_dir() else {}
    written = []
    for number in Anchor.objects.order_by("number").values_list("number", flat=True):
        if number in there and number != max(there):
            continue
        one = stored(number)
        if one is None:
            continue
        if number in there:
            if there[number].read_text(encoding="utf-8") != one.text():
                raise Refused(f"{there[number]} does not say what the database says of anchor {number}.")
            continue
        written.append(number)
        if not dry_run:
            directory.mkdir(parents=True, exist_ok=True)
            _write_once(file_of(directory, number), one.text())
    return written


def _write_once(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
