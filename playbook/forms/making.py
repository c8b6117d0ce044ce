"""Forms made from the models of the policy document: a field for each field, by its type.

So whatever the document may say has a control, and a field that is added to a model is there without being named
here. What has no control of its own is written as YAML.
"""

from __future__ import annotations

import types
from collections.abc import Sequence, Set
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import MaxLen
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from escalations.core.policy import Amounts, Span, Target
from playbook.core.entries import Address, section_of
from playbook.core.rows import model_of
from playbook.forms import groups, parts
from playbook.forms.conditions import ConditionField
from playbook.forms.parts import Field, Options
from playbook.forms.wording import HELP, LENGTH_HELP, label, word
from playbook.forms.world import World

REFERS = {
    "owner": "teams",
    "backups": "teams",
    "team": "teams",
    "specialisms": "specialisms",
    "channel": "channels",
    "level": "levels",
    "from_level": "levels",
    "limits": "levels",
    "ladder": "ladders",
    "protocol": "protocols",
    "remedies": "remedies",
    "calendar": "calendars",
    "on_call": "roles",
    "legal_owner": "roles",
    "parent": "regions",
    "regions": "regions",
    "categories": "scopes",
    "tell": "tell",
    "triggers": "triggers",
    "statutory": "statutory",
    "rule": "rules",
}
"""Fields that name rows, and of which section."""
LONG = 1000
"""Words that may be longer than this get several lines."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FIRST = ("name", "key", "side", "summary")
"""Fields that say what a thing is stand before all others."""
_NAMED_NULL = {"Expected.rule": _("none may match"), "Expected.protocol": _("none")}
_ADD = {
    "evidence": _("Add an item"),
    "path": _("Add a step"),
    "decision_points": _("Add a question"),
    "rungs": _("Add a rung"),
    "symptoms": _("Add a symptom"),
    "root_causes": _("Add a root cause"),
    "limits": _("Add a level"),
    "categories": _("Add a category"),
    "regions": _("Add a region"),
    "date_overrides": _("Add a day"),
}


def form_of(address: Address, world: World, scope: Sequence[str] = ()) -> Field:
    """The field for a whole row. `scope` are the categories that it is about, as far as they are chosen already."""
    maker = _Maker(world, scope)
    section = section_of(address)
    if section.key == "pages":
        return parts.Area(
            _("Text in Markdown"), _("Links: [text](page:guide.handoff), [text](category:order.damaged)."), 24
        )
    if section.key == "successors":
        return parts.Choice(
            world.options(address.key.partition("/")[0]), _("Its place is taken by"), nothing=_("choose")
        )
    held = model_of(address)
    if isinstance(held, type) and issubclass(held, BaseModel):
        leave = {section.named_by} if section.shape == "listed" else set()
        return maker.record(held, leave=leave, needed=True)
    return maker.field("targets" if address.section == "targets" else "", held, "")


class _Maker:
    def __init__(self, world: World, scope: Sequence[str]) -> None:
        self.world, self.scope = world, scope

    def record(
        self,
        model: type[BaseModel],
        label_: Any = "",
        help_: Any = "",
        *,
        leave: Set[str] = frozenset(),
        needed: bool = False,
    ) -> groups.Record:
        """The fields of a model. Those of one single value are left as they are."""
        found = {}
        for name, info in model.model_fields.items():
            annotation = _whole(info)
            if name in leave or (get_origin(annotation) is Literal and len(get_args(annotation)) == 1):
                continue
            made = self.field(name, annotation, f"{_declared(model, name)}.{name}", info)
            found[info.alias or name] = made
        first = {name: found.pop(name) for name in _FIRST if name in found}
        return groups.Record(first | found, label_, help_, needed=needed)

    def field(self, name: str, annotation: Any, place: str, info: FieldInfo | None = None) -> Field:
        """The field for one value."""
        said, more = label(name), HELP.get(place, "")
        inner, optional = _without_none(annotation)
        usual = info.default if info is not None and info.default is not PydanticUndefined else None
        if name == "when":
            return ConditionField(self.world.facts(self.scope), self.world.channels_seen, said, more)
        if name == "visibility":
            return parts.Choice(self.world.channels_seen, said, more, nothing=_("everybody who may read the rule"))
        plain, constraints = _plain(inner)
        origin = get_origin(plain)
        if isinstance(plain, type) and issubclass(plain, BaseModel):
            return self._model(plain, said, more, optional or info is None)
        if origin is Literal:
            options = [(str(value), word(value)) for value in get_args(plain)]
            nothing = None if usual is not None else _("stays as it is") if optional else _("choose")
            return parts.Choice(options, said, more, usual=str(usual or ""), nothing=nothing)
        if origin is tuple:
            return self._many(name, get_args(plain), place, said, more, usual)
        if origin is dict:
            return self._mapping(name, get_args(plain), place, said, more)
        if plain is bool:
            if optional:
                return parts.YesNo(said, more, nothing=_("as the rest says"))
            return parts.Flag(said, more, usual=bool(usual))
        if plain is int:
            return parts.Number(said, more)
        if plain is str and name in REFERS and place != "Stage.key":
            return self._choice(name, place, said, more, optional, usual)
        if plain is str:
            longest = max((limit for limit in map(_longest, constraints) if limit), default=0)
            return parts.Area(said, more, 8 if name == "body" else 3) if longest > LONG else parts.Field(said, more)
        if plain is Any:
            return parts.Written(said, more)
        return parts.Field(said, more)

    def _choice(self, name: str, place: str, said: Any, more: Any, optional: bool, usual: Any) -> Field:
        default = str(usual) if isinstance(usual, str) else ""
        nothing = None if default else _("left open") if optional else _("choose")
        return parts.Choice(
            self.world.options(REFERS[name]), said, more, usual=default, nothing=nothing, null=_NAMED_NULL.get(place)
        )

    def _model(self, model: type[BaseModel], said: Any, more: Any, optional: bool) -> Field:
        if issubclass(model, Target):
            return parts.Promise(said, more or LENGTH_HELP)
        if issubclass(model, Span):
            return parts.Length(said, more or LENGTH_HELP)
        if issubclass(model, Amounts):
            return parts.Money(said, more or _("EUR 150, USD 160"))
        return self.record(model, said, more, needed=not optional)

    def _many(self, name: str, inside: tuple[Any, ...], place: str, said: Any, more: Any, usual: Any) -> Field:
        item, _constraints = _plain(inside[0])
        if isinstance(item, type) and issubclass(item, BaseModel):
            return groups.Items(self.record(item, needed=True), said, more, add=_ADD.get(name, _("Add one")))
        if get_origin(item) is Literal:
            return parts.Several(_words(get_args(item)), said, more, usual=usual or ())
        if name == "tell":
            return parts.Several(self.world.options("tell"), said, more, usual=usual or ())
        if name in REFERS:
            return parts.Ranked(self.world.options(REFERS[name]), said, more)
        return parts.Lines(said, more)

    def _mapping(self, name: str, inside: tuple[Any, ...], place: str, said: Any, more: Any) -> Field:
        key, value = inside
        key, _constraints = _plain(key)
        if name == "weekly_hours":
            return groups.Record({day: parts.Hours(label(day)) for day in DAYS}, said, more, needed=True)
        if name == "date_overrides":
            return groups.Pairs(parts.Field(_("Day")), parts.Hours(_("Hours")), said, more, add=_ADD[name])
        if value is Any:
            return parts.Written(said, more, 6)
        if get_origin(key) is Literal:
            fixed = {kind: self._valued(kind, value) for kind in get_args(key)}
            for made in fixed.values():
                made.help = ""  # it is said once, of them all
            return groups.Record(fixed, said, more or LENGTH_HELP)
        named: Field = parts.Field(_("Key"))
        if name in REFERS:
            named = parts.Choice(self.world.options(REFERS[name]), label(REFERS[name])[:-1], nothing=_("choose"))
        return groups.Pairs(named, self._valued(name, value), said, more, add=_ADD.get(name, _("Add one")))

    def _valued(self, name: str, value: Any) -> Field:
        made = self.field("" if name in REFERS else name, value, "")
        if isinstance(made, groups.Record):
            made.label = label(name)
        elif name in _ADD:
            made.label = _("Name") if isinstance(made, parts.Field) and type(made) is parts.Field else _("Value")
        else:
            made.label = label(name)
        return made


def _words(values: Sequence[Any]) -> Options:
    return [(str(value), word(value)) for value in values]


def _declared(model: type[BaseModel], name: str) -> str:
    """The name of the model in which a field is written."""
    for above in reversed(model.__mro__):
        if name in getattr(above, "__annotations__", {}):
            return above.__name__
    return model.__name__


def _whole(info: FieldInfo) -> Any:
    """A field's annotation with what constrains it."""
    return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation  # type: ignore[return-value]


def _plain(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(annotation) is Annotated:
        inner, *constraints = get_args(annotation)
        plain, more = _plain(inner)
        return plain, (*constraints, *more)
    return annotation, ()


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """An annotation without None, and whether it had one."""
    plain, _constraints = _plain(annotation)
    if get_origin(plain) in (Union, types.UnionType) and type(None) in get_args(plain):
        rest = [arg for arg in get_args(plain) if arg is not type(None)]
        return (rest[0] if len(rest) == 1 else Union[tuple(rest)]), True  # noqa: UP007
    return annotation, False


def _longest(constraint: Any) -> int | None:
    if isinstance(constraint, StringConstraints):
        return constraint.max_length
    return constraint.max_length if isinstance(constraint, MaxLen) else None
