"""Erasing: a person with all that was said about them, or single cases, by the list in `columns`.

Everything that belongs to one erasure is written in one transaction: rows blanked or deleted, an event on each case's
chain, the entry in the ledger. The chain stays valid: payloads go with their salts, and what changed in history rows
the event itself attests (`record.attested`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, Q, QuerySet

from escalations.core.actor import Actor
from escalations.core.facts import BUILTIN
from escalations.core.policy import Policy
from escalations.errors import Invalid, Refused
from escalations.models import (
    Case,
    CaseDecision,
    CaseFact,
    CaseFile,
    CaseLink,
    CaseText,
    Delivery,
    Erasure,
    Event,
    EventPayload,
    ImportRow,
    Indicator,
    Message,
    Party,
)
from escalations.selectors import law
from escalations.services import record
from escalations.services.files import storing
from escalations.services.privacy import holds, ledger
from escalations.services.privacy.columns import COLUMNS, ERASED, Kept, Table
from escalations.services.work import attending

HistoricalParty = Party.history.model  # type: ignore[attr-defined]
REASON_LENGTH = 300
FREE = ("text", "list")
"""Types of facts whose values may be anybody's words."""


@dataclass(slots=True)
class Reached:
    """What one erasure concerns: the cases that it empties, and the person when it is about one."""

    cases: list[int]
    party: Party | None = None
    counts: Counter[str] = field(default_factory=Counter)

    def rows(self, table: Table, model: type[Model]) -> QuerySet[Any] | None:
        """The rows of a table that are reached; None where nothing can be."""
        if table.reach == "case" and self.cases:
            return model._default_manager.filter(**{f"{table.at}__in": self.cases}).filter(table.only)
        if table.reach == "party" and self.party is not None:
            return model._default_manager.filter(**{table.at: self.party.pk}).filter(table.only)
        return None


# ----------------------------------------------------------------------------------------------------- whom and what


def find(reference: str) -> Party:
    """The person that a pseudonym (`P-...`) or the reference of one of their cases names. Raises Invalid."""
    name = reference.strip().upper()
    rows = Party.objects.defer("name", "email", "phone")
    found = rows.filter(pseudonym=name).first() or rows.filter(cases__reference=name).first()
    if found is None:
        raise Invalid("reference", f"No pseudonym and no case is called {reference!r}.")
    return found


def preview(*, party: Party) -> dict[str, Any]:
    """What erasing a person would do: rows per table, cases, and what stands against it. Writes nothing."""
    reached = Reached(_cases_of(party), party)
    counts = {}
    for label, table in COLUMNS.items():
        rows = reached.rows(table, apps.get_model(label))
        if rows is not None and (table.gone or any(not isinstance(rule, Kept) for rule in table.columns.values())):
            counts[label] = rows.count()
    return {
        "pseudonym": party.pseudonym,
        "cases": _references(reached.cases),
        "counts": {label: number for label, number in counts.items() if number},
        "against": obstacles(party),
    }


def obstacles(party: Party) -> list[str]:
    """Why a person's data cannot be erased now, in sentences; empty when it can."""
    found = []
    if party.erased_at is not None:
        found.append(f"It was erased on {party.erased_at:%Y-%m-%d} already.")
    held = holds.standing(party_ids=[party.pk]).order_by("review_at").first()
    if held is not None:
        found.append(
            f"A legal hold stands until two people lift it; it is to be reviewed on {held.review_at:%Y-%m-%d}."
        )
    still = list(Case.objects.filter(party=party, is_open=True).order_by("pk").values_list("reference", flat=True)[:5])
    if still:
        found.append(f"Work goes on in {', '.join(still)}. Resolve and close it first, or nobody could be answered.")
    return found


# ------------------------------------------------------------------------------------------------------------- persons


