"""The erasure ledger: who asked, when, why, what was erased, and fingerprints by which it can be done again.

Entries are rows, and lines of a file outside the database (`THROUGHLINE_ERASURE_LEDGER`): a backup that is restored
knows nothing of erasures made after it, the file does. Each entry is sealed with a chain key, so that nobody has data
erased by writing a line.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
import logging
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.dateparse import parse_datetime

from escalations import keys
from escalations.core.actor import Actor
from escalations.core.canonical import canonical, digest_of
from escalations.models import Erasure, Party

log = logging.getLogger(__name__)

MARK = "erased:"
"""How the id of an imported case begins that was forgotten here; its fingerprint follows."""

FORMAT = 1
_ID_LENGTH = 64


def digests(party: Party, known: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """Fingerprints of a person: their pseudonym, and keyed digests of the ids, addresses and numbers outside."""
    made: dict[str, Any] = {"pseudonym": party.pseudonym, "kind": party.kind, "key": keys.chain_keys().current}
    for kind in ("external_id", "email", "phone"):
        made[kind] = [keys.lasting_digests(kind, value)[0] for value in known.get(kind, ())]
    return made


def enter(
    *,
    kind: str,
    actor: Actor,
    reason: str,
    now: dt.datetime,
    digests: Mapping[str, Any],
    cases: Collection[str],
    counts: Mapping[str, int],
    party: Party | None = None,
) -> Erasure:
    """Write an entry with its certificate; it is copied to the file when the transaction commits."""
    certificate = {
        "format": FORMAT,
        "what": kind,
        "at": now.astimezone(dt.UTC).isoformat(),
        "asked_by": str(actor),
        "pseudonym": party.pseudonym if party else "",
        "cases": list(cases),
        "erased": {label: number for label, number in sorted(counts.items()) if number},
        "digests": dict(digests),
    }
    row = Erasure(
        kind=kind,
        party=party,
        asked_by=str(actor)[:76],
        reason=reason,
        at=now,
        digests=dict(digests),
        certificate=certificate,
        certificate_digest=digest_of(certificate),
        key_id=keys.chain_keys().current,
    )
    row.mac = _mac(line_of(row), row.key_id)
    row.save(force_insert=True)
    transaction.on_commit(lambda: copy_out(now=now), robust=True)
    return row


def line_of(row: Erasure) -> dict[str, Any]:
    """An entry as the ledger's file has it, without its seal."""
    return {
        "format": FORMAT,
        "kind": row.kind,
        "at": row.at.astimezone(dt.UTC).isoformat(),
        "asked_by": row.asked_by,
        "reason": row.reason,
        "digests": row.digests,
        "certificate": row.certificate_digest,
    }


def _mac(line: Mapping[str, Any], key_id: str) -> str:
    return hmac.new(keys.chain_keys().key(key_id), b"erasure1|" + canonical(dict(line)), "sha256").hexdigest()


def is_genuine(row: Erasure) -> bool | None:
    """Whether an entry is as it was written: its seal and its certificate hold. None when the key that sealed it is
    not configured here."""
    try:
        sealed = hmac.compare_digest(_mac(line_of(row), row.key_id), row.mac)
    except LookupError:
        return None
    return sealed and digest_of(row.certificate) == row.certificate_digest


def copy_out(*, now: dt.datetime) -> int:
    """Append entries that are not in the file yet. Returns how many are still missing when the file cannot be written:
    they are tried again with the next erasure, and `doctor` tells of them."""
    rows = list(Erasure.objects.filter(copied_at__isnull=True).order_by("id"))
    if not rows:
        return 0
    text = "".join(
        json.dumps({**line_of(row), "mac": row.mac, "key": row.key_id}, sort_keys=True, ensure_ascii=False) + "\n"
        for row in rows
    )
    path = Path(settings.THROUGHLINE_ERASURE_LEDGER)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        log.error("The erasure ledger %s cannot be written (%s): %d entries wait.", path, error.strerror, len(rows))
        return len(rows)
    Erasure.objects.filter(pk__in=[row.pk for row in rows]).update(copied_at=now)
    return 0


class Broken(ValueError):
    """A line of the ledger's file is no entry, or its seal does not hold."""


def read(path: Path) -> Iterator[dict[str, Any] | Broken]:
    """The entries of a ledger file in their order; a line that does not hold comes as Broken, with its number.

    Raises OSError when the file cannot be read.
    """
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                entry = json.loads(text)
                mac, key_id = entry.pop("mac"), entry.pop("key")
                whole = hmac.compare_digest(_mac(entry, key_id), mac)
            except (ValueError, KeyError, AttributeError, TypeError):
                yield Broken(f"line {number} is no entry of an erasure ledger, or its chain key is not configured")
                continue
            if whole:
                yield entry
            else:
                yield Broken(f"line {number} was changed after it was written, or written by somebody else")


def concerned(entry: Mapping[str, Any]) -> list[int]:
    """Ids of the parties that an entry is about and that are here unerased: by pseudonym, else by fingerprint.

    Only those known before the erasure: somebody who has come back since is somebody new. Walks over all parties that
    are not erased, a few thousand a second.
    """
    digests, at = entry["digests"], parse_datetime(entry["at"])
    rows = Party.objects.filter(erased_at__isnull=True, kind=digests["kind"], created_at__lte=at).order_by("pk")
    wanted = {kind: set(digests.get(kind, ())) for kind in ("external_id", "email", "phone")}
    found = set(rows.filter(pseudonym=digests["pseudonym"]).values_list("pk", flat=True))
    if any(wanted.values()):
        names = [kind for kind, values in wanted.items() if values]
        columns = [Cast(kind, TextField()) for kind in names]  # as stored: one lost key must not stop the walk
        for pk, *stored in rows.values_list("pk", *columns).iterator(chunk_size=2000):
            if any(wanted[kind] & _fingerprints(kind, text) for kind, text in zip(names, stored, strict=True)):
                found.add(pk)
    return sorted(found)


def _fingerprints(kind: str, stored: str) -> set[str]:
    try:
        return set(keys.lasting_digests(kind, stored if kind == "external_id" else keys.decrypt(stored)))
    except (LookupError, ValueError):
        return set()  # its key is gone; the pseudonym and the other ids still find it


def import_marks(source: str, external_id: str) -> list[str]:
    """What may stand for the id of an imported case after its erasure, one for each chain key, the current first."""
    return [(MARK + made)[:_ID_LENGTH] for made in keys.lasting_digests(f"import:{source}", external_id)]


def import_mark(source: str, external_id: str) -> str:
    """What stands for the id of an imported case from its erasure on."""
    return next(iter(import_marks(source, external_id)), MARK)
