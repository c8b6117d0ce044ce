"""An edition that extends another: what it writes is laid over its base.

    whole = overlay(base, over)

- A mapping over a mapping is merged key by key, and `null` removes the key.
- A mapping over a list whose items have a `key` (scenarios: a `name`) changes the items by key. `null` removes an
  item, and a new key is added at the end.
- Everything else replaces what the base says: a list, a text, a number.
- A condition (`when`), a length of time (`business`, `elapsed`) and a scenario are wholes: they are replaced, never
  mixed.

Pure. The result knows the file and line of each part, in whichever of the two it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playbook.core.entries import identity
from playbook.core.source import Place, Problem, Source, SourceError

_WHOLES = frozenset({"when", "case", "expect"})
_TIMES = frozenset({"business", "elapsed"})


def overlay(base: Source, over: Source) -> Source:
    """The base with `over` laid upon it. Neither is changed.

    Raises SourceError with every `null` that removes nothing, and every list that cannot be changed by key.
    """
    work = _Overlay(base.marks, over.marks)
    document = work.mapping(base.document, over.document, (), (), ())
    if work.problems:
        raise SourceError(*work.problems)
    return Source(document, work.marks)


class _Overlay:
    """Lays values over values. Every step has three places: in the base, in what lies above, and in the result."""

    def __init__(self, base: Mapping[Place, str], over: Mapping[Place, str]) -> None:
        self.base = base
        self.over = over
        self.marks: dict[Place, str] = {}
        self.problems: list[Problem] = []

    def mapping(
        self, base: Mapping[str, Any], over: Mapping[str, Any], below: Place, above: Place, place: Place
    ) -> dict[str, Any]:
        self._mark(self.over if above in self.over else self.base, above if above in self.over else below, place)
        result: dict[str, Any] = {}
        for key, value in base.items():
            at = (*place, key)
            if key not in over:
                result[key] = self._copy(value, self.base, (*below, key), at)
            elif over[key] is not None:
                result[key] = self._value(key, value, over[key], (*below, key), (*above, key), at)
        for key, value in over.items():
            if key in base:
                continue
            if value is None:
                self._wrong((*above, key), "there is nothing to remove; the base has no such key")
            else:
                result[key] = self._copy(value, self.over, (*above, key), (*place, key))
        return result

    def _value(self, key: str, base: Any, over: Any, below: Place, above: Place, place: Place) -> Any:
        if isinstance(over, Mapping) and key not in _WHOLES and not _TIMES & set(over):
            if isinstance(base, Mapping):
                return self.mapping(base, over, below, above, place)
            if isinstance(base, list):
                return self._items(base, over, below, above, place)
        return self._copy(over, self.over, above, place)

    def _items(self, base: list[Any], over: Mapping[str, Any], below: Place, above: Place, place: Place) -> list[Any]:
        named = identity(place)
        if not all(isinstance(item, Mapping) and isinstance(item.get(named), str) for item in base):
            self._wrong(above, f"the items of this list have no `{named}`, so write the whole list")
            return []
        self._mark(self.over, above, place)
        result: list[Any] = []
        known = {item[named] for item in base}
        for number, item in enumerate(base):
            name, at, here = item[named], (*below, number), (*place, len(result))
            if name not in over:
                result.append(self._copy(item, self.base, at, here))
            elif isinstance(over[name], Mapping):
                result.append(
                    self.mapping(item, {named: name, **over[name]}, at, (*above, name), here)
                    if named == "key"
                    else self._copy({named: name, **over[name]}, self.over, (*above, name), here)
                )
            elif over[name] is not None:
                self._wrong((*above, name), "write a mapping, or `null` to remove it")
        for name, item in over.items():
            if name in known:
                continue
            if not isinstance(item, Mapping):
                self._wrong((*above, name), "there is nothing to remove; the base has no such item")
                continue
            result.append(self._copy({named: name, **item}, self.over, (*above, name), (*place, len(result))))
        return result

    def _copy(self, value: Any, marks: Mapping[Place, str], at: Place, place: Place) -> Any:
        self._mark(marks, at, place)
        if isinstance(value, Mapping):
            return {key: self._copy(inner, marks, (*at, key), (*place, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._copy(inner, marks, (*at, n), (*place, n)) for n, inner in enumerate(value)]
        return value

    def _mark(self, marks: Mapping[Place, str], at: Place, place: Place) -> None:
        if (mark := marks.get(at)) is not None:
            self.marks[place] = mark

    def _wrong(self, at: Place, message: str) -> None:
        self.problems.append(Source({}, self.over).problem(at, message))
