"""What all benches share: how a result is told, how times are taken, when a run has failed.

A bench is a module `bench_<name>.py` with a `main()` that calls `report` once for each of its results. Rules for a
fair one: product and rival do the same work on the same data, their results are compared before anything is timed,
and the rival's code is as good as its idea allows.
"""

from __future__ import annotations

import gc
import json
import operator
import re
import time
from collections.abc import Callable
from statistics import median

ROUNDS = 5
_BOUND = re.compile(r"(>=|<=) (\d+(?:\.\d+)?)")
_COMPARE: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}
_broken: list[str] = []


def report(bench: str, value: float, unit: str, against: str, against_value: float, bound: str) -> bool:
    """Print one result as a line of JSON, and say whether its bound holds.

    The bound, such as ">= 0.8" or "<= 2", is on the ratio value / against_value. To hold a value to a limit, give the
    limit as what it is measured against and "<= 1" as the bound. Raises ValueError for a bound of another form.
    """
    match = _BOUND.fullmatch(bound)
    if not match:
        raise ValueError(f'bound {bound!r}: write ">= N" or "<= N"')
    ratio = value / against_value
    holds = _COMPARE[match[1]](ratio, float(match[2]))
    if not holds:
        _broken.append(bench)
    line = {
        "bench": bench,
        "value": _rounded(value),
        "unit": unit,
        "against": against,
        "against_value": _rounded(against_value),
        "ratio": _rounded(ratio),
        "bound": bound,
        "holds": holds,
    }
    print(json.dumps(line), flush=True)
    return holds


def skip(bench: str, why: str) -> None:
    """Say that a bench did not run, and why. A skip is no failure, and no success either: it has no `holds`."""
    print(json.dumps({"bench": bench, "skipped": why}), flush=True)


def exit_status() -> int:
    """1 when any bound reported so far is broken, else 0."""
    return 1 if _broken else 0


def side_by_side(*measures: Callable[[], float], rounds: int = ROUNDS) -> list[float]:
    """The median of each measure over five rounds, each round taking all of them in turn.

    Taken in turn, a busy moment of the machine weighs on product and rival alike.
    """
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [median(column) for column in zip(*taken, strict=True)]


def median_of_five(measure: Callable[[], float]) -> float:
    """The median of five measurements."""
    return side_by_side(measure)[0]


def seconds(work: Callable[[], object]) -> float:
    """How long one run of the work takes, by the wall clock, with no garbage left over from before."""
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def per_second(work: Callable[[], object], count: int) -> float:
    """How many things a second the work does, when one run of it does `count`."""
    return count / seconds(work)


def _rounded(number: float) -> float:
    """Four significant digits: more would claim what a shared machine cannot know."""
    return float(f"{number:.4g}")
