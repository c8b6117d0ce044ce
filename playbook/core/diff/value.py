"""The values of a difference: what is compared, where something stands, what changed there, and whom it affects."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple, Self, cast

from escalations.core.policy import Policy
from escalations.core.scenario import Scenario
from playbook.core.compiling import Compiled
from playbook.core.entries import ALONE, CENTRE, OUTSIDE, VARIANT

Kind = Literal["added", "removed", "changed", "moved", "renamed"]
WhoKind = Literal["party", "team", "region", "level", "language"]
Place = tuple[str, ...]
"""A path in `Content.tree`; things in lists are named by their key, never by their number."""


class Absent(Enum):
    """The value of what is not there. None is a value of its own: `rule: null` says that no rule may match."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT

POLICY, EDITION = "policy", "edition"


class Address(NamedTuple):
    """Where something stands in an edition.

    part     `policy` (its title), `central`, `variants.REGION` (as in `Policy.part_digests`), or `edition`
    section  such as `categories`, `rules`, `pages`; empty for a part as a whole
    key      of the category, rule, page, ...; None where the section is one thing (`defaults`)
    path     inside it, such as `("targets", "first_response")`
    """

    part: str
    section: str = ""
    key: str | None = None
    path: tuple[str, ...] = ()

    @property
    def region(self) -> str | None:
        """The region whose variant this is in."""
        return self.part.removeprefix(VARIANT) if self.part.startswith(VARIANT) else None

    @property
    def entry(self) -> Address:
        """The whole rule, category, page, ... that this is in."""
        return self._replace(path=())

    @property
    def place(self) -> Place:
        """The path in `Content.tree`."""
        start: Place = {POLICY: ("policy",), CENTRE: ("policy", "central"), EDITION: ()}.get(
            self.part, ("policy", "variants", self.part.removeprefix(VARIANT))
        )
        return (*start, *filter(None, [self.section]), *([] if self.key is None else [self.key]), *self.path)

    def __str__(self) -> str:
        named = (self.part, self.section, self.key, *self.path)
        return "/".join(part for part in named if part)


def address_of(place: Place) -> Address:
    """The address of a path in `Content.tree`: the inverse of `Address.place`."""
    if place[0] in OUTSIDE:
        part, rest = EDITION, place
    elif place[1:2] == ("central",):
        part, rest = CENTRE, place[2:]
    elif place[1:2] == ("variants",) and len(place) > 2:
        part, rest = VARIANT + place[2], place[3:]
    else:
        part, rest = POLICY, place[1:]
    section = rest[0] if rest else ""
    if len(rest) < 2 or (part == CENTRE and section in ALONE):
        return Address(part, section, None, rest[1:])
    return Address(part, section, rest[1], rest[2:])


class Who(NamedTuple):
    """Somebody whom a change affects: buyers, a team, a region, a level, or who reads a language."""

    kind: WhoKind
    key: str
    name: str


@dataclass(frozen=True)
class Content:
    """What one edition says, as plain JSON values: what is compared.

    `policy` is a document as `Policy.document()` writes it; one that was only read may have spans and amounts in
    other words for the same. A document with fields that no reader knows can be compared too.
    """

    policy: Mapping[str, Any]
    texts: Mapping[str, str] = field(default_factory=dict)
    scenarios: Sequence[Mapping[str, Any]] = ()
    successors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        policy: Compiled | Policy | Mapping[str, Any],
        texts: Mapping[str, str] | None = None,
        scenarios: Sequence[Scenario | Mapping[str, Any]] = (),
        successors: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Self:
        """The content of an edition: its policy (or the document), page name -> text, scenarios, successors.

        An edition that was compiled brings all but its scenarios, which stand in its source:
        `Content.of(compiled, scenarios=source.document["scenarios"])`.
        """
        if isinstance(policy, Compiled):
            texts, successors, policy = texts or policy.texts, successors or policy.successors, policy.policy
        return cls(
            policy.document() if isinstance(policy, Policy) else policy,
            texts or {},
            tuple(
                one.model_dump(mode="json", exclude_unset=True) if isinstance(one, Scenario) else one
                for one in scenarios
            ),
            successors or {},
        )

    @cached_property
    def tree(self) -> dict[str, Any]:
        """All of it as one JSON value; `canonical` of it is the form in which two editions are the same."""
        return {
            "policy": self.policy,
            "pages": dict(self.texts),
            "scenarios": list(self.scenarios),
            "successors": {section: dict(keys) for section, keys in self.successors.items()},
        }


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. `before` and `after` are plain JSON values, ABSENT where there is none.

    `sentence` is for a reader who may see everything: show `reading.said` or what `for_reader` gives.
    """

    address: Address
    kind: Kind
    before: Any = field(hash=False)
    after: Any = field(hash=False)
    sentence: str
    affected: tuple[Who, ...] = ()
    categories: tuple[str, ...] = ()
    """Codes of the categories that this is about."""
    normative: bool = True
    reason: str = ""
    """Why it is normative, or why it is not."""
    guards: frozenset[str] = frozenset()
    """Classes (keys of channels) that guard the thing itself: without all of them nothing is said of it."""
    guarded_parts: frozenset[str] = frozenset()
    """Classes that guard conditions inside it."""
    sentences: tuple[tuple[frozenset[str], str], ...] = ()
    """What is said to who has just these of `guarded_parts`."""
    listed: bool = False
    """Whether it has a place in a list, after the thing whose key is `follows` (None: it is first)."""
    follows: str | None = None
    follows_guards: frozenset[str] = frozenset()
    """Classes that guard the thing that it follows."""
    withheld: bool = False
    """Whether this is what a reader may see of a change, and not the change: it cannot be applied."""

    @property
    def section(self) -> str:
        return self.address.section


Classes = Collection[str]
"""The visibility classes (keys of channels) that a reader has."""


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one: a draft that does not compile is compared too."""
    return cast("Mapping[str, Any]", value) if type(value) is dict or isinstance(value, Mapping) else {}
