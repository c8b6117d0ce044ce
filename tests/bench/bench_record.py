"""Whether the record is whole, asked of a million events; and an anchor of all their chains.

250,000 cases with four events each: one of them with its history row, two with words. Chains, digests and commitments
are made by the program's own functions, rows are written by COPY (executemany on SQLite).

The floor of `verify_audit` reads the same events by a cursor of the driver and makes each MAC in a plain loop. It looks
at no words, no history, no state, and finds nothing but a MAC that differs: no walk can be faster than that on one
core. The floor of `anchor` reads the ends of the chains likewise and hashes them, and keeps nothing.

Before anything is timed, both say that all holds; afterwards one event is changed, and both find it.

PostgreSQL as it is shipped, and SQLite. THROUGHLINE_BENCH_SCALE=0.1 does the same with a tenth of the cases.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.desks import on_database
from tests.bench.harness import ROUNDS, report, seconds, side_by_side, skip

CASES = max(1_000, round(250_000 * float(os.environ.get("THROUGHLINE_BENCH_SCALE") or 1)))
EACH = 4
CHUNK = 5_000
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
TICK = dt.timedelta(microseconds=1)
AS_SHIPPED = {"autovacuum": "off", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
ROOT = Path(__file__).resolve().parents[2]
VERIFY_BOUND = "<= 6"
"""Beside the MACs the walk makes out five things: words, history rows, the state of each case, the seal of its chain's
end, files. It would be too slow if one of them, on the average, cost more than the whole floor. Set before anything was
measured."""
ANCHOR_BOUND = "<= 4"
"""The floor's reading and hashing, once more for what has moved since the last anchor, and as much again for writing it
down and for signing. Set before anything was measured."""


def main() -> None:
    """Measure, check and report on both databases."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django

    django.setup()
    on_postgres()
    with tempfile.TemporaryDirectory(prefix="throughline-bench-record-") as name:
        measure(f"sqlite:///{Path(name) / 'desk.sqlite3'}", "sqlite")


def on_postgres() -> None:
    """The bounds on PostgreSQL."""
    from tests import postgres

    if reason := postgres.why_not():
        skip("record, postgresql", reason)
        return
    with postgres.running(AS_SHIPPED) as server:
        measure(server.create("desk"), "postgresql")


def measure(url: str, database: str) -> None:
    """Fill a database, time, check and report."""
    environment = os.environ | {"DATABASE_URL": url}
    for command in (
        ["manage.py", "migrate", "-v", "0"],
        ["-m", "tests.factories.installed"],
        ["-m", "tests.bench.bench_record"],
    ):
        subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True)
    with on_database(url):
        assert walked().ok, walked().findings[:3]
        assert different() == 0
        ours, floor = side_by_side(lambda: seconds(walked), lambda: seconds(different), rounds=ROUNDS)
        events = f"{CASES * EACH:,} events"
        report(f"verify_audit, {database}, {events}", ours, "s", "a plain loop of HMAC", floor, VERIFY_BOUND)
        ours, floor = side_by_side(lambda: seconds(anchored), lambda: seconds(hashed), rounds=ROUNDS)
        report(f"anchor, {database}, {CASES:,} chains", ours, "s", "a plain loop of SHA-256", floor, ANCHOR_BOUND)
        spoil()
        assert (walked().broken, different()) == (1, 1)


def walked() -> Any:
    """What `verify_audit` does."""
    from escalations.services import verifying

    return verifying.verify()


def anchored() -> None:
    """What `anchor` does when everything has moved, but for keeping it."""
    from escalations.services import anchoring

    assert anchoring.take(now=NOW, dry_run=True).heads >= CASES


def different() -> int:
    """The floor: every MAC once more, from rows as the driver gives them."""
    from escalations import keys

    ring = keys.chain_keys()
    key, write = (
        ring.key(ring.current),
        json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode,
    )
    found = 0
    for case, seq, kind, actor_kind, actor, at, data, commitment, history, prev, mac in rows_of(
        "SELECT case_id, seq, kind, actor_kind, actor_id, at, data, commitment, history_digest, prev, mac "
        "FROM escalations_event ORDER BY case_id, seq"
    ):
        when = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
        said = write(json.loads(data) if isinstance(data, str) else data)
        text = (
            f"event1|{case}|{seq}|{(when - EPOCH) // TICK}|{len(kind)}|{len(actor_kind)}|{len(actor)}"
            f"|{len(commitment)}|{len(history)}|{len(prev)}|{kind}{actor_kind}{actor}{commitment}{history}{prev}{said}"
        )
        found += hmac.digest(key, text.encode(), "sha256").hex() != mac
    return found


