"""An edition in rows: what an author edits one at a time, and the document that all of them make together.

    entries = split(source)        the rows of an edition as written, in reading order
    document = join(entries)       the edition that they make; what it compiles to is the same, to the byte

A row is named by its address: the part (the centre, or a region's own), the section, and a key that is unique there.
The table of sections below is the whole rule of where a row stands in the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from playbook.core.source import Place, Problem, Source, SourceError

CENTRE = "central"
"""The part that everybody shares. The other parts are `variants.REGION`, as in `Policy.part_digests`."""
VARIANT = "variants."

Shape = Literal["keyed", "nested", "listed", "alone"]


def identity(place: Place) -> str:
    """The field that names the things of a list for ever, by where in the document the list stands."""
    return "name" if place == ("scenarios",) else "key"


class Section(NamedTuple):
    """Where the rows of one kind stand in a document.

    `keyed` sections map a key to a row, `nested` ones a first key to a second one (`de/guide.start`), `listed` ones are
    in order and each item names itself (`identity`), and one that stands `alone` is a single row without a key.
    """

    key: str
    shape: Shape
    name: str
    within: Place = ("policy", CENTRE)

    @property
    def named_by(self) -> str:
        """The field by which the items of a listed section name themselves."""
        return identity((*self.within, self.key))


SETTINGS = "settings"
"""The section of what is said once of the whole edition: its form, title and horizon."""

SECTIONS: tuple[Section, ...] = (
    Section(SETTINGS, "alone", "Settings", ()),
    Section("levels", "keyed", "Levels"),
    Section("channels", "keyed", "Channels"),
    Section("teams", "keyed", "Teams"),
    Section("roles", "keyed", "On-call roles"),
    Section("specialisms", "keyed", "Specialisms"),
    Section("calendars", "keyed", "Calendars"),
    Section("regions", "keyed", "Regions"),
    Section("facts", "keyed", "Facts"),
    Section("defaults", "alone", "Defaults"),
    Section("categories", "keyed", "Categories"),
    Section("rules", "listed", "Rules"),
    Section("triggers", "listed", "Triggers"),
    Section("ladders", "keyed", "Ladders"),
    Section("statutory", "keyed", "Statutory deadlines"),
    Section("pause_reasons", "keyed", "Pause reasons"),
    Section("remedies", "keyed", "Remedies"),
    Section("messages", "nested", "Messages"),
    Section("bounds", "alone", "Bounds of regions"),
    Section("retention", "alone", "Retention"),
    Section("privacy", "alone", "Privacy"),
    Section("approval", "alone", "How changes are approved"),
    Section("reading", "alone", "How changes are taken in"),
    Section("pages", "nested", "Pages", ()),
    Section("scenarios", "listed", "Scenarios", ()),
    Section("successors", "nested", "Successors", ()),
)
OF_A_REGION: tuple[Section, ...] = (
    Section("categories", "keyed", "Categories"),
    Section("targets", "alone", "Targets"),
    Section("rules", "listed", "Rules"),
)
ALONE = frozenset(section.key for section in SECTIONS if section.shape == "alone" and section.within)
"""Sections of the centre that are one thing, and not a list of things with keys."""
OUTSIDE = tuple(section.key for section in SECTIONS if not section.within and section.key != SETTINGS)
"""What an edition has beside its policy document."""
_POLICY = ("schema_version", "title")
_WHOLE = ("edition", "horizon")


class Address(NamedTuple):
    """What names a row of an edition."""

    part: str
    section: str
    key: str = ""

    def __str__(self) -> str:
        return " ".join(word for word in (self.part if self.part != CENTRE else "", self.section, self.key) if word)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: its address, and what is written there as plain JSON values."""

    address: Address
    body: Any


def section_of(address: Address) -> Section:
    """The section that an address is in. Raises LookupError for one that an edition does not have."""
    for section in SECTIONS if address.part == CENTRE else OF_A_REGION:
        if section.key == address.section:
            return section
    raise LookupError(f"an edition has no section {address.section!r} in its part {address.part!r}")


# ---------------------------------------------------------------------------------------------------------- splitting


def split(source: Source) -> tuple[Entry, ...]:
    """The rows of an edition, in reading order.

    Whatever a row says is left as it is, right or wrong: compiling judges that. Raises SourceError, with the place of
    each, for what cannot be a row at all: unknown sections, a list where keys are wanted, an item without a name, a
    name that stands twice.
    """
    reading = _Reading(source)
    document = reading.mapping((), source.document)
    policy = reading.mapping(("policy",), document.get("policy"))
    central = reading.mapping(("policy", CENTRE), policy.get(CENTRE))
    variants = reading.mapping(("policy", "variants"), policy.get("variants"))
    reading.only((), document, ("policy", *_WHOLE, *_keys(SECTIONS, ())))
    reading.only(("policy",), policy, (CENTRE, "variants", *_POLICY))
    reading.only(("policy", CENTRE), central, _keys(SECTIONS, ("policy", CENTRE)))
    said = {key: document[key] for key in _WHOLE if key in document} | {
        key: policy[key] for key in _POLICY if key in policy
    }
    entries = [Entry(Address(CENTRE, SETTINGS), said)] if said else []
    for section in SECTIONS[1:]:
        entries += reading.rows(section, CENTRE, section.within, central if section.within else document)
    for region, part in variants.items():
        at: Place = ("policy", "variants", region)
        part = reading.mapping(at, part)
        reading.only(at, part, _keys(OF_A_REGION, ("policy", CENTRE)))
        for section in OF_A_REGION:
            entries += reading.rows(section, VARIANT + region, at, part)
    if reading.problems:
        raise SourceError(*reading.problems)
    return tuple(entries)


