"""One door per act: rows of cases are written only by the services (decision 32).

Two guards, because each sees what the other cannot:

* *While the suite runs* every INSERT, UPDATE and DELETE on a case table is traced back to the code that caused it.
  The nearest frame that belongs to this repository, models aside (their managers and querysets act for
  somebody), must be a service, ``mapping.py``, a migration, or a test. It sees every write that a test reaches,
  however it is spelled: the default ``save`` of an admin page, raw SQL, a loop over a related manager.
* *Without running anything* ``tests/architecture/test_doors.py`` reads the source for calls that write. It also sees
  code that no test reaches, but only what is spelled recognisably.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
APPS = ("config", "governance", "playbook", "escalations")
#: Who may write rows of cases, as paths inside the repository.
DOORS = ("escalations/services/", "escalations/mapping.py", "tests/")
#: Their managers and querysets act on behalf of whoever called them.
AGENTS = ("escalations/models/",)
_WRITE = re.compile(r'\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?"?(\w+)"?', re.IGNORECASE)


class WrongDoor(AssertionError):
    """A row of a case was written from outside the services."""


def belongs_to_case(model: Any, case: Any) -> bool:
    """Tell whether ``model`` is ``case`` or points at it, directly or through others, and cannot do without."""
    seen: set[Any] = set()
    todo = [model]
    while todo:
        current = todo.pop()
        if current is case:
            return True
        if current in seen:
            continue
        seen.add(current)
        todo += [
            field.related_model
            for field in current._meta.get_fields()
            if field.concrete and (field.many_to_one or field.one_to_one) and not field.null
            if isinstance(field.related_model, type)
        ]
    return False


#: Tables of the way of a case that do not always point at one: an outbox intent may concern nobody's case.
ALSO = ("Outbox", "Delivery", "Party")


@cache
def case_models() -> tuple[Any, ...]:
    """Return the models of case tables: Case, what points at it, what ALSO names, and the histories of them all.

    What an app above keeps about a case is that app's own: its services are the door (`tables_above`).
    """
    from django.apps import apps

    try:
        case = apps.get_model("escalations", "Case")
    except LookupError:
        return ()
    return tuple(
        model
        for model in apps.get_app_config("escalations").get_models()
        if belongs_to_case(model, case)
        or model.__name__ in ALSO
        or (
            (instance := getattr(model, "instance_type", None)) is not None
            and (belongs_to_case(instance, case) or instance.__name__ in ALSO)
        )
    )


@cache
def case_tables() -> frozenset[str]:
    """Return the names of the tables of case_models()."""
    return frozenset(model._meta.db_table for model in case_models())


@cache
def tables_above() -> dict[str, str]:
    """Return the tables in which an app above keeps something about a case, with the room that may write each."""
    from django.apps import apps

    case = apps.get_model("escalations", "Case")
    return {
        model._meta.db_table: f"{app}/services/"
        for app in APPS
        if app != "escalations"
        for model in apps.get_app_config(app).get_models()
        if belongs_to_case(model, case)
    }


@cache
def place(filename: str) -> str | None:
    """Return the path inside the repository of a source file of ours, or None for everybody else's."""
    try:
        path = Path(filename).resolve().relative_to(ROOT).as_posix()
    except ValueError:
        return None
    return path if path.startswith(("tests/", *(f"{app}/" for app in APPS))) else None


def may_write(path: str) -> bool:
    """Tell whether the source file at ``path`` is a door to the case tables."""
    return path.startswith(DOORS) or "/migrations/" in path


def responsible(own: str = "") -> str | None:
    """Return ``path:line`` of the nearest code of ours on the stack that writes without being a door (or in the room
    ``own``), or None."""
    frame = sys._getframe(1)
    here = frame.f_code.co_filename
    agent: str | None = None
    while frame is not None:
        path = place(frame.f_code.co_filename) if frame.f_code.co_filename != here else None
        if path is not None:
            if may_write(path) or (own and path.startswith(own)):
                return None
            if not path.startswith(AGENTS):
                return f"{path}:{frame.f_lineno}"
            agent = agent or f"{path}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return agent


def check(sql: Any) -> None:
    """Raise WrongDoor when ``sql`` writes a case table and the code that caused it is not a door."""
    if not isinstance(sql, str):
        sql = str(sql)
    for table in _WRITE.findall(sql):
        if table in case_tables() and (culprit := responsible()):
            raise WrongDoor(
                f"{culprit} writes {table}. Rows of cases are written by escalations/services alone: "
                f"call the service of this act, or add one (one transaction with event, history and outbox)."
            )
        if (room := tables_above().get(table)) and (culprit := responsible(room)):
            raise WrongDoor(f"{culprit} writes {table}, which {room} alone writes: call its function, or add one.")


@pytest.fixture(scope="session", autouse=True)
def _guarded_doors() -> Iterator[None]:
    """Guard the case tables for the whole session, in every thread, on every connection of this process."""
    from django.db.backends.utils import CursorWrapper

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(self: CursorWrapper, sql: Any, *args: Any, **kwargs: Any) -> Any:
            check(sql)
            return original(self, sql, *args, **kwargs)

        return run

    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "executemany"):
            patch.setattr(CursorWrapper, name, guarded(getattr(CursorWrapper, name)))
        yield
