"""What the desk's letters say of the playbook's things."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from escalations.models import Outbox, User
from escalations.outbound.letter import Entry
from escalations.outbound.matters import Matter
from escalations.outbound.occasions import Occasion
from playbook.models import Article
from playbook.selectors.reminders import KIND, still

ARTICLES = Occasion(
    KIND,
    told="the owner of articles whose day of review has come; of those whose owner has left, the reviewers who lead a "
    "team of the owner, else who oversee all teams",
    subject="Articles to look through: {count}",
    body="Articles of the knowledge base wait for you.\n\nAsked of you: {asked}",
    asked="Read each, and say that it is still right or write it anew.",
)


def articles(intent: Outbox, person: User, at: dt.datetime) -> Matter | None:
    """The articles of a reminder that still wait for its reader: each with a link, and since when."""
    found = still(intent.data, person, at)
    groups = tuple(
        (heading, tuple(map(line, rows)))
        for heading, line, rows in (
            (_("due for review"), _due, found.due),
            (_("without an owner"), _without, found.left),
        )
        if rows
    )
    if not groups:
        return None
    asked = "" if found.due else _("Say who looks after each from now on, or retire what nobody needs.")
    return Matter(
        groups, f"{settings.THROUGHLINE_BASE_URL}{reverse('playbook:articles')}", _("Open the articles"), asked
    )


def _due(row: Article) -> Entry:
    said = _("%(title)s (%(language)s), since %(day)s") % _of(row)
    return Entry("", said, _address(row))


def _without(row: Article) -> Entry:
    said = _("%(title)s (%(language)s), which %(owner)s looked after") % _of(row)
    return Entry("", said, _address(row))


def _of(row: Article) -> dict[str, str]:
    day = formats.date_format(row.review_by, "D j M Y")
    return {"title": row.text.title, "language": row.language, "owner": str(row.owner), "day": day}


def _address(row: Article) -> str:
    return f"{settings.THROUGHLINE_BASE_URL}{row.get_absolute_url()}"
