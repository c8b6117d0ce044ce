"""Reminding people of the articles that they look after."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from escalations.services.telling import Notice, tell
from playbook.selectors.reminders import KIND, reminders


def remind(*, now: dt.datetime) -> int:
    """Tell everybody for whom it is morning which of their articles are due for review, and reviewers which articles
    have lost their owner: one message for a person and day, an article once within a week. Returns how many are told;
    running it again tells nobody twice, also at the same moment elsewhere."""
    with transaction.atomic():
        wanted = reminders(now)
        tell(
            notices=[
                Notice(
                    KIND,
                    one.occurrence,
                    [f"user:{one.person}"],
                    {"person": one.person, "due": list(one.due), "left": list(one.left)},
                )
                for one in wanted
            ],
            now=now,
        )
    return len(wanted)
