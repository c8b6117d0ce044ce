"""The values that the words of a message may quote: of a case and an intent, for a colleague or for the party.

What a party reads holds no internal facts: their values are a list of their own, not the colleagues' less some.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from escalations.core import brief
from escalations.core.policy import Policy
from escalations.models import NEVER, Case, Clock, Escalation, Outbox, Party, Remedy, User
from escalations.outbound.occasions import Occasion
from escalations.outbound.words import moment, span
from escalations.selectors.outbox import Situation

TO_A_PARTY_OF_A_SENSITIVE_CASE = {"reference", "party", "told_due", "due"}


def link(case: Case) -> str:
    """The address of a case's page on the desk."""
    return f"{settings.THROUGHLINE_BASE_URL}{case.get_absolute_url()}"


def clock_of(intent: Outbox, clocks: list[Clock]) -> Clock | None:
    """The clock that an intent speaks of (by id or kind), else the case's open one that is due first."""
    wanted = intent.data.get("clock")
    if wanted is not None:
        found = [row for row in clocks if row.pk == wanted or row.kind == wanted]
        name = intent.data.get("name")
        found = [row for row in found if row.name == name] or found if name else found
        return found[-1] if found else None
    open_ones = [row for row in clocks if row.ended_at is None and row.kind != Clock.Kind.TIER]
    return min(open_ones, key=lambda row: (row.steers_to or NEVER, row.pk), default=None)


def due_of(intent: Outbox, clock: Clock | None) -> dt.datetime | None:
    """When what the intent speaks of is, or was, due."""
    written = intent.data.get("due") or intent.data.get("due_at")
    if isinstance(written, str):
        try:
            at = dt.datetime.fromisoformat(written)
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            return at
    return clock.due_at if clock is not None else None


def promise(clock: Clock, policy: Policy) -> str:
    """What a clock promises: `first answer within 24 h`."""
    what = clock.get_kind_display()
    if clock.kind == Clock.Kind.STATUTORY and clock.name in policy.central.statutory:
        what = policy.central.statutory[clock.name].name
    return _("%(what)s within %(span)s") % {"what": what, "span": span(clock.target_s, business=clock.business)}


def money(row: Remedy) -> str:
    """An amount with its currency; empty for a remedy that is not money."""
    return f"{row.currency} {row.amount}" if row.amount is not None else ""


def remedy_name(row: Remedy, policy: Policy) -> str:
    """The name of a remedy in the playbook, else its key."""
    found = policy.central.remedies.get(row.kind)
    return found.name if found else row.kind


def for_staff(
    intent: Outbox, case: Case, person: User, occasion: Occasion, found: Situation, policy: Policy, at: dt.datetime
) -> dict[str, str]:
    """Values for a colleague, times in their zone. Values that there are not are empty."""
    clock = clock_of(intent, found.clocks.get(case.pk, []))
    due = due_of(intent, clock)
    remedy = found.row("remedy", intent.data)
    since = case.opened_at if intent.kind == "notice.rung" or clock is None else clock.started_at
    return {
        "reference": case.reference,
        "party": case.party.pseudonym,
        "category": case.category.name,
        "summary": case.text.summary if hasattr(case, "text") else "",
        "team": case.team.name,
        "leader": _leader(intent, case, remedy, found),
        "level": case.level.name,
        "rung": _rung(intent, case, policy),
        "promise": promise(clock, policy) if clock is not None else "",
        "due": moment(due, person.timezone) if due is not None else "",
        "told_due": moment(clock.promised_at, person.timezone) if clock is not None and clock.promised_at else "",
        "time_passed": span((at - since).total_seconds()),
        "next_step": _next_step(case, found),
        "asked": _(occasion.asked) if occasion.asked else "",
        "reason": _reason(intent, case, person, clock, remedy, found, policy),
        "remedy": remedy_name(remedy, policy) if remedy else "",
        "amount": money(remedy) if remedy else "",
        "done": _decided(remedy),
        "recipient": str(person),
        "url": link(case),
    }


