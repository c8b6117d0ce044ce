"""A change of the playbook is proposed, approved by another person, and comes into force: each a record."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import PolicyVersion, User
from escalations.selectors import law
from escalations.services.policy import install
from escalations.services.roles import group_of
from governance.models import Proposal, Publication, Step
from governance.selectors import proposals as reads
from governance.services import proposals
from governance.services.publication import approval_of
from playbook.core.entries import CENTRE, Address
from playbook.models import Edition, Entry
from playbook.selectors import contents
from playbook.services import drafts
from playbook.services.editions import compile_edition
from tests.databases import Database
from tests.governance.publishing import NOW, in_force
from tests.playbook.editions import central

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
LARGE = Address(CENTRE, "rules", "large")
GUIDE = Address(CENTRE, "pages", "en/guide.start")
TO_L2_FROM_50 = {
    "key": "large", "name": "Large", "priority": 10, "when": {"fact": "value", "gte": 50}, "then": {"level": "L2"},
    "because": "Large orders go up.",
}  # fmt: skip


def member(name: str, role: str = "council") -> User:
    person = User.objects.create_user(name, is_staff=True)
    person.groups.add(group_of(role))
    return person


@pytest.fixture
def ana() -> User:
    return member("ana")


@pytest.fixture
def ben() -> User:
    return member("ben")


@pytest.fixture
def first() -> PolicyVersion:
    return in_force()


@pytest.fixture
def draft(first: PolicyVersion, ana: User) -> Edition:
    """A draft of Ana's that changes a rule."""
    edition = drafts.begin_draft(base=first, title="Lower", actor=ana, now=NOW)
    write(edition, LARGE, TO_L2_FROM_50, ana, "Smaller orders hurt too.")
    return edition


def write(edition: Edition, address: Address, body: Any, actor: User, why: str = "Because.") -> Entry:
    row = Entry.objects.get(edition=edition, **address._asdict())
    return drafts.write_entry(
        edition_id=edition.pk, address=address, body=body, actor=actor, now=NOW, rationale=why, version=row.version
    )


def propose(edition: Edition, actor: User, **more: Any) -> Proposal:
    arguments = {"reason": "Buyers wait.", "effective_at": NOW + DAY, "now": NOW + HOUR, **more}
    return proposals.propose(edition_id=edition.pk, actor=actor, **arguments)


def approve(proposal: Proposal, actor: User, now: dt.datetime = NOW + 2 * HOUR) -> Proposal:
    return proposals.approve(proposal_id=proposal.pk, digest=proposal.edition_digest, actor=actor, now=now)


def steps(proposal: Proposal) -> list[tuple[str, str]]:
    return [(step.kind, step.by.username if step.by else "") for step in proposal.steps.select_related("by")]


def words_alone(first: PolicyVersion, actor: User) -> Edition:
    edition = drafts.begin_draft(base=first, title="Words", actor=actor, now=NOW)
    write(edition, GUIDE, "# Start\n\nBegin by [looking](page:protocol.look).\n", actor)
    return edition


# ----------------------------------------------------------------------------------------------------------- the way


def test_a_change_is_proposed_approved_by_another_and_in_force_from_its_moment(
    draft: Edition, ana: User, ben: User, first: PolicyVersion
) -> None:
    proposal = propose(draft, ana)
    assert (proposal.state, proposal.lane, proposal.base) == ("open", "rules", first)
    assert not Publication.objects.filter(kind="proposal").exists()
    approve(proposal, ben)
    proposal.refresh_from_db()
    version = PolicyVersion.objects.get(number=2)
    assert proposal.state == "published"
    assert proposal.publication is not None
    assert proposal.publication.version == version
    assert version.edition_digest == proposal.edition_digest
    assert (version.base, version.effective_at, version.approved_by) == (first, NOW + DAY, str(ben))
    assert (version.approval_kind, version.reason) == ("proposal", "Buyers wait.")
    assert law.in_force(NOW + DAY - HOUR) == first
    assert law.in_force(NOW + DAY) == version
    assert steps(proposal) == [("proposed", "ana"), ("approved", "ben"), ("published", "")]
    draft.refresh_from_db()
    assert draft.state == Edition.State.PUBLISHED


