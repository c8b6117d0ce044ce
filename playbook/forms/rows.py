"""The form of one row: its controls, the row that they make, and what is wrong with it at its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from pydantic import ValidationError

from escalations.core.policy import Ladder
from escalations.core.words import span
from playbook.core.diff.words import Side, Telling
from playbook.core.entries import Address, section_of
from playbook.core.rows import problems
from playbook.forms import parts
from playbook.forms.making import form_of
from playbook.forms.parts import ABSENT, Drawn, Field, Path, State, Unreadable, Wrong
from playbook.forms.world import World

PREFIX = "v"
_STEP = re.compile(r"[a-z_]+|\d{1,4}|\*")
DEEPEST = 40


class RowForm:
    """A row as it is, or as it is typed. `original` is what it says now; ABSENT for a new one.

    As YAML when the author wants it so, or when what stands there is not well written enough for controls.
    """

    def __init__(
        self, address: Address, original: Any, world: World, data: QueryDict | None = None, *, as_yaml: bool = False
    ) -> None:
        self.address, self.original, self.world = address, original, world
        self.data = data
        self.text_only = section_of(address).key in ("pages", "successors")
        self.broken = original is not ABSENT and not self.text_only and any(True for _p in problems(address, original))
        self.as_yaml = (as_yaml or self.broken) and not self.text_only
        self.wrong: Wrong = []
        self.typed = data is not None
        posted = unflattened(data) if data is not None else None
        self.field = self._field(posted)
        self.state: State = self.field.show(original) if posted is None else posted

    def _field(self, posted: State | None) -> Field:
        if self.as_yaml:
            return parts.Written(_("The row as YAML"), rows=20)
        shown = posted if isinstance(posted, Mapping) else self.original if isinstance(self.original, Mapping) else {}
        scope = [str(code) for code in shown.get("categories") or () if code] if "when" in self._names else []
        return form_of(self.address, self.world, scope)

    @property
    def _names(self) -> frozenset[str]:
        return frozenset({"when"}) if self.address.section in ("rules", "triggers", "statutory") else frozenset()

    # ---------------------------------------------------------------------------------------- what it says

    @cached_property
    def body(self) -> Any:
        """The row that the controls make; ABSENT when something cannot be read. What is wrong is in `wrong` then."""
        section = section_of(self.address)
        try:
            body = self.field.read(self.state, self.original, self.wrong)
        except Unreadable as error:
            self.wrong.append(((), str(error)))
            return ABSENT
        if self.wrong:
            return ABSENT
        if body is ABSENT:
            body = "" if self.text_only else {}
        if section.shape == "listed" and isinstance(body, dict) and not self.as_yaml:
            body = {section.named_by: self.address.key, **body}
        for problem in problems(self.address, body):
            path: Path = problem.path
            self.wrong.append((path, _say(problem.message)))
        return ABSENT if self.wrong else body

    def is_valid(self) -> bool:
        """Whether the controls make a row that is well written in itself."""
        return self.body is not ABSENT

    def turned(self, *, as_yaml: bool) -> RowForm:
        """The form in its other mode, with what is typed in this one; as it is when that cannot be read."""
        if self.as_yaml == as_yaml or self.text_only:
            return self
        body = self.field.read(self.state, self.original, self.wrong) if not self.wrong else ABSENT
        if self.wrong:
            return self
        other = RowForm(self.address, self.original, self.world, as_yaml=as_yaml)
        if as_yaml == other.as_yaml:
            if isinstance(body, dict) and section_of(self.address).shape == "listed" and as_yaml:
                body = {section_of(self.address).named_by: self.address.key, **body}
            other.state = other.field.show(body)
        return other

    def say(self, message: str) -> None:
        """Add what a service found wrong."""
        self.wrong.append(((), message))

    # ---------------------------------------------------------------------------------------- what it shows

    def drawn(self) -> Drawn:
        """What the template draws."""
        return self.field.draw(PREFIX, self.state, self.wrong)

    def act(self, what: str) -> None:
        """Answer a button such as `add|v-evidence` or `remove|v-path-2`."""
        verb, _bar, name = what.partition("|")
        steps = name.split("-")
        if steps[0] == PREFIX and len(steps) <= DEEPEST:
            self.state = self.field.act(self.state, steps[1:], verb)
            self.field = self._field(self.state)

    @cached_property
    def written(self) -> Any:
        """The row as far as it can be read now, for what the page says of it while it is written."""
        wrong: Wrong = []
        try:
            return self.field.read(self.state, self.original, wrong)
        except Unreadable:
            return ABSENT

    @property
    def condition_in_words(self) -> str:
        """What the condition asks for, in one sentence; empty without one."""
        written = self.written
        if "when" not in self._names or not isinstance(written, Mapping):
            return ""
        draft = self.world.draft
        telling = Telling(Side(draft.before), Side(draft.content), draft.seen.__contains__)
        when = written.get("when")
        if when is None:
            return _("It applies to every case of its categories and regions.")
        asks = telling.asks(when, old=False, scope=written)
        return _("It applies when %(asks)s.") % {"asks": asks} if asks else ""

    @property
    def ladder(self) -> list[dict[str, Any]]:
        """A ladder as a line of time, rung by rung."""
        if self.address.section != "ladders" or not isinstance(self.written, Mapping):
            return []
        try:
            found = Ladder.model_validate({"name": "-", **self.written})
        except ValidationError:
            return []
        named = {section: dict(self.world.options(section)) for section in ("levels", "teams", "roles", "tell")}
        return [
            {
                "after": span(rung.after),
                "level": named["levels"].get(rung.level or "", rung.level or ""),
                "team": named["teams"].get(rung.team or "", rung.team or ""),
                "tell": [named["tell"].get(who, who) for who in rung.tell],
                "on_call": named["roles"].get(rung.on_call or "", rung.on_call or ""),
            }
            for rung in found.rungs
        ]


def unflattened(data: QueryDict) -> State:
    """Names such as `v-path-0-name` as the state that they stand for. What is no such name is left out."""
    tree: dict[str, Any] = {}
    for name in data:
        steps = name.split("-")
        if steps[0] != PREFIX or len(steps) > DEEPEST or not all(_STEP.fullmatch(step) for step in steps[1:]):
            continue
        if len(steps) == 1:
            return _clean(str(data[name]))
        here = tree
        for step in steps[1:-1]:
            below = here.setdefault(step, {})
            if not isinstance(below, dict):
                break
            here = below
        else:
            here[steps[-1]] = (
                [_clean(str(value)) for value in data.getlist(name)] if steps[-1] == "*" else _clean(str(data[name]))
            )
    return _with_lists(tree)


def _with_lists(tree: Any) -> State:
    if not isinstance(tree, dict):
        return tree
    if "*" in tree:
        return tree["*"]
    if tree and all(key.isdecimal() for key in tree):
        return [_with_lists(tree[key]) for key in sorted(tree, key=int)]
    return {key: _with_lists(value) for key, value in tree.items()}


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "")


def _say(message: str) -> str:
    """What the model says, for people: most of it is for people already."""
    return {"Field required": _("This is needed."), "Extra inputs are not permitted": _("There is no such field.")}.get(
        message, message
    )
