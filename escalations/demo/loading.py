"""Loading the demo: what it refuses, and the whole of it in one transaction."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from escalations.core.policy import Policy
from escalations.demo import exhibits, guarding, people, planning
from escalations.demo.acts import Acts, Run
from escalations.demo.playing import Playing
from escalations.demo.stories import STORIES
from escalations.errors import Refused
from escalations.models import Approval, Case, Handoff, User
from escalations.selectors import law
from escalations.services import delivery
from escalations.services.nudging import nobody_hurries

SINCE = dt.timedelta(days=400)
"""For how long the people of the demo have worked here."""

OVER = "Part of the made-up past of the demo: nothing was sent."


@dataclass(frozen=True, slots=True)
class Coming:
    """Something that is about to happen: when, in which case, what."""

    at: dt.datetime
    reference: str
    what: str


@dataclass(slots=True)
class Loaded:
    """What was loaded. `refused` counts the acts of stories that the desk refused, with its words."""

    cases: int = 0
    people: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    late: int = 0
    handoffs: int = 0
    approvals: int = 0
    settled: int = 0
    coming: list[Coming] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "cases": self.cases,
            "people": self.people,
            "by_status": dict(sorted(self.by_status.items())),
            "late": self.late,
            "handoffs_waiting": self.handoffs,
            "approvals_waiting": self.approvals,
            "deliveries_settled": self.settled,
            "coming": [
                {"at": item.at.isoformat(), "reference": item.reference, "what": item.what} for item in self.coming
            ],
            "refused": dict(self.refused),
        }


def load(
    *,
    cases: int,
    seed: int,
    now: dt.datetime,
    password: str,
    clock: Callable[[], dt.datetime] | None = None,
    force: bool = False,
    dry_run: bool = False,
    told: Callable[[int], None] | None = None,
) -> Loaded:
    """Load people and `cases` cases with three weeks of history that ends at `now`.

    clock     read when the history is laid: what is about to happen is timed by it (default: `now`)
    force     also on a desk that has cases or people of its own; theirs are left alone
    dry_run   do all of it, but for files, and take it back: nothing stays
    told      is called with the number of cases opened so far

    One transaction. The same seed and moment give the same cases. Raises NoPolicy, or Refused in words.
    """
    version = law.in_force(now)
    policy = law.policy_of(version)
    check(policy, force=force)
    done = Loaded()
    with transaction.atomic(), law.before_the_first(version), nobody_hurries(), _quiet():
        cast = people.set_up(everybody=people.colleagues(cases, seed), now=now, since=now - SINCE, password=password)
        playing = Playing(Acts(cast, policy), told=told)
        timed, standing = planning.scenes(cases)
        runs = [scene.run(seed=seed, number=number, now=now, policy=policy) for number, scene in enumerate(standing)]
        left = cases - len(timed) - sum(planning.cost_of(run.binding.story) for run in runs)
        runs += planning.told(left, seed=seed, now=now, policy=policy)
        playing.play(runs, until=now)
        end = max(now, clock()) if clock else now
        live = [
            scene.run(seed=seed, number=1000 + number, now=end, policy=policy) for number, scene in enumerate(timed)
        ]
        playing.play(live, until=end)
        guarding.guard(cast, {run.binding.story.key: run.case_id for run in runs[: len(standing)]}, end)
        if not dry_run:
            exhibits.add(playing.opened, end)
        _report(done, playing.runs, playing.opened)
        for scene, run in zip(timed, live, strict=True):
            at = run.opens_at + dt.timedelta(hours=scene.span_h)
            done.coming.append(Coming(at, Case.objects.only("reference").get(pk=run.case_id).reference, scene.happens))
        done.coming.sort(key=lambda item: item.at)
        done.people = len(cast)
        done.settled = delivery.settle(case_ids=playing.opened, before=end, why=OVER)
        if dry_run:
            transaction.set_rollback(True)
    return done


def check(policy: Policy, *, force: bool) -> None:
    """Refuse a desk that the demo does not fit, or that it would disturb. Raises Refused, in words."""
    central = policy.central
    lacking = sorted(
        {story.category for story in STORIES.values()} - set(central.categories)
        | {place.team for item in people.CAST for place in item.places} - set(central.teams)
        | set(people.ON_CALL) - set(central.roles)
        | set(people.OWNERS) - set(central.channels)
    )
    if lacking:
        raise Refused(
            f"The demo speaks of the starter playbook `team`, and the one in force lacks {', '.join(lacking[:6])}"
            f"{' and more' if len(lacking) > 6 else ''}. Load it on a desk with that playbook: "
            "python manage.py install_playbook --preset team"
        )
    theirs = User.objects.exclude(email__endswith=f"@{people.DOMAIN}")
    names = [item.username for item in people.CAST]
    taken = sorted(theirs.filter(username__in=names).values_list("username", flat=True))
    if taken:
        raise Refused(f"There is somebody called {', '.join(taken)} here already; the demo needs that name.")
    if force:
        return
    if Case.objects.exists():
        raise Refused("This desk has cases already. Add the demo to them with --force, or use an empty database.")
    if theirs.exists():
        raise Refused("This desk has people of its own. Add the demo to them with --force, or use an empty database.")


def accounts() -> list[people.Colleague]:
    """The accounts of the demo that show most, those that are on this desk."""
    there = set(User.objects.filter(email__endswith=f"@{people.DOMAIN}").values_list("username", flat=True))
    return [item for item in people.CAST if item.shows and item.username in there]


def _report(done: Loaded, runs: list[Run], opened: set[int]) -> None:
    rows = Case.objects.filter(pk__gte=min(opened, default=0))
    done.cases = len(opened)
    for pk, status in rows.values_list("pk", "status"):
        if pk in opened:
            done.by_status[status] += 1
    late = rows.open().filter(clocks__state="breached", clocks__ended_at__isnull=True).distinct()
    done.late = sum(pk in opened for pk in late.values_list("pk", flat=True))
    waiting = Handoff.objects.filter(state=Handoff.State.OFFERED).values_list("case_id", flat=True)
    done.handoffs = sum(pk in opened for pk in waiting)
    asked = Approval.objects.filter(state=Approval.State.WAITING).values_list("case_id", flat=True)
    done.approvals = sum(pk in opened for pk in asked)
    for run in runs:
        for act, why in run.refused:
            done.refused[f"{run.binding.story.key}, {act}: {why}"] += 1


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the engine's log to warnings while weeks pass in seconds."""
    log = logging.getLogger("escalations")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)
