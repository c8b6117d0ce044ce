"""Legal holds: what the law demands to keep is not erased while one stands. Two people place one, two people lift it.

Agents see nothing of them: a hold says that somebody expects to go to court.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.db.models import Q, QuerySet

from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, LegalHold, Party, User
from escalations.models.reach import Reach
from escalations.selectors import access

State = LegalHold.State


def standing(*, party_ids: Collection[int] = (), case_ids: Collection[int] = ()) -> QuerySet[LegalHold]:
    """The holds that keep persons (any hold about them or one of their cases) or cases (of the case, or of all that is
    about its person)."""
    about = Q(party__in=list(party_ids)) | Q(case__party__in=list(party_ids))
    about |= Q(case__in=list(case_ids)) | Q(case__isnull=True, party__cases__in=list(case_ids))
    return LegalHold.objects.filter(about, state__in=LegalHold.HOLDS).distinct()


def ask(
    *, party_id: int, basis: str, review_at: dt.date, actor: User, now: dt.datetime, case_id: int | None = None
) -> LegalHold:
    """Ask for a hold on all that is about a person, or on one of their cases. It holds at once; a second person
    confirms it. Raises NotAllowed, Invalid naming the field, or Refused for a person whose data is erased already."""
    _check(actor, party_id)
    party = Party.objects.defer("name", "email", "phone").get(pk=party_id)
    if party.erased_at is not None:
        raise Refused("There is nothing left to hold: this person's data was erased.")
    if case_id is not None and not Case.objects.filter(pk=case_id, party=party).exists():
        raise Invalid("case", "This is no case of the person.")
    if not basis.strip():
        raise Invalid("basis", "Name the law or the proceedings that demand it.")
    if review_at <= now.date():
        raise Invalid("review_at", "Choose a day to come on which somebody asks whether it is still needed.")
    with transaction.atomic():
        row = LegalHold.objects.create(
            party=party,
            case_id=case_id,
            basis=basis.strip()[:300],
            review_at=review_at,
            asked_by=actor,
            asked_at=now,
        )
        _mark(party.pk)
    return row


def answer(*, hold_id: int, agree: bool, actor: User, now: dt.datetime) -> LegalHold:
    """The second person's answer to what waits: to a hold that was asked for, or to its lifting.

    Raises NotAllowed when the first person answers, Refused when nothing waits.
    """
    with transaction.atomic():
        row = LegalHold.objects.select_for_update().get(pk=hold_id)
        _check(actor, row.party_id)
        if row.state == State.ASKED:
            _second(actor, row.asked_by_id)
            row.state = State.STANDING if agree else State.REFUSED
            row.confirmed_by, row.confirmed_at = actor, now
        elif row.state == State.LIFT_ASKED:
            _second(actor, row.lift_asked_by_id)
            row.state = State.LIFTED if agree else State.STANDING
            if agree:
                row.lifted_by, row.lifted_at = actor, now
        else:
            raise Refused(f"Nothing waits for an answer: the hold {row.get_state_display()}.")
        row.save()
        _mark(row.party_id)
    return row


def ask_to_lift(*, hold_id: int, reason: str, actor: User, now: dt.datetime) -> LegalHold:
    """Ask that a hold be lifted; it stands until a second person agrees. Raises NotAllowed, Invalid, Refused."""
    with transaction.atomic():
        row = LegalHold.objects.select_for_update().get(pk=hold_id)
        _check(actor, row.party_id)
        if not reason.strip():
            raise Invalid("lift_reason", "Say why it is no longer needed.")
        if row.state != State.STANDING:
            raise Refused(f"Only a standing hold is lifted: this one {row.get_state_display()}.")
        row.state, row.lift_reason = State.LIFT_ASKED, reason.strip()[:300]
        row.lift_asked_by, row.lift_asked_at = actor, now
        row.save()
    return row


def has_charge(person: User) -> bool:
    """Whether somebody was given charge of legal holds. One query."""
    return access.has_charge(person, "hold_data")


def _check(actor: User, party_id: int) -> None:
    if not has_charge(actor) or party_id in Reach.of(actor).own_parties:
        raise NotAllowed("Only people who were given charge of legal holds may do this.")


def _second(actor: User, first: int | None) -> None:
    if actor.pk == first:
        raise NotAllowed("Somebody else answers: not who asked.")


def _mark(party_id: int) -> None:
    """The person's row says whether anything about them is held, so that a look over all needs no second table."""
    held = standing(party_ids=[party_id]).exists()
    Party.objects.filter(pk=party_id).exclude(legal_hold=held).update(legal_hold=held)
