"""A draft as its author reads it: every row in its place, what became of it, and what was found in it.

Rows that are guarded by a visibility class which the reader lacks are counted, never named; what was found in them is
told without their words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from escalations.models import User
from escalations.selectors.why import classes
from playbook.core.diff import Content
from playbook.core.diff.guarded_rows import Guarded, Guards, content_of_document
from playbook.core.entries import CENTRE, OF_A_REGION, SECTIONS, SETTINGS, VARIANT, Section, join, section_of
from playbook.core.entries import Entry as Row
from playbook.core.source import Problem
from playbook.models import Edition, Entry

FILTERS = ("all", "changed", "found")
SHORTEST_NAME = 4
"""A hidden name of fewer letters is a word that says nothing."""


class Finding(Protocol):
    """What `services.drafts.findings` gives."""

    @property
    def problem(self) -> Problem: ...
    @property
    def stops(self) -> bool: ...
    @property
    def entry(self) -> Entry | None: ...


@dataclass(frozen=True, slots=True)
class Said:
    """One finding as this reader may read it."""

    words: str
    stops: bool
    place: str = ""
    code: str = ""


@dataclass(slots=True)
class Line:
    """One row of the draft on its page."""

    entry: Entry
    title: str
    key: str
    change: str
    opens: bool
    """Whether the reader may read all of it, and so write it."""
    found: list[Said] = field(default_factory=list)
    first: bool = False
    last: bool = False

    @property
    def ordered(self) -> bool:
        """Whether its place in its section says something."""
        return section_of(self.entry.address).shape == "listed"

    @property
    def stops(self) -> int:
        return sum(said.stops for said in self.found)

    @property
    def warns(self) -> int:
        return len(self.found) - self.stops


@dataclass(slots=True)
class Group:
    """The rows of one section of one part."""

    part: str
    section: Section
    lines: list[Line] = field(default_factory=list)
    rows: int = 0
    hidden: int = 0
    shown_all: bool = True

    @property
    def slug(self) -> str:
        return f"{self.part}.{self.section.key}".replace(".", "-")

    @property
    def takes_more(self) -> bool:
        """Whether a row may be added to it."""
        return self.section.shape != "alone" or not self.rows

    @property
    def changed(self) -> int:
        return sum(bool(line.change) for line in self.lines)

    @property
    def stops(self) -> int:
        return sum(line.stops for line in self.lines)

    @property
    def warns(self) -> int:
        return sum(line.warns for line in self.lines)


@dataclass(slots=True)
class Part:
    """The centre, or one region's own part."""

    key: str
    name: str
    groups: list[Group] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Overview:
    """The page of a draft: its parts, what is found in none of its rows, and counts."""

    parts: Sequence[Part]
    whole: Sequence[Said]
    counts: Mapping[str, int]


class Draft:
    """The rows of an edition with what guards them, for one reader. `entries` are all its rows, in order."""

    def __init__(self, edition: Edition, entries: Sequence[Entry], reader: User) -> None:
        self.edition, self.entries = edition, entries
        self.seen = classes(reader)
        self.bodies = {entry.pk: entry.says for entry in entries}

    @cached_property
    def document(self) -> dict[str, Any]:
        """The edition that the rows make now."""
        return join(Row(entry.address, self.bodies[entry.pk]) for entry in self.entries if not entry.removed)

    @cached_property
    def content(self) -> Content:
        """All that stands in it or was taken out of it."""
        return content_of_document(join(Row(entry.address, self.bodies[entry.pk]) for entry in self.entries))

    @cached_property
    def before(self) -> Content:
        """What it was written from, as far as its rows say."""
        had = (entry for entry in self.entries if entry.before)
        return content_of_document(join(Row(entry.address, json.loads(entry.before)) for entry in had))

    @cached_property
    def _guards(self) -> Guards:
        return Guards(self.before, self.content)

    @cached_property
    def guarded(self) -> Mapping[int, Guarded]:
        """What guards each row."""
        found = {}
        for entry in self.entries:
            bodies = [self.bodies[entry.pk]]
            if entry.before and entry.before != entry.body:
                bodies.append(json.loads(entry.before))
            found[entry.pk] = self._guards.of(entry.address, *bodies)
        return found

    def shows(self, entry: Entry) -> bool:
        """Whether the reader may know of a row."""
        return self.guarded[entry.pk].thing <= self.seen

    def opens(self, entry: Entry) -> bool:
        """Whether the reader may read all of a row: who may not, does not write it."""
        return self.guarded[entry.pk].parts <= self.seen

    @property
    def whole(self) -> bool:
        """Whether the reader may read every row, and so the edition as one file."""
        return all(self.opens(entry) for entry in self.entries)

    @cached_property
    def _secrets(self) -> re.Pattern[str] | None:
        """Keys and names of what the reader may not know of."""
        words = set()
        for entry in self.entries:
            if self.shows(entry):
                continue
            body = self.bodies[entry.pk]
            words |= {entry.key, entry.key.rpartition("/")[2]}
            if isinstance(body, dict):
                words |= {body[name] for name in ("key", "name") if isinstance(body.get(name), str)}
        named = sorted(re.escape(word) for word in words if len(word) >= SHORTEST_NAME)
        return re.compile(rf"(?<!\w)(?:{'|'.join(named)})(?!\w)") if named else None

    def say(self, finding: Finding) -> Said:
        """A finding in words that the reader may read."""
        entry, problem = finding.entry, finding.problem
        restricted = entry is not None and not self.opens(entry)
        if restricted or (self._secrets is not None and self._secrets.search(f"{problem.place} {problem.message}")):
            return Said(_("Something restricted: ask somebody who may see it."), finding.stops)
        return Said(problem.message, finding.stops, _within(problem, entry), problem.code)


