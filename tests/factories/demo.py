"""A desk with the starter playbook, for the demo to be loaded on, at any moment of this year or the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import transaction

from escalations.demo import loading
from escalations.selectors import law, registry
from playbook import presets
from playbook.core.compiling import compile_source, with_horizon
from playbook.core.source import read
from tests.governance.publishing import installer, trusting

TUESDAY_NOON = dt.datetime(2026, 11, 24, 11, tzinfo=dt.UTC)


@cache
def preset() -> dict[str, Any]:
    """The compiled policy document of the preset `team`."""
    source = with_horizon(read(presets.folder("team")), range(2026, 2031))
    return compile_source(source).policy.document()


def install(now: dt.datetime) -> None:
    """Bring it into force a minute before `now`."""
    with trusting("test") as kept:
        installer(kept)(preset(), now=now - dt.timedelta(minutes=1))


@contextmanager
def taken_back() -> Iterator[None]:
    """What happens inside leaves nothing behind; the next one starts from the same ids."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)
    law.forget()
    registry.forget()


def load(now: dt.datetime, *, cases: int, seed: int = 7, **more: Any) -> loading.Loaded:
    """Load the demo as the command does."""
    return loading.load(cases=cases, seed=seed, now=now, password="correct horse battery", **more)
