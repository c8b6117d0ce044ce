"""A person's own data, as they are entitled to have it: theirs, without colleagues, others and restricted findings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db.models import Q

from escalations.core.redaction import A_COLLEAGUE, redact
from escalations.models import (
    Case,
    CaseFact,
    CaseFile,
    Clock,
    Escalation,
    Evidence,
    Handoff,
    Message,
    Note,
    Party,
    Remedy,
    User,
)
from escalations.selectors import law

WITHHELD = (
    "Findings about risk and fraud, restricted rules and facts, where there are any: knowing them would defeat them.",
    "Notes among colleagues in restricted channels, where there are any, for the same reason.",
    "Files that colleagues have added in restricted channels beside what was asked of you, where there are any.",
    "Names of the people who worked on it, and addresses and numbers of others, are replaced in brackets.",
)
"""Said in every export alike, whether or not there was anything: or the words themselves would tell."""

Redact = Callable[[str], str]


def personal_data(*, party: Party, now: dt.datetime) -> dict[str, Any]:
    """Everything that the desk knows of a person, as JSON values. A dozen queries a case.

    Raises LookupError when the key that opens their fields is not configured.
    """
    names = {
        part
        for person in User.objects.only("first_name", "last_name", "username")
        for part in (person.get_full_name(), person.first_name, person.last_name, person.username)
    }
    own = [value for value in (party.email, party.phone) if value]

    def tidy(text: str) -> str:
        return redact(text, own=own, colleagues=names)

    cases = Case.objects.filter(party=party).select_related("category", "channel", "region", "text").order_by("pk")
    return {
        "made_at": now.astimezone(dt.UTC).isoformat(),
        "person": {
            "pseudonym": party.pseudonym,
            "kind": party.kind,
            "name": party.name,
            "email": party.email,
            "phone": party.phone,
            "id_in_the_marketplace": party.external_id,
            "language": party.language,
            "known_since": _moment(party.created_at),
            "erased_at": _moment(party.erased_at),
        },
        "cases": [_case(case, tidy) for case in cases],
        "withheld": list(WITHHELD),
    }


def _case(case: Case, tidy: Redact) -> dict[str, Any]:
    text = getattr(case, "text", None)
    policy = law.policy_of(case.policy_version_id)
    remedies = policy.central.remedies
    return {
        "reference": case.reference,
        "reference_elsewhere": case.external_ref,
        "about": case.category.name,
        "region": case.region.name,
        "came_by": case.source,
        "status": case.status,
        "received_at": _moment(case.opened_at),
        "resolved_at": _moment(case.resolved_at),
        "closed_at": _moment(case.closed_at),
        "summary": tidy(text.summary) if text else "",
        "description": tidy(text.description) if text else "",
        "facts": [
            {"fact": central.name, "value": row.value, "state": row.state, "at": _moment(row.at)}
            for row in CaseFact.objects.filter(case=case).order_by("key")
            if (central := policy.central.facts.get(row.key)) is not None and central.visibility is None
        ],
        "messages": [
            {
                "at": _moment(row.at),
                "from": "you" if row.direction == Message.Direction.IN else A_COLLEAGUE,
                "by": row.means,
                "subject": tidy(row.subject),
                "text": tidy(row.body),
            }
            for row in Message.objects.filter(case=case).order_by("pk")
        ],
        "evidence": [
            {"item": row.name, "state": row.state, "note": tidy(row.note)}
            for row in Evidence.objects.filter(case=case).order_by("pk")
        ],
        "files": [
            {
                "file": row.pk,
                "name": row.name,
                "for": row.evidence.name if row.evidence is not None else None,
                "kind": row.kind.label if row.kind else "",
                "bytes": row.size,
                "sha256": row.sha256,
                "at": _moment(row.at),
                "from": "you" if row.actor_kind == "party" else A_COLLEAGUE,
            }
            for row in own_files(case)
        ],
        "remedies": [
            {
                "remedy": remedies[row.kind].name if row.kind in remedies else row.kind,
                "amount": None if row.amount is None else f"{row.amount:f}",
                "currency": row.currency,
                "state": row.state,
                "at": _moment(row.at),
            }
            for row in Remedy.objects.filter(case=case).order_by("pk")
        ],
        "promises": [
            {"of": row.kind, "promised_for": _moment(row.promised_at), "kept": row.promise_broken_at is None}
            for row in Clock.objects.filter(case=case, promised_at__isnull=False).order_by("pk")
        ],
        "among_colleagues": [] if case.channel.sensitive else _among_colleagues(case, tidy),
    }


def own_files(case: Case) -> Sequence[CaseFile]:
    """The files of a case that its party is entitled to: all of an ordinary channel; of a restricted one those that
    the party sent, or that were asked of the party. One query."""
    rows = CaseFile.objects.filter(case=case).servable().select_related("evidence").order_by("pk")
    theirs = Q(actor_kind="party") | Q(evidence__needed_from="party")
    return list(rows.filter(theirs) if case.channel.sensitive else rows)


def files_of(party: Party) -> Iterator[CaseFile]:
    """The files of all cases of a person that they are entitled to, by case. One query, and one a case."""
    cases = Case.objects.filter(party=party).select_related("channel").order_by("pk")
    return (row for case in cases for row in own_files(case))


def _among_colleagues(case: Case, tidy: Redact) -> Sequence[dict[str, Any]]:
    rows = [
        *((row.at, "note", row.body) for row in Note.objects.filter(case=case)),
        *((row.at, "handoff", row.note) for row in Handoff.objects.filter(case=case)),
        *((row.at, "escalation", row.reason) for row in Escalation.objects.filter(case=case)),
    ]
    return [{"at": _moment(at), "kind": kind, "text": tidy(text)} for at, kind, text in sorted(rows) if text]


def _moment(at: dt.datetime | None) -> str | None:
    return at.astimezone(dt.UTC).isoformat() if at else None
