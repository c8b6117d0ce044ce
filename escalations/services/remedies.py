"""Remedies: granted within the authority of the level, else asked of the next level that may.

Limits count what the case was granted in all, per currency. Authority is a protection: it is read from the version in
force, not from the pinned one (decision 3 of the design).
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models

from escalations.core import authority
from escalations.core.actor import Actor
from escalations.core.facts import Money
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Approval, Level, Remedy
from escalations.selectors import law, people, registry
from escalations.services.work import Work, working


def remedy(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    kind: str,
    reason: str,
    amount: Decimal | str | None = None,
    currency: str = "",
    version: int | None = None,
) -> Remedy:
    """Grant a remedy, or ask the level that may when the acting person's does not suffice.

    `amount` is in units of `currency` (three letters). The returned row is `granted` or `requested`. Raises Invalid
    for an unknown remedy or a wrong amount, Refused when nobody may grant it.
    """
    with working(case_id=case_id, act="remedy", actor=actor, now=now, version=version) as work:
        work.require(given={"remedy": kind, "reason": reason})
        policy = law.policy_of(law.in_force(now))
        known = policy.central.remedies.get(kind)
        category = work.policy.central.categories.get(work.case.category.key)
        if known is None:
            raise Invalid("remedy", "The playbook in force has no such remedy.")
        if category is not None and kind not in category.remedies:
            raise Invalid("remedy", f"{known.name} is not among the remedies of {category.name}.")
        money = _money(amount, currency) if known.money else None
        verdict = authority.may_grant(policy, level_of(work), kind, money, already=_granted(work))
        if isinstance(verdict, authority.Never):
            raise Refused(verdict.reason)
        granted = isinstance(verdict, authority.Yes)
        row = Remedy.objects.create(
            case=work.case,
            kind=kind,
            amount=money.amount if money else None,
            currency=money.currency if money else "",
            reason=reason.strip(),
            state=Remedy.State.GRANTED if granted else Remedy.State.REQUESTED,
            actor_kind=actor.kind,
            actor_id=actor.id,
            at=now,
        )
        if isinstance(verdict, authority.NeedsLevel):
            level = registry.row(Level, verdict.level)
            Approval.objects.create(remedy=row, case=work.case, level=level, asked_at=now)
            work.say("remedy.requested", _data(row, level=level.key), words={"reason": row.reason})
            work.tell("notice.approval", [f"leads:{work.case.team_id}"], remedy=row.pk)
        else:
            work.say("remedy.granted", _data(row), words={"reason": row.reason})
            work.tell("party.remedy", [f"party:{work.case.party_id}"], remedy=row.pk)
    return row


def decide_remedy(
    *,
    approval_id: int,
    actor: Actor,
    now: dt.datetime,
    approve: bool,
    reason: str,
    version: int | None = None,
) -> Approval:
    """Answer a request for a remedy. The decider's own level must suffice for it now, and they are not who asked.

    Raises NotAllowed, or Refused when it was decided already.
    """
    case_id = Approval.objects.values_list("case_id", flat=True).get(pk=approval_id)
    with working(case_id=case_id, act="decide_remedy", actor=actor, now=now, version=version) as work:
        work.require(given={"reason": reason})
        row = Approval.objects.select_for_update(of=("self",)).select_related("remedy", "level").get(pk=approval_id)
        work.require(holding={"requested_remedy": row.state == Approval.State.WAITING})
        asked = row.remedy
        if (asked.actor_kind, asked.actor_id) == (actor.kind, actor.id):
            raise NotAllowed("You asked for this yourself; somebody else decides.")
        policy = law.policy_of(law.in_force(now))
        money = Money(asked.amount, asked.currency) if asked.amount is not None else None
        verdict = authority.may_grant(policy, level_of(work), asked.kind, money, already=_granted(work))
        if approve and not isinstance(verdict, authority.Yes):
            raise NotAllowed(
                f"Your level does not suffice: {verdict.level} decides this."
                if isinstance(verdict, authority.NeedsLevel)
                else verdict.reason
            )
        row.state = Approval.State.APPROVED if approve else Approval.State.REFUSED
        row.reason, row.decided_at, row.decided_by = reason.strip(), now, str(actor)
        row.save(update_fields=["state", "reason", "decided_at", "decided_by"])
        asked.state = Remedy.State.GRANTED if approve else Remedy.State.REFUSED
        asked.save(update_fields=["state"])
        work.say(
            "remedy.granted" if approve else "remedy.refused",
            _data(asked, approval=row.pk),
            words={"reason": row.reason},
        )
        if asked.actor_kind == "user":
            work.tell("notice.decided", [f"user:{asked.actor_id}"], remedy=asked.pk)
        if approve:
            work.tell("party.remedy", [f"party:{work.case.party_id}"], remedy=asked.pk)
    return row


def level_of(work: Work) -> str:
    """The highest level that the acting person holds in any team; integrations act at the case's level. One query."""
    if work.person is None:
        return work.case.level.key
    rows = people.members(work.now).filter(person=work.person).order_by("-level__rank")
    key = rows.values_list("level__key", flat=True).first()
    if key is None:
        raise NotAllowed("You belong to no team, so no level says what you may grant.")
    return str(key)


def _granted(work: Work) -> tuple[Money, ...]:
    rows = Remedy.objects.filter(case=work.case, state=Remedy.State.GRANTED, amount__isnull=False)
    sums = rows.values("currency").annotate(total=models.Sum("amount")).order_by("currency")
    return tuple(Money(row["total"], row["currency"]) for row in sums)


def _money(amount: Decimal | str | None, currency: str) -> Money:
    try:
        value = Decimal(str(amount if amount is not None else "").strip().replace(",", "."))
    except InvalidOperation:
        raise Invalid("amount", "Write an amount such as 25.00.") from None
    if not value.is_finite() or not 0 < value < 10**11 or value != value.quantize(Decimal("0.01")):
        raise Invalid("amount", "An amount is above zero, below 100,000 million, with at most two decimals.")
    code = currency.strip().upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise Invalid("currency", "A currency is three letters, for example EUR.")
    return Money(value, code)


def _data(row: Remedy, **more: Any) -> dict[str, Any]:
    amount = f"{row.amount:.2f}" if row.amount is not None else None
    return {"id": row.pk, "remedy": row.kind, "amount": amount, "currency": row.currency, **more}
