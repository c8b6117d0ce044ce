"""The page before one leaves: what falls due today goes to the covering teams that are on duty."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from escalations.admin.base import DeskAdmin, person_of
from escalations.core.actor import Actor
from escalations.forms.leaving import LeavingForm
from escalations.selectors import duty, home, radar
from escalations.selectors.leaving import before_leaving
from escalations.services import handoffs


class LeavingPage(DeskAdmin):
    """A page of the table of cases."""

    def leaving_view(self, request: HttpRequest) -> HttpResponse:
        """Hand on, before leaving, what falls due today: to the covering teams that are on duty, with one note."""
        user, now = person_of(request), timezone.now()
        found = before_leaving(user, now, home.memberships(user, now))
        at, cases = (found.at, found.cases) if found else (None, [])
        offers = duty.on_duty(cases, at) if at else []
        form = LeavingForm(request.POST or None, offers=offers)
        if request.method == "POST" and form.is_valid():
            done, failed = handoffs.hand_off_several(
                offers=form.chosen, actor=Actor.user(user), now=now, note=form.cleaned_data["note"]
            )
            for row in done:
                messages.success(request, _("%(case)s is with %(team)s now.") % {"case": row.case, "team": row.to_team})
            for reference, why in failed:
                messages.error(request, f"{reference}: {why}")
            return redirect("admin:index")
        lines = {row.case.pk: row for row in radar.rows(cases, now)}
        context = {
            **self.admin_site.each_context(request),
            "title": _("Before you leave"),
            "opts": self.opts,
            "now": now,
            "at": at,
            "form": form,
            "offers": [(offer, lines[offer.case.pk]) for offer in offers],
            "possible": sum(offer.team is not None for offer in offers),
            "own_heading": True,
        }
        return TemplateResponse(request, "admin/desk/leaving.html", context)
