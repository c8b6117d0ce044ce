"""The stories of the demo speak of what the starter playbook has, in words that can be said, as many as asked for."""

from __future__ import annotations

import datetime as dt
import random
import string
from collections import Counter

import pytest

from escalations.core.policy import Policy
from escalations.demo import planning, scenes
from escalations.demo.acts import Acts
from escalations.demo.binding import Binding
from escalations.demo.stories import STORIES
from escalations.demo.story import Step, Story
from escalations.models import (
    Escalation,
)
from tests.factories.demo import TUESDAY_NOON, preset


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.model_validate(preset())


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_a_story_speaks_of_what_the_playbook_has(story: Story, policy: Policy) -> None:
    central = policy.central
    category = central.categories[story.category]
    assert story.symptom in category.symptoms
    assert set(story.regions) <= set(central.regions)
    assert all(central.facts[key].signal for key in story.signals)
    assert not any(central.facts[key].signal for key in story.facts)
    known = {
        "got": ("item", {item.key for item in category.evidence}),
        "waive": ("item", {item.key for item in category.evidence}),
        "give": ("remedy", set(category.remedies)),
        "pause": ("reason", set(central.pause_reasons)),
        "hand_off": ("team", set(central.teams)),
        "resolve": ("root_cause", set(category.root_causes)),
        "escalate": ("cause", set(Escalation.Cause.values) - {"time"}),
    }
    for step in story.steps:
        if step.act in known:
            name, keys = known[step.act]
            assert step.data[name] in keys, step
        if step.act == "give":
            assert central.remedies[step.data["remedy"]].money == (step.data["share"] is not None), step
        if step.act == "facts":
            assert set(step.data["changes"]) | set(step.data["states"]) <= set(central.facts)


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_a_story_can_be_told_in_each_of_its_regions(story: Story, policy: Policy) -> None:
    for region in story.regions:
        told = Binding.of(story, rng=random.Random(1), received=TUESDAY_NOON, policy=policy, region=region)
        document = told.document()
        assert document["region"] == region
        for words in (story.summary, story.text, *(step.words for step in story.steps)):
            names = {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}
            assert names <= set(told.values), words
        assert len(document["summary"]) <= 160
        assert told.share(1) == told.worth > 0


def test_stories_are_many_and_of_every_side() -> None:
    sides = Counter(story.category.partition(".")[0] for story in STORIES.values())
    assert len(STORIES) >= 100
    assert {"order", "payment", "seller", "integrity", "legal", "privacy", "account", "product"} <= set(sides)
    languages = Counter(story.language for story in STORIES.values())
    assert languages["de"] >= 8
    assert languages["es"] >= 6
    acts = {step.act for story in STORIES.values() for step in story.steps}
    acts |= {
        step.act
        for scene in (*scenes.ABOUT_TO, *scenes.SOON, *scenes.STANDING)
        for step in (*scene.before, *scene.after)
    }
    assert acts == {name.removeprefix("_") for name in vars(Acts) if name.startswith("_") and name[1] != "_"}


def test_summaries_and_steps_do_not_repeat() -> None:
    assert max(Counter(story.summary for story in STORIES.values()).values()) == 1
    said = Counter(
        step.words for story in STORIES.values() for step in story.steps if step.act in ("answer", "resolve")
    )
    assert max(said.values()) == 1


def test_a_step_says_who_is_outside() -> None:
    assert Step("hears", 1, by="party").outside
    assert not Step("note", 1).outside


@pytest.mark.parametrize("cases", [*range(1, 60, 7), 250])
def test_the_plan_makes_exactly_the_cases_asked_for(cases: int, policy: Policy) -> None:
    timed, standing = planning.scenes(cases)
    placed = len(timed) + sum(planning.cost_of(STORIES[scene.story]) for scene in standing)
    runs = list(planning.told(cases - placed, seed=1, now=TUESDAY_NOON, policy=policy))
    assert placed + sum(planning.cost_of(run.binding.story) for run in runs) == cases
    assert all(TUESDAY_NOON - planning.BACK - dt.timedelta(days=1) < run.opens_at <= TUESDAY_NOON for run in runs)


def test_no_story_is_told_twice_before_each_was_told_once(policy: Policy) -> None:
    runs = list(planning.told(len(STORIES), seed=1, now=TUESDAY_NOON, policy=policy))
    assert max(Counter(run.binding.story.key for run in runs).values()) == 1
