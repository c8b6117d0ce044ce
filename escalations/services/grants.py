"""One case opened to one person for a while: an expert called in, or somebody who breaks the glass.

A grant opens reading, and working where it says so. It never opens restricted findings, personal data or exports, never
lets anybody own a case, and never reaches the party of the case (field case L7). It ends by itself.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from escalations.core import watching
from escalations.core.actor import Actor
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, CaseGrant, User
from escalations.models.reach import Reach, belongs
from escalations.selectors import people
from escalations.services import noting
from escalations.services.channels import answers_without_owner
from escalations.services.work import Work, working

DEFAULT = dt.timedelta(days=7)
"""How long an expert has a case when nothing else is said."""

LONGEST = dt.timedelta(days=30)
"""How long at most; who is needed longer belongs into the channel."""

GLASS = dt.timedelta(hours=4)
"""How long a broken glass opens a case."""

MOST_UNREVIEWED = 3
"""Accesses of one person that may wait for their review; then an owner has to look before the next."""

NO_CASE = "No case with this reference can be opened to you. Look at the reference again, or ask your lead."

Review = CaseGrant.Review


def call_in(
    *,
    case_id: int,
    actor: Actor,
    now: dt.datetime,
    person_id: int,
    reason: str,
    expires_at: dt.datetime | None = None,
    works: bool = False,
    version: int | None = None,
) -> CaseGrant:
    """Open a case to one person, until `expires_at` (default: in seven days, at most in thirty). They are told.

    Raises Invalid for a moment out of these bounds, for the case's party, for somebody inactive or who belongs to the
    channel; Refused when the case is open to them already.
    """
    with working(case_id=case_id, act="call_in", actor=actor, now=now, version=version) as work:
        work.require(given={"person": person_id, "reason": reason})
        until = expires_at or now + DEFAULT
        if not now < until <= now + LONGEST:
            raise Invalid("expires_at", f"Choose a moment within the next {LONGEST.days} days.")
        person = User.objects.filter(pk=person_id, is_active=True, is_staff=True).first()
        if person is None:
            raise Invalid("person", "Choose somebody who works at this desk.")
        if work.person is None or person.pk == work.person.pk:
            raise Invalid("person", "Somebody else opens a case to you.")
        if work.case.party_id in Reach.of(person).own_parties:
            raise Invalid("person", f"{person} is the party of this case.")
        if belongs(person, "work_cases" if works else "see_cases", work.case):
            raise Invalid("person", f"{person} belongs to the channel {work.case.channel}: nothing is needed.")
        if CaseGrant.objects.in_force(now).filter(case=work.case, user=person, works__gte=works).exists():
            raise Refused(f"The case is open to {person} already. End that first to change it.")
        row = _give(work, person, reason=reason, until=until, works=works)
        work.say(
            "grant.given",
            {"grant": row.pk, "person": person.pk, "until": until.isoformat(), "works": works},
            words={"reason": reason.strip()},
        )
        work.tell("notice.called_in", [f"user:{person.pk}"], due=until.isoformat())
    return row


def end_grant(*, grant_id: int, actor: Actor, now: dt.datetime, version: int | None = None) -> CaseGrant:
    """End a grant before its time: by the channel's people, or by the person. Raises Refused when it is over."""
    found = CaseGrant.objects.get(pk=grant_id)

    def standing(work: Work) -> frozenset[str]:
        roles = people.guarding(work.person, work.case, found.channel_id) if work.person is not None else frozenset()
        return roles | {"granted"} if actor.user_id == found.user_id else roles

    with working(
        case_id=found.case_id, act="end_grant", actor=actor, now=now, version=version, standing=standing
    ) as work:
        row = CaseGrant.objects.select_for_update().get(pk=grant_id)
        if row.ended_at is not None or row.expires_at <= now:
            raise Refused("This access is over already.")
        row.ended_at, row.ended_by = now, work.person
        row.save(update_fields=["ended_at", "ended_by"])
        _note(work, {"ended": row.user_id})
        work.say("grant.ended", {"grant": row.pk, "person": row.user_id})
    return row


