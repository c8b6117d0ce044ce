"""Who is let past a channel's membership: grants of single cases, glass that was broken, cases that ask to leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet

from escalations.models import (
    Case,
    CaseGrant,
    Channel,
    ChannelGroupPermission,
    ChannelMove,
    ChannelUserPermission,
    User,
)
from escalations.models.reach import Reach

SHOWN = 5
"""Rows of each kind that a home page shows."""

OWN, KNOW = "manage_members", "see_restricted"


def has_charge(person: User, codename: str) -> bool:
    """Whether somebody was given charge of something by its permission, by themselves or in a group. Being an
    administrator does not count: keeping, handing out and erasing are not theirs to decide. One query."""
    held = Permission.objects.filter(codename=codename, content_type__app_label="escalations")
    return person.is_active and person.is_staff and held.filter(Q(user=person) | Q(group__user=person)).exists()


def ownerless() -> QuerySet[Channel]:
    """The channels that nobody owns yet: administrators answer for them."""
    wanted = {"permission__codename": OWN}
    by_group = ChannelGroupPermission.objects.filter(**wanted, group__user__is_active=True)
    alone = ChannelUserPermission.objects.filter(**wanted, user__is_active=True)
    return Channel.objects.exclude(
        Q(pk__in=by_group.values("content_object_id")) | Q(pk__in=alone.values("content_object_id"))
    )


def answered_by(user: User) -> frozenset[int]:
    """Ids of the channels for whose accesses a person answers: those they own, and for an administrator those that
    nobody owns. One query, two for administrators."""
    owned = Reach.of(user).channels(OWN)
    return owned | frozenset(ownerless().values_list("pk", flat=True)) if user.is_superuser else owned


def grants(user: User) -> QuerySet[CaseGrant]:
    """The grants that a person may see: of channels for which they answer or in which they are a specialist, and their
    own; none of a case in which they are the party (field case L7)."""
    reach = Reach.of(user)
    theirs = Q(channel_id__in=answered_by(user) | reach.channels(KNOW)) | Q(user=user)
    rows = CaseGrant.objects.filter(theirs).select_related("case", "channel", "user", "given_by", "reviewed_by")
    return rows.exclude(case__party_id__in=reach.own_parties) if reach.own_parties else rows


def to_review(user: User) -> QuerySet[CaseGrant]:
    """Broken glass that waits for the judgement of this person, oldest first."""
    return grants(user).unreviewed().filter(channel_id__in=answered_by(user)).exclude(user=user).order_by("id")  # type: ignore[attr-defined, no-any-return]


def to_decide(user: User) -> QuerySet[ChannelMove]:
    """Cases that somebody else asks to move out of a channel in which this person decides, oldest first."""
    reach = Reach.of(user)
    rows = ChannelMove.objects.filter(
        state=ChannelMove.State.WAITING,
        from_channel_id__in=reach.channels(OWN) | reach.channels(KNOW),
        case__in=Case.objects.visible_to(user),
    )
    return rows.exclude(asked_by=user).select_related("case", "to_channel", "from_channel", "asked_by").order_by("id")


def of_case(case: Case, at: dt.datetime) -> list[CaseGrant]:
    """The grants of a case that are in force, oldest first. One query."""
    return list(CaseGrant.objects.in_force(at).filter(case=case).select_related("user", "given_by").order_by("id"))


def waiting_move(case: Case) -> ChannelMove | None:
    """The move out of its channel that waits for a decision, if there is one. One query."""
    rows = ChannelMove.objects.filter(case=case, state=ChannelMove.State.WAITING)
    return rows.select_related("to_channel", "asked_by").first()


@dataclass(frozen=True, slots=True)
class Guarding:
    """What a home page shows of it: what waits for this person, and what is open to them for a while."""

    reviews: Sequence[CaseGrant]
    reviews_count: int
    moves: Sequence[ChannelMove]
    mine: Sequence[CaseGrant]

    def __bool__(self) -> bool:
        return bool(self.reviews or self.moves or self.mine)


def guarding(user: User, at: dt.datetime) -> Guarding:
    """The home page's part. Four queries at most, whatever the number of rows."""
    reviews = to_review(user)
    shown = list(reviews[: SHOWN + 1])
    return Guarding(
        reviews=shown[:SHOWN],
        reviews_count=len(shown) if len(shown) <= SHOWN else reviews.count(),
        moves=list(to_decide(user)[:SHOWN]),
        mine=list(
            CaseGrant.objects.in_force(at)
            .filter(user=user, case__in=Case.objects.visible_to(user))
            .select_related("case__text", "case__channel")
            .order_by("expires_at", "id")[:SHOWN]
        ),
    )
