"""Short ways to articles for tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.test import Client

from escalations.core.roles import READ_PLAYBOOK
from escalations.models import User
from escalations.selectors.why import classes
from playbook.models import Revision
from playbook.services import articles
from tests.factories.desk import NOW, Desk

HOUR = dt.timedelta(hours=1)


def shelve(desk: Desk, *, author: str = "mia", **changes: Any) -> Revision:
    """Begin an article, and return its draft."""
    document: dict[str, Any] = {
        "key": "damaged-parcels",
        "language": "en",
        "audience": "buyer",
        "title": "Damaged parcels",
        "body": "Ask for a photo of the **label** first.",
        "categories": ["order.damaged"],
        **changes,
    }
    return articles.begin(**document, actor=desk.user(author), now=NOW)


def publish(desk: Desk, *, author: str = "mia", reviewer: str = "ana", **changes: Any) -> Revision:
    """An article that one wrote and another reviewed."""
    revision = shelve(desk, author=author, **changes)
    revision = articles.propose(revision_id=revision.pk, actor=desk.user(author), now=NOW)
    return articles.approve(revision_id=revision.pk, version=revision.version, actor=desk.user(reviewer), now=NOW)


def readers(desk: Desk, name: str) -> User:
    """A person whose permissions are known already, so that queries of a list are counted alone."""
    user = desk.user(name)
    user.has_perm(READ_PLAYBOOK)
    classes(user)
    return user


def at(desk: Desk, name: str) -> Client:
    """The browser of a person of the desk."""
    client = Client()
    client.force_login(desk.user(name))
    return client


def said(client: Client, address: str, data: dict[str, Any] | None = None, *, post: bool = False) -> str:
    """What a page says, wherever it leads; it has to be there."""
    answer = client.post(address, data or {}, follow=True) if post else client.get(address, data or {}, follow=True)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()
