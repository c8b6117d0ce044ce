"""The search of the bar is unfold's; what it makes of addresses that nobody is led to is ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.paginator import InvalidPage
from django.http import HttpRequest, HttpResponse, HttpResponseBase


def _paged(search: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """unfold's search, for which a page that is none is nothing found and not an error."""

    @wraps(search)
    def found(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return search(request, *args, **kwargs)
        except (InvalidPage, ValueError):
            return HttpResponse()

    return found


admin.site.search = _paged(admin.site.search)  # type: ignore[attr-defined]
