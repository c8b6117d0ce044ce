"""Tampering directly in SQL, with the triggers off: for every column of what is on record, and every way to take away.

Columns come from the models: one that is added later is tampered with here, or is listed in UNCOVERED with its reason.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, models, transaction

from escalations import append_only
from escalations.models import (
    CHAIN_FIELDS,
    AccessEntry,
    AccessHead,
    AccessReview,
    Anchor,
    AnchorPart,
    Case,
    Event,
    EventPayload,
)
from escalations.services import anchoring, noting, record, replies, roles, sweep, verifying
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]

MINUTE = dt.timedelta(minutes=1)

#: Columns that nothing seals, each with its reason.
UNCOVERED: dict[tuple[type[models.Model], str], str] = {
    (Event, "id"): "where the row lies; words and reviews that point at it are found when it moves",
    (AccessEntry, "id"): "where the row lies; reviews that point at it are found when it moves",
    (record.HistoricalCase, "history_id"): "where the row lies; its place among the others is held by their order",
    (AnchorPart, "id"): "where the row lies; anchor and place say whose it is",
}
TABLES: tuple[type[models.Model], ...] = (
    Event, EventPayload, record.HistoricalCase, AccessEntry, AccessHead, AccessReview, Anchor, AnchorPart,
)  # fmt: skip


@contextmanager
def by_hand() -> Iterator[Any]:
    """A cursor of somebody who may do everything on the database: no triggers, no foreign keys. All of it is undone."""
    with transaction.atomic():
        append_only.unguard(connection)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            else:
                cursor.execute("PRAGMA defer_foreign_keys = ON")
            yield cursor
        transaction.set_rollback(True)


class Record:
    """A desk with a record: two cases that had the same acts, a third that is quiet, looks, a review, two anchors."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.one, self.two = (self._worked_on(f"B-{number}") for number in (1, 2))
        self.quiet = desk.open(party={"kind": "buyer", "external_id": "B-3"})
        sweep.sweep(now=NOW + dt.timedelta(hours=30))
        anchoring.take(now=NOW + dt.timedelta(hours=31))
        for case in (self.one, self.two):
            self.act(case, 40)
        mia, auditor = desk.user("mia"), desk.user("ana")
        auditor.groups.add(roles.group_of("auditor"))
        looks = [
            noting.note(kind="read", person=person, cases=[self.one.pk], now=NOW + number * MINUTE, data={"case": 1})
            for number in range(3)
            for person in (mia, desk.user("jon"))
        ]
        self.look = looks[2]
        noting.review(entry_ids=[looks[2].pk], actor=desk.user("ana"), now=NOW, note_text="seen")
        anchoring.take(now=NOW + dt.timedelta(hours=48))
        self.columns = {model: self._columns(model) for model in TABLES}
        assert verifying.verify().findings == []

    def _worked_on(self, party: str) -> Case:
        case = self.desk.held_by("mia", party={"kind": "buyer", "external_id": party})
        for number in range(3):
            self.act(case, number)
        return case

    def act(self, case: Case, number: int) -> None:
        replies.note(case_id=case.pk, actor=self.desk.by("mia"), now=NOW + number * MINUTE, body=f"words {number}")

    @staticmethod
    def _columns(model: type[models.Model]) -> list[models.Field[Any, Any]]:
        return [column for column in model._meta.concrete_fields if (model, column.name) not in UNCOVERED]

    def victim(self, model: type[models.Model]) -> models.Model:
        """A row in the middle of things."""
        rows = model._base_manager.order_by("pk")
        if model is EventPayload:
            return rows.filter(event__case_id=self.one.pk)[1]
        if model is Event:
            return rows.filter(case_id=self.one.pk, commitment__gt="", history_digest__gt="")[1]
        if model is record.HistoricalCase:
            return rows.filter(id=self.one.pk)[1]
        if model is AccessEntry:
            return rows.get(pk=self.look.pk)
        if model is AccessHead:
            return rows.get(pk=self.desk.user("mia").pk)
        return rows.first()


@pytest.fixture
def kept(desk: Desk) -> Record:
    return Record(desk)


def table(model: type[models.Model]) -> str:
    return model._meta.db_table