def break_glass(*, reference: str, actor: Actor, now: dt.datetime, reason: str, works: bool = False) -> CaseGrant:
    """Open a case to oneself at once, for four hours: on record, announced to the channel's owners, to be reviewed.

    For members of a team, and administrators. Raises NotAllowed for anybody else, and for somebody of whom three
    accesses wait for their review, whatever the reference; Invalid (`reference`) alike for a case that does not exist
    and for the person's own; Refused when they can see it already.
    """
    person = actor.person or User.objects.get(pk=actor.id)
    roles = _may_break(person, now)
    if not roles:
        raise NotAllowed("Only members of a team, and administrators, may open a case so.")
    if not reason.strip():
        raise Invalid("reason", "Say what makes it urgent. The channel's owners read it.")
    _check_unreviewed(person.pk)
    case = Case.objects.filter(reference=reference.strip().upper()).first()
    if case is None or case.party_id in Reach.of(person).own_parties:
        raise Invalid("reference", NO_CASE)
    with working(case_id=case.pk, act="break_glass", actor=actor, now=now, standing=lambda work: roles) as work:
        # One after another, whatever the number of windows: the limit counts what is written.
        User.objects.select_for_update().get(pk=person.pk)
        _check_unreviewed(person.pk)
        Reach.forget(person)
        if belongs(person, "work_cases" if works else "see_cases", work.case):
            raise Refused("You can see this case already: you belong to its channel.")
        if CaseGrant.objects.in_force(now).filter(case=work.case, user=person, works__gte=works).exists():
            raise Refused("This case is open to you already.")
        until = now + GLASS
        row = _give(work, person, reason=reason, until=until, works=works, glass=True)
        work.say(
            "glass.broken",
            {"grant": row.pk, "person": person.pk, "until": until.isoformat(), "works": works},
            words={"reason": reason.strip()},
        )
        work.tell("notice.glass_broken", [f"owners:{work.case.channel_id}"], grant=row.pk)
    Reach.forget(person)
    return row


def review_glass(*, grant_id: int, actor: Actor, now: dt.datetime, justified: bool, words: str) -> CaseGrant:
    """Judge an access by breaking the glass, in words, once. An owner of the channel in which it happened does, and of
    a channel without owner an administrator; never who broke it. They are told.

    Raises NotAllowed, Invalid without words, Refused when it was judged already.
    """
    found = CaseGrant.objects.select_related("channel").get(pk=grant_id)

    def standing(work: Work) -> frozenset[str]:
        if work.person is None or work.case.party_id in Reach.of(work.person).own_parties:
            return frozenset()
        roles = people.guarding(work.person, work.case, found.channel_id)
        return roles | {"administrator"} if answers_without_owner(work.person, found.channel) else roles

    with working(case_id=found.case_id, act="review_glass", actor=actor, now=now, standing=standing) as work:
        if actor.user_id == found.user_id:
            raise NotAllowed("Somebody else reviews it: not who broke the glass.")
        work.require(given={"words": words})
        row = CaseGrant.objects.select_for_update().get(pk=grant_id)
        if row.review != Review.WAITING:
            raise Refused(f"This is judged already: {row.get_review_display()}.")
        row.review = Review.JUSTIFIED if justified else Review.UNJUSTIFIED
        row.reviewed_by, row.reviewed_at, row.review_words = work.person, now, words.strip()[:300]
        row.save(update_fields=["review", "reviewed_by", "reviewed_at", "review_words"])
        work.say(
            "glass.reviewed",
            {"grant": row.pk, "person": row.user_id, "justified": justified},
            words={"words": words.strip()},
        )
        work.tell_blindly("notice.glass_reviewed", [f"user:{row.user_id}"])
    return row


def may_break_glass(person: User, now: dt.datetime) -> bool:
    """Whether somebody may break the glass at all: a member of a team, or an administrator. One query at most."""
    return bool(_may_break(person, now))


def _may_break(person: User, now: dt.datetime) -> frozenset[str]:
    if not (person.is_active and person.is_staff):
        return frozenset()
    if people.members(now).filter(person=person).exists():
        return frozenset({"colleague"})
    return frozenset({"administrator"}) if person.is_superuser else frozenset()


def _check_unreviewed(person_id: int) -> None:
    if CaseGrant.objects.unreviewed().filter(user_id=person_id).count() >= MOST_UNREVIEWED:
        raise NotAllowed(
            f"{MOST_UNREVIEWED} of your accesses wait for their review. Ask an owner of the channel to look at them, "
            "or to let you in."
        )


def _note(work: Work, data: dict[str, Any]) -> None:
    noting.note(kind=watching.GRANT, person=work.person, cases=[work.case.pk], now=work.now, data=data)


def _give(work: Work, person: User, *, reason: str, until: dt.datetime, works: bool, glass: bool = False) -> CaseGrant:
    _note(work, {"to": person.pk, "until": until.isoformat(), "glass": glass})
    return CaseGrant.objects.create(
        case=work.case,
        channel=work.case.channel,
        user=person,
        works=works,
        reason=reason.strip()[:300],
        given_by=work.person or person,
        given_at=work.now,
        expires_at=until,
        break_glass=glass,
        review=Review.WAITING if glass else Review.NONE,
    )
