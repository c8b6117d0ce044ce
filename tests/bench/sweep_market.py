"""A marketplace at scale for the bench of the sweep: a million open cases, a tenth of them due in each of five rounds.

    40 % rungs, 30 % warnings, 30 % breaches; 20 calendars, 20 teams, 3 policy versions, every case with its chain begun

Registry, law and people are written by the program's own services. The rows by the million are written with SQL, and
are what the services would have written: each clock has the due moment and the timer that the core gives it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROUNDS = 5
FIRST = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)  # a Wednesday; all calendars are open
EVERY = dt.timedelta(minutes=10)
CALENDARS = TEAMS = 20
TARGET_S, WARN = 40 * 3600, (50, 75)
DAY = dt.timedelta(days=1)
ROOT = Path(__file__).resolve().parents[2]

TABLES = ("case", "historicalcase", "event", "outbox", "clock", "timer", "ownership", "escalation")


def moment(number: int) -> dt.datetime:
    """The moment of a round: a tenth of the cases is due then."""
    return FIRST + number * EVERY


def environment(url: str) -> dict[str, str]:
    """The environment of a process that works on a database, with the settings of the suite."""
    return os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings.test"}


def build(url: str, cases: int) -> None:
    """Migrate the empty database at `url` and fill it, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.sweep_market", str(cases)]
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=environment(url), check=True)
    subprocess.run(command, cwd=ROOT, env=environment(url), check=True)


# ------------------------------------------------------------------------------------------------------- law and people


def document(version: int) -> dict[str, Any]:
    """One of the three policies: they differ in their title and in a rung that none of the due cases reaches."""
    from tests.core.policies import base_document

    made = base_document()
    central = made["central"]
    made["title"] = f"Scale {version}"
    central["calendars"] = {f"c{n}": _hours(n) for n in range(CALENDARS)}
    central["regions"] = {f"r{n}": {"name": f"R{n}", "calendar": f"c{n}"} for n in range(CALENDARS)}
    central["teams"] = {f"t{n}": {"name": f"T{n}", "calendar": f"c{n}"} for n in range(TEAMS)}
    for category in central["categories"].values():
        category["owner"] = "t1"
    tell = ["assignee", "team_lead"]
    central["ladders"]["main"]["rungs"] = [
        {"key": "second", "after": {"elapsed": "PT24H"}, "level": "L2", "tell": tell},
        {"key": "head", "after": {"elapsed": "PT48H"}, "level": "L3", "tell": tell},
        {"key": "top", "after": {"elapsed": f"PT{72 + version}H"}, "level": "L4", "tell": tell},
    ]
    return made


def _hours(number: int) -> dict[str, Any]:
    zones = ("Europe/Berlin", "Europe/London", "Europe/Madrid", "Europe/Warsaw", "Africa/Casablanca", "Europe/Athens",
             "Africa/Lagos", "Africa/Cairo", "Europe/Kyiv", "Atlantic/Reykjavik")  # fmt: skip
    opens, closes = 6 + number % 4, 18 + number % 3
    day = [[f"{opens:02}:00", "11:00"], ["11:30", f"{closes}:30"]]
    return {
        "timezone": zones[number % len(zones)],
        "weekly_hours": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), day),
        "holidays": [f"2026-12-{10 + number % 10}"],
    }


def _law_and_people() -> None:
    from escalations.models import Level, Membership, Party, Team, User
    from tests.governance.publishing import installer, trusting

    before = FIRST - 60 * DAY
    with trusting("test") as kept:
        put = installer(kept)
        for version in range(3):
            put(document(version), now=before + version * DAY)
    levels = {row.key: row for row in Level.objects.all()}
    people: list[User] = []
    rows: list[Membership] = []
    for team in Team.objects.order_by("id"):
        for number, level in enumerate(["L1"] * 8 + ["L2"] * 4 + ["L3", "L4"]):
            person = User(username=f"{team.key}-{number}", email=f"{team.key}-{number}@desk.example")
            people.append(person)
            rows.append(
                Membership(person=person, team=team, level=levels[level], leads=level == "L3", starts_at=before)
            )
    User.objects.bulk_create(people)
    Membership.objects.bulk_create(rows)
    Party.objects.bulk_create(Party(kind="buyer", external_id=f"B-{n}", created_at=before) for n in range(1000))


# ------------------------------------------------------------------------------------------------- rows by the million


