"""Writing the knowledge base: one function an act. What somebody wrote is read by somebody else before it counts.

Every act needs the right to it (`playbook.write_article`, `playbook.review_article`) and sight of the article: whoever
does not see what is restricted in its channel is told that there is no such article.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from escalations.core.roles import READ_PLAYBOOK, REVIEW_ARTICLES, WRITE_ARTICLES
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, Category, Channel, User
from escalations.models.reach import may
from escalations.selectors import law
from escalations.selectors.why import classes
from playbook.core import markup, references
from playbook.core.pages import normal
from playbook.models import Article, ArticleCategory, ArticleText, Feedback, Revision, Solved
from playbook.selectors.articles import next_number, readable

REVIEW_AFTER = dt.timedelta(days=180)
LONGEST = 40_000
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NOT_THERE = "There is no such article."


def begin(
    *,
    key: str,
    language: str,
    audience: str,
    title: str,
    body: str,
    actor: User,
    now: dt.datetime,
    device: str = "",
    visibility: str = "",
    categories: Iterable[str] = (),
    owner_id: int | None = None,
    review_by: dt.date | None = None,
    reason: str = "",
) -> Revision:
    """Begin an article with the draft of its first text. Its owner is its author unless another is named, and it is
    reviewed after half a year unless a day is named.

    Raises NotAllowed; Invalid, naming the field.
    """
    _must(actor, WRITE_ARTICLES)
    if not _KEY.fullmatch(key) or len(key) > 80:
        raise Invalid("key", "Small letters and digits, with hyphens between: for example returns-without-a-label.")
    if not re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", language):
        raise Invalid("language", "A language by its code: for example en, de or es.")
    if audience not in Article.Audience.values:
        raise Invalid("audience", "Buyers, sellers or agents.")
    keys = _described(device, visibility, categories, actor)
    owner = _owner(owner_id or actor.pk, visibility)
    day = review_by or (now + REVIEW_AFTER).date()
    _ahead(day, now)
    title, body = _written(title, body, now)
    try:
        with transaction.atomic():
            article = Article(
                key=key, language=language, audience=audience, device=device, visibility=visibility, owner=owner,
                review_by=day, created_at=now,
            )  # fmt: skip
            _sign(article, actor, now)
            ArticleCategory.objects.bulk_create(ArticleCategory(article=article, category=item) for item in keys)
            return Revision.objects.create(
                article=article, number=1, title=title, body=body, reason=reason.strip(), author=actor, written_at=now
            )
    except IntegrityError:
        raise Invalid("key", "An article of this key and language is there already: choose another key.") from None


def write(
    *,
    article_id: int,
    title: str,
    body: str,
    reason: str,
    actor: User,
    now: dt.datetime,
    version: int | None = None,
) -> Revision:
    """Write the next text of an article: begin a draft, or change the one that the actor has begun. `version` is that
    of the draft that they saw.

    Raises NotAllowed; Invalid, naming the field; Refused while somebody else has a text open, while one's own waits to
    be reviewed, when the draft has changed since, and for an article that is retired.
    """
    _must(actor, WRITE_ARTICLES)
    title, body = _written(title, body, now)
    with _article(article_id, actor) as article:
        _standing(article)
        if not reason.strip() and Revision.objects.filter(article=article, state=Revision.State.CURRENT).exists():
            raise Invalid("reason", "Say what changes, and why: whoever reviews it reads this first.")
        there = Revision.objects.filter(
            article=article, state__in=[Revision.State.DRAFT, Revision.State.PROPOSED]
        ).first()
        if there is None:
            return Revision.objects.create(
                article=article, number=next_number(article), title=title, body=body, reason=reason.strip(),
                author=actor, written_at=now,
            )  # fmt: skip
        if there.author_id != actor.pk:
            raise Refused(f"{there.author} is writing the next text of this article. Talk to them, or wait for it.")
        if there.state == Revision.State.PROPOSED:
            raise Refused("Your text waits to be reviewed and stays as it is until then. Take it back to change it.")
        if version is not None and version != there.version:
            raise Refused("Your draft has changed since you opened it. Look at it again, then write.")
        there.title, there.body, there.reason, there.written_at = title, body, reason.strip(), now
        there.version += 1
        there.save()
        return there


def propose(*, revision_id: int, actor: User, now: dt.datetime) -> Revision:
    """Put one's draft forward to be reviewed. Checked anew against the version in force. Raises as `write` does."""
    _must(actor, WRITE_ARTICLES)
    with _revision(revision_id, actor) as revision:
        if revision.author_id != actor.pk:
            raise NotAllowed("A draft is put forward by who wrote it.")
        if revision.state != Revision.State.DRAFT:
            raise Refused(f"This text is {revision.get_state_display()} already.")
        _written(revision.title, revision.body, now)
        revision.state, revision.written_at = Revision.State.PROPOSED, now
        revision.version += 1
        revision.save()
    return revision


