"""New cases of what a version changed go to those who have taken it in, once the time to read is over."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from escalations.core.actor import Actor
from escalations.errors import Refused
from escalations.models import Case, Membership, PolicyVersion
from escalations.services import assignment, closing
from playbook.models import Acknowledgement
from playbook.selectors.unread import behind, changed, kept_from
from playbook.services import onboarding
from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk

pytestmark = pytest.mark.django_db
IN_FORCE = NOW - dt.timedelta(days=2)
WORKER = Actor.worker("assignment")


def document(*, keep: int = 1, within: str = "PT2H", **more: Any) -> dict[str, Any]:
    """The market's policy with another owner's evidence for damaged orders, and the rule that it has to be read."""
    made = market_document()
    made["central"]["reading"] = {"within": {"elapsed": within}, "keep": keep}
    made["central"]["categories"]["order.damaged"]["evidence"] = [{"key": "label", "name": "The carrier's label"}]
    return made | more


@pytest.fixture
def second(desk: Desk) -> PolicyVersion:
    return desk.install(document(), now=IN_FORCE)


def knows(desk: Desk, name: str, version: PolicyVersion) -> None:
    onboarding.acknowledge(person=desk.user(name), version=version, now=NOW)


def given(desk: Desk, **changes: Any) -> str:
    """Who gets a new case of the changed category."""
    case = desk.open(**changes)
    assert case.assignee is not None
    return case.assignee.username


def test_a_new_case_goes_to_who_has_taken_it_in_whatever_the_load(desk: Desk, second: PolicyVersion) -> None:
    knows(desk, "jon", second)
    assert [given(desk) for _ in range(4)] == ["jon"] * 4, "Mia and Ana have not taken it in"
    knows(desk, "mia", second)
    assert given(desk) == "mia", "she counts from the next case on, and has the fewest"


def test_other_categories_and_those_who_came_later_are_not_touched(desk: Desk, second: PolicyVersion) -> None:
    knows(desk, "jon", second)
    assert behind(second, category="order.damaged", people=[desk.user("mia").pk])
    assert not behind(second, category="seller.appeal", people=[desk.user("mia").pk])
    Membership.objects.filter(person__username="mia").update(starts_at=IN_FORCE + dt.timedelta(hours=1))
    assert not behind(second, category="order.damaged", people=[desk.user("mia").pk])
    assert {given(desk), given(desk)} == {"jon", "mia"}


def test_until_the_time_to_read_is_over_everybody_gets_them(desk: Desk) -> None:
    version = desk.install(document(within="PT72H"), now=IN_FORCE)
    knows(desk, "jon", version)
    assert {given(desk) for _ in range(4)} >= {"jon", "mia"}
    with time_machine.travel(NOW + dt.timedelta(hours=25), tick=False):
        assert given(desk, at=NOW + dt.timedelta(hours=25)) == "jon"


def test_never_below_what_the_shift_needs(desk: Desk) -> None:
    version = desk.install(document(keep=2), now=IN_FORCE)
    knows(desk, "jon", version)
    assert {given(desk) for _ in range(4)} >= {"jon", "mia"}, "one who knows is too few"
    knows(desk, "ana", version)
    assert {given(desk) for _ in range(6)} == {"jon", "ana"}


def test_it_does_not_wait_for_somebody_to_read(desk: Desk, second: PolicyVersion) -> None:
    knows(desk, "jon", second)
    Membership.objects.filter(person__username="jon").update(capacity=1)
    assert given(desk) == "jon"
    assert given(desk) in ("mia", "ana"), "who knows has a full plate"


def test_nobody_is_asked_where_the_policy_says_nothing(
    desk: Desk, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    plain = market_document()
    plain["central"]["categories"]["order.damaged"]["evidence"] = [{"key": "label", "name": "The carrier's label"}]
    version = desk.install(plain, now=IN_FORCE)
    knows(desk, "jon", version)
    assert {given(desk) for _ in range(4)} >= {"jon", "mia"}
    with django_assert_max_num_queries(0):
        assert kept_from([1], version, NOW) == {}


def test_who_has_not_read_takes_none_out_of_the_queue_and_a_lead_may_still_give_it(
    desk: Desk, second: PolicyVersion
) -> None:
    knows(desk, "jon", second)
    case = desk.open(assign=False)
    with pytest.raises(Refused, match="take in what it changes"):
        assignment.take(case_id=case.pk, actor=desk.by("mia"), now=NOW)
    assignment.assign(case_id=case.pk, actor=desk.by("ana"), now=NOW, person_id=desk.user("mia").pk)
    case.refresh_from_db()
    assert case.assignee == desk.user("mia")

    other = desk.open(assign=False)
    knows(desk, "mia", second)
    assert assignment.take(case_id=other.pk, actor=desk.by("mia"), now=NOW).assignee == desk.user("mia")


def test_what_somebody_had_already_is_no_new_case(desk: Desk, second: PolicyVersion) -> None:
    knows(desk, "jon", second)
    case = desk.open(assign=False)
    assignment.assign(case_id=case.pk, actor=WORKER, now=NOW, person_id=desk.user("mia").pk)
    assignment.release(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason="Lunch.")
    assert assignment.take(case_id=case.pk, actor=desk.by("mia"), now=NOW).assignee == desk.user("mia")


def test_a_case_of_an_older_version_is_decided_by_what_everybody_knows(desk: Desk) -> None:
    case = desk.open(assign=False)
    second = desk.install(document(), now=NOW)
    knows(desk, "jon", second)
    later = NOW + dt.timedelta(hours=3)
    assert Case.objects.get(pk=case.pk).policy_version.number == second.number - 1
    assert assignment.take(case_id=case.pk, actor=desk.by("mia"), now=later).assignee == desk.user("mia")


def test_only_what_everybody_may_read_holds_anybody_back(desk: Desk) -> None:
    first = desk.install(document(), now=IN_FORCE)
    restricted = document()
    rule = next(rule for rule in restricted["central"]["rules"] if rule["key"] == "linked-appeal")
    assert rule["visibility"] == "fraud"
    rule["because"] = "Another reason."
    rule["then"] = {**rule["then"], "severity": "low"}
    second = desk.install(restricted, now=IN_FORCE + dt.timedelta(hours=1))
    assert changed(first, second) == frozenset()


def test_people_and_their_leads_see_what_is_kept_back(desk: Desk, second: PolicyVersion) -> None:
    with time_machine.travel(NOW, tick=False):
        mia = Client()
        mia.force_login(desk.user("mia"))
        onboarding.enrol(person=desk.user("mia"), team="orders", region="eu-de", version=second, now=NOW)
        sentence = "go to colleagues until you have taken it in"
        home = mia.get(reverse("admin:index")).content.decode()
        assert sentence in home
        news = mia.get(reverse("playbook:news")).content.decode()
        assert sentence in news
        ana = Client()
        ana.force_login(desk.user("ana"))
        assert "new cases go to others" in ana.get(reverse("playbook:learners")).content.decode()
        mia.post(reverse("playbook:news"))
        assert Acknowledgement.objects.filter(person=desk.user("mia"), version=second).exists()
        assert sentence not in mia.get(reverse("admin:index")).content.decode()
        assert "new cases go to others" not in ana.get(reverse("playbook:learners")).content.decode()


def test_a_reopened_case_goes_back_to_who_had_it(desk: Desk, second: PolicyVersion) -> None:
    knows(desk, "jon", second)
    case = desk.open(assign=False)
    assignment.assign(case_id=case.pk, actor=WORKER, now=NOW, person_id=desk.user("mia").pk)
    from escalations.services import evidence

    evidence.add_evidence(case_id=case.pk, actor=desk.by("mia"), now=NOW, key="label", note="There.")
    closing.resolve(case_id=case.pk, actor=desk.by("mia"), now=NOW, root_cause="carrier", message="Done.")
    closing.reopen(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason="Again.")
    case.refresh_from_db()
    assert case.assignee == desk.user("mia")
