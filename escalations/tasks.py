"""What workers run. Each task is thin: it takes the time once, calls services, and writes that it has run.

Tasks take ids at most, never objects or words: their arguments stand in a queue that others may look into. A task may
be run twice or be killed in the middle; the services stand both. Each ends well before the queue's timeout.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django_q.tasks import async_task

from escalations import keys
from escalations.core.actor import Actor
from escalations.outbound import signin
from escalations.services import anchoring, assignment, audit, closing, delivery, judging, nudging, registry
from escalations.services import sweep as sweeping
from escalations.services.files import adding, probing, storing
from escalations.services.heartbeat import beat
from escalations.services.privacy import requests, residue, retention

BUDGET_S = 40
"""Seconds that one run may take, below the queue's timeout of 60: what is left is done by the next run."""


def heartbeat() -> None:
    """Say that this cluster takes tasks and finishes them."""
    beat(name="worker", now=timezone.now())


def sweep() -> dict[str, Any]:
    """Fire the due timers, batch by batch, until none is due or the time is up. The sweep writes its own heartbeat."""
    return sweeping.run(within_s=BUDGET_S).detail()


def assign_waiting() -> dict[str, Any]:
    """Give waiting cases to people who have become free."""
    now = timezone.now()
    detail = {"given": assignment.assign_waiting(now=now)}
    beat(name="assignment", now=now, detail=detail)
    return detail


def close_settled() -> dict[str, Any]:
    """Close resolved cases of which the party has not been heard."""
    now = timezone.now()
    detail = {"closed": closing.close_settled(now=now)}
    beat(name="closing", now=now, detail=detail)
    return detail


def take_effect() -> dict[str, Any]:
    """Make the registry follow the playbook version in force, when a scheduled one has begun."""
    now = timezone.now()
    detail = dict(registry.bring_into_force(now=now))
    beat(name="law", now=now, detail=detail)
    return detail


def anchor() -> dict[str, Any]:
    """Take the day's anchor when it is due, where the key that signs is given; and write it out, where a folder is."""
    now = timezone.now()
    detail: dict[str, Any] = {"signs": keys.may_sign()}
    if keys.may_sign():
        taken = anchoring.take_daily(now=now)
        if taken is not None:
            detail |= {"anchor": taken.number, "heads": taken.heads}
        if settings.THROUGHLINE_ANCHOR_DIR:
            detail["files"] = len(anchoring.export(directory=Path(settings.THROUGHLINE_ANCHOR_DIR)))
    beat(name="anchor", now=now, detail=detail)
    return detail


def audit_timers() -> dict[str, Any]:
    """Look for what should have fired and did not."""
    now = timezone.now()
    detail = {"found": len(audit.audit_timers(now=now))}
    beat(name="audit", now=now, detail=detail)
    return detail


def judge_looks() -> dict[str, Any]:
    """Work out what in the access log deserves a second look, since the last run."""
    now = timezone.now()
    done = judging.judge(now=now, within_s=BUDGET_S / 2)
    detail = {"looked": done.looked, "unusual": done.unusual, "unfinished": done.unfinished}
    beat(name="judging", now=now, detail=detail)
    return detail


def deliver() -> dict[str, Any]:
    """Work out who is told, and tell them."""
    began = time.monotonic()
    nudging.begun()
    now = timezone.now()
    while delivery.expand(now=now).intents and time.monotonic() - began < BUDGET_S / 2:
        continue
    done = delivery.deliver(now=now, within_s=BUDGET_S - (time.monotonic() - began))
    detail = {"messages": done.messages, **done.counts}
    beat(name="delivery", now=now, detail=detail)
    return detail


def check_files() -> dict[str, Any]:
    """Look through the files that wait for it. One may take 25 s, and its scanner 20 s more."""
    now = timezone.now()
    detail = {str(state): number for state, number in adding.check_waiting(now=now, within_s=BUDGET_S / 5).items()}
    beat(name="files", now=now, detail=detail)
    return detail


def read_probe(token: str) -> str:
    """What this worker finds in storage where another process has put something (`manage.py doctor`)."""
    return probing.read(token)


def sweep_files() -> dict[str, Any]:
    """Remove bytes of files that no row names, and of files that are gone."""
    now = timezone.now()
    done = storing.sweep(now=now)
    detail = {"removed": done.removed, "left": done.left, "too_many": done.too_many}
    beat(name="file-sweep", now=now, detail=detail)
    return detail


def apply_retention() -> dict[str, Any]:
    """Erase what was kept long enough. What is left when the time is up is taken up at once by the next task."""
    now = timezone.now()
    done = retention.apply(now=now, actor=Actor.worker("retention"), within_s=BUDGET_S / 2)
    if done.entry is not None and not done.unfinished:
        residue.clean(tables=done.erased, now=now)
    detail = {"cases": done.cases, "held": done.held, "unfinished": done.unfinished}
    beat(name="retention", now=now, detail=detail)
    if done.unfinished:
        async_task("escalations.tasks.apply_retention", group="retention")
    return detail


def send_reset(user_ids: list[int]) -> dict[str, Any]:
    """Mail the link that resets a password to each of these accounts. None is as good as one for whoever asked."""
    return {"sent": sum(signin.send_reset(user_id=user_id) for user_id in user_ids)}


def tell_of_sign_in(user_id: int, change: str) -> dict[str, Any]:
    """Mail somebody that how they sign in was changed."""
    return {"sent": int(signin.tell(user_id=user_id, change=change))}


def erase_requested() -> dict[str, Any]:
    """Erase the persons whose erasure was asked for at a page, one after the other until the time is up."""
    now = timezone.now()
    detail = {"erased": requests.work_off(within_s=BUDGET_S / 2)}
    beat(name="erasures", now=now, detail=detail)
    return detail
