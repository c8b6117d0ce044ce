"""The council's pages: what is proposed, what it changes, and the forms in which it is decided. Thin: parse, call one
service, say what happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from escalations.admin.base import person_of
from escalations.core.roles import DECIDE_PROPOSALS, SEE_PROPOSALS, WRITE_PLAYBOOK
from escalations.errors import DeskError
from escalations.forms.base import Why, refuse
from escalations.selectors.wording import full_moment
from governance.forms import Approve, Propose
from governance.models import Proposal
from governance.selectors import proposals as reads
from governance.services import proposals

View = Callable[..., HttpResponse]


def council(right: str) -> Callable[[View], View]:
    """For pages that one needs a right for; others are told so, and who is not signed in signs in first."""
    return lambda view: login_required(permission_required(right, raise_exception=True)(view))


@require_safe
@council(SEE_PROPOSALS)
def index(request: HttpRequest) -> HttpResponse:
    """What waits, what is coming, what may be proposed, what was decided."""
    user, now = person_of(request), timezone.now()
    writes = user.has_perm(WRITE_PLAYBOOK)
    before = request.GET.get("before", "")
    docket = reads.docket(user, now, before=int(before) if before.isdecimal() and len(before) < 10 else None)
    context = {
        "docket": docket,
        "writes": writes,
        "drafts": reads.ready_drafts() if writes else (),
        "now": now,
    }
    return render(request, "governance/index.html", context)


@require_safe
@council(SEE_PROPOSALS)
def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """One proposal: why, what it changes, what lint found, what was done about it, and what the reader may do."""
    user, now = person_of(request), timezone.now()
    row = get_object_or_404(reads.visible(user), pk=pk)
    context = {"proposal": row, "page": reads.page(row, user, now), "now": now}
    return render(request, "governance/proposal.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@council(WRITE_PLAYBOOK)
def propose(request: HttpRequest, edition_id: int) -> HttpResponse:
    """Put a draft to those who decide: what it would change, what lint finds, and the form."""
    user, now = person_of(request), timezone.now()
    draft = get_object_or_404(reads.ready_drafts(), pk=edition_id)
    preview = reads.preview(draft, user)
    form = Propose(request.POST if request.method == "POST" else None, warnings=preview.warnings, now=now)
    if request.method == "POST" and form.is_valid():
        try:
            made = proposals.propose(
                edition_id=draft.pk,
                actor=user,
                now=now,
                zone=timezone.get_current_timezone_name(),
                **form.cleaned_data,
            )
        except DeskError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Proposed. Those who decide see it on their home page."))
            return redirect(made)
    return render(request, "governance/propose.html", {"draft": draft, "preview": preview, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@council(DECIDE_PROPOSALS)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Say yes to one text."""

    def act(row: Proposal, form: forms.Form, now: dt.datetime) -> str:
        done = proposals.approve(proposal_id=row.pk, actor=person_of(request), now=now, **form.cleaned_data)
        if done.publish_at is not None:
            return _("Approved. It is published on %(at)s, unless somebody objects.") % {
                "at": full_moment(done.publish_at)
            }
        at = done.publication.effective_at if done.publication is not None else now
        return _("Approved and published. It is in force from %(at)s on.") % {"at": full_moment(at)}

    row = get_object_or_404(reads.visible(person_of(request)), pk=pk)
    typed = request.POST if request.method == "POST" else None
    form = Approve(typed, initial={"digest": row.edition_digest})
    return _act(request, row, form, act, "approve")


@require_http_methods(["GET", "HEAD", "POST"])
@council(DECIDE_PROPOSALS)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Say no, with the reason."""
    return _with_reason(
        request, pk, "reject", proposals.reject, _("Rejected. The draft stays, and may be proposed anew."),
        _("Its authors read this, and write on from it."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@council(WRITE_PLAYBOOK)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a proposal back."""
    return _with_reason(
        request, pk, "withdraw", proposals.withdraw, _("Withdrawn. The draft stays, and may be proposed anew."),
        _("Others may have read it."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@council(SEE_PROPOSALS)
def object_to(request: HttpRequest, pk: int) -> HttpResponse:
    """Object to words that were approved."""
    return _with_reason(
        request, pk, "object", proposals.object_to,
        _("You objected. The approval fell away, and it is decided on like a change of rules."),
        _("What is wrong with it."),
    )  # fmt: skip


def _with_reason(
    request: HttpRequest, pk: int, name: str, service: Callable[..., Proposal], said: str, help_text: str
) -> HttpResponse:
    def act(row: Proposal, form: forms.Form, now: dt.datetime) -> str:
        service(proposal_id=row.pk, actor=person_of(request), now=now, **form.cleaned_data)
        return said

    row = get_object_or_404(reads.visible(person_of(request)), pk=pk)
    form = Why(request.POST if request.method == "POST" else None, help_text=help_text)
    return _act(request, row, form, act, name)


def _act(
    request: HttpRequest,
    row: Proposal,
    form: forms.Form,
    act: Callable[[Proposal, Any, dt.datetime], str],
    name: str,
) -> HttpResponse:
    """One act's page: what it will do, its form, and what a service refused beside the field that it is about."""
    now = timezone.now()
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, act(row, form, now))
            return redirect(row)
        except DeskError as error:
            refuse(form, error)
    page = reads.page(row, person_of(request), now)
    return render(
        request, "governance/act.html", {"proposal": row, "page": page, "form": form, "act": name, "now": now}
    )