def take_back(*, revision_id: int, actor: User) -> Revision:
    """Make one's text that waits to be reviewed a draft again. Raises NotAllowed and Refused."""
    _must(actor, WRITE_ARTICLES)
    with _revision(revision_id, actor) as revision:
        if revision.author_id != actor.pk:
            raise NotAllowed("A text is taken back by who wrote it.")
        if revision.state != Revision.State.PROPOSED:
            raise Refused(f"This text is {revision.get_state_display()}: there is nothing to take back.")
        revision.state = Revision.State.DRAFT
        revision.version += 1
        revision.save()
    return revision


def approve(*, revision_id: int, version: int, actor: User, now: dt.datetime, review: str = "") -> Revision:
    """Say yes to the text that one has read, by its `version`: it becomes the current one and takes the place of the
    one before. The article is then due for review after half a year, unless it was to be later.

    Raises NotAllowed for one's own text and without the right; Refused when it is decided already, has changed since,
    or quotes what the version in force does not know.
    """
    _must(actor, REVIEW_ARTICLES)
    with _revision(revision_id, actor) as revision:
        _decidable(revision, actor)
        if revision.version != version:
            raise Refused("The text has changed since you opened it. Read it again, then decide.")
        article = revision.article
        _standing(article)
        policy = law.policy_of(law.in_force(now))
        if wrong := references.problems(revision.body, policy):
            raise Refused(f"The playbook has changed since this was written. {wrong[0]} Reject it with this reason.")
        Revision.objects.filter(article=article, state=Revision.State.CURRENT).update(state=Revision.State.SUPERSEDED)
        revision.state, revision.reviewer, revision.reviewed_at = Revision.State.CURRENT, actor, now
        revision.review = review.strip()
        revision.save()
        _find(article, revision)
        day = (now + REVIEW_AFTER).date()
        if article.review_by < day:
            article.review_by = day
            _sign(article, actor, now)
    return revision


def reject(*, revision_id: int, reason: str, actor: User, now: dt.datetime) -> Revision:
    """Say no, with the reason. Its author may write another. Raises NotAllowed, Invalid without a reason, Refused."""
    _must(actor, REVIEW_ARTICLES)
    if not reason.strip():
        raise Invalid("reason", "Say what is wrong with it: its author reads this.")
    with _revision(revision_id, actor) as revision:
        _decidable(revision, actor)
        revision.state, revision.reviewer, revision.reviewed_at = Revision.State.REJECTED, actor, now
        revision.review = reason.strip()
        revision.save()
    return revision