def other(column: models.Field[Any, Any], value: Any, row: models.Model) -> Any:
    """Another value of a column, of the same kind."""
    kind = column.get_internal_type()
    if column.is_relation:
        kind = column.target_field.get_internal_type()
    if kind == "JSONField":
        return {**value, "planted": 1}
    if kind == "BooleanField":
        return not value
    if kind == "DateTimeField":
        return value + dt.timedelta(microseconds=1) if value else NOW
    if kind == "BinaryField":
        return bytes(value)[:-1] + bytes([bytes(value)[-1] ^ 1])
    if "Integer" in kind or "AutoField" in kind:
        return elsewhere(column, value, row)
    if not value:
        return "a" * min(column.max_length or 8, 8)
    return value[:-1] + ("0" if value[-1] != "0" else "1")


def elsewhere(column: models.Field[Any, Any], value: Any, row: models.Model) -> int:
    """Another number, that of another row where there is a fitting one."""
    if isinstance(row, EventPayload):
        return Event.objects.filter(payload__isnull=True).values_list("pk", flat=True)[0]
    if isinstance(row, AccessReview) and column.name in ("entry", "recorded"):
        return AccessEntry.objects.exclude(pk__in=[row.entry_id, row.recorded_id]).values_list("pk", flat=True)[0]
    return (value or 0) + (1 if "Small" in column.get_internal_type() else 1_000_003)


def set_column(cursor: Any, row: models.Model, column: models.Field[Any, Any], value: Any) -> None:
    told = column.get_db_prep_save(value, connection)
    pk = row._meta.pk
    cursor.execute(f'UPDATE {table(type(row))} SET "{column.column}" = %s WHERE "{pk.column}" = %s', [told, row.pk])


def found() -> list[verifying.Finding]:
    return verifying.verify().findings


def of(case: Case) -> list[verifying.Finding]:
    return [one for one in found() if one.what == "case" and one.id == case.pk]


# -------------------------------------------------------------------------------------------------- every single column


def columns_changed(kept: Record) -> Iterator[tuple[str, bool]]:
    for model, columns in kept.columns.items():
        for column in columns:
            row = kept.victim(model)
            with by_hand() as cursor:
                set_column(cursor, row, column, other(column, getattr(row, column.attname), row))
                yield f"{model.__name__}.{column.name}", bool(found())


def case_columns_changed(kept: Record) -> Iterator[tuple[str, bool]]:
    """The case row itself: its state against the last history row, its head against the chain."""
    for column in Case._meta.concrete_fields:
        case = Case.objects.get(pk=kept.one.pk)
        with by_hand() as cursor:
            set_column(cursor, case, column, other(column, getattr(case, column.attname), case))
            yield f"Case.{column.name}", bool(found())


def test_every_column_that_is_there_is_tampered_with_or_said_to_be_uncovered() -> None:
    named = {(model, name) for model, name in UNCOVERED}
    there = {(model, column.name) for model in TABLES for column in model._meta.concrete_fields}
    assert named <= there
    assert all(reason for reason in UNCOVERED.values())
    assert set(CHAIN_FIELDS) <= {column.name for column in Case._meta.concrete_fields}


# ------------------------------------------------------------------------------------------------------ rows as a whole


def rows_deleted(kept: Record) -> Iterator[tuple[str, bool]]:
    for model in TABLES:
        if model in (EventPayload, AccessReview):
            continue
        row = kept.victim(model)
        with by_hand() as cursor:
            cursor.execute(f"DELETE FROM {table(model)} WHERE {row._meta.pk.column} = %s", [row.pk])
            yield f"{model.__name__}: the one in the middle", bool(found())
    with by_hand() as cursor:
        cursor.execute(f"DELETE FROM {table(AccessReview)}")
        yield "AccessReview: its row", bool(found())
    for model, key in ((Event, "case_id"), (record.HistoricalCase, "id")):
        with by_hand() as cursor:
            cursor.execute(f"DELETE FROM {table(model)} WHERE {key} = %s", [kept.one.pk])
            yield f"{model.__name__}: all of a case", bool(of(kept.one))


def rows_inserted(kept: Record) -> Iterator[tuple[str, bool]]:
    for model in (Event, record.HistoricalCase, AccessEntry):
        row = kept.victim(model)
        with by_hand():
            row.pk = None
            if model is not record.HistoricalCase:
                row.seq += 1000
            row._state.adding = True
            model._base_manager.bulk_create([row])
            yield f"{model.__name__}: a copy of one at the end", bool(found())
    for model, key in ((Event, "case_id"), (AccessEntry, "chain")):
        row = kept.victim(model)
        with by_hand() as cursor:
            where = [getattr(row, key), row.seq]
            cursor.execute(f"UPDATE {table(model)} SET seq = seq + 5000 WHERE {key} = %s AND seq > %s", where)
            cursor.execute(f"UPDATE {table(model)} SET seq = seq - 4999 WHERE {key} = %s AND seq > 5000", where[:1])
            row.pk, row.seq = None, row.seq + 1
            row._state.adding = True
            model._base_manager.bulk_create([row])
            yield f"{model.__name__}: between two, the rest renumbered", bool(found())
    case = Case.objects.get(pk=kept.one.pk)
    with by_hand():
        case.pk, case.reference = 999_999, "TL-2026-999999"
        Case.objects.bulk_create([case])
        yield "Case: one that nobody opened", bool(found())
    event = Event.objects.filter(case=kept.quiet, commitment="").first()
    assert event is not None
    with by_hand():
        EventPayload.objects.bulk_create([EventPayload(event=event, salt="ab" * 16, body={"planted": True})])
        yield "EventPayload: words for an event that had none", bool(of(kept.quiet))


