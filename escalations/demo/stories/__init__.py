"""All stories, by key. Each is told at least once before any is told twice."""

from __future__ import annotations

from collections.abc import Mapping

from escalations.demo.stories import german, integrity, law, money, orders, safety, sellers, spanish
from escalations.demo.story import Story

STORIES: Mapping[str, Story] = {
    story.key: story
    for module in (orders, money, safety, sellers, integrity, law, german, spanish)
    for story in module.STORIES
}
