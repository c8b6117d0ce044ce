"""Pages of the knowledge base. Thin: parse, call one service, say what happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from escalations.admin.base import person_of
from escalations.core.policy import Policy
from escalations.core.roles import REVIEW_ARTICLES, WRITE_ARTICLES
from escalations.core.typed import id_of
from escalations.errors import DeskError, Invalid
from escalations.forms.base import Why, refuse
from escalations.models import Category, User
from escalations.selectors import law
from playbook.addresses import resolver
from playbook.core import references
from playbook.core.diff.prose import marked
from playbook.models import Article, Revision
from playbook.rendering import rendered
from playbook.selectors import articles as reads
from playbook.selectors import reading
from playbook.selectors.articles import Filters
from playbook.selectors.reading import Book
from playbook.selectors.search import search
from playbook.services import articles
from playbook.views.article_forms import About, Begin, Clear, Decide, Words, language_name, languages
from playbook.views.frame import readers

FORMS = ["GET", "HEAD", "POST"]


def in_words(body: str, language: str, book: Book, user: User) -> SafeString:
    """An article's text as HTML for a reader, with what it quotes as the version in force says it, and links to those
    of its pages that there are and that they may see."""
    where = resolver(book, reading.classes(user, book), None)
    return rendered(references.resolved(body, book.policy, language), where)


def _book(now: dt.datetime) -> Book:
    return reading.book_of(law.in_force(now))


def _article(request: HttpRequest, language: str, key: str) -> Article:
    readable = reads.readable(person_of(request)).select_related("owner")
    return get_object_or_404(readable, language=language, key=key)


def _rights(user: User) -> dict[str, bool]:
    return {"writes": user.has_perm(WRITE_ARTICLES), "reviews": user.has_perm(REVIEW_ARTICLES)}


# ------------------------------------------------------------------------------------------------------------ reading


@require_safe
@readers()
def index(request: HttpRequest) -> HttpResponse:
    """All articles, narrowed and searched; for those who work on them, what waits."""
    user, now = person_of(request), timezone.now()
    policy, asked = _book(now).policy, request.GET
    chosen = Filters(
        audience=_of(asked.get("audience"), Article.Audience.values),
        language=_of(asked.get("language"), [code for code, _name in languages(policy)]),
        category=asked.get("category", "")[:64].replace("\0", ""),
        device=_of(asked.get("device"), Article.Device.values),
    )
    words = asked.get("q", "").replace("\0", "")[:400]
    context = {
        "q": words,
        "chosen": chosen,
        "hits": search(words, user, filters=chosen) if words.strip() else None,
        "lines": () if words.strip() else reads.listed(user, chosen, policy, now.date()),
        "audiences": Article.Audience.choices,
        "devices": Article.Device.choices,
        "languages": languages(policy),
        "categories": Category.objects.filter(retired_at=None).order_by("side", "name"),
        "waiting": list(reads.to_review(user)[:20]),
        "mine": list(reads.drafts_of(user)[:20]),
        "due": list(reads.due(user, now.date())[:20]),
        **_rights(user),
    }
    return render(request, "playbook/articles/index.html", context)


def _of(typed: str | None, known: list[str]) -> str:
    return typed if typed in known else ""


@require_safe
@readers()
def article(request: HttpRequest, language: str, key: str, number: int | None = None) -> HttpResponse:
    """One article: its text, where it comes from, what became of it, and whether it was clear."""
    return _shown(request, _article(request, language, key), number, Clear())


def _shown(request: HttpRequest, row: Article, number: int | None, form: Clear, status: int = 200) -> HttpResponse:
    user, now = person_of(request), timezone.now()
    book = _book(now)
    page = reads.page(user, row, book.policy, number=number)
    if page is None:
        raise Http404
    context = {
        "article": row,
        "page": page,
        "body": in_words(page.shown.body, row.language, book, user),
        "language_name": language_name(row.language),
        "languages": [(other, language_name(other.language)) for other in page.languages],
        "form": form,
        "overdue": row.retired_at is None and row.review_by < now.date(),
        "now": now,
        **_rights(user),
    }
    return render(request, "playbook/articles/article.html", context, status=status)


@require_POST
@readers()
def feedback(request: HttpRequest, pk: int) -> HttpResponse:
    """Say whether a text was clear."""
    user, now = person_of(request), timezone.now()
    revision = get_object_or_404(Revision.objects.select_related("article"), pk=pk, article__in=reads.readable(user))
    form = Clear(request.POST)
    if form.is_valid():
        try:
            articles.give_feedback(revision_id=pk, actor=user, now=now, **form.cleaned_data)
        except DeskError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Thank you. Whoever looks after the article reads this."))
            return redirect(revision.article)
    row = get_object_or_404(reads.readable(user).select_related("owner"), pk=revision.article_id)
    return _shown(request, row, revision.number, form)


@require_safe
@readers(WRITE_ARTICLES, REVIEW_ARTICLES)
def gaps(request: HttpRequest) -> HttpResponse:
    """Where knowledge is missing: what is escalated, and has nothing that helps."""
    user, now = person_of(request), timezone.now()
    found = reads.gaps(user, _book(now).policy, now)
    return render(request, "playbook/articles/gaps.html", {"gaps": found, "days": reads.SINCE.days, **_rights(user)})


# ------------------------------------------------------------------------------------------------------------ writing


@require_http_methods(FORMS)
@readers(WRITE_ARTICLES)
def new(request: HttpRequest) -> HttpResponse:
    """Begin an article."""
    user, now = person_of(request), timezone.now()
    book = _book(now)
    start = {name: request.GET[name] for name in ("audience", "language", "key") if name in request.GET}
    if "category" in request.GET:
        start["categories"] = request.GET.getlist("category")  # type: ignore[assignment]
    form = Begin(
        request.POST if request.method == "POST" else None, user=user, now=now, policy=book.policy,
        initial={"language": request.LANGUAGE_CODE, **start},
    )  # fmt: skip
    context: dict[str, Any] = {"form": form, "shapes": references.SHAPES.values()}
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            data = form.cleaned_data
            context["preview"] = in_words(data["body"], data["language"], book, user)
            context["problems"] = _problems(data["body"], book.policy)
        else:
            try:
                made = articles.begin(actor=user, now=now, **form.said())
            except DeskError as error:
                refuse(form, error)
            else:
                return _kept(request, made, user, now)
    return render(request, "playbook/articles/write.html", context)


@require_http_methods(FORMS)
@readers(WRITE_ARTICLES)
def write(request: HttpRequest, language: str, key: str) -> HttpResponse:
    """Write the next text of an article."""
    user, now = person_of(request), timezone.now()
    row, book = _article(request, language, key), _book(now)
    revisions = Revision.objects.filter(article=row)
    current = revisions.filter(state=Revision.State.CURRENT).first()
    draft = revisions.filter(state=Revision.State.DRAFT, author=user).first()
    begun = draft or current or revisions.first()
    initial = {"title": begun.title, "body": begun.body} if begun else {}
    if draft:
        initial |= {"reason": draft.reason, "version": str(draft.version)}
    form = Words(request.POST if request.method == "POST" else None, initial=initial)
    context: dict[str, Any] = {"article": row, "form": form, "current": current, "shapes": references.SHAPES.values()}
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if "preview" in request.POST:
            context["preview"] = in_words(data["body"], language, book, user)
            context["problems"] = _problems(data["body"], book.policy)
            context["marked"] = marked(current.body, data["body"]) if current else ()
        else:
            try:
                made = articles.write(article_id=row.pk, actor=user, now=now, **data)
            except DeskError as error:
                refuse(form, error)
            else:
                return _kept(request, made, user, now)
    form.fields["reason"].required = current is not None  # said on the page; the service asks for it
    return render(request, "playbook/articles/write.html", context)


def _problems(body: str, policy: Policy) -> list[str]:
    return [*references.problems(body, policy), *map(str, references.literals(body, policy))]


def _kept(request: HttpRequest, revision: Revision, user: User, now: dt.datetime) -> HttpResponse:
    """A draft is kept; it is put forward at once where the author asked for that."""
    if "propose" in request.POST:
        articles.propose(revision_id=revision.pk, actor=user, now=now)
        messages.success(request, _("Put forward. It is shown as soon as somebody else has reviewed it."))
    else:
        messages.success(request, _("Your draft is kept. Put it forward when it is ready."))
    return redirect("playbook:article_revision", revision.article.language, revision.article.key, revision.number)


@require_POST
@readers(WRITE_ARTICLES)
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one's draft forward."""
    user = person_of(request)
    said = _("Put forward. It is shown as soon as somebody else has reviewed it.")
    return _done(request, pk, lambda: articles.propose(revision_id=pk, actor=user, now=timezone.now()), said)


