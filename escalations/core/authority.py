"""Authority: who may decide a case, and who may grant which remedy up to what amount.

A higher level may do whatever a lower one may. Limits are by remedy, level and currency; a currency without a limit at
a level or below it is not that level's to grant, and goes up. Limits count all that the case was granted in that
currency, so that splitting a refund, or giving a voucher beside it, does not stretch anybody's authority.

Authority is a protection: callers pass the policy in force, not the one that the case is pinned to.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from escalations.core.facts import Money
from escalations.core.policy import Policy
from escalations.core.policy.document import RemedyPolicy


class Yes(NamedTuple):
    """The level suffices. `left`: what it could still grant afterwards in this currency; None when no limit counts."""

    left: Money | None = None


class NeedsLevel(NamedTuple):
    """A higher level decides: the lowest one that may, and why this one may not."""

    level: str
    reason: str


class Never(NamedTuple):
    """No level may, and what would have to change."""

    reason: str


Verdict = Yes | NeedsLevel | Never


class AuthorityError(ValueError):
    """The question itself is wrong: an amount that is none, or one where none belongs."""


def may_decide(policy: Policy, level: str, required: str) -> Verdict:
    """Whether a level may decide a case whose category (or decision) requires a level."""
    if required not in policy.central.levels:
        return Never(f"The playbook in force has no level {required}; move the case to a version that has its level.")
    if policy.level_rank(level) >= policy.level_rank(required):
        return Yes()
    return NeedsLevel(required, f"{_name(policy, required)} decides this; {_name(policy, level)} does not.")


def may_grant(
    policy: Policy, level: str, remedy: str, amount: Money | None = None, *, already: Iterable[Money] = ()
) -> Verdict:
    """Whether a level may grant a remedy.

    amount    for a remedy in money: above zero; None for any other
    already   what the case was granted so far, in whatever currencies and by whatever remedies

    A refusal names the lowest level that may. Amounts are never converted between currencies. Raises AuthorityError
    for an amount that is missing, not above zero, or not asked for.
    """
    found = policy.central.remedies.get(remedy)
    if found is None:
        return Never(f"The playbook in force has no remedy {remedy!r}.")
    if not found.money:
        if amount is not None:
            raise AuthorityError(f"{found.name} is not in money: give no amount")
        return _by_level(policy, level, found)
    if amount is None:
        raise AuthorityError(f"{found.name} is in money: give an amount and its currency")
    if not amount.amount.is_finite() or amount.amount <= 0:
        raise AuthorityError("an amount is above zero")
    return _by_amount(policy, level, found, amount, sum_in(amount.currency, already))


def limit(policy: Policy, level: str, remedy: RemedyPolicy, currency: str) -> Decimal | None:
    """Up to how much a case may be granted in all by a level: the greatest limit of that level and those below it.
    None when none of them has one in this currency, or the remedy begins at a higher level."""
    rank = policy.level_rank(level)
    if remedy.from_level is not None and rank < policy.level_rank(remedy.from_level):
        return None
    limits = (
        amounts.by_currency[currency]
        for key, amounts in remedy.limits.items()
        if currency in amounts.by_currency and policy.level_rank(key) <= rank
    )
    return max(limits, default=None)


def sum_in(currency: str, amounts: Iterable[Money]) -> Decimal:
    """The sum of the amounts in one currency."""
    return sum((item.amount for item in amounts if item.currency == currency), Decimal(0))


def _by_level(policy: Policy, level: str, remedy: RemedyPolicy) -> Verdict:
    required = remedy.from_level
    if required is None:
        return Never(f"The playbook does not say from which level on {remedy.name} may be granted; propose one.")
    if policy.level_rank(level) >= policy.level_rank(required):
        return Yes()
    return NeedsLevel(required, f"{remedy.name} is granted from {_name(policy, required)} on.")


def _by_amount(policy: Policy, level: str, remedy: RemedyPolicy, asked: Money, granted: Decimal) -> Verdict:
    wanted = granted + asked.amount
    mine = limit(policy, level, remedy, asked.currency)
    if mine is not None and wanted <= mine:
        return Yes(Money(mine - wanted, asked.currency))
    total = str(Money(wanted, asked.currency))
    if mine is not None:
        why = f"{_name(policy, level)} may grant {Money(mine, asked.currency)} in all for one case; this makes {total}."
    else:
        why = f"{_name(policy, level)} may not grant {remedy.name} in {asked.currency}."
    highest: Decimal | None = None
    for higher in policy.levels_by_rank():
        highest = limit(policy, higher, remedy, asked.currency)
        if highest is not None and wanted <= highest:
            return NeedsLevel(higher, f"{why} {_name(policy, higher)} decides.")
    if highest is None:
        return Never(f"No level may grant {remedy.name} in {asked.currency}: the playbook sets no limit in it.")
    return Never(
        f"No level may grant {total} in all for one case; the highest limit is {Money(highest, asked.currency)}."
    )


def _name(policy: Policy, level: str) -> str:
    found = policy.central.levels.get(level)
    if found is None:
        return f"level {level}"
    return level if found.name == level else f"{found.name} ({level})"
