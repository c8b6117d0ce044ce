"""Field keys rotate: everything reads before, during and after, and a key that is missing is named."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from escalations import keys
from escalations.management import checkup
from escalations.models import Indicator, Party
from escalations.selectors.caselist import _search
from escalations.selectors.health import health
from escalations.services.privacy import rotation
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]

OLD, NEW = ("field-1", b"\x01" * 32), ("field-9", b"\x09" * 32)


def use(settings: Any, *pairs: tuple[str, bytes]) -> None:
    settings.THROUGHLINE_KEYS = {**settings.THROUGHLINE_KEYS, "field": list(pairs)}


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, email, phone FROM escalations_party ORDER BY id")
        return " ".join(value for row in cursor.fetchall() for value in row)


def somebody(desk: Desk, number: int) -> Party:
    party = {
        "kind": "buyer",
        "name": f"Jane {number}",
        "email": f"jane{number}@example.org",
        "phone": "+49 30 12345678",
    }
    return desk.open(party=party, assign=False).party


def reads(desk: Desk, parties: list[Party]) -> None:
    """Every field reads, search by address finds, and who writes again is known."""
    for number, party in enumerate(parties):
        row = Party.objects.get(pk=party.pk)
        assert (row.name, row.email) == (f"Jane {number}", f"jane{number}@example.org")
        assert somebody(desk, number).pk == party.pk, "found again by the address"
    found = Party.objects.filter(cases__in=parties[0].cases.filter(_search("jane0@example.org", desk.user("finder"))))
    assert set(found) == {parties[0]}


@pytest.fixture(autouse=True)
def _finder(desk: Desk) -> None:
    desk.person("finder", team="orders", parts=("general:specialists",))


def test_everything_reads_before_during_and_after(desk: Desk, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    use(settings, OLD)
    parties = [somebody(desk, number) for number in range(5)]
    case = parties[0].cases.get()
    row = {"type": "other", "source": "s", "confidence": 1, "body": "b", "key_id": "field-1"}
    Indicator.objects.create(case=case, actor_kind="user", actor_id="1", at=NOW, **row)
    reads(desk, parties)

    use(settings, NEW, OLD)
    reads(desk, parties)
    assert rotation.rotate(dry_run=True).remaining == {"escalations.Party": 5, "escalations.Indicator": 1}
    assert "field-9:" not in stored()

    written = 0

    def killed(*args: Any) -> None:
        nonlocal written
        written += 1
        if written > 3:
            raise KeyboardInterrupt
        one(*args)

    one = rotation._one
    with monkeypatch.context() as patch:
        patch.setattr(rotation, "_one", killed)
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate(batch=2)
    assert 0 < sum(rotation.rotate(dry_run=True).remaining.values()) < 6, "batches that were done stay done"
    reads(desk, parties)

    out = StringIO()
    call_command("rotate_field_keys", stdout=out)
    assert "under 'field-9'" in out.getvalue()
    assert "field-1:" not in stored()
    use(settings, NEW)
    reads(desk, parties)
    assert Indicator.objects.get().body == "b"
    assert set(Party.objects.values_list("key_id", flat=True)) == {"field-9"}
    call_command("rotate_field_keys", stdout=out)
    assert "the older ones may go" in out.getvalue()


def test_a_key_taken_away_too_early_is_named(desk: Desk, settings: Any) -> None:
    use(settings, OLD)
    lost = somebody(desk, 0)
    use(settings, NEW)
    somebody(desk, 1)
    out = StringIO()
    with pytest.raises(CommandError, match=r"1 rows of escalations\.Party need the key 'field-1': put it back"):
        call_command("rotate_field_keys", json=True, stdout=out)
    assert json.loads(out.getvalue())["key_not_configured"] == [
        {"table": "escalations.Party", "key": "field-1", "rows": 1}
    ]
    now = timezone.now()
    (finding,) = checkup.keys_in_use(now, health(now))
    assert (finding.level, "field key 'field-1'" in finding.say) == ("fail", True)
    with pytest.raises(LookupError, match="field key 'field-1' is not configured: add it to THROUGHLINE_FIELD_KEYS"):
        _ = Party.objects.get(pk=lost.pk).name


def test_a_value_that_was_changed_is_counted_and_left(desk: Desk, settings: Any) -> None:
    use(settings, OLD)
    party = somebody(desk, 0)
    use(settings, NEW, OLD)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE escalations_party SET name = 'field-1:tampered' WHERE id = %s", [party.pk])
    with pytest.raises(CommandError, match=r"1 rows of escalations\.Party do not open"):
        call_command("rotate_field_keys", stdout=StringIO())


def test_rows_indexed_under_the_last_key_of_a_list_are_found(desk: Desk, settings: Any) -> None:
    """As indexes were made before they could rotate."""
    use(settings, OLD)
    index = keys.blind_index("email", "jane0@example.org")
    use(settings, NEW, OLD)
    party = somebody(desk, 0)
    Party.objects.filter(pk=party.pk).update(email_index=index)
    assert somebody(desk, 0).pk == party.pk
