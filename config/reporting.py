"""What a report of an error may say: it leaves the machine by mail, and is kept by whoever gets it."""

from __future__ import annotations

from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class Sparing(SafeExceptionReporterFilter):
    """The error, its lines of code and the address; no settings, no cookies, nothing typed, no variable of a function.

    Django's own leaves out what is named like a secret. Here secrets stand in addresses, and variables hold the data
    of parties.
    """

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_safe_settings(self) -> dict[str, Any]:
        return {}

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        shown = ("REQUEST_METHOD", "PATH_INFO", "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_HX_REQUEST")
        return {name: request.META[name] for name in shown if name in getattr(request, "META", {})}

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:  # type: ignore[override]
        return dict.fromkeys(getattr(request, "POST", {}), self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> Any:
        return ()
