"""What people find when they come in: their own work, and for leads their teams."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from escalations import panels
from escalations.admin.base import person_of, sees_cases
from escalations.admin.outlook import picture
from escalations.selectors import home, intake
from escalations.selectors.engine import engine


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the home page. Leads see their teams first; `?view=mine` shows their own work."""
    user, now = person_of(request), timezone.now()
    mine = home.memberships(user, now)
    leads = any(row.leads for row in mine)
    view = request.GET.get("view") or ("team" if leads else "mine")
    if not leads:
        view = "mine"
    context |= {
        "title": _("Home"),
        "now": now,
        "greeting": _greeting(user.first_name or str(user)),
        "memberships": mine,
        "leads": leads,
        "view": view,
        "sees_cases": sees_cases(user),
        "engine": engine(now),
        "cases_url": reverse("admin:escalations_case_changelist"),
        "panels": panels.shown(request, None, now, place="home"),
        "own_heading": True,
    }
    if view == "team":
        context["lead"] = home.lead(user, now, mine)
        expected = intake.outlook(context["lead"].teams, now)
        context["outlook"] = picture(expected, now) if expected else None
    else:
        context["agent"] = home.agent(user, now, mine)
    return context


def _greeting(name: str) -> str:
    hour = timezone.localtime().hour
    if hour < 5:
        words = _("Good night, %(name)s")
    elif hour < 12:
        words = _("Good morning, %(name)s")
    elif hour < 18:
        words = _("Good afternoon, %(name)s")
    else:
        words = _("Good evening, %(name)s")
    return words % {"name": name}
