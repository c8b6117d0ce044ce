"""What workers run for the playbook: thin, without arguments, and safe to run twice."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from escalations.services.heartbeat import beat
from playbook.services.reminders import remind


def remind_of_articles() -> dict[str, Any]:
    """Tell people of the articles that wait for them, in the morning of each."""
    now = timezone.now()
    detail = {"told": remind(now=now)}
    beat(name="articles", now=now, detail=detail)
    return detail
