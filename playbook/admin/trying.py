"""Trying a draft: a case is answered under it and under what is in force, side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as __

from escalations.admin.base import person_of
from escalations.errors import NoPolicy
from escalations.selectors import law
from playbook.admin.drafts import DraftBase
from playbook.core.compiling import examine
from playbook.core.source import Source
from playbook.forms.trying import TryCase
from playbook.selectors import drafting, trying
from playbook.services import drafts


class TryPages(DraftBase):
    """The page on which a draft is tried."""

    def try_urls(self, page: Callable[[Any], Any]) -> list[URLPattern]:
        """Its address."""
        return [path("<int:pk>/try/", page(self.try_view), name="playbook_edition_try")]

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The facts of a case; and, once given, both answers. It changes nothing, so its address can be kept."""
        edition = self.edition_of(request, pk, writable=True)
        draft = drafting.Draft(edition, drafts.entries_of(edition), person_of(request))
        policy = examine(Source(draft.document)).policy
        context: dict[str, Any] = {"tab": "try", "form": None}
        if policy is not None:
            form = TryCase(request.GET if "category" in request.GET else None, policy, draft.seen)
            context["form"] = form
            if form.is_bound and form.is_valid():
                context |= self._answers(edition, policy, form.case(), draft.seen.__contains__)
        return self.draft_page(request, "try", edition, __("try it"), **context)

    @staticmethod
    def _answers(edition: Any, policy: Any, case: dict[str, Any], may_see: Callable[[str], bool]) -> dict[str, Any]:
        ours = trying.answer(__("This draft"), policy, case, may_see)
        try:
            version = law.in_force(timezone.now())
        except NoPolicy:
            theirs = None
        else:
            title = __("In force: version %(n)d") % {"n": version.number}
            theirs = trying.answer(title, law.policy_of(version), case, may_see)
        return {"ours": ours, "theirs": theirs, "compared": trying.compared(ours, theirs), "answers": [ours, theirs]}
