"""Searching articles: PostgreSQL's full text or SQLite's FTS5, one question and one kind of answer.

What is found is what the reader may read: the index is joined with `published`, never asked alone. Snippets are parts,
marked or not, for a template to escape; the database's marks are signs that no indexed text contains.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from escalations.models import User
from playbook.core.asking import Asked, parse
from playbook.finding import CONFIGURATIONS, INDEX, TABLE
from playbook.models import Article
from playbook.selectors.articles import Filters, published

FOUND = 20
_ON, _OFF = "\ue000", "\ue001"
_MARK = re.compile(f"([{_ON}{_OFF}])")


class Part(NamedTuple):
    """A run of a snippet; `hit` where it is what was asked for."""

    text: str
    hit: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that was found, the better the smaller its place in the answer."""

    article_id: int
    key: str
    language: str
    title: Sequence[Part]
    snippet: Sequence[Part]
    score: float


def search(text: str | Asked, user: User, *, filters: Filters | None = None, most: int = FOUND) -> list[Hit]:
    """The articles in which the words stand, best first. A title counts more than the text. Words that stand nowhere,
    and a question without words, find nothing; nothing that is typed is an error.

    One query beside those of visibility.
    """
    asked = parse(text) if isinstance(text, str) else text
    if not asked:
        return []
    allowed = (filters or Filters()).of(published(user)).order_by()
    return _postgres(asked, allowed, most) if connection.vendor == "postgresql" else _sqlite(asked, allowed, most)


def _sqlite(asked: Asked, allowed: QuerySet[Article], most: int) -> list[Hit]:
    # The index gives what it finds in the order of its rank, and each is asked whether it may be read until there are
    # enough: SQLite would otherwise gather all that may be read, or mark all that is found, for every question.
    may, arguments = _ids(allowed.filter(pk=RawSQL(f"{INDEX}.rowid", ())))  # noqa: S611
    sql = (
        f"SELECT a.id, a.key, a.language, highlight({INDEX}, 0, %s, %s), snippet({INDEX}, 1, %s, %s, ' … ', 24), "  # noqa: S608
        f"{INDEX}.rank FROM {INDEX} CROSS JOIN playbook_article a ON a.id = {INDEX}.rowid "
        f"WHERE {INDEX} MATCH %s AND {INDEX}.rank MATCH 'bm25(8.0, 1.0)' AND EXISTS ({may}) "
        f"ORDER BY {INDEX}.rank LIMIT %s"
    )
    return _hits(sql, [_ON, _OFF, _ON, _OFF, asked.fts5(), *arguments, most])


def _postgres(asked: Asked, allowed: QuerySet[Article], most: int) -> list[Hit]:
    """Each article is asked in its language's way, all in one pass; snippets are made of what is shown alone."""
    inner, arguments = _ids(allowed)
    ways = {**CONFIGURATIONS, "": "simple"}
    asking = ", ".join(
        f"('{language}', '{name}'::regconfig, to_tsquery('{name}', %s))" for language, name in ways.items()
    )
    known = ", ".join(f"'{language}'" for language in CONFIGURATIONS)
    marks = "'StartSel=' || %s || ', StopSel=' || %s"
    sql = (
        f"WITH asked(language, way, q) AS MATERIALIZED (VALUES {asking}), "  # noqa: S608
        "best AS (SELECT t.article_id, asked.way, asked.q, ts_rank(t.found, asked.q, 1) AS score "
        f"FROM asked JOIN {TABLE} t ON t.found @@ asked.q "
        f"AND CASE WHEN t.language IN ({known}) THEN t.language ELSE '' END = asked.language "
        f"WHERE t.article_id IN ({inner}) ORDER BY score DESC, t.article_id LIMIT %s) "
        "SELECT a.id, a.key, a.language, "
        f"ts_headline(b.way, t.title, b.q, {marks} || ', HighlightAll=true'), "
        f"ts_headline(b.way, t.words, b.q, {marks} || ', MaxFragments=2, MaxWords=18, MinWords=8, "
        'FragmentDelimiter=" … "\'), -b.score '
        f"FROM best b JOIN playbook_article a ON a.id = b.article_id JOIN {TABLE} t ON t.article_id = b.article_id "
        "ORDER BY b.score DESC, a.id"
    )
    return _hits(sql, [asked.tsquery()] * len(ways) + [*arguments, most, _ON, _OFF, _ON, _OFF])


def _ids(allowed: QuerySet[Article]) -> tuple[str, list[Any]]:
    """The SQL of the articles that may be found, with its arguments, from the one queryset that says so."""
    sql, arguments = allowed.values("pk").query.sql_with_params()
    return sql, list(arguments)


def _hits(sql: str, arguments: Sequence[Any]) -> list[Hit]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        rows = cursor.fetchall()
    return [
        Hit(pk, key, language, parts(title), parts(" ".join(snippet.split())), float(score))
        for pk, key, language, title, snippet, score in rows
    ]


def parts(marked: str) -> list[Part]:
    """A text with the marks of the database, as runs."""
    found, hit = [], False
    for piece in _MARK.split(marked):
        if piece in (_ON, _OFF):
            hit = piece == _ON
        elif piece:
            found.append(Part(piece, hit))
    return found
