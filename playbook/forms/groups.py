"""Fields that hold others: a record of several, a list of records, a mapping of keys to values (see `parts`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from playbook.forms.parts import ABSENT, WAS, Drawn, Field, Path, State, Wrong, apart, of


class Record(Field):
    """Several fields that belong together."""

    kind = "record"

    def __init__(
        self, fields: Mapping[str, Field], label: Any = "", help_text: Any = "", *, needed: bool = False
    ) -> None:
        super().__init__(label, help_text)
        self.fields, self.needed = dict(fields), needed

    def unsent(self) -> State:
        return {}

    def show(self, value: Any) -> State:
        there = value if isinstance(value, Mapping) else {}
        return {key: item.show(there.get(key, ABSENT)) for key, item in self.fields.items()}

    def blank(self) -> State:
        return {key: item.blank() for key, item in self.fields.items()}

    def same(self, one: State, other: State) -> bool:
        return all(
            item.same(of(one, key, item.unsent()), of(other, key, item.unsent())) for key, item in self.fields.items()
        )

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        there = original if isinstance(original, Mapping) else {}
        found = {}
        for key, item in self.fields.items():
            value = item.read(of(state, key, item.unsent()), there.get(key, ABSENT), wrong, (*path, key))
            if value is not ABSENT:
                found[key] = value
        found |= {key: value for key, value in there.items() if key not in self.fields}
        return found if found or self.needed else ABSENT

    def draw(self, name: str, state: State, errors: Wrong) -> Drawn:
        drawn = super().draw(name, "", [])
        mine, theirs = apart(errors, self.fields)
        drawn.errors = mine
        drawn.children = [
            item.draw(f"{name}-{key}", of(state, key, item.unsent()), theirs[key]) for key, item in self.fields.items()
        ]
        return drawn

    def act(self, state: State, path: Sequence[str], what: str) -> State:
        if path and path[0] in self.fields:
            inner = self.fields[path[0]]
            return {**state, path[0]: inner.act(of(state, path[0], inner.unsent()), path[1:], what)}
        return state


class Items(Field):
    """A list of records, in order, to which one may be added anywhere in it."""

    kind = "items"

    def __init__(self, item: Record, label: Any = "", help_text: Any = "", *, add: Any = "") -> None:
        super().__init__(label, help_text)
        self.item, self.add = item, add

    def unsent(self) -> State:
        return []

    def show(self, value: Any) -> State:
        there = value if isinstance(value, list | tuple) else []
        return [{**self.item.show(item), WAS: str(number)} for number, item in enumerate(there)]

    def same(self, one: State, other: State) -> bool:
        return len(one or []) == len(other or []) and all(
            of(left, WAS, "") == of(right, WAS, "") and self.item.same(left, right)
            for left, right in zip(one or [], other or [], strict=True)
        )

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        there = original if isinstance(original, list | tuple) else []
        found = []
        for number, item in enumerate(state or []):
            was = of(item, WAS, "")
            before = there[int(was)] if was.isdecimal() and int(was) < len(there) else ABSENT
            value = self.item.read(item, before, wrong, (*path, number))
            found.append({} if value is ABSENT else value)
        return found or ABSENT

    def draw(self, name: str, state: State, errors: Wrong) -> Drawn:
        drawn = super().draw(name, "", [])
        state = state or []
        mine, theirs = apart(errors, range(len(state)))
        drawn.errors, drawn.more["add"] = mine, self.add
        for number, item in enumerate(state):
            inner = self.item.draw(f"{name}-{number}", item, theirs[number])
            inner.more |= {"was": of(item, WAS, ""), "number": number + 1, "last": number == len(state) - 1}
            drawn.children.append(inner)
        return drawn

    def act(self, state: State, path: Sequence[str], what: str) -> State:
        state = list(state or [])
        if not path:
            return [*state, {**self.item.blank(), WAS: ""}] if what == "add" else state
        number = int(path[0]) if path[0].isdecimal() else -1
        if not 0 <= number < len(state):
            return state
        if len(path) > 1:
            state[number] = {WAS: of(state[number], WAS, ""), **self.item.act(state[number], path[1:], what)}
        elif what == "remove":
            del state[number]
        elif what in ("up", "down"):
            other = number + (1 if what == "down" else -1)
            if 0 <= other < len(state):
                state[number], state[other] = state[other], state[number]
        return state


class Pairs(Items):
    """A mapping of keys to values, each on a line; in the row they have no order of their own."""

    kind = "items"

    def __init__(self, key: Field, value: Field, label: Any = "", help_text: Any = "", *, add: Any = "") -> None:
        super().__init__(Record({"key": key, "value": value}), label, help_text, add=add)

    def show(self, value: Any) -> State:
        there = value if isinstance(value, Mapping) else {}
        return [
            {**self.item.show({"key": key, "value": inner}), WAS: str(number)}
            for number, (key, inner) in enumerate(sorted(there.items()))
        ]

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        there = sorted(original.items()) if isinstance(original, Mapping) else []
        found: dict[str, Any] = {}
        for number, item in enumerate(state or []):
            was = of(item, WAS, "")
            key, before = there[int(was)] if was.isdecimal() and int(was) < len(there) else (ABSENT, ABSENT)
            typed = self.item.fields["key"].read(of(item, "key", ""), key, wrong, (*path, number, "key"))
            value = self.item.fields["value"].read(of(item, "value", ""), before, wrong, (*path, number, "value"))
            if typed is ABSENT and value is ABSENT:
                continue
            if typed is ABSENT:
                wrong.append(((*path, number, "key"), _("Say what this is for.")))
            elif typed in found:
                wrong.append(((*path, number, "key"), _("This stands twice; keep one.")))
            else:
                found[typed] = value if value is not ABSENT else {} if isinstance(before, Mapping) else ""
        return found or ABSENT

    def draw(self, name: str, state: State, errors: Wrong) -> Drawn:
        keys = {of(item, "key", ""): number for number, item in enumerate(state or [])}
        placed: Wrong = []
        for path, message in errors:
            if path and isinstance(path[0], str) and path[0] in keys:
                path = (keys[path[0]], "key" if path[1:2] == ("[key]",) else "value", *path[1:])
            placed.append((path, message))
        drawn = super().draw(name, state, placed)
        drawn.more["pairs"] = True
        return drawn
