"""Who may do what: the table that people read, and to which the tests hold the desk.

Each row is an act or a page, each column a role in its usual standing. A cell is `yes`, `no`, or in a few words on what
it hangs. The tests build each person, try every row through its door or page, and compare; so the table is true or the
tests are red.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

COLUMNS: Mapping[str, tuple[str, str]] = {}


class Row(NamedTuple):
    key: str


def sections():
    return []
