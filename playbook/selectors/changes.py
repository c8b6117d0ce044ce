"""What changed from version to version, for a reader."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from escalations.models import PolicyVersion
from playbook.core.diff import Block, Change, Content, by_party, diff, for_reader, marked, with_reasons
from playbook.core.diff.history import touches
from playbook.core.restricted import visible
from playbook.models import Edition
from playbook.selectors import contents
from playbook.selectors.reading import Book, book_of


class Told(NamedTuple):
    """One change as a reader is told it: whom else it affects, its reason, and a page's words that differ."""

    change: Change
    affected: tuple[str, ...]
    why: str
    words: tuple[Block, ...]


def between(old: PolicyVersion, new: PolicyVersion) -> tuple[Change, ...]:
    """Everything that differs from one version to another. Worked out once in a process; show it by `for_reader`."""
    return _between(book_of(old), book_of(new))


@lru_cache(maxsize=64)
def _between(old: Book, new: Book) -> tuple[Change, ...]:
    return diff(_content(old), _content(new))


def _content(book: Book) -> Content:
    """A version's content. What it is tried with (scenarios) and what became of keys are not in it: they are read by
    those who write."""
    return Content.of(book.policy, book.pages)


def told(
    old: PolicyVersion, new: PolicyVersion, classes: Collection[str], category: str = ""
) -> Sequence[tuple[str, Sequence[Told]]]:
    """The changes for a reader under headings that name whom they affect, each with its reason; of one category where
    it is named. Two queries for the reasons."""
    found = between(old, new)
    if category:
        found = tuple(change for change in found if touches(change, category))
    edition_id = Edition.objects.published_as(new.edition_digest).values_list("pk", flat=True).first()
    reasons = contents.rationales(edition_id) if edition_id is not None else {}
    lines = [
        Told(
            change,
            tuple(who.name for who in change.affected if who.kind != "party"),
            reason,
            _words(old, new, change, classes),
        )
        for change, reason in with_reasons(found, reasons, classes)
    ]
    return list(by_party(lines, lambda line: line.change).items())


def _words(old: PolicyVersion, new: PolicyVersion, change: Change, classes: Collection[str]) -> tuple[Block, ...]:
    """The blocks of a page's text that differ, word by word, as far as the reader may read either text."""
    if change.section != "pages" or not change.address.key:
        return ()
    before, after = (_text(book_of(one), change.address.key, classes) for one in (old, new))
    if before is None or after is None or before == after:
        return ()
    return tuple(block for block in marked(before, after) if block.mark != "kept")


def _text(book: Book, name: str, classes: Collection[str]) -> str | None:
    language, _, key = name.partition("/")
    text = book.texts.get(language, {}).get(key)
    return None if text is None else visible(text, classes)


def touched(old: PolicyVersion, new: PolicyVersion, classes: Collection[str]) -> frozenset[str]:
    """The pages (`guide.start`, `category.order.damaged`) that read otherwise in the new version for a reader with
    these classes."""
    if old.edition_digest == new.edition_digest:
        return frozenset()
    return _touched(book_of(old), book_of(new), frozenset(classes))


@lru_cache(maxsize=256)
def _touched(old: Book, new: Book, classes: frozenset[str]) -> frozenset[str]:
    found: set[str] = set()
    for change in for_reader(_between(old, new), classes):
        if change.section == "pages" and change.address.key:
            if _text(old, change.address.key, classes) == _text(new, change.address.key, classes):
                continue  # what changed stands in a passage that is not theirs
            found.add(change.address.key.partition("/")[2])
        found |= {f"category.{code}" for code in change.categories if touches(change, code)}
    return frozenset(found)
