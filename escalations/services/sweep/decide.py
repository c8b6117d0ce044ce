"""What a due case comes to, as a pure function: values in, an outcome out. Nothing here touches a database.

All due timers of a case fire in one go, in the order of their moments, each seeing what the one before has changed. A
timer whose moment has gone (its clock was ended, paused or moved without it) is put right and fires nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from escalations.core import clock as clocks
from escalations.core import ladder, lifecycle
from escalations.core.calendar import Calendar
from escalations.core.clock import Clock
from escalations.core.ladder import Earlier, RungFiring
from escalations.core.policy import BANDS, Policy
from escalations.mapping import occurrence_key
from escalations.selectors.staffing import Room
from escalations.services.record import Entry

CRITICAL = BANDS.index("critical")
CLIMBED = "rung.fired"
REMINDED = "rung.reminded"
"""Kinds of the events that keep what `ladder.Earlier` needs for the next rung: whom it asked, who was told."""


class DueTimer(NamedTuple):
    """A due timer with its clock. `name` is the key of a statutory deadline, `calendar` the digest of the clock's;
    `next_id` is the id for the clock that may follow a tier clock."""

    id: int
    moment_key: str
    next_id: int | None
    clock_id: int
    name: str
    calendar: str
    clock: Clock


@dataclass(slots=True)
class DueCase:
    """A case with its due timers in the order of their moments. `columns` are the row's, by attribute name."""

    columns: dict[str, Any]
    team: str
    level: str
    policy_digest: str
    timers: list[DueTimer]
    owned_since: dt.datetime | None = None
    earlier: Earlier = Earlier()  # noqa: RUF009  (immutable)

    @property
    def id(self) -> int:
        """The case's id."""
        return int(self.columns["id"])


@dataclass(frozen=True, slots=True)
class Desk:
    """What cases are decided with: the law, the registry, and who is there.

    policy     of a version, by id and policy digest; raises when it cannot be read
    calendar   by digest
    level      (id, rank) of a level, by key
    team       id of a team, by key
    room       who is there
    """

    policy: Callable[[int, str], Policy]
    calendar: Callable[[str], Calendar]
    level: Callable[[str], tuple[int, int]]
    team: Callable[[str], int]
    room: Room


class Intent(NamedTuple):
    """Somebody is to be told. `occurrence` names the firing: it is told once, for ever."""

    occurrence: str
    kind: str
    to: tuple[str, ...]
    data: Mapping[str, Any]


class Moved(NamedTuple):
    """A timer that rings at another moment of its clock from now on."""

    timer_id: int
    clock_id: int
    moment: clocks.Moment
    cycle: int


class Begun(NamedTuple):
    """The tier clock that follows a fired one; it takes over the timer of that one."""

    id: int
    after_id: int
    clock: Clock


class Climb(NamedTuple):
    """A climb by time, for the record of it: ids of levels and teams."""

    from_level: int
    to_level: int
    from_team: int
    to_team: int
    rung: str


@dataclass(slots=True)
class Outcome:
    """What a due case comes to: everything that one transaction writes for it.

    changes     columns of the case that differ (version and chain apart)
    owned_s     business seconds of the interval of ownership that ends; None when it goes on, or none was open
    resumes     its pause ends by itself: that is an act of its own, and everything else waits for it
    counts      `warning`, `breach`, `promise`, `rung`, `waits`, `passed`, `passed_over`, `delayed`, `stale`
    """

    case: DueCase
    changes: dict[str, Any] = field(default_factory=dict)
    events: list[Entry] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    clocks: list[tuple[int, Clock]] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    begun: Begun | None = None
    climb: Climb | None = None
    owned_s: int | None = None
    resumes: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, number: int = 1) -> None:
        """Add to a count; nothing is added for nothing."""
        if number:
            self.counts[what] = self.counts.get(what, 0) + number


def decide(case: DueCase, desk: Desk, now: dt.datetime) -> Outcome:
    """What fires in a case at `now`, and what it changes.

    Raises whatever the law or the core raise for a case that cannot be decided; nothing else of it is kept then.
    """
    out = Outcome(case)
    open_ = case.columns["is_open"]
    for timer in case.timers:
        clock = timer.clock
        if timer.moment_key == "resume" and clock.state == "paused" and clock.ended_at is None and open_:
            return Outcome(case, resumes=True)
        if not open_:
            _put_right(out, timer, None)
        elif clock.kind == "tier" and clock.ended_at is None and clock.due_at is not None and clock.due_at <= now:
            _rung(out, timer, desk, now)
        else:
            _moment(out, timer, desk, now)
    return out