@require_POST
@readers(WRITE_ARTICLES)
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Make one's text a draft again."""
    user = person_of(request)
    said = _("Taken back. It is a draft again.")
    return _done(request, pk, lambda: articles.take_back(revision_id=pk, actor=user), said)


def _done(request: HttpRequest, pk: int, act: Callable[[], Revision], said: str) -> HttpResponse:
    """An act of one button: done or refused in words, and back to the text."""
    revision = get_object_or_404(
        Revision.objects.select_related("article"), pk=pk, article__in=reads.readable(person_of(request))
    )
    try:
        act()
        messages.success(request, said)
    except DeskError as error:
        messages.error(request, str(error))
    return redirect("playbook:article_revision", revision.article.language, revision.article.key, revision.number)


# ---------------------------------------------------------------------------------------------------------- reviewing


@require_http_methods(FORMS)
@readers(REVIEW_ARTICLES)
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """A text that waits: as readers will see it, beside the current one, and the decision."""
    user, now = person_of(request), timezone.now()
    rows = Revision.objects.select_related("article", "author").filter(article__in=reads.readable(user))
    revision = get_object_or_404(rows, pk=pk)
    form = Decide(request.POST if request.method == "POST" else None, initial={"version": revision.version})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            if "reject" in request.POST:
                articles.reject(revision_id=pk, reason=data["review"], actor=user, now=now)
                messages.success(request, _("Rejected. Its author reads why."))
            else:
                articles.approve(revision_id=pk, actor=user, now=now, **data)
                messages.success(request, _("Approved. Everybody who may read it finds it now."))
            return redirect("playbook:article", revision.article.language, revision.article.key)
        except DeskError as error:
            refuse(form, error, {"reason": "review"})
    book = _book(now)
    current = Revision.objects.filter(article=revision.article_id, state=Revision.State.CURRENT).first()
    context = {
        "revision": revision,
        "article": revision.article,
        "current": current,
        "body": in_words(revision.body, revision.article.language, book, user),
        "marked": marked(current.body, revision.body) if current else (),
        "facts": references.quoted_facts(revision.body),
        "form": form,
        "own": revision.author_id == user.pk,
        "waits": revision.state == Revision.State.PROPOSED,
        "now": now,
    }
    return render(request, "playbook/articles/review.html", context)


