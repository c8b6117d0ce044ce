"""A case tried under a draft and under what is in force, side by side, in the words of the case page's `Why here`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from escalations.core.decision import Decision
from escalations.core.facts import FactError
from escalations.core.matrix import case_facts, evaluate
from escalations.core.policy import Policy
from escalations.core.words import Record, Why, explain, span

MaySee = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one policy says of a case: its decision and why; or why it cannot say."""

    title: str
    decision: Decision | None = None
    why: Why | None = None
    refusal: str = ""
    unknown: tuple[str, ...] = ()
    """Facts that this policy does not know, and so were left out."""
    rungs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing that both answers say, and whether they differ in it."""

    field: str
    draft: str
    base: str
    draft_origin: str = ""
    base_origin: str = ""

    @property
    def differs(self) -> bool:
        return self.draft != self.base


def answer(
    title: str, policy: Policy, case: Mapping[str, Any], may_see: MaySee, *, version: int | None = None
) -> Answer:
    """What a policy decides of a case as the contract writes it, for a reader. Facts that it does not declare are left
    out and named: a draft may know more than what is in force. No queries."""
    known, unknown = _known(policy, case)
    try:
        decision = evaluate(policy, case_facts(policy, known))
    except FactError as error:
        return Answer(title, refusal=str(error), unknown=unknown)
    except ValueError as error:  # a category or region that this policy does not have
        return Answer(title, refusal=str(error), unknown=unknown)
    why = explain(policy, Record.of(decision), may_see, version=version)
    return Answer(title, decision, why, unknown=unknown, rungs=_rungs(policy, decision))


def compared(draft: Answer, base: Answer | None) -> list[Compared]:
    """Field by field what both say, in the order in which the case page tells it."""
    ours = {line.field: line for line in draft.why.origins} if draft.why else {}
    theirs = {line.field: line for line in base.why.origins} if base and base.why else {}
    found = [
        Compared(
            field,
            ours[field].value if field in ours else _("none"),
            theirs[field].value if field in theirs else _("none"),
            ours[field].origin if field in ours else "",
            theirs[field].origin if field in theirs else "",
        )
        for field in dict.fromkeys([*ours, *theirs])
    ]
    rungs = [" · ".join(f"{after}: {to}" for after, to in one.rungs) if one else "" for one in (draft, base)]
    at = next((number for number, line in enumerate(found) if line.field == "ladder"), len(found) - 1)
    return [*found[: at + 1], Compared(_("rungs"), *rungs), *found[at + 1 :]] if any(rungs) else found


def _known(policy: Policy, case: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    facts = policy.central.facts
    kept, unknown = dict(case), []
    for section, signal in (("signals", True), ("facts", False)):
        given = case.get(section) or {}
        kept[section] = {key: value for key, value in given.items() if key in facts and facts[key].signal is signal}
        unknown += [key for key in given if key not in kept[section]]
    return kept, tuple(unknown)


def _rungs(policy: Policy, decision: Decision) -> tuple[tuple[str, str], ...]:
    central = policy.central
    ladder = central.ladders.get(decision.ladder)
    if ladder is None:
        return ()
    found = []
    for rung in ladder.rungs:
        level = f"{rung.level} {central.levels[rung.level].name}" if rung.level in central.levels else ""
        team = central.teams[rung.team].name if rung.team in central.teams else ""
        found.append((span(rung.after), " ".join(filter(None, (level, team))) or _("people are told")))
    return tuple(found)
