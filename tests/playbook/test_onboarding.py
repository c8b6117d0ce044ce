"""Onboarding: the track follows from the version in force, what is right comes from the engine, misses come back."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import PolicyVersion, User
from playbook.core.spacing import BOXES, after
from playbook.models import Acknowledgement, DrillAnswer, DrillCard, Enrolment
from playbook.selectors import onboarding as reads
from playbook.services import onboarding
from tests.governance.publishing import NOW, in_force
from tests.governance.test_proposals import DAY, LARGE, TO_L2_FROM_50, approve, drafts, member, propose, write

pytestmark = pytest.mark.django_db

TRACK, CHOOSE = "/playbook/onboarding/", "/playbook/onboarding/choose/"
LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_ten() -> Any:
    with time_machine.travel(LATER, tick=False) as wall:
        yield wall


@pytest.fixture
def first() -> PolicyVersion:
    return in_force()


@pytest.fixture
def noa() -> User:
    return member("noa", "onboarding")


@pytest.fixture
def joined(noa: User, first: PolicyVersion) -> User:
    onboarding.enrol(person=noa, team="care", region="eu-de", version=first, now=LATER)
    return noa


def as_(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def progress(person: User, version: PolicyVersion, now: dt.datetime = LATER) -> reads.Progress:
    row = Enrolment.objects.get(person=person)
    return reads.progress(person, row, version, language="en", classes=(), now=now)


def only_topic(version: PolicyVersion) -> str:
    (topic,) = reads.topics(version, ())
    return topic.key


def right_answers(
    person: User, topic: str, version: PolicyVersion, now: dt.datetime = LATER
) -> tuple[dict[str, str], int]:
    met = reads.drill_for(person, topic, version, classes=(), now=now)
    assert met is not None
    return {question.asked: question.right for question in met[0].questions}, met[1]


def test_the_track_follows_from_team_and_region(joined: User, first: PolicyVersion) -> None:
    found = [(one.step.part, one.step.page or one.step.title, one.state) for one in progress(joined, first).steps]
    assert found == [
        ("working", "guide.start", "new"),
        ("owned", "category.order", "new"),
        ("owned", "protocol.look", "new"),
        ("owned", "category.order.late", "new"),
        ("practice", "A large order", "new"),
    ]
    onboarding.enrol(person=joined, team="money", region="eu", version=first, now=LATER)
    assert [one.step.part for one in progress(joined, first).steps] == ["working", *["covered"] * 3, "practice"]


def test_what_was_read_counts_until_it_reads_otherwise(joined: User, first: PolicyVersion) -> None:
    for page in ("guide.start", "category.order"):
        onboarding.study(person=joined, page=page, version=first, now=LATER)
    assert progress(joined, first).done == 2
    ana, ben = member("ana"), member("ben")
    draft = drafts.begin_draft(base=first, title="Words", actor=ana, now=LATER)
    write(draft, LARGE._replace(section="pages", key="en/guide.start"), "# Start\n\nOtherwise.\n", ana)
    write(draft, LARGE, TO_L2_FROM_50, ana)
    approve(propose(draft, ana, effective_at=LATER + DAY, now=LATER), ben, now=LATER)
    second = PolicyVersion.objects.get(number=2)
    states = {one.step.page: one.state for one in progress(joined, second, LATER + 2 * DAY).steps}
    assert states["guide.start"] == "changed"
    assert progress(joined, second).next.step.page in ("guide.start", "category.order")  # type: ignore[union-attr]


def test_a_page_that_is_not_on_the_track_is_not_taken_as_read(joined: User, first: PolicyVersion) -> None:
    with pytest.raises(Invalid):
        onboarding.study(person=joined, page="guide.nothing", version=first, now=LATER)


def test_a_drill_is_passed_when_all_of_it_is_right_and_comes_back(joined: User, first: PolicyVersion) -> None:
    topic = only_topic(first)
    answers, variant = right_answers(joined, topic, first)
    done = onboarding.answer(person=joined, topic=topic, variant=variant, answers=answers, version=first, now=LATER)
    assert done.passed
    assert done.due_at == LATER + dt.timedelta(days=1)
    assert [one.state for one in progress(joined, first).steps if one.step.topic] == ["done"]
    assert [one.state for one in progress(joined, first, LATER + DAY).steps if one.step.topic] == ["again"]
    kept = DrillAnswer.objects.get()
    assert (kept.passed, kept.version, kept.variant, kept.right) == (True, first, 0, dict.fromkeys(answers, True))


def test_a_miss_comes_back_soon_with_another_case(joined: User, first: PolicyVersion) -> None:
    topic = only_topic(first)
    answers, variant = right_answers(joined, topic, first)
    wrong = next(key for key in ("L1", "L2") if key != answers["level"])
    done = onboarding.answer(
        person=joined, topic=topic, variant=variant, answers=answers | {"level": wrong}, version=first, now=LATER
    )
    assert (done.passed, done.right["level"], done.right["owner"]) == (False, False, True)
    assert done.due_at == LATER + dt.timedelta(minutes=10)
    assert progress(joined, first, LATER + dt.timedelta(minutes=10)).next.state == "again"  # type: ignore[union-attr]
    assert right_answers(joined, topic, first)[1] == 1


def test_nobody_answers_again_what_they_were_just_told(joined: User, first: PolicyVersion) -> None:
    topic = only_topic(first)
    answers, variant = right_answers(joined, topic, first)
    act: dict[str, Any] = {"person": joined, "topic": topic, "version": first, "now": LATER}
    onboarding.answer(**act, variant=variant, answers=answers)
    with pytest.raises(Refused, match="answered this one already"):
        onboarding.answer(**act, variant=variant, answers=answers)
    with pytest.raises(Invalid) as caught:
        onboarding.answer(**act, variant=1, answers={**answers, "owner": "nobody-such"})
    assert caught.value.field == "owner"
    assert DrillAnswer.objects.count() == 1


def test_only_readers_of_the_playbook_learn_here(first: PolicyVersion) -> None:
    stranger = User.objects.create_user("stranger")
    with pytest.raises(NotAllowed):
        onboarding.enrol(person=stranger, team="care", region="eu", version=first, now=LATER)
    assert as_(stranger).get(TRACK).status_code == 403
    assert Client().get(TRACK).status_code == 302


@pytest.mark.parametrize(("team", "region", "field"), [("x", "eu", "team"), ("care", "x", "region")])
def test_a_track_is_of_what_there_is(noa: User, first: PolicyVersion, team: str, region: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        onboarding.enrol(person=noa, team=team, region=region, version=first, now=LATER)
    assert caught.value.field == field


def test_the_pages_from_the_first_choice_to_a_passed_drill(noa: User, first: PolicyVersion) -> None:
    client = as_(noa)
    assert client.get(TRACK).headers["Location"] == CHOOSE
    assert "Choose a team of the playbook" in text(client.post(CHOOSE, {"region": "eu-de"}))
    page = text(client.post(CHOOSE, {"team": "care", "region": "eu-de"}, follow=True))
    assert "0 of 5 steps" in page
    assert "Care, Germany." in page
    assert "1 of 5 steps" in text(client.post("/playbook/onboarding/read/", {"page": "guide.start"}, follow=True))
    topic = only_topic(first)
    where = reverse("playbook:drill", args=[topic])
    assert "Who owns this case?" in text(client.get(where))
    answers, variant = right_answers(noa, topic, first)
    unanswered = client.post(where, {**answers, "variant": variant, "level": ""})
    assert unanswered.status_code == 422
    assert f'value="{answers["owner"]}" checked' in text(unanswered)
    page = text(client.post(where, {**answers, "variant": variant}))
    assert "All of it is right." in page
    assert "Rule large (priority 10)" in page
    assert "2 of 5 steps" in text(client.get(TRACK))
    assert client.get(reverse("playbook:drill", args=["nothing"])).status_code == 404
    assert "answered this one already" in text(client.post(where, {**answers, "variant": variant}))


def test_a_new_version_is_taken_in_once(joined: User, first: PolicyVersion, at_ten: Any) -> None:
    client = as_(joined)
    assert "You know version 1" in text(client.get("/playbook/onboarding/news/"))
    ana, ben = member("ana"), member("ben")
    draft = drafts.begin_draft(base=first, title="Lower", actor=ana, now=LATER)
    write(draft, LARGE, TO_L2_FROM_50, ana)
    approve(propose(draft, ana, effective_at=LATER + dt.timedelta(minutes=1), now=LATER), ben, now=LATER)
    at_ten.shift(60)
    assert "Version 2 changes 1 thing for your work." in text(client.get(TRACK))
    assert "value is at least 50" in text(client.get("/playbook/onboarding/news/"))
    client.post("/playbook/onboarding/news/")
    client.post("/playbook/onboarding/news/")
    assert Acknowledgement.objects.get().version.number == 2
    assert "changes 1 thing" not in text(client.get(TRACK))
    scheduled = PolicyVersion(number=3, effective_at=NOW + 9 * DAY)
    with pytest.raises(Refused):
        onboarding.acknowledge(person=joined, version=scheduled, now=LATER)


def test_who_oversees_sees_how_far_people_are_and_others_do_not(
    joined: User, first: PolicyVersion, django_assert_max_num_queries: Any
) -> None:
    onboarding.study(person=joined, page="guide.start", version=first, now=LATER)
    for number in range(4):
        other = member(f"noa{number}", "onboarding")
        onboarding.enrol(person=other, team="money", region="eu", version=first, now=LATER)
    assert as_(joined).get("/playbook/onboarding/team/").status_code == 403
    client = as_(member("sue", "supervisor"))
    client.get("/playbook/onboarding/team/")
    with django_assert_max_num_queries(16):
        page = text(client.get("/playbook/onboarding/team/"))
    assert "1/5" in page
    lead = as_(member("lea", "lead"))
    assert "Nobody of your people has begun" in text(lead.get("/playbook/onboarding/team/"))


def test_a_preset_has_a_track_for_every_team() -> None:
    call_command("install_playbook", "--preset", "team", stdout=StringIO())
    version = PolicyVersion.objects.get()
    person = member("noa", "onboarding")
    for team in reads.book_of(version).policy.central.teams:
        onboarding.enrol(person=person, team=team, region="eu-de", version=version, now=LATER)
        parts = [part for part, _steps, _done in progress(person, version).parts]
        assert parts[0] == "working"
    assert DrillCard.objects.count() == 0


@given(st.lists(st.booleans(), max_size=30))
def test_boxes(answers: list[bool]) -> None:
    """A miss goes back to the first box, and what is always right comes back ever later, but it comes back."""
    box = 0
    for right in answers:
        new, due = after(box, right, NOW)
        assert 0 <= new < len(BOXES)
        assert due == NOW + BOXES[new]
        assert new == (min(box + 1, len(BOXES) - 1) if right else 0)
        box = new
    assert list(BOXES) == sorted(BOXES)