def _within(problem: Problem, entry: Entry | None) -> str:
    """Where in its row a problem is; of the whole, where in the edition."""
    if entry is None:
        return ".".join(str(step) for step in problem.path)
    section = section_of(entry.address)
    above = len(section.within if entry.part == CENTRE else ("policy", "variants", "region"))
    depth = above + {"alone": 1, "keyed": 2, "listed": 2, "nested": 3}[section.shape]
    rest = problem.path[0 if section.key == SETTINGS else depth :]
    return ", ".join(str(step + 1) if isinstance(step, int) else step.replace("_", " ") for step in rest)


def title_of(entry: Entry, body: Any) -> str:
    """What a row is called: its name, its first words, or the name of its section."""
    if isinstance(body, dict):
        for name in ("name", "subject", "title"):
            if isinstance(body.get(name), str) and body[name]:
                return str(body[name])
    if isinstance(body, str):
        first = next((line for line in body.splitlines() if line.strip()), "")
        if entry.section == "pages" and (title := first.lstrip("# ").strip()):
            return title[:120]
        if entry.section == "successors":
            return f"{entry.key.partition('/')[2]} → {body}"
    return entry.key or section_of(entry.address).name


def overview(draft: Draft, found: Iterable[Finding], *, only: str = "all") -> Overview:
    """The page of a draft, with all rows or `only` those that are `changed` or in which something is `found`."""
    of_row: dict[int, list[Said]] = {}
    whole: list[Said] = []
    counts = dict.fromkeys(("rows", "added", "changed", "removed", "stops", "warns", "hidden"), 0)
    for finding in found:
        said = draft.say(finding)
        counts["stops" if said.stops else "warns"] += 1
        if finding.entry is None or not draft.shows(finding.entry):
            if said not in whole:
                whole.append(said)
        else:
            of_row.setdefault(finding.entry.pk, []).append(said)
    groups = {(group.part, group.section.key): group for group in _groups(draft)}
    for entry in draft.entries:
        group = groups[entry.part, entry.section]
        counts["rows"] += not entry.removed
        if entry.change:
            counts[entry.change] += 1
        if entry.removed and not entry.change:
            continue  # came and went in this draft
        group.rows += 1
        if not draft.shows(entry):
            group.hidden += 1
            counts["hidden"] += 1
            continue
        line = Line(
            entry, title_of(entry, draft.bodies[entry.pk]), entry.key, entry.change, draft.opens(entry),
            of_row.get(entry.pk, []),
        )  # fmt: skip
        if (only == "changed" and not line.change) or (only == "found" and not line.found):
            group.shown_all = False
            continue
        group.lines.append(line)
    for group in groups.values():
        standing = [line for line in group.lines if not line.entry.removed]
        if standing:
            standing[0].first = standing[-1].last = True
    return Overview(_parts(draft, groups.values(), only), whole, counts)


def _groups(draft: Draft) -> Iterator[Group]:
    for section in SECTIONS:
        yield Group(CENTRE, section)
    for part in dict.fromkeys(entry.part for entry in draft.entries if entry.part != CENTRE):
        for section in OF_A_REGION:
            yield Group(part, section)


def _parts(draft: Draft, groups: Iterable[Group], only: str) -> list[Part]:
    regions = (draft.content.policy.get(CENTRE) or {}).get("regions") or {}
    parts: dict[str, Part] = {}
    for group in groups:
        if only != "all" and not group.lines:
            continue
        if group.part not in parts:
            region = group.part.removeprefix(VARIANT)
            name = _("The centre") if group.part == CENTRE else (regions.get(region) or {}).get("name") or region
            parts[group.part] = Part(group.part, str(name))
        parts[group.part].groups.append(group)
    return list(parts.values())


def with_counts(rows: QuerySet[Edition]) -> QuerySet[Edition]:
    """Editions with the number of their rows, and of those in which somebody wrote. No query of its own."""
    of_edition = Entry.objects.filter(edition=OuterRef("pk")).order_by().values("edition")
    return rows.annotate(
        row_count=_count(of_edition.filter(removed=False)),
        written_count=_count(of_edition.filter(changed_at__isnull=False)),
    )


def _count(rows: Any) -> Subquery:
    return Subquery(rows.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
