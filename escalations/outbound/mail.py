"""Mail by Django's backend: one connection for many letters, refusals told apart from trouble that passes."""

from __future__ import annotations

import re
import smtplib
from types import TracebackType
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.forms import ValidationError

from escalations.outbound.failures import Permanent, Temporary, scrub
from escalations.outbound.letter import Letter

_ID = re.compile(r"^<[!-;=?-~]+@[!-;=?-~]+>$")
_DOMAIN = re.compile(r"@([A-Za-z0-9.-]+)>?\s*$")
# Refusals that speak of our own set-up, not of the receiver: to be put right, then sent.
OURS = {530, 534, 535, 538}


def domain() -> str:
    """The domain of the desk's own addresses, on the right of its Message-IDs."""
    match = _DOMAIN.search(settings.DEFAULT_FROM_EMAIL)
    return (match[1] if match else "") or urlsplit(settings.THROUGHLINE_BASE_URL).hostname or "localhost"


def is_message_id(text: str) -> bool:
    """Whether `text` can stand as a Message-ID in a header."""
    return len(text) <= 200 and _ID.match(text) is not None


class Post:
    """A connection to the mail server that is opened at the first letter and closed at the end of a `with` block.

    When the server cannot be reached once, it is not tried again in this block: one waiting time, not one per letter.
    """

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None
        self._down: str | None = None

    def __enter__(self) -> Post:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def send(self, letter: Letter, *, to: str, message_id: str, key: str) -> None:
        """Send one letter to one address.

        Raises Permanent when it can never arrive so, Temporary for everything that may pass. Neither names the
        address. Returning means that the server has accepted it.
        """
        check(to)
        mail = made(letter, to=to, message_id=message_id, key=key)
        connection = self._open()
        try:
            connection.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()), (450, b""))
            raise _refused(code, text, to) from None
        except smtplib.SMTPSenderRefused as error:
            self._close()
            why = f"The mail server refuses our own address ({error.smtp_code}). Check DEFAULT_FROM_EMAIL."
            raise Temporary(why) from None
        except smtplib.SMTPResponseException as error:
            self._close()
            raise _refused(error.smtp_code, error.smtp_error, to) from None
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise Temporary(f"The connection to the mail server broke ({type(error).__name__}).") from None
        except Exception as error:
            # Backends of providers have exceptions of their own.
            self._close()
            raise Temporary(scrub(f"{type(error).__name__}: {error}", to)) from None

    def _open(self) -> BaseEmailBackend:
        if self._down is not None:
            raise Temporary(self._down)
        if self._connection is None:
            connection = get_connection(fail_silently=False)
            try:
                connection.open()
            except (smtplib.SMTPException, OSError, ImproperlyConfigured) as error:
                self._down = f"The mail server cannot be reached ({type(error).__name__}). Check EMAIL_URL."
                raise Temporary(self._down) from None
            self._connection = connection
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except (smtplib.SMTPException, OSError):
                return


def check(address: str) -> None:
    """Raise Permanent for what cannot be a mail address; it is not quoted."""
    if not address.strip():
        raise Permanent("There is no e-mail address. Add one, then send again.")
    try:
        validate_email(address)
    except ValidationError:
        raise Permanent("The e-mail address is not one. Correct it, then send again.") from None


def made(letter: Letter, *, to: str, message_id: str, key: str) -> EmailMultiAlternatives:
    """The letter as a mail, as text and as HTML."""
    headers = {"Message-ID": message_id, "X-Idempotency-Key": key, "Content-Language": letter.language}
    if letter.automatic:
        # RFC 3834: nothing that answers by itself shall answer this.
        headers |= {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    references = [f"<{letter.thread}@{domain()}>"] if letter.thread else []
    if letter.reply_to and is_message_id(letter.reply_to):
        headers["In-Reply-To"] = letter.reply_to
        references.append(letter.reply_to)
    if references:
        headers["References"] = " ".join(references)
    mail = EmailMultiAlternatives(subject=letter.subject, body=letter.text(), to=[to], headers=headers)
    mail.attach_alternative(letter.html(), "text/html")
    return mail


def _refused(code: int, text: bytes | str, address: str) -> Permanent | Temporary:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    name = address.partition("@")[0]
    words = scrub(f"The mail server answered {code}: {said}", address, name if len(name) > 3 else "")
    return Permanent(words) if 500 <= code < 600 and code not in OURS else Temporary(words)
