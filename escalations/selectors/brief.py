"""The brief of a case: rows gathered for `core.brief`, which words it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from escalations.core import brief
from escalations.core.facts import parse_value
from escalations.core.policy import Policy
from escalations.core.words import Phrases
from escalations.models import (
    Approval,
    Case,
    CaseFact,
    CaseText,
    Clock,
    Event,
    Evidence,
    Handoff,
    Ownership,
    User,
)
from escalations.selectors import law

#: Why a pause ended, in words.
RESUMED = {
    "party_reply": "the party answered",
    "evidence": "evidence came in",
    "resumed": "by hand",
    "time": "its time was over",
    "resolved": "resolved",
}


def brief_value(case: Case, *, now: dt.datetime) -> brief.Brief:
    """The brief of a case as it stands. Eight queries, whatever the length of its history."""
    policy = law.policy_of(case.policy_version_id)
    events = list(Event.objects.filter(case=case).select_related("payload").order_by("seq"))
    people = _names(events)
    return brief.make(
        impact=_impact(case, policy),
        steps=[
            brief.Step(
                at=event.at,
                kind=event.kind,
                who=people.get((event.actor_kind, event.actor_id), event.actor_id),
                data=_named(event.data, policy, case, people),
                words=_words(event),
            )
            for event in events
        ],
        promised=[
            brief.Promise(clock.get_kind_display(), clock.promised_at)
            for clock in Clock.objects.filter(case=case, ended_at__isnull=True, promised_at__isnull=False)
            if clock.promised_at is not None
        ],
        missing=list(
            Evidence.objects.filter(case=case, required=True, state=Evidence.State.OPEN).values_list("name", flat=True)
        ),
        path=_path(case),
        status=case.status,
        held=case.assignee_id is not None,
        offered=Handoff.objects.filter(case=case, state=Handoff.State.OFFERED).exists(),
        waiting_for_approval=Approval.objects.filter(case=case, state=Approval.State.WAITING).exists(),
    )


def brief_of(case: Case, *, now: dt.datetime) -> dict[str, Any]:
    """The brief as JSON, as a handoff keeps it."""
    return brief_value(case, now=now).document()


def _impact(case: Case, policy: Policy) -> list[str]:
    phrases = Phrases(policy)
    lines = list(CaseText.objects.filter(case=case).values_list("summary", flat=True))
    for fact in CaseFact.objects.filter(case=case).exclude(state=CaseFact.State.DISMISSED).order_by("id"):
        definition = policy.central.facts.get(fact.key)
        # Restricted facts do not travel in the brief: it is read by people without their class.
        if definition is None or definition.visibility is not None or fact.value is False:
            continue
        value = parse_value(fact.key, definition.type, fact.value)
        said = "" if value is True else f": {phrases.value(fact.key, value)}"
        state = "" if fact.state == "given" else f" ({fact.get_state_display()})"
        lines.append(f"{definition.name}{said}{state}")
    return lines


def _path(case: Case) -> list[brief.Stay]:
    returned = {(row.to_team_id, row.at) for row in Handoff.objects.filter(case=case, state=Handoff.State.RETURNED)}
    stays: list[brief.Stay] = []
    for row in Ownership.objects.filter(case=case).select_related("team", "level").order_by("id"):
        stay = brief.Stay(row.team.name, row.level.key, row.starts_at, (row.team_id, row.starts_at) in returned)
        if not stays or (stays[-1].team, stays[-1].level) != (stay.team, stay.level):
            stays.append(stay)
    return stays


def _names(events: list[Event]) -> dict[tuple[str, str], str]:
    ids = {int(event.actor_id) for event in events if event.actor_kind == "user"}
    ids |= {event.data["person"] for event in events if isinstance(event.data.get("person"), int)}
    names = {("user", str(person.pk)): str(person) for person in User.objects.filter(pk__in=ids)}
    names |= {(event.actor_kind, event.actor_id): "the desk" for event in events if event.actor_kind == "worker"}
    return names | {(event.actor_kind, event.actor_id): "the party" for event in events if event.actor_kind == "party"}


def _named(data: dict[str, Any], policy: Policy, case: Case, people: dict[tuple[str, str], str]) -> dict[str, Any]:
    """Keys in an event's data as the names that people read."""
    named = dict(data)
    central = policy.central
    category = central.categories.get(case.category.key)
    if isinstance(data.get("keys"), list):
        # As for the impact: what is kept for a class does not travel, not even by name.
        named["keys"] = [
            central.facts[key].name if key in central.facts else key
            for key in data["keys"]
            if key not in central.facts or central.facts[key].visibility is None
        ] or ["restricted ones"]
    if "because" in data:
        named["because"] = RESUMED.get(str(data["because"]), str(data["because"]))
    if isinstance(data.get("person"), int):
        named["person"] = people.get(("user", str(data["person"])), "somebody")
    for field, table in (("reason", central.pause_reasons), ("remedy", central.remedies)):
        row = table.get(str(data.get(field)))  # type: ignore[attr-defined]
        if row is not None:
            named[field] = row.name
    if category is not None and "root_cause" in data:
        named["root_cause"] = category.root_causes.get(str(data["root_cause"]), str(data["root_cause"]))
    if category is not None and "item" in data:
        names = {item.key: item.name for item in category.evidence}
        named["item"] = names.get(str(data["item"]), str(data["item"]))
    return named


def _words(event: Event) -> str:
    payload = getattr(event, "payload", None)
    body = payload.body if payload is not None else {}
    return str(body.get("body") or body.get("note") or body.get("reason") or body.get("summary") or "")
