"""Headers that every answer carries, the zone in which it writes times, and the record of what it shows."""

from __future__ import annotations

import logging
import zoneinfo
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from escalations.core.typed import ids_of
from escalations.core.vetting import MEGABYTE
from escalations.models import User
from escalations.models.shown import Shown, watching
from escalations.services import noting

log = logging.getLogger(__name__)

_SHARED = (
    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'"
)
STRICT = f"{_SHARED}; script-src 'self'; style-src 'self'"
#: unfold's Alpine compiles expressions and writes style attributes; its pages need both, no other page does.
ADMIN = f"{_SHARED}; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'"


#: What no page of the desk asks of a browser; whoever plants a script gets none of it either. Passkeys it does ask for.
PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "geolocation",
        "gyroscope", "hid", "idle-detection", "magnetometer", "microphone", "midi", "payment",
        "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


class Headers:
    """Adds the headers that hold for every answer, also for those that other middleware gives: nothing of the desk is
    framed, embedded or read by another site, guessed at by type, or kept in a cache once somebody has signed out.

    A response that already carries one of them keeps its own; so static files stay in caches.
    """

    EVERY = {
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS,
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Permitted-Cross-Domain-Policies": "none",
    }

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.EVERY.items():
            response.headers.setdefault(name, value)
        return response


class NoNul:
    """Refuses what holds a NUL character in its address, query or form: nobody types one, and PostgreSQL keeps none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise SuspiciousOperation("a NUL character in the address")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        """Forms are looked at after the check of their token has read them; what it leaves unread is left so here."""
        if request.method == "POST" and not getattr(view, "csrf_exempt", False):
            for name, values in request.POST.lists():
                if "\0" in name or any("\0" in str(value) for value in values):
                    raise SuspiciousOperation("a NUL character in a form")


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


class RequestSize:
    """Refuses a request that says it is bigger than anything that is taken here, before a byte of it is read.

    What says nothing of its size has no body for Django. What is within the bound is counted as it comes in
    (`escalations.inbound.uploads`). The proxy in front should refuse it earlier still.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        said = str(request.META.get("CONTENT_LENGTH") or "0")
        most = settings.THROUGHLINE_REQUEST_MB * MEGABYTE + FORM
        if not said.isdecimal() or int(said) > most:
            say = TOO_BIG % {"most": settings.THROUGHLINE_REQUEST_MB, "each": settings.THROUGHLINE_FILE_MB}
            return HttpResponse(say, status=413, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


FORM = MEGABYTE
"""Room for the fields of a form beside its files."""

TOO_BIG = (
    "Nothing was added: that is more than %(most)s MB at once.\n"
    "Go back, and add files of at most %(each)s MB each, a few at a time.\n"
)


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


class AccessLog:
    """Puts on record which sensitive cases an answer shows, before it is sent. What cannot be recorded is not sent.

    A page takes no part in it: loading a case is what counts (`escalations.models.shown`). Redirects show nothing.
    Costs one query for an answer that shows cases, and four more when a sensitive one is among them; none otherwise.
    """

    #: Elements that ask for themselves again, as the page that shows them (htmx names who asks).
    POLLING = frozenset({"live", "case-top", "evidence-list"})

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with noting.acting(self._person(request)), watching() as shown:
            response = self.get_response(request)
        if getattr(response, "streaming", False):
            response.streaming_content = self._noted(request, response.streaming_content, shown)  # type: ignore[attr-defined]
        elif shown and not 300 <= response.status_code < 400:
            try:
                self._note(request, shown)
            except Exception:
                log.exception("looks at cases could not be recorded: the page was not shown")
                return HttpResponse(NOT_RECORDED, status=503, content_type="text/plain; charset=utf-8")
        return response

    @classmethod
    def by_itself(cls, request: HttpRequest) -> bool:
        """Whether a page asks for itself again, without anybody having done anything."""
        return request.method == "GET" and request.headers.get("HX-Trigger") in cls.POLLING

    @staticmethod
    def _person(request: HttpRequest) -> User | None:
        """Who is signed in. No question to the database for a request without a session."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        return request.user if isinstance(request.user, User) else None

    def _noted(self, request: HttpRequest, chunks: Iterable[bytes], shown: Shown) -> Iterator[bytes]:
        """A streamed answer: what has been loaded is noted before the piece that may show it is let go."""
        noted: set[int] = set()
        pieces = iter(chunks)
        while True:
            with watching(shown):
                piece = next(pieces, None)
            new = {pk: channel for pk, channel in shown.items() if pk not in noted}
            if new:
                self._note(request, new)
                noted |= set(new)
            if piece is None:
                return
            yield piece

    def _note(self, request: HttpRequest, shown: Shown) -> None:
        if not isinstance(request.user, User):
            return
        match = request.resolver_match
        arguments = [*match.args, *match.kwargs.values()] if match else []
        named = set(ids_of(map(str, arguments)))
        about = named & set(shown) if match and "case" in (match.url_name or "") else set()
        noting.note_shown(
            person=request.user,
            shown=shown,
            surface=match.view_name if match else request.path_info,
            now=timezone.now(),
            named=min(about, default=None),
            searched=any(request.GET.get(name) for name in ("q", "term", "s")),
            polled=self.by_itself(request),
        )


NOT_RECORDED = (
    "This page was not shown: it holds cases whose every look is recorded, and the record could not be written.\n"
    "Try again in a minute. If it stays, tell whoever keeps the desk running.\n"
)
