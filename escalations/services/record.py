"""The record of a change: chained events, history rows, intents to tell. Used by every service, set-wise or singly."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from escalations import keys
from escalations.core import chain
from escalations.core.actor import Actor
from escalations.core.canonical import canonical, digest_of
from escalations.models import Case, Event, EventPayload, Outbox

HistoricalCase = Case.history.model
TRACKED = tuple(name.attname for name in Case.history.model.tracked_fields)
#: What a history row says beside the case's own columns.
ABOUT = ("history_date", "history_type", "history_change_reason", "history_user_id")
REASON_LENGTH = HistoricalCase._meta.get_field("history_change_reason").max_length or 100


@dataclass(slots=True)
class Entry:
    """One event to be written: what happened (`data`, no personal data) and its words (`words`, erasable)."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Head:
    """Where a case's chain stands; moves on as events are made."""

    seq: int
    mac: str


def plain(value: Any) -> Any:
    """A column's value as it goes into a digest: instants as UTC text, the rest as JSON."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value


def history_values(
    columns: Mapping[str, Any], *, now: dt.datetime, actor: Actor, reason: str, kind: str = "~"
) -> dict[str, Any]:
    """The history row of a case as column values. `kind` is simple-history's: + created, ~ changed."""
    return {name: columns[name] for name in TRACKED} | {
        "history_date": now,
        "history_type": kind,
        "history_change_reason": (reason if actor.kind == "user" else f"{actor}: {reason}")[:REASON_LENGTH],
        "history_user_id": actor.user_id,
    }


def history_digest(values: Mapping[str, Any]) -> str:
    """Digest of a history row, which the event written with it carries in its MAC."""
    return digest_of({name: plain(value) for name, value in values.items()})


#: Columns of a case that came when rows of its history were there already, the oldest first, each with what those rows
#: hold in it. A row's digest leaves out what was not there when it was written; a test holds the first ones to a list.
LATER: tuple[tuple[str, Any], ...] = ()


def history_digests(values: Mapping[str, Any]) -> list[str]:
    """The digests that a stored history row may have been sealed with: of all its columns, and, where the columns that
    came later hold nothing, of those that there were before."""
    left = dict(values)
    found = [history_digest(left)]
    for name, nothing in reversed(LATER):
        if left.pop(name) != nothing:
            break
        found.append(history_digest(left))
    return found


class Linked(NamedTuple):
    """One event of a chain, ready to be written: `data` as canonical JSON text, `salt` empty where it has no words."""

    seq: int
    kind: str
    data: str
    history_digest: str
    commitment: str
    prev: str
    mac: str
    salt: str


def links(
    *,
    case_id: int,
    head: Head,
    entries: Sequence[Entry],
    actor: Actor,
    now: dt.datetime,
    history: str = "",
) -> list[Linked]:
    """Entries chained onto `head`, which moves on. The last one carries the history row's digest."""
    ring = keys.chain_keys()
    key = ring.key(ring.current)
    last = len(entries)
    made = []
    for number, entry in enumerate(entries, 1):
        salt, commitment = "", chain.NO_PAYLOAD
        if entry.words is not None:
            raw = secrets.token_bytes(16)
            salt, commitment = raw.hex(), chain.commitment(raw, canonical(entry.words))
        seq, prev = head.seq + 1, head.mac
        data = canonical(entry.data).decode()
        digest = history if number == last else ""
        mac = chain.link(
            key,
            case_id=case_id,
            seq=seq,
            kind=entry.kind,
            actor_kind=actor.kind,
            actor_id=actor.id,
            at=now,
            data=data,
            commitment=commitment,
            history_digest=digest,
            prev=prev,
        )
        made.append(Linked(seq, entry.kind, data, digest, commitment, prev, mac, salt))
        head.seq, head.mac = seq, mac
    return made


