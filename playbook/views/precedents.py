"""Pages of past decisions. Thin: parse, call one service, say what happened."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from escalations.admin.base import person_of
from escalations.core.roles import REVIEW_ARTICLES
from escalations.errors import DeskError
from escalations.forms.base import Why, refuse, text
from escalations.models import Case, Category, Region, User
from playbook.models import Precedent
from playbook.selectors import precedents as reads
from playbook.services import precedents
from playbook.views.articles import FORMS
from playbook.views.frame import readers


class Archive(forms.Form):
    """A decision, told so that later cases can use it."""

    use_required_attribute = False

    title = forms.CharField(
        label=_("Title"), max_length=160, help_text=_("The question that was decided, in one line.")
    )
    situation = text(_("What it was about"), rows=5, help_text=_("What was known when it was decided, and what not."))
    decision = text(_("What was decided"), rows=3)
    reasoning = text(_("Why"), rows=5, help_text=_("Which rule, which limit, what spoke for and against it."))
    outcome = text(_("What came of it"), rows=3, help_text=_("Accepted, disputed, paid back by the carrier, …"))


MET = _("Whoever meets the precedent reads it. Nothing of the people of the case.")


class Overturning(Why):
    """Why a precedent no longer stands, and what is decided instead."""

    by = forms.TypedChoiceField(
        label=_("Overturned by"), coerce=int, required=False, empty_value=None,
        help_text=_("The later precedent by which such cases are decided now, where there is one."),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, user: User, precedent: Precedent) -> None:
        super().__init__(data, help_text=MET)
        later = reads.readable(user).filter(category=precedent.category, state=Precedent.State.STANDING)
        rows = later.exclude(pk=precedent.pk)[: reads.LISTED]
        self.fields["by"].choices = [("", _("none")), *((row.pk, row.title) for row in rows)]  # type: ignore[attr-defined]


@require_safe
@readers()
def index(request: HttpRequest) -> HttpResponse:
    """All precedents, narrowed and searched."""
    user, now, asked = person_of(request), timezone.now(), request.GET
    chosen = reads.Filters(
        *(asked.get(name, "").replace("\0", "")[:200].strip() for name in ("category", "region", "q"))
    )
    context = {
        "chosen": chosen,
        "lines": reads.listed(user, chosen, now),
        "most": reads.LISTED,
        "categories": Category.objects.filter(retired_at=None).order_by("side", "name"),
        "regions": Region.objects.filter(retired_at=None).order_by("name"),
    }
    return render(request, "playbook/precedents/index.html", context)


@require_safe
@readers()
def precedent(request: HttpRequest, pk: int) -> HttpResponse:
    """One past decision: what it was about, what was decided and why, and what became of it."""
    page = reads.page(person_of(request), pk, timezone.now())
    if page is None:
        raise Http404
    return render(request, "playbook/precedents/precedent.html", {"page": page, "row": page.line.precedent})


@require_http_methods(FORMS)
@readers()
def archive(request: HttpRequest, case: int) -> HttpResponse:
    """Archive the decision of a case."""
    user, now = person_of(request), timezone.now()
    rows = Case.objects.visible_to(user).select_related("category", "region", "text", "party", "channel")
    row = get_object_or_404(rows, pk=case)
    there = reads.of_case(row, user)
    if there is not None:
        return redirect(there)
    form = Archive(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = precedents.archive(case_id=case, actor=user, now=now, **form.cleaned_data)
        except DeskError as error:
            refuse(form, error)
        else:
            messages.success(request, __("Archived. Whoever works on a similar case finds it beside the case."))
            return redirect(made)
    context = {"case": row, "form": form, "may": reads.archivable(row, user)}
    return render(request, "playbook/precedents/archive.html", context)


@require_http_methods(FORMS)
@readers(REVIEW_ARTICLES)
def overturn(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that cases are no longer decided so."""
    user, now = person_of(request), timezone.now()
    row = get_object_or_404(reads.readable(user), pk=pk)
    form = Overturning(request.POST if request.method == "POST" else None, user=user, precedent=row)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            precedents.overturn(precedent_id=pk, reason=data["reason"], by_id=data["by"], actor=user, now=now)
        except DeskError as error:
            refuse(form, error)
        else:
            messages.success(request, __("Overturned. It stays to be read, marked so."))
            return redirect(row)
    return render(request, "playbook/precedents/end.html", {"row": row, "form": form, "act": "overturn"})


@require_http_methods(FORMS)
@readers(REVIEW_ARTICLES)
def take_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a precedent out for good."""
    user, now = person_of(request), timezone.now()
    row = get_object_or_404(reads.readable(user), pk=pk)
    form = Why(request.POST if request.method == "POST" else None, help_text=MET)
    if request.method == "POST" and form.is_valid():
        try:
            precedents.take_out(precedent_id=pk, actor=user, now=now, **form.cleaned_data)
        except DeskError as error:
            refuse(form, error)
        else:
            messages.success(request, __("Taken out. Nothing is left of its words."))
            return redirect("playbook:precedents")
    return render(request, "playbook/precedents/end.html", {"row": row, "form": form, "act": "take_out"})
