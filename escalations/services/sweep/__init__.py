"""The sweep: due timers fire. Warnings, breaches and rungs by the thousand, pauses that end one by one.

    sweep(limit=1000)          one batch: claim, read, decide, write, all in one transaction
    run(within_s=40)           batch after batch until nothing is due or the time is up

A batch takes cases (lock order: case, clock, timer), decides each in the core, and writes set-wise: state, events,
history rows and intents of a firing commit together or not at all. Any number of sweeps run side by side.

A case that cannot be decided (its law cannot be read, its data contradict it) is set aside: it rings again later, the
others go on, the log says why and the audit shows it. The same when the database refuses what a case comes to.
"""

from __future__ import annotations

import datetime as dt
import gc
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from escalations.services.heartbeat import beat
from escalations.services.sweep import aside, claim, digest, rows, write_postgres, write_sqlite
from escalations.services.sweep.decide import Desk, Outcome, decide
from escalations.services.sweep.desk import Rooms, furnish

LIMIT = 2500
"""Cases of one batch."""

FIRED = ("warning", "breach", "promise", "rung", "resume")
"""Kinds of moments, as they are counted."""

_BEAT_EVERY_S = 30.0
_WORTH_PARTS = 200
# Each part as much bigger than the one before as writing a case takes longer than deciding it.
_PARTS, _GROWS = 5, 1.35

Failure = tuple[int, Exception]


@dataclass(slots=True)
class SweepResult:
    """What a sweep did.

    now       the moment of its last batch
    cases     cases taken
    counts    firings by kind (`warning`, `breach`, `promise` not kept, `rung`, `resume`); `waits` and `passed`: rungs
              that wait for opening hours or found nobody; `passed_over`: moments skipped after downtime, and rungs;
              `delayed`: rungs that follow at their distance; `stale`: timers put right; `refused`: pauses that could
              not end; `digests`
    aside     ids of cases that were set aside
    batches   how many batches that took
    """

    now: dt.datetime | None = None
    cases: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    aside: list[int] = field(default_factory=list)
    batches: int = 0

    @property
    def fired(self) -> int:
        """Moments that fired."""
        return sum(self.counts[kind] for kind in FIRED)

    def __bool__(self) -> bool:
        """Whether anything was due."""
        return self.cases > 0

    def add(self, other: SweepResult) -> None:
        """Take in what another batch did."""
        self.now = other.now
        self.cases += other.cases
        self.counts += other.counts
        self.aside += other.aside
        self.batches += other.batches

    def detail(self) -> dict[str, Any]:
        """As plain values, for logs and heartbeats."""
        return {"fired": self.fired, "cases": self.cases, **dict(sorted(self.counts.items())), "aside": len(self.aside)}


def sweep(*, now: dt.datetime | None = None, limit: int = LIMIT, dry_run: bool = False) -> SweepResult:
    """Fire what is due in up to `limit` cases, and say that the sweep lives.

    now       defaults to the database's clock
    dry_run   decide and count only: nothing is written or locked

    Eleven statements a batch (a dozen on SQLite), whatever the number due, and one act of its own for each pause that
    ends.
    """
    if dry_run:
        return _look(now, limit)
    done = _batch(now, limit, Rooms(), since=digest.last_swept())
    beat(name="sweep", now=done.now or claim.database_now(), detail=done.detail())
    return done


def run(*, now: dt.datetime | None = None, limit: int = LIMIT, within_s: float | None = None) -> SweepResult:
    """Sweep until nothing is due, or `within_s` seconds have passed."""
    total, rooms = SweepResult(), Rooms()
    since = digest.last_swept()
    began = told = time.monotonic()
    while True:
        done = _batch(now, limit, rooms, since=since)
        total.add(done)
        passed = time.monotonic()
        last = not done or not _moved_on(done) or (within_s is not None and passed - began >= within_s)
        if last or passed - told >= _BEAT_EVERY_S:
            beat(name="sweep", now=done.now or claim.database_now(), detail=total.detail())
            told = passed
        if last:
            return total
        since = None  # the first batch has told of the pause


def _moved_on(done: SweepResult) -> bool:
    """Whether anything was written: a batch that only finds what others are doing is the last one."""
    return bool(done.aside or sum(done.counts.values()))


