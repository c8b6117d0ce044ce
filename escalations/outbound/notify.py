"""Short messages and chat rooms through Apprise, which is loaded only when something is sent that way.

Whatever it sends goes through the guard of `hosts`. Services of Apprise that speak anything but http (mail, syslog,
MQTT and others) are refused: nothing could be said of where they connect to.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django.conf import settings

from escalations.outbound import hosts
from escalations.outbound.failures import Permanent, Temporary
from escalations.outbound.letter import Letter

_NUMBER = re.compile(r"^\+?\d{6,15}$")


def sms(letter: Letter, *, number: str, regions: Sequence[str] = ()) -> None:
    """Send a letter's few words to a telephone number.

    regions   keys of the region that it is about and of those around it: which hosts may be spoken to

    Raises Permanent for what is no number, Temporary when the service is not set up, its host is not allowed to the
    region, or it did not accept the message.
    """
    digits = re.sub(r"[\s()/.\-]", "", number)
    if not _NUMBER.match(digits):
        raise Permanent("There is no telephone number that can be used. Add one, then send again.")
    if not settings.THROUGHLINE_SMS_URL:
        raise Temporary("No service for short messages is set up. Set THROUGHLINE_SMS_URL.")
    words = letter.short() if letter.url else "\n".join([letter.subject, *letter.text().split("\n\n")[:2]])
    _notify(settings.THROUGHLINE_SMS_URL.replace("{to}", quote(digits)), "", words[:480], regions)


def chat(letter: Letter, *, team: str, regions: Sequence[str] = ()) -> None:
    """Post a letter's few words to the chat room of a team (by key). Raises like `sms`."""
    url = settings.THROUGHLINE_CHAT_URLS.get(team, "")
    if not url:
        raise Temporary(f"No chat room is set up for {team}. Name it in THROUGHLINE_CHAT_URLS.")
    _notify(url, letter.subject, letter.url or letter.subject, regions)


def understands(url: str) -> bool:
    """Whether Apprise can make something of an address. Sends nothing."""
    import apprise

    _quiet()
    return apprise.Apprise.instantiate(url.replace("{to}", "15550001111"), suppress_exceptions=True) is not None


def obstacle(url: str) -> str:
    """Why nothing could be sent to an address that Apprise understands, its host not being on the list of any region;
    empty when it could. Sends nothing and asks no resolver."""
    with hosts.rehearsed() as refused:
        service = _service(url.replace("{to}", "15550001111"))
        if not _by_http(service):
            return NOT_HTTP
        service.notify(title="", body="rehearsal")
    return refused[0] if refused else ""


NOT_HTTP = "Only services of Apprise that speak http or https can be used."


def _notify(url: str, title: str, body: str, regions: Sequence[str]) -> None:
    service = _service(url)
    if service is None:
        raise Temporary("Apprise does not know such a service. Check THROUGHLINE_SMS_URL and THROUGHLINE_CHAT_URLS.")
    if not _by_http(service):
        raise Temporary(NOT_HTTP)
    with hosts.guarded(*regions) as refused:
        accepted = _told(service, title, body)
    if not accepted:
        raise Temporary(refused[0] if refused else "The service did not accept the message.")


def _service(url: str) -> Any:
    import apprise

    _quiet()
    return apprise.Apprise.instantiate(url, suppress_exceptions=True)


def _told(service: Any, title: str, body: str) -> bool:
    """One service in this thread: what the guard knows is known in no other."""
    import apprise

    told = apprise.Apprise()
    told.add(service)
    return bool(told.notify(title=title, body=body))


def _by_http(service: Any) -> bool:
    """Whether a service sends by the library `requests` alone: one with a socket of its own does not."""
    names = vars(sys.modules[type(service).__module__])
    return "requests" in names and not {"socket", "smtplib"} & set(names)


def _quiet() -> None:
    # Apprise logs to whom it has written, urllib3 by which path: neither addresses nor tokens belong in logs.
    for name in ("apprise", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
