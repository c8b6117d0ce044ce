"""Who reaches what: the one place that asks guardian, once per person and request.

Permissions are given to groups on channels, and single cases to single people for a while (`CaseGrant`).
`Case.objects.visible_to(user)` is the verb that everything goes through; this module is what it stands on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.db.models import QuerySet
from django.utils import timezone

from escalations.models.party import Party
from escalations.models.registry import Channel, ChannelGroupPermission, ChannelUserPermission

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from escalations.models import Case, User


#: What a grant of a single case opens; restricted findings, personal data and exports stay with the channel's people.
READING, WORKING = "see_cases", "work_cases"


_without_factor: ContextVar[int] = ContextVar("without_second_factor", default=0)


@contextmanager
def without_second_factor(user_id: int) -> Iterator[None]:
    """Within the block, which is a request, this person has shown no second factor: they reach nothing of the channels
    that ask for one, whoever loads their account. Nobody else is touched, and no worker."""
    token = _without_factor.set(user_id)
    try:
        yield
    finally:
        _without_factor.reset(token)


class Reach:
    """The channels in which one person holds each permission, worked out at the first question and then kept.

    Kept on the user object, which lives as long as the request: a revoked permission, and a grant that has run out,
    count from the next request on.
    """

    def __init__(self, user: User | AnonymousUser) -> None:
        self._user = user
        self._channels: dict[str, frozenset[int]] = {}
        self._grants: dict[int, bool] | None = None
        self._own: frozenset[int] | None = None
        self._narrow = user.pk is not None and _without_factor.get() == user.pk

    @classmethod
    def of(cls, user: User | AnonymousUser) -> Reach:
        """The reach of `user`, one object per user object."""
        reach: Reach | None = getattr(user, "_reach", None)
        if reach is None:
            reach = cls(user)
            user._reach = reach  # type: ignore[union-attr]
        return reach

    def channels(self, permission: str) -> frozenset[int]:
        """Ids of the channels on which the person, or a group of theirs, holds `permission`. One query, then none.

        Being a superuser gives nothing here; people who are signed out or inactive hold nothing.
        """
        if not self._user.is_authenticated or not self._user.is_active:
            return frozenset()
        if permission not in self._channels:
            of_groups, own = self._held(permission)
            if self._narrow:
                of_groups = of_groups.filter(content_object__second_factor=False)
                own = own.filter(content_object__second_factor=False)
            # What `guardian.shortcuts.get_objects_for_user` says, which takes four times as long to ask it.
            rows = of_groups.values_list("content_object_id").union(own.values_list("content_object_id"), all=True)
            self._channels[permission] = frozenset(channel for (channel,) in rows)
        return self._channels[permission]

    @classmethod
    def forget(cls, user: User) -> None:
        """Work it out anew at the next question: after an act that has changed what `user` reaches."""
        user.__dict__.pop("_reach", None)

    def granted(self, permission: str) -> frozenset[int]:
        """Ids of the cases opened to the person singly, now, for `permission`. One query, then none."""
        if permission not in (READING, WORKING) or not self._user.is_authenticated or not self._user.is_active:
            return frozenset()
        if self._grants is None:
            grants = self._in_force()
            if self._narrow:
                grants = grants.filter(case__channel__second_factor=False)
            rows = grants.order_by().values_list("case_id", "works")
            self._grants = {}
            for case_id, works in rows:
                self._grants[case_id] = works or self._grants.get(case_id, False)
        return frozenset(case_id for case_id, works in self._grants.items() if works or permission == READING)

    def _held(self, permission: str) -> tuple[QuerySet[Any], QuerySet[Any]]:
        """The rows by which the person holds a permission on channels: their groups' and their own."""
        held = {"permission__codename": permission}
        return (
            ChannelGroupPermission.objects.filter(group__user=self._user.pk, **held),
            ChannelUserPermission.objects.filter(user=self._user.pk, **held),
        )

    def _in_force(self) -> QuerySet[Any]:
        """The grants of single cases that the person has now."""
        grants: QuerySet[Any] = apps.get_model("escalations", "CaseGrant").objects.in_force(timezone.now())
        return grants.filter(user_id=self._user.pk)

    @property
    def kept_back(self) -> QuerySet[Channel]:
        """The channels, by rank, whose cases the person would see with a second factor, and does not now. No query for
        a session that has one; one when it is read."""
        if not self._narrow or not self._user.is_authenticated:
            return Channel.objects.none()
        grants = self._in_force().order_by().values_list("case__channel_id")
        theirs = models.Q(pk__in=grants)
        for rows in self._held(READING):
            theirs |= models.Q(pk__in=rows.values_list("content_object_id"))
        return Channel.objects.filter(theirs, second_factor=True, retired_at=None).order_by("rank", "key")

    @property
    def own_parties(self) -> frozenset[int]:
        """Ids of the parties that are this person outside work: nobody reads or works a case of their own."""
        if self._own is None:
            self._own = (
                frozenset(Party.objects.filter(staff_user_id=self._user.pk).values_list("pk", flat=True))
                if self._user.is_authenticated
                else frozenset()
            )
        return self._own


def may(user: User | AnonymousUser, permission: str, case: Case) -> bool:
    """Whether `user` holds a permission for this case, by its channel or by a grant, and is not its party."""
    reach = Reach.of(user)
    if case.party_id in reach.own_parties:
        return False
    return case.channel_id in reach.channels(permission) or case.pk in reach.granted(permission)


def belongs(user: User | AnonymousUser, permission: str, case: Case) -> bool:
    """Whether `user` holds a permission by the channel of this case alone, and is not its party: what owning a case,
    opening it to others, and deciding where it belongs ask for."""
    reach = Reach.of(user)
    return case.channel_id in reach.channels(permission) and case.party_id not in reach.own_parties
