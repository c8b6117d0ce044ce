"""What of the cases leaves the desk as a file: whose, which columns, and the lines of a piece of it.

No column holds data of the party, findings, or words that the table of cases does not show.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from escalations.models import NEVER, Case, Channel, Party, User
from escalations.models.case import CaseQuerySet
from escalations.models.reach import Reach
from escalations.selectors import caselist, reading

Line = tuple[Any, ...]


def channels(user: User) -> frozenset[int]:
    """Ids of the channels of which a person may see and export the cases. A grant of a single case exports nothing."""
    reach = Reach.of(user)
    return reach.channels("export_cases") & reach.channels("see_cases")


def may_export(user: User) -> bool:
    """Whether a person may export the cases of any channel. Two queries the first time, none after."""
    return bool(channels(user))


def named_channels(user: User) -> list[Channel]:
    """Those channels, in their order. One query."""
    return list(Channel.objects.filter(pk__in=channels(user)))


def exportable(user: User) -> QuerySet[Case]:
    """The cases that a person may take away: seen by the verb, and of a channel of which they may export."""
    return Case.objects.visible_to(user).filter(channel_id__in=channels(user))


def ids(asked: caselist.Filters, user: User, now: dt.datetime, sort: str, *, limit: int) -> list[int]:
    """Ids of the first `limit` cases that were asked for and that a person may take away, in the list's order."""
    rows: CaseQuerySet = Case.objects.filter(channel_id__in=channels(user))
    return reading.first_ids(caselist.narrowed(rows, asked, user, now), user, caselist.ORDERINGS[sort], limit)


def heads() -> Line:
    """The first line, in the reader's language."""
    return (
        _("Case"),
        _("Summary"),
        _("Category"),
        _("Status"),
        _("Severity"),
        _("Owner"),
        _("Person"),
        _("Level"),
        _("Channel"),
        _("Region"),
        _("Party"),
        _("Pseudonym"),
        _("Due (UTC)"),
        _("Received (UTC)"),
    )


class Words:
    """The words of coded columns in the language in which they were made: a file is written after its request."""

    def __init__(self) -> None:
        self.statuses = {value: str(label) for value, label in Case.Status.choices}
        self.bands = {value: str(label) for value, label in Case.Band.choices}
        self.kinds = {value: str(label) for value, label in Party._meta.get_field("kind").flatchoices}


def lines(case_ids: Sequence[int], user: User, words: Words) -> Iterable[Line]:
    """The lines of some cases in the given order, of those that `user` may take away now. One query, and `Reach`'s.

    Reads values and no rows of cases: whoever calls has noted the look before.
    """
    found = exportable(user).filter(pk__in=case_ids).values_list(
        "pk", "reference", "text__summary", "category__name", "status", "severity_band", "team__name",
        "assignee__first_name", "assignee__last_name", "assignee__username", "level__key", "channel__name",
        "region__key", "party__kind", "party__pseudonym", "radar_at", "opened_at", "is_open",
    )  # fmt: skip
    rows = {row[0]: row[1:] for row in found}
    for pk in case_ids:
        if pk not in rows:
            continue
        (
            reference, summary, category, status, band, team, first, last, username, level, channel, region, kind,
            pseudonym, due, opened, is_open,
        ) = rows[pk]  # fmt: skip
        person = f"{first or ''} {last or ''}".strip() or username
        still = not is_open or status == Case.Status.RESOLVED or due >= NEVER
        yield (
            reference, summary, category, words.statuses.get(status, status), words.bands.get(band, band), team, person,
            level, channel, region, words.kinds.get(kind, kind), pseudonym, None if still else due, opened,
        )  # fmt: skip
