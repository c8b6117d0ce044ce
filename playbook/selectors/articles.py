"""The knowledge base, read: who may read which article, lists, one article's page, and where knowledge is missing."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from escalations.core.policy import Policy
from escalations.core.roles import READ_PLAYBOOK, REVIEW_ARTICLES, WRITE_ARTICLES
from escalations.models import Case, Escalation, User
from escalations.selectors.why import classes
from playbook.core import references
from playbook.core.tracks import Shelved
from playbook.models import Article, ArticleCategory, Feedback, Revision, Solved

LISTED = 100
SINCE = dt.timedelta(days=90)
"""How far back the figures of helpfulness and of gaps go."""
UNHELPFUL = 0.5
"""A smaller share of "yes" than this, of at least `ENOUGH` answers, counts as unhelpful."""
ENOUGH = 3
LACKED = (Escalation.Cause.KNOWLEDGE, Escalation.Cause.STALE_ARTICLE)
"""Causes of an escalation that an article would have spared."""


def readable(user: User) -> QuerySet[Article]:
    """The articles that a person may know of: those for everybody, and those of the channels in which they see what is
    restricted. Two queries the first time for a user object (their permissions and classes), and the list's."""
    if not user.has_perm(READ_PLAYBOOK):
        return Article.objects.none()
    return Article.objects.filter(visibility__in=["", *classes(user)])


def published(user: User) -> QuerySet[Article]:
    """Those of `readable` that have a current text and are not retired."""
    return with_text(readable(user))


def for_everybody() -> QuerySet[Article]:
    """Those that whoever reads the playbook may read. The list's query."""
    return with_text(Article.objects.filter(visibility=""))


def with_text(articles: QuerySet[Article]) -> QuerySet[Article]:
    """Those of `articles` that have a current text and are not retired. No query."""
    text = Revision.objects.filter(article=OuterRef("pk"), state=Revision.State.CURRENT)
    return articles.filter(Exists(text), retired_at=None)


