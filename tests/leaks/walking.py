"""Walking every address of the desk as one person, and looking for needles in what comes back.

Addresses come from the resolver, objects from the registry of the admin: a page that is added later is walked without
being named here. A pattern whose arguments nobody knows how to fill fails the walk.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode

from django.conf import settings
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import models, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from escalations.admin.act_table import ACTS
from escalations.admin.tabs import TABS
from escalations.models import Case, CaseFile, Delivery, PolicyVersion
from escalations.services import links
from governance.models import Proposal
from governance.selectors import proposals as reads
from playbook.models import Entry, Precedent, Revision
from tests.leaks.planting import MARK, Planted

#: Patterns without a page: what is caught for a friendly answer, and redirects of Django's admin to the change page.
UNNAMED = re.compile(r"\^?admin/(.*<path:object_id>/|\(\?P<url>\.\*\)\$)$|^favicon\.ico$")


class Asked(NamedTuple):
    """One request of the walk."""

    surface: str
    method: str
    path: str
    data: dict[str, str]
    headers: dict[str, str] = {}

    def __str__(self) -> str:
        said = f"?{urlencode(self.data)}" if self.method == "GET" and self.data else ""
        return f"{self.method} {self.path}{said} ({self.surface})"


@dataclass
class Walk:
    """What one person met: answers by status, empty pages apart, and where needles were found."""

    person: str
    statuses: Counter[str] = field(default_factory=Counter)
    found: dict[str, set[str]] = field(default_factory=dict)
    """Needle -> surfaces on which it was read."""
    leaks: list[str] = field(default_factory=list)

    @property
    def pages(self) -> int:
        """How many requests were made."""
        return sum(self.statuses.values())


def patterns(
    resolver: URLResolver | None = None, space: str = "", before: str = "", above: tuple[str, ...] = ()
) -> Iterator[tuple[str, str, Any]]:
    """Every pattern of the desk: its name with namespace, its route, and the names of its arguments."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern)
        names = (*above, *(tuple(entry.pattern.converters) or tuple(entry.pattern.regex.groupindex)))  # type: ignore[union-attr]
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from patterns(entry, inner, route, names)
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name}" if entry.name else "", route, names


def requests(planted: Planted) -> Iterator[Asked]:
    """Everything that is asked of the desk, by whoever walks."""
    for name, route, arguments in patterns():
        if not name:
            assert UNNAMED.search(route), f"{route} has no name: give it one, so that it can be walked"
            continue
        for args in _filled(name, route, arguments, planted):
            path = reverse(name, args=args)
            for query in _queries(name, planted):
                yield Asked(name, "GET", path, query)
            if name.startswith("admin:escalations_case_") and planted.hidden.pk in (args or [planted.hidden.pk]):
                yield Asked(name, "GET", path, {}, {"HX-Request": "true"})
            if name != "admin:view_on_site":  # it only leads on
                yield Asked(name, "POST", path, _typed(planted))


def _filled(name: str, route: str, arguments: tuple[str, ...], planted: Planted) -> Iterator[tuple[Any, ...]]:
    """Arguments for a pattern: the hidden case and what belongs to it wherever there is a choice."""
    if not arguments:
        yield ()
        return
    if name == "admin:app_list":
        for label in ("escalations", "auth", "django_q", "governance", "playbook"):
            yield (label,)
        return
    if name in ("admin:view_on_site", "closed"):
        for model, _ in _registered():
            content_type = ContentType.objects.get_for_model(model)
            for pk in _rows(model, planted)[:1]:
                yield (content_type.pk, pk)
        return
    if name == "account_reset_password_from_key":
        yield ("2a", "set-password")
        yield ("2a", "abc-0123456789abcdef")
        return
    if name.startswith("escalations:status"):
        # What whoever got hold of a letter to the party of the hidden case would open.
        for case in (planted.hidden, planted.open)[: 2 if name == "escalations:status" else 1]:
            yield (token_of(case),)
        return
    if name in ("openid_connect_login", "openid_connect_callback"):
        yield ("sso",)
        return
    if name in ("mfa_remove_webauthn", "mfa_edit_webauthn"):
        yield (987654,)
        return
    if name.startswith("playbook:precedent"):
        rows = [planted.hidden, planted.open] if arguments == ("case",) else Precedent.objects.order_by("pk")
        yield from ((row.pk,) for row in rows)
        yield (987654,)
        return
    if name.startswith("playbook:article"):
        yield from _shelved(name, arguments)
        return
    if name == "admin:escalations_case_act":
        for case in (planted.hidden, planted.open):
            for act in ACTS:
                yield (case.pk, act)
        return
    if arguments == ("pk", "file"):
        files = CaseFile.objects.filter(case__in=[planted.hidden.pk, planted.open.pk]).values_list("case_id", "pk")
        yield from [*files, (planted.hidden.pk, 987654), *((planted.open.pk, pk) for _, pk in files)]
        return
    if name.startswith("governance:"):
        rows = reads.ready_drafts() if arguments == ("edition_id",) else Proposal.objects.all()
        for pk in [*rows.values_list("pk", flat=True), 987654]:
            yield (pk,)
        return
    if arguments == ("pk", "row"):
        telling = Entry.objects.filter(key__in=("linked-appeal", "en/guide.rings", "ring")).order_by("pk")
        yield from telling.values_list("edition_id", "pk")[:3]
        return
    if name.startswith("playbook:"):
        yield from _of_the_playbook(arguments)
        return
    model = _model(name)
    if model is not None and arguments in (("object_id",), ("pk",), ("id",)):
        for pk in _rows(model, planted):
            yield (pk,)
        return
    raise AssertionError(f"{name} ({route}) takes {arguments}: say in tests/leaks/walking.py what to fill in")


