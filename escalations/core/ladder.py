"""Ladders: what happens when a case has waited too long, rung by rung, and never in a storm.

A case carries one tier clock at a time; its due moment is the next rung. Firing a rung ends that clock and starts the
one of the next rung, so each tier has the time that it used for itself. How a rung fires:

1. Nobody could ever be asked (no one holds the level, no one the on-call role): the rung is passed over, on record,
   and the next one is tried at once.
2. The case's calendar is closed: whoever holds the on-call role of the rung, or of its team, is asked. Does nobody
   hold it, the step waits for the next opening. Urgent cases do not wait: they ask whoever is asked by day.
3. Otherwise the people of the rung's level in its team are asked; so is the on-call role when there are none.
4. A rung that leads where the case already is, raised by hand meanwhile, is passed over; the next one keeps its time.

Hours are judged at the due moment, and the next rung is counted from there, unless the rung fires more than
CATCH_UP_GRACE late: then at the time of firing, so that after downtime a case climbs one rung and the others follow at
their distances. Urgent cases climb every rung that is due by then at once. Every ladder ends: each firing moves on
along a finite list.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import Literal, NamedTuple

from escalations.core import clock as clocks
from escalations.core.calendar import Calendar
from escalations.core.clock import Clock, ClockFinishedError, ClockRefusedError
from escalations.core.policy import Ladder, Policy, Rung

CATCH_UP_GRACE = dt.timedelta(minutes=10)
"""How late a rung may fire and still count as fired on time."""

Outcome = Literal["climbed", "waits", "passed", "exhausted"]
Why = Literal["nobody", "there_already"]


class Staffing(NamedTuple):
    """Who is there at the moment of a sweep, for all its cases; people by id, absences and cover taken into account.

    receivers   by (team, level): whoever may decide at that level in that team, on duty or not
    leads       by team: its leads
    roles       by on-call role: whoever holds it now
    """

    receivers: Mapping[tuple[str, str], tuple[int, ...]]
    leads: Mapping[str, tuple[int, ...]]
    roles: Mapping[str, tuple[int, ...]]


FEW = 12
"""Up to how many people a rung remembers whom it asked."""


class Earlier(NamedTuple):
    """What the rungs before have done: whom the last one asked (if they were FEW), and everybody who was told."""

    asked: frozenset[int] = frozenset()
    told: frozenset[int] = frozenset()


class PassedOver(NamedTuple):
    """A rung that was not climbed, and why: `nobody` to ask, or the case was `there_already`."""

    rung: str
    why: Why


class RungFiring(NamedTuple):
    """What a due tier clock comes to.

    outcome      `climbed`, `waits` (for the next opening), `passed` (no climb now, the ladder goes on), `exhausted`
    rungs        keys of the rungs climbed: one, more only for urgent cases after downtime
    level, team  where the case goes; None: it stays
    asked        who is asked to take it; `on_call` is the role by which they are, None for the rung's own people
    tell         who hears of it, each once; empty when nothing has changed for anybody since the rung before
    passed_over  rungs not climbed, with the reason
    delayed      rungs that came due meanwhile and follow at their distance
    clock        the tier clock afterwards: ended, or still open when it waits for its own rung
    next         the tier clock that follows it, not stored yet; None when it waits itself or the ladder is at its end
    earlier      to be handed to the firing of the next rung
    """

    outcome: Outcome
    rungs: tuple[str, ...]
    level: str | None
    team: str | None
    asked: tuple[int, ...]
    on_call: str | None
    tell: tuple[int, ...]
    passed_over: tuple[PassedOver, ...]
    delayed: tuple[str, ...]
    clock: Clock
    next: Clock | None
    earlier: Earlier


class LadderError(ValueError):
    """A tier clock and a ladder that do not belong together."""


def first_tier(
    ladder: Ladder,
    *,
    policy: Policy,
    level: str,
    receipt: dt.datetime,
    calendar: Calendar,
    at: dt.datetime | None = None,
) -> Clock | None:
    """The tier clock of the first rung that leads above `level` (or tells people), counted from `receipt`.

    `at` is when the ladder begins to count for a case that is under way: a rung that should have fired before then is
    due at `at`. None when no rung leads further.
    """
    number = _next_number(ladder, -1, policy, level, None)
    return None if number is None else _from_receipt(ladder.rungs[number], receipt, calendar, at)


def fire(
    ladder: Ladder,
    clock: Clock,
    *,
    now: dt.datetime,
    policy: Policy,
    receipt: dt.datetime,
    calendar: Calendar,
    staffing: Staffing,
    team: str,
    level: str,
    assignee: int | None,
    urgent: bool = False,
    earlier: Earlier = Earlier(),  # noqa: B008  (immutable)
) -> RungFiring:
    """Fire a due tier clock.

    calendar   of the case's region: its hours decide whether it is off hours
    team, level, assignee   where the case is now and who has it
    urgent     severity critical: does not wait for opening hours, and makes up for downtime at once
    earlier    what the firing before returned; the default for the first

    Each rung comes to one climb at most, whatever the outcome. Raises ClockRefusedError when the clock is not due,
    ClockFinishedError, and LadderError when its rung is not of this ladder.
    """
    if clock.ended_at is not None:
        raise ClockFinishedError("the tier clock has ended; its rung was fired or is not needed any more")
    if clock.kind != "tier" or clock.due_at is None or clock.due_at > now:
        raise ClockRefusedError("only a tier clock that is due fires a rung")
    climb = _Climb(ladder, clock, now, policy, receipt, calendar, staffing, team, level, assignee, urgent, earlier)
    return climb.run(clock.due_at)


def merged_tier(
    ladder: Ladder,
    mine: Clock | None,
    theirs: Clock | None,
    *,
    at: dt.datetime,
    receipt: dt.datetime,
    calendar: Calendar,
    fired: Collection[str] = (),
) -> Clock | None:
    """The tier clock of a case that lives on after another was merged into it: rungs that either has climbed stay
    climbed, and the next one comes when the first of the two would have had it.

    ladder    of the case that lives on; a rung of theirs that it does not have is left out
    receipt   the earlier receipt of the two
    fired     keys of rungs that either has climbed, beyond those that lie before their tier clocks

    Whether it stands still is for the case that lives on. None when its ladder is at its end.
    """
    numbers = {rung.key: number for number, rung in enumerate(ladder.rungs)}
    both = [clock for clock in (mine, theirs) if clock is not None and clock.tier in numbers and clock.is_open]
    number = max(
        (*(numbers[clock.tier] for clock in both), *(numbers[key] + 1 for key in fired if key in numbers)), default=None
    )
    if number is None or number >= len(ladder.rungs):
        return None
    rung = ladder.rungs[number]
    found = [clock for clock in both if clock.tier == rung.key]
    if len(found) == 2:
        return clocks.merged(found[0], found[1], calendar, at=at)
    clock = found[0] if found else _from_receipt(rung, receipt, calendar, at)
    stands = mine is not None and mine.state == "paused"
    if stands and clock.state != "paused":
        return clocks.pause(clock, calendar, at=at)
    return clock if stands or clock.state != "paused" else clocks.resume(clock, calendar, at=at)


class _Asking(NamedTuple):
    """Whom a rung asks: people, and by which on-call role; or when the calendar opens, if it has to wait."""

    people: tuple[int, ...] = ()
    on_call: str | None = None
    opens: dt.datetime | None = None


class _Climb:
    """One firing on its way along the ladder."""

    def __init__(
        self,
        ladder: Ladder,
        clock: Clock,
        now: dt.datetime,
        policy: Policy,
        receipt: dt.datetime,
        calendar: Calendar,
        staffing: Staffing,
        team: str,
        level: str,
        assignee: int | None,
        urgent: bool,
        earlier: Earlier,
    ) -> None:
        self.ladder, self.clock, self.now, self.policy = ladder, clock, now, policy
        self.receipt, self.calendar, self.staffing, self.urgent = receipt, calendar, staffing, urgent
        self.team, self.level, self.assignee = team, level, assignee
        self.from_team, self.from_level, self.earlier = team, level, earlier
        self.rungs: list[str] = []
        self.passed: list[PassedOver] = []
        self.delayed: tuple[str, ...] = ()
        self.tell: dict[int, None] = {}
        self.asking = _Asking()

    def run(self, due: dt.datetime) -> RungFiring:
        number: int | None = _number_of(self.ladder, self.clock.tier)
        while number is not None:
            rung = self.ladder.rungs[number]
            late = self.now - due > CATCH_UP_GRACE
            counts_from, go_on = due, True
            if _leads_nowhere(rung, self.policy, self.level, self.team):
                self.passed.append(PassedOver(rung.key, "there_already"))
            else:
                asking = self._asks(rung, due, late)
                if asking is None:
                    self.passed.append(PassedOver(rung.key, "nobody"))
                    number = self._next(number)
                    continue
                if asking.opens is not None:
                    return self._waits(rung, due, asking.opens)
                self._climbs(rung, asking)
                go_on = self.urgent
                if late and not self.urgent:
                    counts_from = self.now
                    self.delayed = self._due_meanwhile(number, due)
            after = self._next(number)
            if after is None:
                break
            following = self._tier(number, after, counts_from)
            number, due = after, following.due_at or self.now
            if not go_on or due > self.now:
                return self._result("climbed" if self.rungs else "passed", self._ended(), following)
        return self._result("climbed" if self.rungs else "exhausted", self._ended(), None)

    def _next(self, number: int) -> int | None:
        after = _next_number(self.ladder, number, self.policy, self.level, self.team)
        skipped = self.ladder.rungs[number + 1 : after]
        self.passed += [PassedOver(rung.key, "there_already") for rung in skipped]
        return after

    def _asks(self, rung: Rung, due: dt.datetime, late: bool) -> _Asking | None:
        """Whom a rung asks; None when there is nobody at any hour."""
        team = rung.team or self.team
        only_tells = rung.level is None and rung.team is None
        if only_tells:
            by_day = tuple(self._named(rung, team, ()))
        else:
            by_day = self.staffing.receivers.get((team, self._higher(rung.level)), ())
        role = rung.on_call or (self.policy.central.teams[team].on_call if team in self.policy.central.teams else None)
        by_role = self.staffing.roles.get(role, ()) if role else ()
        if not by_day and not by_role:
            return None
        # Business time that has just run out ran in opening hours, even if it ended with them.
        in_hours = rung.after.basis == "business" and not late
        opens = self.now if in_hours else self.calendar.next_opening(self.now if late else due)
        closed = opens > self.now
        if by_role and (closed or not by_day):
            return _Asking(by_role, role)
        if closed and not self.urgent:
            return _Asking(opens=clocks.whole(opens))
        return _Asking() if only_tells else _Asking(by_day)

    def _climbs(self, rung: Rung, asking: _Asking) -> None:
        self.rungs.append(rung.key)
        team, level = rung.team or self.team, self._higher(rung.level)
        found = [*(asking.people if asking.on_call else ()), *self._named(rung, team, asking.people)]
        self.tell.update(dict.fromkeys(found or asking.people))
        self.team, self.level, self.asking = team, level, asking

    def _named(self, rung: Rung, team: str, asked: tuple[int, ...]) -> Iterator[int]:
        """The people that a rung's `tell` names. Leads: of the team that has the case, and of the one that gets it."""
        for name in rung.tell:
            if name == "assignee":
                yield from () if self.assignee is None else (self.assignee,)
            elif name == "team_lead":
                for key in dict.fromkeys((self.team, team)):
                    yield from self.staffing.leads.get(key, ())
            elif name == "receiver":
                yield from asked
            else:
                yield from self.staffing.roles.get(name.removeprefix("role:"), ())

    def _higher(self, level: str | None) -> str:
        """The higher of a rung's level and the case's: a ladder never leads down."""
        if level is None or self.policy.level_rank(level) < self.policy.level_rank(self.level):
            return self.level
        return level

    def _tier(self, number: int, after: int, counts_from: dt.datetime) -> Clock:
        """The tier clock from one rung to a later one."""
        here, there = self.ladder.rungs[number].after, self.ladder.rungs[after].after
        if here.basis == there.basis:
            distance = there.seconds - here.seconds
        else:  # business and elapsed seconds do not subtract: count between the two moments as written
            moments = [
                clocks.due_after(span.basis, span.seconds, at=self.receipt, calendar=self.calendar)
                for span in (here, there)
            ]
            distance = int(
                (moments[1] - moments[0]).total_seconds()
                if there.basis == "elapsed"
                else self.calendar.elapsed(moments[0], moments[1])
            )
        return clocks.start(
            kind="tier",
            tier=self.ladder.rungs[after].key,
            basis=there.basis,
            target_s=max(distance, 1),
            at=counts_from,
            calendar=self.calendar,
        )

    def _due_meanwhile(self, number: int, due: dt.datetime) -> tuple[str, ...]:
        """Rungs after this one that would have come due by now, had it fired on time."""
        found: list[str] = []
        after = _next_number(self.ladder, number, self.policy, self.level, self.team)
        while after is not None:
            due = self._tier(number, after, due).due_at or self.now
            if due > self.now:
                break
            found.append(self.ladder.rungs[after].key)
            number, after = after, _next_number(self.ladder, after, self.policy, self.level, self.team)
        return tuple(found)

    def _ended(self) -> Clock:
        since = self.clock.breached_at or self.clock.due_at
        return self.clock._replace(state="breached", breached_at=since, ended_at=self.now, cursor=1)

    def _waits(self, rung: Rung, due: dt.datetime, opens: dt.datetime) -> RungFiring:
        if rung.key == self.clock.tier:
            return self._result("waits", self.clock._replace(due_at=opens), None)
        length = max(1, int((opens - due).total_seconds()))
        waiting = clocks.start(
            kind="tier", tier=rung.key, basis="elapsed", target_s=length, at=due, calendar=self.calendar
        )
        return self._result("waits", self._ended(), waiting._replace(due_at=opens))

    def _result(self, outcome: Outcome, clock: Clock, following: Clock | None) -> RungFiring:
        asked, earlier = self.asking.people, self.earlier
        # The same people asked once more, as a founder alone is at every level: nobody is told again.
        again = bool(asked) and frozenset(asked) == earlier.asked
        tell = tuple(person for person in self.tell if not (again and person in earlier.told))
        return RungFiring(
            outcome=outcome,
            rungs=tuple(self.rungs),
            level=self.level if self.level != self.from_level else None,
            team=self.team if self.team != self.from_team else None,
            asked=asked,
            on_call=self.asking.on_call,
            tell=tell,
            passed_over=tuple(self.passed),
            delayed=self.delayed,
            clock=clock,
            next=following,
            earlier=Earlier(
                frozenset(asked if len(asked) <= FEW else ()) if asked else earlier.asked,
                earlier.told | frozenset(tell),
            ),
        )


