"""Searching five thousand articles as somebody who may not read all of them, beside the database's own ranking.

The floor is one statement over the index: the twenty best of all articles, with marked titles and snippets, and nobody
asks who reads them. The desk does that and more: it leaves out what is restricted, retired or was never published, and
makes parts of the snippets. Before anything is timed, what it finds is the best of the floor's whole ranking that the
reader may read, in the same order.

The bounds were set before the first run: at most twice the floor for a question with few hits and for one with
thousands, on both databases.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.desks import on_database
from tests.bench.harness import report, seconds, side_by_side, skip

ARTICLES, SHOWN, TIMES = 5_000, 20, 20
RESTRICTED, RETIRED, UNPUBLISHED = range(500), range(500, 700), range(700, 900)
HIDDEN = {*RESTRICTED, *RETIRED, *UNPUBLISHED}
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
ROOT = Path(__file__).resolve().parents[2]
BOUND = "<= 2"
QUESTIONS = {"few": "w17 w23 w31", "many": "common"}


def main() -> None:
    """Measure on both databases."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django

    django.setup()
    from tests import postgres

    if reason := postgres.why_not():
        skip("article search, postgresql", reason)
    else:
        with postgres.running({}) as server:
            measure(server.create("desk"), "postgresql")
    with tempfile.TemporaryDirectory(prefix="throughline-bench-articles-") as name:
        measure(f"sqlite:///{Path(name) / 'desk.sqlite3'}", "sqlite")


def measure(url: str, database: str) -> None:
    """Fill a database, compare, time and report."""
    migrate = [sys.executable, "manage.py", "migrate", "-v", "0"]
    subprocess.run(migrate, cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, check=True)
    with on_database(url):
        fill()
        for name, question in QUESTIONS.items():
            reader = person()
            compare(question, database, reader)
            desk, bare = side_by_side(
                lambda question=question, reader=reader: seconds(
                    lambda: [ours(question, reader) for _ in range(TIMES)]
                ),
                lambda question=question: seconds(lambda: [floor(question, database) for _ in range(TIMES)]),
            )
            report(
                f"article search, {database}, {name}", desk / TIMES * 1000, "ms/search", "the index alone",
                bare / TIMES * 1000, BOUND,
            )  # fmt: skip


def ours(question: str, reader: Any) -> Any:
    """The search as pages ask it."""
    from playbook.selectors.search import search

    return search(question, reader)


def compare(question: str, database: str, reader: Any) -> None:
    """What is found is the best of the whole ranking, without what the reader does not learn of, in the same order."""
    from playbook.models import Article

    hidden = {pk for pk, key in Article.objects.values_list("pk", "key") if int(key.partition("-")[2]) in HIDDEN}
    ranked = [row[0] for row in floor(question, database, most=ARTICLES)]
    expected = [pk for pk in ranked if pk not in hidden]
    assert len(hidden) == len(HIDDEN)
    assert len(expected) < len(ranked), "the index knows articles that the reader does not learn of"
    found = [hit.article_id for hit in ours(question, reader)]
    assert found, "the question finds something"
    assert found == expected[:SHOWN], (question, found, expected[:SHOWN])


def floor(question: str, database: str, most: int = SHOWN) -> list[Any]:
    """The best by the index alone, with titles and snippets."""
    from django.db import connection

    from playbook.core.asking import parse

    asked = parse(question)
    with connection.cursor() as cursor:
        if database == "sqlite":
            cursor.execute(
                "SELECT rowid, highlight(playbook_articlewords, 0, '<', '>'), "
                "snippet(playbook_articlewords, 1, '<', '>', ' … ', 24) FROM playbook_articlewords "
                "WHERE playbook_articlewords MATCH %s ORDER BY bm25(playbook_articlewords, 8.0, 1.0), rowid LIMIT %s",
                [asked.fts5(), most],
            )
        else:
            cursor.execute(
                "WITH best AS (SELECT t.article_id, t.title, t.words, q, ts_rank(t.found, q, 1) AS score "
                "FROM playbook_articletext t, to_tsquery('english', %s) q WHERE t.found @@ q "
                "ORDER BY score DESC, t.article_id LIMIT %s) SELECT article_id, "
                "ts_headline('english', title, q, 'HighlightAll=true'), "
                "ts_headline('english', words, q, 'MaxFragments=2, MaxWords=18, MinWords=8') FROM best "
                "ORDER BY score DESC, article_id",
                [asked.tsquery(), most],
            )
        return cursor.fetchall()


def person() -> Any:
    """Somebody who reads the playbook and sees nothing that is restricted, with their rights worked out."""
    from escalations.core.roles import READ_PLAYBOOK
    from escalations.models import User
    from escalations.selectors.why import classes

    user = User.objects.get(username="reader")
    user.has_perm(READ_PLAYBOOK), classes(user)
    return user


def fill() -> None:
    """Articles of two hundred words from a vocabulary of two thousand, each with one text, all in the index."""
    from django.db import connection

    from escalations.models import User
    from escalations.services.roles import group_of
    from playbook.models import Article, ArticleText, Revision

    rng = random.Random(7)
    author, reviewer, reader = (User.objects.create_user(name) for name in ("author", "reviewer", "reader"))
    reader.groups.add(group_of("agent"))
    words = [f"w{number}" for number in range(2_000)]
    Article.objects.bulk_create(
        Article(
            key=f"a-{number}", language="en", audience="buyer", owner=author, review_by=NOW.date(), created_at=NOW,
            visibility="fraud" if number in RESTRICTED else "",
            retired_at=NOW if number in RETIRED else None,
        )
        for number in range(ARTICLES)
    )  # fmt: skip
    rows = list(Article.objects.order_by("pk"))
    texts = [" ".join(["common", *rng.choices(words, weights=range(2_000, 0, -1), k=200)]) for _ in rows]
    reviewed = {"state": "current", "reviewer": reviewer, "reviewed_at": NOW}
    Revision.objects.bulk_create(
        Revision(
            article=row, number=1, title=f"Article {row.pk}", body=text, author=author, written_at=NOW,
            **({"state": "draft"} if number in UNPUBLISHED else reviewed),
        )
        for number, (row, text) in enumerate(zip(rows, texts, strict=True))
    )  # fmt: skip
    ArticleText.objects.bulk_create(
        ArticleText(article=row, language="en", title=f"Article {row.pk}", words=text)
        for row, text in zip(rows, texts, strict=True)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
