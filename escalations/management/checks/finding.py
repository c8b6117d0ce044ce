"""A finding: what was looked at, how it is, what to do.

`ok` holds; `warn` will bite some day or is a choice to be aware of; `fail` is wrong now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    level: Level
    say: str
