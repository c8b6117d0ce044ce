"""Pages of the playbook on a desk of 200 categories, 200 rules and 500 articles, beside an empty page of the desk.

The floor is a Django view behind the same middleware, which asks who somebody is and whether they may read the
playbook, and renders an empty template. Each line is the median of requests through Django's own handler by somebody
signed in; what a process keeps of a version is there, as it is after the first reader. Before anything is timed, each
page answers 200 and a page of the version in force asks the database for no more than three things that the empty one
does not.

The bound of what is drawn from a version alone, three times the empty page, was set before the first run. Those of
articles were set after it, from what it took: they are asked of the database each time, and the list draws a hundred
lines and a filter of two hundred categories.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from tests.bench.desks import on_database
from tests.bench.harness import report, side_by_side, skip

ARTICLES, TIMES, ASKED = 500, 60, 3
ROOT = Path(__file__).resolve().parents[2]
FROM_A_VERSION = {
    "a category": "/playbook/category/order.damaged/",
    "a category elsewhere": "/playbook/category/seller.suspension-appeal/?region=us",
    "contents": "/playbook/",
    "a text": "/playbook/page/protocol.product-danger/",
    "ladders": "/playbook/ladders/",
    "ownership": "/playbook/ownership/",
}
BOUNDS = {"articles": "<= 20", "an article": "<= 8"}
ASKED_ANEW = {"articles": "/playbook/articles/", "an article": "/playbook/articles/en/a-7/"}


def main() -> None:
    """Measure on both databases."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django

    django.setup()
    from tests import postgres

    if reason := postgres.why_not():
        skip("pages, postgresql", reason)
    else:
        with postgres.running({}) as server:
            measure(server.create("desk"), "postgresql")
    with tempfile.TemporaryDirectory(prefix="throughline-bench-pages-") as name:
        measure(f"sqlite:///{Path(name) / 'desk.sqlite3'}", "sqlite")


def measure(url: str, database: str) -> None:
    """Fill a database, look at every page once, time and report."""
    from django.test import Client, override_settings

    migrate = [sys.executable, "manage.py", "migrate", "-v", "0"]
    environment = os.environ | {"DATABASE_URL": url}
    subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
    subprocess.run([sys.executable, "manage.py", "createcachetable"], cwd=ROOT, env=environment, check=True)
    with on_database(url), override_settings(ROOT_URLCONF="tests.bench.empty_page", ALLOWED_HOSTS=["testserver"]):
        client = Client()
        client.force_login(fill())
        empty = queries(client, "/empty/")
        for address in FROM_A_VERSION.values():
            client.get(address)
            assert queries(client, address) <= empty + ASKED, address
        for address in ASKED_ANEW.values():
            queries(client, address)
        for pages in (FROM_A_VERSION, ASKED_ANEW):
            for name, address in pages.items():
                ours, bare = side_by_side(
                    lambda address=address: middle(client, address), lambda: middle(client, "/empty/")
                )
                report(f"pages, {database}, {name}", ours * 1000, "ms/page", "an empty page", bare * 1000,
                       BOUNDS.get(name, "<= 3"))  # fmt: skip


def queries(client: Any, address: str) -> int:
    """How many queries a page costs. It has to be there."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return len(asked)


def middle(client: Any, address: str) -> float:
    """The median time of a request, in seconds."""
    taken = []
    for _ in range(TIMES):
        began = perf_counter()
        client.get(address)
        taken.append(perf_counter() - began)
    return median(taken)


def fill() -> Any:
    """The starter playbook five times over in force, articles about its categories, and somebody who reads them."""
    from escalations.models import User
    from playbook.core.source import Source
    from playbook.models import Article, ArticleCategory, ArticleText, Revision
    from tests.bench.bench_compile import edition
    from tests.playbook.shelves import NOW, put, reader

    document = edition()
    put(Source(document))
    codes = list(document["policy"]["central"]["categories"])
    author, reviewer = (User.objects.create_user(name) for name in ("author", "reviewer"))
    Article.objects.bulk_create(
        Article(key=f"a-{number}", language="en", audience="buyer", owner=author, review_by=NOW.date(), created_at=NOW)
        for number in range(ARTICLES)
    )
    rows = list(Article.objects.order_by("pk"))
    text = "Ask for photos of the item and of the label. " * 40
    Revision.objects.bulk_create(
        Revision(
            article=row, number=1, title=f"Article {row.pk}", body=text, state="current", author=author,
            written_at=NOW, reviewer=reviewer, reviewed_at=NOW,
        )
        for row in rows
    )  # fmt: skip
    ArticleText.objects.bulk_create(
        ArticleText(article=row, language="en", title=f"Article {row.pk}", words=text) for row in rows
    )
    ArticleCategory.objects.bulk_create(
        ArticleCategory(article=row, category=codes[number % len(codes)]) for number, row in enumerate(rows)
    )
    return reader("reader", role="agent")
