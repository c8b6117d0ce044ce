"""Past cases of another desk: what the rows of its log tell, and nothing that they do not.

A log has one row per step of a case: when, in which state, with which team. `tell` reads the rows of one case as a
story: its steps, who had it from when to when, which changes of team and which reopenings show. What a row leaves
blank it does not say: the case stays as it was told before. What the log counts elsewhere without showing it (a
column that says "reassigned three times") is kept beside the story and never turned into it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from escalations.core.lifecycle import Status

FINISHED: frozenset[Status] = frozenset({"resolved", "closed"})
"""The states in which a past case can be taken over: nobody owes anything any more."""

EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""Dates before this are slips of a format or an empty field in disguise."""


class Term(NamedTuple):
    """A team or category as the log names it: the key that it has here, and its name.

    `here` tells a key of this desk's own law from one that exists only for the past.
    """

    key: str
    name: str
    here: bool


class Row(NamedTuple):
    """One row of the log: its line in the file, when the step was, and what it says of state and team, if it does."""

    line: int
    at: dt.datetime
    status: Status | None
    team: Term | None


class Step(NamedTuple):
    """One step, as an event tells it: `data` holds the line, and what changed with it."""

    line: int
    at: dt.datetime
    kind: str
    data: dict[str, Any]


class Stay(NamedTuple):
    """A team had the case from `since` until `until`; None while it still has it."""

    team: Term
    since: dt.datetime
    until: dt.datetime | None


class Change(NamedTuple):
    """A change of team that the log shows."""

    line: int
    at: dt.datetime
    frm: Term
    to: Term


@dataclass(frozen=True, slots=True)
class Reading:
    """What counts as what, declared by the mapping.

    `reopened_from` to `reopened_to`: a move of state between these is a reopening. `across_gaps`: a team that is named
    after rows that name none is compared with the one named before them. `dated_by_steps` names the states whose
    moment the log does not say of the case as a whole: it is that of the last step into them.
    """

    reopened_from: frozenset[Status]
    reopened_to: frozenset[Status]
    across_gaps: bool = True
    dated_by_steps: frozenset[Status] = frozenset()


@dataclass(frozen=True, slots=True)
class Story:
    """What the rows of one case tell. `backwards` counts the steps that are dated before an earlier one."""

    steps: tuple[Step, ...]
    stays: tuple[Stay, ...]
    changes: tuple[Change, ...]
    status: Status
    reopened: int
    resolved_at: dt.datetime | None
    closed_at: dt.datetime | None
    backwards: int

    @property
    def team(self) -> Term | None:
        """The team that had the case at the end; None when the log never names one."""
        return self.stays[-1].team if self.stays else None


class Implausible(ValueError):
    """The rows of a case cannot be true together. `about` is the same for all that fail in the same way."""

    def __init__(self, about: str, message: str, line: int) -> None:
        super().__init__(message)
        self.about = about
        self.line = line