def _batch(
    now: dt.datetime | None,
    limit: int,
    rooms: Rooms,
    *,
    since: dt.datetime | None = None,
    only: Sequence[int] | None = None,
) -> SweepResult:
    """One batch in one transaction. When the database refuses it, its halves, down to the case that is at fault."""
    done = SweepResult(batches=1)
    taken: list[int] = []
    outcomes: list[Outcome] = []
    failures: list[Failure] = []
    writer = write_postgres if connection.vendor == "postgresql" else write_sqlite
    try:
        with _undisturbed(), transaction.atomic():
            claimed = claim.claim(now=now, limit=limit, only=only)
            done.now = claimed.now
            taken = claimed.ids
            desk = furnish(claimed.needs(), claimed.now, rooms)
            digests = digest.write(since=since, now=claimed.now)
            with writer.sending() as send:
                for part in _parts(len(taken)):
                    decided, failed = _decided(claimed, part, desk)
                    made = rows.batch(decided, claimed.now)
                    if made:
                        writer.write_record(made, send)
                        writer.write_state(made, send)
                    outcomes += decided
                    failures += failed
            aside.set_aside([case_id for case_id, _ in failures], now=claimed.now)
    except (OperationalError, InterfaceError):
        raise  # the server is away or at odds with another transaction: nothing was written, the next sweep does it
    except DatabaseError as error:
        return _halves(taken, error, done, rooms, since)
    done.cases = len(taken)
    _count(done, outcomes)
    done.counts.update({"digests": digests} if digests else {})
    done.aside += [case_id for case_id, _ in failures]
    aside.say(failures, now=claimed.now)
    done.counts += aside.resume([out.case.id for out in outcomes if out.resumes], now=claimed.now)
    return done


def _halves(
    taken: Sequence[int], error: DatabaseError, done: SweepResult, rooms: Rooms, since: dt.datetime | None
) -> SweepResult:
    if not taken or done.now is None:
        raise error
    if len(taken) == 1:
        with transaction.atomic():
            aside.set_aside(taken, now=done.now)
        aside.say([(taken[0], error)], now=done.now)
        return SweepResult(done.now, cases=1, aside=list(taken), batches=1)
    middle = len(taken) // 2
    total = SweepResult()
    for part in (taken[:middle], taken[middle:]):
        total.add(_batch(done.now, 10 * len(part), rooms, since=since, only=part))
        since = None
    return total


def _look(now: dt.datetime | None, limit: int) -> SweepResult:
    claimed = claim.claim(now=now, limit=limit, lock=False)
    outcomes, failures = _decided(claimed, slice(None), furnish(claimed.needs(), claimed.now, Rooms()))
    done = SweepResult(claimed.now, cases=len(claimed.held), batches=1)
    _count(done, outcomes)
    done.counts["resume"] += sum(out.resumes for out in outcomes)
    done.counts = +done.counts
    done.aside = [case_id for case_id, _ in failures]
    return done


def what_stands_in_the_way(case_ids: Sequence[int], *, now: dt.datetime) -> dict[int, str]:
    """Why cases that were set aside cannot be decided, by id; those that can be are missing. Writes nothing."""
    # Their timers ring again later: look at the case as it will be then.
    claimed = claim.claim(now=now + aside.RETRY, limit=10 * len(case_ids), only=case_ids, lock=False)
    _, failures = _decided(claimed, slice(None), furnish(claimed.needs(), claimed.now, Rooms()))
    return {case_id: f"{type(error).__name__}: {error}" for case_id, error in failures}


def _count(done: SweepResult, outcomes: Sequence[Outcome]) -> None:
    for out in outcomes:
        for what, number in out.counts.items():
            done.counts[what] += number


def _parts(count: int) -> Iterator[slice]:
    """A big batch in parts, the first ones small: while the server writes one, the next is decided."""
    if connection.vendor != "postgresql" or count < _WORTH_PARTS:
        yield slice(None)
        return
    shares = [_GROWS**number for number in range(_PARTS)]
    ends = [round(count * sum(shares[: number + 1]) / sum(shares)) for number in range(_PARTS)]
    yield from map(slice, [0, *ends], ends)


def _decided(claimed: claim.Claimed, part: slice, desk: Desk) -> tuple[list[Outcome], list[Failure]]:
    """What some of the cases come to, and those for which that cannot be said, with why."""
    outcomes: list[Outcome] = []
    failures: list[Failure] = []
    for rows_of_case in claimed.held[part]:
        try:
            outcomes.append(decide(claimed.case(rows_of_case), desk, claimed.now))
        except Exception as error:
            failures.append((rows_of_case[0][0], error))
    return outcomes, failures


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the collector of cycles: a batch makes a hundred thousand small values and no cycle, and the collector
    would walk them again and again, for a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
