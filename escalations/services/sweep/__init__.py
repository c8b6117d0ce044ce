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
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from escalations.core.policy import Policy
from escalations.models import Level, PolicyVersion, Team
from escalations.selectors import law, registry, staffing
from escalations.services.heartbeat import beat
from escalations.services.sweep import aside, claim, digest, rows, write_postgres, write_sqlite
from escalations.services.sweep.decide import Desk, Outcome, decide

LIMIT = 1000
"""Cases of one batch."""

FIRED = ("warning", "breach", "rung", "resume")
"""Kinds of moments, as they are counted."""

_BEAT_EVERY_S = 30.0

log = logging.getLogger(__name__)

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(slots=True)
class SweepResult:
    """What a sweep did.

    now       the moment of its last batch
    cases     cases taken
    counts    firings by kind (`warning`, `breach`, `rung`, `resume`); `waits` and `passed`: rungs that wait for opening
              hours or found nobody; `passed_over`: moments skipped after downtime, and rungs; `delayed`: rungs that
              follow at their distance; `stale`: timers put right; `refused`: pauses that could not end; `digests`
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

    Five statements a batch (a dozen on SQLite), whatever the number due, and one act of its own for each pause that
    ends.
    """
    if dry_run:
        return _look(now, limit)
    done = _batch(now, limit, since=digest.last_swept())
    beat(name="sweep", now=done.now or claim.database_now(), detail=done.detail())
    return done


def run(*, now: dt.datetime | None = None, limit: int = LIMIT, within_s: float | None = None) -> SweepResult:
    """Sweep until nothing is due, or `within_s` seconds have passed."""
    total = SweepResult()
    since = digest.last_swept()
    began = told = time.monotonic()
    while True:
        done = _batch(now, limit, since=since)
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
    now: dt.datetime | None, limit: int, *, since: dt.datetime | None = None, only: Sequence[int] | None = None
) -> SweepResult:
    """One batch in one transaction. When the database refuses it, its halves, down to the case that is at fault."""
    done = SweepResult(batches=1)
    taken: list[int] = []
    try:
        with transaction.atomic():
            claimed = claim.claim(now=now, limit=limit, only=only)
            done.now = claimed.now
            taken = [case.id for case in claimed.cases]
            outcomes, failures = _decided(claimed)
            done.counts["digests"] += digest.write(since=since, now=claimed.now)
            _write(rows.batch(outcomes, claimed.now))
            aside.set_aside([case_id for case_id, _ in failures], now=claimed.now)
    except (OperationalError, InterfaceError):
        raise  # the server is away or at odds with another transaction: nothing was written, the next sweep does it
    except DatabaseError as error:
        return _halves(taken, error, done, since)
    done.cases = len(taken)
    _count(done, outcomes)
    done.aside += [case_id for case_id, _ in failures]
    aside.say(failures, now=claimed.now)
    resumed = aside.resume([out.case.id for out in outcomes if out.resumes], now=claimed.now)
    done.counts += resumed
    return done


def _halves(taken: Sequence[int], error: DatabaseError, done: SweepResult, since: dt.datetime | None) -> SweepResult:
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
        total.add(_batch(done.now, 10 * len(part), since=since, only=part))
        since = None
    return total


def _look(now: dt.datetime | None, limit: int) -> SweepResult:
    claimed = claim.claim(now=now, limit=limit, lock=False)
    outcomes, failures = _decided(claimed)
    done = SweepResult(claimed.now, cases=len(claimed.cases), batches=1)
    _count(done, outcomes)
    done.counts["resume"] += sum(out.resumes for out in outcomes)
    done.counts = +done.counts
    done.aside = [case_id for case_id, _ in failures]
    return done


def what_stands_in_the_way(case_ids: Sequence[int], *, now: dt.datetime) -> dict[int, str]:
    """Why cases that were set aside cannot be decided, by id; those that can be are missing. Writes nothing."""
    # Their timers ring again later: look at the case as it will be then.
    claimed = claim.claim(now=now + aside.RETRY, limit=10 * len(case_ids), only=case_ids, lock=False)
    return {case_id: f"{type(error).__name__}: {error}" for case_id, error in _decided(claimed)[1]}


def _count(done: SweepResult, outcomes: Sequence[Outcome]) -> None:
    for out in outcomes:
        for what, number in out.counts.items():
            done.counts[what] += number


def _write(batch: rows.Batch) -> None:
    if not batch:
        return
    writer = write_postgres if connection.vendor == "postgresql" else write_sqlite
    writer.write_record(batch)
    writer.write_state(batch)


def _decided(claimed: claim.Claimed) -> tuple[list[Outcome], list[tuple[int, Exception]]]:
    """What the claimed cases come to, and those for which that cannot be said, with why."""
    outcomes: list[Outcome] = []
    failures: list[tuple[int, Exception]] = []
    desk = _desk(claimed)
    for case in claimed.cases:
        try:
            outcomes.append(decide(case, desk, claimed.now))
        except Exception as error:
            failures.append((case.id, error))
    return outcomes, failures


def _desk(claimed: claim.Claimed) -> Desk:
    policy = _remembering(_policy)
    return Desk(
        policy=lambda version, policy_digest: policy((version, policy_digest)),
        calendar=_remembering(law.calendar_of),
        level=_level,
        team=lambda key: registry.row(Team, key).pk,
        room=_room(claimed, policy),
    )


def _policy(version: tuple[int, str]) -> Policy:
    return law.policy_of(PolicyVersion(pk=version[0], policy_digest=version[1]))


def _level(key: str) -> tuple[int, int]:
    row = registry.row(Level, key)
    return row.pk, row.rank


def _room(claimed: claim.Claimed, policy: Callable[[tuple[int, str]], Policy]) -> staffing.Room:
    """Who is there, of the teams whose people due rungs may ask: the owning ones, and those that the ladders name."""
    teams: set[str] = set()
    levels: dict[str, int] = {}
    ladders: set[tuple[tuple[int, str], str]] = set()
    for case in claimed.cases:
        if any(timer.clock.kind == "tier" for timer in case.timers):
            teams.add(case.team)
            ladders.add(((case.columns["policy_version_id"], case.policy_digest), case.columns["ladder"]))
    for version, key in ladders:
        try:
            central = policy(version).central
            teams |= {rung.team for rung in central.ladders[key].rungs if rung.team}
            levels |= {level: _level(level)[1] for level in central.levels}
        except Exception as error:
            log.debug("no staffing for the ladder %s of %s: %s", key, version, error)  # said when a case is decided
    return staffing.room(claimed.now, teams=teams, levels=levels) if teams else staffing.Room()


def _remembering(read: Callable[[_Key], _Value]) -> Callable[[_Key], _Value]:
    """`read` once for each key, and its failure too: a thousand cases of a version that cannot be read ask once."""
    known: dict[_Key, _Value] = {}
    failed: dict[_Key, Exception] = {}

    def remembered(key: _Key) -> _Value:
        if key in failed:
            raise failed[key]
        if key not in known:
            try:
                known[key] = read(key)
            except Exception as error:
                failed[key] = error
                raise
        return known[key]

    return remembered
