"""What an import found and did, counted as it goes."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from escalations.core.past import PastCase, Refusal

FIRST_REFUSALS = 100
"""Refusals that a report lists; the others are counted, and told as they are found."""


@dataclass
class Report:
    """Counts of one run. What the log tells is counted over all its cases, whether imported now or before.

    `shown` and `counted` are distributions: how many cases have that many handoffs, by what the log shows and by its
    own count. `missing` counts the cases of which the log never says that.
    """

    source: str
    dry_run: bool = False
    events: int = 0
    imported: int = 0
    already: int = 0
    differing: int = 0
    refused_cases: int = 0
    refused_rows: int = 0
    refused_about: Counter[str] = field(default_factory=Counter)
    first_refusals: list[Refusal] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    shown: Counter[int] = field(default_factory=Counter)
    counted: Counter[int] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    reopened: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    backwards: Counter[str] = field(default_factory=Counter)

    @property
    def cases(self) -> int:
        """Cases that the log tells and that were not refused."""
        return self.imported + self.already

    @property
    def seen(self) -> int:
        """Cases dealt with so far."""
        return self.cases + self.refused_cases

    def take(self, past: PastCase) -> None:
        """Count what the log tells of a case."""
        story = past.story
        self.events += len(story.steps)
        self.statuses[story.status] += 1
        self.missing.update(past.missing)
        changes = len(story.changes)
        self.shown[changes] += 1
        if past.counted_changes is not None:
            self.counted[past.counted_changes] += 1
            _compare(self.hidden, changes, past.counted_changes)
        _moves(self.reopened, "shown", story.reopened)
        _moves(self.reopened, "counted", past.counted_reopenings or 0)
        _moves(self.backwards, "steps", story.backwards)

    def refuse(self, refusals: list[Refusal]) -> None:
        """Count the refused rows of one case, or one row of which nobody can tell the case."""
        self.refused_cases += any(item.leads for item in refusals)
        self.refused_rows += len(refusals)
        self.refused_about.update(item.about for item in refusals)
        self.first_refusals = heapq.nsmallest(FIRST_REFUSALS, [*self.first_refusals, *refusals])

    def document(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "source": self.source,
            "dry_run": self.dry_run,
            "cases": {
                "told": self.cases,
                "imported": self.imported,
                "imported_before": self.already,
                "imported_before_and_different_now": self.differing,
                "refused": self.refused_cases,
                "by_status": dict(sorted(self.statuses.items())),
            },
            "events": self.events,
            "handoffs": {
                "shown": _distribution(self.shown),
                "shown_total": _total(self.shown),
                "counted": _distribution(self.counted),
                "counted_total": _total(self.counted),
                "difference": self.hidden["counted"] - self.hidden["shown"],
                "counted_not_shown": {"changes": self.hidden["counted"], "cases": self.hidden["counted_cases"]},
                "shown_not_counted": {"changes": self.hidden["shown"], "cases": self.hidden["shown_cases"]},
            },
            "reopened": {
                "shown": {"moves": self.reopened["shown"], "cases": self.reopened["shown_cases"]},
                "counted": {"moves": self.reopened["counted"], "cases": self.reopened["counted_cases"]},
            },
            "never_named": dict(self.missing.most_common()),
            "dated_before_the_step_ahead": {
                "steps": self.backwards["steps"],
                "cases": self.backwards["steps_cases"],
            },
            "refused": {
                "rows": self.refused_rows,
                "about": dict(self.refused_about.most_common()),
                "first": [
                    {"line": item.line, "case": item.external_id, "about": item.about, "reason": item.message}
                    for item in self.first_refusals
                ],
            },
        }


def _compare(hidden: Counter[str], shown: int, counted: int) -> None:
    more = "counted" if counted > shown else "shown"
    if counted != shown:
        hidden[more] += abs(counted - shown)
        hidden[f"{more}_cases"] += 1


def _moves(found: Counter[str], name: str, number: int) -> None:
    if number:
        found[name] += number
        found[f"{name}_cases"] += 1


def _distribution(found: Counter[int]) -> dict[str, int]:
    return {str(number): cases for number, cases in sorted(found.items())}


def _total(found: Counter[int]) -> int:
    return sum(number * cases for number, cases in found.items())
