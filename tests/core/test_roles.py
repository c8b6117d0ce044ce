"""Roles as they are declared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.core import roles
from escalations.core.roles import APART, ENTER, NEVER, ROLES, SIGN_IN

keys = st.sets(st.sampled_from(sorted(ROLES)))


def test_the_roles_are_the_eight_of_the_desk() -> None:
    expected = ["agent", "lead", "supervisor", "specialist", "council", "onboarding", "auditor", "integration"]
    assert list(ROLES) == expected
    assert all(role.key == key and role.label and role.purpose.endswith(".") for key, role in ROLES.items())


def test_no_role_gives_what_roles_never_give() -> None:
    assert roles.permissions(ROLES) & NEVER == set()


def test_every_role_alone_can_be_held() -> None:
    assert {key: roles.clash([key]) for key in ROLES} == dict.fromkeys(ROLES, "")


@given(keys)
def test_what_goes_apart_is_never_held_together(held: set[str]) -> None:
    given_ = roles.permissions(held)
    assert bool(roles.clash(held)) == any({one, other} <= given_ for one, other, _ in APART)


@given(keys, keys)
def test_more_roles_never_give_less(some: set[str], more: set[str]) -> None:
    assert roles.permissions(some) <= roles.permissions(some | more)
    assert roles.enters(some) <= roles.enters(some | more)


@given(keys)
def test_roles_are_read_in_their_order(held: set[str]) -> None:
    assert set(roles.in_order(held)) == held
    assert list(roles.in_order(held)) == [key for key in ROLES if key in held]


def test_who_enters_and_who_signs_in() -> None:
    assert [key for key in ROLES if not roles.enters([key])] == ["onboarding", "integration"]
    assert [key for key in ROLES if not ROLES[key].permissions & SIGN_IN] == ["integration"]
    assert not roles.enters([])


def test_a_role_that_does_not_exist() -> None:
    assert roles.unknown(["agent", "king", "duke"]) == ["duke", "king"]
    with pytest.raises(KeyError):
        roles.permissions(["king"])


def test_an_auditor_works_nowhere() -> None:
    assert [key for key in ROLES if roles.clash(["auditor", key])] == [
        *("agent", "lead", "supervisor", "specialist", "integration")
    ]
    assert ENTER in ROLES["auditor"].permissions
