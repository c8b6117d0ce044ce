"""Which span of retention holds: the nearest region first, in it the longest code of the category."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from escalations.core.calendar import Calendar
from escalations.core.policy import Keeping, Policy, Span
from escalations.core.retention import kept_for, kept_since, kept_until, shortest
from tests.core.policies import market_document

DAY = 86_400


def policy(**retention: Any) -> Policy:
    document = market_document()
    document["central"]["retention"] = retention
    return Policy.model_validate(document)


LAW = {
    "closed": {"elapsed": "P100D"},
    "categories": {"order": {"elapsed": "P90D"}, "order.damaged": {"elapsed": "P80D"}},
    "regions": {
        "eu": {"closed": {"elapsed": "P60D"}, "categories": {"order": {"elapsed": "P50D"}}},
        "eu-de": {"categories": {"counterfeit": {"elapsed": "P40D"}}},
    },
}


@pytest.mark.parametrize(
    ("category", "region", "days"),
    [
        ("order.damaged", "us", 80),
        ("order.late", "us", 90),
        ("counterfeit", "us", 100),
        ("counterfeit", "eu-de", 40),
        ("order.damaged", "eu-de", 50),
        ("seller.appeal", "eu-de", 60),
        ("nothing.known", "nowhere", 100),
    ],
)
def test_who_says_how_long(category: str, region: str, days: int) -> None:
    assert kept_for(policy(**LAW), category=category, region=region).seconds == days * DAY


def test_the_shortest_bounds_the_search() -> None:
    assert shortest(policy(**LAW)) == 40 * DAY
    assert shortest(policy(closed={"elapsed": "P7D"})) == 7 * DAY


def test_unknown_regions_and_categories_are_refused() -> None:
    wrong = {"closed": {"elapsed": "P7D"}, "regions": {"atlantis": {"categories": {"fish": {"elapsed": "P1D"}}}}}
    with pytest.raises(ValidationError) as caught:
        policy(**wrong)
    assert {".".join(map(str, item["loc"])) for item in caught.value.errors()} == {
        "central.retention.regions.atlantis",
        "central.retention.regions.atlantis.categories.fish",
    }


def test_a_law_that_says_nothing_by_region_keeps_its_digest() -> None:
    """The field is new: documents written before it read and digest as before."""
    assert "regions" not in policy(closed={"elapsed": "P7D"}).document()["central"]["retention"]


# --------------------------------------------------------------------------------------------------------------- years

BERLIN = Calendar(timezone="Europe/Berlin", weekly_hours={"mon": [["09:00", "17:00"]]})
UTC = Calendar(timezone="UTC", weekly_hours={"mon": [["09:00", "17:00"]]})


def years(count: int) -> Keeping:
    return Keeping.model_validate({"elapsed": f"P{count}Y"})


def berlin(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("count", "closed", "until"),
    [
        (10, (2026, 11, 23, 10), (2036, 11, 23, 10)),
        (6, (2026, 7, 1, 0, 30), (2032, 7, 1, 0, 30)),  # still June in UTC
        (10, (2028, 2, 29, 12), (2038, 3, 1)),
        (4, (2028, 2, 29, 12), (2032, 2, 29, 12)),
        (1, (2026, 3, 28, 12), (2027, 3, 28, 12)),  # summer time has begun by then: an hour short of 365 days
    ],
)
def test_years_end_on_the_same_day_and_hour_of_the_calendars_zone(
    count: int, closed: tuple[int, int, int], until: tuple[int, int, int]
) -> None:
    assert kept_until(years(count), at=berlin(*closed), calendar=BERLIN) == berlin(*until)


instants = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2060, 1, 1), timezones=st.just(dt.UTC)).map(
    lambda at: at.replace(microsecond=0)
)
leap_days = st.builds(
    lambda year, hour: dt.datetime(year, 2, 29, hour, tzinfo=dt.UTC),
    st.sampled_from([2004, 2024, 2028, 2032]), st.integers(0, 23),
)  # fmt: skip
spans = st.one_of(
    st.integers(1, 99).map(years), st.integers(1, 36_600).map(lambda n: Keeping.model_validate({"elapsed": f"P{n}D"}))
)


@given(spans, instants | leap_days, instants | leap_days, st.integers(-1, 1))
def test_looking_back_finds_what_is_due_and_nothing_else(
    span: Keeping, at: dt.datetime, now: dt.datetime, off: int
) -> None:
    for moment in (now, kept_until(span, at=at, calendar=UTC) + dt.timedelta(seconds=off)):
        assert (at <= kept_since(span, now=moment)) == (kept_until(span, at=at, calendar=UTC) <= moment)


@given(st.integers(1, 99), instants | leap_days)
def test_years_last_at_least_what_the_search_is_bounded_by(count: int, at: dt.datetime) -> None:
    bound = shortest(policy(closed={"elapsed": f"P{count}Y"}))
    assert kept_until(years(count), at=at, calendar=BERLIN) - at > dt.timedelta(seconds=bound)


def test_years_are_kept_as_they_are_written_and_days_as_ever() -> None:
    law = {
        "closed": {"elapsed": "P400D"},
        "categories": {"order": {"business": "PT900H"}},
        "regions": {"eu": {"closed": {"elapsed": "P7D"}}},
    }
    # Made before years could be said.
    assert policy(**law).digest == "59f5a5549bb32c0a652145e0925a796af2740e51d2bbf41b57c14774a86dc29b"
    longer = policy(**law | {"closed": {"elapsed": "P10Y"}, "categories": {"order": {"elapsed": "P2192D"}}})
    written = longer.document()["central"]["retention"]
    assert (written["closed"], written["categories"]) == ({"elapsed": "P10Y"}, {"order": {"elapsed": "PT52608H"}})
    assert Policy.model_validate(longer.document()) == longer
    assert set(Policy.model_json_schema()["$defs"]["Keeping"]["properties"]) == {"business", "elapsed"}


@pytest.mark.parametrize(
    "written",
    [
        {"elapsed": "P0Y"},
        {"elapsed": "P100Y"},
        {"elapsed": "P1Y6M"},
        {"elapsed": "P40000D"},
        {"business": "P6Y"},
        {"business": "PT10000H"},
        {"elapsed": "P1D", "years": 5},
        {"elapsed": "P1Y", "business": "PT1H"},
    ],
)
def test_what_is_no_length_of_keeping(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Keeping.model_validate(written)


def test_promises_take_no_years() -> None:
    for written in ({"elapsed": "P1Y"}, {"elapsed": "P401D"}):
        with pytest.raises(ValidationError):
            Span.model_validate(written)
