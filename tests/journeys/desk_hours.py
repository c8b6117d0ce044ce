"""What a journey needs of the desk besides its pages: the clock on its wall, its worker, and what is on record."""

from __future__ import annotations

import datetime as dt
import pydoc
from typing import TYPE_CHECKING

from django.utils import timezone

from escalations.models import Case, User
from escalations.schedules import declared
from escalations.services import sweep

if TYPE_CHECKING:
    import time_machine


class Wall:
    """The clock on the wall of the desk. It runs, and a journey may put it forward."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    @property
    def now(self) -> dt.datetime:
        """The time that the desk reads from it."""
        return dt.datetime.now(dt.UTC)

    def put_forward(self, **span: float) -> dt.datetime:
        """Let time pass: ``hours=25``. Returns the time that it is then."""
        self._traveller.shift(dt.timedelta(**span))
        return self.now


def the_worker_runs() -> None:
    """Run every task that the worker runs by itself, once and to the end."""
    for item in declared():
        if item.task == "sweep":
            sweep.run(now=timezone.now())  # the task asks the database for the time, and that looks at no wall
        else:
            pydoc.locate(item.columns["func"])()  # type: ignore[operator]


class Record:
    """What the database says of one case: its row, and the events since the last look."""

    def __init__(self) -> None:
        self._pk, self._seen = 0, 0

    def of(self, case: Case) -> None:
        """Look at ``case`` from now on."""
        self._pk, self._seen = case.pk, 0
        self.news()

    @property
    def row(self) -> tuple[str, str, str | None, str]:
        """Status, team, person and level of the case."""
        case = Case.objects.select_related("team", "assignee", "level").get(pk=self._pk)
        return case.status, case.team.key, case.assignee.username if case.assignee else None, case.level.key

    def news(self) -> list[str]:
        """The events since the last look, as ``kind by whom``."""
        found = list(Case.objects.get(pk=self._pk).events.filter(seq__gt=self._seen).order_by("seq"))
        self._seen = found[-1].seq if found else self._seen
        names = {str(pk): name for pk, name in User.objects.values_list("pk", "username")}
        return [
            f"{event.kind} by {names[event.actor_id] if event.actor_kind == 'user' else event.actor_id}"
            for event in found
        ]
