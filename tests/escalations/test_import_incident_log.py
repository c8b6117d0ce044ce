"""The log of a real service desk, whole: 141,712 events of 24,918 incidents, with the numbers known of it."""

from __future__ import annotations

import csv
import gzip
import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count

from escalations import keys
from escalations.core import chain
from escalations.models import (
    Case,
    CaseText,
    Clock,
    Event,
    Handoff,
    ImportRow,
    Outbox,
    Ownership,
    Party,
    Team,
    Timer,
)
from escalations.services import record
from tests.escalations.importing import run
from tests.factories.desk import Desk

# Committed for real, batch by batch, as in life.
pytestmark = [pytest.mark.data, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CASES, EVENTS = 24_918, 141_712


@pytest.fixture
def log(shared_data: Path) -> Path:
    path = shared_data / "uci_incidents" / "incident_event_log.csv.gz"
    if not path.is_file():
        pytest.skip(f"no incident log at {path}")
    return path


def share(part: int) -> float:
    return round(100 * part / CASES, 1)


def by_case(log: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The log read in the plainest way, to check against."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with gzip.open(log, "rt", encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            found[line["number"]].append(line)
    yield from found.items()


def test_the_incident_log_is_imported_with_every_number_known_of_it(desk: Desk, log: Path, tmp_path: Path) -> None:
    ran = run(tmp_path, log, mapping=Path("incident_event_log"))
    assert ran.status == 0, ran.err
    report = ran.report
    check_report(report)
    check_rows(report)
    check_chains()
    check_some_by_hand(log)

    # Twice is as once.
    again = run(tmp_path, log, mapping=Path("incident_event_log"))
    assert again.status == 0
    assert again.report["cases"] | {"imported": CASES, "imported_before": 0} == report["cases"]
    assert again.report["cases"]["imported"] == 0
    assert again.report["handoffs"] == report["handoffs"]
    check_rows(report)


def check_report(report: dict[str, Any]) -> None:
    assert (report["rows"], report["events"], report["cases"]["imported"]) == (EVENTS, EVENTS, CASES)
    assert report["cases"]["by_status"] == {"closed": CASES}
    assert report["refused"]["rows"] == 0
    handoffs = report["handoffs"]
    assert [share(handoffs["shown"][number]) for number in "012"] == [61.6, 21.3, 8.1]
    assert [share(handoffs["counted"][number]) for number in "012"] == [54.4, 25.0, 9.2]
    assert (handoffs["shown_total"], handoffs["counted_total"]) == (19_088, 23_414)
    assert handoffs["difference"] == 4_326
    assert handoffs["counted_not_shown"] == {"changes": 4_328, "cases": 3_532}
    assert handoffs["shown_not_counted"] == {"changes": 2, "cases": 2}
    assert share(report["reopened"]["shown"]["cases"]) == share(report["reopened"]["counted"]["cases"]) == 1.1
    assert report["reopened"]["counted"] == {"moves": 331, "cases": 275}
    assert report["never_named"]["resolved_at"] == 1_556
    assert report["never_named"]["team"] == 373
    assert report["dated_before_the_step_ahead"] == {"steps": 5, "cases": 5}


def check_rows(report: dict[str, Any]) -> None:
    assert (Case.objects.count(), CaseText.objects.count(), Event.objects.count()) == (CASES, CASES, EVENTS)
    assert (Handoff.objects.count(), record.HistoricalCase.objects.count()) == (19_088, CASES)
    assert ImportRow.objects.filter(state="done", case__isnull=False).count() == CASES
    assert Party.objects.exclude(external_id="").count() == Party.objects.values("external_id").distinct().count() - 1
    assert Party.objects.filter(external_id="").count() == 3
    per_case = Case.objects.annotate(n=Count("handoffs")).values_list("n", flat=True)
    found: dict[str, int] = defaultdict(int)
    for number in per_case:
        found[str(number)] += 1
    assert dict(found) == report["handoffs"]["shown"], "what is reported is what is there"
    counted = [row["handoffs_counted"] for row in ImportRow.objects.values_list("data", flat=True)]
    assert sum(counted) == 23_414, "the log's own count is kept beside each case"
    assert Case.objects.filter(resolved_at__isnull=True).count() == 1_556
    assert Case.objects.filter(team__key="imported:no-group").count() == 373
    assert Case.objects.exclude(ownerships__isnull=False).count() == 373
    assert Team.objects.filter(key__startswith="imported:", retired_at__isnull=True).count() == 0
    assert Ownership.objects.filter(ends_at__isnull=True).count() == 0
    for model in (Clock, Timer, Outbox):
        assert model.objects.count() == 0, "closed cases fire no timers and send no mail"


def check_chains() -> None:
    ring = keys.chain_keys()
    links: dict[int, list[chain.Link]] = defaultdict(list)
    for event in Event.objects.order_by("case_id", "seq").iterator(chunk_size=5_000):
        links[event.case_id].append(record.link_of(event))
    heads = Case.objects.values_list("pk", "chain_seq", "chain_mac", "head_mac", "key_id")
    broken = [found for pk, *head in heads if (found := chain.verify(ring, pk, links[pk], chain.Head(*head)))]
    assert broken == []


def check_some_by_hand(log: Path) -> None:
    """A hundred cases, told anew from the file in the plainest way."""
    cases = dict(by_case(log))
    for number in random.Random(7).sample(sorted(cases), 100):
        rows = cases[number]
        groups = [line["assignment_group"] for line in rows if line["assignment_group"] != "?"]
        moves = [(one, two) for one, two in pairwise(groups) if one != two]
        case = Case.objects.select_related("party", "team", "category").get(external_ref=number)
        shown = case.handoffs.order_by("id").values_list("from_team__key", "to_team__key")
        assert list(shown) == [(f"imported:group-{one}", f"imported:group-{two}") for one, two in moves]
        assert case.team.key == (f"imported:group-{groups[-1]}" if groups else "imported:no-group")
        assert f"{case.opened_at:%Y-%m-%d %H:%M:%S}" == rows[-1]["opened_at"]
        assert f"{case.closed_at:%Y-%m-%d %H:%M:%S}" == rows[-1]["closed_at"]
        assert (f"{case.resolved_at:%Y-%m-%d %H:%M:%S}" if case.resolved_at else "") == rows[-1]["resolved_at"]
        moments = [f"{at:%Y-%m-%d %H:%M:%S}" for at in case.events.order_by("seq").values_list("at", flat=True)]
        assert moments == [line["sys_updated_at"] for line in rows]
        assert case.party.external_id == f"incident-log:{rows[-1]['caller_id']}"
        data = ImportRow.objects.get(case=case).data
        assert data["handoffs_counted"] == int(rows[-1]["reassignment_count"])
        assert data["reopenings_counted"] == int(rows[-1]["reopen_count"])