def shelf(articles: QuerySet[Article], categories: Collection[str]) -> dict[str, list[Shelved]]:
    """What a track chooses from: those of `articles` that are of these categories, by category, with how they helped.
    They have a current text. One query, and none without a category."""
    if not categories:
        return {}
    text = Revision.objects.filter(article=OuterRef("article"), state=Revision.State.CURRENT)
    said = Feedback.objects.filter(article=OuterRef("article")).order_by().values("article")
    solved = Solved.objects.filter(article=OuterRef("article")).order_by().values("article")
    rows = ArticleCategory.objects.filter(category__in=categories, article__in=articles).annotate(
        since=text.values("reviewed_at")[:1],
        yes=Coalesce(Subquery(said.filter(helpful=True).values(n=Count("pk"))), 0),
        no=Coalesce(Subquery(said.filter(helpful=False).values(n=Count("pk"))), 0),
        cases=Coalesce(Subquery(solved.values(n=Count("pk"))), 0),
    )
    found: dict[str, list[Shelved]] = defaultdict(list)
    wanted = ("category", "article__key", "article__language", "article__text__title", "article__audience", "since")
    for category, key, language, title, audience, since, yes, no, cases in rows.values_list(
        *wanted, "yes", "no", "cases"
    ):
        found[category].append(Shelved(key, language, title, audience, since, yes + cases, no))
    return dict(found)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; empty is all."""

    audience: str = ""
    language: str = ""
    category: str = ""
    device: str = ""

    def __bool__(self) -> bool:
        return any((self.audience, self.language, self.category, self.device))

    def of(self, articles: QuerySet[Article]) -> QuerySet[Article]:
        """`articles`, narrowed. An article for no device in particular is for each."""
        if self.audience:
            articles = articles.filter(audience=self.audience)
        if self.language:
            articles = articles.filter(language=self.language)
        if self.category:
            articles = articles.filter(categories__category=self.category)  # once a key: no row twice
        if self.device:
            articles = articles.filter(device__in=["", self.device])
        return articles


@dataclass(frozen=True, slots=True)
class Line:
    """An article in a list."""

    article: Article
    title: str
    categories: tuple[str, ...]
    overdue: bool


def lines(articles: Iterable[Article], policy: Policy, today: dt.date) -> list[Line]:
    """Published articles as lists show them, in the order given; each comes with its `text`. One query."""
    rows = list(articles)
    names = _categories([row.pk for row in rows], policy)
    return [
        Line(row, row.text.title, names.get(row.pk, ()), row.retired_at is None and row.review_by < today)
        for row in rows
    ]


def listed(user: User, filters: Filters, policy: Policy, today: dt.date) -> list[Line]:
    """The articles that people may read, by title, narrowed. At most `LISTED`. One query beside
    those of `published`, and one of their categories."""
    rows = filters.of(published(user)).select_related("text").order_by("text__title", "language")[:LISTED]
    return lines(rows, policy, today)


def _categories(ids: Sequence[int], policy: Policy) -> dict[int, tuple[str, ...]]:
    named: dict[int, list[str]] = defaultdict(list)
    for article_id, key in ArticleCategory.objects.filter(article__in=ids).values_list("article_id", "category"):
        known = policy.central.categories.get(key)
        named[article_id].append(known.name if known else key)
    return {article_id: tuple(names) for article_id, names in named.items()}


@dataclass(frozen=True, slots=True)
class Page:
    """One article with all that its page shows."""

    article: Article
    shown: Revision
    current: Revision | None
    open: Revision | None
    revisions: Sequence[Revision]
    languages: Sequence[Article]
    categories: Sequence[tuple[str, str]]
    cases: int
    yes: int
    no: int
    said: Sequence[Feedback]
    stale: bool
    answered: bool

    @property
    def old(self) -> bool:
        """Whether another text than the current one is shown."""
        return self.current is None or self.shown.pk != self.current.pk


def page(user: User, article: Article, policy: Policy, *, number: int | None = None) -> Page | None:
    """An article that `readable` gave, with the text of a number or the current one. None where there is no such text
    for this person: what was never approved is for those who write or review. Eight queries."""
    works = user.has_perm(WRITE_ARTICLES) or user.has_perm(REVIEW_ARTICLES)
    revisions = list(Revision.objects.filter(article=article).select_related("author", "reviewer"))
    current = next((row for row in revisions if row.state == Revision.State.CURRENT), None)
    still = next((row for row in revisions if row.is_open), None) if works else None
    seen = [row for row in revisions if works or row.state in (Revision.State.CURRENT, Revision.State.SUPERSEDED)]
    if number is None:
        shown = current or (still if works else None) or next(iter(seen), None)
    else:
        shown = next((row for row in seen if row.number == number), None)
    if shown is None or (article.retired_at is not None and not works):
        return None
    keys = list(ArticleCategory.objects.filter(article=article).values_list("category", flat=True))
    names = policy.central.categories
    feedback = Feedback.objects.filter(article=article)
    told = feedback.aggregate(yes=Count("pk", filter=Q(helpful=True)), no=Count("pk", filter=Q(helpful=False)))
    here = published(user).filter(key=article.key).exclude(pk=article.pk).order_by("language")
    return Page(
        article=article,
        shown=shown,
        current=current,
        open=still,
        revisions=seen,
        languages=list(here),
        categories=[(key, names[key].name if key in names else key) for key in keys],
        cases=Solved.objects.filter(article=article).count(),
        yes=told["yes"],
        no=told["no"],
        said=list(feedback.exclude(words="").select_related("by", "revision")[:10]) if works else (),
        stale=references.stale(shown.body, policy),
        answered=feedback.filter(by=user, revision=shown).exists(),
    )


# ------------------------------------------------------------------------------------------------------------- to do


def to_review(user: User) -> QuerySet[Revision]:
    """The texts that wait for somebody, and that this person may decide on: not their own. Oldest first."""
    if not user.has_perm(REVIEW_ARTICLES):
        return Revision.objects.none()
    return (
        Revision.objects.filter(state=Revision.State.PROPOSED, article__in=readable(user))
        .exclude(author=user)
        .select_related("article", "author")
        .order_by("written_at", "pk")
    )


def drafts_of(user: User) -> QuerySet[Revision]:
    """What a person has begun and not put forward yet, or waits to be reviewed. Newest first."""
    states = [Revision.State.DRAFT, Revision.State.PROPOSED]
    return (
        Revision.objects.filter(author=user, state__in=states, article__in=readable(user))
        .select_related("article")
        .order_by("-written_at")
    )


def due(user: User, today: dt.date) -> QuerySet[Article]:
    """The articles that a person looks after and whose day of review has come. Longest first."""
    return published(user).filter(owner=user, review_by__lte=today).select_related("text").order_by("review_by", "pk")


# ------------------------------------------------------------------------------------------------------------- gaps


@dataclass(frozen=True, slots=True)
class Gap:
    """A category that is escalated, and what the knowledge base has for it."""

    key: str
    name: str
    escalations: int
    cases: int
    lacked: int
    articles: int
    overdue: int
    unhelpful: int
    stale: int
    newest: dt.datetime | None

    @property
    def wrong(self) -> int:
        """Articles that are due, that readers find unclear, or that quote what is not there any more."""
        return self.overdue + self.unhelpful + self.stale

    @property
    def weight(self) -> float:
        """How much is missing: escalations, twice those for want of knowledge; whole where there is no article, else
        the share of articles that fail."""
        return (self.escalations + self.lacked) * (1.0 if not self.articles else min(1.0, self.wrong / self.articles))


def gaps(user: User, policy: Policy, now: dt.datetime) -> list[Gap]:
    """Categories with escalations in the last 90 days and no, stale or unhelpful articles, worst first.

    Counted are the cases and articles that this person may see, no others. Five queries beside those of visibility,
    whatever their number.
    """
    since, today = now - SINCE, now.date()
    seen = Case.objects.visible_to(user)
    escalated = {
        row["case__category__key"]: row
        for row in Escalation.objects.filter(at__gte=since, case__in=seen)
        .order_by()
        .values("case__category__key")
        .annotate(
            moves=Count("pk"), touched=Count("case", distinct=True), lacked=Count("pk", filter=Q(cause__in=LACKED))
        )
    }
    recent = Feedback.objects.filter(at__gte=since)
    current = Revision.objects.filter(state=Revision.State.CURRENT)
    rows = published(user).prefetch_related(
        "categories", Prefetch("revisions", current, to_attr="now"), Prefetch("feedback", recent, to_attr="recent")
    )
    by_category: dict[str, list[Article]] = defaultdict(list)
    for row in rows:
        for item in row.categories.all():
            by_category[item.category].append(row)
    found = []
    for key, figures in escalated.items():
        articles = by_category.get(key, [])
        failing = Counter(kind for row in articles if (kind := _fails(row, policy, today)))
        known = policy.central.categories.get(key)
        gap = Gap(
            key=key,
            name=known.name if known else key,
            escalations=figures["moves"],
            cases=figures["touched"],
            lacked=figures["lacked"],
            articles=len(articles),
            overdue=failing["overdue"],
            unhelpful=failing["unhelpful"],
            stale=failing["stale"],
            newest=max((row.now[0].reviewed_at for row in articles), default=None),  # type: ignore[attr-defined]
        )
        if not gap.articles or gap.wrong:
            found.append(gap)
    return sorted(found, key=lambda gap: (-gap.weight, -gap.escalations, gap.key))


def _fails(article: Article, policy: Policy, today: dt.date) -> str:
    """The first thing that is wrong with an article; the empty string when nothing is."""
    if references.stale(article.now[0].body, policy):  # type: ignore[attr-defined]
        return "stale"
    answers = [row.helpful for row in article.recent]  # type: ignore[attr-defined]
    if len(answers) >= ENOUGH and sum(answers) / len(answers) < UNHELPFUL:
        return "unhelpful"
    return "overdue" if article.review_by < today else ""


def next_number(article: Article) -> int:
    """The number of the next revision of an article. One query."""
    return (Revision.objects.filter(article=article).aggregate(last=Max("number"))["last"] or 0) + 1
