"""The access log as an auditor reads it: each entry in words, with what is unusual about it.

Cases are named by their reference alone, whether or not the auditor may see them: no word of a case stands here.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from escalations.core import watching
from escalations.core.calendar import Calendar
from escalations.errors import NoPolicy
from escalations.models import (
    AccessEntry,
    AccessJudged,
    AccessMark,
    Case,
    CaseExport,
    Channel,
    Membership,
    OnCallShift,
    Ownership,
    Team,
    User,
)
from escalations.selectors import law

UNUSUAL, OPEN, EVERY = "unusual", "open", "all"
NAMED = 6
"""Cases that a line names; beyond that it says how many more."""
BEFORE = 5000
"""Entries of the hour before that are looked at, at most."""
SURFACES = {
    "admin:escalations_case_change": "its page",
    "admin:escalations_case_act": "the form of an act",
    "admin:escalations_case_changelist": "the table of cases",
    "admin:escalations_case_export": "a file from the table of cases",
    "admin:index": "the home page",
    "admin:autocomplete": "a choice by typing",
    "admin:search": "the search of the bar",
}


@dataclass(slots=True)
class Line:
    """One entry: who, what in words, and why it deserves a second look. `own` is the reader's own doing."""

    row: AccessEntry
    who: str
    said: str
    cases: list[str] = field(default_factory=list)
    more: int = 0
    where: str = ""
    reasons: list[str] = field(default_factory=list)
    own: bool = False

    @property
    def reviewed(self) -> Any:
        """The review of the entry, None while nobody has looked."""
        return getattr(self.row, "review", None)

    @property
    def reviewable(self) -> bool:
        """Whether the reader may mark it as reviewed."""
        return self.reviewed is None and not self.own


def unreviewed() -> QuerySet[AccessMark]:
    """What is unusual and was not reviewed."""
    return AccessMark.objects.filter(open=True, entry__review__isnull=True)


def marks(*, reader: User, person: int | None = None) -> QuerySet[AccessMark]:
    """What is unusual and was not reviewed, unordered: what one did oneself is for others to judge."""
    rows = unreviewed().exclude(chain=reader.pk).select_related("entry")
    return rows.filter(chain=person) if person is not None else rows


def judged() -> AccessJudged | None:
    """How far the log was looked through for what is unusual; None when it never was."""
    return AccessJudged.objects.first()


def entries(*, show: str, person: int | None = None) -> QuerySet[AccessEntry]:
    """The entries that were asked for, unordered: all, or those that nobody has reviewed."""
    rows = AccessEntry.objects.select_related("mark", "review", "review__by")
    if person is not None:
        rows = rows.filter(chain=person)
    if show != EVERY:
        rows = rows.filter(review__isnull=True).exclude(kind=watching.REVIEW)
    return rows


def lines(rows: Sequence[AccessEntry], reader: User) -> list[Line]:
    """Entries, loaded with their marks, as lines in the given order. Five queries at most, whatever their number."""
    names = _Names(rows)
    return [
        Line(
            row=row,
            who=names.person(row.chain),
            said=_(watching.KINDS.get(row.kind, row.kind)) + names.detail(row),
            cases=names.references(row)[:NAMED],
            more=max(0, len(_cases(row)) - NAMED),
            where=SURFACES.get(row.data.get("surface", ""), row.data.get("surface", "")),
            reasons=row.mark.reasons if hasattr(row, "mark") else [],
            own=row.chain == reader.pk,
        )
        for row in rows
    ]


def unusual(rows: Sequence[AccessEntry], now: dt.datetime) -> dict[int, list[str]]:
    """What is unusual about each of some entries, by its id. Six queries."""
    if not rows:
        return {}
    looks = [_look(row) for row in rows]
    people = {look.person for look in looks} - {0}
    since, until = min(look.at for look in looks), max(look.at for look in looks)
    before = (
        AccessEntry.objects.filter(chain__in={0, *people}, at__gt=since - watching.HOUR, at__lte=until)
        .exclude(pk__in=[row.pk for row in rows])
        .order_by("-id")[:BEFORE]
    )
    opened = {case for look in looks if look.kind != watching.LISTED for case in look.cases}
    teams: dict[int, set[int]] = defaultdict(set)
    for case, team in Ownership.objects.filter(case_id__in=opened).values_list("case_id", "team_id"):
        teams[case].add(team)
    return watching.unusual(looks, map(_look, before), people=_known(people, since, until, now), teams=teams)


def _look(row: AccessEntry) -> watching.Look:
    declared = bool(row.data.get("declared"))
    return watching.Look(row.pk, row.chain, row.kind, row.at, frozenset(_cases(row)), declared)


def _cases(row: AccessEntry) -> list[int]:
    if row.kind == watching.READ and "case" in row.data:
        return [row.data["case"]]  # what stood beside it on its page was not opened
    found: list[int] = row.data.get("cases", [])
    return found


