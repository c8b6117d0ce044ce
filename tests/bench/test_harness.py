"""The benches' own plumbing: what a result looks like, and when a run has failed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.bench import harness
from tests.bench.__main__ import NAMES, main


@pytest.fixture(autouse=True)
def _nothing_reported() -> Iterator[None]:
    harness._broken.clear()
    yield
    harness._broken.clear()


def test_result_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert harness.report("sweep", 9800, "cases/s", "single-CTE floor", 11200, ">= 0.85")
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "bench": "sweep",
        "value": 9800,
        "unit": "cases/s",
        "against": "single-CTE floor",
        "against_value": 11200,
        "ratio": 0.875,
        "bound": ">= 0.85",
        "holds": True,
    }
    assert harness.exit_status() == 0


def test_one_broken_bound_fails_the_run() -> None:
    assert not harness.report("slow", 3, "s", "limit", 2, "<= 1")
    assert harness.report("quick", 1, "s", "limit", 2, "<= 1")
    assert harness.exit_status() == 1


def test_bound_is_judged_before_rounding() -> None:
    assert not harness.report("near", 0.799999, "x", "one", 1, ">= 0.8")


def test_bound_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match='write ">= N" or "<= N"'):
        harness.report("odd", 1, "s", "limit", 1, "> 1")


def test_skip_says_why_and_neither_holds_nor_fails(capsys: pytest.CaptureFixture[str]) -> None:
    harness.skip("sweep", "no PostgreSQL here")
    assert json.loads(capsys.readouterr().out) == {"bench": "sweep", "skipped": "no PostgreSQL here"}
    assert harness.exit_status() == 0


def test_measures_are_taken_in_turn_and_told_by_their_median() -> None:
    order: list[str] = []
    ours, theirs = iter([5.0, 1.0, 9.0, 2.0, 3.0]), iter([10.0] * 5)

    def measure(name: str, values: Iterator[float]) -> float:
        order.append(name)
        return next(values)

    assert harness.side_by_side(lambda: measure("ours", ours), lambda: measure("theirs", theirs)) == [3.0, 10.0]
    assert order == ["ours", "theirs"] * 5


def test_name_that_is_no_bench_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "calendar" in NAMES
    assert main(["calender"]) == 2
    assert "No bench is called calender. There are: " in capsys.readouterr().err
