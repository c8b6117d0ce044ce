"""The pages that an edition is read on: contents, categories, texts, regions, teams, ladders, who owns what.

What a page says depends on the version, the reader's classes and the language, and on nothing else; so a process draws
it once for each of these and keeps it (`_category`, `_text`, `_contents` and the like). What depends on the moment is
drawn around it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from escalations.core.policy import Policy
from playbook.addresses import address, resolver
from playbook.core import contents, pictures, restricted
from playbook.core.markup import without_title
from playbook.core.pages import title
from playbook.core.passages import Passage, differing_in, home_region, passage
from playbook.core.steps import Climb, climb
from playbook.rendering import rendered
from playbook.selectors import changes, reading
from playbook.selectors.reading import Book
from playbook.templatetags.playbook import step_words
from playbook.views.frame import Reader, for_readers

KEPT = 1024
"""How many drawn pages a process keeps."""


@for_readers
def home(reader: Reader) -> HttpResponse:
    """The contents of a version. `?on=2026-03-03` leads to the version that was in force at the end of that day."""
    asked = reader.request.GET.get("on", "").strip()
    if asked:
        return _on(reader, asked)
    body = _contents(reader.book, reader.classes, reader.number, reader.language)
    return reader.show("home", {"body": body, "changed": _changed(reader)})


@lru_cache(maxsize=256)
def _contents(book: Book, classes: frozenset[str], number: int | None, language: str) -> SafeString:
    policy = book.policy
    kinds = [(kind, contents.pages(policy, book.texts, kind, language, classes)) for kind in contents.KINDS]
    context = {
        "sides": list(contents.by_side(policy)),
        "kinds": [(kind, leaves) for kind, leaves in kinds if leaves],
        "regions": policy.central.regions,
        "variants": policy.variants,
        "number": number,
        "language": language,
    }
    return render_to_string("playbook/_contents.html", context)


def _changed(reader: Reader) -> list[tuple[str, str, int]]:
    """What the reader has read and reads otherwise now: title, address, and the version that they read."""
    if reader.number is not None:
        return []
    found = []
    for row in reading.readings(reader.user, reader.version):
        if row.page in changes.touched(row.version, reader.version, reader.classes):
            name = _title(reader.book, row.page, reader.language)
            where = resolver(reader.book, reader.classes, None)("page", row.page)
            if name and where:
                found.append((name, where, row.version.number))
    return sorted(found)


def _title(book: Book, page: str, language: str) -> str:
    if page.startswith("category."):
        category = book.policy.central.categories.get(page.removeprefix("category."))
        return category.name if category else ""
    there = contents.language_for(book.texts, page, language)
    return (title(book.texts[there][page]) or page) if there else ""


def _on(reader: Reader, asked: str) -> HttpResponse:
    try:
        day = parse_date(asked)
    except ValueError:
        day = None
    if day is None or not 1 < day.year < 9999:
        return reader.show("nothing", {"words": _("Write a day such as 2026-03-03.")}, status=400)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), timezone.get_current_timezone())
    moment = min(end - dt.timedelta(seconds=1), reader.now)
    begun = [one for one in reading.versions(moment) if one.standing == "in force"]
    if not begun:
        return reader.show("nothing", {"words": _("No playbook was in force on that day.")}, status=404)
    return HttpResponseRedirect(address("home", begun[0].number))


@for_readers
def category(reader: Reader, code: str) -> HttpResponse:
    """What holds for a category; `?region=eu-de` shows it as it is there."""
    policy = reader.book.policy
    if code not in policy.central.categories:
        raise Http404
    region = reader.request.GET.get("region", "") or home_region(policy)
    if region not in policy.central.regions:
        raise Http404
    body = _category(reader.book, code, region, reader.classes, reader.number, reader.language)
    since = reader.since(f"category.{code}")
    context = {"code": code, "name": policy.central.categories[code].name, "body": body, "since": since}
    asked = region if "region" in reader.request.GET else ""
    return reader.show("category", {**context, "summary": policy.central.categories[code].summary, "asked": asked})


@lru_cache(maxsize=KEPT)
def _category(
    book: Book, code: str, region: str, classes: frozenset[str], number: int | None, language: str
) -> SafeString:
    policy = book.policy
    found = passage(policy, code, region, classes)
    texts = _text(book, f"category.{code}", classes, number, language)
    return render_to_string(
        "playbook/_category.html",
        {
            "passage": found,
            "number": number,
            "home": region == home_region(policy),
            "protocol": _protocol(book, found, classes, number, language),
            "text": texts,
            "ladder": drawn(found.ladder),
            "region": policy.central.regions[region],
            "hours": contents.hours(policy.central.calendars[policy.central.regions[region].calendar]),
            "regions": policy.central.regions,
        },
    )


def _protocol(
    book: Book, found: Passage, classes: frozenset[str], number: int | None, language: str
) -> tuple[str, str] | None:
    """The title and address of the protocol of a category."""
    key = f"protocol.{found.protocol}" if found.protocol else ""
    where = resolver(book, classes, number)("page", key) if key else None
    return (_title(book, key, language), where) if where else None


@for_readers
def page(reader: Reader, key: str) -> HttpResponse:
    """A text: a guide, a protocol, criteria of a decision, a stage of a case."""
    if key.startswith("category."):
        raise Http404
    text = _text(reader.book, key, reader.classes, reader.number, reader.language)
    if text is None:
        raise Http404
    protocol = key.removeprefix("protocol.") if key.startswith("protocol.") else ""
    central = reader.book.policy.central
    used = contents.protocols_of(reader.book.policy).get(protocol, ())
    context = {
        "text": text,
        "key": key,
        "kind": key.partition(".")[0],
        "used_by": [(code, central.categories[code].name) for code in used],
        "since": reader.since(key),
    }
    return reader.show("page", context)


@dataclass(frozen=True, slots=True)
class Text:
    """A text as HTML, with its title and the language that it is in; `asked` is whether that is the reader's."""

    html: SafeString
    title: str
    language: str
    asked: bool


