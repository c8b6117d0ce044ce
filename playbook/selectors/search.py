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
    inner, arguments = _ids(allowed)
    sql = (
        f"SELECT a.id, a.key, a.language, highlight({INDEX}, 0, %s, %s), snippet({INDEX}, 1, %s, %s, ' … ', 24), "  # noqa: S608
        f"bm25({INDEX}, 8.0, 1.0) FROM {INDEX} JOIN playbook_article a ON a.id = {INDEX}.rowid "
        f"WHERE {INDEX} MATCH %s AND a.id IN ({inner}) ORDER BY bm25({INDEX}, 8.0, 1.0), a.id LIMIT %s"
    )
    return _hits(sql, [_ON, _OFF, _ON, _OFF, asked.fts5(), *arguments, most])


def _postgres(asked: Asked, allowed: QuerySet[Article], most: int) -> list[Hit]:
    """Each language is asked by its own rules, so that the index is used for each; snippets are made of what is
    shown alone."""
    inner, arguments = _ids(allowed)
    which, words = [], asked.tsquery()
    for language, name in CONFIGURATIONS.items():
        which.append(
            f"SELECT t.article_id, t.title, t.words, '{name}'::regconfig AS by, q, ts_rank(t.found, q, 1) AS score "  # noqa: S608
            f"FROM {TABLE} t, to_tsquery('{name}', %s) q "
            f"WHERE t.language = '{language}' AND t.found @@ q"
        )
    others = ", ".join(f"'{language}'" for language in CONFIGURATIONS)
    which.append(
        "SELECT t.article_id, t.title, t.words, 'simple'::regconfig, q, ts_rank(t.found, q, 1) "  # noqa: S608
        f"FROM {TABLE} t, to_tsquery('simple', %s) q WHERE t.language NOT IN ({others}) AND t.found @@ q"
    )
    marks = "'StartSel=' || %s || ', StopSel=' || %s"
    sql = (
        f"WITH best AS (SELECT * FROM ({' UNION ALL '.join(which)}) f WHERE f.article_id IN ({inner}) "  # noqa: S608
        "ORDER BY f.score DESC, f.article_id LIMIT %s) "
        "SELECT a.id, a.key, a.language, "
        f"ts_headline(b.by, b.title, b.q, {marks} || ', HighlightAll=true'), "
        f"ts_headline(b.by, b.words, b.q, {marks} || ', MaxFragments=2, MaxWords=18, MinWords=8, "
        'FragmentDelimiter=" … "\'), -b.score '
        "FROM best b JOIN playbook_article a ON a.id = b.article_id ORDER BY b.score DESC, a.id"
    )
    return _hits(sql, [words] * len(which) + [*arguments, most, _ON, _OFF, _ON, _OFF])


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
