"""Links by which a party follows their case: the one door for making them, taking them back, and writing by them.

    link_for(case=case, party_id=7, now=now)       the address that a letter carries
    withdraw(case_id=3, actor=actor, now=now, ...)  every link that leads to a case ends at once
    add_message(link=link, now=now, body=..., once=...)   what the party writes on the page

Who comes with a link is looked up by `selectors.following.find`.
"""

from __future__ import annotations

import datetime as dt
import hashlib

from django.conf import settings
from django.urls import reverse

from escalations import keys
from escalations.core.actor import Actor
from escalations.errors import Invalid
from escalations.models import Case, Message, PartyLink
from escalations.outbound import mail
from escalations.selectors.following import leading_here
from escalations.services import replies
from escalations.services.work import working

GOOD_FOR = dt.timedelta(days=180)
"""How long a link is good for after it was made. Each letter carries one that is good for `AT_LEAST` still."""
AT_LEAST = dt.timedelta(days=30)
REASON_LENGTH = 300


def link_for(*, case: Case, party_id: int, now: dt.datetime) -> str:
    """The address at which a party follows a case, for a letter to them; empty when they may not follow it any more.

    The same for letters that follow one another, and for a letter that is sent again: a new link is made only when
    there is none, when it is over within `AT_LEAST`, or when its key is not configured any more. Four queries at most
    for a case that was not merged. Its host is a setting, whoever asks.
    """
    known = [key_id for key_id, _secret in settings.THROUGHLINE_KEYS["token"]]
    rows = PartyLink.objects.in_force(now + AT_LEAST).filter(case=case, party_id=party_id, key_id__in=known)
    row = rows.order_by("-id").first()
    if row is None:
        nonce = keys.new_nonce()
        key_id, token = keys.link_token(nonce)
        row = PartyLink(
            case=case,
            party_id=party_id,
            nonce=nonce,
            key_id=key_id,
            digest=keys.link_digests(token)[0],
            created_at=now,
            expires_at=now + GOOD_FOR,
        )
    if not Case.objects.followed_by(row, now=now).exists():
        return ""
    if row.pk is None:
        row.save(force_insert=True)
    _key_id, token = keys.link_token(row.nonce, row.key_id)
    host = settings.THROUGHLINE_STATUS_URL or settings.THROUGHLINE_BASE_URL
    return f"{host}{reverse('escalations:status', args=[token])}"


def withdraw(*, case_id: int, actor: Actor, now: dt.datetime, reason: str, version: int | None = None) -> int:
    """End every link that leads to a case, also by a merge, because it may be in wrong hands; how many those were.

    The next letter to the party carries a new one. The reason is words: it is erased with the case. Raises what
    `working` raises, Invalid without a reason or with a long one, Refused when no link is in force.
    """
    with working(case_id=case_id, act="withdraw_links", actor=actor, now=now, version=version) as work:
        said = " ".join(reason.split())
        if len(said) > REASON_LENGTH:
            raise Invalid("reason", f"Say it in at most {REASON_LENGTH} characters.")
        work.require(given={"reason": said})
        rows = PartyLink.objects.in_force(now).filter(case__in=leading_here(case_id))
        count = rows.update(revoked_at=now)
        work.require(holding={"standing_link": bool(count)})
        work.say("links.withdrawn", {"count": count}, words={"reason": said})
    return count


def add_message(*, link: PartyLink, now: dt.datetime, body: str, once: str) -> Message:
    """Take in what the party wrote on their page, by the door that every message comes in by.

    once    what the page gave this form, at most 100 characters: the same twice is the same message, which is returned

    Raises Invalid for an empty or too long text.
    """
    said = hashlib.sha256(f"{link.pk}/{once or body}".encode(errors="replace")).hexdigest()
    return replies.receive(
        case_id=link.case_id,
        actor=Actor.party(link.party_id),
        now=now,
        body=body,
        means=Case.Source.FORM,
        message_id=f"<page-{said[:40]}@{mail.domain()}>",
    )
