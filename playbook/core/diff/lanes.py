"""Normative or editorial: whether a change alters what the engine decides or promises, or only words beside it.

One table, each line with its reason. What no line names is normative, so that a new field is never waved through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from playbook.core.diff.comparing import Edit
from playbook.core.diff.saying.texts import placeholders
from playbook.core.diff.value import ABSENT

NORMATIVE = "it alters what the desk decides or promises"


class Line(NamedTuple):
    """One line of the table: where, under which condition, and why that is editorial.

    `path` is the path inside a thing, `*` any one step of it, None any path; `key` what a key begins with, that of a
    page after its language.
    """

    section: str
    path: tuple[str, ...] | None
    reason: str
    key: str = ""
    holds: Callable[[Any, Any], bool] = lambda before, after: True


def _both(before: Any, after: Any) -> bool:
    return before is not ABSENT and after is not ABSENT


def _tells_the_same(before: Any, after: Any) -> bool:
    return _both(before, after) and placeholders(before) == placeholders(after)


_NAMES = "names are for people; the engine goes by keys"
_TEXT = "text that people read beside the rules; the engine never does"

TABLE: tuple[Line, ...] = (
    Line("title", (), _NAMES, holds=_both),
    *(
        Line(section, ("name",), _NAMES)
        for section in (
            *("categories", "rules", "triggers", "ladders", "statutory", "pause_reasons", "remedies", "teams"),
            *("roles", "levels", "specialisms", "channels", "regions", "facts"),
        )
    ),
    Line("categories", ("symptoms", "*"), "the name of a symptom; its key stays", holds=_both),
    Line("categories", ("root_causes", "*"), "the name of a root cause; its key stays", holds=_both),
    Line("categories", ("evidence", "*", "name"), "what an item is called; which ones are needed stays"),
    Line("categories", ("path", "*", "name"), "what a step is called; which ones there are, and their times, stay"),
    Line("categories", ("summary",), "it explains the category and decides nothing"),
    Line("categories", ("decision_points",), "decision questions guide people; the engine never reads them"),
    Line("teams", ("purpose",), "it explains the team and decides nothing"),
    Line("messages", ("*", "subject"), "other words that tell the same", holds=_tells_the_same),
    Line("messages", ("*", "body"), "other words that tell the same", holds=_tells_the_same),
    Line("pages", (), _TEXT, key="guide."),
    Line("pages", (), _TEXT, key="protocol."),
    Line("scenarios", None, "scenarios are checks of the law, and not law"),
)


def lane(edit: Edit) -> tuple[bool, str]:
    """Whether a difference is normative, and why, or why not."""
    for line in TABLE:
        if _is_of(line, edit) and line.holds(edit.before, edit.after):
            return False, line.reason
    return True, NORMATIVE


def _is_of(line: Line, edit: Edit) -> bool:
    address = edit.address
    if line.section != address.section:
        return False
    key = address.key or ""
    if not (key.partition("/")[2] if address.section == "pages" else key).startswith(line.key):
        return False
    if line.path is None:
        return True
    pairs = zip(line.path, address.path, strict=False)
    return len(line.path) == len(address.path) and all(one in ("*", other) for one, other in pairs)