def erase_party(
    *, party_id: int, reason: str, actor: Actor, now: dt.datetime, again: Mapping[str, Any] | None = None
) -> Erasure:
    """Erase a person's data wherever it is, and return the ledger's entry with its certificate.

    Their cases, also those merged into others, keep their state and lose their words; what the person wrote in cases
    of others goes too. `again` is an entry of the ledger that is replayed after a restore: open cases do not stop it.

    Raises Refused under a legal hold, with open cases, or when it was done already; Invalid for a missing reason, or
    one that names the person (the reason stays).
    """
    with transaction.atomic():
        _lock(Case.objects.filter(party_id=party_id).values_list("pk", flat=True))
        party = Party.objects.select_for_update(of=("self",)).defer("name", "email", "phone").get(pk=party_id)
        against = [] if again is not None else obstacles(party)
        if again is not None and holds.standing(party_ids=[party.pk]).exists():
            against = ["A legal hold stands."]
        if against:
            raise Refused(" ".join(against))
        known = _identity(party)
        text = _fit(reason, known)
        reached = Reached(_cases_of(party), party)
        digests = ledger.digests(party, known)
        references = _references(reached.cases)
        _erase_cases(reached, why="person", actor=actor, now=now)
        _words_elsewhere(reached, party, now)
        _mentions_of(reached, known)
        _erase_person(reached, party, actor=actor, now=now)
        return ledger.enter(
            kind=Erasure.Kind.PERSON,
            party=party,
            actor=actor,
            reason=text,
            now=now,
            digests=digests,
            cases=references,
            counts=reached.counts,
        )


def _identity(party: Party) -> dict[str, list[str]]:
    """What names a person, as far as the keys still open it."""
    found: dict[str, list[str]] = {"external_id": [party.external_id]}
    for name in ("name", "email", "phone"):
        try:
            found[name] = [getattr(party, name)]
        except (LookupError, ValueError):
            found[name] = []  # its key is gone: erased it is all the same
    found["case"] = list(Case.objects.filter(party=party).values_list("external_ref", flat=True))
    return {kind: sorted({value for value in values if value}) for kind, values in found.items()}


def fit_reason(reason: str, party: Party) -> str:
    """A reason as it is kept. Raises Invalid for none, a long one, or one that names the person: the reason stays."""
    return _fit(reason, _identity(party))


def _fit(reason: str, known: Mapping[str, Collection[str]]) -> str:
    text = " ".join(reason.split())
    if not text:
        raise Invalid("reason", "Say why: the person's request and its date, or what else demands it.")
    if len(text) > REASON_LENGTH:
        raise Invalid("reason", f"at most {REASON_LENGTH} characters, this has {len(text)}")
    words = {value for values in known.values() for value in values}
    words |= {word for value in known.get("name", ()) for word in value.split() if len(word) > 2}
    if any(word.casefold() in text.casefold() for word in words):
        raise Invalid("reason", "Say it without naming the person: the reason stays when their data is gone.")
    return text


def _cases_of(party: Party) -> list[int]:
    return sorted(Case.objects.filter(party=party).values_list("pk", flat=True))


def _references(case_ids: Collection[int]) -> list[str]:
    return sorted(Case.objects.filter(pk__in=case_ids).values_list("reference", flat=True))


def _words_elsewhere(reached: Reached, party: Party, now: dt.datetime) -> None:
    """What the person wrote after one of their cases was merged or linked: it stands in the case that lived on."""
    own = set(reached.cases)
    others = set(CaseLink.objects.filter(case__in=own).values_list("other_id", flat=True))
    others |= set(CaseLink.objects.filter(other__in=own).values_list("case_id", flat=True))
    others |= set(Case.objects.filter(pk__in=own, merged_into__isnull=False).values_list("merged_into_id", flat=True))
    theirs = {"actor_kind": "party", "actor_id": str(party.pk)}
    table = COLUMNS["escalations.Message"]
    reached.counts["escalations.Message"] += _blank(Message.objects.filter(case__in=others - own, **theirs), table)
    reached.counts["escalations.CaseFile"] += _forget_files(
        CaseFile.objects.filter(case__in=others - own, **theirs), now
    )
    payloads = EventPayload.objects.filter(event__in=Event.objects.filter(case__in=others - own, **theirs))
    reached.counts["escalations.EventPayload"] += payloads.delete()[0]


def _mentions_of(reached: Reached, known: Mapping[str, Collection[str]]) -> None:
    """Refused rows of imports belong to no case; those that quote the person lose what they quote."""
    values = [value for values in known.values() for value in values if len(value) > 3]
    if not values:
        return
    quoted = Q(external_id__in=values)
    for value in values:
        quoted |= Q(reason__icontains=value)
    for row in ImportRow.objects.filter(quoted, case__isnull=True):
        _forget_row(row)
        reached.counts["escalations.ImportRow"] += 1


