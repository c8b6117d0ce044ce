"""A page of a long list of cases, as one person may see it: what the verb says, found without sorting a million rows.

Many channels cannot be read in the order of a list from one index. So a page is put together:

    the head      the first rows of all in the list's order: who sees many channels finds a page among them
    by channel    else the first rows of each channel that the person sees, each read off the end of an index
    granted       the cases opened to them singly, by key

Each gives the ids and sort keys of one page at most, and the first of all these are the page. So grants are never an OR
on the big table. `Case.objects.visible_to` stays what is true: a test holds the two equal.
"""

# ruff: noqa: S608, S611  (what is put into the SQL are compiled queries, names of columns, and ids of ours)
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from escalations.models import Case, User
from escalations.models.reach import Reach
from escalations.selectors import keyset

HEAD = 40
"""How many pages of the whole list are looked through for one page that a person sees."""

FEW = 8
"""Up to so many channels each is asked at once; beyond, the head of the list is looked at first."""

AT_ONCE = 200
"""Channels in one statement of SQLite, which joins at most 500 selects."""

Keyed = tuple[Any, ...]
_CHANNEL = "/*channel*/0"


def page(
    rows: QuerySet[Case],
    user: User | AnonymousUser,
    ordering: Sequence[str],
    *,
    after: str = "",
    before: str = "",
    size: int = 25,
) -> keyset.Page[Case]:
    """The page of those `rows` (not narrowed to the person yet) that `user` may see; cursors as in `keyset.page`.

    Beside the queries of `Reach` two to five: ids by the ways that are needed, then the rows.
    """
    reach = Reach.of(user)

    def take(wanted: QuerySet[Case], keys: Sequence[str], count: int) -> list[Case]:
        ids = _ids(wanted, reach, keys, count)
        if not ids:
            return []
        channels, granted = reach.channels("see_cases"), reach.granted("see_cases")
        found = rows.filter(pk__in=ids).order_by(*keys)
        # Asked again of the rows as they are now: one may have gone to another channel between the two statements.
        return [row for row in found if row.channel_id in channels or row.pk in granted]

    return keyset.page(rows, ordering, after=after, before=before, size=size, take=take)


def first_ids(rows: QuerySet[Case], user: User | AnonymousUser, ordering: Sequence[str], count: int) -> list[int]:
    """Ids of the first `count` of those `rows` (not narrowed to the person yet) that `user` may see, in that order.

    Beside the queries of `Reach` one to three, whatever the number of cases of the desk.
    """
    return _ids(rows, Reach.of(user), ordering, count)


def _ids(rows: QuerySet[Case], reach: Reach, keys: Sequence[str], count: int) -> list[int]:
    """Ids of the first `count` of `rows` that a person sees, in the order of `keys`."""
    channels, granted = sorted(reach.channels("see_cases")), reach.granted("see_cases")
    if reach.own_parties:
        rows = rows.exclude(party_id__in=reach.own_parties)
    rows = rows.order_by(*keys)
    found: list[Keyed] = []
    whole = not channels
    if len(channels) > FEW:
        found, whole = _head(rows, keys, channels, count)
    if not whole:
        found = _by_channel(rows, keys, channels, count)
    if granted:
        found += _run(*_compiled(rows.filter(pk__in=granted), keys, count))
    return [row[-1] for row in _first(found, keys, count)]


def _head(rows: QuerySet[Case], keys: Sequence[str], channels: Sequence[int], count: int) -> tuple[list[Keyed], bool]:
    """The first rows of some channels among the first of all, and whether no more are needed: there are `count` of
    them, or the head was the whole list. One query; on PostgreSQL a second when it found too few."""
    head, params = _compiled(rows, keys, count * HEAD, "channel_id")
    columns = ", ".join(f"head.{name}" for name in (*_names(keys), "id"))
    if connection.vendor == "postgresql":  # one value to read instead of a thousand
        wanted, held = "= ANY(%s::bigint[])", [list(channels)]
    else:
        wanted, held = f"IN ({', '.join(map(str, channels))})", []
    found = _run(
        f"SELECT {columns} FROM ({head}) AS head WHERE head.channel_id {wanted} "
        f"ORDER BY {_order(keys, 'head')} LIMIT {count}",
        (*params, *held),
    )
    if len(found) == count:
        return found, True
    ((length,),) = _run(f"SELECT count(*) FROM ({head}) AS head", params)
    return found, length < count * HEAD


def _stepped(head: str, params: Sequence[Any], channels: set[int], count: int) -> tuple[list[Keyed], bool]:
    """The same on SQLite, which works out each row when it is asked for, and all of a subquery before its first."""
    found: list[Keyed] = []
    looked = 0
    with connection.cursor() as cursor:
        cursor.execute(head, params)
        for *key, channel, pk in cursor:
            looked += 1
            if channel in channels:
                found.append((*key, pk))
                if len(found) == count:
                    return found, True
    return found, looked < count * HEAD


def _by_channel(rows: QuerySet[Case], keys: Sequence[str], channels: Sequence[int], count: int) -> list[Keyed]:
    """The first rows of each channel, `count` at most of each and of all."""
    one, params = _compiled(rows.filter(channel_id=RawSQL(_CHANNEL, ())), keys, count)
    if connection.vendor == "postgresql":
        each = one.replace(_CHANNEL, "channel.id")
        return _run(
            f"SELECT found.* FROM unnest(%s::bigint[]) AS channel(id) CROSS JOIN LATERAL ({each}) AS found "
            f"ORDER BY {_order(keys, 'found')} LIMIT {count}",
            (list(channels), *params),
        )
    found: list[Keyed] = []
    for start in range(0, len(channels), AT_ONCE):
        some = channels[start : start + AT_ONCE]
        parts = (f"SELECT * FROM ({one.replace(_CHANNEL, str(channel))})" for channel in some)
        every = " UNION ALL ".join(parts)
        found += _run(
            f"SELECT * FROM ({every}) AS found ORDER BY {_order(keys, 'found')} LIMIT {count}", params * len(some)
        )
    return found


def _names(keys: Iterable[str]) -> list[str]:
    return [key.removeprefix("-") for key in keys if key.removeprefix("-") not in ("id", "pk")]


def _order(keys: Iterable[str], table: str) -> str:
    return ", ".join(f"{table}.{key.removeprefix('-')}{' DESC' if key.startswith('-') else ''}" for key in keys)


def _compiled(rows: QuerySet[Case], keys: Sequence[str], limit: int, *more: str) -> tuple[str, tuple[Any, ...]]:
    """SQL and parameters of a query for sort keys and id (which ends each ordering), and `more` columns before it."""
    query = rows.values_list(*_names(keys), *more, "id")[:limit].query
    sql, params = query.sql_with_params()
    return sql, tuple(params)


def _run(sql: str, params: Sequence[Any]) -> list[Keyed]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _first(found: Iterable[Keyed], keys: Sequence[str], count: int) -> list[Keyed]:
    """The first `count` of rows from several ways in the order of `keys`, each once. Values are as the database gives
    them, which sort in Python as they do there."""
    rows = list({row[-1]: row for row in found}.values())
    names = [*_names(keys), "id"]
    for key in reversed(keys):
        place = names.index(key.removeprefix("-"))
        rows.sort(key=lambda row: row[place], reverse=key.startswith("-"))
    return rows[:count]
