"""unfold's list, for tables that grow without end: pages by key, no counts, orderings from a list of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

from escalations.selectors import keyset

AFTER, BEFORE, SORT = "after", "before", "sort"
OURS = frozenset({AFTER, BEFORE, SORT})


class KeysetChangeList(ChangeList):
    """A list without page numbers and counts. `orderings` of the model's admin names the orderings that may be asked
    for, the first being the default; every ordering ends in a unique column and has an index."""

    page: keyset.Page[Any]

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.cursor_params = {name: request.GET.get(name, "") for name in OURS}
        super().__init__(request, *args, **kwargs)

    @property
    def orderings(self) -> Mapping[str, Sequence[str]]:
        """The orderings that may be asked for, by the word in the address."""
        return getattr(self.model_admin, "orderings", None) or {"newest": ("-pk",)}

    @property
    def sort(self) -> str:
        """The ordering in use."""
        wanted = self.cursor_params[SORT]
        return wanted if wanted in self.orderings else next(iter(self.orderings))

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in OURS}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        return list(self.orderings[self.sort])

    def get_page(self, request: HttpRequest) -> keyset.Page[Any]:
        """The page that was asked for."""
        return keyset.page(
            self.queryset,
            [name.replace("pk", self.opts.pk.name) for name in self.orderings[self.sort]],
            after=self.cursor_params[AFTER],
            before=self.cursor_params[BEFORE],
            size=self.list_per_page,
        )

    def get_results(self, request: HttpRequest) -> None:
        self.page = self.get_page(request)
        self.result_list = self.page.rows
        self.result_count = len(self.page.rows)
        self.full_result_count = None
        self.show_full_result_count = self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        self.paginator = self.model_admin.get_paginator(request, self.page.rows, self.list_per_page)

    @property
    def next_url(self) -> str:
        """The address of the next page; empty on the last."""
        return self._turn(AFTER, self.page.next)

    @property
    def previous_url(self) -> str:
        """The address of the page before; empty on the first."""
        return self._turn(BEFORE, self.page.previous)

    def _turn(self, name: str, cursor: str) -> str:
        if not cursor:
            return ""
        sort = {SORT: self.cursor_params[SORT]} if self.cursor_params[SORT] else {}
        return str(self.get_query_string({**sort, name: cursor}, [AFTER, BEFORE]))


class KeysetAdmin(ModelAdmin):
    """Mix in before `DeskAdmin` for a table that grows without end."""

    orderings: Mapping[str, Sequence[str]] = {"newest": ("-pk",)}
    change_list_template = "admin/desk/keyset_list.html"
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeysetChangeList
