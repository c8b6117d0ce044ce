"""What was kept long enough, by the retention of the policy in force, is erased: case by case, then the person."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from escalations.core.actor import Actor
from escalations.core.retention import kept_for, kept_since, kept_until, shortest
from escalations.errors import Refused
from escalations.models import Case, CaseLink, Erasure, ImportRow
from escalations.selectors import law
from escalations.services.privacy import holds, ledger
from escalations.services.privacy.erasing import erase_cases

BATCH = 50
EXAMPLES = 5


@dataclass(slots=True)
class Due:
    """One case that was kept long enough, with the cases merged into it."""

    case: int
    reference: str
    category: str
    region: str
    since: dt.datetime
    merged: tuple[int, ...] = ()


@dataclass(slots=True)
class Applied:
    """What a run found and did: cases by category and region with a few references, erased rows by table."""

    dry_run: bool
    version: int
    due: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    held: int = 0
    erased: Counter[str] = field(default_factory=Counter)
    cases: int = 0
    refused_rows: int = 0
    entry: Erasure | None = None
    unfinished: bool = False

    def document(self) -> dict[str, Any]:
        """The run as JSON."""
        return {
            "dry_run": self.dry_run,
            "policy_version": self.version,
            "due": [
                {"category": category, "region": region, "cases": number, "examples": self.examples[category, region]}
                for (category, region), number in sorted(self.due.items())
            ],
            "held": self.held,
            "erased_cases": self.cases,
            "erased": dict(sorted(self.erased.items())),
            "refused_import_rows": self.refused_rows,
            "unfinished": self.unfinished,
            "certificate": self.entry.certificate if self.entry else None,
        }


def apply(*, now: dt.datetime, actor: Actor, dry_run: bool = False, within_s: float | None = None) -> Applied:
    """Erase what the policy in force no longer lets the desk keep, in transactions of a few dozen cases.

    Can be killed at any time and run again. With `within_s` it stops after so many seconds and says that something is
    left. The run's ledger entry is written at its end, and what the ledger's file lacks of earlier ones. Raises
    NoPolicy when no version is in force.
    """
    began = time.monotonic()
    version = law.in_force(now)
    done = Applied(dry_run=dry_run, version=version.number)
    references: list[str] = []
    batch: list[Due] = []
    for item in _due(now, done):
        key = (item.category, item.region)
        done.due[key] += 1
        done.examples.setdefault(key, [])
        if len(done.examples[key]) < EXAMPLES:
            done.examples[key].append(item.reference)
        if dry_run:
            continue
        batch.append(item)
        if len(batch) == BATCH:
            references += _erase(batch, done, actor=actor, now=now)
            batch = []
            if within_s is not None and time.monotonic() - began > within_s:
                done.unfinished = True
                break
    if not dry_run:
        references += _erase(batch, done, actor=actor, now=now) if batch else []
    _refused_rows(now, done)
    if not dry_run and (done.cases or done.refused_rows):
        done.entry = ledger.enter(
            kind=Erasure.Kind.RETENTION,
            actor=actor,
            reason=f"Retention of policy version {version.number}",
            now=now,
            digests={},
            cases=references,
            counts=done.erased,
        )
    if not dry_run:
        ledger.copy_out(now=now)  # also what an earlier erasure could not write there
    return done


def _due(now: dt.datetime, done: Applied) -> Iterator[Due]:
    """Closed cases whose time is over and that nothing holds, oldest id first. Read in slices, so that what is erased
    meanwhile does not disturb the walk."""
    policy = law.policy_of(law.in_force(now))
    cutoff = now - dt.timedelta(seconds=shortest(policy))
    # Merged cases are due with the case that lives on, not by themselves.
    rows = (
        Case.objects.filter(is_open=False, closed_at__lte=cutoff, merged_into__isnull=True)
        .exclude(text__erased_at__isnull=False)
        .order_by("pk")
        .values_list("pk", "reference", "category__key", "region__key", "closed_at", "calendar_digest")
    )
    last = 0
    while slice_ := list(rows.filter(pk__gt=last)[:500]):
        last = slice_[-1][0]
        found = []
        for pk, reference, category, region, closed_at, calendar in slice_:
            if closed_at is None:
                continue  # the query leaves none; the column allows it
            span = kept_for(policy, category=category, region=region)
            if kept_until(span, at=closed_at, calendar=law.calendar_of(calendar)) <= now:
                found.append(Due(pk, reference, category, region, closed_at, tuple(merged_into(pk))))
        held = _held(found)
        done.held += sum(item.case in held for item in found)
        yield from (item for item in found if item.case not in held)


def merged_into(case_id: int) -> list[int]:
    """Ids of the cases that were merged into one, and into those."""
    found: list[int] = []
    todo = [case_id]
    while todo:
        links = CaseLink.objects.filter(case__in=todo, kind=CaseLink.Kind.DUPLICATE, other__merged_into__in=todo)
        todo = [pk for pk in links.values_list("other_id", flat=True) if pk not in found]
        found += todo
    return found


def _held(found: list[Due]) -> set[int]:
    by_case = {pk: item.case for item in found for pk in (item.case, *item.merged)}
    rows = holds.standing(case_ids=by_case).values_list("case_id", "party_id")
    cases = {by_case[case] for case, _ in rows if case in by_case}
    parties = [party for case, party in rows if case is None]
    whole = Case.objects.filter(pk__in=by_case, party__in=parties).values_list("pk", flat=True)
    return cases | {by_case[pk] for pk in whole}


def _erase(batch: list[Due], done: Applied, *, actor: Actor, now: dt.datetime) -> list[str]:
    ids = [pk for item in batch for pk in (item.case, *item.merged)]
    try:
        done.erased += erase_cases(case_ids=ids, actor=actor, now=now)
    except Refused:
        # One of them was reopened or held in between: the others are tried by themselves, it waits for the next run.
        if len(batch) == 1:
            return []
        return [reference for item in batch for reference in _erase([item], done, actor=actor, now=now)]
    done.cases += len(ids)
    return sorted(Case.objects.filter(pk__in=ids).values_list("reference", flat=True))


def _refused_rows(now: dt.datetime, done: Applied) -> None:
    """Rows of imports that were refused belong to no case and may quote anybody: kept as long as a closed case."""
    span = law.policy_of(law.in_force(now)).central.retention.closed
    old = ImportRow.objects.filter(case__isnull=True, at__lte=kept_since(span, now=now))
    old = old.exclude(Q(reason="") & Q(data={}))
    done.refused_rows = old.count() if done.dry_run else old.update(reason="", data={})
    if done.refused_rows and not done.dry_run:
        done.erased["escalations.ImportRow"] += done.refused_rows