def test_what_is_approved_late_comes_into_force_at_once(draft: Edition, ana: User, ben: User) -> None:
    proposal = propose(draft, ana)
    late = NOW + 3 * DAY
    approve(proposal, ben, now=late)
    assert PolicyVersion.objects.get(number=2).effective_at == late


def test_what_was_proposed_can_be_read_whatever_becomes_of_the_draft(draft: Edition, ana: User, ben: User) -> None:
    proposal = propose(draft, ana)
    proposals.reject(proposal_id=proposal.pk, actor=ben, now=NOW + 2 * HOUR, reason="Not now.")
    before = reads.changes_of(proposal)
    write(draft, LARGE, TO_L2_FROM_50 | {"name": "Other"}, ana)
    content = reads.content_of(proposal)
    assert central({"policy": content.policy})["rules"][0]["when"] == {"fact": "value", "gte": 50}
    assert [change.sentence for change in before] == [change.sentence for change in reads.changes_of(proposal)]
    again = propose(draft, ana)
    assert again.pk != proposal.pk


def test_the_reason_of_a_row_is_told_beside_its_change(draft: Edition, ana: User) -> None:
    proposal = propose(draft, ana)
    told = reads.told(reads.changes_of(proposal), proposal.edition_id, ana)
    assert [line.why for line in told] == ["Smaller orders hurt too."]
    assert "50" in told[0].change.sentence


def test_a_restricted_change_keeps_its_reason_back(first: PolicyVersion, ana: User) -> None:
    edition = drafts.begin_draft(base=first, title="Lower", actor=ana, now=NOW)
    write(edition, LARGE, TO_L2_FROM_50 | {"visibility": "legal"}, ana, "The ring orders for 50.")
    proposal = propose(edition, ana)
    told = reads.told(reads.changes_of(proposal), proposal.edition_id, ana)
    assert [(line.change.sentence, line.why) for line in told] == [("A restricted rule was changed", "")]


