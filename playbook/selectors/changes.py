"""What changed from version to version, for a reader."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from escalations.models import PolicyVersion
from playbook.core.diff import ABSENT, Address, Change, Content, diff, for_reader, marked
from playbook.core.diff.changelog import Group, groups
from playbook.core.diff.history import touches
from playbook.core.diff.prose import Block
from playbook.core.diff.value import EDITION
from playbook.core.entries import OUTSIDE
from playbook.core.restricted import visible
from playbook.models import Edition, Entry
from playbook.selectors.reading import Book, book_of


@dataclass(frozen=True, slots=True)
class Reworded:
    """The text of a page that changed, word by word, as far as the reader may read it."""

    key: str
    language: str
    blocks: tuple[Block, ...]


def between(old: PolicyVersion, new: PolicyVersion) -> tuple[Change, ...]:
    """Everything that differs from one version to another. Worked out once in a process; show it by `for_reader`."""
    return _between(book_of(old), book_of(new))


@lru_cache(maxsize=64)
def _between(old: Book, new: Book) -> tuple[Change, ...]:
    return diff(_content(old), _content(new))


def _content(book: Book) -> Content:
    """A version's content. What it is tried with (scenarios) and what became of keys are not in it: they are read by
    those who write."""
    texts = {f"{language}/{key}": text for language, pages in book.texts.items() for key, text in pages.items()}
    return Content.of(book.policy, texts)


def told(
    old: PolicyVersion, new: PolicyVersion, classes: Collection[str], category: str = ""
) -> Sequence[Group]:
    """The changes for a reader, by whom they affect, each with its reason; of one category where it is named. One
    query for the reasons."""
    found = between(old, new)
    if category:
        found = tuple(change for change in found if touches(change, category))
    return groups(found, rationales(new), classes)


def rationales(version: PolicyVersion) -> Mapping[Address, str]:
    """Why rows of a version were changed, as their authors wrote it. One query."""
    rows = (
        Entry.objects.filter(edition__edition_digest=version.edition_digest, edition__state=Edition.State.PUBLISHED)
        .exclude(rationale="")
        .values_list("part", "section", "key", "rationale")
    )
    return {
        Address(EDITION if section in OUTSIDE else part, section, key or None): why for part, section, key, why in rows
    }


def reworded(old: PolicyVersion, new: PolicyVersion, name: str, classes: Collection[str]) -> Reworded | None:
    """How the text of a page (`en/guide.start`) changed, in the words that a reader with these classes may read. None
    when it is in one of the versions alone, or reads the same."""
    language, _, key = name.partition("/")
    before, after = (book_of(one).texts.get(language, {}).get(key) for one in (old, new))
    if before is None or after is None:
        return None
    one, other = visible(before, classes), visible(after, classes)
    return Reworded(key, language, marked(one, other)) if one != other else None


def touched(old: PolicyVersion, new: PolicyVersion, classes: Collection[str]) -> frozenset[str]:
    """The pages (`guide.start`, `category.order.damaged`) that read otherwise in the new version for a reader with
    these classes."""
    if old.edition_digest == new.edition_digest:
        return frozenset()
    return _touched(book_of(old), book_of(new), frozenset(classes))


@lru_cache(maxsize=256)
def _touched(old: Book, new: Book, classes: frozenset[str]) -> frozenset[str]:
    found: set[str] = set()
    shown = for_reader(_between(old, new), classes)
    for change in shown:
        if change.section == "pages" and change.address.key:
            if change.withheld and change.before is ABSENT and change.after is ABSENT:
                language, _, key = change.address.key.partition("/")
                texts = (visible(book.texts.get(language, {}).get(key, ""), classes) for book in (old, new))
                if len(set(texts)) == 1:
                    continue  # what changed stands in a passage that is not theirs
            found.add(change.address.key.partition("/")[2])
        found |= {f"category.{code}" for code in change.categories if touches(change, code)}
    return frozenset(found)
