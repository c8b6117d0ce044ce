"""Taking cases away as a file, from the table of cases: a form that asks why, then the file in pieces."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from escalations.admin.base import person_of
from escalations.errors import DeskError
from escalations.forms.base import refuse
from escalations.forms.exporting import ExportForm
from escalations.selectors import caselist, exporting
from escalations.services.exporting import Export, export_cases, written

#: What of the address of the table is asked again here.
ASKED = ("q", "status", "severity", "team", "channel", "whose", "when", "sort")


def asked_of(request: HttpRequest) -> dict[str, str]:
    """What the table of cases was asked for, by the address: what is given in `ASKED`, the rest left away."""
    return {name: request.GET[name] for name in ASKED if request.GET.get(name)}


def export_view(page: ModelAdmin[Any], request: HttpRequest) -> HttpResponseBase:
    """The form; and, when it is sent, the file. Whoever may export nothing reads that, and whom to ask."""
    user, now = person_of(request), timezone.now()
    query = asked_of(request)
    context: dict[str, Any] = {
        **page.admin_site.each_context(request),
        "title": _("Export cases"),
        "opts": page.opts,
        "own_heading": True,
        "back": urlencode(query),
    }
    if not exporting.may_export(user):
        return TemplateResponse(request, "admin/desk/export_not.html", context, status=HTTPStatus.FORBIDDEN)
    asked, sort = caselist.Filters.read(query), query.get("sort", "")
    sort = sort if sort in caselist.ORDERINGS else next(iter(caselist.ORDERINGS))
    form = ExportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            export = export_cases(asked=asked, sort=sort, reason=form.cleaned_data["reason"], actor=user, now=now)
        except DeskError as error:
            refuse(form, error)
        else:
            return _file(export, f"cases-{now:%Y%m%d-%H%M%S}.csv", mark=form.cleaned_data["written_for"] == "sheet")
    most = settings.THROUGHLINE_EXPORT_CASES
    count = len(exporting.ids(asked, user, now, sort, limit=most + 1))
    context |= {
        "form": form,
        "count": min(count, most),
        "cut": count > most,
        "narrowed": asked.narrowed,
        "channels": exporting.named_channels(user),
    }
    return TemplateResponse(request, "admin/desk/export.html", context)


def _file(export: Export, name: str, *, mark: bool) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(written(export, mark=mark), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