def _put_right(out: Outcome, timer: DueTimer, calendar: Calendar | None) -> None:
    """A timer without a moment to fire rings at the clock's own next one, or goes."""
    moment = None if calendar is None else clocks.next_moment(timer.clock, calendar)
    out.count("stale")
    if moment is None:
        out.gone.append(timer.id)
    else:
        out.moved.append(Moved(timer.id, timer.clock_id, moment, timer.clock.cycle))


def _next(out: Outcome, timer: DueTimer, clock: Clock, calendar: Calendar) -> None:
    out.clocks.append((timer.clock_id, clock))
    moment = clocks.next_moment(clock, calendar)
    if moment is None:
        out.gone.append(timer.id)
    else:
        out.moved.append(Moved(timer.id, timer.clock_id, moment, clock.cycle))


# -------------------------------------------------------------------------------------------- warnings and breaches


#: What a moment is called in the record, in the notice and in the counts.
_TOLD = {
    "warn": ("clock.warned", "notice.warning", "warning"),
    "breach": ("clock.breached", "notice.breach", "breach"),
    "promise": ("promise.broken", "notice.promise", "promise"),
}


def _moment(out: Outcome, timer: DueTimer, desk: Desk, now: dt.datetime) -> None:
    calendar = desk.calendar(timer.calendar)
    firing = None if timer.clock.kind == "tier" else clocks.fire(timer.clock, calendar, now=now)
    if firing is None or timer.clock.due_at is None:
        _put_right(out, timer, calendar)
        return
    kind, what = timer.clock.kind, firing.key.partition(":")[0]
    due = (firing.due_at if what == "promise" else timer.clock.due_at).isoformat()
    said: dict[str, Any] = {"clock": kind, "due": due}
    if timer.name:
        said["name"] = timer.name
    if firing.passed_over:
        said["passed_over"] = list(firing.passed_over)
    event, notice, counted = _TOLD[what]
    if what == "warn":
        said["share"] = int(firing.key.removeprefix("warn:"))
    out.events.append(Entry(event, said))
    told = {"clock": timer.clock_id, "kind": kind, "moment": firing.key, "due": due}
    if kind == "statutory" and what != "promise":
        notice = "notice.statutory"
    to = _concerned(out, timer, desk, late=what != "warn")
    out.intents.append(Intent(_occurrence(timer, firing.key), notice, to, told))
    out.count(counted)
    out.count("passed_over", len(firing.passed_over))
    _next(out, timer, firing.clock, calendar)


def _concerned(out: Outcome, timer: DueTimer, desk: Desk, *, late: bool) -> tuple[str, ...]:
    """Who hears of a warning or breach: whoever has the case, else the leads; both when it is late. Of a legal
    deadline its legal owner hears first."""
    columns = out.case.columns
    assignee = out.changes.get("assignee_id", columns["assignee_id"])
    leads = f"leads:{out.changes.get('team_id', columns['team_id'])}"
    to = [leads] if assignee is None else [f"user:{assignee}", leads] if late else [f"user:{assignee}"]
    if timer.clock.kind == "statutory":
        policy = desk.policy(columns["policy_version_id"], out.case.policy_digest)
        to.insert(0, f"role:{policy.central.statutory[timer.name].legal_owner}")
    return tuple(to)


# ------------------------------------------------------------------------------------------------------------ rungs


