"""Forms of remedies: what may be given here, and up to what amount, said before it is typed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Sum
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations.core import authority
from escalations.core.facts import Money
from escalations.core.policy import Policy
from escalations.core.policy.document import RemedyPolicy
from escalations.forms.base import ActForm, explained, text
from escalations.models import Remedy
from escalations.selectors import law, people


class RemedyForm(ActForm):
    """Granting a remedy, or asking for one."""

    names = {"remedy": "kind"}
    kind = forms.ChoiceField(
        label=_("Remedy"), widget=forms.RadioSelect, error_messages={"required": _("Choose the remedy.")}
    )
    amount = forms.CharField(
        label=_("Amount"), required=False, max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    currency = forms.CharField(label=_("Currency"), required=False, max_length=3)
    reason = text(_("Reason"), rows=3)

    def build(self) -> None:
        case = self.top.case
        policy = law.policy_of(law.in_force(self.now))
        region = self.top.policy.central.regions.get(case.region.key)
        currency = region.currency if region else "EUR"
        self.fields["currency"].initial = currency
        rows = people.members(self.now).filter(person=self.user).order_by("-level__rank")
        level = rows.values_list("level__key", flat=True).first() or ""
        given = granted(case.pk)
        wanted = self.top.category.remedies if self.top.category else ()
        choices = []
        for key in wanted:
            remedy = policy.central.remedies.get(key)
            if remedy is not None:
                choices.append((key, explained(remedy.name, allowance(policy, level, remedy, currency))))
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]
        self.fields["kind"].help_text = __("Granted so far: %(sums)s.") % {
            "sums": ", ".join(str(money) for money in given) or __("nothing")
        }
        self.fields["amount"].help_text = __("For money. Limits count everything that this case was granted.")

    def arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        policy = law.policy_of(law.in_force(self.now))
        remedy = policy.central.remedies.get(data["kind"])
        money = bool(remedy and remedy.money)
        return {
            "kind": data["kind"],
            "amount": data["amount"] if money else None,
            "currency": data["currency"] if money else "",
            "reason": data["reason"],
        }


def granted(case_id: int) -> tuple[Money, ...]:
    """What a case was granted so far, per currency. One query."""
    rows = Remedy.objects.filter(case_id=case_id, state=Remedy.State.GRANTED, amount__isnull=False)
    sums = rows.values("currency").annotate(total=Sum("amount")).order_by("currency")
    return tuple(Money(row["total"], row["currency"]) for row in sums)


def allowance(policy: Policy, level: str, remedy: RemedyPolicy, currency: str) -> str:
    """In words, what a level may grant of a remedy, and who decides above it."""
    levels = policy.central.levels
    if not remedy.money:
        required = remedy.from_level
        if required is None:
            return __("Nobody may grant it yet.")
        if policy.level_rank(level) >= policy.level_rank(required):
            return __("You may grant it.")
        return __("%(level)s decides.") % {"level": f"{levels[required].name} ({required})"}
    mine = authority.limit(policy, level, remedy, currency) if level else None
    above = [
        key
        for key in policy.levels_by_rank()
        if policy.level_rank(key) > policy.level_rank(level)
        and authority.limit(policy, key, remedy, currency) not in (None, mine)
    ]
    then = __("above it %(level)s decides") % {"level": f"{levels[above[0]].name} ({above[0]})"} if above else ""
    if mine is None:
        return (
            __("%(level)s decides") % {"level": levels[above[0]].name}
            if above
            else __("no limit is set in %(currency)s") % {"currency": currency}
        )
    words = __("You may, up to %(money)s in all") % {"money": Money(mine, currency)}
    return f"{words}; {then}." if then else f"{words}."


class Decide(ActForm):
    """The answer to a request for a remedy."""

    approval_id = forms.TypedChoiceField(label=_("Request"), coerce=int, widget=forms.RadioSelect)
    approve = forms.TypedChoiceField(
        label=_("Decision"),
        choices=[("1", _("Grant it")), ("0", _("Refuse it"))],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
        error_messages={"required": _("Grant it or refuse it.")},
    )
    reason = text(_("Reason"), rows=3, help_text=_("Who asked reads this."))

    def build(self) -> None:
        choices = []
        for row in self.top.approvals:
            known = self.top.policy.central.remedies.get(row.remedy.kind)
            name = known.name if known else row.remedy.kind
            amount = f" {row.remedy.currency} {row.remedy.amount:,.2f}" if row.remedy.amount is not None else ""
            choices.append((row.pk, f"{name}{amount}: {row.remedy.reason}"))
        self.fields["approval_id"].choices = choices  # type: ignore[attr-defined]
        if choices:
            self.fields["approval_id"].initial = choices[0][0]