def describe(
    *,
    article_id: int,
    version: int,
    audience: str,
    device: str,
    visibility: str,
    categories: Iterable[str],
    owner_id: int,
    review_by: dt.date,
    actor: User,
    now: dt.datetime,
) -> Article:
    """Say anew whom an article is for, what it is about, who looks after it and when it is reviewed. On record.

    To show more people what was restricted is for those who review, and not for who wrote the current text.
    Raises NotAllowed; Invalid, naming the field; Refused when it has changed since.
    """
    _must(actor, WRITE_ARTICLES, REVIEW_ARTICLES)
    if audience not in Article.Audience.values:
        raise Invalid("audience", "Buyers, sellers or agents.")
    keys = _described(device, visibility, categories, actor)
    with _article(article_id, actor) as article:
        _standing(article)
        if article.version != version:
            raise Refused("The article has changed since you opened it. Look at it again, then save.")
        if article.visibility and visibility != article.visibility:
            _must(actor, REVIEW_ARTICLES)
            open_states = [Revision.State.CURRENT, Revision.State.DRAFT, Revision.State.PROPOSED]
            if Revision.objects.filter(article=article, state__in=open_states, author=actor).exists():
                raise NotAllowed("Whoever wrote a restricted text does not open it to others: ask another reviewer.")
        if review_by != article.review_by:
            _ahead(review_by, now)
        article.owner = _owner(owner_id, visibility)
        article.audience, article.device, article.visibility = audience, device, visibility
        article.review_by = review_by
        _sign(article, actor, now)
        ArticleCategory.objects.filter(article=article).exclude(category__in=keys).delete()
        there = set(ArticleCategory.objects.filter(article=article).values_list("category", flat=True))
        ArticleCategory.objects.bulk_create(
            ArticleCategory(article=article, category=item) for item in keys if item not in there
        )
    return article


def set_review(*, article_id: int, review_by: dt.date, actor: User, now: dt.datetime) -> Article:
    """Say that an article was looked through and is right, and when it is looked at again: its owner, or who reviews.
    Raises NotAllowed, Invalid, Refused."""
    _ahead(review_by, now)
    with _article(article_id, actor) as article:
        _standing(article)
        if article.owner_id != actor.pk:
            _must(actor, REVIEW_ARTICLES)
        article.review_by = review_by
        _sign(article, actor, now)
    return article


def retire(*, article_id: int, reason: str, actor: User, now: dt.datetime) -> Article:
    """Take an article out of lists and searches. It can still be read by those who write and review.

    Raises NotAllowed, Invalid without a reason, Refused.
    """
    _must(actor, REVIEW_ARTICLES)
    if not reason.strip():
        raise Invalid("reason", "Say why nobody needs it any more, or what takes its place.")
    with _article(article_id, actor) as article:
        _standing(article)
        article.retired_at, article.retired_by, article.retired_reason = now, actor, reason.strip()
        _sign(article, actor, now)
        ArticleText.objects.filter(article=article).delete()
    return article


def give_feedback(*, revision_id: int, helpful: bool, words: str, actor: User, now: dt.datetime) -> Feedback:
    """Say whether a text was clear. Whoever says no says what was missing. Raises NotAllowed, Invalid."""
    _must(actor, READ_PLAYBOOK)
    words = words.strip()
    if not helpful and not words:
        raise Invalid("words", "Say in a few words what was not clear: whoever looks after it reads this.")
    if len(words) > 500:
        raise Invalid("words", "At most 500 characters.")
    with _revision(revision_id, actor) as revision:
        if revision.state not in (Revision.State.CURRENT, Revision.State.SUPERSEDED):
            raise Refused("This text is not published: tell its author.")
        return Feedback.objects.create(
            article=revision.article, revision=revision, helpful=helpful, words=words, by=actor, at=now
        )


def solved_it(*, article_id: int, case_id: int, actor: User, now: dt.datetime) -> Solved:
    """Say that an article solved a case that one works on. Saying it again changes nothing.

    Raises NotAllowed, Refused for an article without a current text.
    """
    _must(actor, READ_PLAYBOOK)
    case = Case.objects.visible_to(actor).filter(pk=case_id).first()
    if case is None:
        raise NotAllowed("There is no such case.")
    if not may(actor, "work_cases", case):
        raise NotAllowed("Whoever works on the case says what solved it.")
    with _article(article_id, actor) as article:
        _standing(article)
        current = Revision.objects.filter(article=article, state=Revision.State.CURRENT).first()
        if current is None:
            raise Refused("This article has no published text.")
        row, _made = Solved.objects.get_or_create(
            article=article, case=case, defaults={"revision": current, "by": actor, "at": now}
        )
    return row


# ---------------------------------------------------------------------------------------------------------- within it


def _must(actor: User, *rights: str) -> None:
    if not any(actor.has_perm(right) for right in rights):
        raise NotAllowed(
            {
                WRITE_ARTICLES: "Articles are written by those whose role says so.",
                REVIEW_ARTICLES: "Articles are reviewed by those whose role says so.",
            }.get(rights[-1], "The playbook is read by those whose role says so.")
        )


