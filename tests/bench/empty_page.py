"""The desk's addresses and one page more, which says nothing: the floor of `bench_pages`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path
from django.views.decorators.http import require_safe

from config.urls import urlpatterns as desk
from playbook.views.frame import readers


@require_safe
@readers()
def empty(request: HttpRequest) -> HttpResponse:
    """An empty template, for whoever may read the playbook."""
    return HttpResponse(engines["django"].from_string("").render({}, request))


urlpatterns = [path("empty/", empty), path("", include(desk))]