@lru_cache(maxsize=KEPT)
def _text(book: Book, key: str, classes: frozenset[str], number: int | None, language: str) -> Text | None:
    there = contents.language_for(book.texts, key, language)
    if there is None or not restricted.page_guards(book.policy, key) <= classes:
        return None
    written = book.texts[there][key]
    return Text(
        rendered(
            without_title(written),
            resolver(book, classes, number),
            top=3 if key.startswith("category.") else 2,  # on a category's page the text is one part of several
            classes=classes,
        ),
        title(written) or key,
        there,
        there.partition("-")[0] == language.partition("-")[0],
    )


@for_readers
def region(reader: Reader, key: str) -> HttpResponse:
    """A region: its hours and languages, and every category that differs there."""
    policy = reader.book.policy
    if key not in policy.central.regions:
        raise Http404
    return reader.show("region", {"body": _region(reader.book, key, reader.classes, reader.number, reader.language),
                                  "name": policy.central.regions[key].name})  # fmt: skip


@lru_cache(maxsize=256)
def _region(book: Book, key: str, classes: frozenset[str], number: int | None, language: str) -> SafeString:
    policy = book.policy
    here = policy.central.regions[key]
    differing = []
    for code, row in policy.central.categories.items():
        there = differing_in(policy, code, key, classes)
        if there is not None:
            differing.append((code, row.name, there))
    calendar = policy.central.calendars[here.calendar]
    context = {
        "key": key,
        "region": here,
        "home": policy.central.regions[home_region(policy)],
        "is_home": key == home_region(policy),
        "parent": policy.central.regions[here.parent] if here.parent else None,
        "calendar": calendar,
        "hours": contents.hours(calendar),
        "differing": differing,
        "number": number,
    }
    return render_to_string("playbook/_region.html", context)


@for_readers
def teams(reader: Reader) -> HttpResponse:
    """Teams with what they are for, their hours and on-call roles; levels, roles and specialisms."""
    return reader.show("teams", {"body": _teams(reader.book, reader.number, reader.language)})


@lru_cache(maxsize=64)
def _teams(book: Book, number: int | None, language: str) -> SafeString:
    central = book.policy.central
    rows = [
        (owner, team, contents.hours(central.calendars[team.calendar]), central.calendars[team.calendar].timezone,
         central.roles.get(team.on_call or ""))
        for owner in contents.owners(book.policy)
        for team in [central.teams[owner.key]]
    ]  # fmt: skip
    context = {
        "rows": rows,
        "levels": [(key, central.levels[key]) for key in book.policy.levels_by_rank()],
        "roles": [(key, role, central.teams.get(role.team or "")) for key, role in central.roles.items()],
        "channels": sorted(central.channels.items(), key=lambda item: item[1].rank),
        "number": number,
    }
    return render_to_string("playbook/_teams.html", context)


def drawn(ladder: Climb) -> dict[str, object]:
    """A ladder for `playbook/_ladder.html`: its pictures, and the steps that the table beside them lists."""
    words = [step_words(step) for step in ladder.steps]
    return {"climb": ladder, "lying": pictures.lying(words), "standing": pictures.standing(words)}


@for_readers
def ladders(reader: Reader) -> HttpResponse:
    """All ladders as pictures and tables, each with the categories that climb it."""
    return reader.show("ladders", {"body": _ladders(reader.book, reader.number, reader.language)})


@lru_cache(maxsize=64)
def _ladders(book: Book, number: int | None, language: str) -> SafeString:
    policy = book.policy
    users = _climbers(policy)
    rows = [(drawn(climb(policy, key)), users.get(key, [])) for key in policy.central.ladders]
    context = {"rows": rows, "default": policy.central.defaults.ladder, "number": number}
    return render_to_string("playbook/_ladders.html", context)


def _climbers(policy: Policy) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for code, row in policy.central.categories.items():
        found.setdefault(row.ladder or policy.central.defaults.ladder, []).append((code, row.name))
    return found


@for_readers
def ownership(reader: Reader) -> HttpResponse:
    """The map of who owns what, as a picture and as a table."""
    return reader.show("ownership", {"body": _ownership(reader.book, reader.number, reader.language)})


@lru_cache(maxsize=64)
def _ownership(book: Book, number: int | None, language: str) -> SafeString:
    shown = [owner for owner in contents.owners(book.policy) if owner.owns or owner.covers]
    context = {"map": pictures.ownership(shown), "owners": shown, "number": number}
    return render_to_string("playbook/_ownership.html", context)


@for_readers
def versions(reader: Reader) -> HttpResponse:
    """All versions, with since when and until when each was in force, and why it was made."""
    return reader.show("versions", {"versions": reading.versions(reader.now)})