def make_events(
    *,
    case_id: int,
    head: Head,
    entries: Sequence[Entry],
    actor: Actor,
    now: dt.datetime,
    history: str = "",
) -> list[tuple[Event, EventPayload | None]]:
    """Event rows (unsaved) with their words, chained onto `head` as `links` does."""
    current = keys.chain_keys().current
    chained = links(case_id=case_id, head=head, entries=entries, actor=actor, now=now, history=history)
    made: list[tuple[Event, EventPayload | None]] = []
    for entry, one in zip(entries, chained, strict=True):
        event = Event(
            case_id=case_id,
            seq=one.seq,
            kind=one.kind,
            actor_kind=actor.kind,
            actor_id=actor.id,
            at=now,
            data=dict(entry.data),
            history_digest=one.history_digest,
            commitment=one.commitment,
            prev=one.prev,
            mac=one.mac,
            key_id=current,
        )
        payload = EventPayload(salt=one.salt, body=dict(entry.words)) if entry.words is not None else None
        made.append((event, payload))
    return made


def seal(case: Case, head: Head) -> None:
    """Put the moved head on the case row (in memory), sealed by its own MAC."""
    ring = keys.chain_keys()
    case.chain_seq, case.chain_mac, case.key_id = head.seq, head.mac, ring.current
    case.head_mac = chain.head(ring.key(ring.current), case_id=case.pk, seq=head.seq, mac=head.mac)


def save_events(made: Iterable[tuple[Event, EventPayload | None]]) -> None:
    """Insert events and their words: two statements, whatever the number."""
    pairs = list(made)
    Event.objects.bulk_create([event for event, _ in pairs])
    payloads = []
    for event, payload in pairs:
        if payload is not None:
            payload.event_id = event.pk
            payloads.append(payload)
    if payloads:
        EventPayload.objects.bulk_create(payloads)


def link_of(event: Event) -> chain.Link:
    """A stored event as the core's chain reads it."""
    return chain.Link(
        seq=event.seq,
        kind=event.kind,
        actor_kind=event.actor_kind,
        actor_id=event.actor_id,
        at=event.at,
        data=canonical(event.data).decode(),
        commitment=event.commitment,
        history_digest=event.history_digest,
        prev=event.prev,
        mac=event.mac,
        key_id=event.key_id,
    )


ERASED = "case.erased"
"""The kind of event that attests changed history rows: see `attested`."""


def attested(events: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Digests of history rows that an erasure changed -> their digests since then, as the chain itself says in its
    `events` (kind and data of each).

    A row of history is genuine when its digest is that of an event, or follows from one here. What nothing in the
    chain attests was changed by hand.
    """
    found: dict[str, str] = {}
    for kind, data in events:
        if kind == ERASED:
            found.update(data.get("history", {}))
    return found


def digest_now(digest: str, changed: Mapping[str, str]) -> str:
    """The digest that a history row has today, of which an event carries `digest`; `changed` is from `attested`."""
    seen = set()
    while digest in changed and digest not in seen:
        seen.add(digest)
        digest = changed[digest]
    return digest


def row_digest(row: Any) -> str:
    """Digest of a stored history row of a case."""
    return history_digest({name: getattr(row, name) for name in (*TRACKED, *ABOUT)})


def holder(case: Case) -> str:
    """Who answers for a case, as a recipient of `intent`: the person who has it, else the leads of its team."""
    return f"user:{case.assignee_id}" if case.assignee_id else f"leads:{case.team_id}"


def intent(
    *, kind: str, occurrence: str, case_id: int | None, now: dt.datetime, to: Iterable[str], data: Mapping[str, Any]
) -> Outbox:
    """An intent to tell (unsaved). `to` names recipients: `user:1`, `party:1`, `leads:1` (of a team), `team:1`,
    `role:KEY`; people and addresses are worked out when it is delivered."""
    return Outbox(
        kind=kind,
        occurrence_key=occurrence,
        case_id=case_id,
        at=now,
        data=json.loads(canonical({**data, "to": list(to)})),
    )
