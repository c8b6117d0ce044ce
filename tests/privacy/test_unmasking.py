"""A party's data is masked on every page; showing it is an act with a reason on record, for a few minutes."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from escalations.errors import Invalid, NotAllowed
from escalations.models import AccessEntry, Case, Event, Party
from escalations.selectors import casepage, unmasked
from escalations.services import channels, replies
from escalations.services.privacy import unmasking
from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk, broken, desk

__all__ = ["desk"]

PHONE = "+49 30 555 123 45"
LATER = dt.timedelta(seconds=unmasked.SHOWN_S)


@pytest.fixture
def case(desk: Desk) -> Case:
    """A case of the restricted channel, held by Tia, its specialist."""
    person = {"kind": "seller", "name": "Jane Roe", "email": "jane@example.org", "phone": PHONE, "external_id": "B-17"}
    case = desk.held_by("tia", party=person, category="seller.appeal", symptom="suspended")
    Case.objects.filter(pk=case.pk).update(channel=channels.Channel.objects.get(key="fraud"))
    return Case.objects.get(pk=case.pk)


def page(desk: Desk, name: str, case: Case, at: dt.datetime = NOW) -> str:
    client = Client()
    with time_machine.travel(at, tick=False):
        client.force_login(desk.user(name))
        return client.get(reverse("admin:escalations_case_change", args=[case.pk])).content.decode()


def test_everything_that_names_a_person_is_masked(desk: Desk, case: Case) -> None:
    shown = page(desk, "tia", case)
    for mask in ("J. R.", "j***@example.org", "+49 *** 45"):
        assert mask in shown
    for whole in ("Jane Roe", "jane@example.org", "555 123"):
        assert whole not in shown


def test_a_look_is_on_record_and_ends_by_itself(desk: Desk, case: Case) -> None:
    version = case.version
    client = Client()
    with time_machine.travel(NOW, tick=False):
        client.force_login(desk.user("tia"))
        client.post(reverse("admin:escalations_case_unmask", args=[case.pk]), {"reason": "She asked to be called back"})
    for whole in ("Jane Roe", "jane@example.org", PHONE):
        assert whole in page(desk, "tia", case, NOW + LATER - dt.timedelta(seconds=1))
        assert whole not in page(desk, "tia", case, NOW + LATER)
        assert whole not in page(desk, "max", case), "shown to the one who asked alone"
    event = Event.objects.get(case=case, kind="party.unmasked")
    assert (event.actor_id, event.data) == (str(desk.user("tia").pk), {"fields": ["name", "email", "phone"]})
    assert event.payload.body == {"reason": "She asked to be called back"}
    noted = AccessEntry.objects.get(kind="unmask")
    assert (noted.chain, noted.data["cases"]) == (desk.user("tia").pk, [case.pk])
    case.refresh_from_db()
    assert case.version == version, "a look makes nobody's open form stale"
    assert broken(case) is None


def test_leads_and_owners_see_who_looked_and_why(desk: Desk, case: Case) -> None:
    unmasking.unmask(case_id=case.pk, actor=desk.user("tia"), now=NOW, reason="To call her back")
    assert "To call her back" in page(desk, "max", case)
    assert "To call her back" not in page(desk, "tia", case)


@pytest.mark.parametrize("name", ["pia", "mia", "bob"])
def test_who_may_not_see_it_may_not_unmask_it(desk: Desk, case: Case, name: str) -> None:
    with pytest.raises(NotAllowed):
        unmasking.unmask(case_id=case.pk, actor=desk.user(name), now=NOW, reason="x")
    assert not Event.objects.filter(case=case, kind="party.unmasked").exists()


def test_who_reads_the_channel_without_personal_data_may_not(desk: Desk, case: Case) -> None:
    desk.user("pia").groups.add(channels.ensure_groups(case.channel)["workers"])
    assert "J. R." not in page(desk, "pia", case)
    with pytest.raises(NotAllowed):
        unmasking.unmask(case_id=case.pk, actor=desk.user("pia"), now=NOW, reason="x")


def test_nobody_unmasks_their_own_case(desk: Desk, case: Case) -> None:
    Party.objects.filter(pk=case.party_id).update(staff_user=desk.user("tia"))
    with pytest.raises(NotAllowed):
        unmasking.unmask(case_id=case.pk, actor=desk.user("tia"), now=NOW, reason="x")


def test_a_reason_is_needed_unless_the_law_in_force_asks_for_none(desk: Desk, case: Case) -> None:
    with pytest.raises(Invalid, match="what you need it for"):
        unmasking.unmask(case_id=case.pk, actor=desk.user("tia"), now=NOW, reason="  ")
    document = market_document()
    document["central"]["privacy"] = {"reason_to_unmask": False}
    desk.install(document, now=NOW)
    unmasking.unmask(case_id=case.pk, actor=desk.user("tia"), now=NOW, reason="", fields=["phone"])
    top = casepage.top(casepage.find(desk.user("tia"), case.pk) or case, desk.user("tia"), NOW)
    assert (top.party.phone, top.party.email) == (PHONE, "j***@example.org")


def test_the_export_holds_what_is_theirs_and_names_what_is_withheld(desk: Desk, tmp_path: Path) -> None:
    case = desk.held_by("mia", summary="The vase; Mia's fault", facts={"previous_appeals": 1}, signals={"ring": True})
    replies.respond(
        case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Ask bea@home.example, or jane@example.org. Mia"
    )
    replies.note(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Called +49 30 777 888 99; Jon agrees")
    target = tmp_path / "jane.json"
    with time_machine.travel(NOW, tick=False):
        call_command("export_party", case.reference, to=str(target), by="ana", stdout=StringIO())
    text = target.read_text()
    data = json.loads(text)
    assert data["person"]["email"] == "jane@example.org"
    (one,) = data["cases"]
    assert one["messages"][0]["text"] == "Ask [an address], or jane@example.org. [a colleague]"
    assert one["summary"] == "The vase; [a colleague]'s fault"
    assert one["among_colleagues"][0]["text"] == "Called [a number]; [a colleague] agrees"
    assert [fact["fact"] for fact in one["facts"]] == ["previous appeals"]
    assert "known ring" not in text
    assert any("risk and fraud" in line for line in data["withheld"])
    assert target.stat().st_mode & 0o077 == 0
    assert Event.objects.filter(case=case, kind="party.exported", actor_id=str(desk.user("ana").pk)).exists()
    assert broken(case) is None


def test_an_export_of_a_restricted_case_holds_no_notes_of_colleagues(desk: Desk, case: Case, tmp_path: Path) -> None:
    replies.note(case_id=case.pk, actor=desk.by("tia"), now=NOW, body="The same device as three others")
    with time_machine.travel(NOW, tick=False):
        call_command("export_party", case.reference, to=str(tmp_path / "x.json"), stdout=StringIO())
    assert "same device" not in (tmp_path / "x.json").read_text()
