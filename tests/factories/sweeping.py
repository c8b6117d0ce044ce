"""For tests of the sweep: whole tables as they stand, and the same firings done case by case through the kernel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.db import transaction

from escalations import mapping
from escalations.core import clock as clocks
from escalations.core import ladder
from escalations.core.actor import Actor
from escalations.core.ladder import Earlier
from escalations.models import Case, Clock, Escalation, Event, Level, Outbox, Ownership, Team, Timer
from escalations.selectors import law, registry, staffing
from escalations.services import record
from escalations.services.work import Work


def every_row() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables of the program and its queue."""
    return {
        model._meta.db_table: sorted(model._base_manager.values_list(), key=repr)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
    }


def state(only: Collection[int] | None = None) -> dict[str, list[Any]]:
    """What a sweep writes, of all cases or only some, without what two ways of writing may differ in: row ids and the
    chain's MACs. Clocks are named by case, kind, tier and cycle; an occurrence by its clock's name."""
    of = {} if only is None else {"case__in": only}
    by_id = {} if only is None else {"id__in": only}
    clocks_ = list(Clock.objects.filter(**of))
    names = {row.pk: (row.case_id, row.kind, row.tier, row.name, row.cycle) for row in clocks_}

    def named(occurrence: str) -> Any:
        clock, _, rest = occurrence.partition(":")
        return (names[int(clock)], rest) if clock.isdecimal() and int(clock) in names else occurrence

    cases = [[getattr(row, name) for name in record.TRACKED] for row in Case.objects.filter(**by_id).order_by("pk")]
    clock_rows = [(names[row.pk], mapping.clock_value(row), row.calendar_id) for row in clocks_]
    return {
        "cases": cases,
        "clocks": sorted(clock_rows, key=repr),
        "timers": sorted(
            ((named(row.occurrence_key), row.moment_key, row.cycle, row.due_at) for row in Timer.objects.filter(**of)),
            key=repr,
        ),
        "ownership": list(Ownership.objects.filter(**of).order_by("case_id", "starts_at", "pk").values_list(
            "case_id", "team_id", "assignee_id", "level_id", "starts_at", "ends_at", "business_s", "cause")),
        "escalations": list(Escalation.objects.filter(**of).order_by("case_id", "pk").values_list(
            "case_id", "type", "cause", "from_level_id", "to_level_id", "from_team_id", "to_team_id", "rung_key",
            "state", "reason", "actor_kind", "actor_id", "at")),
        "told": sorted(
            ((named(row.occurrence_key), row.kind, row.case_id, row.at, {**row.data, "clock": 0})
             for row in Outbox.objects.filter(**of)), key=repr),
        "events": list(Event.objects.filter(**of).order_by("case_id", "seq").values_list(
            "case_id", "seq", "kind", "data", "at", "actor_kind", "actor_id")),
        "history": sorted(
            record.HistoricalCase.objects.filter(**by_id).values_list(
                *record.TRACKED, "history_date", "history_change_reason"), key=repr),
    }  # fmt: skip


def one_by_one(now: dt.datetime, only: Collection[int] | None = None) -> None:
    """The due timers of all cases (or only some) fired without the sweep: case by case, through the kernel that
    people's acts use."""
    rows = Timer.objects.filter(due_at__lte=now, **({} if only is None else {"case__in": only}))
    due = list(rows.order_by("due_at", "id").values_list("case_id", flat=True))
    for case_id in dict.fromkeys(due):
        with transaction.atomic():
            _fire(case_id, now)


def _fire(case_id: int, now: dt.datetime) -> None:
    case = Case.objects.select_related("team", "level").get(pk=case_id)
    work = Work(case, act="fire", actor=Actor.worker("sweep"), now=now)  # type: ignore[arg-type]
    told: list[tuple[str, str, list[str], dict[str, Any]]] = []
    for timer in Timer.objects.filter(case=case, due_at__lte=now).order_by("due_at", "id"):
        row = next(item for item in work.clocks if item.pk == timer.clock_id)
        if row.kind == "tier":
            _climb(work, row, told)
        else:
            _moment(work, row, told)
    work.flush()
    for occurrence, kind, to, data in told:
        record.intent(kind=kind, occurrence=occurrence, case_id=case_id, now=now, to=to, data=data).save()


