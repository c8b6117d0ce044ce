"""What guards cases and people, so that its pages are not empty: an expert called in, a glass broken and not judged
yet, a look that an auditor is to look at, a finding about fraud, a legal hold. Through the services, as the people
whose business it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.contrib.auth.models import Permission

from escalations.core import watching
from escalations.core.actor import Actor
from escalations.demo.people import Cast
from escalations.models import Case, Indicator, User
from escalations.services import grants, noting
from escalations.services.privacy import findings, holds

RING, CARD, THREAT = "ring-shared-bank", "stolen-card-moving", "harassment-threat"
"""The stories, among those that stand at the moment of loading, on whose cases it happens."""
IN_CHARGE: Mapping[str, tuple[str, ...]] = {
    "hold_data": ("henrik", "clara"),
    "answer_data_requests": ("clara",),
}
"""Who was given charge of legal holds, and of what people ask of their data."""


def guard(cast: Cast, cases: Mapping[str, int], now: dt.datetime) -> None:
    """Let it happen at `now` on those of the cases that are there; `cases` gives their ids by story."""
    with noting.acting(cast.named("admin")):
        for right, names in IN_CHARGE.items():
            permission = Permission.objects.get(codename=right, content_type__app_label="escalations")
            for name in names:
                cast.named(name).user_permissions.add(permission)
    if RING in cases:
        _ring(_fresh(cast, "dario"), cast.named("pia").pk, cases[RING], now)
    if CARD in cases:
        _glanced(cast.named("oskar"), cases[CARD], now)
        grants.break_glass(
            reference=Case.objects.values_list("reference", flat=True).get(pk=cases[CARD]),
            actor=Actor.user(_fresh(cast, "kofi")),
            now=now,
            reason="The bank is on the line and asks whether to stop a transfer; nobody of fraud picks up.",
        )
    if THREAT in cases:
        row = holds.ask(
            party_id=Case.objects.values_list("party_id", flat=True).get(pk=cases[THREAT]),
            basis="Threat reported to the police: keep everything until the proceedings have ended.",
            review_at=now.date() + dt.timedelta(days=180),
            actor=_fresh(cast, "henrik"),
            now=now,
        )
        holds.answer(hold_id=row.pk, agree=True, actor=_fresh(cast, "clara"), now=now)


def _ring(specialist: User, expert: int, case_id: int, now: dt.datetime) -> None:
    findings.add_indicator(
        case_id=case_id,
        actor=specialist,
        now=now,
        kind="ring_member",
        source="Comparison of bank accounts",
        confidence=Indicator.Confidence.HIGH,
        body="The account was changed three times in one week, each time to one that another closed shop had used. "
        "Do not let the seller see that accounts are compared.",
    )
    grants.call_in(
        case_id=case_id,
        actor=Actor.user(specialist),
        now=now,
        person_id=expert,
        reason="Knows how this bank answers questions about an account.",
    )


def _glanced(person: User, case_id: int, now: dt.datetime) -> None:
    """Somebody of the channel has opened a case that none of their teams ever had: an auditor is to look at it."""
    noting.note(
        kind=watching.READ, person=person, cases=[case_id], now=now, surface="admin:escalations_case_change",
        data={"case": case_id},
    )  # fmt: skip


def _fresh(cast: Cast, name: str) -> User:
    """Somebody without what was remembered of their rights while they were given."""
    return User.objects.get(pk=cast.named(name).pk)
