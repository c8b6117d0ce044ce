"""Risk findings: for those alone who may see them, encrypted, and nowhere but on the case's page."""

from __future__ import annotations

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, Channel, Event, EventPayload, Handoff, Indicator, Message, Outbox, Party, Team
from escalations.selectors.brief import brief_of
from escalations.services import channels, delivery, handoffs
from escalations.services.privacy import findings
from tests.factories.desk import NOW, Desk, broken, desk

__all__ = ["desk"]

WORDS = {"source": "Lattice graph", "body": "The same device as S-4711 and two others"}
SECRET = ("Lattice", "S-4711", "same device")


@pytest.fixture
def case(desk: Desk) -> Case:
    person = {"kind": "seller", "name": "Jane Roe", "external_id": "S-17"}
    case = desk.held_by("tia", party=person, category="seller.appeal", symptom="suspended")
    Case.objects.filter(pk=case.pk).update(channel=Channel.objects.get(key="fraud"))
    return Case.objects.get(pk=case.pk)


def add(desk: Desk, case: Case, by: str = "tia", **changes: object) -> Indicator:
    given = {"kind": "device_match", "confidence": 3, **WORDS} | changes
    return findings.add_indicator(case_id=case.pk, actor=desk.user(by), now=NOW, **given)  # type: ignore[arg-type]


def client_of(desk: Desk, name: str) -> Client:
    client = Client()
    client.force_login(desk.user(name))
    return client


def pages(desk: Desk, name: str, case: Case) -> str:
    client, url = client_of(desk, name), reverse("admin:escalations_case_change", args=[case.pk])
    tabs = ("brief", "timeline", "messages", "evidence", "moves", "remedies", "why", "findings", "record")
    return " ".join(client.get(url, {"tab": tab}).content.decode() for tab in tabs)


def test_an_event_names_type_and_number_alone(desk: Desk, case: Case) -> None:
    version = case.version
    row = add(desk, case)
    findings.settle_indicator(
        indicator_id=row.pk, actor=desk.user("max"), now=NOW, confirm=True, reason="Lattice again"
    )
    added, settled = Event.objects.filter(case=case, kind__startswith="indicator.").order_by("seq")
    assert added.data == {"indicator": row.pk, "type": "device_match"}
    assert settled.data == {"indicator": row.pk, "type": "device_match", "state": "confirmed"}
    assert not EventPayload.objects.filter(event__in=[added, settled]).exists()
    case.refresh_from_db()
    assert case.version == version, "nobody's open form tells of it"
    assert broken(case) is None


def test_the_database_sees_it_encrypted(desk: Desk, case: Case) -> None:
    row = add(desk, case)
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, body FROM escalations_indicator WHERE id = %s", [row.pk])
        stored = " ".join(cursor.fetchone() or ())
    assert stored.startswith("field-2:")
    assert not any(word in stored for word in SECRET)


def test_a_specialist_adds_and_settles_on_the_page(desk: Desk, case: Case) -> None:
    with time_machine.travel(NOW, tick=False):
        client, url = client_of(desk, "tia"), reverse("admin:escalations_case_findings", args=[case.pk])
        unsaid = client.post(url, {"kind": "device_match", "confidence": "3", "source": "Lattice", "body": ""})
        assert "Write something here" in unsaid.content.decode()
        assert 'value="Lattice"' in unsaid.content.decode(), "nothing typed is lost"
        client.post(url, {"kind": "device_match", "confidence": "3", **WORDS})
        row = Indicator.objects.get()
        shown = pages(desk, "tia", case)
        assert WORDS["body"] in shown
        assert "Finding added: same device as another account" in shown
        refused = client.post(url, {"settle": str(row.pk), "answer": "dismiss", "reason": ""})
        assert "Say why it does not hold" in refused.content.decode()
        client.post(url, {"settle": str(row.pk), "answer": "dismiss", "reason": "One household"})
    row.refresh_from_db()
    assert (row.state, row.settled_because, row.body) == ("dismissed", "One household", WORDS["body"])


def test_who_works_the_channel_without_sight_of_findings_meets_nothing_of_them(desk: Desk, case: Case) -> None:
    row = add(desk, case)
    for part in ("workers", "owners"):
        desk.user("mia").groups.add(channels.ensure_groups(case.channel)[part])
    with time_machine.travel(NOW, tick=False):
        said = pages(desk, "mia", case)
        assert case.reference in said
        for word in (*SECRET, "Findings", "Finding added", "indicator.", "device_match"):
            assert word not in said, word
        url = reverse("admin:escalations_case_findings", args=[case.pk])
        assert client_of(desk, "mia").get(url).status_code == 404
        assert client_of(desk, "mia").post(url, {"settle": str(row.pk), "answer": "confirm"}).status_code == 404
    with pytest.raises(NotAllowed):
        add(desk, case, by="mia")
    with pytest.raises(NotAllowed):
        findings.settle_indicator(indicator_id=row.pk, actor=desk.user("mia"), now=NOW, confirm=True)
    assert not Indicator.objects.visible_to(desk.user("mia")).exists()


def test_nobody_sees_findings_about_themselves(desk: Desk, case: Case) -> None:
    add(desk, case)
    Party.objects.filter(pk=case.party_id).update(staff_user=desk.user("tia"))
    assert not Indicator.objects.visible_to(desk.user("tia")).exists()
    assert Indicator.objects.visible_to(desk.user("max")).exists()


def test_they_do_not_travel(desk: Desk, case: Case) -> None:
    """Neither brief nor handoff, message, notice or mail says a word of them."""
    row = add(desk, case)
    findings.settle_indicator(indicator_id=row.pk, actor=desk.user("tia"), now=NOW, confirm=True, reason="Lattice")
    handoffs.hand_off(
        case_id=case.pk,
        actor=desk.by("max"),
        now=NOW,
        note="Please look",
        to_team_id=Team.objects.get(key="payments").pk,
    )
    delivery.expand(now=NOW)
    delivery.deliver(now=NOW)
    said = str(brief_of(case, now=NOW)) + str(list(Handoff.objects.values())) + str(list(Message.objects.values()))
    said += str(list(Outbox.objects.values())) + " ".join(str(sent.message()) for sent in mail.outbox)
    assert not any(word in said for word in (*SECRET, "device_match", "indicator"))


def test_what_is_settled_stays(desk: Desk, case: Case) -> None:
    row = add(desk, case)
    findings.settle_indicator(indicator_id=row.pk, actor=desk.user("max"), now=NOW, confirm=True)
    with pytest.raises(Refused, match="confirmed already"):
        findings.settle_indicator(indicator_id=row.pk, actor=desk.user("max"), now=NOW, confirm=False, reason="x")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "gossip"}, "kind"),
        ({"confidence": 9}, "confidence"),
        ({"body": " "}, "body"),
        ({"source": ""}, "source"),
    ],
)
def test_what_is_wrong_is_said(desk: Desk, case: Case, changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        add(desk, case, **changes)
    assert caught.value.field == field