def _number_of(ladder: Ladder, key: str) -> int:
    for number, rung in enumerate(ladder.rungs):
        if rung.key == key:
            return number
    raise LadderError(f"the ladder {ladder.name!r} has no rung {key!r}; start the case's tier clock on it anew")


def _next_number(ladder: Ladder, number: int, policy: Policy, level: str, team: str | None) -> int | None:
    """The next rung after this one that leads somewhere."""
    for after in range(number + 1, len(ladder.rungs)):
        if not _leads_nowhere(ladder.rungs[after], policy, level, team):
            return after
    return None


def _leads_nowhere(rung: Rung, policy: Policy, level: str, team: str | None) -> bool:
    return (
        rung.level is not None
        and policy.level_rank(rung.level) <= policy.level_rank(level)
        and (rung.team is None or rung.team == team)
    )


def _from_receipt(rung: Rung, receipt: dt.datetime, calendar: Calendar, at: dt.datetime | None) -> Clock:
    tier = clocks.start(
        kind="tier",
        tier=rung.key,
        basis=rung.after.basis,
        target_s=rung.after.seconds,
        at=receipt,
        calendar=calendar,
    )
    if at is not None and tier.due_at is not None and tier.due_at < at:
        return tier._replace(due_at=clocks.whole(at))
    return tier
