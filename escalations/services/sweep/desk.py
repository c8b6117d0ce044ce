"""What a batch is decided with, read before anything is decided: deciding asks the database nothing."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from escalations.core.policy import Policy
from escalations.models import Level, PolicyVersion, Team
from escalations.selectors import law, registry, staffing
from escalations.services.sweep.claim import Needs, Version
from escalations.services.sweep.decide import Desk

_FOR = dt.timedelta(seconds=5)
"""For how long a run takes who is there to be as it was."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Rooms:
    """Who is there, kept for a few seconds: a run of many batches need not ask for each."""

    def __init__(self) -> None:
        self.room = staffing.Room()
        self.teams: set[str] = set()
        self.levels: dict[str, int] = {}
        self.at: dt.datetime | None = None
        self.until = 0.0

    def get(self, now: dt.datetime, teams: set[str], levels: dict[str, int]) -> staffing.Room:
        """The people of at least these teams, with at least these levels. One statement, or none."""
        known = teams <= self.teams and levels.items() <= self.levels.items()
        if not known or self.at is None or now - self.at > _FOR or time.monotonic() > self.until:
            self.teams, self.levels = self.teams | teams, self.levels | levels
            self.room = staffing.room(now, teams=self.teams, levels=self.levels)
            self.at, self.until = now, time.monotonic() + _FOR.total_seconds()
        return self.room


def furnish(needs: Needs, now: dt.datetime, rooms: Rooms) -> Desk:
    """Read what these cases are decided with. Law, calendars and registry are read once in a process's life; who is
    there, when a rung is due. What cannot be read raises when a case asks for it, and hurts no other."""
    policy = _read(
        needs.versions, lambda version: law.policy_of(PolicyVersion(pk=version[0], policy_digest=version[1]))
    )
    named, levels = _of_ladders(needs.climbing, policy)
    ranks = {key: rank for key, (_, rank) in levels.items()}
    return Desk(
        policy=lambda version_id, digest: policy((version_id, digest)),
        calendar=_read(needs.calendars, law.calendar_of),
        level=levels.__getitem__,
        team=_read(named, lambda key: registry.row(Team, key).pk),
        room=rooms.get(now, needs.teams | named, ranks) if needs.teams else rooms.room,
    )


def _of_ladders(
    climbing: Iterable[tuple[Version, str]], policy: Callable[[Version], Policy]
) -> tuple[set[str], dict[str, tuple[int, int]]]:
    """The teams that some ladders name, and the levels of their policies as (id, rank), by key."""
    teams: set[str] = set()
    levels: dict[str, tuple[int, int]] = {}
    for version, key in climbing:
        try:
            central = policy(version).central
            rungs = central.ladders[key].rungs
        except Exception:  # noqa: S112  (the cases that need it fail by themselves, each with the reason)
            continue
        teams |= {rung.team for rung in rungs if rung.team}
        for level in central.levels:
            row = registry.row(Level, level)
            levels[level] = (row.pk, row.rank)
    return teams, levels


def _read(keys: Iterable[_Key], read: Callable[[_Key], _Value]) -> Callable[[_Key], _Value]:
    """Read all keys now; the look-up gives the value, or raises what the reading raised."""
    known: dict[_Key, _Value] = {}
    failed: dict[_Key, Exception] = {}
    for key in keys:
        try:
            known[key] = read(key)
        except Exception as error:
            failed[key] = error
    if not failed:
        return known.__getitem__

    def found(key: _Key) -> _Value:
        if key in failed:
            raise failed[key]
        return known[key]

    return found
