"""The page of a list is the page that the verb gives, whoever looks, whatever is asked, on both databases."""

from __future__ import annotations

import datetime as dt
from unittest import mock

import pytest
import time_machine
from django.db import transaction
from guardian.shortcuts import assign_perm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalations.models import NEVER, Case, CaseGrant, Channel, Party, User
from escalations.selectors import caselist, keyset, reading
from escalations.selectors.radar import LINE
from tests.factories.telling import NOW, SmallDesk, small_desk

HOUR = dt.timedelta(hours=1)
CHANNELS = 6
CASES = 30


@pytest.fixture
def desk(db: None) -> SmallDesk:
    return small_desk()


def channels() -> list[Channel]:
    return [Channel.objects.create(key=f"c{n}", name=f"C{n}", rank=n) for n in range(CHANNELS)]


one_case = st.tuples(
    st.integers(0, CHANNELS - 1),  # channel
    st.one_of(st.integers(0, 4), st.none()),  # hours until it is due: many ties; None, no clock runs
    st.integers(0, 3),  # severity
    st.sampled_from(["new", "in_progress", "resolved", "closed"]),
    st.booleans(),  # opened to the person singly
    st.booleans(),  # their own
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cases=st.lists(one_case, max_size=CASES),
    seen=st.sets(st.integers(0, CHANNELS - 1)),
    sort=st.sampled_from(sorted(caselist.ORDERINGS)),
    status=st.sampled_from(["open", "any", "closed", "in_progress"]),
    size=st.integers(1, 7),
    few=st.integers(0, 8),
    head=st.integers(1, 3),
)
def test_each_page_is_the_one_of_the_verb(
    desk: SmallDesk,
    cases: list[tuple[int, int | None, int, str, bool, bool]],
    seen: set[int],
    sort: str,
    status: str,
    size: int,
    few: int,
    head: int,
) -> None:
    with transaction.atomic(), time_machine.travel(NOW, tick=False):
        there = channels()
        eve = desk.person("Eve", sees="")
        for number in seen:
            assign_perm("see_cases", eve, there[number])
        self = Party.objects.create(kind="buyer", external_id="eve", staff_user=eve, created_at=NOW)
        for channel, due, band, state, granted, own in cases:
            case = desk.case(channel=there[channel], party=self if own else desk.buyer)
            Case.objects.filter(pk=case.pk).update(
                radar_at=NEVER if due is None else NOW + due * HOUR,
                severity_band=band,
                status=state,
                is_open=state != "closed",
            )
            if granted:
                CaseGrant.objects.create(
                    case=case, channel=there[channel], user=eve, given_by=desk.mia, reason="x",
                    given_at=NOW - HOUR, expires_at=NOW + HOUR,
                )  # fmt: skip
        _compare(eve.pk, sort, status, size, few, head)
        transaction.set_rollback(True)


def _compare(person: int, sort: str, status: str, size: int, few: int, head: int) -> None:
    asked = caselist.Filters.read({"status": status})
    ordering = caselist.ORDERINGS[sort]
    with mock.patch.object(reading, "FEW", few), mock.patch.object(reading, "HEAD", head), \
         mock.patch.object(reading, "AT_ONCE", 2):  # fmt: skip
        about = {"after": ""}
        for _ in range(CASES + 2):
            user = User.objects.get(pk=person)
            whole = caselist.cases(asked, user, NOW).select_related(*LINE)
            expected = keyset.page(whole, ordering, size=size, **about)
            found = caselist.page(asked, user, NOW, sort, size=size, **about)
            assert [row.pk for row in found.rows] == [row.pk for row in expected.rows]
            assert (found.next, found.previous) == (expected.next, expected.previous)
            if expected.previous:
                back = caselist.page(asked, user, NOW, sort, size=size, before=expected.previous)
                same = keyset.page(whole, ordering, size=size, before=expected.previous)
                assert [row.pk for row in back.rows] == [row.pk for row in same.rows]
            if not expected.next:
                return
            about = {"after": expected.next}
    raise AssertionError("the list does not end")