def for_party(intent: Outbox, case: Case, party: Party, found: Situation, policy: Policy) -> dict[str, str]:
    """Values for the party, times in the zone of the case's region. Of sensitive cases only what says nothing."""
    clocks = found.clocks.get(case.pk, [])
    promised = [row.promised_at for row in clocks if row.promised_at is not None and row.ended_at is None]
    told = due_of(intent, None) or min(promised, default=None)
    remedy = found.row("remedy", intent.data)
    values = {
        "reference": case.reference,
        "party": party.name,
        "category": case.category.name,
        "team": case.team.name,
        "leader": (case.assignee.first_name if case.assignee else "") or case.team.name,
        "told_due": moment(told, case.region.timezone) if told is not None else "",
        "due": moment(told, case.region.timezone) if told is not None else "",
        "remedy": remedy_name(remedy, policy) if remedy else "",
        "amount": money(remedy) if remedy else "",
    }
    if case.channel.sensitive:
        return {name: value for name, value in values.items() if name in TO_A_PARTY_OF_A_SENSITIVE_CASE}
    return values


def why_told(intent: Outbox, case: Case | None, person: User, found: Situation) -> str:
    """Why an intent reaches a person, in their place: they have the case, lead its team, stand in for somebody."""
    tokens = [str(token) for token in intent.data.get("to", [])]
    named = [int(token[5:]) for token in tokens if token.startswith("user:") and token[5:].isdecimal()]
    if case is not None and case.assignee_id == person.pk:
        return _("You have this case.")
    if person.pk in named:
        return _("It concerns you by name.")
    for token in tokens:
        if token.startswith("role:") and person.pk in found.on_call.get(token[5:], ()):
            return _("You are on call.")
    teams = {int(token[6:]) for token in tokens if token.startswith("leads:") and token[6:].isdecimal()}
    if any((person.pk, team) in found.leading for team in teams):
        return _("You lead the team.")
    if person.pk in found.cover.values():
        return _("You stand in for somebody who is away.")
    if case is not None:
        return _("You belong to %(team)s, which owns this case.") % {"team": case.team.name}
    return ""


def _leader(intent: Outbox, case: Case, remedy: Remedy | None, found: Situation) -> str:
    if intent.kind == "notice.approval" and remedy is not None and remedy.actor_kind == "user":
        asker = found.users.get(int(remedy.actor_id))
        return str(asker) if asker else ""
    return str(case.assignee) if case.assignee else _("nobody yet")


def _rung(intent: Outbox, case: Case, policy: Policy) -> str:
    ladder = policy.central.ladders.get(case.ladder)
    rung = next((item for item in ladder.rungs if item.key == intent.data.get("rung")), None) if ladder else None
    if rung is None:
        return ""
    return _("after %(span)s") % {"span": span(rung.after.seconds, business=rung.after.basis == "business")}


def _next_step(case: Case, found: Situation) -> str:
    missing = found.missing.get(case.pk, [])
    made = brief.make(impact=(), steps=(), promised=(), missing=missing, path=(), status=case.status)
    return made.next_action[:1].upper() + made.next_action[1:]


def _decided(remedy: Remedy | None) -> str:
    approval = getattr(remedy, "approval", None)
    return str(approval.get_state_display()) if approval is not None else ""


def _reason(
    intent: Outbox,
    case: Case,
    person: User,
    clock: Clock | None,
    remedy: Remedy | None,
    found: Situation,
    policy: Policy,
) -> str:
    """The `{reason}` of an occasion: the words of the act where it has some, else why it reaches this person."""
    handoff, escalation = found.row("handoff", intent.data), found.row("escalation", intent.data)
    match intent.kind:
        case "notice.handoff" if handoff is not None:
            return str(handoff.note)
        case "notice.returned" if handoff is not None:
            return str(handoff.returned_because)
        case "notice.escalated" | "notice.de_escalated" | "notice.rung" if escalation is not None:
            return _why_escalated(escalation, down=intent.kind == "notice.de_escalated")
        case "notice.rung":
            return _("It was not settled in time at the level below.")
        case "notice.approval" if remedy is not None:
            return remedy.reason
        case "notice.decided" if remedy is not None:
            approval: Any = getattr(remedy, "approval", None)
            return approval.reason if approval is not None else ""
        case "notice.statutory" if clock is not None and clock.name in policy.central.statutory:
            return policy.central.statutory[clock.name].basis
        case "notice.undelivered":
            row = found.row("delivery", intent.data)
            return row.error if row is not None else ""
        case "notice.assigned" if case.assignee_id == person.pk:
            return _("It was given to you.")
        case "notice.reopened" | "notice.accepted":
            return ""
    return why_told(intent, case, person, found)


def _why_escalated(row: Escalation, *, down: bool) -> str:
    if down:
        return row.outcome
    return row.reason or str(row.get_cause_display())
