"""The sweep against the same firings done case by case, and against itself: any batch size, any lateness, any staffing.

The reference (`tests.factories.sweeping.one_by_one`) shares the core with the sweep and nothing else: it goes through
the kernel that people's acts use. So what is held equal is everything between a core value and a row.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalations import mapping
from escalations.core import chain
from escalations.models import (
    Absence,
    Case,
    Clock,
    Cover,
    Event,
    Heartbeat,
    Membership,
    OnCallShift,
    Outbox,
    Role,
    Timer,
)
from escalations.selectors import law
from escalations.services import handoffs, pauses, replies, sweep
from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk, broken, desk
from tests.factories.sweeping import one_by_one, state

__all__ = ["desk"]

HOUR = dt.timedelta(hours=1)
KINDS = (
    {"category": "order.damaged", "symptom": "broken"},
    {"category": "seller.appeal", "symptom": "suspended", "party": {"kind": "seller", "external_id": "S-1"}},
    {"category": "counterfeit", "symptom": "copy"},
    {"category": "order.damaged", "symptom": "broken", "region": "us"},
    {
        "category": "order.damaged",
        "symptom": "broken",
        "signals": {"safety": True},
        "party": {"kind": "buyer", "external_id": "B-2"},
    },
)


@pytest.fixture(autouse=True)
def _in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL a big batch is decided and written in parts: here every batch is a big one."""
    monkeypatch.setattr(sweep, "_WORTH_PARTS", 2)


@contextmanager
def undone() -> Iterator[None]:
    """What happens in the block is rolled back, caches of ids too."""
    mark = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(mark)


def furnish(desk: Desk, chance: random.Random) -> None:
    """Cases of all kinds in all stages, opened within two days, and whoever is there."""
    document = market_document()
    if chance.random() < 0.5:
        rungs = document["central"]["ladders"]["slow"]["rungs"]
        rungs[0]["team"] = chance.choice(["trust", "brand"])
        rungs[1]["on_call"] = "duty"
        rungs.insert(0, {"key": "remind", "after": {"elapsed": "PT12H"}, "tell": ["assignee", "team_lead"]})
        desk.install(document, now=NOW)
    people = [desk.user(name) for name in ("mia", "jon", "ana", "leo", "tia", "max")]
    for number in range(chance.randint(1, 7)):
        case = desk.open(at=NOW + chance.randint(0, 48) * HOUR, assign=chance.random() < 0.7, **chance.choice(KINDS))
        case.refresh_from_db()
        at = case.opened_at + HOUR / 2
        if case.assignee is None:
            continue
        holder = desk.by(case.assignee.username)
        act = chance.randrange(5)
        if act == 0:
            until = at + chance.randint(1, 80) * HOUR if chance.random() < 0.7 else None
            replies.respond(case_id=case.pk, actor=holder, now=at, body=f"Answer {number}", promise_due=until)
        elif act == 1:
            pauses.pause(case_id=case.pk, actor=holder, now=at, reason="buyer", evidence="asked")
        elif act == 2:
            to = case.team_id if case.team.key == "trust" else people[4].memberships.get().team_id
            if to != case.team_id:
                handoffs.hand_off(case_id=case.pk, actor=holder, now=at, to_team_id=to, note="please look")
    if chance.random() < 0.5:
        OnCallShift.objects.create(role=Role.objects.get(key="duty"), person=chance.choice(people), starts_at=NOW)
    for person in chance.sample(people, chance.randint(0, 3)):
        Absence.objects.create(person=person, starts_at=NOW, ends_at=NOW + 500 * HOUR)
        by = chance.choice(people)
        if by != person:
            Cover.objects.create(person=person, by=by, starts_at=NOW, ends_at=NOW + 500 * HOUR)
    if chance.random() < 0.3:
        Membership.objects.filter(level__key="L2").update(leads=False)


