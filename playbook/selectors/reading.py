"""Versions of the playbook as people read them: which is in force, what it says, what a reader may see of it.

A version never changes, so a process loads each once (`book_of`) and keeps it. Which one is in force is asked anew on
every page: that answer may change at any second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.db.models import QuerySet

from escalations.core.policy import Policy, Rule, Trigger, tests_of
from escalations.errors import NoPolicy
from escalations.models import Channel, PolicyText, PolicyVersion, User
from escalations.models.reach import Reach
from escalations.selectors import law, registry
from playbook.core import restricted
from playbook.models import PageReading


@dataclass(frozen=True, eq=False)
class Book:
    """What a version says: its policy, and its texts by language and key. One object for each version and process."""

    policy: Policy
    texts: Mapping[str, Mapping[str, str]]
    digest: str

    @cached_property
    def pages(self) -> Mapping[str, str]:
        """The same texts by page name, as in `en/guide.start`."""
        return {f"{language}/{key}": text for language, texts in self.texts.items() for key, text in texts.items()}

    @cached_property
    def guards(self) -> frozenset[str]:
        """The visibility classes that guard anything in it."""
        central, parts = self.policy.central, self.policy.variants.values()
        ruling: tuple[Rule | Trigger, ...] = (
            *central.rules,
            *(rule for part in parts for rule in part.rules),
            *central.triggers,
        )
        asked = [*(row.when for row in ruling), *(row.when for row in central.statutory.values())]
        conditions = [condition for condition in asked if condition is not None]
        found = {row.visibility for row in ruling}
        found |= {fact.visibility for fact in central.facts.values()}
        found |= {test.visibility for condition in conditions for test in tests_of(condition)}
        texts = (text for pages in self.texts.values() for text in pages.values())
        found |= {guard for text in texts for guard in restricted.guards(text)}
        return frozenset(guard for guard in found if guard is not None)


@dataclass(frozen=True, slots=True)
class Version:
    """A version among the others: since when it is in force, and until when it was (None: no end is known)."""

    row: PolicyVersion
    until: dt.datetime | None
    standing: str
    """`in force`, `to come`, `earlier`, or `never` for one that another overtook before it began."""

    @property
    def number(self) -> int:
        return self.row.number


def book_of(version: PolicyVersion) -> Book:
    """What a version says. Two queries the first time in a process, then none."""
    return _book(version.edition_digest, version.pk)


@lru_cache(maxsize=12)
def _book(edition_digest: str, version_id: int) -> Book:
    pages = PolicyVersion.objects.filter(pk=version_id).values_list("pages", flat=True).get()
    bodies = dict(PolicyText.objects.filter(digest__in=set(pages.values())).values_list("digest", "body"))
    texts: dict[str, dict[str, str]] = {}
    for name, digest in sorted(pages.items()):
        language, _, key = name.partition("/")
        texts.setdefault(language, {})[key] = bodies[digest]
    return Book(law.policy_of(version_id), texts, edition_digest)


def versions(now: dt.datetime) -> Sequence[Version]:
    """All versions, the newest first. One query. Raises NoPolicy when there is none."""
    rows = sorted(PolicyVersion.objects.all(), key=lambda row: (row.effective_at, row.number), reverse=True)
    if not rows:
        raise NoPolicy
    current = next((row for row in rows if row.effective_at <= now), None)
    found: list[Version] = []
    after: PolicyVersion | None = None
    for row in rows:
        until = after.effective_at if after is not None else None
        if row is current:
            standing = "in force"
        elif row.effective_at > now:
            standing = "to come"
        else:
            standing = "never" if until is not None and until <= row.effective_at else "earlier"
        found.append(Version(row, until, standing))
        after = row
    return sorted(found, key=lambda one: one.number, reverse=True)


def version_of(number: int, now: dt.datetime) -> Version | None:
    """A version by its number; None when there is none. One query."""
    try:
        return next((one for one in versions(now) if one.number == number), None)
    except NoPolicy:
        return None


def classes(user: User, book: Book) -> frozenset[str]:
    """Those of the visibility classes in a book that a person may read. One query, and none for a book without any."""
    if not book.guards:
        return frozenset()
    channels = Reach.of(user).channels("see_restricted")
    return book.guards & {registry.key_of(Channel, pk) for pk in channels}


def readings(user: User, current: PolicyVersion) -> QuerySet[PageReading]:
    """What a person has read in another version than the one in force, with that version. One query."""
    return _with_version(PageReading.objects.filter(reader=user).exclude(version=current))


def has_read(user: User, page: str, version: PolicyVersion) -> bool:
    """Whether a person has read a page in this version: the answer for nearly every page that is opened. One query."""
    return PageReading.objects.filter(reader=user, page=page, version=version).exists()


def last_reading(user: User, page: str) -> PageReading | None:
    """When a person read a page last, with the version that they read. One query."""
    return _with_version(PageReading.objects.filter(reader=user, page=page)).first()


def _with_version(rows: QuerySet[PageReading]) -> QuerySet[PageReading]:
    return rows.select_related("version").defer("version__document")
