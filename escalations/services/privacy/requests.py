"""What people may ask of their data, answered at a page by those who were given charge of it: an export, an erasure.

An erasure takes longer than a page may: it is asked for here and done by a worker, which can be killed at any moment.
The erasure itself is one transaction, so a request that was begun and not ended is either taken up anew or finished.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from escalations.core.actor import Actor
from escalations.errors import DeskError, Invalid, NotAllowed, Refused
from escalations.models import CaseFile, Erasure, ErasureRequest, Party, User
from escalations.models.reach import Reach
from escalations.selectors import access
from escalations.selectors.personal import files_of, personal_data
from escalations.services.files import storing
from escalations.services.privacy import erasing, ledger, residue, unmasking

State = ErasureRequest.State
IN_CHARGE = "answer_data_requests"
LOST_AFTER = dt.timedelta(minutes=5)
"""After so long a request that was begun has lost its worker: the queue ends a task after a minute."""


def has_charge(person: User) -> bool:
    """Whether somebody was given charge of what people ask of their data. One query."""
    return access.has_charge(person, IN_CHARGE)


def find(*, reference: str, actor: User) -> Party:
    """The person that a pseudonym or a case's reference names, for somebody in charge. Raises NotAllowed, Invalid."""
    if not has_charge(actor):
        raise NotAllowed("Only people who were given charge of requests about data may do this.")
    party = erasing.find(reference)
    if party.pk in Reach.of(actor).own_parties:
        raise NotAllowed("This is about yourself: somebody else answers it.")
    return party


@dataclass(frozen=True, slots=True)
class Handed:
    """A file to be handed to a person: its name, its type, and its open content."""

    name: str
    mime: str
    content: IO[bytes]


def export(*, reference: str, confirmed: str, actor: User, now: dt.datetime) -> Handed:
    """What the desk knows of a person, for that person: JSON, or a ZIP with it and their files where there are any. On
    the record of each of their cases, and on the access log.

    Raises NotAllowed, Invalid (naming `confirmed` when it is not the pseudonym), Refused when a key or a file is
    missing. Nothing is on record then.
    """
    party = find(reference=reference, actor=actor)
    _confirm(confirmed, party)
    try:
        data = personal_data(party=party, now=now)
    except (LookupError, ValueError) as error:
        raise Refused(f"It cannot be read: {error}") from None
    document = json.dumps(data, indent=2, ensure_ascii=False).encode()
    files = list(files_of(party))
    handed = (
        Handed(f"{party.pseudonym}.zip", "application/zip", _packed(party.pseudonym, document, files))
        if files
        else Handed(f"{party.pseudonym}.json", "application/json", io.BytesIO(document))
    )
    unmasking.record_export(party_id=party.pk, actor=Actor.user(actor), now=now)
    return handed


def _packed(pseudonym: str, document: bytes, files: Sequence[CaseFile]) -> IO[bytes]:
    """The document and the files, each under its number and name, in a file that is gone when it is closed. Stored as
    they are: pictures and PDFs are packed already."""
    whole = tempfile.TemporaryFile(prefix="throughline-export-")  # noqa: SIM115 closed by whoever sends it
    try:
        with zipfile.ZipFile(whole, "w") as archive:
            archive.writestr(f"{pseudonym}.json", document)
            for row in files:
                with (
                    storing.opened(row.storage_key or "") as stored,
                    archive.open(
                        zipfile.ZipInfo(f"files/{row.pk} {row.name}", row.at.timetuple()[:6]), "w", force_zip64=True
                    ) as member,
                ):
                    shutil.copyfileobj(stored, member, storing.CHUNK)
    except storing.Missing:
        whole.close()
        raise Refused("A file is not in storage: put it back from a backup, and export again.") from None
    whole.seek(0)
    return whole


def ask_to_erase(*, reference: str, reason: str, confirmed: str, actor: User, now: dt.datetime) -> ErasureRequest:
    """Ask that a person be erased; a worker does it within a minute. `confirmed` is the pseudonym, typed again.

    Raises NotAllowed; Invalid that names `reference`, `reason` or `confirmed`; Refused with what stands against it.
    """
    party = find(reference=reference, actor=actor)
    text = erasing.fit_reason(reason, party)
    _confirm(confirmed, party)
    against = erasing.obstacles(party)
    if against:
        raise Refused(" ".join(against))
    try:
        with transaction.atomic():
            row = ErasureRequest.objects.create(party=party, reason=text, asked_by=actor, asked_at=now)
            transaction.on_commit(lambda: async_task("escalations.tasks.erase_requested", group="erasures"))
    except IntegrityError:
        raise Refused("It was asked for already, and is under way.") from None
    return row


def _confirm(confirmed: str, party: Party) -> None:
    if confirmed.strip().upper() != party.pseudonym:
        raise Invalid("confirmed", f"Type {party.pseudonym} to confirm.")


def work_off(*, within_s: float | None = None) -> int:
    """Erase what was asked for, oldest first, and say how many went through. Call outside a transaction.

    Takes up what a worker that is gone had begun. Each request is claimed first, so several workers share them.
    """
    began, done = time.monotonic(), 0
    while within_s is None or time.monotonic() - began < within_s:
        row = _claim(timezone.now())
        if row is None:
            break
        done += _work(row)
    return done


def _claim(now: dt.datetime) -> ErasureRequest | None:
    lost = Q(state__in=[State.ERASING, State.CLEANING], begun_at__lt=now - LOST_AFTER)
    with transaction.atomic():
        rows = ErasureRequest.objects.select_for_update(of=("self",)).filter(Q(state=State.WAITING) | lost)
        row = rows.select_related("asked_by").order_by("id").first()
        if row is not None:
            row.state, row.begun_at = State.ERASING, now
            row.save(update_fields=["state", "begun_at"])
    return row


def _work(row: ErasureRequest) -> bool:
    now = timezone.now()
    # A worker that was killed after its transaction leaves an erased person whose entry is there.
    entries = Erasure.objects.filter(kind=Erasure.Kind.PERSON, party=row.party_id, at__gte=row.asked_at)
    entry = entries.order_by("-id").first()
    if entry is None:
        try:
            entry = erasing.erase_party(
                party_id=row.party_id, reason=row.reason, actor=Actor.user(row.asked_by), now=now
            )
        except DeskError as error:
            _put(row, state=State.FAILED, said=str(error)[:600], ended_at=now)
            return False
    _put(row, state=State.CLEANING, entry=entry)
    cleaned = residue.clean(tables=entry.certificate["erased"], now=now)
    left = [
        *cleaned.left,
        *(["The ledger's file could not be written: see the log."] if ledger.copy_out(now=now) else []),
    ]
    _put(row, state=State.DONE, said=" ".join(left)[:600], ended_at=timezone.now())
    return True


def _put(row: ErasureRequest, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(row, name, value)
    row.save(update_fields=list(columns))
