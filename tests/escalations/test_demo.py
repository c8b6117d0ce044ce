"""Loading the demo: at any hour something is about to happen; the same for the same seed; refused where it disturbs."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.hashers import check_password
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from escalations.core.lifecycle import STATUSES
from escalations.core.policy import Policy
from escalations.demo import people, planning
from escalations.errors import NoPolicy, Refused
from escalations.models import (
    AccessMark,
    Case,
    CaseFile,
    CaseGrant,
    Clock,
    Delivery,
    Escalation,
    Indicator,
    LegalHold,
    Outbox,
    Timer,
    User,
)
from escalations.selectors import access, law
from escalations.services import delivery, judging
from escalations.services.privacy import requests
from escalations.services.sweep import sweep
from tests.core.policies import market_document
from tests.factories.demo import TUESDAY_NOON, install, load, preset, taken_back
from tests.factories.desk import NOW, Desk

HOURS = {
    "a weekday at noon": TUESDAY_NOON,
    "Sunday at three in the morning": dt.datetime(2026, 11, 29, 3, 0, 17, tzinfo=dt.UTC),
    "Christmas Day, when all the world is closed": dt.datetime(2026, 12, 25, 12, 30, 1, tzinfo=dt.UTC),
    "Monday at five, an hour after a month began": dt.datetime(2026, 11, 30, 23, 59, 59, tzinfo=dt.UTC),
}


# ------------------------------------------------------------ about to happen


@pytest.mark.parametrize("now", HOURS.values(), ids=HOURS.keys())
def test_at_any_hour_every_state_is_there_and_a_rung_comes_within_two_minutes(now: dt.datetime, db: None) -> None:
    install(now)
    done = load(now, cases=48)
    assert set(done.by_status) == set(STATUSES)
    assert done.cases == 48
    assert done.handoffs >= 1
    assert done.approvals >= 1
    assert not done.refused
    _guarded(now)
    for item in done.coming[:4]:
        assert now + dt.timedelta(seconds=40) <= item.at <= now + dt.timedelta(seconds=100)
        assert Timer.objects.filter(case__reference=item.reference, due_at=item.at).exists(), item
    assert not Escalation.objects.filter(at__gt=now).exists()
    at = now + dt.timedelta(minutes=2)
    fired = sweep(now=at)
    assert fired.counts["warning"] >= 1
    assert fired.counts["breach"] >= 1
    assert fired.counts["rung"] >= 2
    up = Escalation.objects.filter(at=at, type="time").select_related("case__team", "to_level")
    assert {(row.case.team.key, row.to_level.key) for row in up} >= {("buyer-care", "L2"), ("delivery", "L2")}
    mias = next(row.case for row in up if row.case.team.key == "buyer-care")
    assert mias.assignee != User.objects.get(username="mia")
    assert Clock.objects.filter(kind="first_response", state="breached", ended_at__isnull=True).exists()


def _guarded(now: dt.datetime) -> None:
    """The pages of what guards people are not empty, and each is as its rules want it."""
    called, broken = CaseGrant.objects.order_by("break_glass")
    assert (called.case.channel.key, called.user.username, called.expires_at > now) == ("fraud", "pia", True)
    victor, kofi = User.objects.get(username="victor"), User.objects.get(username="kofi")
    assert list(access.to_review(victor)) == [broken]
    assert (broken.user, broken.review) == (kofi, "waiting")
    assert [row.case for row in Indicator.objects.visible_to(victor)] == [called.case]
    assert not Indicator.objects.visible_to(called.user).exists(), "findings stay with the channel"
    assert LegalHold.objects.get().state == LegalHold.State.STANDING
    assert requests.has_charge(User.objects.get(username="clara"))
    assert CaseFile.objects.filter(evidence__state="received", scan_state="waiting").exists()
    judging.judge(now=now)
    odd = AccessMark.objects.select_related("entry").get(chain=User.objects.get(username="oskar").pk)
    assert odd.entry.data["cases"] == [broken.case_id]


def test_what_is_about_to_happen_is_timed_by_the_end_of_loading(db: None) -> None:
    install(TUESDAY_NOON)
    end = TUESDAY_NOON + dt.timedelta(seconds=23)
    done = load(TUESDAY_NOON, cases=4, clock=lambda: end)
    assert min(item.at for item in done.coming) >= end + dt.timedelta(seconds=40)


# ------------------------------------------------------------ the same


def signature() -> list[tuple[Any, ...]]:
    first = Case.objects.order_by("pk").values_list("pk", flat=True)[0]
    rows = Case.objects.order_by("pk").values_list(
        *("pk", "category__key", "symptom", "region__key", "text__summary", "opened_at", "status", "team__key"),
        *("assignee__username", "level__key", "severity_band", "radar_at", "root_cause", "chain_seq"),
    )
    return [(row[0] - first, *row[1:]) for row in rows]


def test_the_same_seed_gives_the_same_cases(db: None) -> None:
    install(TUESDAY_NOON)
    found = []
    for _ in range(2):
        with taken_back():
            load(TUESDAY_NOON, cases=54, seed=3)
            found.append(signature())
    assert found[0] == found[1]


def test_another_seed_tells_others() -> None:
    policy = Policy.model_validate(preset())
    one, same, other = (
        [run.binding.document() for run in planning.told(9, seed=seed, now=TUESDAY_NOON, policy=policy)]
        for seed in (3, 3, 4)
    )
    assert one == same
    assert not [document for document in one if document in other]


def test_many_cases_bring_more_people_the_same_for_the_same_seed() -> None:
    few, many = people.colleagues(200, 1), people.colleagues(2000, 1)
    assert few == list(people.CAST)
    assert len(many) == len(few) + 150
    assert many == people.colleagues(2000, 1) != people.colleagues(2000, 2)
    assert len({item.username for item in many}) == len(many)


# ------------------------------------------------------------ refusals


def test_without_a_playbook(db: None) -> None:
    with pytest.raises(NoPolicy):
        load(TUESDAY_NOON, cases=1)
    assert not User.objects.exists()


def test_a_playbook_of_another_market(desk: Desk) -> None:
    with pytest.raises(Refused, match="starter playbook `team`") as refused:
        load(NOW, cases=1, force=True)
    assert "install_playbook --preset team" in str(refused.value)


def test_a_desk_with_people_of_its_own_is_left_alone_unless_forced(db: None) -> None:
    install(TUESDAY_NOON)
    User.objects.create_user("somebody", "somebody@shop.invalid", "x" * 12)
    with pytest.raises(Refused, match="people of its own"):
        load(TUESDAY_NOON, cases=1)
    assert User.objects.count() == 1
    load(TUESDAY_NOON, cases=1, force=True)
    assert Case.objects.count() == 1


def test_a_name_that_is_taken_is_refused_even_with_force(db: None) -> None:
    install(TUESDAY_NOON)
    User.objects.create_user("mia", "mia@shop.invalid", "x" * 12)
    with pytest.raises(Refused, match="called mia"):
        load(TUESDAY_NOON, cases=1, force=True)


def test_nothing_stays_of_a_loading_that_fails(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    install(TUESDAY_NOON)

    def fails(**_: Any) -> int:
        raise RuntimeError

    monkeypatch.setattr(delivery, "settle", fails)
    with pytest.raises(RuntimeError):
        load(TUESDAY_NOON, cases=2)
    assert not Case.objects.exists()
    assert not User.objects.exists()


# ------------------------------------------------------------ the command


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def _ready(db: None) -> None:
    install(dt.datetime.now(dt.UTC))


@pytest.mark.usefixtures("_ready")
def test_a_dry_run_tells_all_and_writes_nothing() -> None:
    told = json.loads(run("--cases", "5", "--dry-run", "--json"))
    assert (told["cases"], told["dry_run"]) == (5, True)
    assert "password" not in told
    assert not Case.objects.exists()
    assert not User.objects.exists()
    assert not Outbox.objects.exists()


@pytest.mark.usefixtures("_ready")
def test_the_command_says_what_comes_and_who_may_sign_in(settings: LazySettings, client: Client) -> None:
    settings.THROUGHLINE_DEMO_PASSWORD = "for this test alone"
    said = run("--cases", "4")
    assert "4 cases, 41 people" in said
    assert "leaves Mia and goes up to Buyer care L2" in said
    told = run("--accounts")
    assert "Sign in with the password for this test alone as" in told
    assert [line.split()[0] for line in told.splitlines()[1:]] == [
        "mia",
        "ana",
        "ruth",
        "dario",
        "vera",
        "noa",
        "admin",
    ]
    assert client.login(username="mia", password="for this test alone")


@pytest.mark.usefixtures("_ready")
def test_away_from_the_local_desk_a_password_is_made_up_and_said_once(settings: LazySettings) -> None:
    settings.THROUGHLINE_DEMO_PASSWORD = ""
    told = json.loads(run("--cases", "1", "--json"))
    assert len(told["password"]) >= 12
    assert check_password(told["password"], User.objects.get(username="admin").password)
    assert "shown when the demo was loaded" in run("--accounts")
    assert told["password"] not in run("--accounts")


@pytest.mark.usefixtures("_ready")
def test_a_changed_password_is_not_told(settings: LazySettings) -> None:
    settings.THROUGHLINE_DEMO_PASSWORD = "for this test alone"
    run("--cases", "1")
    mia = User.objects.get(username="mia")
    mia.set_password("of her own, and long")
    mia.save()
    rows = {row["username"]: row["password"] for row in json.loads(run("--accounts", "--json"))}
    assert rows["mia"] is None
    assert rows["ana"] == "for this test alone"


def test_a_desk_without_the_demo_names_no_accounts(db: None) -> None:
    assert run("--accounts") == ""


@pytest.mark.usefixtures("_ready")
def test_the_same_command_again_is_refused_with_what_to_do() -> None:
    run("--cases", "1")
    with pytest.raises(CommandError) as refused:
        run("--cases", "1")
    assert refused.value.returncode == 1
    assert "--force" in str(refused.value)


@pytest.mark.parametrize("cases", ["0", "-3", "100001"])
def test_a_number_of_cases_that_makes_no_sense(cases: str, db: None) -> None:
    with pytest.raises(CommandError, match="--cases: from 1 to 100,000") as refused:
        run(f"--cases={cases}")
    assert refused.value.returncode == 2


# ------------------------------------------------------------ what the services lend to the demo


def test_before_the_first_playbook_only_who_asks_for_it_finds_one(desk: Desk) -> None:
    long_ago = NOW - dt.timedelta(days=300)
    with pytest.raises(NoPolicy):
        law.in_force(long_ago)
    with law.before_the_first(desk.version):
        assert law.in_force(long_ago) == desk.version
    with pytest.raises(NoPolicy):
        law.in_force(long_ago)


def test_where_a_version_was_in_force_it_counts_all_the_same(desk: Desk) -> None:
    newer = desk.install(market_document() | {"title": "Newer"}, now=NOW)
    with law.before_the_first(newer):
        assert law.in_force(NOW - dt.timedelta(days=1)) == desk.version


def test_settling_leaves_other_cases_and_later_moments_alone(desk: Desk) -> None:
    mine, other = desk.open(), desk.open(party={"kind": "buyer", "external_id": "B-18", "email": "x@example.org"})
    later = desk.open(at=NOW + dt.timedelta(hours=1), party={"kind": "buyer", "external_id": "B-19"})
    delivery.settle(case_ids=[mine.pk, later.pk], before=NOW, why="Over.")
    states = {(row.outbox.case_id, row.state) for row in Delivery.objects.select_related("outbox")}
    assert (mine.pk, "dropped") in states
    assert (mine.pk, "waiting") not in states
    assert (other.pk, "waiting") in states
    assert (later.pk, "dropped") not in states
