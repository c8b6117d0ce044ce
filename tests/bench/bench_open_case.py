"""Opening a case: the service against a stock Django REST framework view that writes the same rows.

The service does all that opening takes: the matrix decides under the `team` playbook, clocks and the first rung start
on their calendars, the chain begins, the best free person is found. The view is what one writes with the framework
alone: nested model serializers, `save()` row by row, history by simple-history. It is told every value, so it decides
nothing, looks for nobody and computes no time and no MAC; it pays for parsing, validating and rendering.

Each works on a copy of the same PostgreSQL database, as shipped. First the service opens a round of cases; what it
wrote becomes the requests of the view. Afterwards all tables hold the same number of rows, and of a hundred cases drawn
at random the decision is made anew by the plain oracle of the tests, the due moments by stepping minutes, and the chain
holds.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.desks import on_database
from tests.bench.harness import ROUNDS, report, seconds, skip

CASES = max(20, round(300 * float(os.environ.get("THROUGHLINE_BENCH_SCALE") or 1)))
DRAWN = 100
AS_SHIPPED = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
ROOT = Path(__file__).resolve().parents[2]
NOW = dt.datetime(2026, 11, 25, 10, tzinfo=dt.UTC)
TABLES = (
    *("party", "historicalparty", "case", "historicalcase", "casetext", "casefact", "casedecision", "evidence"),
    *("clock", "timer", "event", "eventpayload", "ownership", "outbox"),
)


def main() -> None:
    """Measure, check and report."""
    from tests import postgres

    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    if reason := postgres.why_not():
        skip("open a case", reason)
        return
    import django

    django.setup()
    with postgres.running(AS_SHIPPED) as server:
        prepared(server.create("empty"))
        service, view = (server.create(name, template="empty") for name in ("service", "view"))
        rates: list[list[float]] = [[], []]
        for number in range(ROUNDS):
            with on_database(service):
                documents = [document(number * CASES + place) for place in range(CASES)]
                opened([document(10**6 + number)], number)  # a process that has opened a case has the law at hand
                rates[0].append(CASES / seconds(lambda: opened(documents, number)))  # noqa: B023
                requests = told()
            with on_database(view):
                posted(requests[:1])
                rates[1].append(CASES / seconds(lambda: posted(requests[1:])))  # noqa: B023
        assert counts(service) == counts(view), (counts(service), counts(view))
        check_some(service)
    report(
        "open a case", median(rates[0]), "cases/s", "DRF view, save() and simple-history", median(rates[1]), ">= 1.5"
    )


# ------------------------------------------------------------------------------------------------------------- the desk


def prepared(url: str) -> None:
    """A migrated database with the `team` playbook and people in every team."""
    environment = os.environ | {"DATABASE_URL": url}
    for command in (["migrate", "-v", "0"], ["install_playbook", "--preset", "team"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
        )
    with on_database(url):
        from escalations.models import Channel, Level, Membership, PolicyVersion, Team, User
        from escalations.services.channels import ensure_groups

        PolicyVersion.objects.update(effective_at=NOW - dt.timedelta(days=30))
        workers = [ensure_groups(channel)["workers"] for channel in Channel.objects.filter(sensitive=False)]
        levels = list(Level.objects.order_by("rank"))
        for team in Team.objects.all():
            for number in range(6):
                person = User.objects.create(username=f"{team.key}-{number}")
                person.groups.add(*workers)
                Membership.objects.create(
                    person=person, team=team, level=levels[number % len(levels)], capacity=30_000,
                    leads=number == 5, starts_at=NOW - dt.timedelta(days=30),
                )  # fmt: skip


def document(number: int) -> dict[str, Any]:
    """A case as it comes in: all categories and regions in turn, every third party is known already."""
    from escalations.selectors import law

    central = law.policy_of(law.in_force(NOW)).central
    codes = sorted(central.categories)
    code = codes[number % len(codes)]
    category = central.categories[code]
    regions = sorted(central.regions)
    return {
        "category": code,
        "symptom": sorted(category.symptoms)[number % len(category.symptoms)],
        "summary": f"Number {number} is not as it should be",
        "description": "It came on Monday. " * 10,
        "region": regions[number % len(regions)],
        "source": "api",
        "party": {
            "kind": {"buyer": "buyer", "seller": "seller"}.get(category.side, "other"),
            "name": f"Person {number}",
            "email": f"person-{number}@example.org",
            "external_id": f"P-{number - number % 3}",
        },
        "signals": {"money_at_risk": {"amount": f"{number % 900}.00", "currency": "EUR"}},
    }


def opened(documents: list[dict[str, Any]], number: int) -> None:
    """Open cases through the service."""
    from escalations.core.actor import Actor
    from escalations.services.intake import open_case

    actor = Actor.integration("shop")
    now = NOW + number * dt.timedelta(minutes=1)
    for one in documents:
        open_case(document=one, actor=actor, now=now)


# ------------------------------------------------------------------------------------------------------- the stock view


def serializers() -> Any:
    """The serializers as one writes them: a class for each table, nested where rows belong together."""
    from rest_framework import serializers as drf

    from escalations import models

    def of(model_: Any, *, leave_out: tuple[str, ...], **nested: Any) -> Any:
        class Meta:
            model = model_
            exclude = leave_out

        return type(f"{model_.__name__}Serializer", (drf.ModelSerializer,), {"Meta": Meta, **nested})

    timer = of(models.Timer, leave_out=("id", "case", "clock"))
    clock = of(models.Clock, leave_out=("id", "case"), timers=timer(many=True))
    payload = of(models.EventPayload, leave_out=("event",))
    event = of(models.Event, leave_out=("id", "case"), payload=payload(allow_null=True))
    party = of(models.Party, leave_out=("id",))
    decision = of(models.CaseDecision, leave_out=("id", "case", "trace", "trigger_trace"))
    nested = {
        "party": party(),
        "text": of(models.CaseText, leave_out=("case",))(),
        "facts": of(models.CaseFact, leave_out=("id", "case"))(many=True),
        "decisions": decision(many=True),
        "evidence": of(models.Evidence, leave_out=("id", "case"))(many=True),
        "clocks": clock(many=True),
        "events": event(many=True),
        "ownerships": of(models.Ownership, leave_out=("id", "case"))(many=True),
    }
    outbox = of(models.Outbox, leave_out=("id", "case"))
    return of(models.Case, leave_out=("id",), **nested), outbox, nested


def view() -> Any:
    """A stock view: validate, save row by row in a transaction, answer."""
    from django.db import transaction
    from rest_framework import generics, permissions
    from rest_framework import serializers as drf

    from escalations import models

    case_serializer, outbox_serializer, nested = serializers()

    class Intake(case_serializer):  # type: ignore[misc, valid-type]
        intents = outbox_serializer(many=True)

        def create(self, given: dict[str, Any]) -> Any:
            rows = {name: given.pop(name) for name in (*nested, "intents")}
            about = rows.pop("party")
            party = models.Party.objects.filter(kind=about["kind"], external_id=about["external_id"]).first()
            case = models.Case.objects.create(party=party or models.Party.objects.create(**about), **given)
            models.CaseText.objects.create(case=case, **rows["text"])
            for fact in rows["facts"]:
                models.CaseFact.objects.create(case=case, **fact)
            for decision in rows["decisions"]:
                models.CaseDecision.objects.create(case=case, trace=b"\0", trigger_trace=b"\0", **decision)
            for item in rows["evidence"]:
                models.Evidence.objects.create(case=case, **item)
            for clock in rows["clocks"]:
                timers = clock.pop("timers")
                row = models.Clock.objects.create(case=case, **clock)
                for timer in timers:
                    models.Timer.objects.create(case=case, clock=row, **timer)
            for event in rows["events"]:
                payload = event.pop("payload")
                row = models.Event.objects.create(case=case, **event)
                if payload is not None:
                    models.EventPayload.objects.create(event=row, **payload)
            for ownership in rows["ownerships"]:
                models.Ownership.objects.create(case=case, **ownership)
            for intent in rows["intents"]:
                models.Outbox.objects.create(case=case, **intent)
            return case

        def to_representation(self, case: Any) -> dict[str, Any]:
            return {"id": case.pk, "reference": case.reference, "status": case.status}

    class Cases(generics.CreateAPIView):  # type: ignore[type-arg]
        serializer_class = Intake
        permission_classes = (permissions.AllowAny,)
        authentication_classes = ()

        @transaction.atomic
        def perform_create(self, serializer: drf.BaseSerializer[Any]) -> None:
            serializer.save()

    return Cases.as_view()


_posted: list[int] = []


def told() -> list[Any]:
    """The cases that the service has opened since last asked, as requests to the view."""
    from rest_framework.test import APIRequestFactory

    from escalations.models import Case, Outbox

    case_serializer, outbox_serializer, nested = serializers()
    factory = APIRequestFactory()
    requests = []
    last = _posted[-1] if _posted else 0
    for case in Case.objects.filter(pk__gt=last).order_by("pk").prefetch_related(*(set(nested) - {"party", "text"})):
        body = case_serializer(case).data
        body["intents"] = outbox_serializer(Outbox.objects.filter(case=case), many=True).data
        requests.append(factory.post("/cases/", json.dumps(body, default=str), content_type="application/json"))
        _posted.append(case.pk)
    return requests


def posted(requests: list[Any]) -> None:
    """Answer requests by the stock view."""
    answer = view()
    for request in requests:
        response = answer(request)
        response.render()
        assert response.status_code == 201, response.content


# -------------------------------------------------------------------------------------------------------------- checks


def counts(url: str) -> dict[str, int]:
    import psycopg

    with psycopg.connect(url) as connection:
        return {
            name: connection.execute(f"SELECT count(*) FROM escalations_{name}").fetchone()[0]  # type: ignore[index]
            for name in TABLES
        }


def check_some(url: str) -> None:
    """Cases drawn at random: the decision by the oracle, due moments by stepping minutes, the chain."""
    from escalations.core.matrix import case_facts
    from escalations.selectors import law
    from tests.bench.bench_calendar import Wall, one_question_a_minute
    from tests.core.oracle import decide
    from tests.factories.desk import broken

    with on_database(url):
        from escalations.models import Case

        policy = law.policy_of(law.in_force(NOW))
        drawn = random.Random(2026).sample(range(ROUNDS * CASES), min(DRAWN, ROUNDS * CASES))
        for number in drawn:
            rows = Case.objects.select_related("team", "level", "channel")
            case = rows.get(text__summary__startswith=f"Number {number} is")
            facts = case_facts(policy, document(number))
            expected = decide(policy, facts)
            outcome = case.decisions.get().outcome
            assert (case.team.key, case.level.key, case.channel.key, case.ladder) == tuple(
                expected.values[name] for name in ("owner", "level", "channel", "ladder")
            ), case
            for clock in case.clocks.exclude(kind="tier").exclude(kind="statutory"):
                target = expected.values["targets"][clock.kind]
                wall = Wall(law.calendar_of(clock.calendar_id))
                due = (
                    one_question_a_minute(wall, clock.started_at, target.seconds)
                    if target.basis == "business"
                    else clock.started_at + dt.timedelta(seconds=target.seconds)
                )
                assert (clock.target_s, clock.due_at) == (target.seconds, due), (case, clock, outcome)
            assert broken(case) is None