def _moment(work: Work, row: Clock, told: list[Any]) -> None:
    firing = clocks.fire(mapping.clock_value(row), work.calendar(row), now=work.now)
    assert firing is not None
    assert row.due_at is not None
    broken, late = firing.key.startswith("promise:"), firing.key == "breach"
    due = firing.due_at.isoformat() if broken else row.due_at.isoformat()
    data: dict[str, Any] = {"clock": row.kind, "due": due}
    if row.name:
        data["name"] = row.name
    if firing.passed_over:
        data["passed_over"] = list(firing.passed_over)
    if firing.key.startswith("warn:"):
        data["share"] = int(firing.key[5:])
    work.say("promise.broken" if broken else "clock.breached" if late else "clock.warned", data)
    case = work.case
    to = [f"user:{case.assignee_id}"] if case.assignee_id else []
    if late or broken or not to:
        to.append(f"leads:{case.team_id}")
    if row.kind == "statutory":
        to.insert(0, f"role:{work.policy.central.statutory[row.name].legal_owner}")
    kind = "notice.breach" if late else "notice.warning"
    if row.kind == "statutory" or broken:
        kind = "notice.promise" if broken else "notice.statutory"
    told.append((mapping.occurrence_key(row.pk, firing.key, row.cycle), kind, to,
                 {"clock": row.pk, "kind": row.kind, "moment": firing.key, "due": due}))  # fmt: skip
    work.put(row, firing.clock)


def _climb(work: Work, row: Clock, told: list[Any]) -> None:
    case, now = work.case, work.now
    last = Event.objects.filter(case=case, kind__in=["rung.fired", "rung.reminded"]).order_by("-seq").first()
    earlier = Earlier(frozenset(last.data["asked"]), frozenset(last.data["told"])) if last else Earlier()
    room = staffing.room(now, teams=[team.key for team in Team.objects.all()],
                         levels={level.key: level.rank for level in Level.objects.all()})  # fmt: skip
    value = mapping.clock_value(row)
    firing = ladder.fire(
        work.policy.central.ladders[case.ladder], value, now=now, policy=work.policy, receipt=case.opened_at,
        calendar=law.calendar_of(case.calendar_digest), staffing=room.staffing, team=case.team.key,
        level=case.level.key, assignee=case.assignee_id, urgent=case.severity_band == 3, earlier=earlier,
    )  # fmt: skip
    here, team_here, holder = case.level, case.team, case.assignee_id
    to = [f"user:{person}" for person in firing.tell]
    if firing.level or firing.team:
        level = registry.row(Level, firing.level or here.key)
        team = registry.row(Team, firing.team or team_here.key)
        keeps = holder is not None and room.rank(team.key, holder) >= level.rank
        work.own(level=level, team=team, assignee_id=holder if keeps else None, cause="escalated")
        work.move("same" if keeps else "team", as_by="escalate")
        Escalation.objects.create(
            case=case, type="time", cause="time", from_level=here, to_level=level, from_team=team_here, to_team=team,
            rung_key=firing.rungs[-1], actor_kind="worker", actor_id="sweep", at=now,
        )  # fmt: skip
        if holder and not keeps and f"user:{holder}" not in to:
            to.append(f"user:{holder}")
    work.say(*_said(row, firing, here.key, team_here.key))
    if firing.rungs and to:
        told.append((mapping.occurrence_key(row.pk, f"rung:{row.tier}", row.cycle), "notice.rung", to,
                     {"clock": row.pk, "moment": f"rung:{row.tier}", "rung": firing.rungs[-1],
                      "level": firing.level or here.key}))  # fmt: skip
    work.put(row, firing.clock)
    if firing.next is not None:
        work.take_up(firing.next)


def _said(row: Clock, firing: ladder.RungFiring, level: str, team: str) -> tuple[str, dict[str, Any]]:
    assert row.due_at is not None
    said: dict[str, Any] = {"rung": row.tier, "due": row.due_at.isoformat()}
    if firing.passed_over:
        said["passed_over"] = [[item.rung, item.why] for item in firing.passed_over]
    if firing.delayed:
        said["delayed"] = list(firing.delayed)
    if firing.outcome == "waits":
        waiting = firing.next or firing.clock
        assert waiting.due_at is not None
        return "rung.waits", said | {"rung": waiting.tier, "until": waiting.due_at.isoformat()}
    if not firing.rungs:
        return "rung.passed", said | {"last": firing.next is None}
    said |= {"rung": firing.rungs[-1], "asked": sorted(firing.earlier.asked), "told": sorted(firing.earlier.told)}
    if len(firing.rungs) > 1:
        said["rungs"] = list(firing.rungs)
    if firing.on_call:
        said["on_call"] = firing.on_call
    if firing.team:
        said |= {"from_team": team, "to_team": firing.team}
    if not (firing.level or firing.team):
        return "rung.reminded", said
    return "rung.fired", said | {"from": level, "to": firing.level or level}
