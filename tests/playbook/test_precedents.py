"""Precedents: archived in words that name nobody, read by whom they may, suggested, overturned, outdated, taken out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, CaseText, Channel, Remedy, User
from escalations.services import closing, replies
from escalations.services.roles import follow, group_of
from playbook.models import Precedent
from playbook.selectors import precedents as reads
from playbook.services import precedents
from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk
from tests.playbook.shelf import at, said

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=2)
TEXTS = {
    "title": "A vase that was packed too loosely",
    "situation": "The buyer sent photos of the box and of the pieces. The label of the carrier was whole.",
    "decision": "A refund in full; the seller bears it.",
    "reasoning": "The photos show that nothing held the vase. The carrier is not at fault for that.",
    "outcome": "The seller accepted, and packs differently now.",
}


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(LATER, tick=False):
        yield


def resolved(desk: Desk, who: str = "mia", **changes: Any) -> Case:
    case = desk.held_by(who, **changes)
    root = next(iter(market_document()["central"]["categories"][case.category.key]["root_causes"]))
    return closing.resolve(case_id=case.pk, actor=desk.by(who), now=NOW, root_cause=root, message="We refund it.")


def archive(desk: Desk, case: Case, who: str = "mia", **changes: str) -> Precedent:
    return precedents.archive(case_id=case.pk, actor=desk.user(who), now=LATER, **(TEXTS | changes))


# ---------------------------------------------------------------------------------------------------------- archiving


def test_a_decision_is_archived_with_what_the_desk_knows_of_it(desk: Desk) -> None:
    case = desk.held_by("mia")
    Remedy.objects.create(
        case=case, kind="refund", amount=40, currency="EUR", reason="Broken", state="granted", actor_kind="user",
        actor_id="1", at=NOW,
    )  # fmt: skip
    closing.resolve(case_id=case.pk, actor=desk.by("mia"), now=NOW, root_cause="carrier", message="We refund it.")
    row = archive(desk, case)
    assert (row.category, row.region, row.root_cause, row.remedies) == ("order.damaged", "eu-de", "carrier", ["refund"])
    assert (row.policy_version, row.visibility, row.state) == (case.policy_version, "", "standing")
    assert (row.archived_by, row.archived_at) == (desk.user("mia"), LATER)


def test_only_who_works_on_the_case_archives_it_and_only_once_it_is_decided(desk: Desk) -> None:
    case = desk.held_by("mia")
    with pytest.raises(Refused, match="not decided"):
        archive(desk, case)
    case = closing.resolve(case_id=case.pk, actor=desk.by("mia"), now=NOW, root_cause="carrier", message="Done.")
    with pytest.raises(NotAllowed):
        archive(desk, case, "bob")
    User.objects.create_user("out")
    with pytest.raises(NotAllowed):
        archive(desk, case, "out")
    archive(desk, case)
    with pytest.raises(Refused, match="already"):
        archive(desk, case, "ana")
    with pytest.raises(IntegrityError), transaction.atomic():
        Precedent.objects.create(
            case=case, policy_version=case.policy_version, category="order.damaged", region="eu-de", level="L1",
            root_cause="carrier", language="en", archived_by=desk.user("mia"), archived_at=LATER, **TEXTS,
        )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        "Jane was right.", "Write to jane@example.org.", "It was {reference}.", "She is B-17 here.",
        "Ask Mia about it.",
        "The neighbour Karl Kessler saw it.", "Tracking 99417-22 ended there.", "She lives at Lindenallee 4.",
    ],
)  # fmt: skip
def test_nothing_by_which_somebody_of_the_case_could_be_found_is_archived(desk: Desk, words: str) -> None:
    case = desk.held_by("mia")
    replies.respond(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Karl Kessler of Lindenallee 4 saw it.")
    replies.note(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Tracking 99417-22 ended at the depot.")
    closing.resolve(case_id=case.pk, actor=desk.by("mia"), now=NOW, root_cause="carrier", message="Done.")
    for field in TEXTS:
        with pytest.raises(Invalid, match="Leave out") as refused:
            archive(desk, case, **{field: words.format(reference=case.reference)})
        assert refused.value.field == field
    assert not Precedent.objects.exists()


def test_empty_and_endless_texts_and_erased_cases_are_refused(desk: Desk) -> None:
    case = resolved(desk)
    for field in TEXTS:
        with pytest.raises(Invalid) as refused:
            archive(desk, case, **{field: " \n\0 "})
        assert refused.value.field == field
    with pytest.raises(Invalid, match="At most"):
        archive(desk, case, reasoning="word " * 1000)
    CaseText.objects.filter(case=case).update(erased_at=NOW)
    with pytest.raises(Refused, match="erased"):
        archive(desk, case)


# ------------------------------------------------------------------------------------------------------------ reading


def test_what_is_restricted_stays_with_those_who_see_what_is_restricted(desk: Desk) -> None:
    """Guarded by the channel of the case as it was, and as it is: whichever is stricter."""
    row = archive(desk, resolved(desk))
    assert reads.readable(desk.user("jon")).filter(pk=row.pk).exists()
    fraud, general = Channel.objects.get(key="fraud"), Channel.objects.get(key="general")
    Case.objects.filter(pk=row.case_id).update(channel=fraud)
    assert not reads.readable(desk.user("jon")).exists(), "its case went into a sensitive channel"
    assert reads.readable(desk.user("tia")).exists()
    Case.objects.filter(pk=row.case_id).update(channel=general)
    Precedent.objects.update(visibility="fraud")
    assert not reads.readable(desk.user("jon")).exists(), "its case was in one when it was archived"
    assert at(desk, "jon").get(row.get_absolute_url()).status_code == 404
    assert at(desk, "tia").get(row.get_absolute_url()).status_code == 200


def test_nobody_reads_the_precedent_of_their_own_case(desk: Desk) -> None:
    row = archive(desk, resolved(desk))
    row.case.party.staff_user = desk.user("jon")
    row.case.party.save()
    assert not reads.readable(desk.user("jon")).exists()
    assert reads.readable(desk.user("mia")).exists()


def test_a_newcomer_reads_it_without_learning_of_the_case(desk: Desk) -> None:
    noa = User.objects.create_user("noa")
    noa.groups.add(group_of("onboarding"))
    follow(noa)
    row = archive(desk, resolved(desk))
    shown = said(at(desk, "noa"), row.get_absolute_url())
    assert TEXTS["reasoning"] in shown
    assert row.case.reference not in shown
    assert row.case.reference in said(at(desk, "mia"), row.get_absolute_url())
    listed = said(at(desk, "noa"), reverse("playbook:precedents"), {"q": "vase packed"})
    assert TEXTS["title"] in listed
    assert TEXTS["title"] not in said(at(desk, "noa"), reverse("playbook:precedents"), {"q": "vase unheard"})
    assert TEXTS["title"] not in said(at(desk, "noa"), reverse("playbook:precedents"), {"category": "seller.appeal"})


def test_a_list_asks_no_query_a_row(desk: Desk, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(3):
        archive(desk, resolved(desk), title=f"Question {'abc'[number]}")
    tia = desk.user("tia")
    reads.listed(tia, reads.Filters(), LATER)
    for more in (0, 3):
        for number in range(more):
            archive(desk, resolved(desk), title=f"More {'abc'[number]}")
        with django_assert_num_queries(2):  # the list, and the version in force
            assert len(reads.listed(tia, reads.Filters(), LATER)) == 3 + more


# --------------------------------------------------------------------------------------------------- beside a case


def test_it_is_suggested_on_similar_cases_and_never_on_its_own(desk: Desk) -> None:
    row = archive(desk, resolved(desk))
    other = desk.held_by("jon", summary="A vase came in pieces")
    far = desk.held_by("pia", category="payment.dispute", symptom="charged-twice") if _has("payment.dispute") else None
    assert [line.precedent for line in reads.beside(other, desk.user("jon"), LATER)] == [row]
    assert reads.beside(row.case, desk.user("mia"), LATER) == []
    assert reads.beside(other, desk.user("bob"), LATER) == [], "who does not see the case learns nothing by it"
    if far is not None:
        assert reads.beside(far, desk.user("pia"), LATER) == []
    shown = said(at(desk, "jon"), reverse("admin:escalations_case_change", args=[other.pk]))
    assert TEXTS["title"] in shown
    own = said(at(desk, "mia"), reverse("admin:escalations_case_change", args=[row.case_id]))
    assert "The archived decision of this case" in own


def _has(category: str) -> bool:
    return category in market_document()["central"]["categories"]


def test_the_page_of_a_resolved_case_leads_to_archiving(desk: Desk) -> None:
    case = resolved(desk)
    mia = at(desk, "mia")
    where = reverse("playbook:precedent_archive", args=[case.pk])
    assert where in said(mia, reverse("admin:escalations_case_change", args=[case.pk]))
    refused = said(mia, where, TEXTS | {"outcome": "Jane was glad."}, post=True)
    assert "Leave out “Jane”" in refused
    assert TEXTS["reasoning"] in refused, "what was typed is kept"
    assert "Archived." in said(mia, where, TEXTS, post=True)
    assert TEXTS["reasoning"] in said(mia, where), "archived already: the page leads to it"
    assert at(desk, "bob").get(where).status_code == 404
    still_open = reverse("playbook:precedent_archive", args=[desk.held_by("mia").pk])
    assert "once the case is resolved" in said(mia, still_open)


# ------------------------------------------------------------------------------------------------ what becomes of it


def test_one_is_overturned_by_a_later_one_and_stays_to_be_read(desk: Desk) -> None:
    old, new = archive(desk, resolved(desk)), archive(desk, resolved(desk), title="The carrier bears it")
    with pytest.raises(NotAllowed):
        precedents.overturn(precedent_id=old.pk, reason="Anew.", actor=desk.user("mia"), now=LATER)
    with pytest.raises(Invalid, match="Say why"):
        precedents.overturn(precedent_id=old.pk, reason=" ", actor=desk.user("ana"), now=LATER)
    with pytest.raises(Invalid, match="stands"):
        precedents.overturn(precedent_id=old.pk, reason="Anew.", by_id=old.pk, actor=desk.user("ana"), now=LATER)
    with pytest.raises(Invalid, match="Leave out"):
        precedents.overturn(precedent_id=old.pk, reason="Jane asked.", actor=desk.user("ana"), now=LATER)
    ana = at(desk, "ana")
    where = reverse("playbook:precedent_overturn", args=[old.pk])
    assert TEXTS["title"] in said(ana, where)
    shown = said(ana, where, {"reason": "Carriers pay for glass now.", "by": new.pk}, post=True)
    assert "Carriers pay for glass now." in shown
    assert "The carrier bears it" in shown
    assert TEXTS["title"] in said(ana, new.get_absolute_url()), "it says what it overturns"
    with pytest.raises(Refused, match="already"):
        precedents.overturn(precedent_id=old.pk, reason="Anew.", actor=desk.user("ana"), now=LATER)
    other = desk.held_by("jon")
    assert [line.precedent for line in reads.beside(other, desk.user("jon"), LATER)] == [new, old]


def test_one_that_tells_too_much_is_taken_out_for_good_and_may_be_told_anew(desk: Desk) -> None:
    row = archive(desk, resolved(desk))
    shown = said(at(desk, "ana"), reverse("playbook:precedent_take_out", args=[row.pk]), {"reason": "Told too much."},
                 post=True)  # fmt: skip
    assert "Taken out" in shown
    row.refresh_from_db()
    assert (row.state, row.ended_by, row.ended_because) == ("taken_out", desk.user("ana"), "Told too much.")
    assert not any(getattr(row, name) for name in TEXTS)
    assert not reads.readable(desk.user("ana")).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        Precedent.objects.update(title="Again")
    archive(desk, row.case)


def test_later_versions_that_decide_otherwise_make_it_outdated_and_say_how(desk: Desk) -> None:
    row = archive(desk, resolved(desk))
    mia = desk.user("mia")
    assert not reads.listed(mia, reads.Filters(), LATER)[0].outdated

    faster = market_document()
    faster["central"]["categories"]["order.damaged"]["targets"] = {"resolution": {"business": "PT3H"}}
    desk.install(faster, now=NOW + dt.timedelta(minutes=1))
    assert not reads.listed(desk.user("mia"), reads.Filters(), LATER)[0].outdated, "times do not decide a case"

    other = market_document()
    other["central"]["categories"]["order.damaged"]["evidence"] = [{"key": "label", "name": "The carrier's label"}]
    desk.install(other, now=NOW + dt.timedelta(minutes=2))
    assert reads.listed(desk.user("mia"), reads.Filters(), LATER)[0].outdated
    page = reads.page(desk.user("mia"), row.pk, LATER)
    assert page is not None
    assert any("The carrier's label" in change.sentence for change in page.moved)
    shown = said(at(desk, "mia"), row.get_absolute_url())
    assert "rules changed since" in shown
    assert "reads otherwise now" in shown


def test_a_reopened_case_says_so_on_its_precedent(desk: Desk) -> None:
    row = archive(desk, resolved(desk))
    closing.reopen(case_id=row.case_id, actor=desk.by("mia"), now=LATER, reason="Another box came.")
    assert "Its case was reopened" in said(at(desk, "jon"), row.get_absolute_url())
