"""A row's page: its form, its history, and the acts on it. Each change asks why."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as __

from escalations.admin.base import person_of
from escalations.core.canonical import canonical
from escalations.core.typed import id_of
from escalations.errors import DeskError, Refused
from escalations.forms.base import refuse
from playbook.admin.drafts import DraftBase
from playbook.core.entries import CENTRE, Address, section_of
from playbook.core.rows import of_the_address
from playbook.forms.drafts import Because
from playbook.forms.parts import ABSENT, in_yaml
from playbook.forms.rows import RowForm
from playbook.forms.world import World
from playbook.models import Edition, Entry
from playbook.selectors import drafting
from playbook.services import drafts

HISTORY = 50
"""Entries of a row's history that its page shows."""


class RowPages(DraftBase):
    """One row of a draft."""

    def row_urls(self, page: Callable[[Any], Any]) -> list[URLPattern]:
        """The addresses of rows."""
        return [
            path("<int:pk>/rows/add/", page(self.add_row_view), name="playbook_edition_add_row"),
            path("<int:pk>/rows/<int:row>/", page(self.row_view), name="playbook_edition_row"),
            path("<int:pk>/rows/<int:row>/remove/", page(self.remove_row_view), name="playbook_edition_remove_row"),
            path("<int:pk>/rows/<int:row>/restore/", page(self.restore_row_view), name="playbook_edition_restore_row"),
            path("<int:pk>/rows/<int:row>/move/", page(self.move_row_view), name="playbook_edition_move_row"),
        ]

    # ----------------------------------------------------------------------------------------------------- its form

    def row_view(self, request: HttpRequest, pk: int, row: int) -> HttpResponse:
        """The form of a row; a button within it is answered with the form again, and saving with the draft."""
        edition, draft, entry = self._row(request, pk, row)
        form = self._form(request, draft, entry.address, draft.bodies[entry.pk])
        because = Because(request.POST if saves(request) else None, initial={"reason": request.POST.get("reason", "")})
        stale = None
        if saves(request):
            seen = id_of(request.POST.get("version"))
            valid = form.is_valid()
            if because.is_valid() and valid and seen is not None:
                if canonical(form.body).decode() == entry.body and not entry.removed and seen == entry.version:
                    messages.info(request, __("Nothing was changed, so nothing was saved."))
                    return self._back(request, entry)
                try:
                    drafts.write_entry(
                        edition_id=pk,
                        address=entry.address,
                        body=form.body,
                        actor=person_of(request),
                        now=timezone.now(),
                        rationale=because.cleaned_data["reason"],
                        version=seen,
                    )
                except Refused as error:
                    form.say(str(error))
                except DeskError as error:
                    refuse(because, error, {"rationale": "reason"})
                    form.say(str(error))
                else:
                    messages.success(request, __("Saved: %(row)s.") % {"row": drafting.title_of(entry, form.body)})
                    return self._back(request, entry)
            elif seen is None:
                form.say(__("The form lost which state of the row it was about. Look at it, and save again."))
            current = Entry.objects.select_related("changed_by").filter(pk=entry.pk).first()
            if current is not None and seen != current.version:
                stale, entry = entry_since(current, seen), current
        return self._page(request, edition, draft, form, because, entry=entry, stale=stale)

    def add_row_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A new row: its key, and its form."""
        edition = self.edition_of(request, pk, writable=True)
        draft = drafting.Draft(edition, drafts.entries_of(edition), person_of(request))
        asked = request.POST if request.method == "POST" else request.GET
        address = Address(asked.get("part", CENTRE), asked.get("section", ""), asked.get("key", "").strip())
        try:
            section = section_of(address)
        except LookupError:
            raise Http404 from None
        form = self._form(request, draft, address, ABSENT)
        because = Because(request.POST if saves(request) else None, initial={"reason": request.POST.get("reason", "")})
        key_error = ""
        if saves(request):
            wrong = next(iter(of_the_address(address)), None)
            key_error = str(wrong.message) if wrong is not None else ""
            valid = form.is_valid()
            if because.is_valid() and valid and wrong is None:
                try:
                    entry = drafts.write_entry(
                        edition_id=pk,
                        address=address,
                        body=form.body,
                        actor=person_of(request),
                        now=timezone.now(),
                        rationale=because.cleaned_data["reason"],
                    )
                except Refused as error:
                    key_error = str(error)
                except DeskError as error:
                    form.say(str(error))
                else:
                    messages.success(request, __("Added: %(row)s.") % {"row": drafting.title_of(entry, form.body)})
                    return self._back(request, entry)
        return self._page(
            request, edition, draft, form, because, section=section, address=address, key_error=key_error
        )  # fmt: skip

    def _form(self, request: HttpRequest, draft: drafting.Draft, address: Address, body: Any) -> RowForm:
        posted = request.POST if request.method == "POST" else None
        asked = posted or request.GET
        doing = posted.get("do", "") if posted is not None else ""
        mode = asked.get("mode", "")
        form = RowForm(address, body, World(draft), posted, as_yaml=mode == "yaml")
        if doing in ("as-yaml", "as-form"):
            return form.turned(as_yaml=doing == "as-yaml")
        if doing and doing != "save":
            form.act(doing)
        return form

    def _page(
        self,
        request: HttpRequest,
        edition: Edition,
        draft: drafting.Draft,
        form: RowForm,
        because: Because,
        *,
        entry: Entry | None = None,
        **context: Any,
    ) -> HttpResponse:
        address = form.address
        section = section_of(address)
        title = drafting.title_of(entry, draft.bodies[entry.pk]) if entry else __("A new row")
        found = []
        if entry is not None and not request.headers.get("HX-Request"):
            found = [draft.say(one) for one in drafts.findings(edition, draft.entries) if one.entry == entry]
        return self.draft_page(
            request,
            "row",
            edition,
            title,
            status=HTTPStatus.CONFLICT if context.get("stale") else HTTPStatus.OK,
            row=form,
            drawn=form.drawn(),
            because=because,
            entry=entry,
            address=address,
            heading=title,
            found=found,
            section=section,
            part_name=self._part_name(draft, address),
            history=list(history_of(entry)) if entry is not None else [],
            back=self._address_of(edition.pk, entry),
            **{name: value for name, value in context.items() if name not in ("section", "address")},
        )

    @staticmethod
    def _part_name(draft: drafting.Draft, address: Address) -> str:
        if address.part == CENTRE:
            return __("The centre")
        region = address.part.partition(".")[2]
        rows = (draft.content.policy.get(CENTRE) or {}).get("regions") or {}
        return str((rows.get(region) or {}).get("name") or region)

    # ------------------------------------------------------------------------------------------------- acts on a row

    def remove_row_view(self, request: HttpRequest, pk: int, row: int) -> HttpResponse:
        """Take a row out: asks why."""
        edition, draft, entry = self._row(request, pk, row)
        form = Because(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                drafts.remove_entry(
                    entry_id=row,
                    version=id_of(request.POST.get("version")) or 0,
                    actor=person_of(request),
                    now=timezone.now(),
                    rationale=form.cleaned_data["reason"],
                )
            except DeskError as error:
                refuse(form, error, {"rationale": "reason"})
            else:
                messages.success(request, __("Taken out. It can be put back as long as the draft is open."))
                return self._back(request, entry)
        name = drafting.title_of(entry, draft.bodies[entry.pk])
        asks: dict[str, Any] = {
            "heading": __("Take “%(row)s” out?") % {"row": name},
            "lead": __("The draft goes on without it. It stays here, marked, and can be put back."),
            "act": __("Take it out"),
            "back": self._address_of(pk, entry),
            "version": entry.version,
        }
        return self.draft_page(request, "ask", edition, name, form=form, **asks)

    def restore_row_view(self, request: HttpRequest, pk: int, row: int) -> HttpResponse:
        """Make a row again what it was when the draft was begun."""
        _edition, _draft, entry = self._row(request, pk, row)
        if request.method == "POST":
            try:
                kept = drafts.restore_entry(
                    entry_id=row,
                    version=id_of(request.POST.get("version")) or 0,
                    actor=person_of(request),
                    now=timezone.now(),
                )
            except DeskError as error:
                messages.error(request, str(error))
            else:
                done = __("It is again what it was.") if kept else __("The new row is gone again.")
                messages.success(request, f"{done} {__('What was written stays in its history.')}")
        return self._back(request, entry)

    def move_row_view(self, request: HttpRequest, pk: int, row: int) -> HttpResponse:
        """Put a rule, trigger or scenario one place up or down among those that stand."""
        _edition, draft, entry = self._row(request, pk, row)
        if request.method == "POST":
            beside = [
                one
                for one in draft.entries
                if (one.part, one.section) == (entry.part, entry.section) and not one.removed and draft.shows(one)
            ]
            at = next((number for number, one in enumerate(beside) if one.pk == row), None)
            up = request.POST.get("way") == "up"
            if at is not None and (at > 0 if up else at < len(beside) - 1):
                before = beside[at - 1] if up else next(iter(beside[at + 2 :]), None)
                try:
                    drafts.move_entry(
                        entry_id=row,
                        before_id=before.pk if before else None,
                        version=id_of(request.POST.get("version")) or 0,
                        actor=person_of(request),
                        now=timezone.now(),
                    )
                except DeskError as error:
                    messages.error(request, str(error))
        return self._back(request, entry)

    # ------------------------------------------------------------------------------------------------------- shared

    def _row(self, request: HttpRequest, pk: int, row: int) -> tuple[Edition, drafting.Draft, Entry]:
        """A row that this person may write, with its draft."""
        edition = self.edition_of(request, pk, writable=True)
        draft = drafting.Draft(edition, drafts.entries_of(edition), person_of(request))
        entry = next((one for one in draft.entries if one.pk == row), None)
        if entry is None or not draft.shows(entry):
            raise Http404
        if not draft.opens(entry):
            raise PermissionDenied("a part of this row is restricted")
        return edition, draft, entry

    @staticmethod
    def _address_of(pk: int, entry: Entry | None) -> str:
        return reverse("admin:playbook_edition_change", args=[pk]) + (f"#row-{entry.pk}" if entry else "")

    def _back(self, request: HttpRequest, entry: Entry) -> HttpResponse:
        address = self._address_of(entry.edition_id, entry)
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": address})
        return redirect(address)


def saves(request: HttpRequest) -> bool:
    """Whether the form was sent to be kept, and not for one of its buttons."""
    return request.method == "POST" and request.POST.get("do", "save") == "save"


def entry_since(current: Entry, seen: int | None) -> dict[str, Any]:
    """What somebody else wrote in a row since one opened it: who, when, why, and which lines differ."""
    before = None
    if seen is not None:
        before = current.history.filter(version=seen).order_by("-history_id").first()  # type: ignore[attr-defined]
    was = before.body if before is not None else current.before
    return {"entry": current, "lines": list(differing(was, current.body))}


def history_of(entry: Entry) -> Iterator[dict[str, Any]]:
    """The history of a row, newest first: who, when, why and which lines differ. One query."""
    rows = list(entry.history.select_related("history_user").order_by("-history_id")[: HISTORY + 1])  # type: ignore[attr-defined]
    for number, row in enumerate(rows[:HISTORY]):
        older = rows[number + 1] if number + 1 < len(rows) else None
        yield {
            "row": row,
            "begun": older is None and row.history_type == "+" and row.changed_at is None,
            "lines": list(differing(older.body, row.body)) if older is not None else [],
        }


def differing(before: str, after: str) -> Iterator[tuple[str, str]]:
    """The lines in which two bodies differ, as YAML: (`-` or `+`, the line)."""
    old, new = (_lines(body) for body in (before, after))
    for line in difflib.ndiff(old, new):
        if line[:2] in ("- ", "+ "):
            yield line[0], line[2:]


def _lines(body: str) -> list[str]:
    if not body:
        return []
    value = json.loads(body)
    return (value if isinstance(value, str) else in_yaml(value)).splitlines()