@require_http_methods(FORMS)
@readers(WRITE_ARTICLES, REVIEW_ARTICLES)
def describe(request: HttpRequest, language: str, key: str) -> HttpResponse:
    """Say anew whom an article is for, and who looks after it."""
    user, now = person_of(request), timezone.now()
    row = _article(request, language, key)
    categories = list(row.categories.values_list("category", flat=True))
    initial = {
        "audience": row.audience, "device": row.device, "visibility": row.visibility, "owner": row.owner_id,
        "review_by": row.review_by, "categories": categories,
    }  # fmt: skip
    form = About(request.POST if request.method == "POST" else None, user=user, now=now, initial=initial)
    if request.method == "POST" and form.is_valid():
        version = id_of(request.POST.get("version", ""))
        try:
            articles.describe(article_id=row.pk, version=version or 0, actor=user, now=now, **form.said())
        except DeskError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect(row)
    return render(request, "playbook/articles/describe.html", {"article": row, "form": form})


@require_POST
@readers()
def still_right(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that an article was looked through and is right."""
    user, now = person_of(request), timezone.now()
    row = get_object_or_404(reads.readable(user), pk=pk)
    try:
        day = (now + articles.REVIEW_AFTER).date()
        articles.set_review(article_id=pk, review_by=day, actor=user, now=now)
        messages.success(request, _("Noted. It is looked at again in half a year."))
    except DeskError as error:
        messages.error(request, str(error))
    return redirect(row)


@require_http_methods(FORMS)
@readers(REVIEW_ARTICLES)
def retire(request: HttpRequest, language: str, key: str) -> HttpResponse:
    """Take an article out of lists and searches."""
    user, now = person_of(request), timezone.now()
    row = _article(request, language, key)
    form = Why(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            articles.retire(article_id=row.pk, actor=user, now=now, **form.cleaned_data)
        except DeskError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Retired. Nobody finds it any more; its texts are kept."))
            return redirect("playbook:articles")
    return render(request, "playbook/articles/retire.html", {"article": row, "form": form})


@require_POST
@readers()
def solved(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that an article solved a case, from the case's page; and back to it."""
    user, now = person_of(request), timezone.now()
    case_id = id_of(request.POST.get("case", "")) or 0
    try:
        articles.solved_it(article_id=pk, case_id=case_id, actor=user, now=now)
        messages.success(request, _("Noted: the article solved it."))
    except Invalid as error:
        messages.error(request, str(error))
    except DeskError as error:
        messages.error(request, str(error))
        return redirect("playbook:articles")
    return redirect("admin:escalations_case_change", case_id)
