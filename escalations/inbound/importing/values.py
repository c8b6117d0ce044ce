"""Values of a log: how a text becomes a date, a key, a number; what is wrong with one that does not."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable
from collections.abc import Mapping as Table
from functools import lru_cache
from typing import Any, TypeVar

from escalations.core.past import EARLIEST, Term
from escalations.inbound.importing.mapping import Coded, Named, filled

Value = TypeVar("Value")

REMEMBERED = 1_024
"""Values of a column that are remembered: the rows of a case repeat them, and memory must not grow with the file."""

_NOT_A_KEY = re.compile(r"[^a-z0-9_.\-]+")
_IMPORTED = "imported:"


class BadValue(ValueError):
    """A value that its column cannot have. `about` is the class of fault."""

    def __init__(self, about: str, message: str) -> None:
        super().__init__(message)
        self.about = about


def dates(column: str, form: str, *, zone: dt.tzinfo, latest: dt.datetime) -> Callable[[str], dt.datetime]:
    """A reader of one column's dates: aware, in UTC. `form` is "iso" or strptime's; a time without an offset is meant
    in `zone`. Dates before 1970 and after `latest` are slips."""

    @lru_cache(REMEMBERED)
    def read(text: str) -> dt.datetime:
        try:
            moment = dt.datetime.fromisoformat(text) if form == "iso" else dt.datetime.strptime(text, form)  # noqa: DTZ007
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            raise BadValue(
                f"date in {column}", f"{column}: {short(text)} is not a date in the form {form}: mend it"
            ) from None
        if not EARLIEST <= moment <= latest:
            when = "before 1970" if moment < EARLIEST else "in the future"
            raise BadValue(f"date in {column}", f"{column}: {short(text)} is {when}; is its form {form}?")
        return moment

    return read


def looked_up(column: str, table: Table[str, Value], what: str) -> Callable[[str], Value]:
    """A reader of one column's values by a table that has to know them all."""

    def read(text: str) -> Value:
        try:
            return table[text]
        except KeyError:
            raise BadValue(
                f"unknown {what}", f"{column}: {short(text)} is not in the mapping's table of {what}: add it"
            ) from None

    return read


def term(named: Named, value: str) -> Term:
    """What a value of a column of teams or categories stands for."""
    if (key := named.table.get(value)) is not None:
        return Term(key, key, here=True)
    values = {"value": value}
    return Term(imported_key(filled(named.key, values)), cut(filled(named.name, values), 120), here=False)


def no_term(named: Named) -> Term:
    """What stands for a team or category that is never named."""
    return Term(imported_key(named.missing.key), named.missing.name, here=False)


def imported_key(text: str) -> str:
    """The registry key of something that exists only for the past. No key of a policy can equal it (they have no
    colon), and different texts give different keys."""
    return _IMPORTED + key_of(text, 64 - len(_IMPORTED))


def key_of(text: str, longest: int) -> str:
    """A text as a key. What had to be changed in it gets a mark of the original, so that no two texts fall together."""
    key = _NOT_A_KEY.sub("-", text.lower()).strip("-")
    if key == text and 0 < len(key) <= longest:
        return key
    mark = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    return f"{key[: longest - 9]}-{mark}".strip("-")


def code(coded: Coded, value: str) -> str:
    """The key of a value that needs no registry row."""
    return coded.table.get(value) or key_of(filled(coded.key, {"value": value}), 64)


def remembered(column: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A reader that remembers its answers, and says the column with what is wrong."""

    @lru_cache(REMEMBERED)
    def remembered(text: str) -> Any:
        try:
            return read(text)
        except BadValue:
            raise
        except ValueError as error:
            raise BadValue(f"value in {column}", f"{column}: {error}") from None

    return remembered


def whole(text: str) -> int:
    """A count. Raises ValueError for anything else."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(f"{short(text)} is not a whole number: mend it")
    return int(text)


def cut(text: str, longest: int) -> str:
    """A text, shortened to fit."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def short(text: str) -> str:
    """A value as an error quotes it."""
    return repr(cut(text, 40))


def plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    return value.isoformat() if isinstance(value, dt.datetime) else value
