"""Whether what was promised about people's data is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.conf import settings

from escalations.management.checks.finding import Finding
from escalations.models import Erasure, LegalHold
from escalations.selectors.health import Health


def privacy_kept(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """Erasures are noted outside the database; legal holds are looked at when they said they would be."""
    waiting = Erasure.objects.filter(copied_at__isnull=True).count()
    if waiting:
        path = settings.THROUGHLINE_ERASURE_LEDGER
        say = f"{waiting} are not in {path}: a restore would bring the data back. The log says why."
        yield Finding("erasures", "fail", say)
    else:
        yield Finding("erasures", "ok", "Each is noted in the ledger outside the database.")
    late = LegalHold.objects.filter(state__in=LegalHold.HOLDS, review_at__lt=now.date()).count()
    if late:
        yield Finding("legal holds", "warn", f"{late} were to be reviewed before today: lift them or ask again.")
