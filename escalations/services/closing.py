"""The end of a case, and its coming back: resolve, close, reopen, merge, link."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from escalations import mapping
from escalations.core import clock as clocks
from escalations.core import ladder
from escalations.core.actor import Actor
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Approval, Case, CaseLink, Clock, Escalation, Handoff, Pause
from escalations.models.reach import may
from escalations.selectors import law
from escalations.services import record
from escalations.services.escalation import close_standing
from escalations.services.evidence import complete
from escalations.services.pauses import run_on
from escalations.services.replies import send, start_next_update
from escalations.services.routing import start_statutory
from escalations.services.work import Work, working

#: A resolved case closes by itself after this time without a word from the party.
CLOSES_AFTER = dt.timedelta(days=3)


def resolve(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    root_cause: str,
    message: str,
    version: int | None = None,
) -> Case:
    """Resolve a case: the root cause, and the message that tells the party; every clock ends (field case C11).

    Raises Refused while required evidence is open or a remedy waits for a decision, Invalid for an unknown root cause.
    """
    with working(case_id=case_id, act="resolve", actor=actor, now=now, version=version) as work:
        work.require(
            given={"root_cause": root_cause, "message": message}, holding={"evidence_complete": complete(work)}
        )
        category = work.policy.central.categories.get(work.case.category.key)
        if category is None:
            raise Refused("The case's playbook version has no such category: move the case to a version that has it.")
        known = category.root_causes
        if root_cause not in known:
            raise Invalid("root_cause", f"Choose one of {', '.join(known.values())}.")
        if Approval.objects.filter(case=work.case, state=Approval.State.WAITING).exists():
            raise Refused("A remedy of this case waits for a decision: have it decided first.")
        send(work, body=message, kind="party.resolution")
        if work.case.status == Case.Status.WAITING:
            run_on(work, because="resolved")
        start_statutory(work, tuple(work.outcome.get("statutory", ())), starts="decision", at=now)
        work.end_clocks(met=("first_response", "next_update", "resolution", "statutory"))
        _supersede_handoff(work)
        close_standing(work)
        work.change(root_cause=root_cause, resolved_at=now)
        work.move()
        work.say("case.resolved", {"root_cause": root_cause})
    return work.case


def close(*, case_id: int, actor: Actor, now: dt.datetime, version: int | None = None) -> Case:
    """Close a resolved case. It leaves the lists of open cases, and can be reopened within the policy's window."""
    with working(case_id=case_id, act="close", actor=actor, now=now, version=version) as work:
        work.require(holding={"root_cause_known": bool(work.case.root_cause)})
        work.change(is_open=False, closed_at=now)
        work.own(cause="closed")
        work.move()
        work.say("case.closed")
    return work.case


def close_settled(*, now: dt.datetime, limit: int = 500) -> int:
    """Close resolved cases of which the party has not been heard for CLOSES_AFTER; how many. Run by schedule."""
    due = (
        Case.objects.open()
        .filter(status=Case.Status.RESOLVED, resolved_at__lte=now - CLOSES_AFTER)
        .exclude(messages__direction="in", messages__at__gt=now - CLOSES_AFTER)
        .order_by("id")
        .values_list("pk", "version")[:limit]
    )
    closed = 0
    for pk, version in due:
        try:
            close(case_id=pk, actor=Actor.worker("closing"), now=now, version=version)
        except (Refused, NotAllowed):
            continue
        closed += 1
    return closed


def reopen(*, case_id: int, actor: Actor, now: dt.datetime, reason: str, version: int | None = None) -> Case:
    """Reopen a resolved or closed case within the policy's window. Its resolution clock goes on with what was left,
    its ladder and statutory deadlines too: closing and reopening gives nobody a fresh clock (field case G3)."""
    with working(case_id=case_id, act="reopen", actor=actor, now=now, version=version) as work:
        case = work.case
        work.require(given={"reason": reason}, holding={"within_window": now <= reopens_until(work)})
        if case.team.retired_at is not None and case.team.successor_id is None:
            raise Refused("Its team is of the past, and nobody would own the case: open a new one and link it to this.")
        work.change(is_open=True, resolved_at=None, closed_at=None, reopened=case.reopened + 1)
        work.own(cause="reopened")
        ended: dict[tuple[str, str], Clock] = {}
        kinds = ("resolution", "tier", "statutory")
        for row in Clock.objects.filter(case=case, kind__in=kinds).order_by("id"):
            ended[row.kind, row.name] = row
        for (kind, name), row in ended.items():
            if row.ended_at is None or (kind == "tier" and row.state != Clock.State.CANCELLED):
                continue
            value = clocks.reopen(mapping.clock_value(row), work.calendar(row), at=now)
            work.take_up(value, name=name, calendar_digest=row.calendar_id)
        work.move()
        start_next_update(work)
        work.say("case.reopened", {"times": case.reopened}, words={"reason": reason.strip()})
        work.tell("notice.reopened", [record.holder(case)])
    return work.case


def reopens_until(work: Work) -> dt.datetime:
    """Until when the case may be reopened, by its pinned version."""
    category = work.policy.central.categories.get(work.case.category.key)
    window = (category and category.reopen_within) or work.policy.central.defaults.reopen_within
    ended = work.case.resolved_at or work.case.closed_at or work.now
    calendar = law.calendar_of(work.case.calendar_digest)
    return clocks.due_after(window.basis, window.seconds, at=ended, calendar=calendar)


