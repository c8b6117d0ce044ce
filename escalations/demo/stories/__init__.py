"""All stories, by key. Each is told at least once before any is told twice."""

from __future__ import annotations

from collections.abc import Mapping

from escalations.demo.stories import (
    earnings,
    german,
    goods,
    integrity,
    law,
    money,
    parcels,
    safety,
    spanish,
    standing,
)
from escalations.demo.story import Story

STORIES: Mapping[str, Story] = {
    story.key: story
    for module in (parcels, goods, money, safety, standing, earnings, integrity, law, german, spanish)
    for story in module.STORIES
}