def _shapes() -> Iterator[tuple[Any, ...]]:
    """Clocks as the core gives them, for cases to take: what, calendar, slot, and the columns of clock and timer.

    A slot of due ones is the round and how many seconds before its moment: `round * 10 + n`.
    """
    from escalations.core import clock as clocks
    from escalations.models import PolicyVersion
    from escalations.selectors import law

    policy = law.policy_of(PolicyVersion.objects.order_by("number").first().pk)  # type: ignore[union-attr]
    for number in range(CALENDARS):
        calendar = law.policy_calendar(policy, f"c{number}")
        for slot in range(10 * ROUNDS):
            due = moment(slot // 10) - slot % 10 * dt.timedelta(seconds=5)
            for what, share, cursor in (("warning", 75, 1), ("breach", 100, 2)):
                start = _back(calendar, due, TARGET_S * share // 100)
                made = clocks.start(kind="resolution", basis="business", target_s=TARGET_S, warn=WARN, at=start,
                                    calendar=calendar)._replace(cursor=cursor)  # fmt: skip
                following = clocks.next_moment(made, calendar)
                assert following is not None
                assert following.due_at == due, (following, due)
                yield what, number, slot, made.started_at, made.due_at, cursor, following.key, following.due_at
        for slot in range(100):
            start = FIRST - dt.timedelta(hours=2) + slot * dt.timedelta(hours=7)
            made = clocks.start(kind="resolution", basis="business", target_s=TARGET_S, warn=WARN, at=start,
                                calendar=calendar)  # fmt: skip
            following = clocks.next_moment(made, calendar)
            assert following is not None
            yield "idle", number, slot, made.started_at, made.due_at, 0, following.key, following.due_at


def _back(calendar: Any, end: dt.datetime, seconds: int) -> dt.datetime:
    """The latest whole second from which so many open seconds passed until `end`."""
    low, high = int((end - 60 * DAY).timestamp()), int(end.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if calendar.elapsed(dt.datetime.fromtimestamp(middle, dt.UTC), end) >= seconds:
            low = middle
        else:
            high = middle
    return dt.datetime.fromtimestamp(low, dt.UTC)


def _chains(cases: int) -> Iterator[tuple[int, str, str, str]]:
    """Case id, kind of what is due in it, MAC of its first event, and head."""
    from escalations import keys
    from escalations.core import chain

    ring = keys.chain_keys()
    key = ring.key(ring.current)
    kinds = ["rung"] * 4 + ["warning"] * 3 + ["breach"] * 3
    for case in range(1, cases + 1):
        mac = chain.link(
            key, case_id=case, seq=1, kind="case.opened", actor_kind="worker", actor_id="bench", at=FIRST - 30 * DAY,
            data="{}", commitment="", history_digest="", prev="",
        )  # fmt: skip
        what = kinds[case // 10 % 10] if case % 10 < ROUNDS else "idle"
        yield case, what, mac, chain.head(key, case_id=case, seq=1, mac=mac)


_PREPARE = """
CREATE TABLE bench_shape (what varchar(8), calendar int, slot int, started_at {time}, due_at {time}, cursor int,
    moment_key varchar(80), moment_at {time});
CREATE TABLE bench_case (id int PRIMARY KEY, what varchar(8), mac varchar(64), head varchar(64));
CREATE TABLE bench_calendar (number int PRIMARY KEY, region_id int, digest varchar(64));
CREATE TABLE bench_team (number int PRIMARY KEY, team_id int);
CREATE TABLE bench_person (team int, number int, person_id int);
CREATE TABLE bench_version (number int PRIMARY KEY, version_id int);
"""

# A number that says nothing about the case's own: which calendar, team, version, person.
_DRAW = "(b.id * 2654435761 / 1024)"

_FILL = (
    """
INSERT INTO bench_drawn
SELECT b.id, b.what, b.mac, b.head, {draw} % 20, {draw} / 20 % 20, {draw} / 400 % 3, {draw} / 1200 % 15,
    CASE WHEN b.what = 'idle' THEN {draw} / 18000 % 100 ELSE b.id % 10 * 10 + {draw} / 18000 % 10 END,
    {draw} / 180000 % 1000 + 1
FROM bench_case b
""",
    # Tier clocks: due in their round, or within a month. The resolution clock: due, or somewhere ahead.
    """
INSERT INTO bench_tier
SELECT d.id, CASE WHEN d.what = 'rung' THEN {round_due} ELSE {later} END FROM bench_drawn d
""",
    """
INSERT INTO escalations_case (id, reference, external_ref, party_id, category_id, symptom, channel_id, region_id,
    team_id, assignee_id, level_id, status, severity_band, is_open, radar_at, version, policy_version_id, ladder,
    calendar_digest, source, language, root_cause, opened_at, reopened, chain_seq, chain_mac, head_mac, key_id)
SELECT d.id, 'TL-2026-' || d.id, '', d.party + {first_party} - 1, {category}, 's', {channel}, c.region_id, t.team_id,
    p.person_id, {level}, CASE WHEN p.person_id IS NULL THEN 'triaged' ELSE 'assigned' END, 1, true, s.due_at, 1,
    v.version_id, 'main', c.digest, 'api', 'en', '', {opened}, 0, 1, d.mac, d.head, '{key}'
FROM bench_drawn d
JOIN bench_calendar c ON c.number = d.calendar JOIN bench_team t ON t.number = d.team
JOIN bench_version v ON v.number = d.version JOIN bench_tier r ON r.id = d.id
JOIN bench_shape s ON s.what = CASE WHEN d.what = 'rung' THEN 'idle' ELSE d.what END AND s.calendar = d.calendar
    AND s.slot = d.slot
LEFT JOIN bench_person p ON p.team = d.team AND p.number = d.person
ORDER BY d.id
""",
    """
INSERT INTO escalations_event
    (case_id, seq, kind, actor_kind, actor_id, at, data, history_digest, commitment, prev, mac, key_id)
SELECT id, 1, 'case.opened', 'worker', 'bench', {event_at}, '{{}}', '', '', '', mac, '{key}' FROM bench_case ORDER BY id
""",
    """
INSERT INTO escalations_historicalcase ({tracked}, history_date, history_type, history_change_reason)
SELECT {tracked}, opened_at, '+', 'worker:bench: open' FROM escalations_case ORDER BY id
""",
    """
INSERT INTO escalations_ownership (case_id, team_id, assignee_id, level_id, starts_at, cause)
SELECT id, team_id, assignee_id, level_id, opened_at, 'opened' FROM escalations_case ORDER BY id
""",
    """
INSERT INTO escalations_clock (id, case_id, kind, tier, name, business, target_s, warn, calendar_id, state, started_at,
    due_at, cycle, cursor)
SELECT d.id * 2 - 1, d.id, 'resolution', '', '', true, {target}, '{warn}', c.digest, 'running', s.started_at,
    s.due_at, 1, s.cursor
FROM bench_drawn d JOIN bench_calendar c ON c.number = d.calendar
JOIN bench_shape s ON s.what = CASE WHEN d.what = 'rung' THEN 'idle' ELSE d.what END AND s.calendar = d.calendar
    AND s.slot = d.slot
ORDER BY d.id
""",
    """
INSERT INTO escalations_clock (id, case_id, kind, tier, name, business, target_s, warn, calendar_id, state, started_at,
    due_at, cycle, cursor)
SELECT d.id * 2, d.id, 'tier', 'second', '', false, 86400, '', c.digest, 'running', {day_before_r}, r.due_at, 1, 0
FROM bench_drawn d JOIN bench_calendar c ON c.number = d.calendar JOIN bench_tier r ON r.id = d.id
ORDER BY d.id
""",
    """
INSERT INTO escalations_timer (clock_id, case_id, moment_key, cycle, due_at, occurrence_key)
SELECT d.id * 2 - 1, d.id, s.moment_key, 1, s.moment_at, (d.id * 2 - 1) || ':' || s.moment_key || ':1'
FROM bench_drawn d
JOIN bench_shape s ON s.what = CASE WHEN d.what = 'rung' THEN 'idle' ELSE d.what END AND s.calendar = d.calendar
    AND s.slot = d.slot
ORDER BY d.id
""",
    """
INSERT INTO escalations_timer (clock_id, case_id, moment_key, cycle, due_at, occurrence_key)
SELECT r.id * 2, r.id, 'rung:second', 1, r.due_at, r.id * 2 || ':rung:second:1' FROM bench_tier r ORDER BY r.id
""",
)


def fill(cases: int) -> None:
    """Fill the migrated database of the settings."""
    from django.db import connection

    from escalations import keys
    from escalations.models import Category, Channel, Level, Party
    from escalations.services.record import TRACKED

    postgres = connection.vendor == "postgresql"
    _law_and_people()
    words = {
        "draw": _DRAW,
        "tracked": ", ".join(TRACKED),
        "first_party": Party.objects.order_by("id").values_list("id", flat=True)[0],
        "category": Category.objects.get(key="a").pk,
        "channel": Channel.objects.get(key="open").pk,
        "level": Level.objects.get(key="L1").pk,
        "target": TARGET_S,
        "warn": ",".join(map(str, WARN)),
        "key": keys.chain_keys().current,
        "event_at": f"'{_written(FIRST - 30 * DAY)}'",
        **(_POSTGRES_TIMES if postgres else _SQLITE_TIMES),
    }
    words["opened"] = words["day_before_r"]
    with connection.cursor() as cursor, _careless(cursor, postgres=postgres):
        prepare = _PREPARE.format(time="timestamptz" if postgres else "datetime")
        for statement in (*prepare.split(";"), _DRAWN, _TIER.format(time="timestamptz" if postgres else "datetime")):
            if statement.strip():
                cursor.execute(statement)
        _small(cursor)
        _many(cursor, "bench_shape", ((*row[:3], _written(row[3]), _written(row[4]), row[5], row[6], _written(row[7]))
                                      for row in list(_shapes())), postgres=postgres)  # fmt: skip
        cursor.execute("CREATE INDEX bench_shape_by ON bench_shape (what, calendar, slot)")
        _many(cursor, "bench_case", _chains(cases), postgres=postgres)
        for statement in _FILL:
            cursor.execute(statement.format(**words))
        for table in ("shape", "case", "calendar", "team", "person", "version", "drawn", "tier"):
            cursor.execute(f"DROP TABLE bench_{table}")
        _sequences(cursor, cases, postgres=postgres)


_DRAWN = """CREATE TABLE bench_drawn (id int PRIMARY KEY, what varchar(8), mac varchar(64), head varchar(64),
    calendar int, team int, version int, person int, slot int, party int)"""
_TIER = "CREATE TABLE bench_tier (id int PRIMARY KEY, due_at {time})"

_POSTGRES_TIMES = {
    "round_due": f"timestamptz '{FIRST.isoformat()}' + interval '10 minutes' * (d.id % 10) "
    "- interval '5 seconds' * (d.slot % 10)",
    "later": f"timestamptz '{FIRST.isoformat()}' + interval '2 hours' + interval '1 second' * (d.id * 37 % 2000000)",
    "day_before_r": "r.due_at - interval '24 hours'",
}
_SQLITE_TIMES = {
    "round_due": f"datetime('{FIRST:%Y-%m-%d %H:%M:%S}', (d.id % 10 * 600 - d.slot % 10 * 5) || ' seconds')",
    "later": f"datetime('{FIRST:%Y-%m-%d %H:%M:%S}', (7200 + d.id * 37 % 2000000) || ' seconds')",
    "day_before_r": "datetime(r.due_at, '-1 day')",
}


def _written(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if _sqlite() else at.isoformat()


def _sqlite() -> bool:
    from django.db import connection

    return connection.vendor == "sqlite"


@contextlib.contextmanager
def _careless(cursor: Any, *, postgres: bool) -> Iterator[None]:
    """Without looking up foreign keys: these rows are right, and are checked by what the bench verifies."""
    cursor.execute("SET session_replication_role = replica" if postgres else "PRAGMA foreign_keys = OFF")
    cursor.execute("BEGIN")
    yield
    cursor.execute("COMMIT")
    if postgres:
        cursor.execute("SET session_replication_role = DEFAULT")
    cursor.execute("VACUUM ANALYZE" if postgres else "ANALYZE")


def _small(cursor: Any) -> None:
    from escalations.models import Membership, PolicyVersion, Region, Team
    from escalations.selectors import law

    policy = law.policy_of(PolicyVersion.objects.order_by("number").first().pk)  # type: ignore[union-attr]
    rows = {
        "calendar": [
            (n, Region.objects.get(key=f"r{n}").pk, law.policy_calendar(policy, f"c{n}").digest)
            for n in range(CALENDARS)
        ],
        "team": [(n, Team.objects.get(key=f"t{n}").pk) for n in range(TEAMS)],
        "version": list(enumerate(PolicyVersion.objects.order_by("number").values_list("pk", flat=True))),
        # Of fifteen draws, eight are agents, four seniors who may keep a case that climbs, three nobody.
        "person": [
            (n, place, person)
            for n in range(TEAMS)
            for place, person in enumerate(
                Membership.objects.filter(team__key=f"t{n}", level__rank__lte=2).order_by("id")
                .values_list("person_id", flat=True)
            )
        ],
    }  # fmt: skip
    for table, given in rows.items():
        cursor.executemany(f"INSERT INTO bench_{table} VALUES ({', '.join(['%s'] * len(given[0]))})", given)


def _many(cursor: Any, table: str, rows: Iterator[tuple[Any, ...]], *, postgres: bool) -> None:
    if postgres:
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    first = next(rows)
    marks = ", ".join(["%s"] * len(first))
    cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", (row for part in ((first,), rows) for row in part))


def _sequences(cursor: Any, cases: int, *, postgres: bool) -> None:
    for table, last in (("case", cases), ("clock", 2 * cases)):
        name = f"escalations_{table}"
        if postgres:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {last})")
        else:
            cursor.execute(f"UPDATE sqlite_sequence SET seq = {last} WHERE name = '{name}'")


if __name__ == "__main__":
    import django

    django.setup()
    fill(int(sys.argv[1]))
