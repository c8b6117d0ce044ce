"""Headers that every answer carries, and the zone in which it writes times."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

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


class ReadersZone:
    """Makes the signed-in person's time zone the current one while their request is answered.

    Times are stored in UTC and shown, and read from forms, in the zone of whoever looks. Costs nothing for requests
    without a session, so that the health pages stay free of the database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return self.get_response(request)
        try:
            zone = zoneinfo.ZoneInfo(request.user.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            zone = zoneinfo.ZoneInfo(settings.TIME_ZONE)
        with timezone.override(zone):
            return self.get_response(request)
