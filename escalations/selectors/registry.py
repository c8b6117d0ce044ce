"""Registry rows by key. They are never deleted and their ids never change, so a process remembers them."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar, cast

from escalations.models import RegistryRow

Row = TypeVar("Row", bound=RegistryRow)


@lru_cache(maxsize=8192)
def _row(model: type[RegistryRow], key: str) -> RegistryRow:
    return model._default_manager.get(key=key)


def row(model: type[Row], key: str) -> Row:
    """The registry row of a key. Treat it as read-only: it is shared. At most one query per key and process.

    Raises the model's DoesNotExist for a key that no installed version ever had.
    """
    return cast(Row, _row(model, key))


@lru_cache(maxsize=8192)
def key_of(model: type[RegistryRow], pk: int) -> str:
    """The key of a registry row. At most one query per row and process. Raises the model's DoesNotExist."""
    return str(model._default_manager.values_list("key", flat=True).get(pk=pk))


def forget() -> None:
    """Forget all rows: after an installation changed names, and between tests."""
    _row.cache_clear()
    key_of.cache_clear()
