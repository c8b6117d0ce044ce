"""What the desk shows of the playbook: the pages that a case goes by, articles beside it, and what waits at home."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from escalations.core.roles import READ_PLAYBOOK
from escalations.errors import NoPolicy
from escalations.models import Case, User
from escalations.models.reach import may
from escalations.panels import Panel
from escalations.selectors import law
from playbook.addresses import resolver
from playbook.selectors import articles as reads
from playbook.selectors import onboarding, precedents, reading
from playbook.selectors.suggesting import suggested
from playbook.selectors.unread import kept_from

SHOWN = 5


def passage(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """The pages that a case goes by, in the version that it is pinned to: its category as it holds in its region, and
    the protocol, where there is a page of it that they may read. One query, for the classes of what is restricted."""
    user = request.user
    if case is None or not isinstance(user, User) or not user.has_perm(READ_PLAYBOOK):
        return None
    version = case.policy_version
    book = reading.book_of(version)
    category = book.policy.central.categories.get(case.category.key)
    if category is None:
        return None
    where = resolver(book, reading.classes(user, book), version.number)
    return Panel(
        title=_("Playbook, version %(n)s") % {"n": version.number},
        template="playbook/panel.html",
        context={
            "name": category.name,
            "address": f"{where('category', case.category.key)}?{urlencode({'region': case.region.key})}",
            "protocol": where("page", f"protocol.{category.protocol}") if category.protocol else None,
        },
    )


def beside(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """Articles that may help with a case, each with a way to say that it did."""
    user = request.user
    if case is None or not isinstance(user, User):
        return None
    rows = suggested(case, user)
    if not rows:
        return None
    return Panel(
        title=_("Articles"),
        template="playbook/articles/panel.html",
        context={"rows": rows, "case": case.pk, "language": case.language, "works": may(user, "work_cases", case)},
        more=f"{reverse('playbook:articles')}?category={case.category.key}",
        more_title=_("All of this category"),
    )


def decided(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """Past decisions like the case, and, once it is decided itself, a way to archive its own."""
    user = request.user
    if case is None or not isinstance(user, User):
        return None
    lines = precedents.beside(case, user, now)
    archivable = precedents.archivable(case, user)
    own = precedents.of_case(case, user) if case.root_cause and not archivable else None
    if not (lines or archivable or own):
        return None
    return Panel(
        title=_("Precedents"),
        template="playbook/precedents/panel.html",
        context={"lines": lines, "case": case.pk, "archivable": archivable, "own": own},
        more=f"{reverse('playbook:precedents')}?{urlencode({'category': case.category.key})}",
        more_title=_("All of this category"),
    )


def news_at_home(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """What the version in force changes for this person's work, until they have taken it in, and which new cases are
    kept for others until then. Four queries; five more where the policy keeps cases for who has read."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(READ_PLAYBOOK):
        return None
    try:
        version = law.in_force(now)
    except NoPolicy:
        return None
    row = onboarding.enrolment(user)
    kept = kept_from([user.pk], version, now).get(user.pk)
    if row is None and kept is None:
        return None
    found = onboarding.news(user, row, version, reading.classes(user, reading.book_of(version)))
    if kept is None and (found is None or not found.changes):
        return None
    return Panel(
        title=_("Playbook, version %(n)s") % {"n": version.number},
        template="playbook/news_panel.html",
        context={"changes": len(found.changes) if found else 0, "kept": kept},
        more=reverse("playbook:news"),
        more_title=_("Read what changed"),
    )


def at_home(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """Texts that wait for this person to review them, and their own articles whose day has come. Two queries."""
    user = request.user
    if not isinstance(user, User):
        return None
    waiting = list(reads.to_review(user)[:SHOWN])
    due = list(reads.due(user, now.date())[:SHOWN])
    if not waiting and not due:
        return None
    return Panel(
        title=_("Articles to review"),
        template="playbook/articles/due.html",
        context={"waiting": waiting, "due": due},
        more=reverse("playbook:articles"),
        more_title=_("All articles"),
    )
