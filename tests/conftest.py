"""What every test may ask for. The fixtures live beside what they are about; this file only gathers them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache

from escalations.selectors import law, registry

pytest_plugins = [
    "tests.browser",
    "tests.databases",
    "tests.doors",
    "tests.factories.desk",
    "tests.mailserver",
    "tests.needs",
    "tests.running",
    "pytester",
]

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """No test finds what another has cached."""
    yield
    cache.clear()
    law.forget()
    registry.forget()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that THROUGHLINE_DATA names (``../shared/data`` beside the checkout unless set).

    It is read where it lies and never copied. Skips, with the reason, where it is not there.
    """
    path = Path(os.environ.get("THROUGHLINE_DATA") or ROOT.parent / "shared" / "data")
    if not path.is_dir():
        pytest.skip(f"no real data at {path}; set THROUGHLINE_DATA to the folder that holds it")
    return path
