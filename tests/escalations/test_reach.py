"""Who reaches which channels: what the library that keeps the permissions says, asked in one query of our own."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from guardian.shortcuts import assign_perm, get_objects_for_user

from escalations.models import Channel, User
from escalations.models.reach import Reach
from tests.factories.desk import Desk

PERMISSIONS = [codename for codename, _ in Channel._meta.permissions]


@pytest.fixture
def held_in_every_way(desk: Desk) -> Desk:
    """Beside those of the small desk: permissions of one's own, doubled ones, and groups that hold nothing."""
    fraud, brand = Channel.objects.get(key="fraud"), Channel.objects.get(key="brand")
    assign_perm("see_cases", desk.user("pia"), fraud)
    assign_perm("see_cases", desk.user("mia"), brand)  # held by a group as well
    assign_perm("export_cases", desk.user("mia"), brand)
    desk.user("leo").groups.add(Group.objects.create(name="nothing"))
    User.objects.filter(username="jon").update(is_superuser=True)
    return desk


def test_the_same_as_the_library_for_everybody_and_every_permission(held_in_every_way: Desk) -> None:
    seen = set()
    for person in User.objects.all():
        for permission in PERMISSIONS:
            theirs = get_objects_for_user(
                person, permission, Channel.objects.all(), with_superuser=False, accept_global_perms=False
            )
            assert Reach.of(person).channels(permission) == {row.pk for row in theirs}, (person, permission)
            seen |= {permission for _ in theirs}
    assert seen > {"see_cases", "work_cases", "export_cases"}


def test_one_query_then_none(held_in_every_way: Desk, django_assert_num_queries: object) -> None:
    person = held_in_every_way.user("tia")
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert Reach.of(person).channels("see_cases") == Reach.of(person).channels("see_cases") != frozenset()


def test_who_is_signed_out_or_inactive_reaches_nothing(held_in_every_way: Desk) -> None:
    User.objects.filter(username="tia").update(is_active=False)
    for person in (AnonymousUser(), held_in_every_way.user("tia")):
        assert Reach.of(person).channels("see_cases") == frozenset()
