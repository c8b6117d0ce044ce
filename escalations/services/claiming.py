"""Taking due deliveries for sending: each by one worker, several for one colleague as one parcel, nobody flooded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import Count, F, Max, Min, QuerySet

from escalations.core import post
from escalations.models import Delivery
from escalations.outbound import mail
from escalations.outbound.occasions import OCCASIONS, occasion

State = Delivery.State
DUE = (State.WAITING, State.SENDING)
MOST_ROWS = 2000
"""Deliveries that one claim takes at most, however many wait."""

# Written by no person, and so to be counted: two robots may be talking.
_AUTOMATIC = frozenset(key for key, told in OCCASIONS.items() if told.to_party and not told.by_a_person)
_LOCK_SPACE = 7461
_LOST = "The worker ended each time while it was sending this. Look at its log before sending again."
_TOO_MANY = (
    f"More than {post.AUTOMATIC_A_DAY} automatic messages to this party within a day: two robots may be answering each "
    "other. Send again if not."
)


@dataclass(slots=True)
class Parcel:
    """Deliveries that leave together as one message, held until `lease`."""

    recipient: str
    means: str
    rows: list[Delivery]
    lease: dt.datetime
    now: dt.datetime

    @property
    def attempts(self) -> int:
        """The number of this attempt; 1 is the first."""
        return max(row.attempts for row in self.rows)

    @property
    def key(self) -> str:
        """The idempotency key: of the delivery, or of the bundle, whose members never change."""
        first = self.rows[0]
        named = first.bundle if first.bundle.startswith("+") else first.outbox.occurrence_key
        return post.delivery_key(named, self.recipient, self.means)

    @property
    def message_id(self) -> str:
        """The Message-ID of the mail, the same at every attempt."""
        if self.rows[0].bundle.startswith("+"):
            return post.message_id(self.key, mail.domain())
        return self.rows[0].message_id


def held(parcel: Parcel, rows: Iterable[Delivery]) -> QuerySet[Delivery]:
    """Those of `rows` that this worker still holds: whoever lost its lease writes nothing any more."""
    return Delivery.objects.filter(pk__in=[row.pk for row in rows], state=State.SENDING, next_at=parcel.lease)


@dataclass(slots=True)
class Claimed:
    """What a claim took, what it gave up, and how much it put off to a later moment."""

    parcels: list[Parcel] = field(default_factory=list)
    given_up: list[Delivery] = field(default_factory=list)
    later: int = 0

    def __bool__(self) -> bool:
        return bool(self.parcels or self.given_up or self.later)


def claim(*, now: dt.datetime, limit: int) -> Claimed:
    """Take what is due for up to `limit` recipients.

    A recipient is taken by one worker at a time (an advisory lock on PostgreSQL, the write lock on SQLite), so that
    all that waits for a colleague leaves as one message. Who was just written to waits a little. One transaction, nine
    statements at most.
    """
    with transaction.atomic():
        due = Delivery.objects.filter(state__in=DUE, next_at__lte=now)
        first = due.values("recipient").annotate(since=Min("next_at")).order_by("since", "recipient")
        wanted = _only_ours([row["recipient"] for row in first[:limit]])
        if not wanted:
            return Claimed()
        rows = list(
            due.filter(recipient__in=wanted)
            .select_related("outbox__case")
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("id")[:MOST_ROWS]
        )
        alive, given_up = _without_the_lost(rows)
        lately = _lately(wanted, now)
        groups = _groups(alive, cut=len(rows) == MOST_ROWS)
        chosen: list[list[Delivery]] = []
        later: list[Delivery] = []
        taken: set[tuple[str, str]] = set()
        automatic = _automatic_to_parties(alive, now)
        # Retries first: a bundle that waits for its turn must not be overtaken for ever.
        for (recipient, means, _bundle), group in sorted(groups.items(), key=lambda item: item[0][2] == ""):
            if recipient.startswith("party:"):
                sending = _within_the_day(group, automatic, given_up)
                chosen += [[row] for row in sending]
                continue
            urgent = any(occasion(row.outbox.kind).urgent for row in group)
            wait = post.not_before(*lately.get(recipient, (None, 0)), urgent=urgent)
            if (recipient, means) in taken or (wait is not None and wait > now):
                for row in group:
                    row.next_at = max(wait or now, now + dt.timedelta(seconds=1))
                later += group
                continue
            taken.add((recipient, means))
            chosen.append(group)
        return Claimed(_take(chosen, later, given_up, now), given_up, len(later))


def _only_ours(recipients: Sequence[str]) -> list[str]:
    """Those of `recipients` that no other worker is taking at this moment."""
    if connection.vendor != "postgresql" or not recipients:
        return list(recipients)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE pg_try_advisory_xact_lock(%s, hashtext(name))",
            [list(recipients), _LOCK_SPACE],
        )
        return [row[0] for row in cursor.fetchall()]


def _without_the_lost(rows: Iterable[Delivery]) -> tuple[list[Delivery], list[Delivery]]:
    """Rows to send, and rows whose worker ended at every attempt."""
    alive: list[Delivery] = []
    lost: list[Delivery] = []
    for row in rows:
        if post.gives_up(row.attempts):
            row.error = _LOST
            lost.append(row)
        else:
            alive.append(row)
    return alive, lost


def _groups(rows: Iterable[Delivery], *, cut: bool) -> dict[tuple[str, str, str], list[Delivery]]:
    """Rows by recipient, means and bundle.

    A bundle goes out whole or not at all: its Message-ID stands for its members. One that `cut` may have torn is left
    for the next claim; one that has lost a member for good is bundled anew.
    """
    found: dict[tuple[str, str, str], list[Delivery]] = {}
    for row in rows:
        found.setdefault((row.recipient, row.means, row.bundle), []).append(row)
    for (recipient, means, bundle), group in list(found.items()):
        if not bundle.startswith("+") or len(group) == int(bundle.rpartition("-")[2]):
            continue
        del found[recipient, means, bundle]
        if not cut:
            for row in group:
                row.bundle = ""
            found.setdefault((recipient, means, ""), []).extend(group)
    return found


def _lately(recipients: Sequence[str], now: dt.datetime) -> dict[str, tuple[dt.datetime | None, int]]:
    """When colleagues were last written to and how often within an hour, a message on its way included."""
    hour = now - dt.timedelta(hours=1)
    staff = [name for name in recipients if not name.startswith("party:")]
    if not staff:
        return {}
    lease = dt.timedelta(seconds=post.LEASE_S)
    sent = (
        Delivery.objects.filter(recipient__in=staff, sent_at__gt=hour)
        .values("recipient")
        .annotate(last=Max("sent_at"), often=Count("bundle", distinct=True))
        .order_by()
    )
    found: dict[str, tuple[dt.datetime | None, int]] = {row["recipient"]: (row["last"], row["often"]) for row in sent}
    flying = Delivery.objects.filter(recipient__in=staff, state=State.SENDING, next_at__gt=now)
    for name, until in flying.values_list("recipient").annotate(until=Max("next_at")).order_by():
        last, often = found.get(name, (None, 0))
        begun = until - lease
        found[name] = (max(begun, last) if last else begun, often + 1)
    return found


def _automatic_to_parties(rows: Iterable[Delivery], now: dt.datetime) -> dict[str, int]:
    """How many automatic messages each party was sent within a day."""
    parties = {row.recipient for row in rows if row.recipient.startswith("party:")}
    if not parties:
        return {}
    counted = (
        Delivery.objects.filter(
            recipient__in=parties, sent_at__gt=now - dt.timedelta(days=1), outbox__kind__in=_AUTOMATIC
        )
        .values_list("recipient")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return dict(counted)


def _within_the_day(group: Sequence[Delivery], automatic: dict[str, int], given_up: list[Delivery]) -> list[Delivery]:
    sending = []
    for row in group:
        if row.outbox.kind in _AUTOMATIC:
            if automatic.get(row.recipient, 0) >= post.AUTOMATIC_A_DAY:
                row.error = _TOO_MANY
                given_up.append(row)
                continue
            automatic[row.recipient] = automatic.get(row.recipient, 0) + 1
        sending.append(row)
    return sending


def _take(
    chosen: Sequence[list[Delivery]], later: Sequence[Delivery], given_up: Sequence[Delivery], now: dt.datetime
) -> list[Parcel]:
    lease = now + dt.timedelta(seconds=post.LEASE_S)
    fresh: list[Delivery] = []
    for group in chosen:
        if not group[0].bundle:
            fresh += group
            # A bundle is named by its members: another one has another Message-ID, the same one never.
            ids = [row.pk for row in group]
            mark = f"+{ids[0]}-{ids[-1]}-{len(ids)}" if len(ids) > 1 else str(ids[0])
            for row in group:
                row.bundle = mark
    if fresh:
        Delivery.objects.bulk_update(fresh, ["bundle"], batch_size=500)
    if later:
        Delivery.objects.bulk_update(later, ["next_at"], batch_size=500)
    if given_up:
        for row in given_up:
            row.state, row.next_at = State.DEAD, now
        Delivery.objects.bulk_update(given_up, ["state", "next_at", "error"], batch_size=500)
    rows = [row for group in chosen for row in group]
    if rows:
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=State.SENDING, next_at=lease, attempts=F("attempts") + 1
        )
    for row in rows:
        row.state, row.next_at, row.attempts = State.SENDING, lease, row.attempts + 1
    return [Parcel(group[0].recipient, group[0].means, list(group), lease, now) for group in chosen]