def _erase_person(reached: Reached, party: Party, *, actor: Actor, now: dt.datetime) -> None:
    _log_entries(Reached([], party, reached.counts))
    for label, table in COLUMNS.items():
        rows = reached.rows(table, apps.get_model(label)) if table.reach == "party" else None
        if rows is not None and label != "escalations.Party":
            reached.counts[label] += _blank(rows, table)
    HistoricalParty.objects.filter(id=party.pk).update(staff_user_id=None)
    emptied = dict.fromkeys(("name", "email", "phone", "email_index", "phone_index", "external_id", "key_id"), "")
    reached.counts["escalations.Party"] += Party.objects.filter(pk=party.pk).update(
        **emptied, erased_at=now, staff_user=None, legal_hold=False
    )
    row = Party.objects.get(pk=party.pk)
    Party.history.bulk_history_create(  # type: ignore[attr-defined]
        [row], update=True, default_change_reason=f"{actor}: erase", default_date=now, default_user=actor.person
    )
    waiting = Delivery.objects.filter(
        recipient=f"party:{party.pk}", state__in=[Delivery.State.WAITING, Delivery.State.SENDING, Delivery.State.DEAD]
    )
    waiting.update(state=Delivery.State.DROPPED)
    Delivery.objects.filter(recipient=f"party:{party.pk}").exclude(error="").update(error="")


# --------------------------------------------------------------------------------------------------------------- cases


def erase_cases(*, case_ids: Collection[int], actor: Actor, now: dt.datetime) -> Counter[str]:
    """Empty closed cases of their words because they were kept long enough; a person all of whose cases are empty is
    emptied too. Returns the erased rows by table. One transaction.

    Raises Refused when a case is open or held: the caller chooses those that are not.
    """
    with transaction.atomic():
        rows = _lock(case_ids)
        if any(row.is_open for row in rows):
            raise Refused("An open case keeps its words.")
        if holds.standing(case_ids=[row.pk for row in rows]).exists():
            raise Refused("A legal hold stands.")
        reached = Reached([row.pk for row in rows])
        _erase_cases(reached, why="retention", actor=actor, now=now)
        parties = Party.objects.filter(cases__in=reached.cases, erased_at__isnull=True).distinct()
        for party in parties.defer("name", "email", "phone").order_by("pk"):
            left = Case.objects.filter(party=party).exclude(text__erased_at__isnull=False)
            if not left.exists() and not holds.standing(party_ids=[party.pk]).exists():
                reached.party = party
                _mentions_of(reached, _identity(party))
                _erase_person(reached, party, actor=actor, now=now)
        return +reached.counts


def _lock(case_ids: Collection[int] | QuerySet[Any]) -> list[Case]:
    """Cases are locked first and in one order, as everywhere."""
    return list(Case.objects.select_for_update(of=("self",)).filter(pk__in=list(case_ids)).order_by("pk"))


def _erase_cases(reached: Reached, *, why: str, actor: Actor, now: dt.datetime) -> None:
    if not reached.cases:
        return
    _log_entries(Reached(reached.cases, None, reached.counts))
    for label, table in COLUMNS.items():
        rows = reached.rows(table, apps.get_model(label)) if table.reach == "case" else None
        if rows is None:
            continue
        if table.gone:
            reached.counts[label] += rows.delete()[0]
        elif table.blanked:
            reached.counts[label] += _blank(rows, table)
    findings = Indicator.objects.filter(case__in=reached.cases).exclude(key_id="")
    reached.counts["escalations.Indicator"] += findings.update(source="", body="", settled_because="", key_id="")
    reached.counts["escalations.CaseFile"] += _forget_files(CaseFile.objects.filter(case__in=reached.cases), now)
    for row in ImportRow.objects.filter(case__in=reached.cases):
        _forget_row(row)
    reached.counts["escalations.CaseFact"] += _forget_facts(reached.cases)
    reached.counts["escalations.CaseDecision"] += _forget_read_facts(reached.cases)
    for case_id in reached.cases:
        with attending(case_id=case_id, act="erase", actor=actor, now=now) as work:
            changed = _forget_reference(case_id)
            reached.counts["escalations.HistoricalCase"] += len(changed)
            reached.counts["escalations.Case"] += bool(work.case.external_ref)
            work.change(external_ref="")
            work.say(record.ERASED, {"why": why, **({"history": changed} if changed else {})})
    CaseText.objects.filter(case__in=reached.cases).update(erased_at=now)


