"""Forms of people and channels for those who may; the law to be read; no door left open beside the services."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django.urls import reverse
from unfold.admin import ModelAdmin as UnfoldAdmin

from escalations.models import (
    Absence,
    Case,
    Category,
    Channel,
    ChannelRequest,
    Cover,
    Level,
    Membership,
    OnCallShift,
    PolicyVersion,
    Region,
    Role,
    Specialism,
    Team,
    User,
)
from escalations.models.reach import Reach
from tests.factories.desk import NOW, Desk

LAW = [Level, Specialism, Role, Channel, Region, Team, Category, PolicyVersion]


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def url(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def span(name: str, at: dt.datetime) -> dict[str, str]:
    return {f"{name}_0": at.strftime("%Y-%m-%d"), f"{name}_1": at.strftime("%H:%M:%S")}


@pytest.fixture
def root(desk: Desk) -> User:
    return User.objects.create_superuser("root", "root@desk.example", "x" * 20)


def membership(desk: Desk, **changes: Any) -> dict[str, Any]:
    level = Level.objects.get(key="L1")
    given = {"team": Team.objects.get(key="orders").pk, "level": level.pk, "capacity": 8, "languages": "en, de"}
    return given | changes


def test_a_lead_puts_a_person_into_their_team(desk: Desk, client: Client) -> None:
    client.force_login(desk.user("ana"))
    pia = desk.user("pia")
    answer = client.post(url(Membership, "add"), membership(desk, person=pia.pk))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row = Membership.objects.get(person=pia, team__key="orders")
    assert (row.capacity, row.languages, row.leads) == (8, ["en", "de"], False)


def test_a_lead_of_another_team_and_an_agent_may_not(desk: Desk, client: Client) -> None:
    client.force_login(desk.user("leo"))
    answer = client.post(url(Membership, "add"), membership(desk, person=desk.user("tia").pk))
    assert answer.status_code == 200
    assert "team" in answer.context["adminform"].form.errors
    client.force_login(desk.user("mia"))
    assert client.get(url(Membership, "add")).status_code == 403
    row = Membership.objects.get(person=desk.user("jon"))
    assert client.post(url(Membership, "change", row.pk), membership(desk)).status_code == 403


def test_nobody_raises_their_own_level_and_what_was_typed_stays(desk: Desk, client: Client) -> None:
    client.force_login(desk.user("ana"))
    row = Membership.objects.get(person=desk.user("ana"))
    answer = client.post(
        url(Membership, "change", row.pk),
        {"level": Level.objects.get(key="L3").pk, "leads": "on", "capacity": 3, "languages": "en"},
    )
    assert answer.status_code == 200
    assert "Nobody raises their own level" in answer.content.decode()
    assert answer.context["adminform"].form["capacity"].value() == "3"
    row.refresh_from_db()
    assert row.level.key == "L2"


def test_ending_a_membership_keeps_it_on_record(desk: Desk, client: Client) -> None:
    client.force_login(desk.user("ana"))
    row = Membership.objects.get(person=desk.user("jon"))
    address = url(Membership, "delete", row.pk)
    assert "stays on record" in client.get(address).content.decode()
    assert client.post(address, {"post": "yes"}).status_code == 302
    row.refresh_from_db()
    assert row.ends_at == NOW


def test_somebody_enters_their_own_absence_with_cover_in_their_own_zone(desk: Desk, client: Client) -> None:
    mia, jon = desk.user("mia"), desk.user("jon")
    User.objects.filter(pk=mia.pk).update(timezone="Asia/Tokyo")
    client.force_login(mia)
    begins = dt.datetime(2026, 12, 1, 9)
    answer = client.post(
        url(Absence, "add"),
        {"person": mia.pk, "note": "away", "covered_by": jon.pk}
        | span("starts_at", begins)
        | span("ends_at", begins + dt.timedelta(days=2)),
    )
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert Absence.objects.get().starts_at == dt.datetime(2026, 12, 1, 0, tzinfo=dt.UTC)
    assert Cover.objects.get().by == jon


def test_nobody_enters_an_absence_for_a_colleague(desk: Desk, client: Client) -> None:
    client.force_login(desk.user("mia"))
    typed = (
        {"person": desk.user("jon").pk, "note": ""}
        | span("starts_at", NOW)
        | span("ends_at", NOW + dt.timedelta(days=1))
    )
    answer = client.post(url(Absence, "add"), typed)
    assert answer.status_code == 200
    assert not Absence.objects.exists()
    client.force_login(desk.user("ana"))
    assert client.post(url(Absence, "add"), typed).status_code == 302


def test_cover_that_would_turn_in_a_circle_is_refused_on_the_form(desk: Desk, client: Client) -> None:
    """M6: the substitute of a substitute is lost."""
    client.force_login(desk.user("ana"))
    mia, jon = desk.user("mia"), desk.user("jon")
    times = span("starts_at", NOW) | span("ends_at", NOW + dt.timedelta(days=1))
    assert client.post(url(Cover, "add"), {"person": mia.pk, "by": jon.pk} | times).status_code == 302
    answer = client.post(url(Cover, "add"), {"person": jon.pk, "by": mia.pk} | times)
    assert "circle" in answer.content.decode()
    assert Cover.objects.count() == 1


def test_leads_decide_who_is_on_call(desk: Desk, client: Client) -> None:
    typed = {"role": Role.objects.get(key="duty").pk, "person": desk.user("tia").pk} | span("starts_at", NOW)
    typed |= {"ends_at_0": "", "ends_at_1": ""}
    client.force_login(desk.user("tia"))
    assert client.post(url(OnCallShift, "add"), typed).status_code == 403
    client.force_login(desk.user("max"))
    assert client.post(url(OnCallShift, "add"), typed).status_code == 302
    assert OnCallShift.objects.get().person == desk.user("tia")


# ------------------------------------------------------------------------------------------------------------ channels


def test_two_people_let_somebody_into_a_channel(desk: Desk, client: Client, root: User) -> None:
    brand = Channel.objects.get(key="brand")
    for name in ("bob", "max"):
        desk.user(name).groups.add(Group.objects.get(name="channel:brand:owners"))
    pia = desk.user("pia")
    asked = {"channel": brand.pk, "person": pia.pk, "part": "workers", "reason": "Covers for Bob."}
    client.force_login(desk.user("ana"))
    assert client.post(url(ChannelRequest, "add"), asked).status_code == 403
    client.force_login(desk.user("bob"))
    answer = client.post(url(ChannelRequest, "add"), asked)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row = ChannelRequest.objects.get(person=pia)
    decide = url(ChannelRequest, "answer", row.pk)
    assert "Somebody else decides" in client.get(url(ChannelRequest, "change", row.pk)).content.decode()
    assert "Somebody else decides" in client.post(decide, {"answer": "confirm"}, follow=True).content.decode()
    assert brand.pk not in Reach.of(desk.user("pia")).channels("see_cases")
    client.force_login(desk.user("max"))
    assert client.get(decide).status_code == 405
    client.post(decide, {"answer": "confirm"})
    assert brand.pk in Reach.of(desk.user("pia")).channels("work_cases")
    client.post(decide, {"answer": "end"})
    assert brand.pk not in Reach.of(desk.user("pia")).channels("see_cases")


def test_requests_of_other_channels_are_not_shown(desk: Desk, client: Client) -> None:
    row = ChannelRequest.objects.create(
        channel=Channel.objects.get(key="fraud"), person=desk.user("tia"), reason="Knows rings.",
        asked_by=desk.user("max"), asked_at=NOW,
    )  # fmt: skip
    client.force_login(desk.user("mia"))
    assert "Knows rings." not in client.get(url(ChannelRequest, "change", row.pk), follow=True).content.decode()
    assert client.post(url(ChannelRequest, "answer", row.pk), {"answer": "confirm"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "waiting"


def test_an_account_form_cannot_let_anybody_into_a_channel(desk: Desk, client: Client, root: User) -> None:
    client.force_login(root)
    mia = desk.user("mia")
    fraud = Group.objects.get(name="channel:fraud:specialists")
    typed = {
        "username": "mia",
        "first_name": "Mia",
        "timezone": "Europe/Berlin",
        "language": "en",
        "is_active": "on",
        "roles": ["agent"],
    }
    answer = client.post(url(User, "change", mia.pk), typed | {"groups": [fraud.pk]})
    assert answer.status_code == 200
    assert "groups" in answer.context["adminform"].form.errors
    before = set(mia.groups.all())
    assert before
    assert client.post(url(User, "change", mia.pk), typed).status_code == 302
    assert set(desk.user("mia").groups.all()) == before, "saving an account takes nobody out of a channel either"
    assert client.post(url(Group, "change", fraud.pk), {"name": "mine"}).status_code == 403


def test_people_change_their_own_name_and_zone_and_nothing_else(desk: Desk, client: Client) -> None:
    mia = desk.user("mia")
    client.force_login(mia)
    typed = {
        "first_name": "Mia",
        "last_name": "Berger",
        "timezone": "Asia/Tokyo",
        "language": "en",
        "is_superuser": "on",
    }
    assert client.post(url(User, "change", mia.pk), typed).status_code == 302
    mia = desk.user("mia")
    assert (mia.last_name, mia.timezone, mia.is_superuser) == ("Berger", "Asia/Tokyo", False)
    assert b"Jon" not in client.get(url(User, "change", desk.user("jon").pk), follow=True).content
    assert client.get(url(User, "changelist")).status_code == 403


# ------------------------------------------------------------------------------------------------ read-only, and closed


@pytest.mark.parametrize("model", LAW)
def test_the_law_is_read_only_and_says_where_it_is_changed(model: Any, desk: Desk, client: Client, root: User) -> None:
    client.force_login(root)
    row = model.objects.first()
    for address in (url(model, "changelist"), url(model, "change", row.pk)):
        body = client.get(address).content.decode().lower()
        assert "playbook" in body
        assert 'name="_save"' not in body
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "change", row.pk), {"name": "mine"}).status_code == 403
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


def test_nothing_of_the_desk_is_deleted_added_or_changed_past_its_service(desk: Desk, root: User) -> None:
    request = RequestFactory().get("/")
    request.user = root
    case = desk.open(assign=False)
    page = admin.site._registry[Case]
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request, case)
    assert not page.has_delete_permission(request, case)
    assert not page.get_actions(request)


def test_every_page_of_ours_and_of_accounts_wears_the_same_look() -> None:
    strangers = [model._meta.label for model, page in admin.site._registry.items() if not isinstance(page, UnfoldAdmin)]
    assert strangers == []


def test_the_log_of_the_admin_holds_no_personal_data(desk: Desk, client: Client) -> None:
    case = desk.held_by("mia")
    client.force_login(desk.user("mia"))
    client.post(f"/admin/escalations/case/{case.pk}/act/reply/", {"version": case.version, "body": "Dear Jane Roe"})
    for entry in LogEntry.objects.all():
        assert "Jane" not in f"{entry.object_repr} {entry.change_message}"
    assert LogEntry not in admin.site._registry
