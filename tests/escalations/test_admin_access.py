"""The pages about access: breaking the glass tells nothing by its answer, owners find what waits for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from escalations.models import Case, CaseGrant, CaseLink, Channel, ChannelMove, User
from escalations.services import channels, compartments, grants
from tests.factories.desk import NOW, Desk

GLASS = "/admin/escalations/casegrant/break-glass/"
HOME = "/admin/"
CASES = "/admin/escalations/case/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def fraud(desk: Desk) -> Case:
    """A case in the channel `fraud`, which Max owns and Tia is a specialist of."""
    desk.user("max").groups.add(channels.ensure_groups(Channel.objects.get(key="fraud"))["owners"])
    case = desk.open(assign=False, summary="A ring of sellers")
    return compartments.restrict(
        case_id=case.pk, actor=desk.by("tia"), now=NOW, channel_id=Channel.objects.get(key="fraud").pk, reason="x"
    )


def as_(desk: Desk, name: str) -> Client:
    client = Client()
    client.force_login(desk.user(name))
    return client


def body(answer: Any) -> str:
    """What a page says, without what differs each time: tokens, and the reference that was typed."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"|"X-CSRFToken": "[^"]*"', "", answer.content.decode())
    return re.sub(r"TL-2026-\d+|nonce=\S+", "", text)


def test_no_such_case_is_one_page_whether_or_not_there_is_one(desk: Desk, fraud: Case) -> None:
    client = as_(desk, "pia")
    there = client.get(f"{CASES}{fraud.pk}/change/")
    missing = client.get(f"{CASES}987654/change/")
    assert (there.status_code, missing.status_code) == (404, 404)
    assert body(there).replace(f"/{fraud.pk}/", "//") == body(missing).replace("/987654/", "//")
    assert GLASS in there.content.decode()


