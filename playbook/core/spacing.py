"""When what was practised comes back: what went wrong soon, what one knows ever later.

Boxes as Sebastian Leitner described them (So lernt man lernen, 1972): right moves one box on, wrong goes back to the
first. The lengths are ours; a miss comes back the same day.
"""

from __future__ import annotations

import datetime as dt

BOXES: tuple[dt.timedelta, ...] = (
    dt.timedelta(minutes=10),
    dt.timedelta(days=1),
    dt.timedelta(days=3),
    dt.timedelta(days=7),
    dt.timedelta(days=21),
    dt.timedelta(days=60),
)
"""How long something rests in each box. The first is for what went wrong."""


def after(box: int, right: bool, now: dt.datetime) -> tuple[int, dt.datetime]:
    """The box after an answer, and when it is due again. `box` is that before it, 0 for something new."""
    new = min(box + 1, len(BOXES) - 1) if right else 0
    return new, now + BOXES[new]
