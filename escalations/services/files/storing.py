"""Bytes of files, by Django's storage interface. Names in storage are random and say nothing.

Bytes are written before the row that names them commits, and go after the row has let go of them. A crash in between
leaves bytes that no row names, or a row whose bytes are to go: `sweep` finds both.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
import os
import secrets
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from escalations.models import CaseFile
from escalations.services.privacy import holds

log = logging.getLogger(__name__)

ROOM = "case-files"
CHUNK = 256 * 1024
GRACE = dt.timedelta(days=2)
"""How old bytes without a row must be before they are swept: what is being added has its row within minutes."""
AT_ONCE = 500
MANY = 50
"""So many orphans, when they are more than the files that are known, look like the storage of another desk."""


class Missing(Exception):
    """The bytes of a file are not in storage."""


def keep(path: Path) -> str:
    """Put a file's bytes into storage, and return the key by which they are found."""
    token = secrets.token_hex(24)
    with path.open("rb") as file:
        return default_storage.save(f"{ROOM}/{token[:2]}/{token}", File(file))


@contextlib.contextmanager
def opened(key: str) -> Iterator[IO[bytes]]:
    """The bytes behind a key. Raises Missing."""
    try:
        file = default_storage.open(key, "rb")
    except OSError as error:
        raise Missing(key) from error
    with file:
        yield file  # type: ignore[misc]


def digest(file: IO[bytes]) -> tuple[str, int]:
    """SHA-256 and length of what is left in a file."""
    made, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        made.update(chunk)
        size += len(chunk)
    return made.hexdigest(), size


def drop(keys: Iterable[str]) -> list[str]:
    """Take bytes out of storage; on a local disk they are written over first. Returns what could not be removed."""
    left = []
    for key in filter(None, keys):
        try:
            _write_over(key)
            default_storage.delete(key)
        except OSError:
            log.exception("the bytes of a file could not be removed; the next sweep tries again")
            left.append(key)
    return left


def _write_over(key: str) -> None:
    try:
        path = Path(default_storage.path(key))
    except NotImplementedError:
        return  # not on a disk of ours
    with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            left -= file.write(bytes(min(left, CHUNK)))
        file.flush()
        os.fsync(file.fileno())


def discard(file_ids: Collection[int] | None = None) -> int:
    """Remove the bytes of files that were removed, refused or erased, but not where a legal hold stands. All of them,
    or those of `file_ids`. Returns how many could not be removed. Call outside a transaction."""
    left = 0
    rows = CaseFile.objects.to_discard().order_by("pk")
    if file_ids is not None:
        rows = rows.filter(pk__in=file_ids)
    last = 0
    while found := list(rows.filter(pk__gt=last).values("pk", "case_id", "case__party_id", "storage_key",
                                                        "thumbnail_key")[:AT_ONCE]):  # fmt: skip
        last = found[-1]["pk"]
        held = _held({row["case_id"]: row["case__party_id"] for row in found})
        for row in found:
            if row["case_id"] in held:
                continue
            if drop([row["storage_key"] or "", row["thumbnail_key"]]):
                left += 1
            else:
                CaseFile.objects.filter(pk=row["pk"]).update(storage_key=None, thumbnail_key="")
    return left


def _held(cases: dict[int, int]) -> set[int]:
    """The cases that a hold keeps: of themselves or of their person."""
    rows = list(holds.standing(case_ids=cases).values_list("case_id", "party_id"))
    parties = {party for case, party in rows if case is None}
    return {case for case, _ in rows if case in cases} | {pk for pk, party in cases.items() if party in parties}


def discard_after_commit(file_ids: Collection[int]) -> None:
    """Remove the bytes of these files once the transaction has committed."""
    ids = list(file_ids)
    if ids:
        transaction.on_commit(lambda: discard(ids), robust=True)


# ------------------------------------------------------------------------------------------------------------- sweeping


@dataclass(slots=True)
class Swept:
    """What a sweep found: bytes without a row, rows without bytes, and what it could not remove."""

    removed: int = 0
    left: int = 0
    too_many: int = 0
    young: int = 0
    missing: list[int] = field(default_factory=list)


def sweep(*, now: dt.datetime, dry_run: bool = False) -> Swept:
    """Remove bytes that no row names and that are older than `GRACE`, and bytes of files that are to go.

    Where more is without a row than there are files, nothing is removed: this looks like the storage of another desk,
    or a database without its last day. One listing of the storage, one query for each 500 names.
    """
    done = Swept()
    if not dry_run:
        done.left = discard()
    orphans = []
    keys = _keys()
    while batch := list(islice(keys, AT_ONCE)):
        known = set(CaseFile.objects.filter(storage_key__in=batch).values_list("storage_key", flat=True))
        known |= set(CaseFile.objects.filter(thumbnail_key__in=batch).values_list("thumbnail_key", flat=True))
        for key in batch:
            if key in known:
                continue
            if _age(key, now) >= GRACE:
                orphans.append(key)
            else:
                done.young += 1
    if len(orphans) > max(MANY, CaseFile.objects.filter(storage_key__isnull=False).count()):
        done.too_many = len(orphans)
        return done
    if dry_run:
        done.removed = len(orphans)
        return done
    failed = drop(orphans)
    done.removed, done.left = len(orphans) - len(failed), done.left + len(failed)
    return done


def missing(limit: int = 1000) -> list[int]:
    """Ids of files, the newest `limit`, whose bytes should be in storage and are not."""
    rows = CaseFile.objects.kept().filter(storage_key__isnull=False).order_by("-pk").values_list("pk", "storage_key")
    return [pk for pk, key in rows[:limit] if not default_storage.exists(str(key))]


def _keys() -> Iterator[str]:
    for shard in sorted(_listed(ROOM)[0]):
        for name in sorted(_listed(f"{ROOM}/{shard}")[1]):
            yield f"{ROOM}/{shard}/{name}"


def _listed(place: str) -> tuple[list[str], list[str]]:
    try:
        return default_storage.listdir(place)
    except FileNotFoundError:
        return [], []


def _age(key: str, now: dt.datetime) -> dt.timedelta:
    try:
        moment = default_storage.get_modified_time(key)
    except OSError:
        return dt.timedelta(0)  # somebody has just removed it
    return now - (moment if timezone.is_aware(moment) else timezone.make_aware(moment, dt.UTC))
