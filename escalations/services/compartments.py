"""A case changes its channel: into a stricter one at once, by whoever works on it; out of one by two people.

`change_channel` is what every such change goes through, those that facts raise among them. Whoever loses sight of the
case loses it in the same transaction: a holder who may not work there gives it back to the queue, grants to single
people end unless they are confirmed, and the event lists who was told of the case before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import Q

from escalations.core.actor import Actor
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, CaseGrant, Channel, ChannelMove, Delivery
from escalations.selectors import people
from escalations.services import record
from escalations.services.work import Work, working

State = ChannelMove.State


def restrict(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    channel_id: int,
    reason: str,
    keep: Collection[int] = (),
    version: int | None = None,
) -> Case:
    """Move a case into a stricter channel. `keep` are ids of grants that are confirmed for there; all others end.

    Raises Invalid for a channel that is not stricter, or a grant that is not in force.
    """
    with working(case_id=case_id, act="restrict", actor=actor, now=now, version=version) as work:
        work.require(given={"channel": channel_id, "reason": reason})
        channel = Channel.objects.filter(pk=channel_id, retired_at__isnull=True).first()
        if channel is None or channel.rank <= work.case.channel.rank:
            raise Invalid("channel", f"Choose a channel that is stricter than {work.case.channel}.")
        change_channel(work, channel, keep=keep, reason=reason)
    return work.case


def ask_release(
    *, case_id: int, actor: Actor, now: dt.datetime, channel_id: int, reason: str, version: int | None = None
) -> ChannelMove:
    """Ask to move a case into a channel that is not stricter. The channel's owners are told; a second person decides.

    Raises Invalid for a channel that is stricter or its own, Refused when a move waits already.
    """
    with working(case_id=case_id, act="ask_release", actor=actor, now=now, version=version) as work:
        work.require(given={"channel": channel_id, "reason": reason})
        if work.person is None:
            raise NotAllowed("Only a person can ask for this.")
        channel = Channel.objects.filter(pk=channel_id, retired_at__isnull=True).first()
        if channel is None or channel.pk == work.case.channel_id:
            raise Invalid("channel", "Choose the channel that it should go to.")
        if channel.rank > work.case.channel.rank:
            raise Invalid("channel", f"{channel} is stricter: move the case there at once, nobody need be asked.")
        waiting = ChannelMove.objects.filter(case=work.case, state=State.WAITING)
        work.require(holding={"no_move_asked": not waiting.exists()})
        row = ChannelMove.objects.create(
            case=work.case,
            from_channel=work.case.channel,
            to_channel=channel,
            reason=reason.strip()[:300],
            asked_by=work.person,
            asked_at=now,
        )
        work.say(
            "channel.release_asked",
            {"move": row.pk, "from": work.case.channel.key, "to": channel.key},
            words={"reason": reason.strip()},
        )
        work.tell("notice.release_asked", [f"owners:{work.case.channel_id}"])
    return row


def decide_release(
    *, case_id: int, actor: Actor, now: dt.datetime, approve: bool, version: int | None = None
) -> ChannelMove:
    """Decide on the move that was asked for: a specialist or an owner of the channel that the case is in, and not who
    asked. Grants to single people end. The asker is told. Raises Refused when none waits, NotAllowed for the asker."""
    with working(case_id=case_id, act="decide_release", actor=actor, now=now, version=version) as work:
        row = (
            ChannelMove.objects.select_for_update(of=("self",))
            .select_related("to_channel", "from_channel")
            .filter(case=work.case, state=State.WAITING)
            .first()
        )
        work.require(holding={"waiting_move": row is not None})
        if row is None or work.person is None:
            raise Refused("Only a person can decide this.")
        if row.asked_by_id == work.person.pk:
            raise NotAllowed("Somebody else decides: not who asked.")
        row.state = State.MOVED if approve else State.REFUSED
        row.decided_by, row.decided_at = work.person, now
        row.save(update_fields=["state", "decided_by", "decided_at"])
        if approve:
            change_channel(work, row.to_channel)
        else:
            work.say("channel.release_refused", {"move": row.pk, "to": row.to_channel.key})
        work.tell("notice.release_decided", [f"user:{row.asked_by_id}"])
    return row


def change_channel(work: Work, channel: Channel, *, keep: Collection[int] = (), reason: str = "") -> None:
    """Put the case at hand into another channel, with all that follows from it. Part of another act; at most seven
    queries."""
    case, before = work.case, work.case.channel
    ended, kept = _end_grants(work, keep)
    told = _told_of(case) if channel.sensitive and not work.created else []
    ChannelMove.objects.filter(case=case, state=State.WAITING).update(state=State.OVERTAKEN, decided_at=work.now)
    work.change(channel=channel)
    data = {"from": before.key, "to": channel.key, "told_before": told, "grants_ended": ended, "grants_kept": kept}
    work.say("channel.changed", data, words={"reason": reason.strip()} if reason.strip() else None)
    if case.assignee_id is not None and case.assignee_id not in people.holders(channel.pk, "work_cases"):
        work.tell_blindly("notice.withdrawn", [f"user:{case.assignee_id}"])
        work.own(assignee=None, cause="channel")
        work.move("team")
        work.tell("notice.queue", [record.holder(case)])


def _end_grants(work: Work, keep: Collection[int]) -> tuple[list[int], list[int]]:
    """End the grants of the case that are in force and not kept; ids of the people who lose it, and who keep it."""
    rows = list(CaseGrant.objects.select_for_update().in_force(work.now).filter(case=work.case).order_by("id"))
    if unknown := set(keep) - {row.pk for row in rows if not row.break_glass}:
        raise Invalid("keep", f"Not in force, or not to be kept: {', '.join(map(str, sorted(unknown)))}.")
    gone = [row for row in rows if row.pk not in keep]
    CaseGrant.objects.filter(pk__in=[row.pk for row in gone]).update(ended_at=work.now, ended_by=work.person)
    return [row.user_id for row in gone], [row.user_id for row in rows if row.pk in keep]


def _told_of(case: Case) -> list[str]:
    """Colleagues and rooms that were told of a case so far, as `user:4` and `team:2`. What is not sent yet will be
    worded by the channel that the case is in then."""
    out = Q(sent_at__isnull=False) | Q(state=Delivery.State.SENDING)
    told = Delivery.objects.filter(out, outbox__case=case).exclude(recipient__startswith="party:")
    return sorted(set(told.order_by().values_list("recipient", flat=True)))
