"""The tabs of a case's page. Only the one that is open is read from the database."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from escalations.models import Evidence, Handoff, Message, User
from escalations.selectors import casepage, timeline
from escalations.selectors.brief import brief_value
from escalations.selectors.casepage import Top

TABS: dict[str, Any] = {
    "brief": _("Brief"),
    "timeline": _("Timeline"),
    "messages": _("Messages"),
    "evidence": _("Evidence"),
    "moves": _("Handoffs"),
    "remedies": _("Remedies"),
    "why": _("Why here"),
    "record": _("Record"),
}


def tab_context(tab: str, request: HttpRequest, top: Top, user: User, now: dt.datetime) -> dict[str, Any]:
    """What the open tab shows, and the counts beside the names of the others (three short queries)."""
    case = top.case
    context: dict[str, Any] = {"counts": _counts(top)}
    if tab == "brief":
        context["brief"] = brief_value(case, now=now)
        context["facts"] = casepage.facts(case, top.policy, user)
    elif tab == "timeline":
        before = request.GET.get("before", "")
        context["story"] = timeline.story(case, before=int(before) if before.isdigit() else None)
    elif tab == "messages":
        context["said"] = casepage.correspondence(case)
    elif tab == "evidence":
        context["evidence"] = casepage.evidence(case)
    elif tab == "moves":
        context["moves"] = casepage.moves(case)
    elif tab == "remedies":
        context["given"] = casepage.remedies(case, top.policy)
    elif tab == "record":
        context["versions"] = casepage.record(case)
    return context


def _counts(top: Top) -> dict[str, str]:
    case = top.case
    states = list(Evidence.objects.filter(case=case).values_list("state", flat=True))
    here = sum(state != Evidence.State.OPEN for state in states)
    return {
        "timeline": str(case.chain_seq),
        "messages": str(Message.objects.filter(case=case).count() or ""),
        "evidence": f"{here}/{len(states)}" if states else "",
        "moves": str(Handoff.objects.filter(case=case).count() + len(top.escalations) or ""),
        "record": str(case.version),
    }
