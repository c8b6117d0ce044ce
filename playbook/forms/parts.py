"""What forms of rows are made of: small fields that turn a JSON value into what is typed, and back.

    field.show(value)                  the value as controls hold it: texts, and lists and mappings of them
    field.read(state, original, ...)   the value again; what was not touched comes back as it was, to the byte
    field.draw(name, state, errors)    what the template draws
    field.act(state, path, what)       the state after a button: something added, taken away or moved

So a page without scripts can grow lists and groups, and saving a form that nobody touched changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _

from playbook.core.source import SourceError, parse
from playbook.core.writing import as_yaml
from playbook.forms.lengths import Unreadable, read_amounts, read_length, show_amounts, show_length

State = Any
"""What controls hold: a text, a list of states, or a mapping to states."""
Path = tuple[str | int, ...]
Wrong = list[tuple[Path, str]]
"""What cannot be read, by where in the row it stands."""
Options = Sequence[tuple[str, Any]]
"""What may be chosen: what is kept, and what is read."""


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()
"""Where a row says nothing."""
WAS = "_was"
"""In an item of a list: which item of the row it was."""


@dataclass(slots=True)
class Drawn:
    """One control, or a group of them, for the template that its kind names."""

    kind: str
    name: str
    label: Any = ""
    help: Any = ""
    value: Any = ""
    options: Options = ()
    errors: Sequence[str] = ()
    children: list[Drawn] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The identifier of its control."""
        return f"id_{self.name}"

    @property
    def template(self) -> str:
        """The template that draws it."""
        own = self.kind in ("record", "items", "condition", "group", "test")
        return f"admin/playbook/part/{self.kind if own else 'control'}.html"

    @property
    def described_by(self) -> str:
        """Identifiers of what is said of it, for screen readers."""
        return " ".join(
            name for name, said in ((f"{self.id}_help", self.help), (f"{self.id}_error", self.errors)) if said
        )


class Field:
    """One thing of a row. `label` and `help` are what the page says of it."""

    kind = "text"

    def __init__(self, label: Any = "", help_text: Any = "") -> None:
        self.label, self.help = label, help_text

    def show(self, value: Any) -> State:
        """The value as its controls hold it; of ABSENT what they hold then."""
        return "" if value is ABSENT or value is None else str(value)

    def blank(self) -> State:
        """What its controls hold in something new."""
        return self.show(ABSENT)

    def unsent(self) -> State:
        """What its controls hold when a browser sends nothing of them: an empty box, an empty list."""
        return ""

    def same(self, one: State, other: State) -> bool:
        """Whether two states say the same."""
        return bool(one == other)

    def read(self, state: State, original: Any, wrong: Wrong, path: Path = ()) -> Any:
        """The value that controls hold. What was not touched is the original."""
        if self.same(state, self.show(original)):
            return original
        try:
            return self.parse(state, original, wrong, path)
        except Unreadable as error:
            wrong.append((path, str(error)))
            return ABSENT

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        """The value of what was typed. Raises Unreadable."""
        return state if state != "" else ABSENT

    def draw(self, name: str, state: State, errors: Wrong) -> Drawn:
        """What the template draws. `errors` are relative to this field."""
        return Drawn(self.kind, name, self.label, self.help, state, errors=[message for _path, message in errors])

    def act(self, state: State, path: Sequence[str], what: str) -> State:
        """The state after a button that stands at `path` within it."""
        return state


class Area(Field):
    """Several lines of words."""

    kind = "area"

    def __init__(self, label: Any = "", help_text: Any = "", rows: int = 3) -> None:
        super().__init__(label, help_text)
        self.rows = rows

    def show(self, value: Any) -> State:
        return super().show(value).replace("\r\n", "\n")

    def draw(self, name: str, state: State, errors: Wrong) -> Drawn:
        drawn = super().draw(name, state, errors)
        drawn.more["rows"] = self.rows
        return drawn


class Written(Area):
    """Whatever has no controls of its own, as YAML."""

    kind = "code"

    def show(self, value: Any) -> State:
        if value is ABSENT:
            return ""
        return in_yaml(value)

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        return from_yaml(state) if state.strip() else ABSENT