# ------------------------------------------------------------------------------------------------- what is not proposed


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"effective_at": NOW}, "effective_at"),
        ({"zone": "Europe/Atlantis"}, "zone"),
    ],
)
def test_what_is_missing_is_named(draft: Edition, ana: User, more: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        propose(draft, ana, **more)
    assert caught.value.field == field
    assert not Proposal.objects.exists()


def test_warnings_need_a_reason(first: PolicyVersion, ana: User) -> None:
    edition = drafts.begin_draft(base=first, title="Lower", actor=ana, now=NOW)
    late = Address(CENTRE, "categories", "order.late")
    body = Entry.objects.get(edition=edition, **late._asdict()).says
    write(edition, late, body | {"ladder": "plain"}, ana)
    drafts.write_entry(
        edition_id=edition.pk, address=Address(CENTRE, "ladders", "unused"),
        body={"name": "Unused", "rungs": [{"key": "a", "after": {"elapsed": "PT1H"}, "level": "L2"}]},
        actor=ana, now=NOW, rationale="For later.",
    )  # fmt: skip
    edition = compile_edition(edition_id=edition.pk, now=NOW)
    assert edition.warnings
    with pytest.raises(Invalid) as caught:
        propose(edition, ana)
    assert caught.value.field == "warnings_reason"
    proposal = propose(edition, ana, warnings_reason="It is for next week.")
    assert (proposal.warnings, proposal.warnings_reason) == (edition.warnings, "It is for next week.")


def test_a_draft_that_does_not_compile_is_not_proposed(draft: Edition, ana: User) -> None:
    write(draft, LARGE, TO_L2_FROM_50 | {"then": {"level": "L9"}}, ana)
    with pytest.raises(Refused, match=r"The draft does not compile: .*L9"):
        propose(draft, ana)
    assert not Proposal.objects.exists()


def test_a_draft_that_changes_nothing_is_not_proposed(first: PolicyVersion, ana: User) -> None:
    edition = drafts.begin_draft(base=first, title="Same", actor=ana, now=NOW)
    with pytest.raises(Refused, match="says exactly what version 1 says"):
        propose(edition, ana)


def test_a_draft_is_proposed_once(draft: Edition, ana: User, ben: User) -> None:
    propose(draft, ana)
    with pytest.raises(Refused, match="proposed already"):
        propose(draft, ben)


def test_the_database_too_keeps_one_open_proposal_a_draft(draft: Edition, ana: User) -> None:
    proposal = Proposal.objects.defer(None).get(pk=propose(draft, ana).pk)
    proposal.pk = None
    proposal._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        proposal.save()


def test_only_who_writes_proposes(draft: Edition) -> None:
    with pytest.raises(NotAllowed):
        propose(draft, member("sue", "supervisor"))


def test_a_draft_from_before_another_version_would_undo_it(
    draft: Edition, first: PolicyVersion, ana: User, ben: User
) -> None:
    other = words_alone(first, ben)
    write(other, LARGE, TO_L2_FROM_50 | {"name": "Big"}, ben)
    early, late = propose(draft, ana), propose(other, ben)
    approve(late, ana)
    with pytest.raises(Refused, match="version 2 came after it, which it would undo"):
        approve(early, ben)
    proposals.withdraw(proposal_id=early.pk, actor=ana, now=NOW + 3 * HOUR, reason="Too late.")
    with pytest.raises(Refused, match="version 2 came after it"):
        propose(draft, ana)


def test_a_key_that_goes_without_a_successor_is_told_when_it_is_proposed(first: PolicyVersion, ana: User) -> None:
    edition = drafts.begin_draft(base=first, title="Less", actor=ana, now=NOW)
    row = Entry.objects.get(edition=edition, section="categories", key="order.late")
    drafts.remove_entry(entry_id=row.pk, version=row.version, actor=ana, now=NOW, rationale="Not needed.")
    with pytest.raises(Refused, match=r"order\.late"):
        propose(edition, ana)


# ------------------------------------------------------------------------------------------------------- who approves


def test_an_author_does_not_approve_while_another_can(draft: Edition, ana: User, ben: User) -> None:
    proposal = propose(draft, ana)
    with pytest.raises(NotAllowed, match="Somebody who did not decides"):
        approve(proposal, ana, now=NOW + 30 * DAY)


def test_whoever_wrote_a_row_at_any_time_is_an_author(draft: Edition, ana: User, ben: User) -> None:
    clara = member("clara")
    write(draft, GUIDE, "# Start\n\nBen was here.\n", ben)
    write(draft, GUIDE, "# Start\n\nAna was here.\n", ana)
    proposal = propose(draft, ana)
    assert reads.authors(proposal) == {ana.pk, ben.pk}
    with pytest.raises(NotAllowed):
        approve(proposal, ben)
    approve(proposal, clara)


def test_a_founder_alone_waits_as_the_version_in_force_says(ana: User) -> None:
    first = in_force(lambda d: central(d).update(approval={"alone_after": {"elapsed": "P3D"}}))
    edition = drafts.begin_draft(base=first, title="Lower", actor=ana, now=NOW)
    write(edition, LARGE, TO_L2_FROM_50, ana)
    proposal = propose(edition, ana)
    since = proposal.proposed_at + 3 * DAY
    assert reads.standing(proposal, ana, NOW + DAY).since == since
    with pytest.raises(NotAllowed, match="when the time to wait is over"):
        approve(proposal, ana, now=since - dt.timedelta(seconds=1))
    approve(proposal, ana, now=since)
    assert law.in_force(since).number == 2


def test_a_draft_does_not_shorten_the_wait_for_its_own_approval(ana: User) -> None:
    first = in_force(lambda d: central(d).update(approval={"alone_after": {"elapsed": "P3D"}}))
    edition = drafts.begin_draft(base=first, title="At once", actor=ana, now=NOW)
    write(edition, Address(CENTRE, "approval"), {"alone_after": {"elapsed": "PT1S"}}, ana)
    proposal = propose(edition, ana)
    with pytest.raises(NotAllowed):
        approve(proposal, ana, now=NOW + DAY)


def test_a_founder_alone_never_approves_where_the_version_in_force_does_not_say_so(draft: Edition, ana: User) -> None:
    proposal = propose(draft, ana)
    with pytest.raises(NotAllowed, match="lets nobody approve their own change"):
        approve(proposal, ana, now=NOW + 300 * DAY)


def test_only_who_decides_decides(draft: Edition, ana: User, ben: User) -> None:
    proposal = propose(draft, ana)
    for role in ("supervisor", "agent", "auditor", "lead"):
        person = member(role, role)
        with pytest.raises(NotAllowed):
            approve(proposal, person)
        with pytest.raises(NotAllowed):
            proposals.reject(proposal_id=proposal.pk, actor=person, now=NOW + 2 * HOUR, reason="No.")


# ------------------------------------------------------------------------------------------- one digest, and no other


def test_an_approval_names_the_digest_that_was_read(draft: Edition, ana: User, ben: User) -> None:
    proposal = propose(draft, ana)
    with pytest.raises(Refused, match="for another text"):
        proposals.approve(proposal_id=proposal.pk, digest="0" * 64, actor=ben, now=NOW + 2 * HOUR)


def test_a_draft_that_was_changed_is_not_approved(draft: Edition, ana: User, ben: User) -> None:
    proposal = propose(draft, ana)
    write(draft, GUIDE, "# Start\n\nOtherwise.\n", ana)
    with pytest.raises(Refused, match="changed after it was proposed"):
        approve(proposal, ben)
    compile_edition(edition_id=draft.pk, now=NOW)
    with pytest.raises(Refused, match="changed after it was proposed"):
        approve(proposal, ben)


def test_rows_that_were_changed_behind_the_desk_are_not_approved(draft: Edition, ana: User, ben: User) -> None:
    proposal = propose(draft, ana)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE playbook_entry SET body = replace(body, '50', '5') WHERE edition_id = %s AND key = 'large'",
            [draft.pk],
        )
    with pytest.raises(Refused, match="changed after it was proposed"):
        approve(proposal, ben)
    assert PolicyVersion.objects.count() == 1


