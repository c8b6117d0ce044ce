"""The difference of two editions: every part that differs, told in words, with whom it affects and who may read it."""

from __future__ import annotations

from itertools import combinations

from playbook.core.diff.affected import affected
from playbook.core.diff.comparing import Edit, edits
from playbook.core.diff.guarding import guards, guards_inside
from playbook.core.diff.lanes import lane
from playbook.core.diff.saying import say
from playbook.core.diff.value import ABSENT, Change, Content, Kind
from playbook.core.diff.words import Side, Telling

_MOST_SUBSETS = 3
_THINGS = frozenset(
    [
        *("targets", "symptoms", "root_causes", "evidence", "path", "limits", "rungs", "date_overrides"),
        *("weekly_hours", "due", "categories", "regions"),
    ]
)
"""Fields whose parts come and go; any other field only has another value."""


def diff(old: Content, new: Content) -> tuple[Change, ...]:
    """Everything that differs between two editions, in reading order; empty exactly when nothing does.

    Pure and deterministic. `apply(old, diff(old, new))` gives the new edition.
    """
    found = edits(old, new)
    teller = _Teller(Side(old), Side(new)) if found else None
    return tuple(teller.change(edit) for edit in found) if teller else ()


class _Teller:
    """Tells edits, and notes which classes each sentence asked for."""

    def __init__(self, old: Side, new: Side) -> None:
        self.old, self.new = old, new
        self._asked: set[str] = set()
        self._all = Telling(old, new, self._note)

    def _note(self, visibility: str) -> bool:
        self._asked.add(visibility)
        return True

    def change(self, edit: Edit) -> Change:
        self._asked.clear()
        sentence = say(self._all, edit)
        guarding = guards(self._all, edit)
        parts = (guards_inside(self._all, edit) | self._asked) - guarding
        normative, reason = lane(edit)
        codes, who = affected(self._all, edit)
        return Change(
            address=edit.address,
            kind=kind_of(edit),
            before=edit.before,
            after=edit.after,
            sentence=_capital(sentence),
            affected=who,
            categories=codes,
            normative=normative,
            reason=reason,
            guards=guarding,
            guarded_parts=parts,
            sentences=tuple(self._for_less(edit, guarding, parts)),
            listed=edit.listed,
            follows=edit.follows,
            follows_guards=self._follows(edit),
        )

    def _follows(self, edit: Edit) -> frozenset[str]:
        if edit.follows is None or len(edit.address.path) > 0:
            return frozenset()
        return guards(self._all, edit._replace(address=edit.address._replace(key=edit.follows)))

    def _for_less(
        self, edit: Edit, guarding: frozenset[str], parts: frozenset[str]
    ) -> list[tuple[frozenset[str], str]]:
        """What is said to who has the classes of the thing, and some but not all of those of its parts."""
        sizes = range(len(parts)) if len(parts) <= _MOST_SUBSETS else (0,)
        told = []
        for size in sizes:
            for some in map(frozenset, combinations(sorted(parts), size)):
                may_see = some | guarding
                told.append((some, _capital(say(Telling(self.old, self.new, may_see.__contains__), edit))))
        return told


def kind_of(edit: Edit) -> Kind:
    """What became of it."""
    path, section = edit.address.path, edit.address.section
    both = edit.before is not ABSENT and edit.after is not ABSENT
    if edit.moved or (both and section == "rules" and path == ("priority",)):
        return "moved"
    if both:
        label = section == "categories" and len(path) == 2 and path[0] in ("symptoms", "root_causes")
        is_title = section == "title" and edit.address.part == "policy"
        return "renamed" if path[-1:] == ("name",) or label or is_title else "changed"
    comes_and_goes = (
        not path
        or edit.listed
        or (path[-2:-1] and path[-2] in _THINGS)
        or (len(path) == 1 and section in ("messages", "successors"))
    )
    if not comes_and_goes or (edit.address.key is None and edit.after in ({}, [])):
        return "changed"
    return "added" if edit.before is ABSENT else "removed"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
