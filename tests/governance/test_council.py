"""The council's pages: who enters, what they show, and that nothing typed is lost when a service refuses."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from escalations.models import PolicyVersion, User
from governance.models import Proposal
from governance.services import proposals
from playbook.models import Edition, Entry
from playbook.services import drafts
from tests.governance.publishing import NOW, in_force
from tests.governance.test_proposals import (
    GUIDE,
    HOUR,
    LARGE,
    TO_L2_FROM_50,
    approve,
    member,
    propose,
    steps,
    words_alone,
    write,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_three")]

INDEX = "/council/"


@pytest.fixture
def at_three() -> Any:
    with time_machine.travel(NOW + 2 * HOUR, tick=False):
        yield


@pytest.fixture
def first() -> PolicyVersion:
    return in_force()


@pytest.fixture
def ana() -> User:
    return member("ana")


@pytest.fixture
def ben() -> User:
    return member("ben")


@pytest.fixture
def draft(first: PolicyVersion, ana: User) -> Edition:
    edition = drafts.begin_draft(base=first, title="Lower", actor=ana, now=NOW)
    write(edition, LARGE, TO_L2_FROM_50, ana, "Smaller orders hurt too.")
    write(edition, GUIDE, "# Start\n\nSee [looking](page:protocol.look) first.\n", ana, "Plainer.")
    return edition


@pytest.fixture
def proposal(draft: Edition, ana: User) -> Proposal:
    return propose(draft, ana)


def as_(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def read(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, (address, answer.status_code)
    return " ".join(answer.content.decode().split())


def at(name: str, row: Any) -> str:
    return reverse(f"governance:{name}", args=[row.pk])


@pytest.mark.parametrize("role", ["agent", "lead", "specialist", "onboarding"])
def test_who_has_no_say_is_told_so(role: str, proposal: Proposal, ana: User) -> None:
    client = as_(member(role, role))
    for address in (INDEX, at("proposal", proposal), at("approve", proposal), at("object", proposal)):
        assert client.get(address).status_code == 403, address
        assert client.post(address, {"reason": "x"}).status_code in (403, 405), address


def test_nobody_signs_in_first(client: Client, proposal: Proposal) -> None:
    answer = client.get(at("proposal", proposal))
    assert answer.headers["Location"] == f"/accounts/login/?next=/council/proposals/{proposal.pk}/"


def test_a_supervisor_reads_and_does_not_decide(proposal: Proposal) -> None:
    client = as_(member("sue", "supervisor"))
    page = read(client, at("proposal", proposal))
    assert "Smaller orders hurt too." in page
    assert ">Approve<" not in page
    assert client.get(at("approve", proposal)).status_code == 403
    assert "Drafts are written at the desk" not in read(client, INDEX)


def test_a_desk_without_proposals_says_what_will_be_here(first: PolicyVersion, ana: User) -> None:
    page = read(as_(ana), INDEX)
    assert "Nothing waits for a decision." in page
    assert "There is no draft." in page
    assert "Nothing has been decided yet." in page


def test_the_page_of_a_proposal_tells_what_changes_why_and_whom(proposal: Proposal, ben: User) -> None:
    page = read(as_(ben), at("proposal", proposal))
    for words in (
        "Buyers wait.", "when value is at least 50", "Smaller orders hurt too.", "<ins>first</ins>",
        proposal.edition_digest, "1 of them alters what the desk decides or promises", "words only",
    ):  # fmt: skip
        assert words in page, words


def test_a_restricted_change_is_not_told(first: PolicyVersion, ana: User, ben: User) -> None:
    edition = drafts.begin_draft(base=first, title="Lower", actor=ana, now=NOW)
    write(edition, LARGE, TO_L2_FROM_50 | {"visibility": "legal", "name": "Ring of nine"}, ana, "The ring orders so.")
    for page in (
        read(as_(ben), at("propose", edition)),
        read(as_(ben), at("proposal", propose(edition, ana))),
    ):
        assert "A restricted rule was changed" in page
        for secret in ("Ring of nine", "The ring orders so.", "at least 50"):
            assert secret not in page, secret


def test_a_proposal_is_made_by_the_form_and_nothing_typed_is_lost(draft: Edition, ana: User) -> None:
    client, where = as_(ana), at("propose", draft)
    assert "Smaller orders hurt too." in read(client, where)
    past = client.post(where, {"reason": "Buyers wait.", "effective_at": "2026-11-01T09:00"})
    page = past.content.decode()
    assert "Choose a moment from now on" in page
    assert "Buyers wait." in page
    assert not Proposal.objects.exists()
    done = client.post(where, {"reason": "Buyers wait.", "effective_at": "2026-11-30T09:00"})
    made = Proposal.objects.get()
    assert done.headers["Location"] == at("proposal", made)
    assert (made.effective_zone, made.effective_at.isoformat()) == ("UTC", "2026-11-30T09:00:00+00:00")
    assert client.get(where).status_code == 404, "it is proposed already"


def test_a_moment_is_the_readers(draft: Edition, ana: User) -> None:
    ana.timezone = "Asia/Tokyo"
    ana.save()
    as_(ana).post(at("propose", draft), {"reason": "Buyers wait.", "effective_at": "2026-11-30T09:00"})
    made = Proposal.objects.get()
    assert (made.effective_zone, made.effective_at.isoformat()) == ("Asia/Tokyo", "2026-11-30T00:00:00+00:00")


def test_a_draft_with_errors_says_what_stops_it(draft: Edition, ana: User) -> None:
    write(draft, LARGE, TO_L2_FROM_50 | {"then": {"level": "L9"}}, ana)
    page = read(as_(ana), at("propose", draft))
    assert "This draft cannot be proposed yet" in page
    assert "L9" in page
    assert "<textarea" not in page


def test_another_person_approves_what_they_read(proposal: Proposal, ana: User, ben: User) -> None:
    client, where = as_(ben), at("approve", proposal)
    assert "That cannot be taken back" in read(client, where)
    stale = client.post(where, {"digest": "0" * 64})
    assert "That approval is for another text" in stale.content.decode()
    done = client.post(where, {"digest": proposal.edition_digest, "reason": "Yes."}, follow=True)
    assert "Approved and published. It is in force from" in done.content.decode()
    assert PolicyVersion.objects.count() == 2
    assert steps(proposal) == [("proposed", "ana"), ("approved", "ben"), ("published", "")]
    again = client.post(where, {"digest": proposal.edition_digest})
    assert "This proposal is published" in again.content.decode()


def test_an_author_sees_why_they_do_not_decide(proposal: Proposal, ana: User, ben: User) -> None:
    page = read(as_(ana), at("proposal", proposal))
    assert "You wrote some of this. Somebody who did not decides on it." in page
    assert ">Approve<" not in page
    assert ">Withdraw<" in page
    answer = as_(ana).post(at("approve", proposal), {"digest": proposal.edition_digest})
    assert "Somebody who did not decides on it" in answer.content.decode()
    assert PolicyVersion.objects.count() == 1


def test_a_draft_that_was_changed_since_cannot_be_approved_and_says_so(
    proposal: Proposal, draft: Edition, ana: User, ben: User
) -> None:
    write(draft, GUIDE, "# Start\n\nOtherwise.\n", ana)
    page = read(as_(ben), at("proposal", proposal))
    assert "The draft was changed after it was proposed." in page
    assert ">Approve<" not in page


def test_no_needs_a_reason_and_keeps_the_page(proposal: Proposal, ana: User, ben: User) -> None:
    for person, name in ((ben, "reject"), (ana, "withdraw")):
        answer = as_(person).post(at(name, proposal), {"reason": " "})
        assert "Write something here." in answer.content.decode()
    proposal.refresh_from_db()
    assert proposal.state == "open"
    done = as_(ben).post(at("reject", proposal), {"reason": "Not before Christmas."}, follow=True)
    page = done.content.decode()
    assert "Rejected." in page
    assert "Not before Christmas." in page
    assert f"Proposal {proposal.pk}" in read(as_(ana), INDEX)


def test_words_are_approved_and_objected_to(first: PolicyVersion, ana: User, ben: User) -> None:
    row = propose(words_alone(first, ana), ana)
    said = as_(ben).post(at("approve", row), {"digest": row.edition_digest}, follow=True).content.decode()
    assert "It is published on" in said
    sue = as_(member("sue", "supervisor"))
    assert ">Object<" in read(sue, at("proposal", row))
    said = sue.post(at("object", row), {"reason": "It promises more."}, follow=True).content.decode()
    assert "You objected." in said
    row.refresh_from_db()
    assert (row.state, row.lane) == ("open", "rules")


def test_what_waits_is_on_the_home_page_of_who_decides(proposal: Proposal, ana: User, ben: User) -> None:
    assert "Changes of the playbook to decide on" in read(as_(ben), "/admin/")
    assert at("proposal", proposal) in read(as_(ben), "/admin/")
    assert "Changes of the playbook to decide on" not in read(as_(ana), "/admin/"), "she proposed it herself"
    assert "/council/" in read(as_(member("sue", "supervisor")), "/admin/")


def test_decided_ones_come_in_pages(first: PolicyVersion, draft: Edition, ana: User, ben: User) -> None:
    for _ in range(27):
        row = propose(draft, ana)
        proposals.reject(proposal_id=row.pk, actor=ben, now=NOW + 2 * HOUR, reason="No.")
    page = read(as_(ben), INDEX)
    assert page.count("Proposal ") == 25
    older = page.partition("?before=")[2].partition("#")[0]
    assert read(as_(ben), INDEX, before=older).count("Proposal ") == 2
    for nonsense in ("x", "-1", "9" * 40, ""):
        read(as_(ben), INDEX, before=nonsense)


def test_pages_ask_no_more_for_more_changes(
    proposal: Proposal, first: PolicyVersion, ana: User, ben: User, django_assert_max_num_queries: Any
) -> None:
    client = as_(ben)
    read(client, at("proposal", proposal))  # what differs is worked out once
    with django_assert_max_num_queries(26):
        read(client, at("proposal", proposal))
    many = drafts.begin_draft(base=first, title="Many", actor=ana, now=NOW)
    for row in Entry.objects.filter(edition=many, section="pages"):
        write(many, row.address, row.says + "\nMore.\n", ana)
    write(many, LARGE, TO_L2_FROM_50 | {"name": "Big", "because": "So."}, ana)
    larger = propose(many, ana)
    read(client, at("proposal", larger))
    with django_assert_max_num_queries(26):
        read(client, at("proposal", larger))


def test_the_list_asks_no_more_for_more_proposals(
    first: PolicyVersion, ana: User, ben: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        edition = drafts.begin_draft(base=first, title=f"Draft {number}", actor=ana, now=NOW)
        write(edition, LARGE, TO_L2_FROM_50 | {"name": f"Large {number}"}, ana)
        if number % 2:
            propose(edition, ana)
    approve(Proposal.objects.order_by("pk")[0], ben)
    client = as_(ben)
    with django_assert_max_num_queries(14):
        page = read(client, INDEX)
    assert page.count("Draft ") >= 3
