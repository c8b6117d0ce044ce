"""What a reader may know of the party of a case: a pseudonym, masked data, what they unmasked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from escalations.core.masking import masked_email, masked_name, masked_phone
from escalations.models import Case, Party, User
from escalations.models.reach import may
from escalations.selectors import law, unmasked


@dataclass(frozen=True, slots=True)
class PartyCard:
    """What this reader may know of the party. What names and reaches a person is masked: enough to recognise, not to
    use elsewhere. `full_name` is empty while it is; `until` is when what was unmasked is hidden again."""

    pseudonym: str
    kind: str
    language: str
    external_id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    known: bool = False
    full_name: str = ""
    masked: bool = False
    until: dt.datetime | None = None


def party_card(party: Party, user: User, case: Case, now: dt.datetime) -> PartyCard:
    """What `user` may know of the party of a case: masked, but for what they have just unmasked (two queries for those
    who may see personal data, none for others). Masks are a protection, so the version in force says whether."""
    card = PartyCard(party.pseudonym, party.get_kind_display(), party.language, "")
    if not may(user, "see_party_data", case):
        return card
    opened = unmasked.open_now(case, user, now)
    shown = opened.fields if opened else frozenset()
    if not law.policy_of(law.in_force(now)).central.privacy.mask_contact:
        shown = frozenset(unmasked.FIELDS)
    return PartyCard(
        party.pseudonym,
        party.get_kind_display(),
        party.language,
        party.external_id,
        name=party.name if "name" in shown else masked_name(party.name),
        email=party.email if "email" in shown else masked_email(party.email),
        phone=party.phone if "phone" in shown else masked_phone(party.phone),
        known=True,
        full_name=party.name if "name" in shown else "",
        masked=any(getattr(party, name) for name in unmasked.FIELDS if name not in shown),
        until=opened.until if opened else None,
    )
