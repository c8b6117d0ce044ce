"""Who may approve a change: stated cases a person can read, and properties for the rest."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.core.deciding import Answer, Standing, may_approve

PROPOSED = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
DAY = 86_400
ANA, BEN, CLARA = 1, 2, 3


@pytest.mark.parametrize(
    ("person", "authors", "deciders", "alone_after_s", "hours", "expected"),
    [
        (BEN, {ANA}, {ANA, BEN}, None, 0, Standing.MAY),
        (ANA, {ANA}, {ANA, BEN}, None, 0, Standing.ANOTHER),
        (ANA, {ANA}, {ANA, BEN}, 1, 999, Standing.ANOTHER),
        (ANA, {ANA, BEN}, {ANA, BEN, CLARA}, DAY, 999, Standing.ANOTHER),
        (ANA, {ANA}, {ANA}, None, 999, Standing.NEVER),
        (ANA, {ANA}, {ANA}, 3 * DAY, 71, Standing.WAITS),
        (ANA, {ANA}, {ANA}, 3 * DAY, 72, Standing.MAY),
        (ANA, {ANA, BEN}, {ANA, BEN}, 3 * DAY, 72, Standing.MAY),  # both wrote it: neither is another
    ],
)
def test_who_may_approve(
    person: int, authors: set[int], deciders: set[int], alone_after_s: int | None, hours: int, expected: Standing
) -> None:
    now = PROPOSED + dt.timedelta(hours=hours)
    found = may_approve(
        person, authors=authors, deciders=deciders, proposed_at=PROPOSED, alone_after_s=alone_after_s, now=now
    )
    assert found.standing is expected


people = st.sets(st.integers(1, 4))


@given(st.integers(1, 4), people, people, st.none() | st.integers(0, 10), st.integers(0, 10))
def test_an_author_never_approves_while_another_could(
    person: int, authors: set[int], others: set[int], alone_after_s: int | None, waited_s: int
) -> None:
    now = PROPOSED + dt.timedelta(seconds=waited_s)
    deciders = others | {person}
    found = may_approve(
        person, authors=authors, deciders=deciders, proposed_at=PROPOSED, alone_after_s=alone_after_s, now=now
    )
    if person not in authors:
        assert found == Answer(Standing.MAY)
    elif deciders - authors:
        assert not found.may
    else:
        assert found.may == (alone_after_s is not None and waited_s >= alone_after_s)
    if found.since is not None:
        assert found.may == (now >= found.since)
