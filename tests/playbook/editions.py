"""Small editions for tests: one that is whole, and ways to change it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from playbook.core.source import Source

HOURS = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}

CATEGORY: dict[str, Any] = {
    "name": "Order",
    "side": "buyer",
    "summary": "Something about an order.",
    "owner": "care",
    "backups": ["money"],
    "level": "L1",
    "symptoms": {"late": "Late"},
    "root_causes": {"carrier": "Carrier"},
    "path": [{"key": "look", "name": "Look"}],
    "protocol": "look",
}

SMALL: dict[str, Any] = {
    "edition": 1,
    "policy": {
        "schema_version": 1,
        "title": "Small",
        "central": {
            "levels": {"L1": {"name": "One", "rank": 1}, "L2": {"name": "Two", "rank": 2}},
            "channels": {"general": {"name": "General", "rank": 0}, "legal": {"name": "Legal", "rank": 9}},
            "teams": {"care": {"name": "Care", "calendar": "day"}, "money": {"name": "Money", "calendar": "day"}},
            "specialisms": {"parcels": {"name": "Parcels"}},
            "roles": {"duty": {"name": "Duty", "team": "care"}},
            "calendars": {"day": {"timezone": "Europe/Berlin", "weekly_hours": HOURS}},
            "regions": {
                "eu": {"name": "EU", "calendar": "day"},
                "eu-de": {"name": "Germany", "parent": "eu", "calendar": "day"},
            },
            "facts": {"value": {"name": "Value", "type": "number"}},
            "defaults": {
                "targets": {
                    "assign": {"business": "PT1H"},
                    "first_response": {"business": "PT4H"},
                    "next_update": {"business": "PT8H"},
                    "resolution": {"business": "PT16H"},
                },
                "ladder": "plain",
                "reopen_within": {"elapsed": "P7D"},
            },
            "categories": {"order": CATEGORY, "order.late": {**CATEGORY, "name": "Late order"}},
            "rules": [
                {
                    "key": "large",
                    "name": "Large",
                    "priority": 10,
                    "when": {"fact": "value", "gte": 100},
                    "then": {"level": "L2"},
                    "because": "Large orders go up.",
                }
            ],
            "ladders": {
                "plain": {"name": "Plain", "rungs": [{"key": "two", "after": {"elapsed": "PT24H"}, "level": "L2"}]}
            },
            "retention": {"closed": {"elapsed": "P365D"}},
        },
    },
    "pages": {
        "en": {
            "guide.start": "# Start\n\nSee [looking](page:protocol.look) and [orders](category:order).\n",
            "protocol.look": "# Looking\n\nLook.\n",
        }
    },
    "scenarios": [
        {
            "name": "A large order",
            "case": {"category": "order", "symptom": "late", "region": "eu-de", "facts": {"value": 500}},
            "expect": {"rule": "large", "owner": "care", "level": "L2"},
        }
    ],
}


def small(change: Callable[[dict[str, Any]], Any] | None = None) -> Source:
    """The small edition, changed in place by `change`."""
    document: dict[str, Any] = json.loads(json.dumps(SMALL))
    if change is not None:
        change(document)
    return Source(document)


def central(document: dict[str, Any]) -> dict[str, Any]:
    """The central part of an edition's policy."""
    found: dict[str, Any] = document["policy"]["central"]
    return found


def write(path: Path, change: Callable[[dict[str, Any]], Any] | None = None) -> str:
    """The small edition, changed, as a YAML file; returns its path as text."""
    # By way of JSON, or what stands twice would be written with anchors.
    plain = json.loads(json.dumps(small(change).document))
    path.write_text(yaml.safe_dump(plain), encoding="utf-8")
    return str(path)
