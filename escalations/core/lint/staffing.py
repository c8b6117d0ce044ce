"""With a roster: whether somebody is there for what the policy asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from escalations.core.lint.finding import Finding, Map, Path, some


@dataclass(frozen=True, slots=True)
class Post:
    """One person's membership of one team, by keys."""

    person: str
    team: str
    level: str
    leads: bool = False
    specialisms: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Roster:
    """Who works where, and who can hold which on-call role. Live state, not law: given to lint, never kept by it."""

    posts: tuple[Post, ...]
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def findings(places: Map, roster: Roster) -> Iterator[Finding]:
    """Teams, levels, roles, specialisms and languages that the policy counts on and nobody has."""
    desk = _Desk(places, roster)
    yield from _teams(places, desk)
    yield from _levels(places, desk)
    yield from _rungs(places, desk)
    yield from _roles(places, roster)
    yield from _skills(places, desk)
    yield from _languages(places, roster)


class _Desk:
    def __init__(self, places: Map, roster: Roster) -> None:
        self.policy = places.policy
        self.teams: dict[str, list[Post]] = {key: [] for key in places.policy.central.teams}
        for post in roster.posts:
            self.teams.setdefault(post.team, []).append(post)

    def decides(self, team: str, level: str) -> bool:
        """Whether somebody in a team may decide at a level."""
        rank = self.policy.level_rank(level)
        return any(self.policy.level_rank(post.level) >= rank for post in self.teams.get(team, ()))

    def anybody_decides(self, level: str) -> bool:
        """Whether somebody anywhere may."""
        return any(self.decides(team, level) for team in self.teams)


def _teams(places: Map, desk: _Desk) -> Iterator[Finding]:
    owned: dict[str, set[str]] = {}
    covered: dict[str, set[str]] = {}
    for cell, standing in places.standings.items():
        owned.setdefault(standing.values["owner"], set()).add(cell.category)
        for backup in standing.values["backups"]:
            covered.setdefault(backup, set()).add(cell.category)
    for rule, _, _ in places.rules:
        if rule.then.owner is not None:
            owned.setdefault(rule.then.owner, set()).add(f"rule {rule.key}")
        for backup in rule.then.backups or ():
            covered.setdefault(backup, set()).add(f"rule {rule.key}")
    for team, posts in desk.teams.items():
        path: Path = ("central", "teams", team)
        if not posts and team in owned:
            yield Finding(
                "error", "team-empty", path, f"nobody is in {team}, which owns {some(owned[team])}; add members"
            )
        elif not posts and team in covered:
            yield Finding(
                "warning", "team-empty", path, f"nobody is in {team}, which covers {some(covered[team])}; add members"
            )
        elif posts and not any(post.leads for post in posts) and len({post.person for post in posts}) > 1:
            yield Finding(
                "warning", "no-lead", path, f"{team} has no lead, whom ladders tell first; make somebody the lead"
            )


def _levels(places: Map, desk: _Desk) -> Iterator[Finding]:
    for level in places.policy.levels_by_rank():
        if not desk.anybody_decides(level):
            yield Finding(
                "error",
                "level-unheld",
                ("central", "levels", level),
                f"nobody holds {level} or a level above it; give it to somebody",
            )
    lacking: dict[tuple[str, str], set[str]] = {}
    for cell, standing in places.standings.items():
        owner, level = standing.values["owner"], standing.values["level"]
        teams = (owner, *standing.values["backups"])
        if desk.teams.get(owner) and not any(desk.decides(team, level) for team in teams):
            lacking.setdefault((owner, level), set()).add(cell.category)
    for (owner, level), categories in lacking.items():
        yield Finding(
            "warning",
            "level-unheld",
            ("central", "categories", min(categories), "level"),
            f"nobody in {owner} or its backups may decide {some(categories)} at {level}; give somebody there the "
            "level, or ask less",
        )


def _rungs(places: Map, desk: _Desk) -> Iterator[Finding]:
    climbing: dict[str, set[str]] = {}
    for standing in places.standings.values():
        climbing.setdefault(standing.values["ladder"], set()).add(standing.values["owner"])
    for key, ladder in places.policy.central.ladders.items():
        team: str | None = None
        for number, rung in enumerate(ladder.rungs):
            team = rung.team or team
            if rung.level is None:
                continue
            teams = {team} if team is not None else climbing.get(key, set())
            lacking = [name for name in teams if desk.teams.get(name) and not desk.decides(name, rung.level)]
            if team is not None and not desk.teams.get(team):
                lacking = [team]
            if lacking:
                yield Finding(
                    "warning",
                    "rung-unheld",
                    ("central", "ladders", key, "rungs", number, "level"),
                    f"at rung {rung.key} nobody in {some(lacking)} may decide at {rung.level}, so the rung is passed "
                    "over there; give somebody the level, or name another team",
                )


def _roles(places: Map, roster: Roster) -> Iterator[Finding]:
    central = places.policy.central
    asked: dict[str, list[str]] = {}
    for key, team in central.teams.items():
        if team.on_call is not None:
            asked.setdefault(team.on_call, []).append(f"team {key}")
    for key, ladder in central.ladders.items():
        for rung in ladder.rungs:
            told = [tell[5:] for tell in rung.tell if tell.startswith("role:")]
            for role in (*([rung.on_call] if rung.on_call else []), *told):
                asked.setdefault(role, []).append(f"ladder {key}")
    legal = {deadline.legal_owner: key for key, deadline in central.statutory.items()}
    for role in central.roles:
        if roster.roles.get(role):
            continue
        path: Path = ("central", "roles", role)
        if role in legal:
            yield Finding(
                "error",
                "role-unheld",
                path,
                f"nobody can hold {role}, which answers for deadlines set by law such as {legal[role]}; "
                "appoint somebody",
            )
        elif role in asked:
            yield Finding(
                "warning",
                "role-unheld",
                path,
                f"nobody can hold {role}, which {some(asked[role])} asks off hours; appoint somebody",
            )


def _skills(places: Map, desk: _Desk) -> Iterator[Finding]:
    lacking: dict[tuple[str, str], set[str]] = {}
    for cell, standing in places.standings.items():
        teams = (standing.values["owner"], *standing.values["backups"])
        posts = [post for team in teams for post in desk.teams.get(team, ())]
        for skill in standing.values["specialisms"]:
            if posts and not any(skill in post.specialisms for post in posts):
                lacking.setdefault((skill, standing.values["owner"]), set()).add(cell.category)
    for (skill, owner), categories in lacking.items():
        yield Finding(
            "warning",
            "skill-unheld",
            ("central", "categories", min(categories), "specialisms"),
            f"{some(categories)} asks for {skill}, which nobody in {owner} or its backups has; train or add somebody",
        )


def _languages(places: Map, roster: Roster) -> Iterator[Finding]:
    spoken = {language.partition("-")[0] for post in roster.posts for language in post.languages}
    for key, region in places.policy.central.regions.items():
        silent = [language for language in region.languages if language.partition("-")[0] not in spoken]
        if silent:
            yield Finding(
                "warning",
                "language-unspoken",
                ("central", "regions", key, "languages"),
                f"nobody speaks {some(silent)}, in which {key} is served; add somebody who does, or drop the language",
            )