def _keys(sections: Iterable[Section], within: Place) -> tuple[str, ...]:
    return tuple(section.key for section in sections if section.within == within and section.key != SETTINGS)


class _Reading:
    """Takes a document apart, and keeps what is wrong with its form."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def wrong(self, at: Place, message: str) -> None:
        self.problems.append(self.source.problem(at, message))

    def mapping(self, at: Place, value: Any) -> Mapping[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.wrong(at, "write keys with their values here")
            return {}
        return value

    def only(self, at: Place, value: Mapping[str, Any], known: Sequence[str]) -> None:
        for key in value:
            if key not in known:
                self.wrong((*at, key), f"there is no {key} here; there are {', '.join(known)}")

    def rows(self, section: Section, part: str, within: Place, holder: Mapping[str, Any]) -> Iterator[Entry]:
        value = holder.get(section.key)
        if value is None:
            return
        at: Place = (*within, section.key)
        if section.shape == "alone":
            yield Entry(Address(part, section.key), value)
        elif section.shape == "listed":
            yield from self.items(section, part, at, value)
        else:
            for key, body in self.mapping(at, value).items():
                if section.shape == "keyed":
                    yield Entry(Address(part, section.key, key), body)
                    continue
                for second, inner in self.mapping((*at, key), body).items():
                    yield Entry(Address(part, section.key, f"{key}/{second}"), inner)

    def items(self, section: Section, part: str, at: Place, value: Any) -> Iterator[Entry]:
        if not isinstance(value, Sequence) or isinstance(value, str):
            self.wrong(at, "write a list here")
            return
        seen: set[str] = set()
        for number, item in enumerate(value):
            name = item.get(section.named_by) if isinstance(item, Mapping) else None
            if not isinstance(name, str) or not name:
                self.wrong((*at, number), f"give it a {section.named_by} of its own")
            elif name in seen:
                self.wrong((*at, number), f"{name!r} stands twice; keep one")
            else:
                seen.add(name)
                yield Entry(Address(part, section.key, name), item)


# ------------------------------------------------------------------------------------------------------------ joining


def join(entries: Iterable[Entry]) -> dict[str, Any]:
    """The edition that rows make, in their order. Raises LookupError for a row of an unknown section."""
    document: dict[str, Any] = {}
    for entry in entries:
        address, body = entry.address, entry.body
        section = section_of(address)
        if section.key == SETTINGS:
            for key, value in body.items():
                (_at(document, ("policy",)) if key in _POLICY else document)[key] = value
            continue
        within = section.within if address.part == CENTRE else ("policy", "variants", _region(address.part))
        holder = _at(document, within)
        if section.shape == "alone":
            holder[section.key] = body
        elif section.shape == "listed":
            holder.setdefault(section.key, []).append(body)
        elif section.shape == "keyed":
            holder.setdefault(section.key, {})[address.key] = body
        else:
            first, _, second = address.key.partition("/")
            holder.setdefault(section.key, {}).setdefault(first, {})[second] = body
    return document


def _region(part: str) -> str:
    return part.removeprefix(VARIANT)


def _at(document: dict[str, Any], place: Place) -> dict[str, Any]:
    for key in place:
        document = document.setdefault(str(key), {})
    return document


# ------------------------------------------------------------------------------------------------------------ finding


def finder(entries: Iterable[Entry]) -> Callable[[Place], Address | None]:
    """A function from a place in the joined document to the row that it stands in; None when it is in no single row."""
    names: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        names.setdefault((entry.address.part, entry.address.section), []).append(entry.address.key)

    def find(place: Place) -> Address | None:
        part, rest = CENTRE, place
        if place[:2] == ("policy", CENTRE):
            rest = place[2:]
        elif place[:2] == ("policy", "variants") and len(place) > 2:
            part, rest = f"{VARIANT}{place[2]}", place[3:]
        if not rest or (place[:1] == ("policy",) and rest is place) or rest[0] in _WHOLE:
            return Address(CENTRE, SETTINGS) if part == CENTRE and (CENTRE, SETTINGS) in names else None
        key = str(rest[0])
        known = names.get((part, key))
        try:
            shape = section_of(Address(part, key)).shape
        except LookupError:
            return None
        if shape == "alone":
            return Address(part, key) if known else None
        if known is None or len(rest) < (3 if shape == "nested" else 2):
            return None
        if shape == "listed":
            number = rest[1]
            return Address(part, key, known[number]) if isinstance(number, int) and number < len(known) else None
        name = f"{rest[1]}/{rest[2]}" if shape == "nested" else str(rest[1])
        return Address(part, key, name) if name in known else None

    return find
