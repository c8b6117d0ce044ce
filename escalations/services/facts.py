"""Facts of an open case: changed, verified, dismissed; the case is evaluated again under its pinned version.

What the new facts raise applies at once. Any other change of route is offered to the owner, with the difference, and
applies only when somebody accepts it. Choosing another category is asking for its route, so that applies whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from escalations import mapping
from escalations.core.actor import Actor
from escalations.core.decision import Decision
from escalations.core.facts import FactError, parse_value, plain
from escalations.core.matrix import UnknownCategory, UnknownRegion, evaluate
from escalations.errors import Invalid, Refused
from escalations.models import Case, CaseDecision, CaseFact, Category, PolicyVersion
from escalations.selectors import law, registry
from escalations.services import record
from escalations.services.routing import apply_raises, apply_route, difference, start_statutory
from escalations.services.work import Work, working


@dataclass(frozen=True, slots=True)
class FactsChange:
    """What came of a change: the decision row, and the route changes that are offered (field -> [now, then])."""

    decision: CaseDecision
    offered: Mapping[str, list[Any]] = field(default_factory=dict)


def change_facts(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    changes: Mapping[str, Any] | None = None,
    states: Mapping[str, str] | None = None,
    reason: str = "",
    version: int | None = None,
) -> FactsChange:
    """Set facts (`changes`: key -> value as JSON, claimed unless `states` says otherwise) and states of facts.

    Dismissing a fact, or making a verified one a claim again, lowers what it raised and needs a `reason`.
    Raises Invalid naming the fact, or when nothing changes.
    """
    with working(case_id=case_id, act="change_facts", actor=actor, now=now, version=version) as work:
        changed = _write(work, dict(changes or {}), dict(states or {}), reason)
        decision = _evaluated(work)
        before = dict(work.outcome)
        held = apply_raises(work, decision)
        offered = difference(held, decision.outcome())
        whole = {**decision.outcome(), **{name: held.get(name) for name in offered}}
        row = mapping.decision_row(
            decision, case=work.case, version_id=work.case.policy_version_id, at=now, cause="facts", applied=not offered
        )
        if offered:
            # The raises hold already: keep them as the outcome in force, and the rest as an offer.
            kept = mapping.decision_row(
                decision, case=work.case, version_id=work.case.policy_version_id, at=now, cause="facts"
            )
            kept.outcome = whole
            kept.save(force_insert=True)
            work.tell("notice.route_offered", [record.holder(work.case)])
        row.save(force_insert=True)
        work.say(
            "facts.changed",
            {
                "keys": sorted(changed),
                "decision": row.pk,
                "raised": sorted(difference(before, held)),
                "offered": sorted(offered),
            },
            words={"reason": reason.strip()} if reason.strip() else None,
        )
        if any(state == CaseFact.State.VERIFIED for state in (states or {}).values()):
            start_statutory(work, decision.statutory, starts="verification", at=now)
    return FactsChange(decision=row, offered=offered)


def accept_route(*, case_id: int, actor: Actor, now: dt.datetime, decision_id: int, version: int | None = None) -> Case:
    """Apply the route that an earlier change of facts offered. It is evaluated afresh, so that what applies is what
    the facts say now. Raises Refused when it was not offered, or is no longer the newest."""
    with working(case_id=case_id, act="change_facts", actor=actor, now=now, version=version) as work:
        newest = CaseDecision.objects.filter(case=work.case).order_by("-id").first()
        if newest is None or newest.pk != decision_id or newest.applied:
            raise Refused("This offer is no longer open: the facts have changed since, or it was applied.")
        decision = _evaluated(work)
        reroute(work, decision, cause="facts")
    return work.case


def reclassify(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    category: str,
    symptom: str,
    reason: str,
    version: int | None = None,
) -> Case:
    """Move a case to another category of its pinned version; the whole route of that category applies.

    The time used so far counts (field case G4), and the change is on record. Raises Invalid for an unknown category or
    symptom, and without a reason.
    """
    with working(case_id=case_id, act="change_facts", actor=actor, now=now, version=version) as work:
        work.require(given={"reason": reason})
        policy = work.policy.central.categories.get(category)
        if policy is None:
            raise Invalid("category", "The case's playbook version has no such category; move it to a newer version.")
        if symptom not in policy.symptoms:
            raise Invalid("symptom", f"Choose one of {', '.join(policy.symptoms.values())}.")
        if (category, symptom) == (work.case.category.key, work.case.symptom):
            raise Invalid("category", "This is its category already.")
        before = work.case.category.key
        work.change(category=registry.row(Category, category), symptom=symptom)
        decision = _evaluated(work)
        reroute(work, decision, cause="reclassified")
        work.say(
            "case.reclassified",
            {"from": before, "to": category, "symptom": symptom},
            words={"reason": reason.strip()},
        )
    return work.case


def preview_version(*, case_id: int, number: int, now: dt.datetime) -> dict[str, list[Any]]:
    """What moving a case to another policy version would change: field -> [now, then]. Writes nothing.

    Raises Invalid for a version that is not in force yet or does not exist, Refused when it cannot place the case.
    """
    case = Case.objects.select_related("party", "category", "region", "channel", "team", "level").get(pk=case_id)
    work = Work(case, act="move_version", actor=Actor.worker("preview"), now=now)
    before = dict(work.outcome)
    work.policy = law.policy_of(_version(number, now))
    return difference(before, _evaluated(work).outcome())


def move_version(
    *, case_id: int, actor: Actor, now: dt.datetime, number: int, reason: str, version: int | None = None
) -> Case:
    """Move a case to another policy version, explicitly and on record; its whole route follows (invariant 1).

    The clocks keep the time used; what was promised stays promised. See `preview_version` for what it would change.
    """
    with working(case_id=case_id, act="move_version", actor=actor, now=now, version=version) as work:
        work.require(given={"reason": reason})
        target = _version(number, now)
        if target.pk == work.case.policy_version_id:
            raise Invalid("version", f"The case is pinned to version {number} already.")
        before = work.case.policy_version.number
        work.outcome  # noqa: B018  (the outcome that held is read before the policy changes)
        work.policy = law.policy_of(target)
        work.change(policy_version=target)
        decision = _evaluated(work)
        reroute(work, decision, cause="moved")
        work.say("case.version_moved", {"from": before, "to": number}, words={"reason": reason.strip()})
    return work.case


def _version(number: int, now: dt.datetime) -> PolicyVersion:
    found = PolicyVersion.objects.filter(number=number, effective_at__lte=now).first()
    if found is None:
        raise Invalid("version", f"There is no version {number} in force or superseded; choose one that was published.")
    return found


def reroute(work: Work, decision: Decision, *, cause: str) -> None:
    """Apply a decision whole and keep it as the one that holds. Part of another act."""
    offered = difference(work.outcome, decision.outcome())
    apply_route(work, decision)
    work.decision = mapping.decision_row(
        decision, case=work.case, version_id=work.case.policy_version_id, at=work.now, cause=cause
    )
    work.say("case.rerouted", {"cause": cause, "rule": decision.rule, "changed": sorted(offered)})


def _evaluated(work: Work) -> Decision:
    rows = CaseFact.objects.filter(case=work.case)
    try:
        return evaluate(work.policy, mapping.facts_of(work.policy, work.case, rows))
    except (UnknownCategory, UnknownRegion) as error:
        raise Refused(str(error)) from error


def _write(work: Work, changes: dict[str, Any], states: dict[str, str], reason: str) -> set[str]:
    rows = {row.key: row for row in CaseFact.objects.select_for_update().filter(case=work.case)}
    changed: set[str] = set()
    for key, raw in changes.items():
        definition = work.policy.central.facts.get(key)
        if definition is None:
            raise Invalid(key, "the case's playbook version knows no such fact")
        try:
            value = plain(parse_value(key, definition.type, raw))
        except FactError as error:
            raise Invalid(key, str(error)) from error
        row = rows.get(key)
        if row is None:
            state = states.pop(key, CaseFact.State.CLAIMED if definition.signal else CaseFact.State.GIVEN)
            rows[key] = row = CaseFact(case=work.case, key=key, value=value, state=state)
        elif row.value == value:
            continue
        else:
            row.value = value
            # A new value is a new claim: what was verified was the old one.
            row.state = states.pop(key, CaseFact.State.CLAIMED if definition.signal else CaseFact.State.GIVEN)
        changed.add(key)
    for key, state in states.items():
        row = rows.get(key)
        if row is None:
            raise Invalid(key, "this case has no such fact")
        if state not in CaseFact.State.values:
            raise Invalid(key, f"a fact is one of {', '.join(CaseFact.State.values)}")
        lowers = state == CaseFact.State.DISMISSED or (
            row.state == CaseFact.State.VERIFIED and state == CaseFact.State.CLAIMED
        )
        if lowers and not reason.strip():
            raise Invalid("reason", "Say why: this takes back what the fact has raised.")
        if row.state != state:
            row.state = state
            changed.add(key)
    if not changed:
        raise Invalid("facts", "Nothing is different: change at least one fact.")
    for key in changed:
        rows[key].source, rows[key].at = str(work.actor), work.now
        rows[key].save()
    return changed
