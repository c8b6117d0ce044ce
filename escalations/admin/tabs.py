"""The tabs of a case's page. Only the one that is open is read from the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from escalations.core.typed import id_of
from escalations.core.vetting import ACCEPT, TAKEN
from escalations.forms.findings import FindingForm
from escalations.models import Case, Evidence, Handoff, Message, Remedy, User
from escalations.selectors import casepage, findings, timeline, versions
from escalations.selectors.brief import brief_value
from escalations.selectors.casepage import Top
from escalations.selectors.files import filed
from escalations.selectors.why import Explained, explained
from escalations.services.routing import difference

TABS: dict[str, Any] = {
    "brief": _("Brief"),
    "timeline": _("Timeline"),
    "messages": _("Messages"),
    "evidence": _("Evidence"),
    "moves": _("Handoffs"),
    "remedies": _("Remedies"),
    "why": _("Why here"),
    "findings": _("Findings"),
    "record": _("Record"),
}


def tabs_of(case: Case, user: User) -> dict[str, Any]:
    """The tabs that this person has on a case: findings are for those who may see them."""
    return {key: name for key, name in TABS.items() if key != "findings" or findings.may_see(user, case)}


def tab_context(tab: str, request: HttpRequest, top: Top, user: User, now: dt.datetime) -> dict[str, Any]:
    """What the open tab shows, and the counts beside the names of the others (three short queries)."""
    case = top.case
    context: dict[str, Any] = {"counts": _counts(top)}
    if tab == "brief":
        context["brief"] = brief_value(case, now=now)
        context["facts"] = casepage.facts(case, top.policy, user)
    elif tab == "timeline":
        before = request.GET.get("before", "")
        context["story"] = timeline.story(case, before=id_of(before), findings=findings.may_see(user, case))
    elif tab == "messages":
        context["said"] = casepage.correspondence(case)
    elif tab == "evidence":
        context |= files_context(top)
    elif tab == "moves":
        context["moves"] = casepage.moves(case)
    elif tab == "remedies":
        context["given"] = casepage.remedies(case, top.policy)
    elif tab == "why":
        whys = explained(case, user)
        holds = next((item.row for item in whys if item.row.applied), None)
        context["since"] = timeline.moved_since(case, holds.at) if holds else None
        context["whys"] = [_difference(item, whys[place + 1 :]) for place, item in enumerate(whys)]
    elif tab == "findings":
        context["findings"] = findings.findings(case, user)
        context["finding_form"] = FindingForm(auto_id="finding_%s") if top.works else None
    elif tab == "record":
        context["versions"] = versions.record(case)
    return context


def files_context(top: Top) -> dict[str, Any]:
    """What the evidence tab shows: items, their files, and what may be added."""
    found = filed(top)
    first = next((row.key for row in found.open_items if row.required), "")
    return {
        "filed": found,
        "accept": ACCEPT,
        "taken": TAKEN,
        "most_mb": settings.THROUGHLINE_FILE_MB,
        "request_mb": settings.THROUGHLINE_REQUEST_MB,
        "upload": {"item": first, "completes": True},
    }


def _counts(top: Top) -> dict[str, str]:
    case = top.case
    states = list(Evidence.objects.filter(case=case).values_list("state", flat=True))
    here = sum(state != Evidence.State.OPEN for state in states)
    return {
        "timeline": str(case.chain_seq),
        "messages": str(Message.objects.filter(case=case).count() or ""),
        "evidence": f"{here}/{len(states)}" if states else "",
        "moves": str(Handoff.objects.filter(case=case).count() + len(top.escalations) or ""),
        "remedies": str(Remedy.objects.filter(case=case).count() or ""),
        "record": str(case.version),
    }


@dataclass(frozen=True, slots=True)
class Offered:
    """A decision of the why tab, and what would change if it were applied."""

    item: Explained
    changes: list[tuple[str, str, str]]


def _difference(item: Explained, older: Sequence[Explained]) -> Offered:
    """What an offered decision would change, in the names that people read; nothing for one that holds."""
    before = next((other for other in older if other.row.applied), None)
    if item.row.applied or before is None:
        return Offered(item, [])
    changed = difference(before.row.outcome, item.row.outcome)
    now = {line.field: line.value for line in before.why.origins}
    then = {line.field: line.value for line in item.why.origins}
    fields = sorted({*now, *then})
    return Offered(
        item,
        [(name, now.get(name, ""), then.get(name, "")) for name in fields if now.get(name) != then.get(name)]
        if changed
        else [],
    )
