"""Short messages and chat rooms through Apprise, which is loaded only when something is sent that way."""

from __future__ import annotations

import logging
import re
from urllib.parse import quote

from django.conf import settings

from escalations.outbound.failures import Permanent, Temporary
from escalations.outbound.letter import Letter

_NUMBER = re.compile(r"^\+?\d{6,15}$")


def sms(letter: Letter, *, number: str) -> None:
    """Send a letter's few words to a telephone number.

    Raises Permanent for what is no number, Temporary when the service is not set up or did not accept it.
    """
    digits = re.sub(r"[\s()/.\-]", "", number)
    if not _NUMBER.match(digits):
        raise Permanent("There is no telephone number that can be used. Add one, then send again.")
    if not settings.THROUGHLINE_SMS_URL:
        raise Temporary("No service for short messages is set up. Set THROUGHLINE_SMS_URL.")
    words = letter.short() if letter.url else "\n".join([letter.subject, *letter.text().split("\n\n")[:2]])
    _notify(settings.THROUGHLINE_SMS_URL.replace("{to}", quote(digits)), "", words[:480])


def chat(letter: Letter, *, team: str) -> None:
    """Post a letter's few words to the chat room of a team (by key). Raises like `sms`."""
    url = settings.THROUGHLINE_CHAT_URLS.get(team, "")
    if not url:
        raise Temporary(f"No chat room is set up for {team}. Name it in THROUGHLINE_CHAT_URLS.")
    _notify(url, letter.subject, letter.url or letter.subject)


def understands(url: str) -> bool:
    """Whether Apprise can make something of an address. Sends nothing."""
    import apprise

    _quiet()
    return apprise.Apprise.instantiate(url.replace("{to}", "15550001111"), suppress_exceptions=True) is not None


def _notify(url: str, title: str, body: str) -> None:
    import apprise

    _quiet()
    service = apprise.Apprise()
    if not service.add(url):
        raise Temporary("Apprise does not know such a service. Check THROUGHLINE_SMS_URL and THROUGHLINE_CHAT_URLS.")
    if not service.notify(title=title, body=body):
        raise Temporary("The service did not accept the message.")


def _quiet() -> None:
    # Apprise logs to whom it has written; addresses do not belong in logs.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
