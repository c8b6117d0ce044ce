"""What is said: answers to the party, the party's own words, notes among colleagues, promises of time."""

from __future__ import annotations

import datetime as dt
from email.utils import make_msgid

from escalations import mapping
from escalations.core import clock as clocks
from escalations.core import lifecycle
from escalations.core.actor import Actor
from escalations.core.policy import Target
from escalations.errors import Invalid
from escalations.models import Case, Message, Note
from escalations.outbound import mail
from escalations.services import record
from escalations.services.pauses import resume_on
from escalations.services.work import Work, working

BODY_LENGTH = 50_000


def respond(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    body: str,
    subject: str = "",
    promise_due: dt.datetime | None = None,
    promise_reason: str = "",
    version: int | None = None,
) -> Message:
    """Answer the party: a message row and its delivery, the first-response clock met in the same transaction, the
    next-update clock started anew.

    `promise_due` promises the next update (or, before one, the decision) for that moment; extending an earlier promise
    needs `promise_reason`, and this message is what tells the party of it.

    Raises Invalid for an empty or too long text, or a promise in the past.
    """
    with working(case_id=case_id, act="respond", actor=actor, now=now, version=version) as work:
        work.require(given={"message": body})
        message = send(work, body=body, subject=subject)
        work.meet("first_response")
        work.meet("next_update")
        start_next_update(work)
        if promise_due is not None:
            promise(work, due=promise_due, reason=promise_reason, message=message)
        work.move()
    return message


def receive(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    body: str,
    means: str = "mail",
    message_id: str = "",
    in_reply_to: str = "",
    subject: str = "",
) -> Message:
    """Take in a message of the party, whatever way it came (field case C8): one service behind every way in.

    A pause that ends with the party's reply ends here; the next-update clock starts; the assignee, or the team's
    leads, are told. A message to a merged case goes to the case that lives on. One that came before, by its
    `message_id`, is returned as it is, and nothing is written: what is sent twice is there once.
    """
    try:
        return _receive(living(case_id), actor, now, body, means, message_id, in_reply_to, subject)
    except _CameBeforeError as twice:
        return twice.message


class _CameBeforeError(Exception):
    """Ends an act without a trace: the message is there already."""

    def __init__(self, message: Message) -> None:
        self.message = message


def _receive(
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    body: str,
    means: str,
    message_id: str,
    in_reply_to: str,
    subject: str,
) -> Message:
    with working(case_id=case_id, act="receive", actor=actor, now=now) as work:
        # Asked while the case is locked: of two that come at once, one waits for the other.
        before = Message.objects.filter(message_id=message_id).first() if message_id else None
        if before is not None:
            raise _CameBeforeError(before)
        body = _body(body)
        work.require(given={"message": body})
        message = Message.objects.create(
            case=work.case,
            direction=Message.Direction.IN,
            means=means,
            language=work.case.language,
            message_id=message_id or make_msgid(domain="throughline.invalid"),
            in_reply_to=in_reply_to,
            subject=subject[:300],
            body=body,
            actor_kind=actor.kind,
            actor_id=actor.id,
            at=now,
        )
        work.say("message.received", {"message": message.pk, "means": means}, words={"body": body})
        resume_on(work, "party_reply")
        if work.clock("first_response") is None and work.clock("next_update") is None:
            start_next_update(work)
        work.tell("notice.reply", [record.holder(work.case)])
    return message


def note(*, case_id: int, actor: Actor, now: dt.datetime, body: str, version: int | None = None) -> Note:
    """Write a note among colleagues. It meets no clock, and the party never sees it."""
    with working(case_id=case_id, act="note", actor=actor, now=now, version=version) as work:
        body = _body(body)
        work.require(given={"note": body})
        row = Note.objects.create(case=work.case, body=body, actor_kind=actor.kind, actor_id=actor.id, at=now)
        work.say("note.added", {"note": row.pk}, words={"body": body})
    return row


def promise_party(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    body: str,
    due: dt.datetime,
    reason: str = "",
    version: int | None = None,
) -> Message:
    """Promise the party the decision by `due`, in a message that says so. The target stays where it is.

    Unlike an update promised with an answer, this binds the resolution. Putting an earlier promise off needs a
    `reason`. Raises Invalid naming the field.
    """
    with working(case_id=case_id, act="promise", actor=actor, now=now, version=version) as work:
        work.require(given={"message": body, "due": due})
        message = send(work, body=body)
        promise(work, due=due, reason=reason, message=message, kinds=("resolution",))
    return message


def living(case_id: int) -> int:
    """The case that an id stands for now: merges are followed to the case that lives on."""
    seen = set()
    while case_id not in seen:
        seen.add(case_id)
        into = Case.objects.filter(pk=case_id).values_list("merged_into_id", flat=True).first()
        if into is None:
            return case_id
        case_id = into
    return case_id


def send(work: Work, *, body: str, subject: str = "", kind: str = "party.message") -> Message:
    """Write an outgoing message and its intent to be delivered. Part of another act."""
    body = _body(body)
    message = Message.objects.create(
        case=work.case,
        direction=Message.Direction.OUT,
        means=Case.Source.MAIL,
        language=work.case.language,
        message_id=make_msgid(domain=mail.domain()),
        subject=" ".join(subject.split())[:300],
        body=body,
        actor_kind=work.actor.kind,
        actor_id=work.actor.id,
        at=work.now,
    )
    work.say("message.sent", {"message": message.pk}, words={"body": body})
    work.tell(kind, [f"party:{work.case.party_id}"], message=message.pk)
    return message


def start_next_update(work: Work) -> None:
    """Start the next-update clock by the case's pinned decision, if its policy sets such a target and somebody still
    owes something: a word of thanks to a closed case starts nothing."""
    written = work.outcome.get("targets", {}).get("next_update")
    if written and work.case.status in lifecycle.WORKED_ON:
        work.start("next_update", Target.model_validate(written))


def promise(
    work: Work,
    *,
    due: dt.datetime,
    reason: str,
    message: Message,
    kinds: tuple[str, ...] = ("next_update", "resolution"),
) -> None:
    """Promise the party what the first open clock of `kinds` stands for, by `due`. Part of another act."""
    row = next((found for kind in kinds if (found := work.clock(kind)) is not None), None)
    if row is None:
        raise Invalid("promise_due", "no clock runs that could be promised; the case is past its targets")
    try:
        value = clocks.promise(
            mapping.clock_value(row), at=work.now, due=due, message=message.message_id, reason=reason.strip()
        )
    except clocks.ClockRefusedError as error:
        raise Invalid("promise_reason" if due > work.now else "promise_due", str(error)) from error
    work.put(row, value)
    work.say(
        "promise.made",
        {"clock": row.kind, "due": due.astimezone(dt.UTC).isoformat(), "automatic": False},
        words={"reason": reason} if reason.strip() else None,
    )


def _body(text: str) -> str:
    body = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(body) > BODY_LENGTH:
        raise Invalid("message", f"at most {BODY_LENGTH:,} characters, this has {len(body):,}")
    return body
