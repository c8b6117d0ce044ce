"""Whether what was promised about people's data is kept: erasures, holds, and who got past a channel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Min

from escalations.management.checks.finding import Finding
from escalations.models import CaseGrant, Erasure, LegalHold
from escalations.selectors.access import ownerless
from escalations.selectors.health import Health

JUDGED_WITHIN = dt.timedelta(days=7)
"""How long broken glass may wait for the judgement of an owner before it is wrong and not only late."""
NAMED = 5


def privacy_kept(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """Erasures are noted outside the database; holds are looked at when they said they would be; somebody answers for
    every channel, and has judged whoever broke the glass. Five queries."""
    yield from _noted(now)
    yield from _holds(now)
    yield from _glass(now)
    yield from _owners()


def _noted(now: dt.datetime) -> Iterator[Finding]:
    waiting = Erasure.objects.filter(copied_at__isnull=True).aggregate(count=Count("pk"), oldest=Min("at"))
    if not waiting["count"]:
        yield Finding("erasures", "ok", "Each is noted in the ledger outside the database.")
        return
    path = settings.THROUGHLINE_ERASURE_LEDGER
    yield Finding(
        "erasures",
        "fail",
        f"{waiting['count']} not in {path}, the oldest for {_age(now - waiting['oldest'])}: a restore would bring the "
        "data back. Let the worker write there (its log says what stops it); the next erasure or `apply_retention` "
        "tries again.",
    )


def _holds(now: dt.datetime) -> Iterator[Finding]:
    late = LegalHold.objects.filter(state__in=LegalHold.HOLDS, review_at__lt=now.date())
    found = late.aggregate(count=Count("pk"), oldest=Min("review_at"))
    if not found["count"]:
        yield Finding("legal holds", "ok", "None is past the day of its review.")
        return
    yield Finding(
        "legal holds",
        "warn",
        f"{found['count']} past the day of their review, the oldest since {found['oldest']:%Y-%m-%d}. Whoever has "
        "charge of holds asks under Legal holds to lift them, or places them anew with a later day.",
    )


def _glass(now: dt.datetime) -> Iterator[Finding]:
    rows = CaseGrant.objects.unreviewed().order_by().values("channel", "channel__name")
    unowned = set(ownerless().values_list("pk", flat=True))
    some = False
    for row in rows.annotate(count=Count("pk"), oldest=Min("given_at")).order_by("oldest"):
        some = True
        who = "An administrator judges it" if row["channel"] in unowned else "An owner of the channel judges it"
        yield Finding(
            "broken glass",
            "fail" if now - row["oldest"] > JUDGED_WITHIN else "warn",
            f"{row['channel__name']}: {row['count']} not reviewed, the oldest for {_age(now - row['oldest'])}. {who}, "
            "on their home page.",
        )
    if not some:
        yield Finding("broken glass", "ok", "None waits for its review.")


def _owners() -> Iterator[Finding]:
    rows = ownerless().filter(retired_at__isnull=True).order_by("-sensitive", "name")
    names = list(rows.values_list("name", flat=True))
    if not names:
        yield Finding("channel owners", "ok", "Every channel has one.")
        return
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    yield Finding(
        "channel owners",
        "warn",
        f"Nobody owns {', '.join(names[:NAMED])}{more}: nobody lets people in, or judges broken glass, but "
        "administrators. Name the first owner under Channel memberships.",
    )


def _age(age: dt.timedelta) -> str:
    hours = max(0, int(age.total_seconds() // 3600))
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"