class Number(Field):
    """A whole number."""

    kind = "number"

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        if not state.strip():
            return ABSENT
        try:
            return int(state)
        except ValueError:
            raise Unreadable(_("Write a whole number.")) from None


class Length(Field):
    """A length of time: `4 h business`."""

    kind = "length"

    def show(self, value: Any) -> State:
        return "" if value is ABSENT or value is None else show_length(value)

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        return read_length(state) if state.strip() else ABSENT


class Money(Field):
    """Amounts by currency: `EUR 150, USD 160`."""

    kind = "amounts"

    def show(self, value: Any) -> State:
        return "" if value is ABSENT or value is None else show_amounts(value)

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        return read_amounts(state) if state.strip() else ABSENT


class Promise(Field):
    """A target: a length, and at which shares of it somebody is warned."""

    kind = "promise"
    usual = "75"

    def unsent(self) -> State:
        return {}

    def show(self, value: Any) -> State:
        if value is ABSENT or value is None:
            return {"within": "", "warn": self.usual}
        warn = value.get("warn")
        return {"within": show_length(value), "warn": self.usual if warn is None else ", ".join(map(str, warn))}

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        within, warn = (str(of(state, name, "")).strip() for name in ("within", "warn"))
        if not within:
            return ABSENT
        length: dict[str, Any] = dict(read_length(within))
        if warn == self.usual:
            return length
        try:
            return {**length, "warn": [int(share) for share in warn.replace("%", "").replace(",", " ").split()]}
        except ValueError:
            raise Unreadable(_("Write when to warn as shares of the time, smallest first: 50, 80.")) from None

    def draw(self, name: str, state: State, errors: Wrong) -> Drawn:
        drawn = super().draw(name, state, errors)
        drawn.value, drawn.more["warn"] = of(state, "within", ""), of(state, "warn", "")
        return drawn


class Lines(Area):
    """Several texts, each on a line of its own."""

    def show(self, value: Any) -> State:
        return "" if value is ABSENT or value is None else "\n".join(map(str, value))

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        found = [line.strip() for line in state.split("\n") if line.strip()]
        return found or ABSENT


class Hours(Field):
    """Opening hours of a day: `09:00-12:30, 13:30-17:00`; `closed` for none."""

    def show(self, value: Any) -> State:
        if value is ABSENT or value is None:
            return ""
        return ", ".join("-".join(pair) for pair in value) or "closed"

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        if not state.strip():
            return ABSENT
        if state.strip().lower() == "closed":
            return []
        pairs = [[end.strip() for end in span.replace("–", "-").split("-")] for span in state.split(",")]
        if any(len(pair) != 2 or not all(pair) for pair in pairs):
            raise Unreadable(_("Write hours such as 09:00-12:30, 13:30-17:00, or closed."))
        return pairs


class Choice(Field):
    """One of several; `usual` is what holds when the row says nothing."""

    kind = "choice"

    def __init__(
        self,
        options: Options,
        label: Any = "",
        help_text: Any = "",
        *,
        usual: str = "",
        nothing: Any = None,
        null: Any = None,
    ) -> None:
        super().__init__(label, help_text)
        self.usual = usual
        self.options = [*([("", nothing)] if nothing is not None else []), *([("~", null)] if null else []), *options]
        self.null = null

    def show(self, value: Any) -> State:
        if value is None and self.null:
            return "~"
        return self.usual if value is ABSENT or value is None else str(value)

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        if state == "~" and self.null:
            return None
        return ABSENT if state in ("", self.usual) else state

    def draw(self, name: str, state: State, errors: Wrong) -> Drawn:
        drawn = super().draw(name, state, errors)
        drawn.options = with_chosen(self.options, [state])
        return drawn


class YesNo(Choice):
    """Yes or no where nothing means a third thing."""

    def __init__(self, label: Any = "", help_text: Any = "", nothing: Any = "") -> None:
        super().__init__([("yes", _("yes")), ("no", _("no"))], label, help_text, nothing=nothing)

    def show(self, value: Any) -> State:
        return "" if value is ABSENT or value is None else "yes" if value else "no"

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        return {"yes": True, "no": False}.get(state, ABSENT)


