"""Where the pages of the playbook are, and where the links inside its texts lead."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from playbook.core import restricted
from playbook.core.contents import language_for
from playbook.core.markup import Resolve
from playbook.selectors.reading import Book


def address(name: str, number: int | None = None, **arguments: str) -> str:
    """The address of a page of the playbook, in force (None) or of the version of this number."""
    if number is not None:
        return reverse(f"playbook:{name}", kwargs={"number": number, **arguments})
    return reverse(f"playbook:{name}", kwargs=arguments)


def resolver(book: Book, classes: Collection[str], number: int | None) -> Resolve:
    """Where the links inside texts of a book lead for a reader; what they may not see is not linked to."""

    def resolve(kind: str, key: str) -> str | None:
        if kind == "category" or key.startswith("category."):
            code = key.removeprefix("category.") if kind == "page" else key
            return address("category", number, code=code) if code in book.policy.central.categories else None
        there = language_for(book.texts, key, "en") is not None
        if not there or not restricted.page_guards(book.policy, key) <= frozenset(classes):
            return None
        return address("page", number, key=key)

    return resolve
