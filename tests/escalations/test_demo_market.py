"""A market of the demo on a Tuesday at noon: every state, a past that holds together, and nothing of it to be sent."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from escalations.core.lifecycle import STATUSES
from escalations.demo import loading, people, planning
from escalations.errors import Refused
from escalations.models import (
    Absence,
    Approval,
    Case,
    Channel,
    ChannelRequest,
    Cover,
    Delivery,
    Escalation,
    Event,
    Handoff,
    Membership,
    Message,
    Outbox,
    Role,
    Team,
    Timer,
    User,
)
from escalations.models.reach import Reach
from escalations.selectors import people as staff
from escalations.services import delivery
from escalations.services.audit import audit_timers
from escalations.services.sweep import sweep
from tests.factories.demo import TUESDAY_NOON, install, load, taken_back
from tests.factories.desk import broken


@pytest.fixture(scope="module")
def _loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[loading.Loaded]:
    """A market of 120 cases on a Tuesday at noon, loaded once for this module."""
    with django_db_blocker.unblock(), taken_back():
        install(TUESDAY_NOON)
        yield load(TUESDAY_NOON, cases=120)


@pytest.fixture
def market(_loaded: loading.Loaded, db: None) -> loading.Loaded:
    return _loaded


def test_there_are_as_many_cases_as_asked_for_in_every_state(market: loading.Loaded) -> None:
    found = Counter(Case.objects.values_list("status", flat=True))
    assert set(found) == set(STATUSES)
    assert sum(found.values()) == 120 == market.cases
    assert market.by_status == found
    assert Case.objects.open().exclude(status="resolved").count() > 40
    assert found["closed"] > 15


def test_nothing_that_the_stories_do_is_refused(market: loading.Loaded) -> None:
    assert not market.refused


def test_the_chain_of_every_case_holds(market: loading.Loaded) -> None:
    assert [case.reference for case in Case.objects.all() if broken(case) is not None] == []


def test_events_of_a_case_come_in_the_order_of_time_and_none_in_the_future(market: loading.Loaded) -> None:
    for case in Case.objects.prefetch_related("events"):
        times = [event.at for event in sorted(case.events.all(), key=lambda event: event.seq)]
        assert times == sorted(times)
        assert times[-1] <= TUESDAY_NOON
        assert times[0] >= case.opened_at >= TUESDAY_NOON - planning.BACK - dt.timedelta(days=1)


def test_nothing_of_the_past_waits_to_be_sent(market: loading.Loaded) -> None:
    assert not Outbox.objects.filter(expanded_at__isnull=True).exists()
    assert set(Delivery.objects.values_list("state", "error")) == {("dropped", loading.OVER)}
    assert Delivery.objects.count() == market.settled > 300
    done = delivery.deliver(now=TUESDAY_NOON + dt.timedelta(minutes=1))
    assert not done


def test_what_happens_from_now_on_is_told(market: loading.Loaded) -> None:
    with taken_back():
        sweep(now=TUESDAY_NOON + dt.timedelta(minutes=2))
        assert delivery.expand(now=TUESDAY_NOON + dt.timedelta(minutes=2)).deliveries > 0
        assert Delivery.objects.filter(state="waiting").exists()


def test_the_past_left_no_timer_behind(market: loading.Loaded) -> None:
    assert not Timer.objects.filter(due_at__lt=TUESDAY_NOON).exists()
    assert [finding.kind for finding in audit_timers(now=TUESDAY_NOON, deep=True).findings] == []


def test_the_past_holds_warnings_breaches_rungs_and_all_that_people_do(market: loading.Loaded) -> None:
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert kinds >= {
        *("clock.warned", "clock.breached", "rung.fired", "rung.reminded", "case.paused", "case.resumed"),
        *("handoff.offered", "handoff.accepted", "handoff.returned", "case.escalated", "remedy.granted"),
        *("remedy.requested", "case.reopened", "case.merged", "message.received", "message.sent", "note.added"),
        *("evidence.received", "statutory.started", "case.resolved", "case.closed"),
    }
    assert Escalation.objects.filter(type="time", actor_kind="worker").exists()
    assert Escalation.objects.filter(actor_kind="user").exclude(type="time").exists()
    assert Handoff.objects.filter(state="offered").exists()
    assert Approval.objects.filter(state="waiting").exists()


def test_there_is_work_of_every_urgency(market: loading.Loaded) -> None:
    open_cases = Case.objects.open()
    assert open_cases.filter(radar_at__lte=TUESDAY_NOON).exists()
    assert open_cases.filter(radar_at__range=(TUESDAY_NOON, TUESDAY_NOON + dt.timedelta(hours=1))).exists()
    assert open_cases.filter(assignee__isnull=True).exists()
    assert set(Case.objects.values_list("severity_band", flat=True)) == {0, 1, 2, 3}
    assert {"en", "de", "es"} == set(Case.objects.values_list("language", flat=True))
    assert {"general", "counterfeit", "fraud"} <= set(Case.objects.values_list("channel__key", flat=True))
    assert {"buyer", "seller", "other"} <= set(Case.objects.values_list("party__kind", flat=True))


def test_the_accounts_show_what_they_promise(market: loading.Loaded) -> None:
    def mine(username: str) -> Any:
        return Case.objects.visible_to(User.objects.get(username=username))

    mia = User.objects.get(username="mia")
    hers = mine("mia").open().filter(assignee=mia)
    assert hers.count() >= 5
    assert hers.filter(radar_at__lt=TUESDAY_NOON).exists()
    assert hers.filter(radar_at__range=(TUESDAY_NOON, TUESDAY_NOON + dt.timedelta(hours=2))).exists()
    assert hers.filter(status="waiting").exists()
    assert Handoff.objects.filter(state="offered", to_person=mia, case__in=mine("mia")).exists()
    assert not mine("mia").filter(channel__key="fraud").exists()
    assert mine("dario").filter(channel__key="fraud").exists()
    assert Approval.objects.filter(state="waiting", case__team__key="buyer-care", case__in=mine("ana")).exists()
    assert not mine("admin").exists()
    assert User.objects.get(username="admin").is_superuser


def test_people_belong_to_teams_and_channels_as_the_services_have_it(market: loading.Loaded) -> None:
    assert len(people.CAST) == User.objects.count() == market.people
    for team in Team.objects.all():
        held = set(Membership.objects.filter(team=team).values_list("level__key", flat=True))
        assert held >= ({"L4"} if team.key == "council" else {"L2"}), team
        assert staff.leads(team.pk, TUESDAY_NOON), team
    for role in Role.objects.all():
        assert len(staff.on_call([role.key], TUESDAY_NOON)[role.key]) == 1
        assert staff.on_call([role.key], TUESDAY_NOON + dt.timedelta(days=90)).keys() == {role.key}
    away = Absence.objects.get()
    assert away.starts_at < TUESDAY_NOON < away.ends_at
    assert Cover.objects.get().person == away.person
    for request in ChannelRequest.objects.select_related("person", "channel"):
        assert request.state == "granted"
        assert request.decided_by_id not in (None, request.asked_by_id, request.person_id)
        right = "manage_members" if request.part == "owners" else "see_cases"
        assert request.channel_id in Reach.of(User.objects.get(pk=request.person_id)).channels(right)
    assert set(ChannelRequest.objects.values_list("channel_id", flat=True)) == set(
        Channel.objects.values_list("pk", flat=True)
    )


def test_nobody_works_above_their_capacity(market: loading.Loaded) -> None:
    # Leads may, by choice; the demo's stay within.
    load_of = staff.open_load(list(User.objects.values_list("pk", flat=True)))
    for row in Membership.objects.select_related("person"):
        capacity = sum(Membership.objects.filter(person=row.person).values_list("capacity", flat=True))
        assert load_of[row.person_id] <= capacity, row


def test_all_addresses_and_numbers_are_reserved_for_examples(market: loading.Loaded) -> None:
    for case in Case.objects.select_related("party"):
        party = case.party
        assert party.email.rpartition("@")[2] in {"example.org", "example.com", "example.net"}
        assert not party.phone or party.phone.startswith(("+44 1632 960", "+1 202 555 01", "+49 30 23125 "))
    assert not User.objects.exclude(email__endswith=".example").exists()


def test_answers_greet_and_are_signed_by_whoever_sends_them(market: loading.Loaded) -> None:
    sent = Message.objects.filter(direction="out", automatic=False)
    assert sent.count() > 80
    for message in sent:
        person = User.objects.get(pk=message.actor_id)
        assert message.body.startswith(("Dear ", "Guten Tag ", "Hola, "))
        assert f"\n{person}, " in message.body
        assert "{" not in message.body


def test_a_second_run_refuses(market: loading.Loaded) -> None:
    with pytest.raises(Refused, match="has cases already"):
        load(TUESDAY_NOON, cases=5)


def test_force_adds_to_what_is_there_and_leaves_it_alone(market: loading.Loaded) -> None:
    with taken_back():
        before = dict(Case.objects.values_list("pk", "version"))
        done = load(TUESDAY_NOON, cases=6, seed=8, force=True)
        assert done.cases == 6
        assert Case.objects.count() == 126
        assert User.objects.count() == len(people.CAST)
        assert {pk: version for pk, version in Case.objects.values_list("pk", "version") if pk in before} == before