def _shelved(name: str, arguments: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Articles, the restricted one among them, and one that does not exist."""
    rows = Revision.objects.select_related("article").order_by("pk")
    if arguments == ("pk",):
        of_revision = name.removeprefix("playbook:article_") in ("feedback", "propose", "take_back", "review")
        yield from [((row.pk if of_revision else row.article_id),) for row in rows]
        yield (987654,)
        return
    for row in rows:
        where = (row.article.language, row.article.key)
        yield (*where, row.number) if "number" in arguments else where
    yield ("en", "nothing-here", 1) if "number" in arguments else ("en", "nothing-here")


def _of_the_playbook(arguments: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Pages of an older version; of its categories and texts those with something restricted, and one that is not."""
    choices = {
        "number": [*PolicyVersion.objects.order_by("number").values_list("number", flat=True)[:1], 987654],
        "code": ["seller.appeal", "order.damaged", "nothing"],
        "key": ["guide.rings", "eu-de", "nothing"],
        "topic": ["nothing"],
    }
    yield from itertools.product(*(choices[name] for name in arguments))


def _registered() -> list[tuple[type[models.Model], Any]]:
    return sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label)


def _model(name: str) -> type[models.Model] | None:
    if name == "admin:auth_user_password_change":
        name = "admin:escalations_user_password_change"
    for model, _ in _registered():
        if name.startswith(f"admin:{model._meta.app_label}_{model._meta.model_name}_"):
            return model
    return None


def _rows(model: type[models.Model], planted: Planted) -> list[Any]:
    """Rows of a model: those of the hidden case first, then a few others. At least one that does not exist."""
    rows = model._default_manager.order_by("pk")
    cases = [planted.hidden.pk, planted.merged.pk]
    names = {item.name for item in model._meta.get_fields()}
    own: list[Any] = []
    if model is type(planted.hidden):
        own = [*cases, planted.open.pk]
    elif "case" in names:
        own = list(rows.filter(case__in=cases).values_list("pk", flat=True)[:4])
    elif "outbox" in names:
        own = list(rows.filter(outbox__case__in=cases).values_list("pk", flat=True)[:4])
    return [*own, *[pk for pk in rows.values_list("pk", flat=True)[:2] if pk not in own], 987654]


def _queries(name: str, planted: Planted) -> Iterator[dict[str, str]]:
    """What is asked of a page beside its plain address: tabs, searches, filters, questions of the address bar."""
    yield {}
    if name == "admin:escalations_case_change":
        for tab in TABS:
            yield {"tab": tab}
        yield {"tab": "timeline", "before": "9999"}
    if name == "admin:autocomplete":
        yield from _completions()
    if name == "playbook:search":
        for words in (MARK, "freeze", "fraud"):
            yield {"q": words}
    if name == "playbook:changes":
        yield {"category": "seller.appeal"}
        yield {"from": "1", "to": "2"}
    if name.endswith("_changelist") or name in ("admin:search", "admin:index"):
        for words in (MARK, planted.hidden.reference, str(planted.hidden.pk), "fraud"):
            yield {"q": words, "s": words}
    if name == "playbook:articles":
        for words in (MARK, "ring", planted.hidden.reference, "lanterns"):
            yield {"q": words}
        yield {"category": "seller.appeal"}
    if name == "playbook:precedents":
        yield {"q": MARK}
        yield {"category": "seller.appeal"}
    if name == "playbook:article_new":
        yield {"category": "seller.appeal"}
    if name == "admin:escalations_case_changelist":
        for status in ("any", "open", "waiting", "triaged", "merged"):
            yield {"status": status, "channel": str(planted.hidden.channel_id), "sort": "newest"}
        yield {"team": str(planted.hidden.team_id), "status": "any"}
        for sort in ("due", "severity", "newest"):
            yield {"sort": sort, "status": "any", "whose": "team"}
    if name.endswith("_changelist"):
        yield {"case__text__summary__startswith": MARK}
        yield {"channel__key__exact": "fraud", "_popup": "1", "_to_field": "id"}
    if name.endswith("_reassign"):
        yield {"case": str(planted.hidden.pk)}
    if name.endswith("_add"):
        yield {"case": str(planted.hidden.pk), "party": str(planted.hidden.party_id)}


