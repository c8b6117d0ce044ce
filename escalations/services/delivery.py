"""Telling people: intents become deliveries, deliveries leave the desk. At least once each, under one Message-ID.

    expand(now=now)     waiting intents -> a row per recipient and means
    deliver(now=now)    due rows are claimed, several for one colleague bundled, worded, sent, and marked

A row is claimed in one short transaction (counted as an attempt, so that a killed worker's attempts count), sent
outside any transaction, and marked in another. What a worker held when it died is free again when its lease is over;
if the provider had accepted it before the mark was written, it is sent again under the same Message-ID.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from escalations.core import post
from escalations.models import Case, Delivery, Outbox, Party, Region, User
from escalations.outbound import compose, mail, notify
from escalations.outbound.failures import Permanent, SendingFailed, Temporary
from escalations.outbound.mail import Post
from escalations.outbound.occasions import occasion
from escalations.selectors.outbox import Situation, readable, situation
from escalations.selectors.recipients import resolve
from escalations.services import links, record
from escalations.services.claiming import Parcel, claim, held

log = logging.getLogger(__name__)

State = Delivery.State


@dataclass(slots=True)
class Expanded:
    """What one call of `expand` did."""

    intents: int = 0
    deliveries: int = 0
    nobody: int = 0


@dataclass(slots=True)
class Delivered:
    """What one call of `deliver` did, in deliveries, and how many messages left the desk."""

    messages: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.counts)


def expand(*, now: dt.datetime, limit: int = 500) -> Expanded:
    """Turn up to `limit` waiting intents into deliveries: one row per recipient and means, whoever is named twice.

    Tokens that lead to nobody become a row that is given up at once, with the reason, for a person to see. Several
    workers share the work (SKIP LOCKED). Fifteen statements at most, whatever the number of intents.
    """
    done = Expanded()
    with transaction.atomic():
        waiting = Outbox.objects.filter(expanded_at__isnull=True).select_related("case__team").order_by("id")
        intents = list(waiting.select_for_update(skip_locked=True, of=("self",))[:limit])
        if not intents:
            return done
        told = resolve(intents, now, lambda kind: occasion(kind).room)
        rows = [
            Delivery(
                outbox=intent,
                recipient=one.recipient,
                means=one.means,
                state=State.DEAD if one.obstacle else State.WAITING,
                next_at=now,
                message_id=_message_id(intent, one.recipient, one.means),
                error=one.obstacle,
            )
            for intent in intents
            for one in told[intent.pk]
        ]
        # An intent that is expanded again (a recipient was missing) keeps the rows that it has.
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)
        Outbox.objects.filter(pk__in=[intent.pk for intent in intents]).update(expanded_at=now)
    done.intents, done.deliveries = len(intents), len(rows)
    done.nobody = sum(bool(row.error) for row in rows)
    return done


def deliver(*, now: dt.datetime, limit: int = 100, within_s: float = 40) -> Delivered:
    """Send what is due, in batches of `limit` recipients, until nothing is due or `within_s` seconds have passed; what
    was claimed but not begun by then is given back.

    Never raises for a message that fails: the row keeps the reason, and comes again later or is given up. One
    connection to the mail server for all.
    """
    done = Delivered()
    end = time.monotonic() + within_s
    with Post() as connection:
        while time.monotonic() < end:
            # Durable: nothing leaves before the claim is committed.
            with transaction.atomic(durable=True):
                taken = claim(now=now, limit=limit)
                _tell_of_dead(taken.given_up, now)
            if not taken:
                break
            done.counts[State.DEAD] += len(taken.given_up)
            found = situation([row for parcel in taken.parcels for row in parcel.rows], now)
            for place, parcel in enumerate(taken.parcels):
                if time.monotonic() >= end:
                    _give_back(taken.parcels[place:], now)
                    break
                _one(parcel, found, connection, now, done)
    done.counts = +done.counts
    return done


def resend(*, delivery_ids: Collection[int], now: dt.datetime) -> int:
    """Put deliveries that were given up back into the queue, with all their attempts; returns how many.

    They keep their Message-ID. One that had found nobody to tell is worked out anew. Others are left alone.
    """
    with transaction.atomic():
        rows = list(Delivery.objects.select_for_update().filter(pk__in=delivery_ids, state=State.DEAD).order_by("id"))
        lost = [row for row in rows if row.recipient.partition(":")[0] not in ("user", "party") and row.means == "mail"]
        lost_ids = {row.pk for row in lost}
        Delivery.objects.filter(pk__in=lost_ids).delete()
        Outbox.objects.filter(pk__in={row.outbox_id for row in lost}).update(expanded_at=None)
        Delivery.objects.filter(pk__in=[row.pk for row in rows if row.pk not in lost_ids]).update(
            state=State.WAITING, attempts=0, next_at=now, bundle="", error=""
        )
    return len(rows)


def settle(*, case_ids: Collection[int], before: dt.datetime, why: str) -> int:
    """Let what was to be told of some cases up to a moment be over: nothing of it is sent.

    For made-up history. Who would have been told is worked out, and each row kept as dropped with `why`; returns how
    many those are. What is written for a later moment than `before` is sent as ever.
    """
    while expand(now=before).intents:
        continue
    ids, settled = sorted(case_ids), 0
    for start in range(0, len(ids), 500):
        rows = Delivery.objects.filter(
            outbox__case_id__in=ids[start : start + 500], outbox__at__lte=before, state__in=[State.WAITING, State.DEAD]
        )
        settled += rows.update(state=State.DROPPED, next_at=before, error=why[:300])
    return settled


def _message_id(intent: Outbox, recipient: str, means: str) -> str:
    return post.message_id(post.delivery_key(intent.occurrence_key, recipient, means), mail.domain())


def _one(parcel: Parcel, found: Situation, connection: Post, now: dt.datetime, done: Delivered) -> None:
    """Word, send and mark one parcel."""
    try:
        sent = _send(parcel, found, connection)
    except SendingFailed as failure:
        dead = isinstance(failure, Permanent) or post.gives_up(parcel.attempts)
        _mark_failed(parcel, str(failure), dead=dead, now=now)
        done.counts[State.DEAD if dead else State.WAITING] += len(parcel.rows)
        return
    told = {row.pk for row in sent}
    unseen = [row for row in parcel.rows if row.pk not in told]
    if sent:
        held(parcel, sent).update(state=State.SENT, sent_at=now, next_at=now, error="")
        done.counts[State.SENT] += len(sent)
        done.messages += 1
    if unseen:
        why = "Not needed any more, or about a case that the receiver may no longer see."
        held(parcel, unseen).update(state=State.DROPPED, next_at=now, error=why)
        done.counts[State.DROPPED] += len(unseen)


def _send(parcel: Parcel, found: Situation, connection: Post) -> list[Delivery]:
    """Send a parcel and return the rows that it told of; the others need not, or must not, be told any more.

    Raises SendingFailed.
    """
    kind, _, ref = parcel.recipient.partition(":")
    try:
        match kind:
            case "user":
                return _to_colleague(parcel, found.users.get(int(ref)), found, connection)
            case "party":
                return _to_party(parcel, found.parties.get(int(ref)), found, connection)
            case "team" if parcel.means == "chat":
                return _to_room(parcel, found)
    except SendingFailed:
        raise
    except Exception as error:
        log.exception("delivery %s could not be worded", parcel.rows[0].pk)
        raise Temporary(f"The message could not be worded ({type(error).__name__}); the log says more.") from None
    raise Permanent(f"The desk has no way to write to {parcel.recipient!r}.")


def _to_colleague(parcel: Parcel, person: User | None, found: Situation, connection: Post) -> list[Delivery]:
    if person is None or not person.is_active:
        return []
    cases = {row.outbox.case_id for row in parcel.rows if row.outbox.case_id}
    seen = readable(person, cases)
    rows = [row for row in parcel.rows if row.outbox.case_id is None or row.outbox.case_id in seen]
    rows = [row for row in rows if compose.still_true(row, person, found, parcel.now)]
    if not rows:
        return []
    letter = compose.to_colleague(rows, person, found, parcel.now)
    connection.send(letter, to=person.email, message_id=parcel.message_id, key=parcel.key)
    return rows


def _to_party(parcel: Parcel, party: Party | None, found: Situation, connection: Post) -> list[Delivery]:
    if party is None or party.erased_at is not None:
        return []
    row = parcel.rows[0]
    case = found.cases[row.outbox.case_id or 0]
    follow = links.link_for(case=case, party_id=party.pk, now=parcel.now) if case.party_id == party.pk else ""
    letter = compose.to_party(row, party, found, follow=follow)
    if parcel.means == "sms":
        notify.sms(letter, number=party.phone, regions=_regions(row.outbox.case))
        return [row]
    message = compose.message_of(row, found)
    # An answer is known by the id that its message has on the case: replies to it are threaded by that.
    own = message.message_id if message is not None and mail.is_message_id(message.message_id) else parcel.message_id
    connection.send(letter, to=party.email, message_id=own, key=parcel.key)
    return [row]


def _to_room(parcel: Parcel, found: Situation) -> list[Delivery]:
    row = parcel.rows[0]
    case = found.cases[row.outbox.case_id or 0]
    letter = compose.bare(case, language="en")
    notify.chat(letter, team=case.team.key, regions=_regions(case))
    return [row]


def _regions(case: Case | None) -> list[str]:
    """The region of a case and those around it: which hosts may be spoken to depends on it. One query."""
    path = Region.objects.filter(pk=case.region_id).values_list("path", flat=True).first() if case else None
    return (path or "").split("/")


def _mark_failed(parcel: Parcel, why: str, *, dead: bool, now: dt.datetime) -> None:
    if not dead:
        again = now + dt.timedelta(seconds=post.wait_after(parcel.attempts, parcel.key))
        held(parcel, parcel.rows).update(state=State.WAITING, next_at=again, error=why)
        return
    with transaction.atomic():
        if held(parcel, parcel.rows).update(state=State.DEAD, next_at=now, error=why):
            _tell_of_dead(parcel.rows, now)


def _give_back(parcels: Sequence[Parcel], now: dt.datetime) -> None:
    """Time is up: what was claimed and not begun waits again, and has not been tried."""
    for parcel in parcels:
        held(parcel, parcel.rows).update(state=State.WAITING, next_at=now, attempts=max(0, parcel.attempts - 1))


def _tell_of_dead(rows: Collection[Delivery], now: dt.datetime) -> None:
    """A message to a party that was given up is told to whoever has the case. Each time it happens (field case S4)."""
    intents = []
    for row in rows:
        case = row.outbox.case
        if case is None or not row.recipient.startswith("party:"):
            continue
        intents.append(
            record.intent(
                kind="notice.undelivered",
                occurrence=f"delivery/{row.pk}/given-up/{now.isoformat()}",
                case_id=case.pk,
                now=now,
                to=[record.holder(case)],
                data={"delivery": row.pk},
            )
        )
    Outbox.objects.bulk_create(intents, ignore_conflicts=True)
