"""The doors by which a file comes to a case and leaves it, and the check of those that wait."""

from __future__ import annotations

import datetime as dt
import logging
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django_q.tasks import async_task

from escalations import keys
from escalations.core.actor import Actor
from escalations.core.vetting import MEGABYTE, REFUSALS, Verdict, tidy_name
from escalations.errors import DeskError, Invalid, Refused
from escalations.models import Case, CaseFile, CaseText, Evidence
from escalations.services.evidence import item_of, received
from escalations.services.files import storing
from escalations.services.files.checking import IN_REQUEST, IN_REQUEST_S, Checked, checked
from escalations.services.locking import witness
from escalations.services.work import Work, working

log = logging.getLogger(__name__)

ADDED, CHECKED, REFUSED_KIND, REMOVED = "file.added", "file.checked", "file.refused", "file.removed"
REASON_LENGTH = 300


class Source(Protocol):
    """What a file is read from: an open one, or an upload."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""

    def seek(self, place: int, /) -> object:
        """Go to a place."""


def add_file(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    source: Source,
    name: str,
    declared: str = "",
    key: str = "",
    completes: bool = False,
    later: bool = False,
    version: int | None = None,
) -> CaseFile:
    """Add a file to a case, as part of the act `add_evidence`.

    source      what was sent, read from its beginning; at most `THROUGHLINE_FILE_MB`
    name        as its sender called it; only people who see the case get to read it
    declared    the type that its sender declared
    key         the item of evidence that it belongs to; empty: none
    completes   the item is received with it, once the file is checked
    later       leave the check to a worker in any case

    A small file is looked through here, and refused without a trace where it is not taken: Invalid("file") says what
    to do. A large one, and every one while the virus scanner does not answer, comes back `waiting`; a worker checks
    it. The event names the row, digest and size, not the name. Raises what `working` raises, Invalid for `item` or
    `file`. Nothing stays in storage when it raises.
    """
    with tempfile.TemporaryDirectory(prefix="throughline-file-") as folder:
        path = Path(folder, "received")
        sha256, size = _taken_in(source, path)
        shown = tidy_name(name)
        told = declared.partition(";")[0].strip().lower()[:100]
        late = Checked(Verdict(), path, sha256, size, waits=True)
        if later or size > IN_REQUEST:
            return _add(case_id, actor, now, version, late, sha256, shown, told, key, completes)
        with checked(path, name=shown, declared=told, patience_s=IN_REQUEST_S) as found:
            if found.verdict.refused == "too_long":
                found = late
            if found.verdict.refused:
                raise Invalid("file", REFUSALS[found.verdict.refused])
            return _add(case_id, actor, now, version, found, sha256, shown, told, key, completes)


def _taken_in(source: Source, path: Path) -> tuple[str, int]:
    """Copy what was sent, and count it on the way. Raises Invalid where it is too big or nothing."""
    most = settings.THROUGHLINE_FILE_MB * MEGABYTE
    source.seek(0)
    size = 0
    with path.open("wb") as file:
        while chunk := source.read(storing.CHUNK):
            size += len(chunk)
            if size > most:
                raise Invalid("file", too_big())
            file.write(chunk)
    if not size:
        raise Invalid("file", REFUSALS["empty"])
    with path.open("rb") as file:
        return storing.digest(file)


def too_big() -> str:
    """Why a file over the limit is refused."""
    return f"This file is bigger than {settings.THROUGHLINE_FILE_MB} MB. " + REFUSALS["too_big"].partition(". ")[2]


def _add(
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    version: int | None,
    found: Checked,
    received_sha256: str,
    name: str,
    declared: str,
    key: str,
    completes: bool,
) -> CaseFile:
    stored: list[str] = []
    try:
        stored.append(storing.keep(found.path))
        if found.thumbnail is not None:
            stored.append(storing.keep(found.thumbnail))
        with working(case_id=case_id, act="add_evidence", actor=actor, now=now, version=version) as work:
            item = item_of(work, key) if key else None
            _room(work.case, received_sha256, found.size)
            row = CaseFile.objects.create(
                case=work.case,
                evidence=item,
                name=name,
                key_id=keys.field_key_id(),
                declared=declared,
                sniffed_type=found.verdict.kind,
                size=found.size,
                sha256=found.sha256,
                received_sha256=received_sha256,
                storage_key=stored[0],
                thumbnail_key=stored[1] if len(stored) > 1 else "",
                scan_state=CaseFile.Scan.WAITING if found.waits else CaseFile.Scan.CLEAN,
                completes=completes and item is not None,
                actor_kind=actor.kind,
                actor_id=actor.id,
                at=now,
                checked_at=None if found.waits else now,
            )
            about = {"item": key} if item is not None else {}
            work.say(ADDED, {**about, **_facts(row), "waits": found.waits})
            if item is not None and row.completes and not found.waits and item.state == Evidence.State.OPEN:
                received(work, item)
        if found.waits:
            transaction.on_commit(_check_soon, robust=True)
    except BaseException:
        storing.drop(stored)
        raise
    return row


def _facts(row: CaseFile) -> dict[str, object]:
    return {"file": row.pk, "sha256": row.sha256, "size": row.size, "kind": row.sniffed_type}


def _room(case: Case, received_sha256: str, size: int) -> None:
    """Whether a file has a place in a case: once, and within what a case may hold. The case is locked."""
    rows = CaseFile.objects.filter(case=case).kept()
    twin = rows.filter(received_sha256=received_sha256).first()
    if twin is not None:
        raise Invalid("file", f"This file is here already, since {twin.at:%d %B %Y}: {twin.name}")
    total = rows.aggregate(total=Sum("size"))["total"] or 0
    if total + size > settings.THROUGHLINE_CASE_FILES_MB * MEGABYTE:
        raise Invalid("file", REFUSALS["case_full"])


def _check_soon() -> None:
    """Ask a worker to look through what waits now, and not in the next full minute."""
    if not settings.Q_CLUSTER.get("sync"):
        async_task("escalations.tasks.check_files", group="files")


# ------------------------------------------------------------------------------------------------------------ the wait


def check_waiting(*, now: dt.datetime, within_s: float = 30.0) -> Counter[str]:
    """Look through the files that wait, the oldest first, for at most about `within_s` seconds. Returns how many came
    to which state.

    Two workers at once do some of it twice and harm nothing. While the scanner does not answer everything stays as it
    is.
    """
    began = time.monotonic()
    done: Counter[str] = Counter()
    waiting = CaseFile.objects.filter(scan_state=CaseFile.Scan.WAITING, removed_at__isnull=True)
    for pk in list(waiting.order_by("pk").values_list("pk", flat=True)[:200]):
        if time.monotonic() - began > within_s:
            break
        try:
            state = _check(pk, now)
        except Exception:  # one that cannot be looked at does not keep the others waiting
            log.exception("file %s could not be checked; the next run tries again", pk)
            state = "failed"
        done[state] += 1
        if state == CaseFile.Scan.WAITING:
            break
    return done


def _check(pk: int, now: dt.datetime) -> str:
    row = CaseFile.objects.filter(pk=pk, scan_state=CaseFile.Scan.WAITING, removed_at__isnull=True).first()
    if row is None:
        return "gone"
    with tempfile.TemporaryDirectory(prefix="throughline-file-") as folder:
        path = Path(folder, "waiting")
        try:
            with storing.opened(row.storage_key or "") as stored, path.open("wb") as file:
                shutil.copyfileobj(stored, file, storing.CHUNK)
        except storing.Missing:
            lost = Checked(Verdict(refused="lost"), path, row.sha256, row.size)
            return _settle(row, lost, now)
        with checked(path, name=row.name, declared=row.declared) as found:
            return str(CaseFile.Scan.WAITING) if found.waits and not found.verdict.refused else _settle(row, found, now)


def _settle(row: CaseFile, found: Checked, now: dt.datetime) -> str:
    """Write the verdict on a file that waited: the bytes to be kept take the place of those that came."""
    engine = Actor.worker("files")
    refused = bool(found.verdict.refused)
    stored: list[str] = []
    raw = row.storage_key or ""
    try:
        if not refused:
            stored.append(storing.keep(found.path))
            if found.thumbnail is not None:
                stored.append(storing.keep(found.thumbnail))
        with transaction.atomic():
            Case.objects.select_for_update(of=("self",)).only("pk").get(pk=row.case_id)
            fresh = CaseFile.objects.select_for_update(of=("self",)).get(pk=row.pk)
            if fresh.scan_state != CaseFile.Scan.WAITING or fresh.removed_at is not None:
                storing.drop(stored)
                return "gone"
            fresh.checked_at = now
            if refused:
                fresh.scan_state, fresh.refused_because = CaseFile.Scan.REFUSED, found.verdict.refused
            else:
                fresh.scan_state, fresh.sniffed_type = CaseFile.Scan.CLEAN, found.verdict.kind
                fresh.sha256, fresh.size = found.sha256, found.size
                fresh.storage_key, fresh.thumbnail_key = stored[0], stored[1] if len(stored) > 1 else ""
            fresh.save(
                update_fields=[
                    *("checked_at", "scan_state", "refused_because", "sniffed_type", "sha256", "size", "storage_key"),
                    "thumbnail_key",
                ]
            )
            data = {"file": fresh.pk, "because": fresh.refused_because} if refused else _facts(fresh)
            witness(case_id=fresh.case_id, kind=REFUSED_KIND if refused else CHECKED, data=data, actor=engine, now=now)
            if refused:
                storing.discard_after_commit([fresh.pk])
            else:
                transaction.on_commit(lambda: storing.drop([raw]), robust=True)
    except BaseException:
        storing.drop(stored)
        raise
    if fresh.completes and not refused:
        _complete(fresh, engine, now)
    return str(fresh.scan_state)


def _complete(row: CaseFile, actor: Actor, now: dt.datetime) -> None:
    """The item that a checked file was sent for is here; where the case has moved on meanwhile, nothing is changed."""
    try:
        with working(case_id=row.case_id, act="add_evidence", actor=actor, now=now) as work:
            item = Evidence.objects.select_for_update().get(files=row.pk)
            if item.state != Evidence.State.OPEN:
                raise Refused("It is here already.")
            received(work, item)
    except DeskError:
        return


# ------------------------------------------------------------------------------------------------------------- removing


def remove_file(
    *, case_id: int, file_id: int, actor: Actor, now: dt.datetime, reason: str, version: int | None = None
) -> CaseFile:
    """Take a file out of a case for good: a wrong upload, somebody else's passport.

    Nobody can open it from now on, its name and bytes go at once (under a legal hold, when that is lifted); that it
    was there, its digest, who removed it and why stay on record. The reason is erased with the case. An item of
    evidence that was received stays received.

    Raises what `working` raises, Invalid without a reason or with a long one, Refused when it is gone already.
    """
    with working(case_id=case_id, act="remove_file", actor=actor, now=now, version=version,
                 standing=lambda work: _standing(work, file_id)) as work:  # fmt: skip
        work.require(given={"reason": reason})
        said = " ".join(reason.split())
        if len(said) > REASON_LENGTH:
            raise Invalid("reason", f"at most {REASON_LENGTH} characters, this has {len(said)}")
        row = CaseFile.objects.select_for_update(of=("self",)).filter(case=work.case, pk=file_id).first()
        if row is None or row.removed_at is not None:
            raise Refused("This file is not here any more.")
        if CaseText.objects.filter(case=work.case, erased_at__isnull=False).exists():
            raise Refused("The words and files of this case were erased.")
        row.removed_at, row.removed_by, row.removed_because = now, actor.id, said
        row.name, row.key_id = "", ""
        row.save(update_fields=["removed_at", "removed_by", "removed_because", "name", "key_id"])
        about = {"item": row.evidence.key} if row.evidence is not None else {}
        work.say(REMOVED, {"file": row.pk, "sha256": row.sha256, **about}, words={"reason": said})
        storing.discard_after_commit([row.pk])
    return row


def _standing(work: Work, file_id: int) -> frozenset[str]:
    """What the actor is to the case, and whether the file is theirs."""
    mine = {"actor_kind": work.actor.kind, "actor_id": work.actor.id}
    own = CaseFile.objects.filter(pk=file_id, case=work.case, **mine).exists()
    return work.standing | {"uploader"} if own else work.standing
