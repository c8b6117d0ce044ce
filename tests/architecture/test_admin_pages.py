"""Every page of the admin opens: the lists, the forms to add, the forms to change, the histories.

The desk behind it is the starter playbook with a small demo, so that there is something of everything. Whoever
registers a model here gets these tests for it without writing any.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import transaction
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Task
from django_q.signing import SignedPackage

from escalations.core.actor import Actor
from escalations.models import Case, Channel, Party, User
from escalations.services import grants
from escalations.services.privacy import erasing, holds

OURS = {"escalations", "playbook", "governance"}
PAGES = sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label)
IDS = [model._meta.label for model, _ in PAGES]


@pytest.fixture(scope="module")
def _demo(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """A small demo marketplace for this module, rolled back at its end."""
    block = transaction.atomic()
    block._from_testcase = True  # as Django's own tests do, so that durable blocks inside are allowed
    with django_db_blocker.unblock(), block:  # type: ignore[attr-defined]
        call_command("install_playbook", preset="team", verbosity=0)
        call_command("demo", cases=30, seed=7, verbosity=0)
        call_command("sync_schedules", verbosity=0)
        _fill_the_queue()
        _break_the_glass()
        _ask_for_a_hold()
        _erase_somebody()
        yield
        transaction.set_rollback(True)


def _fill_the_queue() -> None:
    """A task that waits, one that was done and one that failed: the demo runs none."""
    now = timezone.now()
    OrmQ.objects.create(key="throughline", payload=SignedPackage.dumps({"id": "1", "name": "waits"}), lock=now)
    for done in (True, False):
        Task.objects.create(
            id=f"task-{done}", name="task", func="escalations.tasks.heartbeat", started=now, stopped=now, success=done
        )


def _break_the_glass() -> None:
    """A case that somebody opened to themselves: in the demo all is well."""
    somebody = User.objects.create_superuser("passer-by", "passer-by@example.test", "x" * 20)
    case = Case.objects.latest("pk")
    grants.break_glass(reference=case.reference, actor=Actor.user(somebody), now=timezone.now(), reason="It burns.")


def _ask_for_a_hold() -> None:
    somebody = User.objects.create_user("counsel", "counsel@example.test", "x" * 20, is_staff=True)
    somebody.user_permissions.add(Permission.objects.get(codename="hold_data"))
    now = timezone.now()
    holds.ask(
        party_id=Case.objects.latest("pk").party_id, basis="A dispute before the court.", actor=somebody, now=now,
        review_at=now.date() + dt.timedelta(days=90),
    )  # fmt: skip


def _erase_somebody() -> None:
    party = Party.objects.filter(cases__is_open=False).exclude(cases__is_open=True).earliest("pk")
    erasing.erase_party(party_id=party.pk, reason="Asked for.", actor=Actor.worker("operator"), now=timezone.now())


@pytest.fixture
def operator(_demo: None, db: None) -> User:
    """A superuser with the rights on every channel: somebody for whom no page is closed."""
    from guardian.shortcuts import assign_perm

    user = User.objects.create_superuser("operator", "operator@example.test", "x" * 20)
    user.user_permissions.add(Permission.objects.get(codename="hold_data"))
    for codename, _ in Channel._meta.permissions:
        for channel in Channel.objects.all():
            assign_perm(codename, user, channel)
    return user


@pytest.fixture
def browser(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def url(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def request_of(operator: User):  # type: ignore[no-untyped-def]
    request = RequestFactory().get("/admin/")
    request.user = operator
    return request


def some_row(page: ModelAdmin, operator: User) -> Model | None:
    return page.get_queryset(request_of(operator)).first()


def test_the_admin_is_ours() -> None:
    assert {model._meta.app_label for model, _ in PAGES} >= OURS


@pytest.mark.parametrize(("model", "page"), PAGES, ids=IDS)
def test_the_list_opens(model: type[Model], page: ModelAdmin, browser: Client) -> None:
    answer = browser.get(url(model, "changelist"))
    assert answer.status_code == HTTPStatus.OK


@pytest.mark.parametrize(("model", "page"), PAGES, ids=IDS)
def test_a_search_and_an_empty_answer_open(model: type[Model], page: ModelAdmin, browser: Client) -> None:
    answer = browser.get(url(model, "changelist"), {"q": "nothing is called so"}, follow=True)
    assert answer.status_code == HTTPStatus.OK


@pytest.mark.parametrize(("model", "page"), PAGES, ids=IDS)
def test_the_form_to_add_opens_or_is_closed_on_purpose(
    model: type[Model], page: ModelAdmin, browser: Client, operator: User
) -> None:
    answer = browser.get(url(model, "add"))
    allowed = page.has_add_permission(request_of(operator))
    assert answer.status_code == (HTTPStatus.OK if allowed else HTTPStatus.FORBIDDEN)


@pytest.mark.parametrize(("model", "page"), PAGES, ids=IDS)
def test_the_form_to_change_and_the_history_open(
    model: type[Model], page: ModelAdmin, browser: Client, operator: User
) -> None:
    row = some_row(page, operator)
    assert row is not None, f"nothing to open: let the fixture make a {model._meta.verbose_name}"
    for name in ("change", "history"):
        answer = browser.get(url(model, name, row.pk), follow=True)
        assert answer.status_code == HTTPStatus.OK, name


@pytest.mark.parametrize("name", ["index", "password_change"])
def test_the_pages_of_the_site_open(name: str, browser: Client) -> None:
    assert browser.get(reverse(f"admin:{name}"), follow=True).status_code == HTTPStatus.OK


@pytest.mark.parametrize("app", sorted(OURS))
def test_the_index_of_an_app_opens(app: str, browser: Client) -> None:
    pages = [model for model, _ in PAGES if model._meta.app_label == app]
    assert pages
    assert browser.get(reverse("admin:app_list", args=[app])).status_code == HTTPStatus.OK


@pytest.mark.parametrize(("model", "page"), PAGES, ids=IDS)
def test_a_stranger_is_sent_to_the_login(model: type[Model], page: ModelAdmin, client: Client, db: None) -> None:
    answer = client.get(url(model, "changelist"))
    assert answer.status_code == HTTPStatus.FOUND
    assert answer.headers["Location"].startswith(reverse("admin:login"))