@contextmanager
def _article(article_id: int, actor: User) -> Iterator[Article]:
    """An article that the actor may know of, locked."""
    with transaction.atomic():
        article = readable(actor).select_for_update().filter(pk=article_id).first()
        if article is None:
            raise NotAllowed(_NOT_THERE)
        yield article


@contextmanager
def _revision(revision_id: int, actor: User) -> Iterator[Revision]:
    """A revision of an article that the actor may know of; the article is locked, so one decides at a time."""
    article_id = Revision.objects.filter(pk=revision_id).values_list("article_id", flat=True).first()
    with _article(article_id or 0, actor):
        yield Revision.objects.select_related("article", "author").get(pk=revision_id)


def _standing(article: Article) -> None:
    if article.retired_at is not None:
        raise Refused("This article is retired. Begin a new one if it is wanted again.")


def _decidable(revision: Revision, actor: User) -> None:
    if revision.author_id == actor.pk:
        raise NotAllowed("Nobody reviews what they wrote themselves: somebody else has to read it.")
    if revision.state != Revision.State.PROPOSED:
        raise Refused(f"This text is {revision.get_state_display()}; only one that waits can be decided on.")


def _written(title: str, body: str, now: dt.datetime) -> tuple[str, str]:
    """A title and a text as they are kept, checked against the version in force."""
    title = " ".join(normal(title).split())
    body = normal(body.replace("\0", ""))
    if not title or len(title) > 160:
        raise Invalid("title", "A title of at most 160 characters.")
    if not markup.words(body).strip():
        raise Invalid("body", "Write the text.")
    if len(body) > LONGEST:
        raise Invalid("body", f"At most {LONGEST:,} characters: split it into articles.")
    policy = law.policy_of(law.in_force(now))
    if "{" in title and references.resolved(title, policy, "en") != title:
        raise Invalid("title", "References belong into the text, not into the title.")
    if wrong := references.literals(title, policy):
        raise Invalid("title", f"Leave {wrong[0].words!r} out of the title: it changes with the playbook.")
    if problems := references.problems(body, policy):
        raise Invalid("body", " ".join(problems))
    if written_out := references.literals(body, policy):
        raise Invalid("body", "; ".join(map(str, written_out)) + ".")
    return title, body


def _described(device: str, visibility: str, categories: Iterable[str], actor: User) -> list[str]:
    if device and device not in Article.Device.values:
        raise Invalid("device", f"One of {', '.join(Article.Device.values)}, or none.")
    if visibility and visibility not in classes(actor):
        raise Invalid("visibility", "Choose a channel in which you see what is restricted, or none.")
    keys = sorted(set(categories))
    known = set(Category.objects.filter(key__in=keys, retired_at=None).values_list("key", flat=True))
    if missing := [key for key in keys if key not in known]:
        raise Invalid("categories", f"There is no category {missing[0]!r}.")
    return keys


def _owner(owner_id: int, visibility: str) -> User:
    owner = User.objects.filter(pk=owner_id, is_active=True).first()
    if owner is None or not owner.has_perm(READ_PLAYBOOK):
        raise Invalid("owner", "Somebody who works here and reads the playbook.")
    if visibility and visibility not in classes(owner):
        name = Channel.objects.get(key=visibility).name
        raise Invalid("owner", f"Whoever looks after it has to see what is restricted in {name}.")
    return owner


def _ahead(day: dt.date, now: dt.datetime) -> None:
    if not now.date() < day <= (now + dt.timedelta(days=3 * 366)).date():
        raise Invalid("review_by", "A day from tomorrow on, within three years.")


def _find(article: Article, revision: Revision) -> None:
    """Let the current text be found by its words, without references: what they say is searched in the playbook."""
    plain = references.unreferenced(markup.words(revision.body))
    ArticleText.objects.update_or_create(
        article=article,
        defaults={"language": article.language, "title": revision.title, "words": plain},
    )


def _sign(article: Article, actor: User, now: dt.datetime) -> None:
    article._history_user, article._history_date = actor, now  # type: ignore[attr-defined]
    if article.pk is not None:
        article.version += 1
    article.save()