@dataclass(frozen=True, slots=True)
class PastCase:
    """One case of another desk, ready to be written: its story, and what the log says of it as a whole.

    Keys of channel, region and level are those of this desk; the empty text leaves the choice to the desk. `counted_*`
    are the log's own numbers, None when it has none. `kept` is kept beside the case and read by nobody.
    """

    external_id: str
    first_line: int
    last_line: int
    digest: str
    story: Story
    opened_at: dt.datetime
    category: Term
    symptom: str
    root_cause: str
    severity: str
    language: str
    channel: str
    region: str
    level: str
    party: str
    summary: str
    description: str = ""
    counted_changes: int | None = None
    counted_reopenings: int | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What holds for every case of one log: its name, the kind of its parties, the side of its categories, and what
    stands for a team or category that it does not name (the second is also the parent of those that it does)."""

    source: str
    party_kind: str
    side: str
    no_team: Term
    no_category: Term


class Refusal(NamedTuple):
    """A row that was not taken: where, of which case (empty when it cannot be told), the class of fault, the reason.

    `leads` is true for the refusals that stand for their case: one for each case that is left out.
    """

    line: int
    external_id: str
    about: str
    message: str
    leads: bool = False


def tell(
    rows: Sequence[Row],
    *,
    reading: Reading,
    opened_at: dt.datetime,
    resolved_at: dt.datetime | None,
    closed_at: dt.datetime | None,
) -> Story:
    """The story of one case from its rows, in their order.

    `resolved_at` and `closed_at` are what the log says of the case as a whole; None stays None, unless the reading
    dates that state by its steps. Steps keep their own times, even when these run backwards; stays do not: a stay
    never begins before the one ahead of it, nor before the case.

    Raises Implausible when the case was never in a known state, is not finished, or ends before it begins.
    """
    steps: list[Step] = []
    stays: list[Stay] = []
    changes: list[Change] = []
    status: Status | None = None
    team: Term | None = None
    named: Term | None = None
    reached: dict[Status, dt.datetime] = {}
    reopened = backwards = 0
    clock = opened_at
    for place, row in enumerate(rows):
        if place and row.at < rows[place - 1].at:
            backwards += 1
        clock = max(clock, row.at)
        data: dict[str, Any] = {"line": row.line}
        kind = "import.opened" if place == 0 else "import.step"
        if row.team is not None and row.team != named:
            data["team"] = row.team.key
            if named is not None:
                data["from"] = named.key
                changes.append(Change(row.line, row.at, named, row.team))
                kind = "import.handed_off" if place else kind
            named = team = row.team
        elif row.team is None and not reading.across_gaps:
            named = None
        if row.status is not None and row.status != status:
            data["status"] = row.status
            again = status in reading.reopened_from and row.status in reading.reopened_to
            reopened += again
            if place:
                kind = "import.reopened" if again else _KINDS.get(row.status, kind)
            status = row.status
            reached[status] = row.at
        steps.append(Step(row.line, row.at, kind, data))
        if status == "closed" or team is None:
            _end(stays, clock)
        elif not stays or stays[-1].until is not None or stays[-1].team != team:
            _end(stays, clock)
            stays.append(Stay(team, clock, None))
    if status is None or status not in FINISHED:
        raise _unfinished(status, rows[-1].line)
    if "resolved" in reading.dated_by_steps:
        resolved_at = reached.get("resolved")
    if "closed" in reading.dated_by_steps:
        closed_at = reached.get("closed")
    if status != "closed":
        closed_at = None
    _check_order(opened_at, resolved_at, closed_at, rows[-1].line)
    return Story(
        steps=tuple(steps),
        stays=tuple(stays),
        changes=tuple(changes),
        status=status,
        reopened=reopened,
        resolved_at=resolved_at,
        closed_at=closed_at,
        backwards=backwards,
    )


_KINDS: Mapping[str, str] = {"resolved": "import.resolved", "closed": "import.closed", "waiting": "import.waiting"}


def _end(stays: list[Stay], at: dt.datetime) -> None:
    if stays and stays[-1].until is None:
        stays[-1] = stays[-1]._replace(until=at)


def _unfinished(status: Status | None, line: int) -> Implausible:
    if status is None:
        return Implausible("no state", "no row of the case says in which state it is", line)
    return Implausible(
        "not finished",
        f"the case is not finished there ({status}): only past cases are imported; open it here as a new case",
        line,
    )


def _check_order(
    opened_at: dt.datetime, resolved_at: dt.datetime | None, closed_at: dt.datetime | None, line: int
) -> None:
    for name, moment in (("resolved", resolved_at), ("closed", closed_at)):
        if moment is not None and moment < opened_at:
            raise Implausible(
                "dates contradict", f"{name} at {moment:%Y-%m-%d %H:%M}, before it was opened: check the dates", line
            )
    if resolved_at is not None and closed_at is not None and closed_at < resolved_at:
        raise Implausible(
            "dates contradict", f"closed at {closed_at:%Y-%m-%d %H:%M}, before it was resolved: check the dates", line
        )