def test_the_form_answers_alike_for_ones_own_case_and_for_none(desk: Desk, fraud: Case) -> None:
    fraud.party.staff_user = desk.user("pia")
    fraud.party.save()
    client = as_(desk, "pia")
    answers = [
        client.post(GLASS, {"reference": reference, "reason": "Now."})
        for reference in (fraud.reference, "TL-2026-999999")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert body(answers[0]) == body(answers[1])
    assert not CaseGrant.objects.exists()


def test_breaking_it_leads_to_the_case_and_getting_the_form_breaks_nothing(desk: Desk, fraud: Case) -> None:
    client = as_(desk, "pia")
    assert client.get(GLASS, {"reference": fraud.reference, "reason": "x"}).status_code == 200
    assert not CaseGrant.objects.exists()
    assert client.post(GLASS, {"reference": fraud.reference, "reason": " "}).status_code == 200
    answer = client.post(
        GLASS, {"reference": fraud.reference.lower(), "reason": "The buyer is in danger."}, follow=True
    )
    assert answer.redirect_chain[-1][0] == f"{CASES}{fraud.pk}/change/"
    said = answer.content.decode()
    assert "A ring of sellers" in said
    assert "You broke the glass" in said
    assert CaseGrant.objects.get().works is False


def test_an_account_without_a_team_finds_no_form(desk: Desk, fraud: Case) -> None:
    User.objects.create_user("reader", "reader@desk.example", "x" * 20, is_staff=True)
    client = as_(desk, "reader")
    assert "Not for this account" in client.get(GLASS).content.decode()
    client.post(GLASS, {"reference": fraud.reference, "reason": "x"})
    assert not CaseGrant.objects.exists()


def test_owners_find_on_their_home_what_nobody_has_reviewed_until_it_is(desk: Desk, fraud: Case) -> None:
    row = grants.break_glass(reference=fraud.reference, actor=desk.by("pia"), now=NOW, reason="It burns.")
    assert "It burns." in as_(desk, "max").get(HOME).content.decode()
    for name in ("tia", "mia", "pia"):
        assert "It burns." not in as_(desk, name).get(HOME).content.decode()
    page, review = (reverse(f"admin:escalations_casegrant_{name}", args=[row.pk]) for name in ("change", "review"))
    assert "Was it justified?" not in as_(desk, "tia").get(page).content.decode()
    assert as_(desk, "mia").get(page, follow=True).redirect_chain
    assert as_(desk, "mia").post(review, {"answer": "justified", "words": "x"}).status_code == 302
    owner = as_(desk, "max")
    assert "Was it justified?" in owner.get(page).content.decode()
    assert owner.get(review).status_code == 405
    owner.post(review, {"answer": "justified", "words": ""})
    row.refresh_from_db()
    assert row.review == "waiting"
    owner.post(review, {"answer": "unjustified", "words": "A call would have done."})
    row.refresh_from_db()
    assert row.review == "unjustified"
    assert "It burns." not in owner.get(HOME).content.decode()
    assert "A call would have done." in as_(desk, "pia").get(page).content.decode()


def test_an_expert_finds_the_case_on_their_home_and_it_goes_with_the_grant(
    desk: Desk, fraud: Case, clock: time_machine.Traveller
) -> None:
    tia = as_(desk, "tia")
    pia = desk.user("pia")
    address = reverse("admin:escalations_case_act", args=[fraud.pk, "call-in"])
    assert tia.get(address).status_code == 200
    about = {"version": fraud.version, "person_id": pia.pk, "reason": "Knows the bank.", "expires_at": ""}
    assert tia.post(address, about).status_code == 302
    assert CaseGrant.objects.get().user == pia
    assert "A ring of sellers" in as_(desk, "pia").get(HOME).content.decode()
    assert fraud.reference in as_(desk, "pia").get(CASES).content.decode()
    assert "Open to you until" in as_(desk, "pia").get(f"{CASES}{fraud.pk}/change/").content.decode()
    clock.move_to(NOW + grants.DEFAULT)
    assert "A ring of sellers" not in as_(desk, "pia").get(HOME).content.decode()
    assert as_(desk, "pia").get(f"{CASES}{fraud.pk}/change/").status_code == 404


def test_whoever_only_works_the_channel_is_offered_no_acts_on_access(desk: Desk, fraud: Case) -> None:
    plain = desk.held_by("mia")
    offers = as_(desk, "mia").get(f"{CASES}{plain.pk}/change/").context["offers"]
    names = {item.act.name for item in (*offers.bar, *offers.menu) if item.possible}
    assert "restrict" in names
    assert not names & {"call-in", "end-grant", "decide-release", "ask-release"}
    offers = as_(desk, "max").get(f"{CASES}{fraud.pk}/change/").context["offers"]
    assert {"call-in", "ask-release"} <= {item.act.name for item in offers.menu if item.possible}


def test_moving_it_out_is_asked_on_one_page_and_decided_on_anothers(desk: Desk, fraud: Case) -> None:
    def do(name: str, act: str, **data: Any) -> Any:
        version = Case.objects.get(pk=fraud.pk).version
        return as_(desk, name).post(
            reverse("admin:escalations_case_act", args=[fraud.pk, act]), {"version": version, **data}
        )

    general = Channel.objects.get(key="general")
    assert do("tia", "ask-release", channel_id=general.pk, reason="No ring.").status_code == 302
    assert "No ring." in as_(desk, "max").get(HOME).content.decode()
    assert "No ring." not in as_(desk, "tia").get(HOME).content.decode()
    assert "Somebody else decides" in do("tia", "decide-release", answer="move").content.decode()
    assert do("max", "decide-release", answer="move").status_code == 302
    assert ChannelMove.objects.get().state == "moved"
    assert "A ring of sellers" in as_(desk, "mia").get(f"{CASES}{fraud.pk}/change/").content.decode()


def test_whoever_moves_a_case_out_of_their_own_sight_is_sent_home(desk: Desk) -> None:
    case = desk.held_by("mia")
    address = reverse("admin:escalations_case_act", args=[case.pk, "restrict"])
    about = {"version": case.version, "channel_id": Channel.objects.get(key="fraud").pk, "reason": "A ring."}
    answer = as_(desk, "mia").post(address, about, follow=True)
    assert answer.redirect_chain[-1][0] == HOME
    assert "only that channel sees it" in answer.content.decode()


# ---------------------------------------------------------------------------------------------------------- field cases


def test_l1_list_and_detail_have_one_definition_of_access(desk: Desk, fraud: Case) -> None:
    """django-helpdesk: the list hid what the page showed. Here both say the same for everybody, grants among them."""
    plain = desk.open(assign=False)
    grants.call_in(case_id=fraud.pk, actor=desk.by("max"), now=NOW, person_id=desk.user("bob").pk, reason="x")
    grants.break_glass(reference=fraud.reference, actor=desk.by("jon"), now=NOW, reason="x")
    for name in ("mia", "jon", "pia", "bob", "tia", "max"):
        client = as_(desk, name)
        listed = client.get(CASES, {"status": "any"}).content.decode()
        for case in (fraud, plain):
            shown = client.get(f"{CASES}{case.pk}/change/").status_code == 200
            assert shown == (case.reference in listed), (name, case.channel.key)
            assert shown == Case.objects.visible_to(desk.user(name)).filter(pk=case.pk).exists()


def test_l2_panels_beside_a_case_do_not_show_hidden_ones(desk: Desk, fraud: Case) -> None:
    """Zammad and osTicket: related cases by their subject, whoever looks."""
    plain = desk.open(assign=False, summary="The vase")  # of the same party
    CaseLink.objects.create(case=plain, other=fraud, kind="related", actor_kind="user", actor_id="1", at=NOW)
    address = f"{CASES}{plain.pk}/change/"
    seen = as_(desk, "mia").get(address).content.decode()
    assert "A ring of sellers" not in seen
    assert fraud.reference not in seen
    grants.call_in(case_id=fraud.pk, actor=desk.by("max"), now=NOW, person_id=desk.user("mia").pk, reason="x")
    assert "A ring of sellers" in as_(desk, "mia").get(address).content.decode()


def test_l5_the_admin_leaks_nothing_through_its_side_doors(desk: Desk, fraud: Case) -> None:
    """Django's admin: autocomplete, links, delete confirmation, history, filters. The needle walk asks all of them."""
    row = grants.call_in(case_id=fraud.pk, actor=desk.by("max"), now=NOW, person_id=desk.user("bob").pk, reason="Ndl")
    client = as_(desk, "mia")
    addresses = [
        f"{CASES}{fraud.pk}/{page}/" for page in ("history", "delete", "change")
    ] + [
        f"{CASES}?q={fraud.reference}", f"{CASES}?channel={fraud.channel_id}&status=any", "/admin/search/?s=ring",
        "/admin/escalations/casegrant/", f"/admin/escalations/casegrant/{row.pk}/change/",
        f"/admin/escalations/casegrant/{row.pk}/history/", "/admin/escalations/delivery/?state=trying",
    ]  # fmt: skip
    for address in addresses:
        answer = client.get(address, follow=True)
        said = answer.content.decode().replace(f"?q={fraud.reference}", "").replace(f'value="{fraud.reference}"', "")
        for word in ("A ring of sellers", "Ndl"):
            assert word not in said, address
