"""What every page of the admin stands on: unfold's look, no more rights than stated, and one sentence of where things
are changed when it is not here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.db import DataError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.admin import ModelAdmin

from escalations.models import User
from escalations.models.reach import Reach

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def works_here(user: Any) -> bool:
    """Whether somebody is signed in to the desk at all: active and staff."""
    return bool(user.is_active and user.is_staff)


def sees_cases(user: Any) -> bool:
    """Whether somebody reaches the cases of at least one channel, or single ones."""
    reach = Reach.of(user)
    return works_here(user) and bool(reach.channels("see_cases") or reach.granted("see_cases"))


class DeskAdmin(ModelAdmin):
    """Nothing may be added, changed or deleted unless a subclass says so; everybody who works here may look.

    `changed_by` is the sentence that a read-only page shows. Unless a page is `for_everybody`, its model's permission
    to view decides who may look.
    """

    compressed_fields = True
    list_per_page = 25
    show_full_result_count = False
    list_filter_sheet = False
    actions: Any = None
    changed_by: StrOrPromise = ""
    for_everybody = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return works_here(request.user) and self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        user = request.user
        right = f"{self.opts.app_label}.view_{self.opts.model_name}"
        return works_here(user) and (self.for_everybody or user.has_perm(right))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list that was asked for; a filter by a value that no column holds is answered like a wrong filter."""
        try:
            return super().get_changelist_instance(request)
        except (DataError, OverflowError) as error:
            raise IncorrectLookupParameters(str(error)) from error

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"where_changed": self.changed_by, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = {
            "where_changed": "" if object_id is None else self.changed_by,
            # One way to save is enough.
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }
        return super().changeform_view(request, object_id, form_url, context | (extra_context or {}))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """A row that this person may see; one that they may not is answered like one that does not exist."""
        if "\0" in object_id:  # written as _00, which only the admin reads as one
            return None
        row = super().get_object(request, object_id, from_field)
        return row if row is not None and self.has_view_permission(request, row) else None

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The history of a row, for those who may see the row now."""
        return super().history_view(request, object_id, extra_context)


def link_to(row: Model, page: str = "change") -> str:
    """The address of a row's page in the admin."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def case_url(pk: int) -> str:
    """The address of a case's page."""
    return reverse("admin:escalations_case_change", args=[pk])


def person_of(request: HttpRequest) -> User:
    """The signed-in person of a page that only signed-in people reach."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("this page is for people who are signed in")
    return user
