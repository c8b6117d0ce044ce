"""What the desk shows of the knowledge base: articles beside a case, and what waits on people's home page."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from escalations.models import Case, User
from escalations.models.reach import may
from escalations.panels import Panel
from playbook.selectors import articles as reads
from playbook.selectors.suggesting import suggested

SHOWN = 5


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
