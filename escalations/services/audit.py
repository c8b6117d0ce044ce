"""What should have fired and did not: clocks and timers held against each other, and put right on record.

A desk whose timers are wrong looks quiet. So every few minutes somebody looks who does not trust the timers: from the
clocks' side (which moment should ring next?) and from the timers' side (which clock is it of, and does that run?).
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from escalations import mapping
from escalations.core import clock as clocks
from escalations.core import lifecycle
from escalations.core.actor import Actor
from escalations.models import Case, Clock, Pause, Timer
from escalations.selectors import law
from escalations.selectors.timers import GRACE
from escalations.services import sweep
from escalations.services.work import Work

log = logging.getLogger(__name__)

AUDIT = Actor.worker("audit")
LISTED = 1000
"""Findings of a kind that are listed; beyond that it is said that there are more."""

KINDS = {
    "overdue": "timers that are due and have not fired",
    "aside": "cases that were set aside",
    "missing": "running clocks without a timer",
    "never_resumes": "pauses that nothing ends",
    "dead": "timers of clocks that have ended or stand still, or of closed cases",
    "wrong": "timers that do not ring at their clock's next moment",
    "unreadable": "clocks whose next moment cannot be worked out",
}
REPAIRED = ("aside", "missing", "never_resumes", "dead", "wrong")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be, in words; `clock` and `timer` are ids."""

    kind: str
    case: int
    says: str
    clock: int | None = None
    timer: int | None = None


@dataclass(slots=True)
class AuditReport:
    """What an audit found. `more` are the kinds of which there are more than are listed."""

    at: dt.datetime
    findings: list[Finding] = field(default_factory=list)
    more: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def counts(self) -> Counter[str]:
        """Findings by kind."""
        return Counter(finding.kind for finding in self.findings)


def audit_timers(*, now: dt.datetime, deep: bool = False) -> AuditReport:
    """Hold all open clocks and all timers against each other. Writes nothing.

    deep   work out every warning's moment too. Without it a warning is only held to its clock's due moment and cycle,
           which the database does by itself: seconds for a million cases instead of a minute.
    """
    report = AuditReport(now)
    found: dict[str, dict[int, Finding]] = {kind: {} for kind in KINDS}
    for finding in (*_overdue(now), *_dead(), *_differing(now, deep), *_missing()):
        kind = found[finding.kind]
        if len(kind) <= LISTED:
            kind.setdefault(finding.timer or finding.clock or 0, finding)
    dead = found["dead"]
    found["overdue"] = {pk: one for pk, one in found["overdue"].items() if pk not in dead}
    report.more = tuple(kind for kind, listed in found.items() if len(listed) > LISTED)
    report.findings = [one for kind in KINDS for one in list(found[kind].values())[:LISTED]]
    _explain(report)
    return report


def repair(*, report: AuditReport, now: dt.datetime) -> int:
    """Write the timers of the cases found anew from their clocks, an event on each; returns how many cases.

    What is merely overdue is the sweep's, and what cannot be read stays as it is, said in the log. A case that was set
    aside is tried again by the next sweep.
    """
    kinds: dict[int, set[str]] = defaultdict(set)
    for one in report.findings:
        if one.kind in REPAIRED:
            kinds[one.case].add(one.kind)
    done = 0
    for case_id, found in kinds.items():
        try:
            _repair(case_id, sorted(found), now)
            done += 1
        except Exception:
            log.exception("the timers of case %s could not be put right", case_id)
    return done


# ------------------------------------------------------------------------------------------------------ what is found


def _timers() -> QuerySet[Timer]:
    return Timer.objects.select_related("clock", "case").order_by("due_at", "id")


def _listed(rows: QuerySet[Any]) -> Iterator[Any]:
    return rows[: LISTED + 1].iterator()


def _overdue(now: dt.datetime) -> Iterator[Finding]:
    for row in _listed(_timers().filter(due_at__lt=now - GRACE)):
        late = int((now - row.due_at).total_seconds())
        yield _about(row, "overdue", f"{row.moment_key} of {row.clock.kind} was due {late} s ago and has not fired")


def _dead() -> Iterator[Finding]:
    still = Q(clock__state=Clock.State.PAUSED) & ~Q(moment_key="resume")
    ended = Q(clock__ended_at__isnull=False)
    for row in _listed(_timers().filter(ended | still | Q(case__is_open=False))):
        why = "its case is closed" if not row.case.is_open else f"its clock is {row.clock.state}"
        yield _about(row, "dead", f"{row.moment_key} of {row.clock.kind} has a timer although {why}")