SEEDS = st.integers(0, 2**32)
SOME = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@SOME
@given(seed=SEEDS)
def test_a_sweep_is_the_same_firings_done_one_by_one(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    with undone():
        furnish(desk, chance)
        now = NOW + 48 * HOUR
        for _ in range(chance.randint(1, 4)):
            now += chance.choice([1, 3, 26, 60]) * HOUR + dt.timedelta(seconds=chance.randint(0, 3600))
            if Timer.objects.filter(moment_key="resume", due_at__lte=now).exists():
                sweep.run(now=now)  # acts of their own, not firings
                continue
            Heartbeat.objects.all().delete()  # a desk that was never swept has not stood still: no digest
            with undone():
                one_by_one(now)
                expected = state()
            done = sweep.sweep(now=now)
            found = state()
            for table, rows in expected.items():
                assert found[table] == rows, table
            assert done.aside == []
            assert [case.pk for case in Case.objects.all() if broken(case)] == []


@SOME
@given(seed=SEEDS, sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_batches_of_any_size_come_to_the_same(desk: Desk, seed: int, sizes: list[int]) -> None:
    with undone():
        furnish(desk, random.Random(seed))
        now = NOW + 100 * HOUR
        sweep.aside.resume(
            Timer.objects.filter(moment_key="resume", due_at__lte=now).values_list("case_id", flat=True), now=now
        )
        with undone():
            whole = sweep.sweep(now=now)
            expected = state()
        counts, turn = 0, 0
        while done := sweep.sweep(now=now, limit=sizes[turn % len(sizes)]):
            counts += done.fired
            turn += 1
        assert counts == whole.fired
        assert state() == expected


@SOME
@given(seed=SEEDS)
def test_the_invariants_hold_whenever_and_however_late_it_is_swept(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    with undone():
        furnish(desk, chance)
        now = NOW + 48 * HOUR
        for _ in range(8):
            now += chance.choice([0.2, 1, 7, 30, 90]) * HOUR
            climbs = dict(Case.objects.values_list("pk", "level__rank"))
            ended = {row["id"]: row for row in Clock.objects.filter(ended_at__isnull=False).values()}
            late = {
                case: due + dt.timedelta(minutes=10) < now
                for case, due in Clock.objects.filter(kind="tier", ended_at__isnull=True).values_list("case", "due_at")
                if due is not None
            }
            before = set(Event.objects.values_list("case_id", "seq"))
            sweep.run(now=now)
            # 2: paused clocks have no due moment, finished clocks never change.
            assert not Clock.objects.filter(state="paused", due_at__isnull=False).exists()
            assert {row["id"]: row for row in Clock.objects.filter(pk__in=ended).values()} == ended
            # 3: nothing due is left, each open clock has its next moment as its timer, and no other.
            assert not Timer.objects.filter(due_at__lte=now).exists()
            _timers_are_right()
            # 4: one rung at most after downtime, unless it is urgent.
            for case in Case.objects.exclude(severity_band=3).select_related("level"):
                fired = case.events.filter(kind__in=["rung.fired", "rung.reminded"]).order_by("seq")
                new = [event for event in fired if (case.pk, event.seq) not in before]
                if late.get(case.pk):
                    assert len(new) <= 1
                assert case.level.rank >= climbs[case.pk]
            # 5: every change is an event, chained.
            assert [case.pk for case in Case.objects.all() if broken(case)] == []
            versions = dict(Case.objects.values_list("pk", "version"))
            rows = sweep.rows.record.HistoricalCase.objects.values_list("id", "version")
            assert sorted(rows) == sorted((pk, v) for pk, top in versions.items() for v in range(1, top + 1))


def _timers_are_right() -> None:
    for row in Clock.objects.filter(ended_at__isnull=True).exclude(state="paused"):
        wanted = mapping.next_timer(row, law.calendar_of(row.calendar_id))
        found = list(Timer.objects.filter(clock=row).values_list("moment_key", "due_at", "cycle", "occurrence_key"))
        assert found == ([(wanted.moment_key, wanted.due_at, wanted.cycle, wanted.occurrence_key)] if wanted else [])
    gone = Timer.objects.filter(clock__ended_at__isnull=False)
    assert not gone.exists()
    for case in Case.objects.filter(clocks__state="paused", clocks__ended_at__isnull=True).distinct():
        assert Timer.objects.filter(case=case, moment_key="resume").count() == 1


@SOME
@given(seed=SEEDS)
def test_a_moment_is_told_once(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    with undone():
        furnish(desk, chance)
        now = NOW + 48 * HOUR
        for _ in range(6):
            now += chance.choice([0, 5, 40]) * HOUR
            sweep.run(now=now, limit=chance.choice([1, 2, 1000]))
        keys = [key for key in Outbox.objects.values_list("occurrence_key", flat=True) if key.split(":")[0].isdecimal()]
        assert len(set(keys)) == len(keys)
        said = Event.objects.filter(kind__in=["clock.warned", "clock.breached", "promise.broken"])
        assert said.count() == len([key for key in keys if ":rung:" not in key])


def test_the_chain_shows_a_firing_that_was_taken_out(desk: Desk) -> None:
    case = desk.held_by("mia")
    sweep.run(now=NOW + 30 * HOUR)
    case.refresh_from_db()
    links = [sweep.rows.record.link_of(event) for event in case.events.order_by("seq")]
    head = chain.Head(case.chain_seq, case.chain_mac, case.head_mac, case.key_id)
    ring = sweep.rows.keys.chain_keys()
    assert chain.verify(ring, case.pk, links, head) is None
    assert chain.verify(ring, case.pk, links[:-1], head) is not None


@pytest.mark.django_db
def test_nothing_due_is_nothing_done() -> None:
    assert not sweep.run(now=NOW)