def _known(
    people: Iterable[int], since: dt.datetime, until: dt.datetime, now: dt.datetime
) -> dict[int, watching.Known]:
    """What is known of people in a span of time. Four queries."""
    ids = list(people)
    within = Q(starts_at__lte=until) & (Q(ends_at__isnull=True) | Q(ends_at__gt=since))
    teams: dict[int, list[Team]] = defaultdict(list)
    for row in Membership.objects.filter(within, person_id__in=ids).select_related("team"):
        teams[row.person_id].append(row.team)
    shifts: dict[int, list[tuple[dt.datetime, dt.datetime | None]]] = defaultdict(list)
    for shift in OnCallShift.objects.filter(within, person_id__in=ids):
        shifts[shift.person_id].append((shift.starts_at, shift.ends_at))
    calendars = _calendars({team for found in teams.values() for team in found}, now)
    return {
        pk: watching.Known(
            frozenset(team.pk for team in teams[pk]),
            _works([calendars[team.pk] for team in teams[pk] if team.pk in calendars]),
            tuple(shifts[pk]),
        )
        for pk in ids
    }


def _calendars(teams: Iterable[Team], now: dt.datetime) -> dict[int, Calendar]:
    try:
        policy = law.policy_of(law.in_force(now))
    except NoPolicy:
        return {}
    spec = {team.pk: policy.central.teams.get(team.key) for team in teams}
    return {pk: law.policy_calendar(policy, found.calendar) for pk, found in spec.items() if found is not None}


def _works(calendars: Sequence[Calendar]) -> Callable[[dt.datetime], bool] | None:
    if not calendars:
        return None
    return lambda at: any(calendar.is_open(at) for calendar in calendars)


# ------------------------------------------------------------------------------------------------------------ in words


class _Names:
    """The names that some entries need, loaded at once. Six queries at most."""

    def __init__(self, rows: Iterable[AccessEntry]) -> None:
        rows = list(rows)
        cases = {pk for row in rows for pk in _cases(row)[:NAMED]}
        people, groups = {row.chain for row in rows}, set()
        for row in rows:
            people |= set(_ids(row.data, "added", "removed")) if row.kind == watching.MEMBERSHIP else set()
            people |= {row.data.get("to") or row.data.get("ended", 0)} if row.kind == watching.GRANT else set()
            groups |= set(_ids(row.data, "groups"))
            if row.kind == watching.PERMISSION:
                (people if row.data.get("what") == "user" else groups).add(row.data.get("of", 0))
        self._cases = dict(Case.objects.filter(pk__in=cases).values_list("pk", "reference"))
        self._people = {pk: str(person) for pk, person in User.objects.in_bulk(people).items()}
        self._groups = dict(Group.objects.filter(pk__in=groups).values_list("pk", "name")) if groups else {}
        rights = [row for row in rows if row.kind == watching.PERMISSION]
        wanted = {pk for row in rights for pk in _ids(row.data, "added", "removed")}
        self._rights = dict(Permission.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}
        taken = [row.pk for row in rows if row.kind == watching.EXPORT]
        self._taken = (
            {pk: (reason, cases) for pk, reason, cases in
             CaseExport.objects.filter(pk__in=taken).values_list("pk", "reason", "cases")} if taken else {}
        )  # fmt: skip
        channels = {row.data["channel"] for row in rights if "channel" in row.data}
        self._channels = dict(Channel.objects.filter(pk__in=channels).values_list("pk", "name")) if channels else {}

    def person(self, pk: int) -> str:
        """Who it was."""
        return self._people.get(pk, _("person %(pk)s") % {"pk": pk}) if pk else _("nobody signed in")

    def references(self, row: AccessEntry) -> list[str]:
        """The cases of an entry by reference; one that is gone, by its number."""
        return [self._cases.get(pk, f"case {pk}") for pk in _cases(row)]

    def detail(self, row: AccessEntry) -> str:
        """What a change of rights changed, for the end of the sentence."""
        if row.kind == watching.REVIEW:
            return f": {len(_ids(row.data, 'entries'))}"
        if row.pk in self._taken:
            return ": " + _("%(n)d, for: %(reason)s") % {"n": self._taken[row.pk][1], "reason": self._taken[row.pk][0]}
        if row.kind == watching.GRANT:
            return self._grant(row.data)
        if row.kind == watching.MEMBERSHIP:
            groups = ", ".join(self._groups.get(pk, f"group {pk}") for pk in _ids(row.data, "groups"))
            return "".join(
                f": {', '.join(map(self.person, _ids(row.data, way)))} {way} ({groups})"
                for way in ("added", "removed")
                if _ids(row.data, way)
            )
        if row.kind != watching.PERMISSION:
            return ""
        of = row.data.get("of", 0)
        holder = self.person(of) if row.data.get("what") == "user" else self._groups.get(of, f"group {of}")
        flags = [f"{name} {'on' if value else 'off'}" for name, value in row.data.get("flags", {}).items()]
        for way in ("added", "removed"):
            flags += [f"{self._rights.get(pk, pk)} {way}" for pk in _ids(row.data, way)]
        where = self._channels.get(row.data.get("channel", 0), "")
        return f": {holder}, {', '.join(flags)}" + (f" ({where})" if where else "")

    def _grant(self, data: dict[str, Any]) -> str:
        if data.get("glass"):
            return _(": broke the glass")
        given = self.person(data["to"]) if data.get("to") else ""
        return (
            f": {given}" if given else _(": ended that of %(person)s") % {"person": self.person(data.get("ended", 0))}
        )


def _ids(data: dict[str, Any], *names: str) -> list[int]:
    return [pk for name in names for pk in data.get(name, ()) if isinstance(pk, int)]