def _differing(now: dt.datetime, deep: bool) -> Iterator[Finding]:
    """Timers of running clocks that are not those of the next moment; set aside ones among them."""
    rows = _timers().filter(clock__ended_at__isnull=True, case__is_open=True).exclude(clock__state=Clock.State.PAUSED)
    if not deep:
        at_due = Q(moment_key="breach") | Q(moment_key__startswith="rung:")
        rows = rows.filter(
            Q(due_at__gt=F("clock__due_at"))
            | ~Q(cycle=F("clock__cycle"))
            | (at_due & ~Q(due_at=F("clock__due_at")))
            | Q(moment_key="resume")
        )
    for row in rows.iterator(chunk_size=2000):
        try:
            wanted = mapping.next_timer(row.clock, law.calendar_of(row.clock.calendar_id))
        except Exception as error:
            yield _about(row, "unreadable", f"{row.clock.kind}: {type(error).__name__}: {error}")
            continue
        if wanted is None:
            yield _about(row, "wrong", f"{row.moment_key} of {row.clock.kind} has a timer, and no moment is left")
        elif (wanted.moment_key, wanted.due_at, wanted.cycle) != (row.moment_key, row.due_at, row.cycle):
            if row.due_at > wanted.due_at and wanted.due_at <= now:
                yield _about(row, "aside", f"set aside until {row.due_at:%Y-%m-%d %H:%M:%S} UTC")
            else:
                yield _about(
                    row,
                    "wrong",
                    f"the timer of {row.clock.kind} rings for {row.moment_key} at {row.due_at.isoformat()}, but its "
                    f"clock's next moment is {wanted.moment_key} at {wanted.due_at.isoformat()}",
                )


def _missing() -> Iterator[Finding]:
    """Open clocks that no timer belongs to, although they have a moment ahead; pauses without an end."""
    without = Clock.objects.filter(
        ~Exists(Timer.objects.filter(clock=OuterRef("pk"))), ended_at__isnull=True, case__is_open=True
    ).order_by("id")
    ending = Timer.objects.filter(case=OuterRef("case"), moment_key="resume", clock__state=Clock.State.PAUSED)
    for row in _listed(without.filter(~Exists(ending), state=Clock.State.PAUSED)):
        yield Finding("never_resumes", row.case_id, f"{row.kind} stands still, and nothing will end that", row.pk)
    for row in without.exclude(state=Clock.State.PAUSED).iterator(chunk_size=2000):
        try:
            moment = clocks.next_moment(mapping.clock_value(row), law.calendar_of(row.calendar_id))
        except Exception as error:
            yield Finding("unreadable", row.case_id, f"{row.kind}: {type(error).__name__}: {error}", row.pk)
            continue
        if moment is not None:
            at = moment.due_at.isoformat()
            yield Finding("missing", row.case_id, f"{row.kind} has no timer for {moment.key} at {at}", row.pk)


def _about(row: Timer, kind: str, says: str) -> Finding:
    return Finding(kind, row.case_id, says, row.clock_id, row.pk)


def _explain(report: AuditReport) -> None:
    """Say of cases that were set aside what stands in the way, as it is now."""
    aside = [one.case for one in report.findings if one.kind == "aside"]
    why = sweep.what_stands_in_the_way(aside, now=report.at) if aside else {}
    report.findings = [
        Finding(one.kind, one.case, f"{one.says}: {why.get(one.case, _CAN_BE_DECIDED)}", one.clock, one.timer)
        if one.kind == "aside"
        else one
        for one in report.findings
    ]


_CAN_BE_DECIDED = "it can be decided now; if it is set aside again, the log says why"


# ---------------------------------------------------------------------------------------------------------- put right


def _repair(case_id: int, kinds: Collection[str], now: dt.datetime) -> None:
    with transaction.atomic():
        case = Case.objects.select_for_update(of=("self",)).get(pk=case_id)
        work = Work(case, act=cast(lifecycle.Act, "repair"), actor=AUDIT, now=now)
        paused = [row.pk for row in work.clocks if row.state == Clock.State.PAUSED]
        Timer.objects.filter(case=case).delete()
        if case.is_open:
            for row in work.clocks:
                work.put(row, mapping.clock_value(row))
            work.resume_at = _resumes(paused, now)
        work.say("timers.repaired", {"found": list(kinds)})
        work.flush()


def _resumes(paused: Iterable[int], now: dt.datetime) -> dt.datetime | None:
    """When the open pauses of some clocks end; at once, when that is not on record. None when nothing is paused."""
    ids = list(paused)
    if not ids:
        return None
    ends = Pause.objects.filter(clock_id__in=ids, ends_at__isnull=True).order_by("resume_at")
    return ends.values_list("resume_at", flat=True).first() or clocks.whole(now)