def rows_swapped(kept: Record) -> Iterator[tuple[str, bool]]:
    """Genuine rows in the wrong place: between two cases or people, or two of the same."""
    pairs: list[tuple[str, type[models.Model], str, Sequence[Any]]] = []
    for model, key, mine, theirs in (
        (Event, "case_id", kept.one.pk, kept.two.pk),
        (AccessEntry, "chain", kept.desk.user("mia").pk, kept.desk.user("jon").pk),
    ):
        rows = model._base_manager
        a, b = rows.get(**{key: mine, "seq": 2}), rows.get(**{key: theirs, "seq": 2})
        c = rows.get(**{key: mine, "seq": 3})
        pairs += [
            (f"{model.__name__} between two", model, key, (a, b)),
            (f"{model.__name__} of one", model, "seq", (a, c)),
        ]
    history = record.HistoricalCase.objects
    a, b = history.filter(id=kept.one.pk)[1], history.filter(id=kept.two.pk)[1]
    pairs.append(("HistoricalCase between two cases", record.HistoricalCase, "id", (a, b)))
    pairs.append(("HistoricalCase of one", record.HistoricalCase, "history_id", history.filter(id=kept.one.pk)[1:3]))
    a, b = (EventPayload.objects.filter(event__case=case)[1] for case in (kept.one, kept.two))
    pairs.append(("EventPayload between two cases", EventPayload, "event_id", (a, b)))
    for name, model, column, (first, second) in pairs:
        with by_hand() as cursor:
            _swap(cursor, model, column, first, second)
            yield name, bool(found())


def _swap(cursor: Any, model: type[models.Model], column: str, first: Any, second: Any) -> None:
    pk = model._meta.pk.column
    one, two = getattr(first, column), getattr(second, column)
    aside = 700_000_001
    keys = (first.pk, second.pk) if column != pk else (one, two)
    for value, key in ((aside, keys[0]), (one, keys[1])):
        cursor.execute(f"UPDATE {table(model)} SET {column} = %s WHERE {pk} = %s", [value, key])
    last = keys[0] if column != pk else aside
    cursor.execute(f"UPDATE {table(model)} SET {column} = %s WHERE {pk} = %s", [two, last])


def ends_cut_off(kept: Record) -> Iterator[tuple[str, bool]]:
    last = Event.objects.filter(case=kept.one).order_by("seq").last()
    assert last is not None
    with by_hand() as cursor:
        _cut(cursor, kept.one, last.seq - 2)
        yield "the last events", [one.how for one in of(kept.one)][:1] == ["truncated"]
    with by_hand() as cursor:
        _cut(cursor, kept.one, last.seq - 2)
        before = Event.objects.get(case=kept.one, seq=last.seq - 2)
        cursor.execute(
            f"UPDATE {table(Case)} SET chain_seq = %s, chain_mac = %s WHERE id = %s",
            [before.seq, before.mac, kept.one.pk],
        )
        yield "the last events with the head, without its key", [one.how for one in of(kept.one)][:1] == ["head"]
    mia = kept.desk.user("mia").pk
    with by_hand() as cursor:
        cursor.execute(f"DELETE FROM {table(AccessReview)}")
        cursor.execute(f"DELETE FROM {table(AccessEntry)} WHERE chain = %s AND seq > 2", [mia])
        yield "the last looks of a person", any(one.what == "access" for one in found())
    with by_hand() as cursor:
        cursor.execute(f"DELETE FROM {table(AnchorPart)} WHERE anchor_id = 1")
        cursor.execute(f"DELETE FROM {table(Anchor)} WHERE number = 1")
        yield "the first anchor", any(one.what == "anchor" for one in found())


