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
from escalations.core.roles import LEAD, OVERSEE, READ_ACCESS_LOG, ROLES
from escalations.selectors import accesslog, home, intake
from escalations.selectors.engine import engine
from escalations.services.roles import held_by


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the home page. Leads see their teams first, supervisors who lead none all of them. `?view=mine`
    shows one's own work, and to somebody who has none what they may do here."""
    user, now = person_of(request), timezone.now()
    mine = home.memberships(user, now)
    led = [row.team for row in mine if row.leads] if user.has_perm(LEAD) else []
    works = bool(mine) or sees_cases(user)
    views = {"team": _("My teams")} if led else {}
    if user.has_perm(OVERSEE):
        views["all"] = _("All teams")
    views["mine"] = _("My own work") if works else _("What I may do")
    view = request.GET.get("view", "")
    if view not in views:
        view = next(iter(views)) if works else "mine"
    context |= {
        "title": _("Home"),
        "now": now,
        "greeting": _greeting(user.first_name or str(user)),
        "memberships": mine,
        "views": list(views.items()) if len(views) > 1 else [],
        "view": view,
        "works": works,
        "engine": engine(now),
        "cases_url": reverse("admin:escalations_case_changelist"),
        "panels": panels.shown(request, None, now, place="home"),
        "own_heading": True,
    }
    if view in ("team", "all"):
        teams = home.every_team() if view == "all" else led
        context["lead"] = home.lead(user, now, teams)
        expected = intake.outlook(context["lead"].teams, now)
        context["outlook"] = picture(expected, now) if expected else None
    else:
        context["agent"] = home.agent(user, now, mine)
        if not works:
            context["roles"] = [ROLES[key] for key in held_by(user)]
            context["audits"] = user.has_perm(READ_ACCESS_LOG)
            context["judged"] = accesslog.judged() if context["audits"] else None
            context["unusual"] = accesslog.marks(reader=user).count() if context["audits"] else 0
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
