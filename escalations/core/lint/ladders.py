"""Ladders that loop, skip, go down or never climb; targets that outlast them."""

from __future__ import annotations

from collections.abc import Iterator

from escalations.core.lint.finding import Finding, Map, Path, some, span, surely_later
from escalations.core.policy import Ladder, Rung


def findings(places: Map) -> Iterator[Finding]:
    """What is wrong with each ladder by itself, and for the categories that climb it."""
    users = _users(places)
    for key, ladder in places.policy.central.ladders.items():
        path: Path = ("central", "ladders", key)
        yield from _rungs(places, key, ladder, path)
        if key not in users:
            yield Finding("warning", "unused", path, f"no category, region or rule uses ladder {key}; remove it")
        else:
            yield from _climbs(places, key, ladder, users[key], path)
    yield from _outlasted(places)


def _users(places: Map) -> dict[str, dict[str, set[str]]]:
    """For every ladder, the levels from which it is climbed, each with the categories."""
    users: dict[str, dict[str, set[str]]] = {}

    def climbs(ladder: str, level: str, category: str) -> None:
        users.setdefault(ladder, {}).setdefault(level, set()).add(category)

    for cell, standing in places.standings.items():
        climbs(standing.values["ladder"], standing.values["level"], cell.category)
    for rule, _, region in places.rules:
        if rule.then.ladder is not None:
            for cell in places.cells(rule, region):
                climbs(rule.then.ladder, rule.then.level or places.standings[cell].values["level"], cell.category)
    return users


def _rungs(places: Map, key: str, ladder: Ladder, path: Path) -> Iterator[Finding]:
    policy = places.policy
    level: str | None = None
    team: str | None = None
    led: dict[tuple[str | None, str | None], str] = {}
    before: Rung | None = None
    for number, rung in enumerate(ladder.rungs):
        at: Path = (*path, "rungs", number)
        if before is not None:
            if rung.after.seconds <= before.after.seconds:
                yield Finding(
                    "error",
                    "rung-order",
                    (*at, "after"),
                    f"rung {rung.key} ({span(rung.after)}) is not later than rung {before.key} "
                    f"({span(before.after)}); every rung is counted from receipt, so give it more time",
                )
            elif rung.after.basis != before.after.basis:
                yield Finding(
                    "warning",
                    "rung-basis",
                    (*at, "after"),
                    f"rung {rung.key} counts {rung.after.basis} time, the one before {before.after.basis} time; "
                    "count both alike, or the distance between them is hard to foresee",
                )
        if rung.level is None and rung.team is None and not rung.tell:
            yield Finding(
                "error", "rung-idle", at, f"rung {rung.key} moves the case nowhere and tells nobody; say whom it tells"
            )
        if rung.level is not None and level is not None:
            step = places.rank_step(level, rung.level)
            if step < 0:
                yield Finding(
                    "error",
                    "ladder-down",
                    (*at, "level"),
                    f"rung {rung.key} goes down from {level} to {rung.level}; a ladder only climbs",
                )
            elif step > 1:
                missed = policy.levels_by_rank()[policy.levels_by_rank().index(level) + 1]
                yield Finding(
                    "warning",
                    "ladder-skips",
                    (*at, "level"),
                    f"rung {rung.key} goes from {level} to {rung.level} and skips {missed}; "
                    f"add a rung for {missed}, or mean it",
                )
        if rung.level is not None or rung.team is not None:
            level, team = rung.level or level, rung.team or team
            if (level, team) in led:
                yield Finding(
                    "error",
                    "ladder-loops",
                    at,
                    f"rung {rung.key} leads back to where rung {led[(level, team)]} led already; "
                    "let every rung ask somebody new, or only tell",
                )
            led.setdefault((level, team), rung.key)
        before = rung
    order = policy.levels_by_rank()
    if level is not None and level != order[-1]:
        yield Finding(
            "warning",
            "ladder-ends-low",
            path,
            f"ladder {key} ends at {level}: who is late there is never brought before {order[-1]}; "
            f"add a rung for {order[order.index(level) + 1]}, or mean it",
        )


def _climbs(places: Map, key: str, ladder: Ladder, users: dict[str, set[str]], path: Path) -> Iterator[Finding]:
    levels = [rung.level for rung in ladder.rungs if rung.level is not None]
    if not levels:
        yield Finding(
            "warning", "ladder-flat", path, f"no rung of ladder {key} raises the level; cases that use it never climb"
        )
        return
    for start, categories in users.items():
        higher = [level for level in levels if places.rank_step(start, level) > 0]
        if not higher:
            if start != places.policy.levels_by_rank()[-1]:
                yield Finding(
                    "warning",
                    "ladder-flat",
                    path,
                    f"{some(categories)} start at {start}, and no rung of ladder {key} is above it; "
                    "give them a ladder that climbs further",
                )
        elif places.rank_step(start, higher[0]) > 1:
            yield Finding(
                "warning",
                "ladder-skips",
                path,
                f"{some(categories)} start at {start}, and ladder {key} goes to {higher[0]} at once; "
                "add a rung between, or give them another ladder",
            )


def _outlasted(places: Map) -> Iterator[Finding]:
    """Categories whose resolution is promised for after the last rung: once it has fired nobody else hears of them."""
    found: dict[str, set[str]] = {}
    for cell, standing in places.standings.items():
        last = places.policy.central.ladders[standing.values["ladder"]].rungs[-1]
        promised = standing.targets.get("resolution")
        if promised is not None and surely_later(promised, last.after):
            found.setdefault(standing.values["ladder"], set()).add(cell.category)
    for ladder, categories in found.items():
        last = places.policy.central.ladders[ladder].rungs[-1]
        yield Finding(
            "warning",
            "target-outlasts-ladder",
            ("central", "ladders", ladder),
            f"{some(categories)} may take longer to resolve than ladder {ladder} lasts ({span(last.after)}), so it is "
            "climbed to its end before anything is late; shorten the target, or add a later rung",
        )
