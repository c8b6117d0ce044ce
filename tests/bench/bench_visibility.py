"""Who may see what: a page of 25 among a million cases in a thousand channels, for those who see much or little.

    all       a member of all hundred groups, which hold ten channels each
    half      a member of fifty of them
    rare      two channels with twenty cases each
    grants    no channel, three cases opened singly
    both      half of the channels, and three cases of the others
    nothing   neither

The rival is the same list without any visibility: the same filters, ordering, columns and keys, with an index of its
own for the ordering, read in one query or ids first and then their rows, whichever is faster. Before anything is timed,
each page is compared with what plain SQL over permissions and grants gives, in every ordering, from the beginning and
from the middle. Pages are timed with the person's reach known, as within a request; the whole answer of the desk's list
is timed with all that a request takes, the reach worked out anew.

On SQLite the second statement of a page weighs more, beside one that takes three milliseconds in all: there the bound
of 1.3 is on the whole answer, and a page may take twice as long.

PostgreSQL as it is shipped, and SQLite. THROUGHLINE_BENCH_SCALE=0.1 does the same with a tenth of the cases.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.desks import on_database
from tests.bench.harness import report, seconds, side_by_side, skip

CASES = max(20_000, round(1_000_000 * float(os.environ.get("THROUGHLINE_BENCH_SCALE") or 1)))
CHANNELS, GROUPS, RARE = 1000, 100, 10
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
PAGES = 40
VIEWERS = ("all", "half", "rare", "grants", "both", "nothing")
AS_SHIPPED = {"autovacuum": "off", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
ROOT = Path(__file__).resolve().parents[2]
BOUND = "<= 1.3"
PAGE_BOUND = {"postgresql": BOUND, "sqlite": "<= 2"}


def main() -> None:
    """Measure, check and report on both databases."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django

    django.setup()
    on_postgres()
    with tempfile.TemporaryDirectory(prefix="throughline-bench-visibility-") as name:
        measure(f"sqlite:///{Path(name) / 'desk.sqlite3'}", "sqlite")


def on_postgres() -> None:
    """The bounds on PostgreSQL."""
    from tests import postgres

    if reason := postgres.why_not():
        skip("visibility, postgresql", reason)
        return
    with postgres.running(AS_SHIPPED) as server:
        measure(server.create("desk"), "postgresql")


def measure(url: str, database: str) -> None:
    """Fill a database, compare, time and report."""
    environment = os.environ | {"DATABASE_URL": url}
    for command in (["manage.py", "migrate", "-v", "0"], ["-m", "tests.bench.bench_visibility"]):
        subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True)
    with on_database(url):
        from escalations.selectors import caselist

        bound = PAGE_BOUND[database]

        for sort in caselist.ORDERINGS:
            for after in ("", _middle(sort)):
                _compare(sort, after)
        for viewer in VIEWERS:
            ours, rival = _times(viewer, "due", "")
            report(f"visibility, {database}, {viewer}", ours * 1000, "ms/page", "unrestricted", rival * 1000, bound)
        for viewer in ("all", "half", "both"):
            ours, rival = _times(viewer, "due", _middle("due"))
            name = f"visibility, {database}, {viewer}, middle of the list"
            report(name, ours * 1000, "ms/page", "unrestricted", rival * 1000, bound)
        for sort in ("newest", "severity"):
            ours, rival = _times("half", sort, "", pages=10 if sort == "newest" else 1)
            name = f"visibility, {database}, half, {sort}"
            report(name, ours * 1000, "ms/page", "unrestricted", rival * 1000, bound)
        ours, rival = _whole_answers("half")
        name = f"visibility, {database}, half, whole answer"
        report(name, ours * 1000, "ms", "the same without visibility", rival * 1000, BOUND)


# ---------------------------------------------------------------------------------------------------------------- pages


