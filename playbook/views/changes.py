"""What changed, and the search: pages that look across versions or across an edition."""

from __future__ import annotations

import itertools
from functools import lru_cache

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from escalations.models import PolicyVersion
from playbook.core import contents, finding
from playbook.core.markup import words
from playbook.selectors import changes, reading
from playbook.selectors.reading import Book
from playbook.views.frame import Reader, for_readers

AT_ONCE = 10
"""How many versions the changelog tells at once, and the feed."""


@for_readers
def changelog(reader: Reader) -> HttpResponse:
    """Each version against the one before it, the newest first; `?from=3&to=5` two versions, `?category=CODE` one."""
    rows = reading.versions(reader.now)
    by_number = {one.number: one.row for one in rows}
    code = reader.request.GET.get("category", "")
    categories = reader.book.policy.central.categories
    if code and code not in categories:
        raise Http404
    pairs = _pairs(reader, by_number)
    found = [(old, new, changes.told(old, new, reader.classes, code)) for old, new in pairs]
    context = {
        "found": [(old, new, groups) for old, new, groups in found if groups or not code],
        "versions": rows,
        "categories": [(key, row.name) for key, row in categories.items()],
        "category": code,
        "name": categories[code].name if code else "",
        "chosen": (reader.request.GET.get("from", ""), reader.request.GET.get("to", "")),
        "first": min(by_number),
    }
    return reader.show("changes", context)


def _pairs(reader: Reader, rows: dict[int, PolicyVersion]) -> list[tuple[PolicyVersion, PolicyVersion]]:
    """The two versions that are asked for, or each with the one before it."""
    asked = [reader.request.GET.get(name, "") for name in ("from", "to")]
    if any(asked):
        numbers = [int(one) if one.isascii() and one.isdecimal() and len(one) < 9 else 0 for one in asked]
        if not asked[1]:
            numbers[1] = reader.version.number
        if any(number not in rows for number in numbers):
            raise Http404
        return [(rows[numbers[0]], rows[numbers[1]])]
    ordered = sorted(rows, reverse=True)
    return [(rows[old], rows[new]) for new, old in itertools.pairwise(ordered)][:AT_ONCE]


@for_readers
def feed(reader: Reader) -> HttpResponse:
    """The newest changes as an Atom feed, for readers that sign in. It holds what everybody who reads the playbook may
    read, whoever asks, since feeds are handed on."""
    site = settings.THROUGHLINE_BASE_URL
    made = Atom1Feed(
        title=_("Playbook: what changed"),
        link=site + reverse("playbook:changes"),
        feed_url=site + reverse("playbook:feed"),
        description="",
        language=reader.language,
    )
    rows = [one.row for one in reading.versions(reader.now)]
    for new, old in itertools.pairwise(rows):
        lines = [told.change.sentence for _heading, some in changes.told(old, new, ()) for told in some]
        made.add_item(
            title=_("Version %(number)s") % {"number": new.number},
            link=f"{site}{reverse('playbook:changes')}?from={old.number}&to={new.number}",
            description="\n".join(f"- {line}." for line in lines) or _("Nothing was changed."),
            unique_id=f"urn:throughline:playbook:{new.number}:{new.edition_digest}",
            pubdate=new.effective_at,
            updateddate=new.effective_at,
        )
    return HttpResponse(made.writeString("utf-8"), content_type=made.content_type)


@for_readers
def search(reader: Reader) -> HttpResponse:
    """What an edition says about some words."""
    question = reader.request.GET.get("q", "").strip()[:200]
    found = finding.find(question, _texts(reader.book, reader.classes, reader.language))
    return reader.show("search", {"q": question, "found": found, "most": finding.MOST})


@lru_cache(maxsize=64)
def _texts(book: Book, classes: frozenset[str], language: str) -> tuple[finding.Text, ...]:
    """Everything in a book that can be found by a reader with these classes, in the language in which they read it."""
    made = []
    for code, row in book.policy.central.categories.items():
        also = [code, *row.symptoms.values(), book.policy.central.teams[row.owner].name]
        said = [row.summary, *(stage.name for stage in row.path), *(item.name for item in row.evidence)]
        said += [text for point in row.decision_points for text in (point.question, *point.choices)]
        there = contents.language_for(book.texts, f"category.{code}", language)
        if there is not None:
            said.append(words(book.texts[there][f"category.{code}"], classes))
        made.append(finding.Text("category", code, row.name, language, ". ".join(said), " ".join(also)))
    for kind in contents.KINDS:
        for leaf in contents.pages(book.policy, book.texts, kind, language, classes):
            body = words(book.texts[leaf.language][leaf.key], classes)
            made.append(finding.Text(kind, leaf.key, leaf.title, leaf.language, body.partition("\n")[2]))
    return tuple(made)
