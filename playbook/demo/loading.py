"""Puts the demo's articles and precedents on the shelf, through the doors that people use."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml

from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, User
from escalations.selectors import law
from escalations.selectors.why import classes
from playbook.models import Article, Precedent
from playbook.services import articles, precedents

WRITERS, REVIEWERS, READERS = ("mia", "dario"), ("ana", "ruth", "victor"), ("mia", "ana", "ruth")
DAY = dt.timedelta(days=1)
AGO = dt.timedelta(days=200)


def people(names: tuple[str, ...]) -> list[User]:
    """Those of the demo's people that this desk has, in order."""
    found = User.objects.in_bulk(names, field_name="username")
    return [found[name] for name in names if name in found]


def load(*, now: dt.datetime) -> int:
    """Write and review the demo's articles; what is there already stays. Returns how many were added.

    Nothing on a desk without the demo's people. Articles about categories that the playbook lacks are left out.
    """
    added = 0
    with law.before_the_first(law.in_force(now)):
        for number, row in enumerate(yaml.safe_load((Path(__file__).parent / "articles.yaml").read_text())):
            if not Article.objects.filter(key=row["key"], language=row["language"]).exists():
                added += _put(dict(row), number, now)
    return added


def _put(row: dict[str, Any], number: int, now: dt.datetime) -> int:
    feedback = row.pop("feedback", ())
    seen = row.get("visibility", "")
    writers = [user for user in people(WRITERS) if not seen or seen in classes(user)]
    reviewers = [user for user in people(REVIEWERS) if not seen or seen in classes(user)]
    pairs = [(one, other) for one in writers for other in reviewers if one != other]
    if not pairs:
        return 0
    author, reviewer = pairs[number % len(pairs)]
    at = now - AGO + dt.timedelta(days=number * 15)
    try:
        made = articles.begin(**row, actor=author, now=at)
    except Invalid:
        return 0
    articles.propose(revision_id=made.pk, actor=author, now=at)
    made.refresh_from_db()
    articles.approve(revision_id=made.pk, version=made.version, actor=reviewer, now=at + DAY)
    for (helpful, words), reader in zip(feedback, people(READERS), strict=False):
        articles.give_feedback(revision_id=made.pk, helpful=helpful, words=words, actor=reader, now=now)
    return 1


def archive(*, now: dt.datetime) -> int:
    """Archive decisions of the demo's resolved cases, each by somebody who had the case; what is archived already
    stays. Returns how many were added. A decision of which the demo has no case is left out."""
    added = 0
    for row in yaml.safe_load((Path(__file__).parent / "precedents.yaml").read_text(encoding="utf-8")):
        if not Precedent.objects.filter(title=row["title"]).exists():
            added += _archive(dict(row), now)
    return added


def _archive(row: dict[str, str], now: dt.datetime) -> int:
    held = {
        "category__key": row.pop("category"),
        "root_cause": row.pop("root_cause"),
        "language": row.pop("language", "en"),
    }
    used = Precedent.objects.values("case")
    rows = Case.objects.filter(**held, resolved_at__isnull=False, merged_into=None).exclude(pk__in=used)
    for case in rows.order_by("pk")[:5]:
        had = case.ownerships.exclude(assignee=None).order_by("-id").values_list("assignee", flat=True)
        for person in User.objects.filter(pk__in=had[:3], is_active=True):
            try:
                precedents.archive(case_id=case.pk, actor=person, now=min(now, (case.closed_at or now) + DAY), **row)
            except (NotAllowed, Refused, Invalid):
                continue
            return 1
    return 0
