"""Time as the desk writes it, and the order in which it puts cases."""

from __future__ import annotations

import datetime as dt

import pytest
from django.template import Context, Template
from django.utils import timezone

from escalations.models import NEVER, Case
from escalations.selectors import radar, wording
from escalations.selectors.radar import Lane, Row
from tests.factories.desk import NOW, Desk

HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "under 1 min"),
        (59, "under 1 min"),
        (60, "1 min"),
        (35 * 60 + 59, "35 min"),
        (3600, "1 h"),
        (2 * 3600 + 10 * 60, "2 h 10"),
        (3 * 3600 + 5 * 60, "3 h 05"),
        (24 * 3600, "1 d"),
        (2 * 86_400 + 3 * 3600, "2 d 3 h"),
        (9 * 86_400 + 23 * 3600, "9 d 23 h"),
        (16 * 86_400 + 3 * 3600, "16 d"),
        (-35 * 60, "35 min"),
    ],
)
def test_a_span_is_written_in_two_units_at_most(seconds: int, said: str) -> None:
    assert wording.span(seconds) == said


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (dt.timedelta(hours=2, minutes=10), "2 h 10 left"),
        (dt.timedelta(seconds=1), "under 1 min left"),
        (dt.timedelta(0), "late under 1 min"),
        (dt.timedelta(minutes=-35), "late 35 min"),
    ],
)
def test_what_is_left_is_said_and_late_begins_with_the_due_second(after: dt.timedelta, said: str) -> None:
    assert wording.left_in_words(NOW + after, NOW) == said


def test_a_moment_is_shown_in_the_readers_zone_with_the_zone_written_out() -> None:
    with timezone.override("Asia/Kolkata"):
        assert wording.moment(NOW).startswith("Mon 23 Nov")
        assert wording.full_moment(NOW) == "Monday 23 November 2026, 14:30 (Asia/Kolkata)"


@pytest.mark.parametrize(
    ("after", "lane"),
    [
        (dt.timedelta(0), Lane.LATE),
        (dt.timedelta(seconds=1), Lane.SOON),
        (radar.SOON, Lane.SOON),
        (radar.SOON + dt.timedelta(seconds=1), Lane.CALM),
    ],
)
def test_lanes(after: dt.timedelta, lane: Lane) -> None:
    assert radar.lane_of(NOW + after, NOW) is lane


def test_nothing_runs_is_a_lane_of_its_own() -> None:
    assert radar.lane_of(NEVER, NOW) is radar.lane_of(None, NOW) is Lane.STILL


def written(due: dt.datetime | None, because: str = "") -> str:
    template = Template("{% load desk %}{% time_left due now because %}")
    return template.render(Context({"due": due, "now": NOW, "because": because}))


def test_time_left_has_words_a_shape_and_the_exact_moment_for_everybody() -> None:
    late = written(NOW - HOUR)
    assert "late 1 h" in late
    assert "due-late" in late
    assert 'aria-hidden="true"' in late, "the icon is not read out"
    assert late.count("Monday 23 November 2026") == 2, "on hover and for screen readers"
    assert "paused: waiting for the party" in written(None, "waiting for the party")


def test_what_is_written_is_escaped() -> None:
    assert "<script>" not in written(None, "<script>alert(1)</script>")


def test_the_oldest_small_cases_do_not_starve(desk: Desk) -> None:
    old = desk.open(at=NOW, assign=False, party={"kind": "buyer", "external_id": "B-1"})
    new = desk.open(at=NOW, assign=False, party={"kind": "buyer", "external_id": "B-2"})
    Case.objects.filter(pk=old.pk).update(severity_band=0, opened_at=NOW - radar.AGEING * 3, radar_at=NOW + 9 * HOUR)
    Case.objects.filter(pk=new.pk).update(severity_band=1, opened_at=NOW, radar_at=NOW + HOUR)
    ordered = list(radar.by_severity(Case.objects.all(), NOW))
    assert [case.pk for case in ordered] == [old.pk, new.pk]
    for case in ordered:
        assert case.aged == radar.aged_band(case.severity_band, case.opened_at, NOW)  # type: ignore[attr-defined]


@pytest.mark.parametrize("days", range(0, 40, 3))
@pytest.mark.parametrize("band", range(4))
def test_the_database_ages_bands_as_the_rule_does(desk: Desk, band: int, days: int) -> None:
    case = desk.open(assign=False)
    Case.objects.filter(pk=case.pk).update(severity_band=band, opened_at=NOW - dt.timedelta(days=days))
    row = radar.by_severity(Case.objects.all(), NOW).get()
    assert row.aged == radar.aged_band(band, row.opened_at, NOW)  # type: ignore[attr-defined]
    assert row.aged >= band
    assert row.aged < Case.Band.CRITICAL or band == Case.Band.CRITICAL, "age alone makes nothing critical"


def test_one_persons_work_goes_late_soon_rest_and_by_band_within() -> None:
    def row(pk: int, lane: Lane, band: int, hours: int) -> Row:
        return Row(Case(pk=pk, severity_band=band, opened_at=NOW, radar_at=NOW + hours * HOUR), lane, band)

    late_small, late_big = row(1, Lane.LATE, 1, -9), row(2, Lane.LATE, 3, -1)
    soon, calm, still = row(3, Lane.SOON, 0, 1), row(4, Lane.CALM, 3, 3), row(5, Lane.STILL, 3, 0)
    found = radar.in_order([still, calm, soon, late_small, late_big])
    assert [item.case.pk for item in found] == [2, 1, 3, 4, 5]