def _cut(cursor: Any, case: Case, seq: int) -> None:
    inner = f"SELECT id FROM {table(Event)} WHERE case_id = %s AND seq > %s"
    cursor.execute(f"DELETE FROM {table(EventPayload)} WHERE event_id IN ({inner})", [case.pk, seq])
    cursor.execute(f"DELETE FROM {table(Event)} WHERE case_id = %s AND seq > %s", [case.pk, seq])


# ----------------------------------------------------------------------------------------------- what only anchors show


def whole_things(kept: Record) -> Iterator[tuple[str, bool]]:
    with by_hand() as cursor:
        remove(cursor, kept.quiet)
        say = f"the case is gone: anchor 1 saw it at {kept.quiet.chain_seq}"
        yield "a whole case removed", [one.says[: len(say) - 2] for one in of(kept.quiet)] == [say[:-2]]
    with by_hand() as cursor:
        remove(cursor, kept.one, but_the_row=True)
        yield "all but a case's row removed", bool(of(kept.one))
    mia = kept.desk.user("mia").pk
    with by_hand() as cursor:
        cursor.execute(f"DELETE FROM {table(AccessReview)}")
        cursor.execute(f"DELETE FROM {table(AccessEntry)} WHERE chain = %s", [mia])
        cursor.execute(f"DELETE FROM {table(AccessHead)} WHERE chain = %s", [mia])
        yield "all looks of a person removed", any((one.what, one.id) == ("access", mia) for one in found())


def remove(cursor: Any, case: Case, *, but_the_row: bool = False) -> None:
    """Everything that belongs to a case, and the case."""
    _cut(cursor, case, 0)
    cursor.execute(f"DELETE FROM {table(record.HistoricalCase)} WHERE id = %s", [case.pk])
    if not but_the_row:
        # What else hangs on it has no part in the record; a forger would remove it as well.
        cursor.execute(f"DELETE FROM {table(Case)} WHERE id = %s", [case.pk])


def set_back(kept: Record) -> Iterator[tuple[str, bool]]:
    """A case is set back to a state that it truly had, with its head, as one would from a backup."""
    before = Case.objects.get(pk=kept.two.pk)
    rows = record.HistoricalCase.objects.filter(id=kept.two.pk).count()
    kept.act(kept.two, 50)
    anchoring.take(now=NOW + dt.timedelta(hours=72))
    with by_hand() as cursor:
        _cut(cursor, kept.two, before.chain_seq)
        surplus = record.HistoricalCase.objects.filter(id=kept.two.pk).order_by("history_id")[rows:]
        for row in surplus:
            cursor.execute(f"DELETE FROM {table(record.HistoricalCase)} WHERE history_id = %s", [row.pk])
        for column in Case._meta.concrete_fields:
            set_column(cursor, before, column, getattr(before, column.attname))
        assert verifying.verify(case=before).findings[0].how == "set_back"
        yield "a case with its head, history and state", [one.how for one in of(kept.two)] == ["set_back"]


KINDS: dict[str, Callable[[Record], Iterator[tuple[str, bool]]]] = {
    "a column changed": columns_changed,
    "a column of a case changed": case_columns_changed,
    "a row deleted": rows_deleted,
    "a row inserted": rows_inserted,
    "rows swapped": rows_swapped,
    "an end cut off": ends_cut_off,
    "a whole removed": whole_things,
    "set back": set_back,
}


def test_whatever_is_done_to_the_record_is_found(kept: Record, capsys: pytest.CaptureFixture[str]) -> None:
    tried: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    missed = []
    for kind, attempts in KINDS.items():
        for name, noticed in attempts(kept):
            tried[kind] += 1
            seen[kind] += noticed
            if not noticed:
                missed.append(f"{kind}: {name}")
    with capsys.disabled():
        print(f"\n  tampering on {connection.vendor:10} tried  found")
        for kind, number in tried.items():
            print(f"  {kind:27} {number:5}  {seen[kind]:5}")
        print(f"  {'all':27} {tried.total():5}  {seen.total():5}   uncovered columns: {len(UNCOVERED)}")
    assert missed == []
    assert found() == [], "nothing of it is left"


def test_erased_words_are_no_break(kept: Record) -> None:
    with by_hand() as cursor:
        cursor.execute(f"DELETE FROM {table(EventPayload)}")
        assert found() == []


def test_the_database_refuses_by_itself(kept: Record) -> None:
    for model in (Event, AccessEntry, AccessReview, Anchor, AnchorPart):
        row = kept.victim(model)
        for sql in (f"DELETE FROM {table(model)}", f"UPDATE {table(model)} SET {row._meta.pk.column} = 1"):
            with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
