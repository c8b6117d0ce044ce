"""Which stories are told, when each begins, and how fast people are: all drawn from the seed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from escalations.core.calendar import Calendar
from escalations.core.policy import Policy
from escalations.demo.acts import Run
from escalations.demo.binding import Binding
from escalations.demo.playing import ZONES
from escalations.demo.scenes import ABOUT_TO, SOON, STANDING, Scene, worked_before
from escalations.demo.stories import STORIES
from escalations.demo.story import Story
from escalations.selectors import law

BACK = dt.timedelta(days=21)
"""How far the history goes back."""

_TRIES = 8
_AS_IT_COMES = 0.18
"""Share of the stories that begin whenever they do; the others so that they end before the first step up."""


def scenes(cases: int) -> tuple[list[Scene], list[Scene]]:
    """The scenes for so many cases, what is about to happen first: (timed by the end of loading, the others)."""
    timed = [*ABOUT_TO, *SOON] if cases >= 30 else list(ABOUT_TO)
    timed = timed[:cases]
    left = cases - len(timed)
    standing = []
    for scene in STANDING:
        cost = cost_of(STORIES[scene.story])
        if cost <= left:
            standing.append(scene)
            left -= cost
    return timed, standing


def cost_of(story: Story) -> int:
    """How many cases a story makes."""
    return 1 + sum(step.act == "again" for step in story.steps)


def told(cases: int, *, seed: int, now: dt.datetime, policy: Policy) -> Iterator[Run]:
    """Runs that make `cases` cases, spread over the weeks before `now`, more of them lately than long ago."""
    deck: list[Story] = []
    rng = random.Random(f"plan {seed}")
    number = 0
    while cases > 0:
        if not deck:
            deck = list(STORIES.values())
            rng.shuffle(deck)
        story = deck.pop()
        if cost_of(story) > cases:
            continue
        cases -= cost_of(story)
        number += 1
        yield _run(story, random.Random(f"case {seed} {number}"), now, policy)


def _run(story: Story, rng: random.Random, now: dt.datetime, policy: Policy) -> Run:
    # Most people are quick, some are slow, and now and then something lies.
    pace = rng.choice((0.5, 0.7, 0.8, 1.0, 1.0, 1.2, 1.5, 2.2)) * (4 if rng.random() < 0.12 else 1)
    tries = 1 if rng.random() < _AS_IT_COMES else _TRIES
    opens = now
    for _ in range(tries):
        opens = _opening(story, rng, now, policy)
        if _waits(story, opens, now, pace, policy) <= _first_climb(story, policy):
            break
    binding = Binding.of(story, rng=rng, received=opens, policy=policy)
    return Run(binding, opens, story.steps, rng, pace)


def _opening(story: Story, rng: random.Random, now: dt.datetime, policy: Policy) -> dt.datetime:
    """When a case comes in: half of them long enough ago to be over by now, the others lately; most of those within
    the hours of the team, and some at night and at the weekend."""
    kind = rng.random()
    if kind < 0.5 or cost_of(story) > 1:
        age = dt.timedelta(days=rng.triangular(2, BACK.days, 4))
    elif kind < 0.84:
        worked = rng.uniform(0.2, 3) if kind < 0.58 else rng.triangular(1, 16, 5)
        at = worked_before(now, worked, _hours(story, policy))
        return (at - dt.timedelta(minutes=rng.uniform(0, 20))).replace(microsecond=0)
    else:
        age = dt.timedelta(hours=rng.uniform(0.2, 30))
    at = now - age
    local = at.astimezone(ZoneInfo(ZONES.get(rng.choice(story.regions), "UTC")))
    if age > dt.timedelta(hours=12) and not 7 <= local.hour < 23:
        at += dt.timedelta(hours=(8 - local.hour) % 24, minutes=rng.randrange(60))
    return at.replace(microsecond=0)


def _hours(story: Story, policy: Policy) -> Calendar:
    """The working time of the team that a story's category belongs to."""
    team = policy.central.categories[story.category].owner
    return law.policy_calendar(policy, policy.central.teams[team].calendar)


def _waits(story: Story, opens: dt.datetime, now: dt.datetime, pace: float, policy: Policy) -> dt.timedelta:
    """For how long its ladder would run until it is resolved, paused or now, as far as can be told beforehand."""
    calendar = _hours(story, policy)
    at = opens
    for step in story.steps:
        seconds = step.after * pace * 60
        at = at + dt.timedelta(seconds=seconds) if step.outside else calendar.due(at, seconds)
        if at >= now or step.act in ("resolve", "pause"):
            break
    return min(at, now) - opens


def _first_climb(story: Story, policy: Policy) -> dt.timedelta:
    """When the ladder of a story's category leads up for the first time, with an hour to spare."""
    category = policy.central.categories[story.category]
    ladder = policy.central.ladders[category.ladder or policy.central.defaults.ladder]
    rank = policy.level_rank(category.level)
    for rung in ladder.rungs:
        if rung.level is not None and policy.level_rank(rung.level) > rank:
            return dt.timedelta(seconds=rung.after.seconds) - dt.timedelta(hours=1)
    return BACK