def test_a_document_that_was_changed_behind_the_desk_is_not_approved(draft: Edition, ana: User, ben: User) -> None:
    proposal = propose(draft, ana)
    document = Edition.objects.values_list("document", flat=True).get(pk=draft.pk)
    Edition.objects.filter(pk=draft.pk).update(document=document.replace('"Large"', '"Small"'))
    with pytest.raises(Refused, match="not the one that was compiled"):
        approve(proposal, ben)
    assert PolicyVersion.objects.count() == 1
    assert steps(proposal) == [("proposed", "ana")]


def test_the_engine_takes_no_approval_that_is_not_on_record(draft: Edition, ana: User, ben: User) -> None:
    proposal = propose(draft, ana)
    approve(proposal, ben)
    publication = Publication.objects.get(kind="proposal")
    forged = approval_of(publication)
    Publication.objects.filter(pk=publication.pk).update(approved_by="Nobody")
    document = contents.of_version(PolicyVersion.objects.get(number=2))
    version = install(document=document.policy, pages=document.texts, approval=forged, now=NOW + 2 * HOUR)
    assert version.number == 2, "the same approval again gives the version that it made"
    with pytest.raises(Refused, match="no record of the approval"):
        install(
            document=document.policy, pages=document.texts, now=NOW + 2 * HOUR,
            approval=forged.__class__(**{**vars_of(forged), "reference": "proposal-99"}),
        )  # fmt: skip


def vars_of(approval: Any) -> dict[str, Any]:
    return {name: getattr(approval, name) for name in approval.__dataclass_fields__}


# ------------------------------------------------------------------------------------------------- no, and never mind


def test_a_proposal_is_rejected_with_a_reason_and_not_by_its_author(draft: Edition, ana: User, ben: User) -> None:
    proposal = propose(draft, ana)
    later = NOW + 2 * HOUR
    with pytest.raises(Invalid):
        proposals.reject(proposal_id=proposal.pk, actor=ben, now=later, reason=" ")
    with pytest.raises(NotAllowed, match="withdraw it instead"):
        proposals.reject(proposal_id=proposal.pk, actor=ana, now=later, reason="No.")
    proposals.reject(proposal_id=proposal.pk, actor=ben, now=later, reason="Not now.")
    assert steps(proposal) == [("proposed", "ana"), ("rejected", "ben")]
    with pytest.raises(Refused, match="This proposal is rejected"):
        approve(proposal, ben)
    write(draft, LARGE, TO_L2_FROM_50 | {"name": "Other"}, ana)  # the draft may be written on


def test_a_proposal_is_withdrawn_by_an_author_alone(draft: Edition, ana: User, ben: User) -> None:
    proposal = propose(draft, ana)
    with pytest.raises(NotAllowed):
        proposals.withdraw(proposal_id=proposal.pk, actor=ben, now=NOW + 2 * HOUR, reason="No.")
    with pytest.raises(Invalid):
        proposals.withdraw(proposal_id=proposal.pk, actor=ana, now=NOW + 2 * HOUR, reason="")
    proposals.withdraw(proposal_id=proposal.pk, actor=ana, now=NOW + 2 * HOUR, reason="A mistake.")
    with pytest.raises(Refused, match="withdrawn"):
        approve(proposal, ben)


