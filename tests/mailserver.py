"""A real SMTP server on this machine, for tests of what truly leaves the desk."""

from __future__ import annotations

import contextlib
import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Received:
    """One message as it came in: envelope and parsed content."""

    sender: str
    recipients: list[str]
    message: EmailMessage

    @property
    def text(self) -> str:
        """The plain text part."""
        body = self.message.get_body(("plain",))
        return "" if body is None else str(body.get_content())


@dataclass
class MailServer:
    """What came in, and what the server shall answer next.

    ``refusals`` are answers given instead of accepting, one for each next message: ``["451 try later"]``.
    ``refuse_recipients`` maps an address to the answer for it, every time.
    """

    host: str = "127.0.0.1"
    port: int = 0
    messages: list[Received] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    refuse_recipients: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The EMAIL_URL of this server, for a subprocess."""
        return f"smtp://{self.host}:{self.port}"

    def to(self, address: str) -> list[Received]:
        """Return the messages for ``address``, in order of arrival."""
        return [received for received in self.messages if address in received.recipients]

    # aiosmtpd calls these by name
    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.refuse_recipients.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        content = envelope.original_content or b""
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(Received(envelope.mail_from or "", list(envelope.rcpt_tos), message))
        return "250 kept"


@contextlib.contextmanager
def serving() -> Iterator[MailServer]:
    """Serve SMTP on a free port of 127.0.0.1 for the length of a ``with`` block."""
    from tests.postgres import free_port

    mail = MailServer(port=free_port())
    controller = Controller(mail, hostname=mail.host, port=mail.port)
    controller.start()
    try:
        yield mail
    finally:
        controller.stop()


@pytest.fixture
def mail_server(settings: pytest.FixtureRequest) -> Iterator[MailServer]:
    """A real SMTP server; Django's mail of this test goes to it."""
    with serving() as mail:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
        settings.EMAIL_HOST, settings.EMAIL_PORT = mail.host, mail.port  # type: ignore[attr-defined]
        yield mail