def _rung(out: Outcome, timer: DueTimer, desk: Desk, now: dt.datetime) -> None:
    case, columns = out.case, out.case.columns
    policy = desk.policy(columns["policy_version_id"], case.policy_digest)
    calendar = desk.calendar(columns["calendar_digest"])
    firing = ladder.fire(
        policy.central.ladders[columns["ladder"]],
        timer.clock,
        now=now,
        policy=policy,
        receipt=columns["opened_at"],
        calendar=calendar,
        staffing=desk.room.staffing,
        team=case.team,
        level=case.level,
        assignee=columns["assignee_id"],
        urgent=columns["severity_band"] == CRITICAL,
        earlier=case.earlier,
    )
    loses = _goes(out, firing, desk, now) if firing.level or firing.team else None
    out.events.append(_told(out, timer, firing))
    to = [f"user:{person}" for person in firing.tell]
    if loses is not None and f"user:{loses}" not in to:
        to.append(f"user:{loses}")
    if firing.rungs and to:
        key = f"rung:{timer.clock.tier}"
        told = {"clock": timer.clock_id, "moment": key, "rung": firing.rungs[-1], "level": firing.level or case.level}
        out.intents.append(Intent(_occurrence(timer, key), "notice.rung", tuple(to), told))
    out.count({"climbed": "rung", "waits": "waits"}.get(firing.outcome, "passed"))
    out.count("passed_over", len(firing.passed_over))
    out.count("delayed", len(firing.delayed))
    if firing.next is None:
        _next(out, timer, firing.clock, calendar)
    else:
        _begin(out, timer, firing)


def _begin(out: Outcome, timer: DueTimer, firing: RungFiring) -> None:
    """The tier clock of the next rung follows the fired one."""
    following = firing.next
    if following is None or following.due_at is None or timer.next_id is None:
        raise ValueError("a tier clock that follows has a due moment, and an id given out when its case was taken")
    out.clocks.append((timer.clock_id, firing.clock))
    out.begun = Begun(timer.next_id, timer.clock_id, following)
    moment = clocks.Moment(f"rung:{following.tier}", following.due_at)
    out.moved.append(Moved(timer.id, timer.next_id, moment, following.cycle))


def _goes(out: Outcome, firing: RungFiring, desk: Desk, now: dt.datetime) -> int | None:
    """The case goes to a higher level or another team, as `services.escalation.raise_level` has it: whoever has it
    keeps it when their level there suffices, else it waits in the team's queue. Returns who loses it."""
    columns, case = out.case.columns, out.case
    level = firing.level or case.level
    team = firing.team or case.team
    level_id, rank = desk.level(level)
    team_id = desk.team(team) if firing.team else columns["team_id"]
    assignee = columns["assignee_id"]
    keeps = assignee is not None and desk.room.rank(team, assignee) >= rank
    move = lifecycle.allowed(columns["status"], "escalate", holder="same" if keeps else "team")
    out.climb = Climb(columns["level_id"], level_id, columns["team_id"], team_id, firing.rungs[-1])
    out.changes = {
        "level_id": level_id,
        "team_id": team_id,
        "assignee_id": assignee if keeps else None,
        "status": move.to if isinstance(move, lifecycle.Allowed) else columns["status"],
    }
    if case.owned_since is not None:
        out.owned_s = max(0, round(desk.calendar(columns["calendar_digest"]).elapsed(case.owned_since, now)))
    return None if keeps else assignee


def _told(out: Outcome, timer: DueTimer, firing: RungFiring) -> Entry:
    case = out.case
    said: dict[str, Any] = {"rung": timer.clock.tier}
    if timer.clock.due_at is not None:
        said["due"] = timer.clock.due_at.isoformat()
    if firing.rungs:
        kind = CLIMBED if out.climb else REMINDED
        said["rung"] = firing.rungs[-1]
        said |= {"asked": sorted(firing.earlier.asked), "told": sorted(firing.earlier.told)}
        if out.climb:
            said |= {"from": case.level, "to": firing.level or case.level}
        if firing.team:
            said |= {"from_team": case.team, "to_team": firing.team}
        if len(firing.rungs) > 1:
            said["rungs"] = list(firing.rungs)
        if firing.on_call:
            said["on_call"] = firing.on_call
    elif firing.outcome == "waits":
        kind = "rung.waits"
        until = (firing.next or firing.clock).due_at
        said["until"] = until.isoformat() if until else ""
        said["rung"] = (firing.next or firing.clock).tier
    else:
        kind = "rung.passed"
        said["last"] = firing.next is None
    if firing.passed_over:
        said["passed_over"] = [list(item) for item in firing.passed_over]
    if firing.delayed:
        said["delayed"] = list(firing.delayed)
    return Entry(kind, said)


def _occurrence(timer: DueTimer, moment_key: str) -> str:
    return occurrence_key(timer.clock_id, moment_key, timer.clock.cycle)