def _person(viewer: str) -> Any:
    """Somebody, with their reach worked out as at the beginning of a request."""
    from escalations.models import User
    from escalations.models.reach import Reach

    person = User.objects.get(username=viewer)
    reach = Reach.of(person)
    reach.channels("see_cases"), reach.granted("see_cases"), reach.own_parties
    return person


def _ours(person: Any, sort: str, after: str = "") -> Any:
    from escalations.selectors import caselist

    return caselist.page(caselist.Filters(), person, NOW, sort, after=after)


def _rival(person: Any, sort: str, after: str = "", *, by_id: bool = False) -> Any:
    """The list without visibility in one query; or, as ours reads it, ids first and then their rows."""
    from escalations.models import Case
    from escalations.selectors import caselist, keyset
    from escalations.selectors.radar import LINE

    rows = caselist.narrowed(Case.objects.all(), caselist.Filters(), person, NOW).select_related(*LINE)

    def two_steps(wanted: Any, keys: Any, count: int) -> Any:
        ids = list(wanted.order_by(*keys).values_list("pk", flat=True)[:count])
        return list(rows.filter(pk__in=ids).order_by(*keys))

    return keyset.page(rows, caselist.ORDERINGS[sort], after=after, take=two_steps if by_id else None)


def _middle(sort: str) -> str:
    """A cursor in the middle of the list: after a case whose next due moment is that of a case in the middle."""
    from escalations.models import Case
    from escalations.selectors import caselist, keyset

    row = Case.objects.open().filter(pk__gte=CASES // 2).order_by("pk").first()
    return keyset._sealed(row, caselist.ORDERINGS[sort])  # type: ignore[arg-type]


def _times(viewer: str, sort: str, after: str, pages: int = PAGES) -> list[float]:
    """Seconds a page: ours, and without visibility by the better of the two ways to read it."""
    person = _person(viewer)

    def timed(read: Callable[[], object]) -> Callable[[], float]:
        return lambda: seconds(lambda: [read() for _ in range(pages)]) / pages

    measures = [
        timed(lambda: _ours(person, sort, after)),
        timed(lambda: _rival(person, sort, after)),
        timed(lambda: _rival(person, sort, after, by_id=True)),
    ]
    for measure in measures:
        measure()  # whoever reads a page first warms it for the others
    ours, *rivals = side_by_side(*measures)
    return [ours, min(rivals)]


def _whole_answers(viewer: str) -> list[float]:
    """Seconds of the desk's list of cases, reach and all; and of the same with every case let through."""
    from unittest import mock

    from django.test import Client

    from escalations.selectors import keyset, reading

    client = Client()
    client.force_login(_person(viewer))

    def answer() -> float:
        return seconds(lambda: _opened(client))

    def unrestricted() -> float:
        def every(rows: Any, user: Any, ordering: Any, **about: Any) -> Any:
            return keyset.page(rows, ordering, **about)

        with mock.patch.object(reading, "page", every):
            return answer()

    answer(), unrestricted()
    return side_by_side(answer, unrestricted)


def _opened(client: Any) -> None:
    found = client.get("/admin/escalations/case/")
    assert found.status_code == 200, found.status_code


# --------------------------------------------------------------------------------------------------------------- checks


def _compare(sort: str, after: str) -> None:
    """Each viewer's page, against plain SQL over permissions and grants."""
    for viewer in VIEWERS:
        person = _person(viewer)
        found = [row.pk for row in _ours(person, sort, after).rows]
        expected = _plainly(person.pk, sort, after)
        assert found == expected, (viewer, sort, bool(after), found[:5], expected[:5])
        assert len(found) == {"nothing": 0, "grants": len(expected)}.get(viewer, 25 if viewer != "rare" else len(found))


def _plainly(person: int, sort: str, after: str) -> list[int]:
    """The ids of a page, by one SELECT that knows nothing of selectors."""
    from django.db import connection

    from escalations.models import Case

    order = {"due": "radar_at, id DESC", "newest": "id DESC", "severity": "severity_band DESC, radar_at, id DESC"}[sort]
    beyond, params = "", [person, person, person, NOW]
    if after:
        row = Case.objects.open().filter(pk__gte=CASES // 2).order_by("pk").first()
        assert row is not None
        beyond, more = {
            "due": ("AND (radar_at > %s OR (radar_at = %s AND id < %s))", [row.radar_at, row.radar_at, row.pk]),
            "newest": ("AND id < %s", [row.pk]),
            "severity": (
                "AND (severity_band < %s OR (severity_band = %s AND (radar_at > %s OR (radar_at = %s AND id < %s))))",
                [row.severity_band, row.severity_band, row.radar_at, row.radar_at, row.pk],
            ),
        }[sort]
        params += more
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT id FROM escalations_case WHERE is_open AND status <> 'resolved' AND (
                channel_id IN (
                    SELECT held.content_object_id FROM escalations_channelgrouppermission held
                    JOIN auth_permission p ON p.id = held.permission_id AND p.codename = 'see_cases'
                    JOIN escalations_user_groups belongs ON belongs.group_id = held.group_id
                    WHERE belongs.user_id = %s)
                OR channel_id IN (
                    SELECT held.content_object_id FROM escalations_channeluserpermission held
                    JOIN auth_permission p ON p.id = held.permission_id AND p.codename = 'see_cases'
                    WHERE held.user_id = %s)
                OR id IN (
                    SELECT case_id FROM escalations_casegrant
                    WHERE user_id = %s AND ended_at IS NULL AND expires_at > %s)
            ) {beyond} ORDER BY {order} LIMIT 25
            """,
            [connection.ops.adapt_datetimefield_value(p) if isinstance(p, dt.datetime) else p for p in params],
        )
        return [row[0] for row in cursor.fetchall()]


# ------------------------------------------------------------------------------------------------------------- the desk


def fill() -> None:
    """Law and people by the program's services; channels and groups by the ORM; cases by SQL."""
    import django

    django.setup()
    from django.contrib.auth.models import Group, Permission
    from django.db import connection
    from django.utils import timezone

    from escalations.models import (
        Case,
        CaseGrant,
        Channel,
        ChannelGroupPermission,
        ChannelUserPermission,
        Membership,
        User,
    )
    from tests.bench.sweep_market import _law_and_people

    _law_and_people()
    Channel.objects.bulk_create(
        Channel(key=f"b{n}", name=f"B{n}", rank=n % 100, sensitive=n % 2) for n in range(CHANNELS)
    )
    channels = list(Channel.objects.filter(key__startswith="b").order_by("id"))
    groups = Group.objects.bulk_create(Group(name=f"bench:{n}") for n in range(GROUPS))
    see = Permission.objects.get(content_type__app_label="escalations", codename="see_cases")
    ChannelGroupPermission.objects.bulk_create(
        ChannelGroupPermission(group=groups[n % GROUPS], permission=see, content_object=channel)
        for n, channel in enumerate(channels)
    )
    people = {
        name: User.objects.create_user(name, f"{name}@desk.example", is_staff=True) for name in (*VIEWERS, "boss")
    }
    people["all"].groups.set(groups)
    for name in ("half", "both"):
        people[name].groups.set(groups[::2])
    for channel in channels[-2:]:
        ChannelUserPermission.objects.create(user=people["rare"], permission=see, content_object=channel)
    first = Membership.objects.select_related("team", "level").order_by("id").first()
    assert first is not None
    _cases(connection, channels[0].pk)
    others = {channel.pk for n, channel in enumerate(channels) if n % GROUPS % 2}
    wanted = list(Case.objects.open().exclude(status="resolved").filter(channel_id__in=others).order_by("radar_at")[:3])
    for name in ("grants", "both"):
        CaseGrant.objects.bulk_create(
            CaseGrant(
                case=case, channel_id=case.channel_id, user=people[name], given_by=people["boss"], reason="x",
                given_at=timezone.now(), expires_at=timezone.now() + dt.timedelta(days=9000),
            )
            for case in wanted
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _cases(connection: Any, channel: int) -> None:
    """A fifth of the cases is closed; the last ten channels have twenty cases each, the others from few to many."""
    from escalations.models import CalendarSnapshot, Category, Level, Membership, Party, PolicyVersion, Region, Team

    ids = {model: list(model.objects.order_by("id").values_list("id", flat=True)) for model in (Team, Region, Party)}
    people = list(Membership.objects.order_by("id").values_list("person_id", flat=True))
    postgres = connection.vendor == "postgresql"
    series = (
        f"SELECT i FROM generate_series(1, {CASES}) AS s(i)"
        if postgres
        else f"SELECT i FROM (WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {CASES}) "
        "SELECT i FROM s)"
    )
    share = f"(CAST(i AS bigint) * 7368787 % {CASES}) * 1.0 / {CASES}"
    large = f"{CHANNELS - RARE} * ({share}) * ({share})"
    large = f"CAST(floor({large}) AS integer)" if postgres else f"CAST({large} AS integer)"
    seldom = max(1, CASES // (RARE * 20))
    number = f"CASE WHEN i % {seldom} = 0 THEN {CHANNELS - RARE} + (i / {seldom}) % {RARE} ELSE {large} END"
    due = (
        f"TIMESTAMPTZ '{NOW:%Y-%m-%d %H:%M:%S}+00' + (i::bigint * 104729 % 864000) * INTERVAL '1 second'"
        if postgres
        else f"datetime('{NOW:%Y-%m-%d %H:%M:%S}', '+' || (i * 104729 % 864000) || ' seconds')"
    )
    opened = "TIMESTAMPTZ '2026-11-01 00:00+00'" if postgres else "'2026-11-01 00:00:00'"

    def one_of(found: list[int], step: int) -> str:
        return f"{found[0]} + (i / {step}) % {len(found)}"

    def flag(condition: str) -> str:
        return condition if postgres else f"CASE WHEN {condition} THEN 1 ELSE 0 END"

    columns = {
        "reference": "'BN-' || i",
        "external_ref": "''",
        "party_id": one_of(ids[Party], 1),
        "category_id": str(Category.objects.order_by("id").values_list("id", flat=True)[0]),
        "symptom": "'x'",
        "channel_id": f"{channel} + {number}",
        "region_id": one_of(ids[Region], 3),
        "team_id": one_of(ids[Team], 7),
        "assignee_id": f"CASE WHEN i % 3 = 0 THEN NULL ELSE {people[0]} + i % {len(people)} END",
        "level_id": str(Level.objects.order_by("rank").values_list("id", flat=True)[0]),
        "status": "CASE WHEN i % 5 = 0 THEN 'closed' WHEN i % 17 = 0 THEN 'resolved' ELSE 'in_progress' END",
        "severity_band": "i % 4",
        "is_open": flag("i % 5 <> 0"),
        "radar_at": due,
        "version": "1",
        "policy_version_id": str(PolicyVersion.objects.order_by("number").values_list("id", flat=True)[0]),
        "ladder": "''",
        "calendar_digest": f"'{CalendarSnapshot.objects.values_list('digest', flat=True)[0]}'",
        "source": "'mail'",
        "language": "'en'",
        "root_cause": "''",
        "opened_at": opened,
        "reopened": "0",
        "chain_seq": "0",
        "chain_mac": "''",
        "head_mac": "''",
        "key_id": "''",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO escalations_case ({', '.join(columns)}) "
            f"SELECT {', '.join(columns.values())} FROM ({series}) AS n"
        )
        cursor.execute(
            "INSERT INTO escalations_casetext (case_id, summary, description) "
            "SELECT id, 'Case ' || id, '' FROM escalations_case"
        )


if __name__ == "__main__":
    fill()
