"""Intake: a case is opened, routed with its reason, its clocks started at receipt, and given to somebody. One door for
every way in: mail, chat, phone, forms and the API all end here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from escalations import keys, mapping
from escalations.core import ladder, lifecycle
from escalations.core.actor import Actor
from escalations.core.decision import Decision
from escalations.core.facts import BUILTIN, FactError, Facts, plain
from escalations.core.matrix import UnknownCategory, UnknownRegion, case_facts, evaluate
from escalations.core.policy import Policy
from escalations.errors import Invalid
from escalations.models import (
    Case,
    CaseFact,
    CaseText,
    Category,
    Channel,
    Evidence,
    Level,
    Party,
    PolicyVersion,
    Region,
    Team,
)
from escalations.selectors import law, registry
from escalations.services.assignment import give_to_best
from escalations.services.identity import case_ids, reference
from escalations.services.routing import start_statutory
from escalations.services.work import Work

SUMMARY_LENGTH = 300
_PARTY_FIELDS = ("kind", "name", "email", "phone", "external_id", "language")


def open_case(
    *,
    document: Mapping[str, Any],
    actor: Actor,
    now: dt.datetime,
    received_at: dt.datetime | None = None,
    assign: bool = True,
) -> Case:
    """Open a case from the contract's case document, and return it routed.

    It is evaluated under the version in force at `now`; its clocks start at `received_at` (default `now`; never
    later). With `assign`, the best free person of the owning team gets it at once; else, or when nobody is free, it
    waits in the team's queue. The party is acknowledged automatically, which promises the first answer but does not
    count as one.

    Raises Invalid naming the field, NoPolicy when no version is in force. One transaction; nothing is left behind by
    an error. About fifteen statements, whatever the number of clocks and facts.
    """
    received = min(received_at or now, now)
    version = law.in_force(now)
    policy = law.policy_of(version)
    facts, decision = _routed(policy, document)
    summary = _text(document, "summary", longest=SUMMARY_LENGTH, required=True)
    description = _text(document, "description", longest=100_000)
    _check_symptom(policy, decision.category, facts.text("symptom"))
    with transaction.atomic():
        party = _party(document.get("party"), now=now, language=facts.text("language"))
        case = _case(document, facts, decision, policy=policy, version=version, party=party, received=received)
        work = Work(case, act="triage", actor=actor, now=now, created=True)
        work.words = CaseText(case=case, summary=summary, description=description)
        work.facts = [
            CaseFact(case=case, key=key, value=plain(fact.value), state=fact.state, source=fact.source, at=now)
            for key, fact in facts.values.items()
            if key not in BUILTIN
        ]
        work.decision = mapping.decision_row(decision, case=case, version_id=version.pk, at=now, cause="opened")
        work.evidence = [
            Evidence(
                case=case, key=item.key, name=item.name, needed_from=item.needed_from, required=item.required, at=now
            )
            for item in policy.central.categories[decision.category].evidence
        ]
        work.say(
            "case.opened",
            {
                "source": case.source,
                "category": decision.category,
                "region": decision.region,
                "version": version.number,
                "rule": decision.rule,
                "owner": decision.owner,
                "level": decision.level,
                "channel": decision.channel,
                "severity": decision.severity,
                "received_at": received.isoformat(),
            },
            words={"summary": summary, "description": description},
        )
        start_clocks(work, decision, received=received)
        first = work.clock("first_response")
        if first is not None and first.due_at is not None and party.pk:
            first.promised_at = first.due_at
            work.say("promise.made", {"clock": "first_response", "due": first.due_at.isoformat(), "automatic": True})
            work.tell("party.acknowledgement", [f"party:{party.pk}"], due=first.due_at.isoformat())
        work.own(cause="opened")
        if not (assign and give_to_best(work)) and decision.severity == "critical":
            work.tell("notice.critical", [f"leads:{case.team_id}"])
        work.flush()
    return case


def start_clocks(work: Work, decision: Decision, *, received: dt.datetime) -> None:
    """Start the clocks of a decision at the receipt: assignment, first answer, resolution, the first rung, and the
    statutory deadlines that run from receipt. The next-update clock starts with the first answer."""
    policy = work.policy
    for kind in ("assign", "first_response", "resolution"):
        target = decision.targets.get(kind)  # type: ignore[call-overload]
        if target is not None:
            work.start(kind, target, at=received)
    tier = ladder.first_tier(
        policy.central.ladders[decision.ladder],
        receipt=received,
        calendar=law.calendar_of(work.case.calendar_digest),
        level=decision.level,
        policy=policy,
    )
    if tier is not None:
        work.take_up(tier)
    start_statutory(work, decision.statutory, starts="receipt", at=received)


def _routed(policy: Policy, document: Mapping[str, Any]) -> tuple[Facts, Decision]:
    try:
        facts = case_facts(policy, document)
        return facts, evaluate(policy, facts)
    except FactError as error:
        raise Invalid(error.field, str(error)) from error
    except UnknownCategory as error:
        raise Invalid("category", str(error)) from error
    except UnknownRegion as error:
        raise Invalid("region", str(error)) from error


def _check_symptom(policy: Policy, category: str, symptom: str) -> None:
    known = policy.central.categories[category].symptoms
    if symptom not in known:
        raise Invalid("symptom", f"choose one of {', '.join(sorted(known))}")


def _text(document: Mapping[str, Any], field: str, *, longest: int, required: bool = False) -> str:
    value = document.get(field, "")
    if not isinstance(value, str):
        raise Invalid(field, "expected a text")
    value = value.replace("\x00", "").strip()
    if required and not value:
        raise Invalid(field, "say in a sentence what the issue is")
    if len(value) > longest:
        raise Invalid(field, f"at most {longest:,} characters, this has {len(value):,}")
    return value


def _case(
    document: Mapping[str, Any],
    facts: Facts,
    decision: Decision,
    *,
    policy: Policy,
    version: PolicyVersion,
    party: Party,
    received: dt.datetime,
) -> Case:
    (case_id,) = case_ids(1)
    source = facts.text("source") or "desk"
    if source not in Case.Source.values:
        raise Invalid("source", f"one of {', '.join(Case.Source.values)}")
    return Case(
        id=case_id,
        reference=reference(case_id, received),
        external_ref=_text(document, "external_ref", longest=64),
        party=party,
        category=registry.row(Category, decision.category),
        symptom=facts.text("symptom"),
        channel=registry.row(Channel, decision.channel),
        region=registry.row(Region, decision.region),
        team=registry.row(Team, decision.owner),
        level=registry.row(Level, decision.level),
        status=lifecycle.FIRST,
        severity_band=mapping.band_number(decision.severity),
        policy_version=version,
        ladder=decision.ladder,
        calendar_digest=law.policy_calendar(policy, decision.calendar).digest,
        source=source,
        language=facts.text("language") or "en",
        opened_at=received,
    )


def _party(given: Any, *, now: dt.datetime, language: str) -> Party:
    """The party of a document: found by its id in the marketplace or its exact e-mail address, else new.

    What is already known is not overwritten by an intake: contact data changes are an act of their own.
    """
    if not isinstance(given, Mapping):
        raise Invalid("party", 'say who it is, for example {"kind": "buyer", "external_id": "B-17"}')
    for key in given:
        if key not in _PARTY_FIELDS:
            raise Invalid(f"party.{key}", f"a party has {', '.join(_PARTY_FIELDS)}")
    text = {field: _text(given, field, longest=320) for field in _PARTY_FIELDS}
    if text["kind"] not in Party.Kind.values:
        raise Invalid("party.kind", f"one of {', '.join(Party.Kind.values)}")
    if text["email"] and ("@" not in text["email"] or any(c.isspace() for c in text["email"])):
        raise Invalid("party.email", "this is not an e-mail address")
    if len(text["external_id"]) > 64:
        raise Invalid("party.external_id", "at most 64 characters")
    email_index = keys.blind_index("email", text["email"])
    known = Party.objects.filter(kind=text["kind"], erased_at__isnull=True)
    found = None
    if text["external_id"]:
        found = known.filter(external_id=text["external_id"]).order_by("id").first()
    elif email_index:
        same = keys.blind_indexes("email", text["email"])
        found = known.filter(email_index__in=same, external_id="").order_by("id").first()
    if found is not None:
        return found
    return Party.objects.create(
        kind=text["kind"],
        name=text["name"],
        email=text["email"],
        phone=text["phone"],
        email_index=email_index,
        phone_index=keys.blind_index("phone", text["phone"]),
        key_id=keys.field_key_id(),
        language=text["language"] or language or "en",
        external_id=text["external_id"],
        created_at=now,
    )
