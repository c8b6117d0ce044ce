"""The builder of conditions: groups of comparisons, made of ordinary controls and buttons that the server answers.

A comparison is a fact, how it is compared, and with what; what may be chosen hangs on the fact. A group says whether
all, at least one or none of its parts must hold. `not` around anything is a group of which none may hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from escalations.core.policy.values import OPERATORS
from playbook.forms.lengths import Unreadable, read_amounts, show_amounts
from playbook.forms.parts import ABSENT, Drawn, Field, Options, Path, State, Wrong, of, with_chosen

DEEPEST = 8
GROUPS: Options = (
    ("all", _("All of these hold")),
    ("any", _("At least one of these holds")),
    ("none", _("None of these holds")),
)
COMPARED: Mapping[str, Any] = {
    "eq": _("is"),
    "ne": _("is not"),
    "in": _("is one of"),
    "gte": _("is at least"),
    "lte": _("is at most"),
    "contains": _("contains"),
    "present": _("is known"),
}
FITTING: Mapping[str, Sequence[str]] = {
    "flag": ("eq", "ne", "present"),
    "number": ("gte", "lte", "eq", "ne", "in", "present"),
    "money": ("gte", "lte", "present"),
    "text": ("eq", "ne", "in", "present"),
    "list": ("contains", "present"),
}
"""What suits a fact of each type, the likeliest first: as `policy.references` checks it."""
YES_NO: Options = (("yes", _("yes")), ("no", _("no")))


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact that may be compared: its type and, where it has few values, these."""

    key: str
    name: str
    type: str
    values: Options = ()


