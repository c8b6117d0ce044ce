"""What every page of the playbook stands on: who reads which version, in which language, and where links lead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from escalations.admin.base import person_of
from escalations.core.roles import READ_PLAYBOOK
from escalations.errors import NoPolicy
from escalations.models import PolicyVersion, User
from escalations.selectors import law
from playbook.addresses import address
from playbook.models import PageReading
from playbook.selectors import changes, reading
from playbook.selectors.reading import Book, Version
from playbook.services.reading import note

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody before a version of the playbook. `number` is that of the address; None: the one in force."""

    request: HttpRequest
    user: User
    version: PolicyVersion
    standing: Version | None
    number: int | None
    book: Book
    classes: frozenset[str]
    language: str
    now: dt.datetime

    def address(self, name: str, **arguments: str) -> str:
        """The address of a page of the same version."""
        return address(name, self.number, **arguments)

    def show(self, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
        """A page in the frame of the version that is read."""
        return render(
            self.request,
            f"playbook/{template}.html",
            {"reader": self, "version": self.version, "now": self.now, **context},
            status=status,
        )

    def since(self, page: str) -> PageReading | None:
        """When the person read this page last, if it read otherwise then; and note that they read it now.

        One query; two, and a statement, the first time that a version's page is read. Older versions leave no trace.
        """
        if self.number is not None or reading.has_read(self.user, page, self.version):
            return None
        last = reading.last_reading(self.user, page)
        note(reader=self.user, page=page, version=self.version, now=self.now)
        if last is None or page not in changes.touched(last.version, self.version, self.classes):
            return None
        return last


def for_readers(view: Callable[Concatenate[Reader, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for whoever may read the playbook: others sign in first, or are told that they may not.

    Queries beyond session, user and their rights: one for the version, and one for the classes of what is restricted.
    """
    return require_safe(_reading(view))


def for_learners(view: Callable[Concatenate[Reader, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """The same for a page to which they send something."""
    return require_http_methods(["GET", "HEAD", "POST"])(_reading(view))


def readers(*rights: str) -> Callable[[View[P]], View[P]]:
    """For those who read the playbook and hold one of `rights`, if any are named; others sign in first, or are told
    that they may not. For pages beside the playbook's own, which stand on no version."""

    def wrapped(view: View[P]) -> View[P]:
        @login_required
        @wraps(view)
        def page(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            user = person_of(request)
            if not user.has_perm(READ_PLAYBOOK) or (rights and not any(map(user.has_perm, rights))):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return page

    return wrapped


def _reading(view: Callable[Concatenate[Reader, P], HttpResponse]) -> Callable[..., HttpResponse]:
    @readers()
    @wraps(view)
    def page(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = person_of(request)
        number: Any = kwargs.pop("number", None)
        now = timezone.now()
        standing: Version | None = None
        if number is not None:
            standing = reading.version_of(number, now)
            if standing is None:
                raise Http404(_("There is no version %(number)s of the playbook.") % {"number": number})
            version = standing.row
        else:
            try:
                version = law.in_force(now)
            except NoPolicy:
                return render(request, "playbook/nothing.html", status=404)
        book = reading.book_of(version)
        language = translation.get_language() or "en"
        who = Reader(request, user, version, standing, number, book, reading.classes(user, book), language, now)
        return view(who, *args, **kwargs)

    return page
