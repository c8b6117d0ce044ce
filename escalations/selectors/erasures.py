"""What was erased and why, for those who answer for it and those who look over their shoulders. No personal data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from escalations.models import Erasure, ErasureRequest, User
from escalations.models.reach import Reach
from escalations.selectors.timeline import people_by_id

RECENT = dt.timedelta(days=7)
"""How long a request that has ended stays above the list when something about it is left to do."""
WORKERS = {"operator": "whoever operates this desk", "retention": "the daily run"}


def entries(user: User) -> QuerySet[Erasure]:
    """The entries of the ledger that a person may read: all but those about themselves. Who may read at all is for the
    page to ask."""
    rows = Erasure.objects.select_related("party")
    own = Reach.of(user).own_parties
    return rows.exclude(party__in=own) if own else rows


def under_way(user: User, now: dt.datetime) -> list[ErasureRequest]:
    """Requests that are not done, and those of the last days of which something is left to do; newest first."""
    rows = ErasureRequest.objects.select_related("party", "asked_by", "entry")
    rows = rows.filter(
        Q(state__in=ErasureRequest.UNDER_WAY)
        | Q(state=ErasureRequest.State.FAILED, asked_at__gt=now - RECENT)
        | (Q(state=ErasureRequest.State.DONE, asked_at__gt=now - RECENT) & ~Q(said=""))
    )
    return list(rows.exclude(party__in=Reach.of(user).own_parties)[:20])


def who(actors: Iterable[str]) -> dict[str, str]:
    """The names behind actors as the ledger writes them: `user:3`, `worker:retention`. One query."""
    actors = list(actors)
    names = people_by_id(actor.removeprefix("user:") for actor in actors if actor.startswith("user:"))
    found = {}
    for actor in actors:
        kind, _colon, name = actor.partition(":")
        found[actor] = names.get(name, _("somebody")) if kind == "user" else WORKERS.get(name, name)
    return found


def by_table(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Numbers of rows by what the tables hold in words, most first."""
    named = [(_called(apps.get_model(label)), number) for label, number in counts.items()]
    return sorted(named, key=lambda item: (-item[1], item[0]))


def _called(model: type[Model]) -> str:
    of = getattr(model, "instance_type", None)  # only tables of history have it
    if of is not None:
        return _("Earlier states of %(what)s") % {"what": of._meta.verbose_name_plural}
    return str(capfirst(model._meta.verbose_name_plural))


def document(row: Erasure) -> dict[str, Any]:
    """A certificate as a file: what was certified, its digest, and why it was done."""
    return {
        "number": row.pk,
        "reason": row.reason,
        "certificate": row.certificate,
        "certificate_digest": row.certificate_digest,
    }