class ConditionField(Field):
    """When something applies. Without a condition it always does."""

    kind = "condition"

    def __init__(self, facts: Mapping[str, KnownFact], channels: Options, label: Any = "", help_text: Any = "") -> None:
        super().__init__(label, help_text)
        self.facts, self.channels = facts, channels

    def unsent(self) -> State:
        return {}

    # ---------------------------------------------------------------------------------------------- as controls hold it

    def show(self, value: Any) -> State:
        if not isinstance(value, Mapping):
            return {}
        for word in ("all", "any"):
            if word in value:
                return {"kind": word, "parts": [self.show(part) for part in value[word]]}
        if "not" in value:
            inner = value["not"]
            parts = inner["any"] if isinstance(inner, Mapping) and "any" in inner else [inner]
            return {"kind": "none", "parts": [self.show(part) for part in parts]}
        op = next((op for op in OPERATORS if op in value), "")
        fact = str(value.get("fact", ""))
        return {
            "kind": "test",
            "fact": fact,
            "op": op,
            "value": _shown(value.get(op)),
            "visibility": str(value.get("visibility") or ""),
        }

    def same(self, one: State, other: State) -> bool:
        return _plain(one) == _plain(other)

    # ------------------------------------------------------------------------------------------------------ and back

    def parse(self, state: State, original: Any, wrong: Wrong, path: Path) -> Any:
        # A comparison that nobody touched stays as it is written, though another one changed.
        return self._parsed(state, {repr(_plain(self.show(test))): test for test in _tests(original)}, wrong, path)

    def _parsed(self, state: State, kept: Mapping[str, Any], wrong: Wrong, path: Path) -> Any:
        kind = of(state, "kind", "")
        if kind == "test":
            same = kept.get(repr(_plain(state)))
            return self._test(state, wrong, path) if same is None else same
        if kind not in ("all", "any", "none"):
            return ABSENT
        parts = []
        for number, part in enumerate(of(state, "parts", [])):
            value = self._parsed(part, kept, wrong, (*path, number))
            if value is not ABSENT:
                parts.append(value)
        if not parts:
            if not wrong:
                wrong.append((path, str(_("This group is empty: add a comparison, or take the group away."))))
            return ABSENT
        if kind == "none":
            return {"not": parts[0] if len(parts) == 1 else {"any": parts}}
        return {kind: parts}

    def _test(self, state: State, wrong: Wrong, path: Path) -> Any:
        key, op = of(state, "fact", ""), of(state, "op", "")
        if not key or not op:
            wrong.append((path, str(_("Choose a fact, and how it is compared."))))
            return ABSENT
        try:
            value = self._value(self.facts.get(key), op, of(state, "value", ""))
        except Unreadable as error:
            wrong.append((path, str(error)))
            return ABSENT
        guard = of(state, "visibility", "")
        return {"fact": key, op: value, **({"visibility": guard} if guard else {})}

    @staticmethod
    def _value(fact: KnownFact | None, op: str, typed: State) -> Any:
        kind = fact.type if fact else "text"
        words = [str(item).strip() for item in (typed if isinstance(typed, list) else [typed]) if str(item).strip()]
        if not words:
            raise Unreadable(str(_("Say with what it is compared.")))
        if op == "present" or kind == "flag":
            return words[0] == "yes"
        if kind == "money":
            return read_amounts(words[0])
        if op == "in":
            listed = words if isinstance(typed, list) else [item.strip() for item in words[0].split(",")]
            return [_number(item) if kind == "number" else item for item in listed if item]
        return _number(words[0]) if kind == "number" else words[0]

    # --------------------------------------------------------------------------------------------------------- drawn

    def draw(self, name: str, state: State, errors: Wrong) -> Drawn:
        drawn = super().draw(name, "", [])
        tests = [(tuple(step for step in path if step not in _WORDS), message) for path, message in errors]
        drawn.errors = list(dict.fromkeys(message for path, message in tests if not path))
        if of(state, "kind", ""):
            drawn.children = [self._node(name, state, [(path, said) for path, said in tests if path], depth=0)]
        return drawn

    def _node(self, name: str, state: State, errors: Wrong, depth: int) -> Drawn:
        if of(state, "kind", "") == "test":
            return self._drawn_test(name, state, errors)
        parts = of(state, "parts", [])
        node = Drawn("group", name, options=GROUPS, value=of(state, "kind", "all"))
        node.more = {"deep": depth < DEEPEST, "root": depth == 0}
        for number, part in enumerate(parts):
            mine: Wrong = [(path[1:], said) for path, said in errors if path and path[0] == number]
            inner = self._node(f"{name}-parts-{number}", part, mine, depth + 1)
            if inner.kind == "group":
                inner.errors = [said for path, said in mine if not path]
            inner.more |= {"number": number + 1}
            node.children.append(inner)
        return node

    def _drawn_test(self, name: str, state: State, errors: Wrong) -> Drawn:
        key, op, typed = of(state, "fact", ""), of(state, "op", ""), of(state, "value", "")
        fact = self.facts.get(key)
        fitting = FITTING[fact.type] if fact else OPERATORS
        chosen = [typed] if isinstance(typed, str) else list(typed)
        node = Drawn("test", name, errors=[message for _path, message in errors])
        values: Options = ()
        shape = "text"
        if op == "present" or (fact and fact.type == "flag"):
            values, shape = YES_NO, "choice"
        elif fact and fact.values:
            values, shape = fact.values, "several" if op == "in" else "choice"
        elif isinstance(typed, list):
            chosen = [", ".join(typed)]
        children = [
            Drawn(
                "choice", f"{name}-fact", _("Fact"), value=key,
                options=with_chosen([("", _("choose a fact")), *((f.key, f.name) for f in self.facts.values())], [key]),
            ),
            Drawn(
                "choice", f"{name}-op", _("Compared"), value=op,
                options=with_chosen([(word, COMPARED[word]) for word in fitting], [op]),
            ),
        ]  # fmt: skip
        value = Drawn(shape, f"{name}-value", _("With"), value=chosen[0] if chosen else "", options=values)
        if shape == "several":
            value.value, value.options = chosen, with_chosen(values, chosen)
        elif shape == "choice":
            value.options = with_chosen([("", _("choose")), *values], chosen[:1])
        node.children = [*children, value]
        if self.channels or of(state, "visibility", ""):
            guard = of(state, "visibility", "")
            options = with_chosen([("", _("shown to everybody")), *self.channels], [guard])
            node.children.append(Drawn("choice", f"{name}-visibility", _("Shown to"), value=guard, options=options))
        node.more["hint"] = {
            "money": _("EUR 500, USD 550"),
            "number": _("a whole number"),
        }.get(fact.type if fact else "", "")
        return node

    # ------------------------------------------------------------------------------------------------------- buttons

    def act(self, state: State, path: Sequence[str], what: str) -> State:
        state = dict(state) if isinstance(state, Mapping) else {}
        if path and path[0] == "parts":
            parts = list(of(state, "parts", []))
            number = int(path[1]) if len(path) > 1 and path[1].isdecimal() else -1
            if not 0 <= number < len(parts):
                return state
            if len(path) == 2 and what == "remove":
                del parts[number]
                return {**state, "parts": parts} if parts else {}
            parts[number] = self.act(parts[number], path[2:], what)
            return {**state, "parts": [part for part in parts if part]}
        if what == "refresh":
            return self._refitted(state)
        if what == "remove":
            return {}
        if what == "test":
            return self._with(state, NEW_TEST)
        if what == "group":
            return self._with(state, {"kind": "any", "parts": [dict(NEW_TEST)]})
        return state

    @staticmethod
    def _with(state: State, part: Mapping[str, Any]) -> State:
        """The state with another part: in its group, or in one around it."""
        kind = of(state, "kind", "")
        if not kind:
            return dict(part)
        if kind == "test":
            return {"kind": "all", "parts": [state, dict(part)]}
        return {**state, "parts": [*of(state, "parts", []), dict(part)]}

    def _refitted(self, state: State) -> State:
        """A state in which each comparison suits its fact: another fact was chosen."""
        if of(state, "kind", "") != "test":
            return {**state, "parts": [self._refitted(part) for part in of(state, "parts", [])]} if state else state
        fact, op = self.facts.get(of(state, "fact", "")), of(state, "op", "")
        if fact is None:
            return state
        if op not in FITTING[fact.type]:
            return {**state, "op": FITTING[fact.type][0], "value": ""}
        known = {key for key, _label in (YES_NO if op == "present" or fact.type == "flag" else fact.values)}
        typed = state.get("value", "")
        listed = [item for item in (typed if isinstance(typed, list) else [typed]) if not known or item in known]
        return {**state, "value": listed if op == "in" else (listed[0] if listed else "")}


NEW_TEST: Mapping[str, Any] = {"kind": "test", "fact": "", "op": "", "value": "", "visibility": ""}
_WORDS = frozenset(["all", "any", "not", "negated"])


def _tests(written: Any) -> Iterator[Any]:
    """Every comparison in a condition as it is written."""
    if not isinstance(written, Mapping):
        return
    if "fact" in written:
        yield written
    for part in (*(written.get("all") or ()), *(written.get("any") or ()), written.get("not")):
        yield from _tests(part)


def _shown(value: Any) -> State:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return show_amounts(value)
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return "" if value is None else str(value)


def _plain(state: State) -> State:
    """A state as text, whether lists came as one text or as several."""
    if not isinstance(state, Mapping) or not state.get("kind"):
        return {}
    if state["kind"] == "test":
        value = state.get("value", "")
        listed = value if isinstance(value, list) else [part.strip() for part in str(value).split(",")]
        # An order of values says nothing; that of amounts is the same always.
        return ("test", *(state.get(key, "") for key in ("fact", "op", "visibility")), sorted(map(str, listed)))
    return (state["kind"], [_plain(part) for part in state.get("parts", [])])


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Unreadable(str(_("Write a whole number."))) from None
