"""What a browser's session has shown: when its person came, when they were last there, and by what they are known.

Times are kept in seconds under keys that begin as allauth's do, so that an erasure, which empties sessions of what
pages put there, leaves them (`services.privacy.residue`).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from escalations.core import signing

CAME, SEEN, ENDED = "account_came_at", "account_seen_at", "account_ended"
WRITTEN_AFTER_S = 60
"""A session is written at most once a minute for having been used."""


def begin(request: HttpRequest, now: dt.datetime) -> None:
    """Somebody signed in just now."""
    request.session[CAME] = request.session[SEEN] = now.timestamp()


def records(request: HttpRequest) -> list[dict[str, Any]]:
    """What the signed-in person has shown in this session."""
    user = request.user
    return get_authentication_records(request, user) if user.is_authenticated else []


def with_second_factor(request: HttpRequest) -> bool:
    """Whether a second factor is among it."""
    return signing.second_factor(records(request))


def proved_at(request: HttpRequest) -> float:
    """When the person last showed who they are, in seconds; 0 when that is not known."""
    return signing.proved_at(records(request), float(request.session.get(CAME, 0)))


def is_recent(request: HttpRequest, now: dt.datetime) -> bool:
    """Whether the person showed who they are within THROUGHLINE_REAUTHENTICATE_MINUTES."""
    return now.timestamp() - proved_at(request) < settings.THROUGHLINE_REAUTHENTICATE_MINUTES * 60


def over(session: SessionBase, now: dt.datetime) -> str:
    """Why a session is over: `idle`, `age`, or the empty string for one that goes on."""
    came, seen = session.get(CAME), session.get(SEEN)
    if came is None or seen is None:
        return "age"  # it began before sessions knew their age
    at = now.timestamp()
    if at - came > settings.SESSION_COOKIE_AGE:
        return "age"
    return "idle" if at - seen > settings.THROUGHLINE_IDLE_MINUTES * 60 else ""


def used(session: SessionBase, now: dt.datetime) -> None:
    """The person did something. Written once a minute."""
    at = now.timestamp()
    if at - session.get(SEEN, 0) >= WRITTEN_AFTER_S:
        session[SEEN] = at