def merge(
    *, case_id: int, actor: Actor, now: dt.datetime, into_id: int, reason: str, version: int | None = None
) -> Case:
    """Merge a case into another one that lives on, and return that one.

    The living case takes the earliest start, the strictest targets, the time used and the rungs climbed; the merged
    one ends, its clocks and timers with it (field cases C10, G3). A statutory deadline moves over. The two stay two
    records with a link; messages to the merged one go to the living one. Raises Refused for a closed target, or one in
    a less strict channel.
    """
    with transaction.atomic():
        # One order of locks for both, or two opposite merges would wait for each other for ever.
        list(Case.objects.select_for_update(of=("self",)).filter(pk__in=sorted({case_id, into_id})).order_by("pk"))
        with working(case_id=case_id, act="merge", actor=actor, now=now, version=version) as dead:
            dead.require(given={"reason": reason})
            if into_id == case_id:
                raise Invalid("open_case", "A case cannot be merged into itself.")
            with working(case_id=into_id, act="link", actor=actor, now=now) as living:
                _check_merge(dead, living)
                carried = _merge_clocks(dead, living)
                CaseLink.objects.get_or_create(
                    case=living.case,
                    other=dead.case,
                    kind=CaseLink.Kind.DUPLICATE,
                    defaults={"actor_kind": actor.kind, "actor_id": actor.id, "at": now},
                )
                if dead.case.severity_band > living.case.severity_band:
                    living.change(severity_band=dead.case.severity_band)
                living.say("case.merged_here", {"case": dead.case.pk, "reference": dead.case.reference})
            dead.end_clocks(carried=carried)
            _end_pauses(dead)
            _supersede_handoff(dead)
            close_standing(dead)
            dead.change(is_open=False, closed_at=now, merged_into=living.case)
            dead.own(cause="merged")
            dead.move()
            dead.say(
                "case.merged",
                {"into": living.case.pk, "reference": living.case.reference},
                words={"reason": reason.strip()},
            )
    return living.case


def link(
    *, case_id: int, actor: Actor, now: dt.datetime, other_id: int, kind: str = "related", version: int | None = None
) -> CaseLink:
    """Link two cases that belong together; the person must be able to see both."""
    with working(case_id=case_id, act="link", actor=actor, now=now, version=version) as work:
        other = Case.objects.filter(pk=other_id).select_related("channel", "party").first()
        if other is None or (work.person is not None and not may(work.person, "see_cases", other)):
            raise Invalid("other_case", "There is no such case among those that you can see.")
        if other.pk == case_id:
            raise Invalid("other_case", "A case is not linked to itself.")
        if kind not in CaseLink.Kind.values:
            raise Invalid("kind", f"one of {', '.join(CaseLink.Kind.values)}")
        row, made = CaseLink.objects.get_or_create(
            case=work.case,
            other=other,
            kind=kind,
            defaults={"actor_kind": actor.kind, "actor_id": actor.id, "at": now},
        )
        if not made:
            raise Refused("These two are linked so already.")
        work.say("case.linked", {"other": other.pk, "kind": kind})
    return row


def _check_merge(dead: Work, living: Work) -> None:
    if not living.case.is_open or living.case.status == Case.Status.RESOLVED:
        raise Invalid("open_case", f"{living.case} is {living.case.get_status_display()}: it must be worked on.")
    if living.case.channel.rank < dead.case.channel.rank:
        raise Refused(
            f"{living.case} is in the channel {living.case.channel}, which more people see than {dead.case.channel}. "
            f"Merge {living.case} into this one instead."
        )


def _merge_clocks(dead: Work, living: Work) -> dict[int, clocks.Clock]:
    """Carry the dead case's clocks into the living one's; returns what carries each statutory deadline on."""
    carried: dict[int, clocks.Clock] = {}
    _merge_tiers(dead, living)
    for theirs in dead.running:
        if theirs.kind == "tier":
            continue
        mine = living.clock(theirs.kind, theirs.name)
        value = mapping.clock_value(theirs)
        if mine is not None:
            merged = clocks.merged(mapping.clock_value(mine), value, living.calendar(mine), at=living.now)
            living.put(mine, merged)
            carried[theirs.pk] = merged
        elif theirs.kind in ("statutory", "resolution"):
            if theirs.state == Clock.State.PAUSED:
                value = clocks.resume(value, dead.calendar(theirs), at=living.now)
            living.take_up(value, name=theirs.name, calendar_digest=theirs.calendar_id)
            carried[theirs.pk] = value
    return carried


def _merge_tiers(dead: Work, living: Work) -> None:
    mine, theirs = living.clock("tier"), dead.clock("tier")
    rungs = living.policy.central.ladders.get(living.case.ladder)
    if rungs is None or (mine is None and theirs is None):
        return
    climbed = Escalation.objects.filter(case__in=[dead.case, living.case]).exclude(rung_key="")
    merged = ladder.merged_tier(
        rungs,
        mapping.clock_value(mine) if mine else None,
        mapping.clock_value(theirs) if theirs else None,
        at=living.now,
        receipt=min(dead.case.opened_at, living.case.opened_at),
        calendar=law.calendar_of(living.case.calendar_digest),
        fired=set(climbed.values_list("rung_key", flat=True)),
    )
    if merged is not None and mine is not None and merged.tier == mine.tier:
        living.put(mine, merged)
        return
    if mine is not None:
        living.put(mine, clocks.cancel(mapping.clock_value(mine), at=living.now))
    if merged is not None:
        living.take_up(merged)


def _end_pauses(work: Work) -> None:
    Pause.objects.filter(clock__case=work.case, ends_at__isnull=True).update(ends_at=work.now)


def _supersede_handoff(work: Work) -> None:
    Handoff.objects.filter(case=work.case, state=Handoff.State.OFFERED).update(
        state=Handoff.State.SUPERSEDED, answered_at=work.now, answered_by=str(work.actor)
    )
