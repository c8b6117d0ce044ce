"""What the desk shows of governance."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from escalations.models import Case, User
from escalations.panels import Panel
from governance.selectors import proposals

SHOWN = 5


def waiting(request: HttpRequest, case: Case | None, now: dt.datetime) -> Panel | None:
    """On the home page of those who decide: the proposals that wait for them. One query."""
    if not isinstance(request.user, User):
        return None
    rows = list(proposals.waiting_for(request.user)[: SHOWN + 1])
    if not rows:
        return None
    return Panel(
        title=_("Changes of the playbook to decide on"),
        template="governance/panel.html",
        context={"proposals": rows[:SHOWN], "more": len(rows) > SHOWN},
        more=reverse("governance:index"),
        more_title=_("All proposals"),
    )
