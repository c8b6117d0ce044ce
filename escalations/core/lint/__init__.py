"""Lint: what a policy document says without contradiction and would still hurt cases.

lint(policy)            shadowed and impossible rules, ladders, gaps in cover, promises, guards, words and money
lint(policy, roster)    also whether somebody is there: teams, levels, roles, skills, languages

What refers to nothing, ties, or leaves the centre's bounds is refused by the document itself and not repeated here.
"""

from __future__ import annotations

from escalations.core.lint import coverage, ladders, matching, staffing
from escalations.core.lint.finding import Finding, Map, Path, Severity
from escalations.core.lint.staffing import Post, Roster
from escalations.core.policy import Policy

__all__ = ["Finding", "Path", "Post", "Roster", "Severity", "lint"]


def lint(policy: Policy, roster: Roster | None = None) -> list[Finding]:
    """Everything to change in a policy, errors first, each group in the order of the checks.

    An error would hurt cases, and stops an edition; a warning may be meant. With a roster (who is in which team at
    which level, who can hold which role) it is also checked that somebody is there. Pure; takes from milliseconds to a
    second or two for a policy of hundreds of rules in dozens of regions.
    """
    places = Map(policy)
    found = [*matching.findings(places), *ladders.findings(places), *coverage.findings(places)]
    if roster is not None:
        found += staffing.findings(places, roster)
    return sorted(dict.fromkeys(found), key=lambda finding: finding.severity != "error")
