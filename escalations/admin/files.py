"""Files of a case: adding them, removing one, and the one address from which they leave."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from escalations.admin.base import case_url, person_of
from escalations.admin.tabs import files_context
from escalations.core.actor import Actor
from escalations.core.vetting import REFUSALS, tidy_name
from escalations.errors import DeskError
from escalations.inbound.uploads import refused_uploads
from escalations.models import Case, CaseFile, User
from escalations.selectors import casepage
from escalations.selectors.files import may_add
from escalations.services.files import adding, serving

BY_SCRIPT = "X-Desk-Upload"
"""Sent by the page's script, which adds one file after the other and shows how far each is."""
PATIENCE_S = 10
"""How long somebody waits for the checks of all that they sent at once; the rest is left to a worker."""
POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


class CaseFilePages:
    """The addresses of files, for the admin page of cases."""

    admin_site: Any
    opts: Any
    _case_page: Callable[..., HttpResponse]
    _not_here: Callable[[HttpRequest], HttpResponse]

    def file_urls(self, page: Callable[[Any], Any]) -> list[URLPattern]:
        """Where files are added, opened and removed. `page` is the admin's own guard."""
        return [
            path("<int:pk>/files/", page(self.files_view), name="escalations_case_files"),
            path("<int:pk>/files/<int:file>/", page(self.file_view), name="escalations_case_file"),
            path("<int:pk>/files/<int:file>/small/", page(self.thumbnail_view), name="escalations_case_thumbnail"),
            path("<int:pk>/files/<int:file>/remove/", page(self.remove_view), name="escalations_case_file_remove"),
        ]

    def files_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add files: several at once by a form, one by one by the page's script."""
        user, now = person_of(request), timezone.now()
        case = casepage.find(user, pk)
        if case is None:
            return self._not_here(request)
        if request.method != "POST":
            return HttpResponseRedirect(f"{case_url(pk)}?tab=evidence")
        top = casepage.top(case, user, now)
        added, errors = self._add(request, case, user, refusal=may_add(top))
        if request.headers.get(BY_SCRIPT):
            status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
            return JsonResponse({"added": len(added), "errors": [say for _name, say in errors]}, status=status)
        if added:
            count = len(added)
            told = ngettext("%(count)s file added.", "%(count)s files added.", count) % {"count": count}
            messages.success(request, f"{case.reference}: {told}")
        if not errors:
            return HttpResponseRedirect(f"{case_url(pk)}?tab=evidence")
        case = casepage.find(user, pk) or case
        top = casepage.top(case, user, now)
        kept = {"item": request.POST.get("item", ""), "completes": "completes" in request.POST, "errors": errors}
        return self._case_page(
            request, case, user, now, top=top, tab="evidence", extra=files_context(top) | {"upload": kept}
        )

    def _add(
        self, request: HttpRequest, case: Case, user: User, *, refusal: str
    ) -> tuple[list[CaseFile], list[tuple[str, str]]]:
        """Add what the request brings; the rest with its name and why not."""
        added: list[CaseFile] = []
        errors = [(tidy_name(item.name), _refused(item.code)) for item in refused_uploads(request)]
        uploads = [item for item in request.FILES.getlist("file") if isinstance(item, UploadedFile)]
        if refusal:
            return [], [("", refusal)]
        if not uploads and not errors:
            return [], [("", _("Choose at least one file."))]
        began = time.monotonic()
        for upload in uploads:
            try:
                row = adding.add_file(
                    case_id=case.pk,
                    actor=Actor.user(user),
                    now=timezone.now(),
                    source=upload,
                    name=upload.name or "",
                    declared=upload.content_type or "",
                    key=request.POST.get("item", ""),
                    completes="completes" in request.POST,
                    later=time.monotonic() - began > PATIENCE_S,
                )
            except DeskError as error:
                errors.append((tidy_name(upload.name or ""), str(error)))
            else:
                added.append(row)
        return added, errors

    def remove_view(self, request: HttpRequest, pk: int, file: int) -> HttpResponse:
        """Remove a file, with the reason on record."""
        user, now = person_of(request), timezone.now()
        case = casepage.find(user, pk)
        if case is None or not CaseFile.objects.filter(pk=file, case_id=pk).exists():
            return self._not_here(request)
        back = f"{case_url(pk)}?tab=evidence"
        if request.method != "POST":
            return HttpResponseRedirect(back)
        reason = request.POST.get("reason", "")
        try:
            adding.remove_file(case_id=pk, file_id=file, actor=Actor.user(user), now=now, reason=reason)
        except DeskError as error:
            extra = {"removing": file, "remove_error": str(error), "remove_reason": reason}
            return self._case_page(request, case, user, now, tab="evidence", extra=extra)
        messages.success(request, f"{case.reference}: {_('The file was removed.')}")
        return HttpResponseRedirect(back)

    @method_decorator(require_safe)
    def file_view(self, request: HttpRequest, pk: int, file: int) -> HttpResponseBase:
        """Hand out a file: the same 404 for what is not there, not checked, removed, or not this person's to see."""
        row = serving.opened_by(
            person=person_of(request), case_id=pk, file_id=file, now=timezone.now(),
            surface="admin:escalations_case_file",
        )  # fmt: skip
        if row is None:
            return self._not_here(request)
        inline = bool(row.kind and row.kind.picture and "look" in request.GET)
        return self._handed_out(request, row.storage_key or "", row, inline=inline)

    @method_decorator(require_safe)
    def thumbnail_view(self, request: HttpRequest, pk: int, file: int) -> HttpResponseBase:
        """The small picture beside a file's name."""
        row = serving.thumbnail_for(
            person=person_of(request), case_id=pk, file_id=file, now=timezone.now(),
            surface="admin:escalations_case_thumbnail",
        )  # fmt: skip
        if row is None:
            return self._not_here(request)
        return self._handed_out(request, row.thumbnail_key, row, inline=True, mime="image/webp")

    def _handed_out(
        self, request: HttpRequest, key: str, row: CaseFile, *, inline: bool, mime: str = ""
    ) -> HttpResponseBase:
        """The bytes, with headers under which no browser runs or keeps them, beside those of every answer
        (`config.middleware.Headers`). Whole, not in ranges."""
        try:
            stored = default_storage.open(key, "rb")
        except OSError:
            context = {
                **self.admin_site.each_context(request),
                "title": _("This file cannot be found"),
                "opts": self.opts,
                "back": f"{case_url(row.case_id)}?tab=evidence",
            }
            status = HTTPStatus.SERVICE_UNAVAILABLE
            return TemplateResponse(request, "admin/desk/file_lost.html", context, status=status)
        kind = row.kind
        told = mime or (kind.mime if kind else "application/octet-stream")
        answer = FileResponse(
            stored,
            as_attachment=not inline,
            filename="small.webp" if mime else row.name,
            content_type=f"{told}; charset=utf-8" if told.startswith("text/") else told,
        )
        answer["Content-Security-Policy"] = POLICY
        answer["Cache-Control"] = "private, no-store"
        answer["Referrer-Policy"] = "no-referrer"
        answer["Accept-Ranges"] = "none"
        return answer


def _refused(code: str) -> str:
    return adding.too_big() if code == "too_big" else REFUSALS[code]
