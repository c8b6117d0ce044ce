"""Asking a worker to deliver now, instead of waiting for the next full minute."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django_q.tasks import async_task

NUDGED = "delivery.nudged"
FORGOTTEN_AFTER_S = 60


def nudge() -> None:
    """Ask a worker, once this transaction has committed, to deliver. Call after writing an intent.

    Many nudges before a worker begins are one task. Losing one costs at most the minute: the schedule delivers anyway.
    Where tasks run inside their caller (`sync`, in tests) nobody is asked.
    """
    if not settings.Q_CLUSTER.get("sync"):
        transaction.on_commit(_enqueue, robust=True)


def begun() -> None:
    """A worker begins to deliver: what is written from now on may nudge again."""
    cache.delete(NUDGED)


def _enqueue() -> None:
    if cache.add(NUDGED, True, timeout=FORGOTTEN_AFTER_S):
        async_task("escalations.tasks.deliver", group="nudge")
