"""Risk findings on a case: added and settled by those who may see them, on the case's record by type and number."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from escalations import keys
from escalations.core.actor import Actor
from escalations.core.indicators import TYPES
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, Indicator, User
from escalations.models.reach import may
from escalations.selectors.findings import ADDED, SETTLED
from escalations.services.locking import witness

BODY_LENGTH = 5_000
SOURCE_LENGTH = 200


def add_indicator(
    *, case_id: int, actor: User, now: dt.datetime, kind: str, source: str, confidence: int, body: str
) -> Indicator:
    """Add a finding: its type (`core.indicators.TYPES`), where it comes from, how sure it is (1 to 3), and its words.

    Words and source are encrypted; the event names type and number alone. The case's version stays and nobody is told.
    Raises NotAllowed for who may not see findings of the case or not work on it, Invalid naming the field, Refused for
    a case whose words were erased.
    """
    case = _case(case_id, actor)
    if kind not in TYPES:
        raise Invalid("kind", f"Choose one of {', '.join(TYPES.values())}.")
    if confidence not in Indicator.Confidence.values:
        raise Invalid("confidence", "Choose low, medium or high.")
    text = {"source": _words("source", source, SOURCE_LENGTH), "body": _words("body", body, BODY_LENGTH)}
    with transaction.atomic():
        row = Indicator.objects.create(
            case=case,
            type=kind,
            confidence=confidence,
            key_id=keys.field_key_id(),
            actor_kind="user",
            actor_id=str(actor.pk),
            at=now,
            **text,
        )
        data = {"indicator": row.pk, "type": kind}
        witness(case_id=case.pk, kind=ADDED, data=data, actor=Actor.user(actor), now=now)
    return row


def settle_indicator(*, indicator_id: int, actor: User, now: dt.datetime, confirm: bool, reason: str = "") -> Indicator:
    """Confirm or dismiss an open finding; dismissing needs a reason, which is encrypted too.

    Raises NotAllowed, Invalid, or Refused for one that is settled already or was erased.
    """
    with transaction.atomic():
        row = Indicator.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk=indicator_id).first()
        if row is None:
            raise NotAllowed("There is no such finding among those that you may see.")
        _case(row.case_id, actor)
        if row.state != Indicator.State.OPEN:
            raise Refused(f"This finding is {row.get_state_display()} already. Add a new one if more has come out.")
        if not confirm and not reason.strip():
            raise Invalid("reason", "Say why it does not hold, so that nobody finds it again.")
        row.state = Indicator.State.CONFIRMED if confirm else Indicator.State.DISMISSED
        row.settled_because = _words("reason", reason, BODY_LENGTH) if reason.strip() else ""
        row.settled_by, row.settled_at = str(actor.pk), now
        row.key_id = keys.field_key_id()  # all its fields are written anew
        row.save(update_fields=["state", "settled_because", "settled_by", "settled_at", "key_id", "source", "body"])
        data = {"indicator": row.pk, "type": row.type, "state": str(row.state)}
        witness(case_id=row.case_id, kind=SETTLED, data=data, actor=Actor.user(actor), now=now)
    return row


def _case(case_id: int, actor: User) -> Case:
    case = Case.objects.visible_to(actor).select_related("text").filter(pk=case_id).first()
    if case is None or not may(actor, "see_restricted", case) or not may(actor, "work_cases", case):
        raise NotAllowed("Findings are for the specialists of this case's channel.")
    if case.text.erased_at is not None:
        raise Refused("The words of this case were erased: nothing is written beside it any more.")
    return case


def _words(field: str, value: str, longest: int) -> str:
    text = value.replace("\x00", "").strip()
    if not text:
        raise Invalid(field, "Write something here.")
    if len(text) > longest:
        raise Invalid(field, f"at most {longest:,} characters, this has {len(text):,}")
    return text
