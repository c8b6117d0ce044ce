"""Noting what somebody has read."""

from __future__ import annotations

import datetime as dt

from escalations.models import PolicyVersion, User
from playbook.models import PageReading


def note(*, reader: User, page: str, version: PolicyVersion, now: dt.datetime) -> None:
    """Note that a person has had a page of a version before them: from now on it is compared with this one.

    One statement. Whoever may read the page may be noted, and nobody else is asked.
    """
    PageReading.objects.bulk_create(
        [PageReading(reader=reader, page=page, version=version, read_at=now)],
        update_conflicts=True,
        unique_fields=["reader", "page"],
        update_fields=["version", "read_at"],
    )
