"""The access log: what is kept, and what in it deserves a second look.

The rules see entries as values, with what is known of the person; each that applies says so in words. They judge
nobody: an auditor reads them and looks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

READ, LISTED, SEARCHED, EXPORT, UNMASK, FILE = "read", "list", "search", "export", "unmask", "file"
SIGN_IN, SIGN_IN_FAILED, SIGN_OUT = "sign_in", "sign_in_failed", "sign_out"
LOCKED_OUT, PROVED, SSO_LINKED = "locked_out", "proved", "sso_linked"
FACTOR_ADDED, FACTOR_REMOVED, PASSWORD = "factor_added", "factor_removed", "password"
GRANT, MEMBERSHIP, PERMISSION, REVIEW = "grant", "membership", "permission", "review"

KINDS: Mapping[str, str] = {
    READ: "read a case",
    LISTED: "saw cases in a list",
    SEARCHED: "searched",
    EXPORT: "exported cases",
    UNMASK: "uncovered personal data",
    FILE: "opened a file",
    SIGN_IN: "signed in",
    SIGN_IN_FAILED: "failed to sign in",
    SIGN_OUT: "signed out",
    LOCKED_OUT: "was locked out after too many tries",
    PROVED: "showed anew who they are",
    SSO_LINKED: "was linked with single sign-on",
    FACTOR_ADDED: "set up a way to sign in",
    FACTOR_REMOVED: "removed a way to sign in",
    PASSWORD: "changed their password",
    GRANT: "gave or took access to a case",
    MEMBERSHIP: "changed who belongs to a group",
    PERMISSION: "changed what somebody may do",
    REVIEW: "reviewed the access log",
}
"""Every kind of entry, as what the person did."""

LOOKS = frozenset({READ, LISTED, SEARCHED, EXPORT, UNMASK, FILE})
"""Kinds by which somebody got to see something of a case."""

RULES = 1
"""The number of the rules below. Whoever changes one, or a bound, counts it up: `doctor` then says that entries were
judged by older ones, and `judge_looks --again` judges them anew."""

HOUR = dt.timedelta(hours=1)
MANY = 30
"""Sensitive cases that one person opens within an hour before it is remarked on."""
FAILURES = 5
"""Failed sign-ins within an hour before it is remarked on."""
MARGIN = dt.timedelta(hours=1)
"""How long before opening and after closing a look is still nothing unusual."""


@dataclass(frozen=True, slots=True)
class Look:
    """One entry of the access log. `person` is 0 for nobody signed in; `cases` are the sensitive cases shown;
    `declared` are rights that the code itself gives to groups of its own."""

    id: int
    person: int
    kind: str
    at: dt.datetime
    cases: frozenset[int] = frozenset()
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one person: their teams, whether one of them works at a moment, and when they were on call.

    `works` is None for somebody without a team.
    """

    teams: frozenset[int] = frozenset()
    works: Callable[[dt.datetime], bool] | None = None
    on_call: Sequence[tuple[dt.datetime, dt.datetime | None]] = ()

    def on_duty(self, at: dt.datetime) -> bool:
        """Whether a look at `at` falls into working hours with their margin, or into an on-call shift."""
        if any(begins <= at and (ends is None or at < ends) for begins, ends in self.on_call):
            return True
        if self.works is None:
            return True
        return any(self.works(moment) for moment in (at, at - MARGIN, at + MARGIN))


NOBODY = Known()


def unusual(
    looks: Iterable[Look],
    before: Iterable[Look],
    *,
    people: Mapping[int, Known],
    teams: Mapping[int, Collection[int]],
) -> dict[int, list[str]]:
    """Reasons for a second look at each of `looks`, by its id; looks without one are left out.

    before   looks of the same people within the hour before the earliest of `looks`
    people   what is known of each person, by id
    teams    the teams that have had each case, by the case's id
    """
    ordered = sorted({look.id: look for look in (*before, *looks)}.values(), key=lambda look: (look.at, look.id))
    wanted = {look.id for look in looks}
    recent: dict[tuple[int, str], list[Look]] = {}
    found: dict[int, list[str]] = {}
    for look in ordered:
        group = "look" if look.kind == READ else look.kind
        window = [one for one in recent.get((look.person, group), ()) if one.at > look.at - HOUR]
        window.append(look)
        recent[look.person, group] = window
        if look.id in wanted:
            reasons = [*_many(look, window), *_odd(look, people), *_elsewhere(look, people, teams), *_unguarded(look)]
            if reasons:
                found[look.id] = reasons
    return found


def _many(look: Look, window: Sequence[Look]) -> Iterable[str]:
    if look.kind == READ:
        opened = len(frozenset().union(*(one.cases for one in window)))
        if opened > MANY:
            yield f"opened {opened} sensitive cases within an hour"
    if look.kind == SIGN_IN_FAILED and len(window) >= FAILURES:
        yield f"{len(window)} failed sign-ins within an hour"
    if look.kind == LOCKED_OUT:
        yield "too many failed sign-ins"


def _odd(look: Look, people: Mapping[int, Known]) -> Iterable[str]:
    if look.kind in LOOKS | {SIGN_IN} and not people.get(look.person, NOBODY).on_duty(look.at):
        yield "outside the hours of their team"


def _elsewhere(look: Look, people: Mapping[int, Known], teams: Mapping[int, Collection[int]]) -> Iterable[str]:
    if look.kind not in (READ, EXPORT, UNMASK, FILE) or not look.cases:
        return
    own = people.get(look.person, NOBODY).teams
    others = sum(1 for case in look.cases if not own & set(teams.get(case, ())))
    if others:
        yield "a case that their teams never had" if others == 1 else f"{others} cases that their teams never had"


def _unguarded(look: Look) -> Iterable[str]:
    if look.kind in (MEMBERSHIP, PERMISSION, GRANT, FACTOR_REMOVED) and not look.person and not look.declared:
        yield "changed by nobody who was signed in: a command, or by hand"
