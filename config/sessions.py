"""Sessions of browsers: when one is over, what one without a second factor reaches, and who is asked once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from config.middleware import AccessLog
from escalations.admin import dangerous
from escalations.inbound.signin import session
from escalations.models import User
from escalations.models.reach import without_second_factor

Answer = Callable[[HttpRequest], HttpResponse]


class Sessions:
    """Ends sessions that are over, and narrows those without a second factor. Stands after the authentication.

    What a page asks for by itself does not keep a session alive. A session that is used is written once a minute. A
    request without a session costs nothing.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not isinstance(request.user, User):
            return self._led_on(request, self.get_response(request))
        now = timezone.now()
        why = session.over(request.session, now)
        if why:
            logout(request)
            request.session[session.ENDED] = why
            return self._led_on(request, self.get_response(request))
        if not AccessLog.by_itself(request):
            session.used(request.session, now)
        narrow = settings.THROUGHLINE_SECOND_FACTOR != "off" and not session.with_second_factor(request)
        if narrow and settings.THROUGHLINE_SECOND_FACTOR == "everybody" and not _open_to_all(request):
            back = urlencode({"next": request.get_full_path()} if request.method == "GET" else {})
            return self._led_on(request, HttpResponseRedirect(f"{reverse('mfa_index')}?{back}"))
        person = int(request.user.pk)
        with without_second_factor(person) if narrow else nullcontext():
            answer = self.get_response(request)
        if narrow and getattr(answer, "streaming", False):
            answer.streaming_content = _narrowed(iter(answer.streaming_content), person)  # type: ignore[attr-defined]
        return self._led_on(request, answer)

    def _led_on(self, request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        """A part of a page that would be answered with a page of signing in leads the whole page there instead, and
        back to where the person is."""
        if not request.headers.get("HX-Request") or not 300 <= answer.status_code < 400:
            return answer
        target = urlsplit(answer.headers["Location"])
        to_sign_in = (resolve_url(settings.LOGIN_URL), reverse("admin:login"), reverse("mfa_index"))
        if target.path not in to_sign_in:
            return answer
        led = HttpResponse(status=200)
        parts = urlsplit(request.headers.get("HX-Current-URL", ""))  # whatever its host: back is a path of this one
        back = f"{parts.path}?{parts.query}" if parts.query else parts.path
        known = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
        led.headers["HX-Redirect"] = f"{target.path}?{urlencode({'next': back})}" if known else target.path
        return led


class AskedAgain:
    """Before what is dangerous (`escalations.admin.dangerous`) asks who it is, when the person last showed it too long
    ago. A form is asked for when it is opened; one that is sent comes back with everything that was typed."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or not isinstance(request.user, User):
            return None
        return dangerous.ask_first(request, match.view_name, kwargs)


def _open_to_all(request: HttpRequest) -> bool:
    """What is open to somebody who has to set up a second factor first: that, and leaving."""
    path = request.path_info
    own = (reverse("account_logout"), reverse("admin:logout"), reverse("healthz"), reverse("readyz"))
    return path in own or path.startswith(
        (reverse("account_login").removesuffix("login/"), reverse("set_language"), "/static/")
    )


def _narrowed(pieces: Iterator[bytes], person: int) -> Iterator[bytes]:
    """A streamed answer of a session without a second factor: each piece is made as the rest of the request was."""
    while True:
        with without_second_factor(person):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
