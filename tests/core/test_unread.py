"""For whom a new case is kept: never below what a shift needs, never so that it waits for somebody to read."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from escalations.core.unread import Ready, kept_for


def people(*said: str) -> list[Ready]:
    """People by letters: s staff, f free, k knows."""
    return [Ready(number, "s" in one, "f" in one, "k" in one) for number, one in enumerate(said, 1)]


def test_a_table_to_read() -> None:
    table = [
        (people("sfk", "sf"), 1, {1}),
        (people("sfk", "sf"), 2, None),  # two are needed, one knows
        (people("sfk", "sk", "sf"), 2, {1}),  # who has a full plate is still there
        (people("sk", "sf"), 1, None),  # nobody who knows has room: it does not wait
        (people("fk", "sf"), 1, None),  # off duty does not count
        (people("sf", "sf"), 1, None),
        ([], 1, None),
    ]
    for team, keep, kept in table:
        assert kept_for(team, keep=keep) == kept, (team, keep)


TEAM = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=8).map(
    lambda rows: [Ready(number, *row) for number, row in enumerate(rows)]
)
KEEP = st.integers(1, 5)


@given(TEAM, KEEP)
def test_it_is_kept_for_some_who_know_and_have_room_or_for_everybody(team: list[Ready], keep: int) -> None:
    kept = kept_for(team, keep=keep)
    if kept is None:
        return
    assert kept
    assert all(one.staff and one.free and one.knows for one in team if one.id in kept)
    assert sum(one.staff and one.knows for one in team) >= keep


@given(TEAM, KEEP, st.data())
def test_who_reads_never_gets_less(team: list[Ready], keep: int, data: st.DataObject) -> None:
    if not team:
        return
    one = data.draw(st.sampled_from(team))
    before = kept_for(team, keep=keep)
    after = kept_for([replace(one, knows=True) if other is one else other for other in team], keep=keep)
    if one.staff and one.free and (before is None or one.id in before):
        assert after is None or one.id in after
