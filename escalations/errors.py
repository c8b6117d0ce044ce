"""What a service may refuse with. Each carries words for the person who asked, saying what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class DeskError(Exception):
    """Base of all refusals. `str()` of it is a sentence for people."""


class Refused(DeskError):
    """The act is not possible now, in the case's state: the sentence says why and what would be."""


class NotAllowed(DeskError):
    """The person may not do this."""


class Invalid(DeskError):
    """A field of the request is wrong. `field` names it as the caller wrote it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Stale(DeskError):
    """The case has changed since the person loaded it; `events` are what happened in between."""

    def __init__(self, events: Sequence[Any]) -> None:
        super().__init__(
            "The case has changed since you opened it. Nothing was saved; your text is kept. See what changed, then "
            "save again."
        )
        self.events = events


class NoPolicy(DeskError):
    """No policy version is in force at the asked moment."""

    def __init__(self) -> None:
        super().__init__("No playbook is in force. Install one: python manage.py install_playbook --preset team")
