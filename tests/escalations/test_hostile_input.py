"""Lists and forms take whatever is typed into an address: an answer in words, and never an error of ours."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import time_machine
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import transaction
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import assign_perm

from escalations.models import Case, Channel, User
from tests.factories.desk import NOW, Desk, desk

__all__ = ["desk"]

VALUES = [
    "", "0", "-1", "9" * 25, "9223372036854775808", "1e400", "NaN", "x", "a" * 5000, "\0", "a\0b", "%00", "\ud7ff",
    "\U0001f600", "\u0661\u0662", "\u00b2", "'\"<>;--", "%", "_", "[]", "{}", "null", "None", "true", "-", ".", "..",
    "../x", "1,2", "1.2.3", "-1.-2", "pk", "-pk", "password", "__", "a__b", "\r\nSet-Cookie: x=1", "WzEsMl0",
    "W251bGwsbnVsbF0", "WyJ4IiwxXQ", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5XQ",
    "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OV0", "WzEsIjAwMDEtMDEtMDFUMDA6MDA6MDArMjM6NTkiLDFd", "WyJcdTAwMDAiLDFd",
    "W1tdLHt9XQ", "W3RydWUsZmFsc2Vd", "P-\0", "TL-\0@x", "9999999999999999999@x.example",
]  # fmt: skip
NAMES = [
    "q", "o", "p", "e", "all", "s", "page", "after", "before", "sort", "status", "severity", "team", "channel",
    "whose",
    "when", "show", "person", "state", "tab", "_popup", "_to_field", "_changelist_filters", "id", "id__in", "pk",
    "pk__lt",
    "id__isnull", "is_active__exact", "is_active", "key", "name__icontains", "no_such", "case__id", "case",
    "key\0", "q\0",
    "term", "app_label", "model_name", "field_name", "extended", "done", "index", "action", "party", "starts_at__gte",
]  # fmt: skip
OURS = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def browser(desk: Desk) -> Iterator[Client]:
    """Somebody for whom no page is closed, at the desk's hour."""
    with time_machine.travel(NOW, tick=False):
        desk.open(assign=False)
        user = User.objects.create_superuser("root", "root@example.test", "x" * 20)
        user.user_permissions.add(Permission.objects.get(codename="hold_data"))
        for codename, _ in Channel._meta.permissions:
            for channel in Channel.objects.all():
                assign_perm(codename, user, channel)
        client = Client(raise_request_exception=True)
        client.force_login(user)
        yield client


def asked(client: Client, address: str, *, data: dict[str, Any] | None = None) -> int:
    """The status of an answer; an error names what was asked."""
    try:
        with transaction.atomic():
            answer = client.get(address) if data is None else client.post(address, data)
            transaction.set_rollback(True)
    except Exception as error:
        raise AssertionError(f"{address[:300]} {data or ''}: {type(error).__name__}: {error}") from error
    assert answer.status_code < 500, (address[:300], data)
    return answer.status_code


def lists() -> list[str]:
    found = [reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in OURS]
    return [*found, "/admin/", "/admin/search/", "/admin/autocomplete/", "/admin/escalations/case/export/"]