def test_steps_and_proposals_are_not_taken_away(draft: Edition, ana: User) -> None:
    proposal = propose(draft, ana)
    with pytest.raises(TypeError):
        proposal.delete()
    for act in (lambda: Step.objects.update(reason="Other."), lambda: Step.objects.all()._raw_delete("default")):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()


# -------------------------------------------------------------------------------------------------------- words alone


def test_words_wait_a_day_for_objections(first: PolicyVersion, ana: User, ben: User) -> None:
    proposal = propose(words_alone(first, ana), ana, effective_at=NOW + 2 * HOUR)
    assert proposal.lane == "words"
    proposal = approve(proposal, ben)
    over = NOW + 2 * HOUR + DAY
    assert (proposal.state, proposal.publish_at) == ("approved", over)
    assert proposals.publish_due(now=over - dt.timedelta(seconds=1)) == []
    assert proposals.publish_due(now=over) == [proposal]
    version = PolicyVersion.objects.get(number=2)
    assert (version.effective_at, version.approved_by) == (over, str(ben))
    assert version.policy_digest == first.policy_digest
    assert steps(proposal) == [("proposed", "ana"), ("approved", "ben"), ("published", "")]
    assert proposals.publish_due(now=over + DAY) == []


def test_an_objection_sends_words_the_way_of_rules(first: PolicyVersion, ana: User, ben: User) -> None:
    proposal = approve(propose(words_alone(first, ana), ana), ben)
    sue = member("sue", "supervisor")
    with pytest.raises(NotAllowed):
        proposals.object_to(proposal_id=proposal.pk, actor=member("ag", "agent"), now=NOW + 3 * HOUR, reason="No.")
    with pytest.raises(Invalid):
        proposals.object_to(proposal_id=proposal.pk, actor=sue, now=NOW + 3 * HOUR, reason="")
    proposal = proposals.object_to(proposal_id=proposal.pk, actor=sue, now=NOW + 3 * HOUR, reason="It promises more.")
    assert (proposal.state, proposal.lane, proposal.publish_at) == ("open", "rules", None)
    assert proposals.publish_due(now=NOW + 9 * DAY) == []
    approve(proposal, ben, now=NOW + 9 * DAY)
    assert law.in_force(NOW + 9 * DAY).number == 2


def test_words_that_cannot_be_published_any_more_wait_for_a_person(
    first: PolicyVersion, draft: Edition, ana: User, ben: User
) -> None:
    words = approve(propose(words_alone(first, ana), ana), ben)
    approve(propose(draft, ana), ben)
    assert proposals.publish_due(now=NOW + 9 * DAY) == []
    words.refresh_from_db()
    assert (words.state, words.publish_at) == ("open", None)
    last = words.steps.last()
    assert last is not None
    assert (last.kind, last.by) == ("returned", None)
    assert "version 2 came after it" in last.reason


# --------------------------------------------------------------------------------------------------------- at one time


@pytest.mark.postgres
def test_two_approvals_at_once_publish_one(postgres_database: Database) -> None:
    """Two drafts of one version, approved in the same moment: the second would undo the first."""
    said: list[str] = []

    def go(proposal: Proposal, ben: User, start: threading.Barrier) -> None:
        start.wait()
        try:
            approve(proposal, ben)
            said.append("published")
        except Refused as error:
            said.append("would undo" if "would undo" in str(error) else str(error))
        finally:
            connection.close()

    with postgres_database.here():
        ana, ben, first = member("ana"), member("ben"), in_force()
        both = []
        for name in ("One", "Two"):
            edition = drafts.begin_draft(base=first, title=name, actor=ana, now=NOW)
            write(edition, LARGE, TO_L2_FROM_50 | {"name": name}, ana)
            both.append(propose(edition, ana))
        start = threading.Barrier(2)
        threads = [threading.Thread(target=go, args=(proposal, ben, start)) for proposal in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(said) == ["published", "would undo"]
        assert PolicyVersion.objects.count() == 2
