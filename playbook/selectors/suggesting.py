"""Which articles may help with a case: those of its category, and those that share its words."""

from __future__ import annotations

from dataclasses import dataclass

from escalations.models import Case, CaseText, User
from playbook.core.asking import alike
from playbook.models import Article, Solved
from playbook.selectors.articles import Filters, published
from playbook.selectors.search import Hit, search

SHOWN = 4
_CATEGORY, _LANGUAGE, _FIRST = 3.0, 1.5, 2.0
_SHARED = 2


@dataclass(frozen=True, slots=True)
class Suggested:
    """An article beside a case, and whether it solved it."""

    article: Article
    title: str
    solved: bool


def _tells(hit: Hit) -> bool:
    """Whether it shares enough with the text that was asked for: a single common word is no likeness."""
    return len({part.text.casefold() for part in (*hit.title, *hit.snippet) if part.hit}) >= _SHARED


def suggested(case: Case, user: User) -> list[Suggested]:
    """At most four articles, best first: what is of the case's category and language,
    and what shares two words with it at least.

    Nothing for whoever does not see the case, whatever they came by it. Four queries beside those of visibility.
    """
    if not Case.objects.visible_to(user).filter(pk=case.pk).exists():
        return []
    text = CaseText.objects.filter(case=case.pk).values_list("summary", "description").first() or ("", "")
    hits = search(alike(" ".join(text)), user, filters=Filters(language=case.language), most=10)
    score = {hit.article_id: _FIRST / (place + 1) for place, hit in enumerate(filter(_tells, hits))}
    solved = set(Solved.objects.filter(case=case.pk).values_list("article_id", flat=True))
    of_category = published(user).filter(categories__category=case.category.key).values_list("pk", flat=True)
    related = set(of_category[:50])
    rows = published(user).filter(pk__in=related | set(score) | solved).select_related("text")
    weighed = []
    for row in rows:
        weight = score.get(row.pk, 0.0)
        weight += _CATEGORY if row.pk in related else 0.0
        weight += _LANGUAGE if row.language == case.language else 0.0
        weighed.append((-(weight + (10.0 if row.pk in solved else 0.0)), row.pk, row))
    best: dict[str, Article] = {}  # of an article in several languages, the one that fits best
    for _weight, _pk, row in sorted(weighed, key=lambda item: item[:2]):
        best.setdefault(row.key, row)
    return [Suggested(row, row.text.title, row.pk in solved) for row in list(best.values())[:SHOWN]]
