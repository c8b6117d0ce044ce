"""Headers that every answer carries."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

_SHARED = (
    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'"
)
STRICT = f"{_SHARED}; script-src 'self'; style-src 'self'"
#: unfold's Alpine compiles expressions and writes style attributes; its pages need both, no other page does.
ADMIN = f"{_SHARED}; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'"


class ContentSecurityPolicy:
    """Adds a Content-Security-Policy: strict everywhere, with unfold's two exceptions under the admin.

    A response that already carries the header keeps its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        admin = request.path_info.startswith(reverse("admin:index"))
        response.headers.setdefault("Content-Security-Policy", ADMIN if admin else STRICT)
        return response
