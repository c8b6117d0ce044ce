"""One look at a party's data: by somebody who may, with a reason, on the case's record, for a short time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from escalations.core import watching
from escalations.core.actor import Actor
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, User
from escalations.models.reach import may
from escalations.selectors import law
from escalations.selectors.unmasked import EXPORTED, FIELDS, UNMASKED
from escalations.services import noting
from escalations.services.locking import witness

REASON_LENGTH = 300


def unmask(*, case_id: int, actor: User, now: dt.datetime, reason: str, fields: Collection[str] = FIELDS) -> None:
    """Show the named fields of a case's party to `actor` for `selectors.unmasked.SHOWN_S` seconds from `now`.

    The look is an event on the case's chain: who, when, which fields; the reason is its words. The case does not
    change and nobody is told. Raises NotAllowed without `see_party_data` on the case's channel, Invalid without a
    reason where the policy in force asks for one, Refused when the data was erased.
    """
    case = Case.objects.visible_to(actor).select_related("party").filter(pk=case_id).first()
    if case is None or not may(actor, "see_party_data", case):
        raise NotAllowed("Personal data is for the specialists of this channel.")
    if case.party.erased_at is not None:
        raise Refused("There is nothing to show: the data was erased.")
    wanted = [name for name in FIELDS if name in fields]
    if not wanted or len(wanted) != len(set(fields)):
        raise Invalid("fields", f"choose among {', '.join(FIELDS)}")
    text = " ".join(reason.split())
    if not text and law.policy_of(law.in_force(now)).central.privacy.reason_to_unmask:
        raise Invalid("reason", "Say what you need it for: it stays on the record of the case.")
    if len(text) > REASON_LENGTH:
        raise Invalid("reason", f"at most {REASON_LENGTH} characters, this has {len(text)}")
    words = {"reason": text} if text else None
    data = {"fields": wanted}
    with transaction.atomic():
        witness(case_id=case.pk, kind=UNMASKED, data=data, words=words, actor=Actor.user(actor), now=now)
        noting.note(kind=watching.UNMASK, person=actor, cases=[case.pk], now=now, data=data)


def record_export(*, party_id: int, actor: Actor, now: dt.datetime) -> None:
    """Put on the record of each of a person's cases, and on the access log, that their data was exported for them."""
    with transaction.atomic():
        cases = list(Case.objects.filter(party_id=party_id).order_by("pk").values_list("pk", flat=True))
        for case_id in cases:
            witness(case_id=case_id, kind=EXPORTED, data={}, actor=actor, now=now)
        person = User.objects.get(pk=actor.user_id) if actor.user_id is not None else None
        noting.note(kind=watching.EXPORT, person=person, cases=cases, now=now, data={"party": party_id})