class Flag(Field):
    """A box to tick."""

    kind = "flag"

    def __init__(self, label: Any = "", help_text: Any = "", *, usual: bool = False) -> None:
        super().__init__(label, help_text)
        self.usual = usual

    def show(self, value: Any) -> State:
        return "1" if (self.usual if value is ABSENT else value) else ""

    def same(self, one: State, other: State) -> bool:
        return bool(one) == bool(other)

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        return ABSENT if bool(state) is self.usual else bool(state)


class Several(Field):
    """Some of a few, without an order of their own; `usual` are those that hold when the row says nothing."""

    kind = "several"

    def __init__(self, options: Options, label: Any = "", help_text: Any = "", *, usual: Sequence[str] = ()) -> None:
        super().__init__(label, help_text)
        self.options, self.usual = options, list(usual)

    def unsent(self) -> State:
        return []

    def show(self, value: Any) -> State:
        return self._sorted(self.usual if value is ABSENT or value is None else value)

    def _sorted(self, chosen: Iterable[Any]) -> list[str]:
        order = [key for key, _label in self.options]
        known = [str(key) for key in chosen]
        return [key for key in order if key in known] + sorted(key for key in known if key not in order)

    def same(self, one: State, other: State) -> bool:
        return bool(self._sorted(one or []) == self._sorted(other or []))

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        chosen = self._sorted(state or [])
        return ABSENT if chosen == self._sorted(self.usual) else chosen

    def draw(self, name: str, state: State, errors: Wrong) -> Drawn:
        drawn = super().draw(name, state or [], errors)
        drawn.options = with_chosen(self.options, state or [])
        return drawn


class Ranked(Field):
    """Some of many, the first one first: a list of choices, with an empty one to add another."""

    kind = "ranked"

    def __init__(self, options: Options, label: Any = "", help_text: Any = "") -> None:
        super().__init__(label, help_text)
        self.options = options

    def unsent(self) -> State:
        return []

    def show(self, value: Any) -> State:
        return [] if value is ABSENT or value is None else [str(item) for item in value]

    def same(self, one: State, other: State) -> bool:
        return [item for item in one or [] if item] == [item for item in other or [] if item]

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        chosen = list(dict.fromkeys(item for item in state or [] if item))
        return chosen or ABSENT

    def draw(self, name: str, state: State, errors: Wrong) -> Drawn:
        drawn = super().draw(name, state or [], errors)
        chosen = [item for item in state or [] if item]
        options = with_chosen([("", "–"), *self.options], chosen)
        drawn.children = [
            Drawn("choice", f"{name}-*", value=item, options=options, more={"number": number})
            for number, item in enumerate([*chosen, ""], start=1)
        ]
        return drawn


# ------------------------------------------------------------------------------------------------------------- shared


def of(state: State, key: str, other: Any) -> Any:
    """What a mapping of controls holds at a key; of what was not sent at all, the other."""
    return state.get(key, other) if isinstance(state, Mapping) else other


def apart(errors: Wrong, keys: Iterable[str | int]) -> tuple[list[str], dict[Any, Wrong]]:
    """What is said of the thing itself, and what of each of its parts."""
    parts: dict[Any, Wrong] = {key: [] for key in keys}
    mine = []
    for path, message in errors:
        if path and path[0] in parts:
            parts[path[0]].append((path[1:], message))
        else:
            mine.append(message)
    return list(dict.fromkeys(mine)), parts


def with_chosen(options: Options, chosen: Iterable[str]) -> Options:
    """The options, and whatever is chosen that is none of them: nothing is lost by looking at it."""
    known = {key for key, _label in options}
    gone = [(key, _("%(key)s (not there)") % {"key": key}) for key in chosen if key and key not in known]
    return [*options, *gone] if gone else options


def in_yaml(value: Any) -> str:
    """Any value of a row as YAML."""
    if isinstance(value, Mapping):
        return as_yaml(value)
    if isinstance(value, str):
        return as_yaml({"text": value})
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def from_yaml(text: str) -> Any:
    """The value of what was written as YAML. Raises Unreadable, with the line."""
    try:
        return parse(text, _("line")).document
    except SourceError as error:
        raise Unreadable("; ".join(str(problem) for problem in error.problems)) from None
