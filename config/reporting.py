"""What a report of an error may say: it leaves the machine by mail, and is kept by whoever gets it."""

from __future__ import annotations

import logging
import re
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

TOKEN = re.compile(r"(/status/)[^/\s?\"']+")


def without_tokens(text: str) -> str:
    """A text in which addresses of parties' pages lack their token: who reads logs follows nobody's case."""
    return TOKEN.sub(r"\1…", text)


class WithoutTokens(logging.Filter):
    """Takes the tokens of parties' links out of what is logged. Never keeps a line back."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if "/status/" in said:
            record.msg, record.args = without_tokens(said), ()
        return True


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
        meta = {name: request.META[name] for name in shown if name in getattr(request, "META", {})}
        if "PATH_INFO" in meta:
            meta["PATH_INFO"] = without_tokens(str(meta["PATH_INFO"]))
        return meta

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:  # type: ignore[override]
        return dict.fromkeys(getattr(request, "POST", {}), self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> Any:
        return ()
