"""Long lists in pages, by the keys of the last row seen: no counting, no OFFSET, as quick on page 4,000 as on page 1.

An ordering is a tuple of column names, `-` for descending, whose last one is unique and none of which is nullable.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldError, ValidationError
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page. `next` and `previous` are cursors, empty where the list ends."""

    rows: Sequence[Row]
    next: str = ""
    previous: str = ""


def page(
    rows: QuerySet[Row],
    ordering: Sequence[str],
    *,
    after: str = "",
    before: str = "",
    size: int = 25,
    take: Callable[[QuerySet[Row], Sequence[str], int], list[Row]] | None = None,
) -> Page[Row]:
    """The page that follows the cursor `after`, or precedes `before`; the first one without either or with a cursor
    that says nothing. One query of `size` + 1 rows.

    `take(rows, keys, count)` may read the first `count` rows in the order of `keys` in a way of its own.
    """
    back = bool(before)
    cursor = _opened(before or after, rows.model, ordering)
    if cursor is None:
        back = False
    keys = [_turned(name) for name in ordering] if back else list(ordering)
    wanted = rows.order_by(*keys)
    if cursor is not None:
        wanted = wanted.filter(_beyond(keys, cursor))
    found = take(wanted, keys, size + 1) if take is not None else list(wanted[: size + 1])
    more, shown = len(found) > size, found[:size]
    if back:
        shown.reverse()
    if not shown:
        return Page([], "", "")
    return Page(
        shown,
        next=_sealed(shown[-1], ordering) if more or back else "",
        previous=_sealed(shown[0], ordering) if (more if back else cursor is not None) else "",
    )


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(keys: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows after `values` in the order of `keys`: (a, b) > (x, y) as a > x, or a = x and b > y."""
    condition, equal = Q(), Q()
    for name, value in zip(keys, values, strict=True):
        column, step = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        condition |= equal & Q(**{f"{column}__{step}": value})
        equal &= Q(**{column: value})
    first, step = (keys[0][1:], "lte") if keys[0].startswith("-") else (keys[0], "gte")
    # Said once more for the planner, which does not look into an OR for the start of an index range.
    return Q(**{f"{first}__{step}": values[0]}) & condition


def _sealed(row: Model, ordering: Sequence[str]) -> str:
    meta = row._meta
    values = []
    for name in ordering:
        column = meta.get_field(name.removeprefix("-"))
        values.append(column.value_to_string(row))  # type: ignore[union-attr]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _opened(cursor: str, model: type[Model], ordering: Sequence[str]) -> list[Any] | None:
    """The values of a cursor; None when it was cut, made up, or belongs to another ordering."""
    if not cursor:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fields = [model._meta.get_field(name.removeprefix("-")) for name in ordering]
        if not isinstance(values, list) or len(values) != len(fields):
            return None
        return [column.to_python(value) for column, value in zip(fields, values, strict=True)]  # type: ignore[union-attr]
    except (binascii.Error, ValueError, UnicodeDecodeError, ValidationError, FieldError, TypeError):
        return None
