"""Asking a worker to deliver now, instead of waiting for the next full minute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django_q.tasks import async_task

NUDGED = "delivery.nudged"
FORGOTTEN_AFTER_S = 60

_nobody_hurries: ContextVar[bool] = ContextVar("nobody_hurries", default=False)


def nudge() -> None:
    """Ask a worker, once this transaction has committed, to deliver. Call after writing an intent.

    Many nudges before a worker begins are one task. Losing one costs at most the minute: the schedule delivers anyway.
    Where tasks run inside their caller (`sync`, in tests) nobody is asked.
    """
    if not settings.Q_CLUSTER.get("sync") and not _nobody_hurries.get():
        transaction.on_commit(_enqueue, robust=True)


@contextmanager
def nobody_hurries() -> Iterator[None]:
    """Within the block nobody is asked to hurry: where thousands of acts are written, the schedule delivers."""
    token = _nobody_hurries.set(True)
    try:
        yield
    finally:
        _nobody_hurries.reset(token)


def begun() -> None:
    """A worker begins to deliver: what is written from now on may nudge again."""
    cache.delete(NUDGED)


def _enqueue() -> None:
    if cache.add(NUDGED, True, timeout=FORGOTTEN_AFTER_S):
        async_task("escalations.tasks.deliver", group="nudge")
