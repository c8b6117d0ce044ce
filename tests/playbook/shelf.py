"""Short ways to articles for tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

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