def test_no_list_breaks_on_what_is_asked_of_it(browser: Client) -> None:
    """Each list with each name and each value at least once, drawn anew for every run of the same seed."""
    draw = random.Random(20261123)
    failed: list[str] = []
    places = lists()
    pairs = [(name, value) for name in NAMES for value in draw.sample(VALUES, 3)]
    pairs += [(name, value) for name in ("q", "after") for value in VALUES]
    draw.shuffle(pairs)
    for number in range(0, len(pairs), 2):
        place = places[(number // 2) % len(places)]
        for one in (pairs[number : number + 2], pairs[number : number + 1]):
            try:
                asked(browser, f"{place}?{urlencode(one, errors='surrogatepass')}")
                break
            except AssertionError as error:
                failed.append(str(error))
    assert failed == [], "\n".join(failed)


CURSED = [
    {"id__in": "9" * 25, "q": "9" * 25},
    {
        "team": "\u00b2",
        "channel": "\u00b2",
        "q": "\u00b2",
        "person": "\u00b2",
        "severity": "\u0661",
        "s": "case",
        "page": "x",
    },
    {
        "after": "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OV0",
        "team": "9" * 20,
        "o": "9" * 25,
        "p": "9" * 25,
        "s": "x",
        "page": "99",
    },
    {"after": "WyJcdTAwMDAiLDFd", "sort": "severity", "e": "1", "_to_field": "password"},
    {"q": "a\0b"},
]


def test_every_list_takes_what_databases_do_not(browser: Client) -> None:
    failed = []
    for place in lists():
        for query in CURSED:
            try:
                asked(browser, f"{place}?{urlencode(query)}")
            except AssertionError as error:
                failed.append(str(error))
    assert failed == [], "\n".join(failed)


def test_a_nul_is_refused_in_words(browser: Client) -> None:
    for answer in (
        browser.get("/admin/escalations/case/?q=%00"),
        browser.get("/admin/escalations/case/%00/change/"),
        browser.post("/admin/escalations/case/export/", {"reason": "a\0b"}),
        browser.post("/admin/escalations/case/export/", {"a\0b": "x"}),
        Client().get("/%00"),
    ):
        assert answer.status_code == 400
        assert "The desk did not understand this" in answer.content.decode()


def test_pages_of_rows_take_any_id(browser: Client) -> None:
    failed = []
    for model in OURS:
        for value, pages in (
            ("9" * 25, ("change", "history")),
            ("_00", ("change", "history")),
            ("\u0661_5F", ("change",)),
        ):
            for page in pages:
                base = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=["1"])
                try:
                    asked(browser, base.replace("/1/", f"/{quote(value)}/"))
                except AssertionError as error:
                    failed.append(str(error))
    pk = Case.objects.get().pk
    for address in ("9" * 25, "9223372036854775808"):
        for tail in ("act/take/", "unmask/", "findings/", "change/?tab=timeline&before=" + "9" * 25, "history/"):
            try:
                asked(browser, f"/admin/escalations/case/{address}/{tail}")
                asked(browser, f"/admin/escalations/case/{pk}/{tail}")
            except AssertionError as error:
                failed.append(str(error))
    assert failed == [], "\n".join(failed)


def test_forms_take_any_words(browser: Client) -> None:
    pk = Case.objects.get().pk
    places = [
        f"/admin/escalations/case/{pk}/act/{name}/"
        for name in ("take", "note", "reply", "pause", "handoff", "evidence", "link", "merge", "resolve", "fact")
    ]
    places += [
        f"/admin/escalations/case/{pk}/unmask/", f"/admin/escalations/case/{pk}/findings/",
        "/admin/escalations/case/reassign/", "/admin/escalations/case/leaving/", "/admin/escalations/case/export/",
        "/admin/escalations/delivery/resend/", "/admin/escalations/accessentry/review/",
        "/admin/escalations/membership/add/", "/admin/escalations/absence/add/", "/admin/escalations/user/add/",
        "/admin/auth/group/add/", "/admin/escalations/channelrequest/add/", "/admin/escalations/legalhold/add/",
        "/admin/escalations/casegrant/add/", "/admin/escalations/casegrant/break-glass/",
    ]  # fmt: skip
    names = ("version", "case", "person", "reason", "body", "note", "to", "team", "kind", "key", "until", "other",
             "entry",
             "delivery", "settle", "answer", "source", "confidence", "username", "name", "reference", "party",
             "channel",
             "part", "starts_at_0", "starts_at", "review_at", "basis", "written_for", "confirm", "what",
             "value")  # fmt: skip
    failed = []
    for place in places:
        for value in ("a\0b", "9" * 25, "\u00b2", "0001-01-01T00:00"):
            try:
                asked(browser, place, data=dict.fromkeys(names, value))
            except AssertionError as error:
                failed.append(str(error)[:400])
    assert failed == [], "\n".join(failed)


# ------------------------------------------------------------------------------------------------------------ the log


def test_what_is_typed_into_forms_that_fail_stays_out_of_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    with time_machine.travel(NOW, tick=False):
        case = desk.held_by("mia")
        client = Client(raise_request_exception=False)
        client.post("/admin/login/", {"username": "needle-user", "password": "needle-password"})
        client.force_login(desk.user("mia"))
        words = dict.fromkeys(
            ("reason", "body", "note", "email", "summary", "q", "csrfmiddlewaretoken"), "needle-words"
        )
        for place in (
            f"{case.pk}/act/reply/", f"{case.pk}/act/nothing/", f"{case.pk}/unmask/", f"{case.pk}/findings/",
            "export/", "reassign/", "99999/act/reply/",
        ):  # fmt: skip
            client.post(f"/admin/escalations/case/{place}", words)
        client.post("/admin/escalations/membership/add/", words)
        Client(enforce_csrf_checks=True).post("/admin/login/", {**words, "password": "needle-password"})

        def fail(**_: Any) -> None:
            raise RuntimeError("it broke")

        from escalations.services import assignment

        monkeypatch.setattr(assignment, "preview_reassign", fail)
        answer = client.post(
            "/admin/escalations/case/reassign/", {**words, "case": case.pk, "person": case.assignee_id}
        )
        assert answer.status_code == 500
    assert "it broke" in caplog.text
    formatter = logging.Formatter("%(message)s")
    said = "\n".join(formatter.format(record) for record in caplog.records)
    for needle in ("needle", "Jane Roe", "jane@example.org", "The vase", client.cookies["sessionid"].value):
        assert needle not in said, needle