def hashed() -> None:
    """The floor of an anchor: the ends of all chains, read and hashed."""
    total = hashlib.sha256()
    for case, seq, mac in rows_of("SELECT id, chain_seq, chain_mac FROM escalations_case ORDER BY id"):
        total.update(case.to_bytes(8, "big") + seq.to_bytes(4, "big") + bytes.fromhex(mac))


def rows_of(sql: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query by the driver's own cursor: on the server's side where there is one."""
    from django.db import connection

    connection.ensure_connection()
    if connection.vendor == "sqlite":
        yield from connection.connection.execute(sql)
        return
    with connection.connection.transaction(), connection.connection.cursor(name="floor") as cursor:
        cursor.itersize = 2_000
        yield from cursor.execute(sql)


def spoil() -> None:
    """Change one event by hand, past the guard of the database."""
    from django.db import connection

    from escalations import append_only

    append_only.unguard(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE escalations_event SET kind = 'note.changed' WHERE id = {CASES * EACH // 2}")
    append_only.guard(connection)


# ------------------------------------------------------------------------------------------------------------- the desk


def fill() -> None:
    """One case by the service, and the others after its pattern with chains of their own."""
    import django

    django.setup()
    from django.db import connection, transaction

    from escalations.core.actor import Actor
    from escalations.models import Case, Event, EventPayload, PolicyVersion
    from escalations.services import intake, record
    from tests.factories.desk import Desk

    PolicyVersion.objects.update(effective_at=NOW - dt.timedelta(days=30))
    document = Desk.document(Desk.__new__(Desk))
    pattern = intake.open_case(document=document, actor=Actor.integration("shop"), now=NOW, assign=False)
    first = {model: _top(model) + 1 for model in (Case, Event, record.HistoricalCase)}
    actor = Actor.worker("bench")
    for start in range(0, CASES, CHUNK):
        made: dict[Any, list[Any]] = {Case: [], Event: [], EventPayload: [], record.HistoricalCase: []}
        for number in range(start, min(start + CHUNK, CASES)):
            _case(pattern, number, first, made, actor)
        with transaction.atomic():
            for model, rows in made.items():
                _write(connection, model, rows)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _top(model: Any) -> int:
    return int(model.objects.order_by("-pk").values_list("pk", flat=True)[0])


def _case(pattern: Any, number: int, first: dict[Any, int], made: dict[Any, list[Any]], actor: Any) -> None:
    """The rows of one case: its state, one history row, and four events of which two have words."""
    from escalations import mapping
    from escalations.core import chain
    from escalations.models import Case, Event, EventPayload
    from escalations.services import record

    case = Case(**mapping.columns(pattern))
    case.pk, case.reference = first[Case] + number, f"BN-{number}"
    values = record.history_values(mapping.columns(case), now=NOW, actor=actor, reason="open", kind="+")
    head = record.Head(0, chain.GENESIS)
    opened = [record.Entry("case.opened", {"category": "order.damaged"}, {"summary": f"The vase of order {number}"})]
    noted = [
        record.Entry("note.added", {"note": number}, {"body": f"Called about order {number}, nobody answers."}),
        record.Entry("clock.met", {"clock": "first_response", "late": False}),
        record.Entry("case.assigned", {"team": 3, "person": number % 40}),
    ]
    about: dict[str, Any] = {"case_id": case.pk, "head": head, "actor": actor, "now": NOW}
    pairs = record.make_events(entries=opened, history=record.history_digest(values), **about)
    pairs += record.make_events(entries=noted, **about)
    record.seal(case, head)
    row = record.HistoricalCase(**values)
    row.history_id = first[record.HistoricalCase] + number
    for place, (event, words) in enumerate(pairs):
        event.pk = first[Event] + number * EACH + place
        made[Event].append(event)
        if words is not None:
            words.event_id = event.pk
            made[EventPayload].append(words)
    made[Case].append(case)
    made[record.HistoricalCase].append(row)


def _write(connection: Any, model: Any, rows: list[Any]) -> None:
    fields = model._meta.concrete_fields
    table, columns = model._meta.db_table, ", ".join(f'"{field.column}"' for field in fields)
    values = ([field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)


if __name__ == "__main__":
    fill()