def _completions() -> Iterator[dict[str, str]]:
    """Every choice by typing that the admin offers, asked for every name."""
    for model, page in _registered():
        for source in [page, *(inline for inline in page.get_inline_instances(_Root()))]:
            for name in source.autocomplete_fields:
                about = {
                    "app_label": source.model._meta.app_label, "model_name": source.model._meta.model_name or "",
                    "field_name": name,
                }  # fmt: skip
                for term in ("", MARK, "TL-"):
                    yield {**about, "term": term}
        yield {"app_label": model._meta.app_label, "model_name": model._meta.model_name or "", "field_name": "case",
               "term": MARK}  # fmt: skip


class _Root:
    """Enough of a request for an admin page to say which inlines it has."""

    class user:
        is_active = is_staff = is_superuser = True

        @staticmethod
        def has_perm(*_: object) -> bool:
            return True


def _typed(planted: Planted) -> dict[str, str]:
    """A form filled in by somebody who guesses: the hidden case wherever a form could name one."""
    hidden = planted.hidden
    words = dict.fromkeys(("reason", "body", "note", "message"), "x")
    person = planted.desk.user("tia").pk
    given_up = Delivery.objects.filter(outbox__case=hidden, state=Delivery.State.DEAD).values_list("pk", flat=True)[0]
    named = {"case": str(hidden.pk), "other": hidden.reference, "reference": hidden.reference, "to": "987654"}
    action = {"_selected_action": str(hidden.pk), "action": "delete_selected", "select_across": "1", "index": "0"}
    return {
        "version": str(hidden.version),
        "post": "yes",
        "delivery": str(given_up),
        "person": str(person),
        **words,
        **named,
        **action,
    }


def token_of(case: Case) -> str:
    """What stands in the link by which the party of a case follows it."""
    return links.link_for(case=case, party_id=case.party_id, now=timezone.now()).rstrip("/").rpartition("/")[2]


def walk(
    planted: Planted,
    person: str,
    *,
    forbidden: Iterable[str],
    only: str = "",
    everything: Iterable[Asked] | None = None,
) -> Walk:
    """Ask everything as one person (the empty name is nobody). `forbidden` are the needles that they may not find;
    `only` is a pattern for the names of the surfaces; `everything` is what is asked, when it is known already."""
    told = Walk(person or "nobody")
    cache.clear()  # how often others have asked before is no matter of theirs
    client = Client(raise_request_exception=True)
    if person:
        client.force_login(planted.desk.user(person))
    session = client.cookies.get(settings.SESSION_COOKIE_NAME)
    kept_from = set(forbidden)
    needles = {name: text.lower() for name, text in planted.needles.items()}
    for asked in requests(planted) if everything is None else everything:
        if only and not re.search(only, asked.surface):
            continue
        if not person and asked.data and asked.method == "GET":
            continue  # whatever is asked of a page by nobody, the sign-in answers
        client.cookies.clear()
        if session is not None:
            client.cookies[settings.SESSION_COOKIE_NAME] = session.value
        with transaction.atomic():  # nothing that the walk does changes what it walks over, a sign-out neither
            send = client.get if asked.method == "GET" else client.post
            answer = send(asked.path, asked.data, headers=asked.headers)
            said = read(answer).lower()
            transaction.set_rollback(True)
        empty = " empty" if answer.status_code == 200 and MARK.lower() not in said else ""
        told.statuses[f"{answer.status_code}{empty}"] += 1
        assert answer.status_code < 500 or asked.surface == "readyz", asked
        for name, text in needles.items():
            if text in said:
                told.found.setdefault(name, set()).add(asked.surface)
                if name in kept_from:
                    told.leaks.append(f"{told.person} reads {name} at {asked}")
    return told


def read(answer: HttpResponseBase) -> str:
    """Everything that an answer says: its body, where it leads, its cookies and headers."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    headers = " ".join(f"{name}: {value}" for name, value in answer.items())
    return f"{body.decode(errors='replace')} {unquote(headers)} {answer.cookies}"


def told_apart(planted: Planted, person: str) -> list[str]:
    """Addresses by which somebody learns whether a row of the hidden case exists: it is answered otherwise than a row
    that does not."""
    client = Client(raise_request_exception=True)
    client.force_login(planted.desk.user(person))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    missing, apart = 987654, []
    for name, _route, arguments in patterns():
        model = _model(name) if name else None
        if model is None or arguments not in (("object_id",), ("pk",), ("id",)):
            continue
        names = {item.name for item in model._meta.get_fields()}
        if model is not type(planted.hidden) and not {"case", "outbox"} & names:
            continue
        for pk in _rows(model, planted)[:1]:
            for send in (client.get, client.post):
                answers = []
                for one in (pk, missing):
                    client.cookies.clear()  # messages that nobody has read yet are kept in one
                    client.cookies[settings.SESSION_COOKIE_NAME] = session
                    with transaction.atomic():
                        answer = send(reverse(name, args=[one]), {})
                        said = [str(message) for message in getattr(answer.wsgi_request, "_messages", ())]
                        transaction.set_rollback(True)
                    words = re.sub(rf"(?<!\d){one}(?!\d)", "ID", f"{answer.get('Location', '')} {said}")
                    answers.append(f"{answer.status_code} {words}")
                if answers[0] != answers[1]:
                    apart.append(f"{name} of {pk}: {answers}")
    return apart
