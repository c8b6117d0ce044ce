"""Whether what was promised about people's data is kept: erasures, holds, and who got past a channel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Min

from escalations.core import watching
from escalations.management.checks.finding import Finding
from escalations.models import AccessEntry, CaseGrant, Erasure, ErasureRequest, LegalHold
from escalations.selectors import accesslog
from escalations.selectors.access import ownerless
from escalations.selectors.erasures import RECENT
from escalations.selectors.health import Health

JUDGED_WITHIN = dt.timedelta(days=7)
"""How long broken glass may wait for the judgement of an owner before it is wrong and not only late."""
LOOKED_AT_WITHIN = dt.timedelta(days=7)
"""How long what is unusual in the access log may wait for an auditor."""
WORKED_OUT_WITHIN = dt.timedelta(hours=1)
"""How long an entry may wait until a worker has looked whether it is unusual: it looks every five minutes."""
UNDER_WAY = dt.timedelta(minutes=15)
"""How long an erasure that was asked for at a page may take, waiting for a worker included."""
NAMED = 5


def privacy_kept(now: dt.datetime, state: Health) -> Iterator[Finding]:
    """Erasures are noted outside the database; holds are looked at when they said they would be; somebody answers for
    every channel, and has judged whoever broke the glass; auditors look at what is unusual. A dozen queries."""
    yield from _noted(now)
    yield from _requested(now)
    yield from _holds(now)
    yield from _glass(now)
    yield from _owners()
    yield from _looks(now)


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


def _requested(now: dt.datetime) -> Iterator[Finding]:
    rows = ErasureRequest.objects.filter(state__in=ErasureRequest.UNDER_WAY, asked_at__lt=now - UNDER_WAY)
    late = rows.aggregate(count=Count("pk"), oldest=Min("asked_at"))
    if late["count"]:
        say = f"{late['count']} asked for at a page are not done, the oldest for {_age(now - late['oldest'])}."
        yield Finding(
            "erasures", "fail", f"{say} Is a worker running? The failed tasks of the queue say what stops it."
        )
    for row in ErasureRequest.objects.filter(state=ErasureRequest.State.FAILED, asked_at__gt=now - RECENT):
        # Erased since, by another request or a command, it is no matter any more.
        if row.party.erased_at is None:
            say = f"That of {row.party.pseudonym}, asked for {_age(now - row.asked_at)} ago, did not go through"
            yield Finding("erasures", "warn", f"{say}. Whoever asked reads why under Erasures, and asks again.")


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


def _looks(now: dt.datetime) -> Iterator[Finding]:
    state = accesslog.judged()
    rest = AccessEntry.objects.filter(pk__gt=state.until if state else 0).order_by("pk")
    first = rest.values_list("at", flat=True).first()
    fine = True
    if (
        first is not None
        and now - first > WORKED_OUT_WITHIN
        and (state is None or state.at is None or state.at < first)
    ):
        fine = False
        say = f"What is unusual has not been worked out for {_age(now - first)}"
        yield Finding("access log", "fail", f"{say}. Is a worker running? Or run: python manage.py judge_looks")
    if state is not None and state.rules and state.rules != watching.RULES:
        fine = False
        say = "Entries were judged by older rules than those of this version. Run: python manage.py judge_looks --again"
        yield Finding("access log", "warn", say)
    late = accesslog.unreviewed().filter(entry__at__lt=now - LOOKED_AT_WITHIN)
    found = late.aggregate(count=Count("pk"), oldest=Min("entry__at"))
    if found["count"]:
        fine = False
        many = "entry" if found["count"] == 1 else "entries"
        say = f"{found['count']} unusual {many} nobody has reviewed for more than {LOOKED_AT_WITHIN.days} days"
        cure = "Auditors find them under Access log; administrators give people that role"
        yield Finding("access log", "warn", f"{say}, the oldest for {_age(now - found['oldest'])}. {cure}.")
    if fine:
        yield Finding("access log", "ok", "What is unusual is worked out, and nothing waits too long for an auditor.")


def _age(age: dt.timedelta) -> str:
    hours = max(0, int(age.total_seconds() // 3600))
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"