def _forget_files(rows: QuerySet[CaseFile], now: dt.datetime) -> int:
    """Files lose their names, and their bytes once this has committed; until then and ever after nobody opens them.
    What a crash leaves in storage the sweep removes: the row says that it is to go."""
    named = list(rows.values_list("pk", "storage_key", "key_id"))
    found = CaseFile.objects.filter(pk__in=[pk for pk, _, _ in named])
    found.filter(removed_at__isnull=True).update(removed_at=now)
    found.update(name="", key_id="", declared="", removed_because="")
    storing.discard_after_commit([pk for pk, _, _ in named])
    return sum(1 for _, stored, key in named if stored or key)


def _blank(rows: QuerySet[Any], table: Table) -> int:
    """Give the table's columns their empty values in the rows that still hold something. Returns how many did."""
    rules = table.blanked
    done = Q()
    for name, rule in rules.items():
        done &= rule.done if rule.done is not None else Q(**{name: rule.to})
    return rows.exclude(done).update(**{name: rule.to for name, rule in rules.items()})


def _forget_reference(case_id: int) -> dict[str, str]:
    """Take the reference elsewhere out of the history rows of a case. Returns digests before -> after."""
    changed = {}
    for row in record.HistoricalCase.objects.filter(id=case_id).exclude(external_ref=""):
        before, row.external_ref = record.row_digest(row), ""
        changed[before] = record.row_digest(row)
    record.HistoricalCase.objects.filter(id=case_id).exclude(external_ref="").update(external_ref="")
    return changed


def _forget_facts(case_ids: Collection[int]) -> int:
    rows = CaseFact.objects.filter(case__in=case_ids).values_list("pk", "key", "case__policy_version_id", "source")
    free, sourced = [], []
    for pk, key, version_id, source in rows:
        if is_free(law.policy_of(version_id), key):
            free.append(pk)
        elif source:
            sourced.append(pk)
    CaseFact.objects.filter(pk__in=free).delete()
    CaseFact.objects.filter(pk__in=sourced).update(source="")
    return len(free) + len(sourced)


def _forget_read_facts(case_ids: Collection[int]) -> int:
    count = 0
    for row in CaseDecision.objects.filter(case__in=case_ids).only("pk", "facts", "policy_version_id"):
        policy = law.policy_of(row.policy_version_id)
        left = {key: value for key, value in row.facts.items() if key in BUILTIN or not is_free(policy, key)}
        if left != row.facts:
            count += CaseDecision.objects.filter(pk=row.pk).update(facts=left)
    return count


def is_free(policy: Policy, key: str) -> bool:
    """Whether a fact's value may be anybody's words: a text or list that is not chosen from a declared list, or a fact
    that the policy does not know."""
    definition = policy.central.facts.get(key)
    return definition is None or (definition.type in FREE and not definition.values)


def _forget_row(row: ImportRow) -> None:
    """An imported case is imported once, also when its id there is forgotten: its fingerprint stays in the place."""
    made = row.external_id
    if not made.startswith(ledger.MARK):
        made = ledger.import_mark(row.source, row.external_id)
    ImportRow.objects.filter(pk=row.pk).update(external_id=made, reason="", data={})


def _log_entries(reached: Reached) -> None:
    """Entries of the admin's own log about rows that are reached lose what they say of them."""
    for label, table in COLUMNS.items():
        model = apps.get_model(label)
        rows = reached.rows(table, model)
        if rows is None:
            continue
        ids = [str(pk) for pk in rows.values_list("pk", flat=True)]
        entries = LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(model, for_concrete_model=False), object_id__in=ids
        )
        said = entries.exclude(object_repr=ERASED, change_message="")
        reached.counts["admin.LogEntry"] += said.update(object_repr=ERASED, change_message="")
