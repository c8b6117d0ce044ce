"""The access log: one door through which every look, sign-in and change of what somebody may is put on record.

    noting.note(kind="export", person=user, now=now, cases=[17, 21], surface="cases.csv")

Each person has a chain of their own (the same as the events of a case have), whose head is locked while an entry is
written. Entries are written before the answer is sent: `config.middleware.AccessLog` notes what a page has loaded, and
does not send a page whose looks could not be noted. Whoever shows cases without loading them (`values()`, raw SQL, a
file) calls `note` before it lets go of the first byte.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import transaction

from escalations import keys
from escalations.core import chain, watching
from escalations.core.canonical import canonical
from escalations.core.roles import READ_ACCESS_LOG
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import AccessEntry, AccessHead, AccessMark, AccessReview, Case, Channel, User
from escalations.models.shown import Shown

POLLED = dt.timedelta(minutes=10)
"""How long a page that asks for itself again adds nothing to what was noted."""
AT_ONCE = 500
"""Entries that one review takes at most."""

_person: ContextVar[User | None] = ContextVar("acting_person", default=None)
_surface: ContextVar[str] = ContextVar("acting_surface", default="")
_declared: ContextVar[bool] = ContextVar("declared", default=False)


@contextmanager
def acting(person: User | None, surface: str = "") -> Iterator[None]:
    """Within the block, changes that are noted without a person count as done by this one, and by way of `surface`."""
    token, where = _person.set(person), _surface.set(surface)
    try:
        yield
    finally:
        _person.reset(token)
        _surface.reset(where)


@contextmanager
def declared() -> Iterator[None]:
    """Within the block, rights are what the code declares for groups of its own: noted, and nothing unusual."""
    token = _declared.set(True)
    try:
        yield
    finally:
        _declared.reset(token)


def note(
    *,
    kind: str,
    now: dt.datetime,
    person: User | None = None,
    cases: Collection[int] = (),
    surface: str = "",
    data: Mapping[str, Any] | None = None,
) -> AccessEntry:
    """Put one entry on a person's access log, whatever the number of cases in it.

    kind      one of `core.watching.KINDS`
    person    who did it; without one, who is signed in (`acting`), or else nobody: commands, failed sign-ins
    cases     ids of the cases that were shown
    surface   where: the name of the page, file or command
    data      more of it, without words of a case and without what was typed

    Four queries (the head locked, entry, head, and a savepoint or BEGIN), two more for a person's very first entry.
    Raises Invalid for an unknown kind, and what the database raises: then nothing may be shown.
    """
    if kind not in watching.KINDS:
        raise Invalid("kind", f"one of {', '.join(watching.KINDS)}")
    doer = person if person is not None else _person.get()
    number = doer.pk if doer is not None else 0
    body = dict(data or {})
    if surface or _surface.get():
        body["surface"] = surface or _surface.get()
    if cases:
        body["cases"] = sorted(cases)
    if _declared.get():
        body["declared"] = True
    ring = keys.chain_keys()
    key = ring.key(ring.current)
    with transaction.atomic():
        head = _locked(number)
        seq, prev = head.seq + 1, head.mac
        mac = chain.link(
            key,
            case_id=number,
            seq=seq,
            kind=kind,
            actor_kind="",
            actor_id="",
            at=now,
            data=canonical(body).decode(),
            commitment=chain.NO_PAYLOAD,
            history_digest="",
            prev=prev,
            space="access",
        )
        entry = AccessEntry.objects.create(
            chain=number, seq=seq, kind=kind, at=now, data=body, prev=prev, mac=mac, key_id=ring.current
        )
        head.seq, head.mac, head.key_id = seq, mac, ring.current
        head.head_mac = chain.head(key, case_id=number, seq=seq, mac=mac, space="access")
        head.save(update_fields=["seq", "mac", "head_mac", "key_id"])
    return entry


def _locked(number: int) -> AccessHead:
    head = AccessHead.objects.select_for_update().filter(pk=number).first()
    if head is None:
        AccessHead.objects.bulk_create([AccessHead(chain=number)], ignore_conflicts=True)
        head = AccessHead.objects.select_for_update().get(pk=number)
    return head


def note_shown(
    *,
    person: User,
    shown: Shown,
    surface: str,
    now: dt.datetime,
    named: int | None = None,
    searched: bool = False,
    polled: bool = False,
) -> AccessEntry | None:
    """Note those of the cases of a page that are of a sensitive channel, as one entry; None when there are none.

    named      the case that the page is about: then it is a reading, else a list
    searched   whether something was asked for
    polled     whether the page asks by itself for what it shows already: noted once in ten minutes

    One query for a page that shows cases, and those of `note` when some are sensitive; one more for a polled page, and
    for cases that were loaded without their channel.
    """
    cases = _sensitive(shown)
    if not cases or (polled and _noted_of_late(person, cases, now)):
        return None
    kind = watching.READ if named in cases else watching.SEARCHED if searched else watching.LISTED
    about = {"case": named} if named in cases else {}
    return note(kind=kind, person=person, cases=cases, surface=surface, now=now, data=about)


def _sensitive(shown: Shown) -> set[int]:
    if not shown:
        return set()
    apart = [pk for pk, channel in shown.items() if channel is None]
    channels = dict(Case.objects.filter(pk__in=apart).values_list("pk", "channel_id")) if apart else {}
    of = {pk: channel or channels.get(pk) for pk, channel in shown.items()}
    ids = {channel for channel in of.values() if channel is not None}
    kept = set(Channel.objects.filter(pk__in=ids, sensitive=True).values_list("pk", flat=True))
    return {pk for pk, channel in of.items() if channel in kept}


def _noted_of_late(person: User, cases: set[int], now: dt.datetime) -> bool:
    rows = AccessEntry.objects.filter(chain=person.pk).order_by("-seq").values_list("kind", "at", "data")[:50]
    noted = {
        pk
        for kind, at, data in rows
        if kind in watching.LOOKS and at > now - POLLED
        for pk in data.get("cases", ())
    }  # fmt: skip
    return cases <= noted


# ------------------------------------------------------------------------------------------------------------- review


def review(*, entry_ids: Collection[int], actor: User, now: dt.datetime, note_text: str = "") -> int:
    """Mark entries as reviewed, which is itself an entry of the reviewer's access log. Returns how many are new.

    Raises NotAllowed for somebody who is no auditor, or for an entry of what they did themselves; Invalid without
    entries or with too many.
    """
    if not actor.has_perm(READ_ACCESS_LOG):
        raise NotAllowed("Only auditors review the access log.")
    if not entry_ids or len(entry_ids) > AT_ONCE:
        raise Invalid("entries", f"Choose at least one entry, and {AT_ONCE} at most.")
    said = note_text.strip()[:300]
    with transaction.atomic():
        rows = AccessEntry.objects.filter(pk__in=entry_ids)
        if any(row.chain == actor.pk for row in rows):
            raise NotAllowed("Nobody reviews what they did themselves: another auditor does.")
        _locked(actor.pk)
        new = sorted(rows.filter(review__isnull=True).values_list("pk", flat=True))
        if not new:
            raise Refused("These are reviewed already.")
        recorded = note(
            kind=watching.REVIEW, person=actor, now=now, data={"entries": new, **({"note": said} if said else {})}
        )
        AccessReview.objects.bulk_create(
            AccessReview(entry_id=pk, by=actor, at=now, note=said, recorded=recorded) for pk in new
        )
        AccessMark.objects.filter(pk__in=new, open=True).update(open=False)
    return len(new)
