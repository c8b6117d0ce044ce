"""Acts of onboarding, each about oneself: choose a track, say what was read, answer a drill, take in a version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import transaction

from escalations.core.roles import READ_PLAYBOOK
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import PolicyVersion, User
from playbook.core.drills import Asked, Drill, marked
from playbook.core.spacing import after
from playbook.models import Acknowledgement, DrillAnswer, DrillCard, Enrolment, Studied
from playbook.selectors import onboarding
from playbook.selectors.reading import book_of


def enrol(*, person: User, team: str, region: str, version: PolicyVersion, now: dt.datetime) -> Enrolment:
    """Choose, or choose anew, the team that one joins and the region that one serves. What was read and practised
    stays. Raises NotAllowed, Invalid for a team or region that the version does not have."""
    _may(person)
    central = book_of(version).policy.central
    if team not in central.teams:
        raise Invalid("team", "Choose a team of the playbook in force.")
    if region not in central.regions:
        raise Invalid("region", "Choose a region of the playbook in force.")
    row, _ = Enrolment.objects.update_or_create(
        person=person, defaults={"team": team, "region": region}, create_defaults={
            "team": team, "region": region, "began_at": now,
        }
    )  # fmt: skip
    return row


def study(*, person: User, page: str, version: PolicyVersion, now: dt.datetime, classes: Collection[str] = ()) -> None:
    """Say that one has read a page as it is in a version, or an article as it is now. Raises NotAllowed, and Invalid
    for a page that is on no track of theirs."""
    _may(person)
    if not onboarding.may_study(person, onboarding.enrolment(person), page, version, classes=classes):
        raise Invalid("page", "That page is not on your track.")
    Studied.objects.bulk_create(
        [Studied(person=person, page=page, version=version, at=now)],
        update_conflicts=True,
        unique_fields=["person", "page"],
        update_fields=["version", "at"],
    )


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an answer: the drill with what is right, which answers were, and when the topic comes back."""

    drill: Drill
    right: Mapping[Asked, bool]
    passed: bool
    due_at: dt.datetime


def answer(
    *,
    person: User,
    topic: str,
    variant: int,
    answers: Mapping[str, str],
    version: PolicyVersion,
    now: dt.datetime,
    classes: Collection[str] = (),
) -> Result:
    """Answer a drill: it is made again, marked by the engine, and put on record; passed when all of it is right.

    variant   which one it was; the same twice is refused, so that nobody answers again what they were just told

    Raises NotAllowed; Refused for a topic that there is not, and for a variant that was answered already; Invalid for
    a question without an answer.
    """
    _may(person)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=person.pk)  # two answers of one person wait for each other
        met = onboarding.drill_for(person, topic, version, classes=classes, now=now)
        if met is None:
            raise Refused("This drill is not there any more: the playbook has changed. Choose another one.")
        drill, expected = met
        if variant != expected:
            raise Refused("You have answered this one already. Here is the next.")
        for question in drill.questions:
            if answers.get(question.asked) not in {choice.key for choice in question.choices}:
                raise Invalid(question.asked, "Choose an answer.")
        right = marked(drill, answers)
        passed = all(right.values())
        card = DrillCard.objects.filter(person=person, topic=topic).first() or DrillCard(person=person, topic=topic)
        card.box, card.due_at = after(card.box, passed, now)
        card.seen = variant + 1
        card.passed_at = card.passed_at or (now if passed else None)
        card.save()
        DrillAnswer.objects.create(
            person=person,
            topic=topic,
            variant=variant,
            level=drill.level,
            version=version,
            answers={question.asked: answers[question.asked] for question in drill.questions},
            right=dict(right),
            passed=passed,
            at=now,
        )
    return Result(drill, right, passed, card.due_at)


def acknowledge(*, person: User, version: PolicyVersion, now: dt.datetime) -> Acknowledgement:
    """Say that one knows what a version changes for one's work. Twice is as once. Raises NotAllowed, and Refused for a
    version that is not in force yet."""
    _may(person)
    if version.effective_at > now:
        raise Refused("This version is not in force yet.")
    row, _ = Acknowledgement.objects.get_or_create(person=person, version=version, defaults={"at": now})
    return row


def _may(person: User) -> None:
    if not person.has_perm(READ_PLAYBOOK):
        raise NotAllowed("Onboarding is for those who may read the playbook.")
