from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from tests.factories.desk import NOW, Desk


@pytest.fixture
def at_work(desk: Desk) -> Iterator[Desk]:
    """The small desk on Monday morning; the clock stands, and is moved by the tests."""
    with time_machine.travel(NOW, tick=False):
        yield desk


@pytest.fixture
def clock(at_work: Desk) -> Iterator[time_machine.Coordinates]:
    """The clock of the small desk, to be moved."""
    with time_machine.travel(NOW, tick=False) as moved:
        yield moved
